//! The embedded store: one SQLite file, for a team on one machine.
//!
//! WAL, `synchronous=FULL`, one writer that groups what waits into one transaction and one sync
//! (`engine.rs`). The tables are in `schema.rs`, what is asked in `reads.rs`, what is told in
//! `writes.rs`. A task's changes go through [`TaskState`](crate::allocation::TaskState), so the rules of
//! its life stand in one place.
//!
//! Other processes may use the same file (`annotd load` beside the daemon): SQLite's own locks
//! keep them apart, and what they reopen is numbered in the file.

mod audit;
mod engine;
mod migrations;
mod owner;
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
use super::audit::{Audit, Audited, Finding, Page};
use super::open::Opening;
use super::restoring::taken;
use super::{
    Admission, Admitted, Amendment, Claim, Cursor, Deal, Ground, HeldTask, Kind, Mark, Past,
    Progress, QueuedTask, Record, Result, Store, StoreError, Submission, Terms, Which,
};
use crate::allocation::{AnswerOutcome, Lane, Position, SequenceNumber};
use crate::task::{Millis, TaskId};

/// Whether a file is a store of an older format.
pub(super) fn is_older(path: &Path) -> bool {
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
    terms: RwLock<Arc<Terms>>,
}

impl SqliteStore {
    /// Opens the file, or makes it if it is not there.
    ///
    /// # Errors
    /// If it cannot be opened, is not annotd's, is of another format, holds another project, or is being
    /// restored.
    pub fn open(path: &Path, project: &str) -> Result<Self> {
        Self::open_as(path, project, Opening::Work)
    }

    pub(super) fn open_as(path: &Path, project: &str, opening: Opening) -> Result<Self> {
        Ok(Self {
            engine: Engine::start(path, project, opening)?,
            place: path.display().to_string(),
            terms: RwLock::default(),
        })
    }

