//! Finds and reads the roster, checks the files that it names, and opens its store.

use std::io::IsTerminal;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{CommandError, ErrorKind, terminal, usage_hints};
use crate::config::file::{Mistakes, RosterError, RosterFile};
use crate::roster::{self, NeededPart};
use crate::store::{self, Store};

/// Where annotd looks for a roster if none is named.
const DEFAULT_PATHS: [&str; 2] = ["annotators.toml", "/etc/annotd/annotators.toml"];
/// Has precedence over the roster's store URL.
const STORE_URL: &str = "ANNOTD_STORE_URL";
/// Where systemd puts the files of a unit's `LoadCredential=`.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
/// The credential with the store's URL. The environment's has precedence over it, and it over the
/// roster's.
const CREDENTIAL: &str = "store-url";

/// Reads the roster. All its mistakes are printed to standard error at once.
pub(super) fn read(named: Option<&Path>) -> Result<SelectedRoster, CommandError> {
    let path = find(named)?;
    RosterFile::read(&path).map(SelectedRoster).map_err(|error| unusable(error, &path))
}

/// Reads the roster for a command that needs only a part of it: mistakes elsewhere become a
/// warning. `needs` names the part in the warning. Values with a mistake have their defaults, so a
/// file that only a wrong line names is not protected from being overwritten.
pub(super) fn read_partly(
    named: Option<&Path>,
    needed: NeededPart,
    needs: &str,
) -> Result<SelectedRoster, CommandError> {
    let path = find(named)?;
    let (file, mistakes) =
        RosterFile::read_partly(&path, needed).map_err(|error| unusable(error, &path))?;
    if let Some(mistakes) = mistakes {
        print_mistakes(&mistakes);
        let (path, count) = (path.display(), counted(&mistakes));
        terminal::warning(format_args!("{path} has {count}; this command needs only {needs}"));
    }
    Ok(SelectedRoster(file))
}

/// The path that was named, or the first default that exists.
fn find(named: Option<&Path>) -> Result<PathBuf, CommandError> {
    if let Some(path) = named {
        return Ok(path.to_owned());
    }
    DEFAULT_PATHS.iter().map(PathBuf::from).find(|path| path.exists()).ok_or_else(|| {
        CommandError::roster(format!(
            "there is no roster: neither {} here nor {}",
            DEFAULT_PATHS[0], DEFAULT_PATHS[1]
        ))
        .hint("write one, or name one with --roster FILE")
    })
}

