//! Finds and reads the roster, and checks what only the outside can tell.

use std::io::IsTerminal;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Failure, exit, terminal};
use crate::config::file::{Mistakes, RosterError, RosterFile};
use crate::roster;
use crate::store::{self, Store};

/// Where a roster is looked for if none is named.
const PLACES: [&str; 2] = ["annotators.toml", "/etc/annotd/annotators.toml"];
/// Goes before the roster's store URL.
const STORE_URL: &str = "ANNOTD_STORE_URL";
/// Where systemd puts what a unit's `LoadCredential=` names.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
/// The credential with the store's URL. It comes after the environment's and before the roster's.
const CREDENTIAL: &str = "store-url";

/// Reads the roster. What is wrong with it goes to standard error, all of it at once.
pub(super) fn read(named: Option<&Path>) -> Result<Chosen, Failure> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => PLACES.iter().map(PathBuf::from).find(|path| path.exists()).ok_or_else(|| {
            Failure::roster(format!(
                "there is no {} here and no {}; write one, or name one with --roster FILE",
                PLACES[0], PLACES[1]
            ))
        })?,
    };
    RosterFile::read(&path).map(Chosen).map_err(|error| match error {
        RosterError::Wrong(mistakes) => told(&mistakes, &path),
        other => Failure::roster(other.to_string()),
    })
}

fn told(mistakes: &Mistakes, path: &Path) -> Failure {
    terminal::say(mistakes.explain(terminal::stderr_has_colour()).trim_end());
    let count = match mistakes.count() {
        1 => "one mistake".to_owned(),
        n => format!("{n} mistakes"),
    };
    // Of a log, often only the end is seen, as `systemctl status` shows it: the place has to be
    // there.
    let at_a_terminal = std::io::stderr().is_terminal();
    let first = if at_a_terminal { String::new() } else { format!("; {}", mistakes.first()) };
    Failure::roster(format!("{} has {count}{first}", path.display()))
}

/// The roster that a command goes by.
pub(super) struct Chosen(pub(super) RosterFile);

impl Deref for Chosen {
    type Target = RosterFile;

    fn deref(&self) -> &RosterFile {
        &self.0
    }
}

impl Chosen {
    /// Checks that what the roster names is there.
    pub(super) fn check_files(&self) -> Result<(), Failure> {
        match self.mistakes(self.preflight()) {
            None => Ok(()),
            Some(mistakes) => Err(told(&mistakes, &self.path)),
        }
    }

    /// The store's URL: the environment's, the credential's, or the roster's.
    pub(super) fn store_url(&self) -> Result<String, Failure> {
        Ok(Self::store_override()?.unwrap_or_else(|| self.roster.store.url.clone()))
    }

    /// The store's URL that goes before the roster's, if there is one.
    pub(super) fn store_override() -> Result<Option<String>, Failure> {
        let given = match std::env::var(STORE_URL) {
            Ok(url) if !url.is_empty() => Some((STORE_URL.to_owned(), url)),
            _ => credential()?,
        };
        let Some((from, url)) = given else { return Ok(None) };
        // What is wrong is told without the URL, which may hold a password.
        match roster::store_kind(&url) {
            Ok(_) => Ok(Some(url)),
            Err(problem) => Err(Failure::roster(format!("{from}: {problem}"))),
        }
    }

    /// Opens the project's store to look at it, one of an older format too: a file that is not
    /// there yet is not made.
    pub(super) async fn open_store_to_read(&self) -> Result<Arc<dyn Store>, Failure> {
        self.check_store_is_there()?;
        let project = &self.roster.project.name;
        Ok(store::open_to_read(&self.store_url()?, self.base_dir(), project).await?)
    }

    /// Opens the project's store to change something in it: a file that is not there yet is not
    /// made.
    pub(super) async fn open_existing_store(&self) -> Result<Arc<dyn Store>, Failure> {
        self.check_store_is_there()?;
        self.open_store(None).await
    }

    fn check_store_is_there(&self) -> Result<(), Failure> {
        if self.store_is_made_later()? {
            return Err(Failure {
                code: exit::STORE,
                message: format!(
                    "there is no store at {} yet; annotd makes it when it runs or loads tasks",
                    self.base_dir().join(self.store_url()?).display()
                ),
            });
        }
        Ok(())
    }

    /// Opens the store of a project to look at it, if it is there: nothing is made, and nothing
    /// changed.
    pub(super) async fn open_to_look(
        &self,
        project: Option<&str>,
    ) -> Result<Option<Arc<dyn Store>>, Failure> {
        let project = project.unwrap_or(&self.roster.project.name);
        let url = self.store_url()?;
        if !store::exists(&url, self.base_dir(), project).await? {
            return Ok(None);
        }
        Ok(Some(store::open_to_read(&url, self.base_dir(), project).await?))
    }

    /// Whether the store is a file that is not there yet.
    pub(super) fn store_is_made_later(&self) -> Result<bool, Failure> {
        let url = self.store_url()?;
        Ok(store::file_of(&url, self.base_dir()).is_some_and(|file| !file.exists()))
    }

    /// Opens the project's store to restore a backup into it.
    pub(super) async fn open_store_for_restore(
        &self,
    ) -> Result<std::sync::Arc<dyn Store>, Failure> {
        let project = &self.roster.project.name;
        Ok(store::open_for_restore(&self.store_url()?, self.base_dir(), project).await?)
    }

    /// Opens the project's store, or that of another project beside it.
    pub(super) async fn open_store(
        &self,
        project: Option<&str>,
    ) -> Result<Arc<dyn Store>, Failure> {
        let project = project.unwrap_or(&self.roster.project.name);
        Ok(store::open(&self.store_url()?, self.base_dir(), project).await?)
    }
}

/// The URL in systemd's credential, if there is one, and what to call it. One that is there and
/// cannot be used is an error: the roster's store would be another one.
fn credential() -> Result<Option<(String, String)>, Failure> {
    let Some(folder) = std::env::var_os(CREDENTIALS).filter(|folder| !folder.is_empty()) else {
        return Ok(None);
    };
    let path = Path::new(&folder).join(CREDENTIAL);
    let name = format!("the credential {CREDENTIAL} ({})", path.display());
    match std::fs::read_to_string(&path) {
        Ok(url) => {
            let url = url.trim_end_matches(['\n', '\r']);
            if url.is_empty() {
                return Err(Failure::roster(format!("{name} is empty; put the store's URL there")));
            }
            Ok(Some((name, url.to_owned())))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::roster(format!("cannot read {name}: {error}"))),
    }
}
