//! Why a command failed, for people and for scripts.
//!
//! Every command returns a [`CommandError`]. Its [`ErrorKind`] decides the exit code. The error has
//! the message, with the chain of its causes; details say what the error means for the work that
//! was under way; hints say what to do, each on a line of its own:
//!
//! ```text
//! annotd: cannot write out/answers.jsonl: there is no folder out
//! hint: make it (mkdir -p out), or name a file in another folder
//! ```
//!
//! `cli::main` is the only place that prints one. Errors of the rooms below know no exit code; the
//! conversions here assign one to each.
//!
//! Rejected: `anyhow`, whose errors carry neither a kind nor hints, so that both would be looked up
//! by downcasting; and a message that holds everything, as scripts and tests had to search it.

use std::error::Error;
use std::fmt::{self, Display};
use std::io;
use std::path::Path;

use crate::backup::{self, BackupError, RestoreError};
use crate::export::atomic_file::OutputError;
use crate::ingest::load::LoadError;
use crate::ingest::load::rule::RuleError;
use crate::ingest::read::ReadError;
use crate::store::StoreError;
use crate::supervisor::StartError;

/// What kind of error ended a command. Each has an exit code, from sysexits.h where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Any other error.
    Other,
    /// The command line is wrong.
    Usage,
    /// The input data is wrong.
    Data,
    /// The store cannot be reached.
    Store,
    /// The output cannot be written.
    Output,
    /// The roster is wrong, or what is stored has an older format.
    Roster,
}

impl ErrorKind {
    /// All kinds, by exit code.
    pub const ALL: [Self; 6] =
        [Self::Other, Self::Usage, Self::Data, Self::Store, Self::Output, Self::Roster];

    /// The exit code.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Other => 1,
            Self::Usage => 2,
            Self::Data => 65,
            Self::Store => 69,
            Self::Output => 73,
            Self::Roster => 78,
        }
    }

    /// What the exit code means, as man pages have it.
    pub(super) const fn meaning(self) -> &'static str {
        match self {
            Self::Other => "any other error, such as a port that another program holds",
            Self::Usage => "the command line is wrong",
            Self::Data => "the input data is wrong",
            Self::Store => "the store cannot be reached",
            Self::Output => "the output cannot be written",
            Self::Roster => "the roster is wrong, or what is stored has an older format",
        }
    }
}

/// Any error that a command may end with.
type AnyError = Box<dyn Error + Send + Sync>;

/// Why a command failed.
#[derive(Debug)]
pub struct CommandError {
    kind: ErrorKind,
    /// None if it is printed already.
    error: Option<AnyError>,
    details: Vec<String>,
    hints: Vec<String>,
}

impl CommandError {
    /// An error of this kind. The message is the error's, or the text.
    pub(super) fn new(kind: ErrorKind, error: impl Into<AnyError>) -> Self {
        Self { kind, error: Some(error.into()), details: Vec::new(), hints: Vec::new() }
    }

    /// An error that no other kind covers.
    pub(super) fn other(error: impl Into<AnyError>) -> Self {
        Self::new(ErrorKind::Other, error)
    }

    /// The command line is wrong.
    pub(super) fn usage(error: impl Into<AnyError>) -> Self {
        Self::new(ErrorKind::Usage, error)
    }

    /// The input data is wrong.
    pub(super) fn data(error: impl Into<AnyError>) -> Self {
        Self::new(ErrorKind::Data, error)
    }

    /// The roster is wrong.
    pub(super) fn roster(error: impl Into<AnyError>) -> Self {
        Self::new(ErrorKind::Roster, error)
    }

    /// The output cannot be written.
    pub(super) fn output(error: impl Into<AnyError>) -> Self {
        Self::new(ErrorKind::Output, error)
    }

    /// The command printed what is wrong itself, as a result; only the exit code is left to set.
    pub(super) fn printed(kind: ErrorKind) -> Self {
        Self { kind, error: None, details: Vec::new(), hints: Vec::new() }
    }

    /// A file cannot be written. The hint says what the folder, the file or the disk needs.
    pub(super) fn cannot_write(path: impl AsRef<Path>, error: &io::Error) -> Self {
        let path = path.as_ref();
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let (cause, hint) = match (error.kind(), folder) {
            (io::ErrorKind::NotFound, Some(folder)) if !folder.exists() => (
                format!("there is no folder {}", folder.display()),
                format!(
                    "make it (mkdir -p {}), or name a file in another folder",
                    folder.display()
                ),
            ),
            (io::ErrorKind::IsADirectory, _) => (
                "it is a folder".to_owned(),
                format!("name a file in it, such as {}", path.join("FILE").display()),
            ),
            (io::ErrorKind::PermissionDenied, _) => (
                "permission denied".to_owned(),
                "name a file in a folder that you may write to".to_owned(),
            ),
            (io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded, _) => (
                error.kind().to_string(),
                "free some space, or name a file on another disk".to_owned(),
            ),
            _ => return Self::output(format!("cannot write {}: {error}", path.display())),
        };
        Self::output(format!("cannot write {}: {cause}", path.display())).hint(hint)
    }

