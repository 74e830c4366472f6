//! The embedded store: one SQLite file, for a team on one machine.
//!
//! WAL, `synchronous=FULL`, one writer that groups what waits into one transaction and one sync
//! (`engine.rs`). The tables are in `schema.rs`; each trait of the store has a file (`tasks.rs`,
//! `leases.rs`, `answers.rs`, `administration.rs`, `keys.rs`). A task's changes go through
//! [`TaskState`](crate::allocation::TaskState), so the rules of its life stand in one place.
//!
//! Other processes may use the same file (`annotd load` beside the daemon): SQLite's own locks
//! keep them apart, and what they reopen is numbered in the file.

mod administration;
mod allocation_record;
mod answer_versions;
mod answers;
mod audit;
mod editions;
mod engine;
mod file_owner;
mod keys;
mod leases;
mod loaded_files;
mod migrations;
mod presence;
mod queue;
mod rescue;
mod restore;
mod rows;
mod schema;
mod state_updates;
mod stats;
mod tasks;

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use self::engine::Engine;
use super::open_mode::OpenMode;
use super::{Result, StoreError, StorePolicy};

/// Whether a file is a store of an older format.
pub(super) fn has_older_format(path: &Path) -> bool {
    schema::older_format(path).is_some()
}

/// Another process that has the store at this path open, if the system tells.
pub(super) fn other_process(path: &Path) -> Option<i32> {
    presence::other_process(path)
}

/// The embedded store.
pub struct SqliteStore {
    engine: Engine,
    location: String,
    policy: RwLock<Arc<StorePolicy>>,
}

impl SqliteStore {
    /// Opens the file, or makes it if it is not there.
    ///
    /// # Errors
    /// If it cannot be opened, is not annotd's, is of another format, holds another project, or is
    /// being restored.
    pub fn open(path: &Path, project: &str) -> Result<Self> {
        Self::open_as(path, project, OpenMode::Write)
    }

    pub(super) fn open_as(path: &Path, project: &str, mode: OpenMode) -> Result<Self> {
        Ok(Self {
            engine: Engine::start(path, project, mode)?,
            location: path.display().to_string(),
            policy: RwLock::default(),
        })
    }

    fn policy(&self) -> Arc<StorePolicy> {
        Arc::clone(&self.policy.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// How SQLite goes about finding the next tasks: the lines of `EXPLAIN QUERY PLAN`.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub async fn plan_of_next_task(&self) -> Result<Vec<String>> {
        self.engine
            .read("explain", |connection| {
                connection
                    .prepare(&format!("EXPLAIN QUERY PLAN {}", queue::open_tasks_sql()))?
                    .query_map(("*", 0, 1), |row| row.get("detail"))?
                    .collect()
            })
            .await
    }
}

/// What SQLite says, sorted into what may pass and what will not.
fn failure(operation: &'static str, path: &Path, source: rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, NotADatabase, SystemIoFailure,
    };
    let store = path.display().to_string();
    match source.sqlite_error_code() {
        Some(DatabaseBusy | DatabaseLocked | DiskFull | SystemIoFailure | CannotOpen) => {
            StoreError::Unavailable { operation, store, source: source.into() }
        }
        Some(NotADatabase) => StoreError::Unreadable {
            operation,
            what: format!("{store} is not a database; name another file under [store]"),
        },
        _ => StoreError::Failed { operation, store, source: source.into() },
    }
}