    fn terms(&self) -> Arc<Terms> {
        Arc::clone(&self.terms.read().unwrap_or_else(PoisonError::into_inner))
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
fn failure(doing: &'static str, path: &Path, source: rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, NotADatabase, SystemIoFailure,
    };
    let store = path.display().to_string();
    match source.sqlite_error_code() {
        Some(DatabaseBusy | DatabaseLocked | DiskFull | SystemIoFailure | CannotOpen) => {
            StoreError::Away { doing, store, source: source.into() }
        }
        Some(NotADatabase) => StoreError::Unreadable {
            doing,
            what: format!("{store} is not a database; name another file under [store]"),
        },
        _ => StoreError::Failed { doing, store, source: source.into() },
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn kind(&self) -> Kind {
        Kind::Sqlite
    }

    fn place(&self) -> &str {
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

    fn follow(&self, terms: Terms) {
        *self.terms.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(terms);
    }

    async fn admit(&self, tasks: Vec<Admission>) -> Result<Admitted> {
        let terms = self.terms();
        self.engine
            .write("load tasks", move |connection| writes::admit(connection, &terms, &tasks))
            .await
    }

    async fn known(&self, tasks: &[TaskId]) -> Result<HashSet<TaskId>> {
        let tasks = tasks.to_vec();
        self.engine
            .read("look for tasks", move |connection| reads::known(connection, tasks.iter()))
            .await
    }

    async fn deal(&self) -> Result<Deal> {
        self.engine.read("see what was dealt out", reads::deal).await
    }

    async fn admit_dealt(
        &self,
        tasks: Vec<Admission>,
        seen: i64,
        state: String,
    ) -> Result<Option<Admitted>> {
        let terms = self.terms();
        self.engine
            .write("load tasks", move |connection| {
                writes::admit_dealt(connection, &terms, &tasks, seen, &state)
            })
            .await
    }

    async fn amend(&self, amendments: Vec<Amendment>) -> Result<Vec<bool>> {
        let terms = self.terms();
        self.engine
            .write("change tasks", move |connection| writes::amend(connection, &terms, &amendments))
            .await
    }

    async fn open_tasks(
        &self,
        lane: &Lane,
        after: Position,
        limit: usize,
    ) -> Result<Vec<QueuedTask>> {
        let lane = lane.clone();
        self.engine
            .read("find the next task", move |connection| {
                reads::open_tasks(connection, &lane, after, limit)
            })
            .await
    }

    async fn first_open_to(
        &self,
        annotator: &str,
        lane: &Lane,
        after: Position,
    ) -> Result<Option<Position>> {
        let (annotator, lane) = (annotator.to_owned(), lane.clone());
        self.engine
            .read("find the next task", move |connection| {
                reads::first_open_to(connection, &annotator, &lane, after)
            })
            .await
    }

    async fn reopened(&self, since: Mark) -> Result<(Vec<QueuedTask>, Mark)> {
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
        let terms = self.terms();
        self.engine
            .write("store answers", move |connection| writes::record(connection, &terms, answers))
            .await
    }

    async fn renew(&self, annotators: Vec<(String, Millis)>) -> Result<()> {
        self.engine
            .write("renew leases", move |connection| writes::renew(connection, &annotators))
            .await
    }

    async fn release(&self, annotator: &str) -> Result<u64> {
        let (terms, annotator) = (self.terms(), annotator.to_owned());
        self.engine
            .write("take tasks back", move |connection| {
                writes::release(connection, &terms, &annotator)
            })
            .await
    }

    async fn sweep(&self, now: Millis) -> Result<u64> {
        let terms = self.terms();
        self.engine
            .write("end leases", move |connection| writes::sweep(connection, &terms, now))
            .await
    }

    async fn in_hand(&self, annotator: &str) -> Result<Vec<HeldTask>> {
        let annotator = annotator.to_owned();
        self.engine
            .read("see what is in hand", move |connection| reads::in_hand(connection, &annotator))
            .await
    }

    async fn others_hold(&self, annotator: &str) -> Result<bool> {
        let annotator = annotator.to_owned();
        self.engine
            .read("see what others hold", move |connection| {
                reads::others_hold(connection, &annotator)
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
        before: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<Past>> {
        let annotator = annotator.to_owned();
        self.engine
            .read("read the history", move |connection| {
                reads::history(connection, &annotator, before, limit)
            })
            .await
    }

    async fn records(
        &self,
        which: Which,
        after: SequenceNumber,
        limit: usize,
    ) -> Result<Vec<Record>> {
        self.engine
            .read("read tasks and answers", move |connection| {
                reads::records(connection, which, after, limit)
            })
            .await
    }

    async fn progress(&self) -> Result<Progress> {
        self.engine.read("read the figures", reads::progress).await
    }

    async fn audit(&self, page: Page, how: Audit) -> Result<Audited> {
        audit::audit_page(&self.engine, page, how).await
    }

    async fn audit_whole(&self, how: Audit) -> Result<Vec<Finding>> {
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

    async fn ground(&self) -> Result<Ground> {
        self.engine.read("restore a backup", restore::ground).await
    }

    async fn begin_restore(&self, now: Millis) -> Result<()> {
        let begin = move |connection: &rusqlite::Connection| restore::begin(connection, now);
        let begun = self.engine.write("restore a backup", begin).await?;
        if begun { Ok(()) } else { Err(taken(&self.place)) }
    }

    async fn put_back(&self, records: Vec<Record>) -> Result<()> {
        self.engine
            .write("restore a backup", move |connection| restore::put_back(connection, &records))
            .await
    }

    async fn put_back_deal(&self, deal: Deal) -> Result<()> {
        self.engine
            .write("restore a backup", move |connection| restore::put_back_deal(connection, &deal))
            .await
    }

    async fn end_restore(&self) -> Result<()> {
        self.engine.write("restore a backup", restore::end).await
    }

    async fn keys(&self) -> Result<BTreeMap<String, String>> {
        self.engine.read("read the keys", reads::keys).await
    }

    async fn set_keys(&self, keys: BTreeMap<String, String>, keep: bool) -> Result<()> {
        self.engine
            .write("write down keys", move |connection| writes::set_keys(connection, &keys, keep))
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
