//! What a store can do, in the words of the domain: five traits, and [`Store`], which is their sum.
//!
//! Both engines implement each trait in a file of its own. A caller takes the narrowest trait that
//! it needs; `&dyn Store` is one of each.
//!
//! Every call is carried out whole, as [`TaskState`](crate::allocation::TaskState) defines it, and
//! is durable when it returns. Claims and answers come in groups, since the round trip and the sync
//! are what they cost. Every item of a group stands for itself: one that fails its guard takes
//! nothing with it.
//!
//! Rejected: a crate that delegates a trait to a field. What wraps a store, in the tests, does
//! something around each call, and such a crate passes calls on unchanged.

use std::collections::{BTreeMap, HashSet};

use async_trait::async_trait;

use super::audit::{AuditOptions, AuditedPage, Finding, PageRequest};
use super::error::Result;
use super::record::{
    HeldTask, HistoryCursor, PastAnswer, QueuedTask, Record, RecordFilter, ReopenCursor,
};
use super::requests::{
    AllocationRecord, Claim, InsertReport, NewTask, StateUpdate, StorePolicy, Submission,
};
use super::restore_target::RestoreTarget;
use super::stats::ProjectStats;
use crate::allocation::{AnswerOutcome, Lane, Position, SequenceNumber};
use crate::task::{Millis, Task, TaskId};

/// The kind of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreEngine {
    /// The embedded store.
    Sqlite,
    /// The shared store.
    Mongo,
}

impl StoreEngine {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Mongo => "mongodb",
        }
    }
}

/// The tasks of a project: inserting, queueing and reading them.
#[async_trait]
pub trait TaskStore: Send + Sync + 'static {
    /// Checks that the store can hold a task, with all answers that may come to it.
    ///
    /// # Errors
    /// Why it cannot, in words for the person who loads it.
    fn can_hold(&self, _task: &Task) -> std::result::Result<(), String> {
        Ok(())
    }

    /// Inserts tasks, in this order. A task that is stored already stays as it is.
    async fn insert_tasks(&self, tasks: Vec<NewTask>) -> Result<InsertReport>;

    /// Which of these tasks are stored.
    async fn existing_ids(&self, tasks: &[TaskId]) -> Result<HashSet<TaskId>>;

    /// The allocation record: the counters, and the pending plans.
    async fn allocation_record(&self) -> Result<AllocationRecord>;

    /// Inserts tasks together with the allocation counters, if the record is at the version `seen`.
    /// Otherwise nothing is changed, and it returns `None`.
    ///
    /// A crash in between loses no count: tasks that were counted and not inserted keep their plan
    /// as a pending one.
    async fn insert_with_counters(
        &self,
        tasks: Vec<NewTask>,
        seen: i64,
        state: String,
    ) -> Result<Option<InsertReport>>;

    /// Compares and swaps whole task states. Returns, for each update, whether it was applied.
    async fn update_if_unchanged(&self, updates: Vec<StateUpdate>) -> Result<Vec<bool>>;

    /// Tasks with a free slot in this lane behind `after`, in order, at most `limit` of them.
    ///
    /// Costs what it returns: it reads neither finished tasks nor those of other lanes.
    async fn queued_tasks(
        &self,
        lane: &Lane,
        after: Position,
        limit: usize,
    ) -> Result<Vec<QueuedTask>>;

    /// The position of the first task in this lane behind `after` that this annotator could claim.
    /// It reads all tasks before that which they hold or have answered, so callers ask seldom.
    async fn first_queued_for(
        &self,
        annotator: &str,
        lane: &Lane,
        after: Position,
    ) -> Result<Option<Position>>;

    /// Tasks that were reopened since the cursor (a lease ended, an annotator left, tasks of a
    /// higher priority were loaded), and the next cursor. May return a task twice.
    async fn reopened(&self, since: ReopenCursor) -> Result<(Vec<QueuedTask>, ReopenCursor)>;

    /// The records of these tasks, in the order asked for; `None` for a task that is not stored.
    async fn look_up(&self, tasks: &[TaskId]) -> Result<Vec<Option<Record>>>;

    /// The tasks with this `_task_hash`, at most two: enough to tell whether it is unique.
    async fn with_task_hash(&self, task_hash: i64) -> Result<Vec<TaskId>>;

    /// A page of records in the order of loading: those behind `after`, at most `limit`. To read
    /// all of them, use [`RecordPages`](super::RecordPages).
    async fn records(
        &self,
        which: RecordFilter,
        after: SequenceNumber,
        limit: usize,
    ) -> Result<Vec<Record>>;

    /// The sequence numbers of tasks behind `after`, in order, at most `limit`. Reads no task.
    async fn numbers(&self, after: SequenceNumber, limit: usize) -> Result<Vec<SequenceNumber>>;

    /// The number of tasks of every purpose, counted now.
    async fn count(&self) -> Result<u64>;
}

