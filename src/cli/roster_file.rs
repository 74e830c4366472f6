//! Finds and reads the roster, and checks what only the outside can tell.

use std::path::{Path, PathBuf};

use super::{Failure, exit, terminal};
use crate::loading;
use crate::roster::{self, Problem, Roster, StoreKind};
use crate::store::{self, Store};
use crate::task::interface::Interface;

/// Where a roster is looked for if none is named.
const PLACES: [&str; 2] = ["annotators.toml", "/etc/annotd/annotators.toml"];
/// Goes before the roster's store URL.
const STORE_URL: &str = "ANNOTD_STORE_URL";

/// A roster, and the file it stands in.
pub(super) struct RosterFile {
    pub(super) path: PathBuf,
    pub(super) text: String,
    pub(super) roster: Roster,
}

/// Reads the roster. What is wrong with it goes to standard error, all of it at once.
pub(super) fn read(named: Option<&Path>) -> Result<RosterFile, Failure> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => PLACES.iter().map(PathBuf::from).find(|path| path.exists()).ok_or_else(|| {
            Failure::roster(format!(
                "there is no {} here and no {}; write one, or name one with --roster FILE",
                PLACES[0], PLACES[1]
            ))
        })?,
    };
    let bytes = std::fs::read(&path).map_err(|error| {
        Failure::roster(format!("cannot read the roster {}: {error}", path.display()))
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let readable =
            String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
        let (line, column) = roster::line_column(&readable, readable.len());
        Failure::roster(format!(
            "{}:{line}:{column}: this is not UTF-8 text; save the file as UTF-8",
            path.display()
        ))
    })?;
    match roster::read(&text, &Interface::names()) {
        Ok(roster) => Ok(RosterFile { path, text, roster }),
        Err(problems) => Err(told(&problems, &text, &path)),
    }
}

fn told(problems: &[Problem], text: &str, path: &Path) -> Failure {
    let colour = terminal::stderr_has_colour();
    let explained = roster::explain(problems, text, &path.display().to_string(), colour);
    terminal::say(explained.trim_end());
    let count = match problems.len() {
        1 => "one mistake".to_owned(),
        n => format!("{n} mistakes"),
    };
    Failure::roster(format!("{} has {count}", path.display()))
}

impl RosterFile {
    /// The folder that what the roster names is relative to.
    pub(super) fn beside(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// Checks that what the roster names is there.
    pub(super) fn check_files(&self) -> Result<(), Failure> {
        let project = &self.roster.project;
        let mut problems = Vec::new();
        if let Some(instructions) = &project.instructions
            && let Err(error) = std::fs::read_to_string(self.beside().join(&instructions.value))
        {
            let message = format!("cannot read the instructions: {error}");
            let help = "paths are relative to the roster's folder";
            problems.push(Problem::new(message, instructions.at.clone()).help(help));
        }
        for pattern in &project.tasks {
            if let Err(message) = loading::find_files(&pattern.value, self.beside()) {
                let help = "paths are relative to the roster's folder, and * stands for anything";
                problems.push(Problem::new(message, pattern.at.clone()).help(help));
            }
        }
        if problems.is_empty() {
            return Ok(());
        }
        problems.sort_by_key(|problem| problem.at.start);
        Err(told(&problems, &self.text, &self.path))
    }

    /// The store's URL: the environment's, or the roster's.
    pub(super) fn store_url(&self) -> Result<String, Failure> {
        match std::env::var(STORE_URL) {
            Ok(url) if !url.is_empty() => match roster::store_kind(&url) {
                Ok(_) => Ok(url),
                Err(problem) => Err(Failure::roster(format!("{STORE_URL}: {problem}"))),
            },
            _ => Ok(self.roster.store.url.clone()),
        }
    }

    /// Opens the project's store to look at it: a file that is not there yet is not made.
    pub(super) async fn open_existing_store(&self) -> Result<std::sync::Arc<dyn Store>, Failure> {
        if self.store_is_made_later()? {
            return Err(Failure {
                code: exit::STORE,
                message: format!(
                    "there is no store at {} yet; annotd makes it when it runs or loads tasks",
                    self.beside().join(self.store_url()?).display()
                ),
            });
        }
        self.open_store(None).await
    }

    /// Whether the store is a file that is not there yet.
    pub(super) fn store_is_made_later(&self) -> Result<bool, Failure> {
        let url = self.store_url()?;
        let is_file = matches!(roster::store_kind(&url), Ok(StoreKind::File));
        Ok(is_file && !self.beside().join(&url).exists())
    }

    /// Opens the project's store, or that of another project beside it.
    pub(super) async fn open_store(
        &self,
        project: Option<&str>,
    ) -> Result<std::sync::Arc<dyn Store>, Failure> {
        let project = project.unwrap_or(&self.roster.project.name);
        Ok(store::open(&self.store_url()?, self.beside(), project).await?)
    }
}
