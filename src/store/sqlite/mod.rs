//! The embedded store: one SQLite file, for a team on one machine.
//!
//! WAL, `synchronous=FULL`, one writer that groups what waits into one transaction and one sync
//! (`engine.rs`). The tables are in `schema.rs`, what is asked in `reads.rs`, what is told in
//! `writes.rs`. A task's changes go through [`TaskState`](crate::allocation::TaskState), so the
//! rules of its life stand in one place.
//!
//! Other processes may use the same file (`annotd load` beside the daemon): SQLite's own locks
//! keep them apart, and what they reopen is numbered in the file.

mod audit;
mod engine;
mod file_owner;
mod migrations;
mod presence;
mod reads;
mod restore;
mod rows;
mod schema;
mod writes;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;

use self::engine::Engine;
use super::audit::{AuditOptions, AuditedPage, Finding, PageRequest};
use super::open_mode::OpenMode;
use super::restore_target::occupied;
use super::{
    AllocationRecord, Claim, HeldTask, HistoryCursor, InsertReport, NewTask, PastAnswer,
    ProjectStats, QueuedTask, Record, RecordFilter, ReopenCursor, RestoreTarget, Result,
    StateUpdate, Store, StoreEngine, StoreError, StorePolicy, Submission,
};
use crate::allocation::{AnswerOutcome, Lane, Position, SequenceNumber};
use crate::task::{Millis, TaskId};

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
    place: String,
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
            place: path.display().to_string(),
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
                    .prepare(&format!("EXPLAIN QUERY PLAN {}", reads::open_tasks_sql()))?
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

#[async_trait]
impl Store for SqliteStore {
    fn engine(&self) -> StoreEngine {
        StoreEngine::Sqlite
    }

    fn location(&self) -> &str {
        &self.place
    }

    async fn ping(&self) -> Result<()> {
        self.engine.check_presence("look at the store")?;
        self.engine
            .read("look at the store", |connection| {
                connection.query_row("SELECT 1", [], |_| Ok(()))
            })
            .await
    }

    fn set_policy(&self, policy: StorePolicy) {
        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
    }

    async fn insert_tasks(&self, tasks: Vec<NewTask>) -> Result<InsertReport> {
        let policy = self.policy();
        self.engine
            .write("load tasks", move |connection| {
                writes::insert_tasks(connection, &policy, &tasks)
            })
            .await
    }

    async fn existing_ids(&self, tasks: &[TaskId]) -> Result<HashSet<TaskId>> {
        let tasks = tasks.to_vec();
        self.engine
            .read("look for tasks", move |connection| reads::existing_ids(connection, tasks.iter()))
            .await
    }

    async fn allocation_record(&self) -> Result<AllocationRecord> {
        self.engine.read("see what was dealt out", reads::allocation_record).await
    }

    async fn insert_with_counters(
        &self,
        tasks: Vec<NewTask>,
        seen: i64,
        state: String,
    ) -> Result<Option<InsertReport>> {
        let policy = self.policy();
        self.engine
            .write("load tasks", move |connection| {
                writes::insert_with_counters(connection, &policy, &tasks, seen, &state)
            })
            .await
    }

    async fn update_if_unchanged(&self, amendments: Vec<StateUpdate>) -> Result<Vec<bool>> {
        let policy = self.policy();
        self.engine
            .write("change tasks", move |connection| {
                writes::update_if_unchanged(connection, &policy, &amendments)
            })
            .await
    }

    async fn queued_tasks(
        &self,
        lane: &Lane,
        after: Position,
        limit: usize,
    ) -> Result<Vec<QueuedTask>> {
        let lane = lane.clone();
        self.engine
            .read("find the next task", move |connection| {
                reads::queued_tasks(connection, &lane, after, limit)
            })
            .await
    }

    async fn first_queued_for(
        &self,
        annotator: &str,
        lane: &Lane,
        after: Position,
    ) -> Result<Option<Position>> {
        let (annotator, lane) = (annotator.to_owned(), lane.clone());
        self.engine
            .read("find the next task", move |connection| {
                reads::first_queued_for(connection, &annotator, &lane, after)
            })
            .await
    }

    async fn reopened(&self, since: ReopenCursor) -> Result<(Vec<QueuedTask>, ReopenCursor)> {
        self.engine
            .read("find tasks that came back", move |connection| reads::reopened(connection, since))
            .await
    }

    async fn claim(&self, claims: Vec<Claim>) -> Result<Vec<bool>> {
        self.engine
            .write("hand out tasks", move |connection| writes::claim(connection, &claims))
            .await
    }

    async fn record(&self, answers: Vec<Submission>) -> Result<Vec<AnswerOutcome>> {
        let policy = self.policy();
        self.engine
            .write("store answers", move |connection| writes::record(connection, &policy, answers))
            .await
    }

    async fn renew(&self, annotators: Vec<(String, Millis)>) -> Result<()> {
        self.engine
            .write("renew leases", move |connection| writes::renew(connection, &annotators))
            .await
    }

    async fn release(&self, annotator: &str) -> Result<u64> {
        let (policy, annotator) = (self.policy(), annotator.to_owned());
        self.engine
            .write("take tasks back", move |connection| {
                writes::release(connection, &policy, &annotator)
            })
            .await
    }

    async fn expire_leases(&self, now: Millis) -> Result<u64> {
        let policy = self.policy();
        self.engine
            .write("end leases", move |connection| writes::expire_leases(connection, &policy, now))
            .await
    }