/// The leases on tasks.
#[async_trait]
pub trait LeaseStore: Send + Sync + 'static {
    /// Claims tasks. Returns, for each claim in its order, whether the annotator now holds the
    /// task.
    ///
    /// A claim that is sent again after a failure is granted again.
    async fn claim(&self, claims: Vec<Claim>) -> Result<Vec<bool>>;

    /// Extends all leases of these annotators to the given times.
    async fn renew(&self, annotators: Vec<(String, Millis)>) -> Result<()>;

    /// Ends all leases of an annotator. Returns how many there were.
    async fn release(&self, annotator: &str) -> Result<u64>;

    /// Ends all leases whose time is over. Returns how many there were.
    async fn expire_leases(&self, now: Millis) -> Result<u64>;

    /// The tasks that an annotator holds, in the order of the queue.
    async fn held_by(&self, annotator: &str) -> Result<Vec<HeldTask>>;

    /// Whether others hold a task that this annotator could otherwise claim.
    async fn has_tasks_held_by_others(&self, annotator: &str) -> Result<bool>;
}

/// The answers to tasks.
#[async_trait]
pub trait AnswerStore: Send + Sync + 'static {
    /// Records answers. Returns the outcome of each, in its order. Durable on return.
    async fn record(&self, answers: Vec<Submission>) -> Result<Vec<AnswerOutcome>>;

    /// An annotator's last answers that count, newest first, with their tasks: those before a
    /// cursor, or all.
    async fn history(
        &self,
        annotator: &str,
        before: Option<HistoryCursor>,
        limit: usize,
    ) -> Result<Vec<PastAnswer>>;
}

/// The keys to the ports.
#[async_trait]
pub trait KeyStore: Send + Sync + 'static {
    /// All keys, by name. The store does not know what the names stand for.
    async fn keys(&self) -> Result<BTreeMap<String, String>>;

    /// Stores keys, by name. Keys that are stored already are replaced, or, with `keep`, stay as
    /// they are: of two processes that make the first key of a name, one prevails.
    async fn set_keys(&self, keys: BTreeMap<String, String>, keep: bool) -> Result<()>;
}

/// What runs the store rather than the annotation: health, stats, audits, restores, loaded files,
/// the rule of identity, editions.
#[async_trait]
pub trait AdminStore: Send + Sync + 'static {
    /// Which engine it is.
    fn engine(&self) -> StoreEngine;

    /// Where it is, as it may be shown: without credentials.
    fn location(&self) -> &str;

    /// Checks that the store responds.
    async fn ping(&self) -> Result<()>;

    /// Sets the policy. Until it is called, every answer counts, and tasks are queued in the order
    /// of loading.
    fn set_policy(&self, policy: StorePolicy);

    /// The stats of the project, kept by deltas.
    async fn stats(&self) -> Result<ProjectStats>;

    /// Audits a page of tasks: compares what is derived with the facts that it follows from.
    /// Repairs it if `how` asks for that. A daemon may run in parallel.
    async fn audit(&self, page: PageRequest, how: AuditOptions) -> Result<AuditedPage>;

    /// Audits what only the whole store shows: stats, orphans, pending plans. Comes after the
    /// pages, so that it finds repaired tasks.
    async fn audit_whole(&self, how: AuditOptions) -> Result<Vec<Finding>>;

    /// The fingerprint under which a task file was last loaded whole.
    async fn loaded_file(&self, name: &str) -> Result<Option<String>>;

    /// Notes that a task file was loaded whole.
    async fn note_loaded_file(&self, name: &str, fingerprint: &str) -> Result<()>;

    /// Every task file that was loaded whole, with its fingerprint, in the order of names.
    async fn loaded_files(&self) -> Result<Vec<(String, String)>>;

    /// What a restore would find.
    async fn restore_target(&self) -> Result<RestoreTarget>;

    /// Marks the store as being restored since `now`, and removes what an earlier restore has left.
    /// Until [`AdminStore::end_restore`], only [`open_for_restore`](super::open_for_restore) opens
    /// it.
    ///
    /// # Errors
    /// If it holds tasks and does not have the mark. Nothing is changed then.
    async fn begin_restore(&self, now: Millis) -> Result<()>;

    /// Inserts records as they were, with number, position and state. A task that is stored already
    /// stays as it is. Stats, queue and numbering follow.
    ///
    /// A finished and another task may share a position after a change of the order. Where the
    /// engine does not allow that, they get different ones.
    async fn restore_records(&self, records: Vec<Record>) -> Result<()>;

    /// Restores the allocation record, with its version and its pending plans.
    async fn restore_allocation_record(&self, allocation_record: AllocationRecord) -> Result<()>;

    /// Removes the mark: the project is whole.
    async fn end_restore(&self) -> Result<()>;

    /// The rule of identity; `None` if it was never set.
    async fn identity(&self) -> Result<Option<String>>;

    /// Sets the rule of identity if there is none, or no task. Returns the rule in force.
    async fn set_identity(&self, rule: &str) -> Result<String>;

    /// The number of an edition of the roster, from 1, by its text. A new text gets the next
    /// number; the same text has the same number ever after.
    async fn edition(&self, text: &str) -> Result<u32>;

    /// The texts of all editions, by their numbers.
    async fn editions(&self) -> Result<BTreeMap<u32, String>>;

    /// Closes the connection when calls in progress have ended.
    async fn close(&self);
}

/// A project's store: the sum of the five traits.
pub trait Store: TaskStore + LeaseStore + AnswerStore + KeyStore + AdminStore {}

impl<S: TaskStore + LeaseStore + AnswerStore + KeyStore + AdminStore> Store for S {}
