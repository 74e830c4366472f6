//! What a command ends with when it does not succeed.

use crate::backup::{BackupError, RestoreError};
use crate::export::atomic_file::OutputError;
use crate::ingest::load::LoadError;
use crate::ingest::load::rule::RuleError;
use crate::ingest::read::ReadError;
use crate::store::StoreError;
use crate::supervisor::StartError;

/// Exit codes, as in sysexits.h where it has one.
pub mod exit {
    /// Anything else.
    pub const OTHER: u8 = 1;
    /// The command line is wrong.
    pub const USAGE: u8 = 2;
    /// The input data is wrong.
    pub const DATA: u8 = 65;
    /// The store cannot be reached.
    pub const STORE: u8 = 69;
    /// The output cannot be written.
    pub const OUTPUT: u8 = 73;
    /// The roster is wrong.
    pub const ROSTER: u8 = 78;
}

/// Why a command failed, in words, and the exit code that says so to scripts.
#[derive(Debug)]
pub struct Failure {
    /// One of [`exit`].
    pub code: u8,
    /// What went wrong and what to do; nothing if it has been said already.
    pub message: String,
}

impl Failure {
    /// A failure that no other code stands for.
    pub fn other(message: impl Into<String>) -> Self {
        Self { code: exit::OTHER, message: message.into() }
    }

    /// The command line is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { code: exit::USAGE, message: message.into() }
    }

    /// The roster is wrong.
    pub fn roster(message: impl Into<String>) -> Self {
        Self { code: exit::ROSTER, message: message.into() }
    }

    /// The output cannot be written.
    pub fn output(message: impl Into<String>) -> Self {
        Self { code: exit::OUTPUT, message: message.into() }
    }

    /// Something is wrong that has been printed already.
    pub fn told(code: u8) -> Self {
        Self { code, message: String::new() }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::Unavailable { .. } => exit::STORE,
            // The sysadmin has to do something before anything starts.
            StoreError::OlderFormat { .. } => exit::ROSTER,
            StoreError::Failed { .. } | StoreError::Unreadable { .. } => exit::OTHER,
        };
        Self { code, message: error.to_string() }
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Self { code: exit::DATA, message: error.to_string() }
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        let message = error.to_string();
        match error {
            LoadError::Open(_) | LoadError::Wrong { .. } | LoadError::Nothing { .. } => {
                Self { code: exit::DATA, message }
            }
            LoadError::Store { source, .. } => Self { message, ..source.into() },
            LoadError::Rule(error) => error.into(),
            LoadError::Rejects { .. } | LoadError::Duplicates { .. } => Self::output(message),
        }
    }
}

impl From<RuleError> for Failure {
    fn from(error: RuleError) -> Self {
        match error {
            RuleError::Store(error) => error.into(),
            RuleError::Another { .. } | RuleError::Unknown { .. } => {
                Self::roster(error.to_string())
            }
        }
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        let message = error.to_string();
        match error {
            BackupError::Store(error) => Self { message, ..error.into() },
            BackupError::Output(error) => error.into(),
            BackupError::Unnumbered { .. } => Self::other(message),
        }
    }
}

impl From<crate::backup::ReadError> for Failure {
    fn from(error: crate::backup::ReadError) -> Self {
        Self { code: exit::DATA, message: error.to_string() }
    }
}

impl From<RestoreError> for Failure {
    fn from(error: RestoreError) -> Self {
        let message = error.to_string();
        match error {
            RestoreError::Store(error) => error.into(),
            RestoreError::Read(error) => error.into(),
            // What a restore writes is the store.
            RestoreError::Occupied { .. } | RestoreError::Worked { .. } => Self::output(message),
            RestoreError::Mixed { .. } | RestoreError::Edition { .. } => Self::other(message),
        }
    }
}

impl From<OutputError> for Failure {
    fn from(error: OutputError) -> Self {
        if error.is_closed_pipe() {
            return Self::told(exit::OUTPUT);
        }
        Self::output(error.to_string())
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Store(error) => error.into(),
            StartError::Rule(error) => error.into(),
            StartError::Instructions { .. } | StartError::Certificate(_) => {
                Self::roster(error.to_string())
            }
            StartError::Ports(_) | StartError::Thread(_) => Self::other(error.to_string()),
        }
    }
}