    async fn held_by(&self, annotator: &str) -> Result<Vec<HeldTask>> {
        let annotator = annotator.to_owned();
        self.engine
            .read("see what is in hand", move |connection| reads::held_by(connection, &annotator))
            .await
    }

    async fn has_tasks_held_by_others(&self, annotator: &str) -> Result<bool> {
        let annotator = annotator.to_owned();
        self.engine
            .read("see what others hold", move |connection| {
                reads::has_tasks_held_by_others(connection, &annotator)
            })
            .await
    }

    async fn look_up(&self, tasks: &[TaskId]) -> Result<Vec<Option<Record>>> {
        let tasks = tasks.to_vec();
        self.engine
            .read("look up tasks", move |connection| reads::look_up(connection, &tasks))
            .await
    }

    async fn with_task_hash(&self, task_hash: i64) -> Result<Vec<TaskId>> {
        self.engine
            .read("look up a task", move |connection| reads::with_task_hash(connection, task_hash))
            .await
    }

    async fn history(
        &self,
        annotator: &str,
        before: Option<HistoryCursor>,
        limit: usize,
    ) -> Result<Vec<PastAnswer>> {
        let annotator = annotator.to_owned();
        self.engine
            .read("read the history", move |connection| {
                reads::history(connection, &annotator, before, limit)
            })
            .await
    }

    async fn records(
        &self,
        which: RecordFilter,
        after: SequenceNumber,
        limit: usize,
    ) -> Result<Vec<Record>> {
        self.engine
            .read("read tasks and answers", move |connection| {
                reads::records(connection, which, after, limit)
            })
            .await
    }

    async fn stats(&self) -> Result<ProjectStats> {
        self.engine.read("read the figures", reads::stats).await
    }

    async fn audit(&self, page: PageRequest, how: AuditOptions) -> Result<AuditedPage> {
        audit::audit_page(&self.engine, page, how).await
    }

    async fn audit_whole(&self, how: AuditOptions) -> Result<Vec<Finding>> {
        audit::audit_whole(&self.engine, how).await
    }

    async fn loaded_file(&self, name: &str) -> Result<Option<String>> {
        let name = name.to_owned();
        self.engine
            .read("see what was loaded", move |connection| {
                use rusqlite::OptionalExtension;
                connection
                    .query_row(
                        "SELECT fingerprint FROM loaded_file WHERE name = ?1",
                        [name],
                        |row| row.get(0),
                    )
                    .optional()
            })
            .await
    }

    async fn note_loaded_file(&self, name: &str, fingerprint: &str) -> Result<()> {
        let (name, fingerprint) = (name.to_owned(), fingerprint.to_owned());
        self.engine
            .write("note a loaded file", move |connection| {
                writes::note_loaded_file(connection, &name, &fingerprint)
            })
            .await
    }

    async fn loaded_files(&self) -> Result<Vec<(String, String)>> {
        self.engine.read("see what was loaded", restore::loaded_files).await
    }

    async fn count(&self) -> Result<u64> {
        self.engine.read("count tasks", restore::count).await
    }

    async fn numbers(&self, after: SequenceNumber, limit: usize) -> Result<Vec<SequenceNumber>> {
        self.engine
            .read("count tasks", move |connection| restore::numbers(connection, after, limit))
            .await
    }

    async fn restore_target(&self) -> Result<RestoreTarget> {
        self.engine.read("restore a backup", restore::restore_target).await
    }

    async fn begin_restore(&self, now: Millis) -> Result<()> {
        let begin = move |connection: &rusqlite::Connection| restore::begin(connection, now);
        let begun = self.engine.write("restore a backup", begin).await?;
        if begun { Ok(()) } else { Err(occupied(&self.place)) }
    }

    async fn restore_records(&self, records: Vec<Record>) -> Result<()> {
        self.engine
            .write("restore a backup", move |connection| {
                restore::restore_records(connection, &records)
            })
            .await
    }

    async fn restore_allocation_record(&self, allocation_record: AllocationRecord) -> Result<()> {
        self.engine
            .write("restore a backup", move |connection| {
                restore::restore_allocation_record(connection, &allocation_record)
            })
            .await
    }

    async fn end_restore(&self) -> Result<()> {
        self.engine.write("restore a backup", restore::end).await
    }

    async fn keys(&self) -> Result<BTreeMap<String, String>> {
        self.engine.read("read the keys", reads::keys).await
    }

    async fn set_keys(&self, keys: BTreeMap<String, String>, write_state: bool) -> Result<()> {
        self.engine
            .write("write down keys", move |connection| {
                writes::set_keys(connection, &keys, write_state)
            })
            .await
    }

    async fn identity(&self) -> Result<Option<String>> {
        self.engine.read("see how tasks are told apart", reads::identity).await
    }

    async fn set_identity(&self, rule: &str) -> Result<String> {
        let rule = rule.to_owned();
        self.engine
            .write("set how tasks are told apart", move |connection| {
                writes::set_identity(connection, &rule)
            })
            .await
    }

    async fn edition(&self, text: &str) -> Result<u32> {
        let text = text.to_owned();
        self.engine
            .write("keep an edition", move |connection| writes::edition(connection, &text))
            .await
    }

    async fn editions(&self) -> Result<BTreeMap<u32, String>> {
        self.engine.read("read the editions", reads::editions).await
    }

    async fn close(&self) {
        // The engine's threads end after what they have to do; there is little of it.
        self.engine.close();
    }
}
