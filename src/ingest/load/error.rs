//! Why a load ended early.

use std::sync::Arc;

use super::counts::Loaded;
use super::rule::RuleError;
use crate::ingest::read::{LineError, ReadError};
use crate::store::StoreError;

/// Why a load ended early.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error(transparent)]
    Open(#[from] ReadError),
    /// There is something in the file, and no task.
    #[error(
        "{file} has no task in it: nothing but blank lines, an empty list, or the names of columns. \
         Look whether it was written whole; a file that is empty is passed over."
    )]
    Nothing {
        /// The file.
        file: Arc<str>,
    },
    /// The store tells tasks apart by another rule.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// A line is no task, or one that cannot be given to anyone.
    #[error("{wrong}\n{}", wrong.excerpt())]
    Wrong {
        /// The line.
        wrong: Box<LineError>,
        /// What had been done.
        loaded: Loaded,
    },
    /// The store did not take the tasks.
    #[error("{source}")]
    Store {
        /// Why.
        source: StoreError,
        /// What had been done.
        loaded: Loaded,
    },
    /// The rejects cannot be written.
    #[error("cannot write the rejects: {source}")]
    Rejects {
        /// Why.
        source: std::io::Error,
        /// What had been done.
        loaded: Loaded,
    },
    /// The list of duplicates cannot be written.
    #[error("cannot write the list of duplicates: {source}")]
    Duplicates {
        /// Why.
        source: std::io::Error,
        /// What had been done.
        loaded: Loaded,
    },
}

impl LoadError {
    /// What had been admitted before, in words.
    pub fn admitted(&self) -> String {
        let loaded = match self {
            Self::Open(_) | Self::Nothing { .. } | Self::Rule(_) => Loaded::default(),
            Self::Wrong { loaded, .. }
            | Self::Store { loaded, .. }
            | Self::Rejects { loaded, .. }
            | Self::Duplicates { loaded, .. } => *loaded,
        };
        format!("Loaded before it: {}.", loaded.counts())
    }

    /// What to do before the same command is run again.
    pub fn what_to_do(&self) -> &'static str {
        match self {
            Self::Wrong { .. } => "Fix the line",
            Self::Open(_) | Self::Nothing { .. } => "Fix the file",
            Self::Rule(_) => "Fix the roster",
            Self::Store { .. } => "Wait until the store can be reached",
            Self::Rejects { .. } | Self::Duplicates { .. } => "Make room for the list",
        }
    }
}