/// The error for a roster that cannot be used; its mistakes are printed first.
fn unusable(error: RosterError, path: &Path) -> CommandError {
    let error = match error {
        RosterError::Wrong(mistakes) => {
            print_mistakes(&mistakes);
            // Often only the end of a log is seen, as in `systemctl status`: the place has to be
            // there.
            let at_a_terminal = std::io::stderr().is_terminal();
            let first =
                if at_a_terminal { String::new() } else { format!("; {}", mistakes.first()) };
            CommandError::roster(format!("{} has {}{first}", path.display(), counted(&mistakes)))
        }
        RosterError::Read { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            CommandError::roster(format!("there is no roster {}", path.display()))
                .hint("look for a slip in its name, or write it; the README has one to copy")
        }
        other => CommandError::roster(other),
    };
    match usage_hints::instead_of_roster(&path.to_string_lossy()) {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

fn print_mistakes(mistakes: &Mistakes) {
    terminal::message(mistakes.explain(terminal::stderr_has_colour()).trim_end());
}

fn counted(mistakes: &Mistakes) -> String {
    match mistakes.count() {
        1 => "one mistake".to_owned(),
        n => format!("{n} mistakes"),
    }
}

/// The roster that a command works with: the one that was named, or the first that was found.
pub(super) struct SelectedRoster(pub(super) RosterFile);

impl Deref for SelectedRoster {
    type Target = RosterFile;

    fn deref(&self) -> &RosterFile {
        &self.0
    }
}

impl SelectedRoster {
    /// Checks that the files and folders that the roster names exist and can be used.
    pub(super) fn check_files(&self) -> Result<(), CommandError> {
        match self.mistakes(self.preflight()) {
            None => Ok(()),
            Some(mistakes) => Err(unusable(RosterError::Wrong(mistakes), &self.path)),
        }
    }

    /// The store's URL: the environment's, the credential's, or the roster's.
    pub(super) fn store_url(&self) -> Result<String, CommandError> {
        Ok(Self::store_override()?.unwrap_or_else(|| self.roster.store.url.clone()))
    }

    /// The store's URL that has precedence over the roster's, if there is one.
    pub(super) fn store_override() -> Result<Option<String>, CommandError> {
        let given = match std::env::var(STORE_URL) {
            Ok(url) if !url.is_empty() => Some((STORE_URL.to_owned(), url)),
            _ => credential()?,
        };
        let Some((from, url)) = given else { return Ok(None) };
        // The message leaves out the URL, which may hold a password.
        match roster::store_kind(&url) {
            Ok(_) => Ok(Some(url)),
            Err(problem) => Err(CommandError::roster(format!("{from}: {problem}"))),
        }
    }

    /// Opens the project's store to read it, also one of an older format. A file that does not
    /// exist yet is not made.
    pub(super) async fn open_store_to_read(&self) -> Result<Arc<dyn Store>, CommandError> {
        self.check_store_exists()?;
        let project = &self.roster.project.name;
        Ok(store::open_to_read(&self.store_url()?, self.base_dir(), project).await?)
    }

    /// Opens the project's store to change something in it. A file that does not exist yet is not
    /// made.
    pub(super) async fn open_existing_store(&self) -> Result<Arc<dyn Store>, CommandError> {
        self.check_store_exists()?;
        self.open_store(None).await
    }

    fn check_store_exists(&self) -> Result<(), CommandError> {
        if self.store_is_made_later()? {
            let place = self.base_dir().join(self.store_url()?);
            let message = format!("there is no store at {} yet", place.display());
            return Err(CommandError::new(ErrorKind::Store, message)
                .hint("annotd makes it when it runs or loads tasks"));
        }
        Ok(())
    }

    /// Opens the store of a project to read it, if it exists: nothing is made, and nothing changed.
    pub(super) async fn open_if_exists(
        &self,
        project: Option<&str>,
    ) -> Result<Option<Arc<dyn Store>>, CommandError> {
        let project = project.unwrap_or(&self.roster.project.name);
        let url = self.store_url()?;
        if !store::exists(&url, self.base_dir(), project).await? {
            return Ok(None);
        }
        Ok(Some(store::open_to_read(&url, self.base_dir(), project).await?))
    }

    /// Whether the store is a file that does not exist yet.
    pub(super) fn store_is_made_later(&self) -> Result<bool, CommandError> {
        let url = self.store_url()?;
        Ok(store::file_of(&url, self.base_dir()).is_some_and(|file| !file.exists()))
    }

    /// Opens the project's store to restore a backup into it.
    pub(super) async fn open_store_for_restore(&self) -> Result<Arc<dyn Store>, CommandError> {
        let project = &self.roster.project.name;
        Ok(store::open_for_restore(&self.store_url()?, self.base_dir(), project).await?)
    }

    /// Opens the project's store, or that of another project in the same store.
    pub(super) async fn open_store(
        &self,
        project: Option<&str>,
    ) -> Result<Arc<dyn Store>, CommandError> {
        let project = project.unwrap_or(&self.roster.project.name);
        Ok(store::open(&self.store_url()?, self.base_dir(), project).await?)
    }
}

/// The URL in systemd's credential, if there is one, with its name for messages. One that exists
/// and cannot be used is an error: the roster's store would be another one.
fn credential() -> Result<Option<(String, String)>, CommandError> {
    let Some(folder) = std::env::var_os(CREDENTIALS).filter(|folder| !folder.is_empty()) else {
        return Ok(None);
    };
    let path = Path::new(&folder).join(CREDENTIAL);
    let name = format!("the credential {CREDENTIAL} ({})", path.display());
    match std::fs::read_to_string(&path) {
        Ok(url) => {
            let url = url.trim_end_matches(['\n', '\r']);
            if url.is_empty() {
                return Err(CommandError::roster(format!("{name} is empty"))
                    .hint("put the store's URL there"));
            }
            Ok(Some((name, url.to_owned())))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CommandError::roster(format!("cannot read {name}: {error}"))),
    }
}