    /// An input cannot be opened.
    fn cannot_open(kind: ErrorKind, what: &str, error: &io::Error) -> Self {
        let (cause, hint) = match error.kind() {
            io::ErrorKind::NotFound => {
                ("there is no such file", "look for a slip in its name, and in its folder")
            }
            io::ErrorKind::PermissionDenied => {
                ("permission denied", "run the command as a user who may read it")
            }
            _ => return Self::new(kind, format!("cannot open {what}: {error}")),
        };
        Self::new(kind, format!("cannot open {what}: {cause}")).hint(hint)
    }

    /// With what the error means for the work under way; a line of its own.
    #[must_use]
    pub(super) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }

    /// With what to do; a line of its own, after the details.
    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The exit code.
    pub fn exit_code(&self) -> u8 {
        self.kind.exit_code()
    }

    /// Whether there is nothing left to print.
    pub(super) fn is_printed(&self) -> bool {
        self.error.is_none()
    }
}

impl Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(error) = &self.error {
            let mut message = error.to_string();
            let mut cause = error.source();
            while let Some(error) = cause {
                let text = error.to_string();
                // Many messages end with their cause.
                if !message.contains(&text) {
                    message = format!("{message}: {text}");
                }
                cause = error.source();
            }
            f.write_str(&message)?;
        }
        self.details.iter().try_for_each(|detail| write!(f, "\n{detail}"))?;
        self.hints.iter().try_for_each(|hint| write!(f, "\nhint: {hint}"))
    }
}

/// The kind of an error of the store.
fn store_kind(error: &StoreError) -> ErrorKind {
    match error {
        StoreError::Unavailable { .. } => ErrorKind::Store,
        // The sysadmin has to do something before anything starts.
        StoreError::OlderFormat { .. } => ErrorKind::Roster,
        StoreError::Failed { .. } | StoreError::Unreadable { .. } => ErrorKind::Other,
    }
}

fn rule_kind(error: &RuleError) -> ErrorKind {
    match error {
        RuleError::Store(error) => store_kind(error),
        RuleError::Another { .. } | RuleError::Unknown { .. } => ErrorKind::Roster,
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        Self::new(store_kind(&error), error)
    }
}

impl From<RuleError> for CommandError {
    fn from(error: RuleError) -> Self {
        Self::new(rule_kind(&error), error)
    }
}

impl From<ReadError> for CommandError {
    fn from(error: ReadError) -> Self {
        match &error {
            ReadError::Open { file, source } => Self::cannot_open(ErrorKind::Data, file, source),
            ReadError::Directory { .. } => Self::data(error),
        }
    }
}

impl From<LoadError> for CommandError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Open(error) => error.into(),
            LoadError::Rule(error) => error.into(),
            LoadError::Wrong { .. } | LoadError::Nothing { .. } => Self::data(error),
            LoadError::Store { ref source, .. } => Self::new(store_kind(source), error),
            LoadError::Rejects { .. } | LoadError::Duplicates { .. } => Self::output(error),
        }
    }
}

impl From<BackupError> for CommandError {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Store(ref cause) => Self::new(store_kind(cause), error),
            BackupError::Output(error) => error.into(),
            BackupError::Unnumbered { .. } => Self::other(error),
        }
    }
}

impl From<backup::ReadError> for CommandError {
    fn from(error: backup::ReadError) -> Self {
        match &error {
            backup::ReadError::Open { name, source } => {
                Self::cannot_open(ErrorKind::Data, name, source)
            }
            _ => Self::data(error),
        }
    }
}

impl From<RestoreError> for CommandError {
    fn from(error: RestoreError) -> Self {
        match error {
            RestoreError::Store(error) => error.into(),
            RestoreError::Read(error) => error.into(),
            // What a restore writes is the store.
            RestoreError::Occupied { .. } | RestoreError::Worked { .. } => Self::output(error),
            RestoreError::Mixed { .. } | RestoreError::Edition { .. } => Self::other(error),
        }
    }
}

impl From<OutputError> for CommandError {
    fn from(error: OutputError) -> Self {
        if error.is_closed_pipe() {
            return Self::printed(ErrorKind::Output);
        }
        Self::cannot_write(&error.place, &error.source)
    }
}

impl From<StartError> for CommandError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Store(error) => error.into(),
            StartError::Rule(error) => error.into(),
            StartError::Instructions { ref path, ref source } => {
                let what = format!("the instructions {}", path.display());
                Self::cannot_open(ErrorKind::Roster, &what, source).hint(
                    "`instructions` under [project] names the file, relative to the roster's folder; \
                     correct it, write the file, or delete the line",
                )
            }
            StartError::Certificate(_) => Self::roster(error),
            StartError::Ports(_) | StartError::Thread(_) => Self::other(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::identity::Rule;
    use crate::ingest::load::Loaded;
    use crate::store::StoreEngine;
    use crate::task::Millis;

    #[test]
    fn each_kind_has_the_exit_code_of_the_contract() {
        let codes = ErrorKind::ALL.map(|kind| (kind, kind.exit_code()));
        let contract = [
            (ErrorKind::Other, 1),
            (ErrorKind::Usage, 2),
            (ErrorKind::Data, 65),
            (ErrorKind::Store, 69),
            (ErrorKind::Output, 73),
            (ErrorKind::Roster, 78),
        ];
        assert_eq!(codes, contract);
    }

    fn away() -> StoreError {
        let (operation, store) = ("open the store", "annotd.db".to_owned());
        StoreError::Unavailable { operation, store, source: "it is locked".into() }
    }

    fn older() -> StoreError {
        StoreError::OlderFormat { operation: "open the store", what: "it has format 2".into() }
    }

    fn broken() -> StoreError {
        StoreError::Unreadable { operation: "read tasks", what: "a row".into() }
    }

    fn io_error() -> io::Error {
        io::ErrorKind::PermissionDenied.into()
    }

    #[test]
    fn each_error_of_the_rooms_below_has_its_exit_code() {
        let another = || RuleError::Another {
            place: "annotd.db".into(),
            kept: Rule::Content,
            named: Rule::TaskHash,
        };
        let output =
            |kind: io::ErrorKind| OutputError { place: "out.jsonl".into(), source: kind.into() };
        let loaded = Loaded::default();
        let occupied = RestoreError::Occupied {
            place: "annotd.db".into(),
            kind: StoreEngine::Sqlite,
            tasks: 1,
        };
        let worked = RestoreError::Worked {
            place: "annotd.db".into(),
            kind: StoreEngine::Sqlite,
            since: Millis(0),
            last: Millis(0),
        };
        let instructions =
            StartError::Instructions { path: "codebook.md".into(), source: io_error() };
        let cases: Vec<(CommandError, u8)> = vec![
            (away().into(), 69),
            (older().into(), 78),
            (broken().into(), 1),
            (another().into(), 78),
            (RuleError::Store(away()).into(), 69),
            (ReadError::Open { file: "x".into(), source: io_error() }.into(), 65),
            (ReadError::Directory { file: "x".into() }.into(), 65),
            (LoadError::Nothing { file: Arc::from("x") }.into(), 65),
            (LoadError::Store { source: away(), loaded }.into(), 69),
            (LoadError::Rule(another()).into(), 78),
            (LoadError::Rejects { source: io_error(), loaded }.into(), 73),
            (LoadError::Duplicates { source: io_error(), loaded }.into(), 73),
            (BackupError::Store(away()).into(), 69),
            (BackupError::Output(output(io::ErrorKind::StorageFull)).into(), 73),
            (BackupError::Unnumbered { remaining: 1, store: "s".into() }.into(), 1),
            (backup::ReadError::Open { name: "x".into(), source: io_error() }.into(), 65),
            (backup::ReadError::Other { name: "x".into() }.into(), 65),
            (occupied.into(), 73),
            (worked.into(), 73),
            (RestoreError::Store(broken()).into(), 1),
            (output(io::ErrorKind::BrokenPipe).into(), 73),
            (output(io::ErrorKind::NotFound).into(), 73),
            (instructions.into(), 78),
            (StartError::Store(older()).into(), 78),
            (StartError::Thread(io_error()).into(), 1),
        ];
        for (error, code) in cases {
            assert_eq!(error.exit_code(), code, "{error}");
        }
    }

    #[derive(Debug, thiserror::Error)]
    #[error("cannot open the door")]
    struct Outer(#[source] io::Error);

    #[test]
    fn a_cause_is_printed_once_and_hints_stand_on_lines_of_their_own() {
        let chained = CommandError::other(Outer(io::Error::other("it is locked")))
            .detail("Nothing was changed.")
            .hint("find the key")
            .hint("or knock");
        let text = "cannot open the door: it is locked\nNothing was changed.\nhint: find the key\n\
                    hint: or knock";
        assert_eq!(chained.to_string(), text);
        let repeated = CommandError::from(away()).to_string();
        assert_eq!(repeated.matches("it is locked").count(), 1, "{repeated}");
    }

    #[test]
    fn a_folder_that_is_missing_is_named_with_a_remedy() {
        let place = "/no-such-folder-of-annotd/x/answers.jsonl".to_owned();
        let error = OutputError { place, source: io::ErrorKind::NotFound.into() };
        let text = CommandError::from(error).to_string();
        let folder = "/no-such-folder-of-annotd/x";
        assert!(text.contains(&format!("there is no folder {folder}\nhint: ")), "{text}");
        assert!(text.contains(&format!("mkdir -p {folder}")), "{text}");
    }
}
