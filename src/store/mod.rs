//! Where tasks and answers live.
//!
//! [`Store`] speaks of the domain (admit, claim, record, renew, release, sweep), never of get and
//! put: what a store promises is that each of these is carried out whole, as [`TaskState`] says,
//! and is durable when the call returns. Both engines pass one conformance suite
//! (`tests/stores/conformance.rs`).
//!
//! Claims and answers come in groups, since the round trip and the sync are what they cost. Every
//! item of a group stands for itself: one that fails its guard takes nothing with it.
//!
//! Rejected: transactions over several tasks. One task is one document (or one row with its
//! dependants), so that a guarded write keeps it true on a single server, a replica set and a
//! sharded cluster alike.

pub mod audit;
mod connect;
pub(crate) mod legacy;
pub mod mongo;
mod open_mode;
pub(crate) mod pending_plan;
mod restore_target;
pub mod sqlite;
pub mod stats;

pub use connect::{
    exists, file_of, has_older_format, location_of, open, open_for_restore, open_to_read,
    open_to_run, other_process,
};
pub use restore_target::RestoreTarget;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;

use self::audit::{AuditOptions, AuditedPage, Finding, PageRequest};
use crate::allocation::order::Order;
use crate::allocation::{
    AnswerOutcome, Lane, Plan, Position, SequenceNumber, SettlePolicy, TaskState,
};
use crate::task::{Basis, Millis, Task, TaskId, Version};

/// The version of what is stored. A store of a newer version is refused, an older one migrated.
pub const FORMAT: i64 = 3;

/// What a version of an answer says is kept apart from its task where it is longer than this, in
/// bytes of JSON: a look at a task's answers then costs the same whatever they say.
pub(crate) const LARGE_ANSWER_BYTES: usize = 65_536;

/// What a store has to know of the project's rules: how answers settle, and in which order tasks
/// stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StorePolicy {
    /// What becomes of a task when an answer has arrived.
    pub rule: SettlePolicy,
    /// Where tasks stand.
    pub order: Order,
}

/// A task on its way in.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// The task.
    pub task: Task,
    /// What was decided about it.
    pub plan: Plan,
}

/// What became of the tasks of one call of [`Store::insert_tasks`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InsertReport {
    /// Tasks that are new.
    pub new: u64,
    /// Tasks that were there already, or twice in the call: nothing changed.
    pub same: u64,
}

/// A task with a free slot, as it was when it was read.
#[derive(Clone, Debug)]
pub struct QueuedTask {
    /// The task.
    pub task: Arc<Task>,
    /// Its place in the queue.
    pub position: Position,
    /// The lanes it stands in.
    pub lanes: Vec<Lane>,
    /// Slots that nobody holds or has filled.
    pub free: u32,
    /// Those who hold it or have answered it, in time or late.
    pub participants: Vec<String>,
}

impl From<Record> for QueuedTask {
    fn from(record: Record) -> Self {
        let Record { task, position, state, .. } = record;
        Self {
            task,
            position,
            free: state.free(),
            participants: state.participants().map(str::to_owned).collect(),
            lanes: state.lanes,
        }
    }
}

/// The wish to hand one task to one annotator.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Which task.
    pub task: TaskId,
    /// To whom.
    pub annotator: String,
    /// Now.
    pub since: Millis,
    /// When the lease ends.
    pub until: Millis,
    /// By which edition and tokenizer it is handed out.
    pub basis: Basis,
}

/// An answer on its way in.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Which task.
    pub task: TaskId,
    /// Whose answer.
    pub annotator: String,
    /// What they say.
    pub version: Version,
}

/// A task that an annotator holds.
#[derive(Clone, Debug)]
pub struct HeldTask {
    /// The task.
    pub task: Arc<Task>,
    /// Its place in the queue.
    pub position: Position,
    /// When it was handed out.
    pub since: Millis,
    /// When the lease ends.
    pub until: Millis,
    /// By which edition and tokenizer it is handed out.
    pub basis: Basis,
}

/// One of an annotator's answers, with its task.
#[derive(Clone, Debug)]
pub struct PastAnswer {
    /// The number under which the task was admitted.
    pub number: SequenceNumber,
    /// The task.
    pub task: Arc<Task>,
    /// The answer that holds.
    pub version: Version,
}

impl PastAnswer {
    /// The place of this answer among its annotator's.
    pub fn cursor(&self) -> HistoryCursor {
        HistoryCursor { time_returned: self.version.time_returned, number: self.number }
    }
}

/// A place among an annotator's answers, which stand in the order of time and then of number.
///
/// It is made of what the answer says, not of how many there are, so that answers which are given
/// while one reads back move nothing. Rejected: the identity of the task, whose answer may be
/// revised and then stands elsewhere; the time alone, which answers that were taken over may share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HistoryCursor {
    /// When the answer was given.
    pub time_returned: Millis,
    /// The number of its task.
    pub number: SequenceNumber,
}

/// Everything that is known of a task.
#[derive(Clone, Debug)]
pub struct Record {
    /// The task.
    pub task: Arc<Task>,
    /// The number under which it was admitted.
    pub number: SequenceNumber,
    /// Its place in the queue.
    pub position: Position,
    /// Who holds it, who has answered, and what.
    pub state: TaskState,
}

/// Which tasks to walk over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordFilter {
    /// All of them.
    All,
    /// Those of which something is wanted.
    Unfinished,
    /// Gold tasks and repeats.
    Checks,
}

/// The wish to change a task as a whole: to name other people, to want more or less of it.
#[derive(Clone, Debug)]
pub struct StateUpdate {
    /// Which task.
    pub task: TaskId,
    /// Its state as it was when the change was decided. If it is another one by now, but for the
    /// times to which leases were renewed, nothing is changed.
    pub seen: TaskState,
    /// Its state as it should be, late answers filled in ([`TaskState::promote_late_answers`]).
    /// Answers and holds may have moved or gone; none may be new.
    pub now: TaskState,
}

/// What has been dealt out in a project: the counts that rules such as mixtures rest upon.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AllocationRecord {
    /// Grows with every change.
    pub version: i64,
    /// The counts, as whoever deals wrote them; empty before the first time.
    pub state: String,
    /// What was planned for tasks by a load that has not said yet that they are in. They are
    /// counted; should they come again, this is their plan.
    pub pending_plans: Vec<(TaskId, Plan)>,
}

/// One annotator's part.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AnnotatorStats {
    /// Answers that count.
    pub answered: u64,
    /// Answers that came too late.
    pub late: u64,
    /// Ignores that are no answers.
    pub skipped: u64,
    /// Answers to gold tasks and to repeats, which are in none of the other counts.
    pub checks: u64,
    /// Tasks in hand.
    pub held: u64,
    /// Unfinished tasks that name this annotator and that they have not answered in any way.
    pub named: u64,
    /// When their last answer was given.
    pub last_seen: Option<Millis>,
    /// The sum over their answers of the time from shown to answered, in milliseconds; answers of
    /// more than [`BREAK_THRESHOLD_MS`] count as breaks and are left out.
    pub worked_ms: u64,
    /// Answers in that sum.
    pub timed: u64,
}

/// Longer than this between shown and answered, in milliseconds, is a break and not work.
pub const BREAK_THRESHOLD_MS: i64 = 300_000;

/// The project's figures. Gold tasks and repeats are in `in_hand`, `checks` and `gold`
/// alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProjectStats {
    /// Tasks admitted.
    pub tasks: u64,
    /// Tasks of which nothing more is wanted.
    pub finished: u64,
    /// Answers wanted in all.
    pub wanted: u64,
    /// Answers that count.
    pub answers: u64,
    /// Tasks in somebody's hand, counted once for each holder.
    pub held: u64,
    /// Slots, free or held, that anyone may still fill.
    pub open_to_anyone: u64,
    /// Unfinished tasks that want more answers than there are people who may give them.
    pub short: u64,
    /// Answers to gold tasks and to repeats.
    pub checks: u64,
    /// Gold tasks of which something is wanted.
    pub gold: u64,
    /// By annotator; those without any work are missing.
    pub annotators: BTreeMap<String, AnnotatorStats>,
}

/// A moment of the store's own, to ask what came back since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReopenCursor(pub i64);

/// Why a store could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It does not answer; it may be back later.
    #[error("cannot {operation}: {store} cannot be reached: {source}")]
    Unavailable {
        /// What was being done, as in "record answers".
        operation: &'static str,
        /// The store, without credentials.
        store: String,
        /// What its client says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It answers with an error.
    #[error("cannot {operation}: {store} says: {source}")]
    Failed {
        /// What was being done.
        operation: &'static str,
        /// The store, without credentials.
        store: String,
        /// What its client says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What it holds is not what annotd put there.
    #[error("cannot {operation}: {what}")]
    Unreadable {
        /// What was being done.
        operation: &'static str,
        /// Which part cannot be read, and what to do.
        what: String,
    },
    /// It is of an older format, and this is not the command that changes it.
    #[error("cannot {operation}: {what}")]
    OlderFormat {
        /// What was being done.
        operation: &'static str,
        /// Which format it is of, and which command brings it to the present one.
        what: String,
    },
}

impl StoreError {
    /// Whether trying again later may help.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

/// A result of a store.
pub type Result<T> = std::result::Result<T, StoreError>;

/// The engine, for people.
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

/// A project's tasks and answers.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Which engine it is.
    fn engine(&self) -> StoreEngine;

    /// Where it is, for people, without credentials.
    fn location(&self) -> &str;

    /// Answers if the store does.
    async fn ping(&self) -> Result<()>;

    /// Says by which of the project's rules to go from now on. Before that it goes by the default:
    /// every answer counts, and tasks stand in the order of loading.
    fn set_policy(&self, policy: StorePolicy);

    /// Whether a task is one that the store can hold, with all answers that may come to it: if not,
    /// why, in words for the one who loads it.
    ///
    /// # Errors
    /// Why it cannot be held.
    fn can_hold(&self, _task: &Task) -> std::result::Result<(), String> {
        Ok(())
    }

    /// Lets tasks in, in this order; those that are there already stay as they are.
    async fn insert_tasks(&self, tasks: Vec<NewTask>) -> Result<InsertReport>;

    /// Which of these are there already.
    async fn existing_ids(&self, tasks: &[TaskId]) -> Result<HashSet<TaskId>>;

    /// What has been dealt out so far.
    async fn allocation_record(&self) -> Result<AllocationRecord>;

    /// Lets tasks in and writes down what has been dealt out with them, as one: if the deal is at
    /// the version `seen`, and otherwise not (then nothing is changed, and none is given).
    ///
    /// A crash in between loses no count: tasks that were counted and are not in are promised their
    /// plan.
    async fn insert_with_counters(
        &self,
        tasks: Vec<NewTask>,
        seen: i64,
        state: String,
    ) -> Result<Option<InsertReport>>;

    /// Changes tasks as a whole, each if it is as it was seen: which of them.
    async fn update_if_unchanged(&self, amendments: Vec<StateUpdate>) -> Result<Vec<bool>>;

    /// Tasks with a free slot in this lane behind `after`, in order, at most `limit` of them.
    ///
    /// Costs what it returns: neither finished tasks nor those of other lanes are walked over.
    async fn queued_tasks(
        &self,
        lane: &Lane,
        after: Position,
        limit: usize,
    ) -> Result<Vec<QueuedTask>>;

    /// The place of the first task in this lane behind `after` that this annotator could be
    /// handed. This walks over what they hold or have answered, so it is asked seldom.
    async fn first_queued_for(
        &self,
        annotator: &str,
        lane: &Lane,
        after: Position,
    ) -> Result<Option<Position>>;

    /// Tasks that became open out of their turn since the mark (a lease ended, somebody left, a
    /// load of a higher priority), and the next mark. May give some of them twice.
    async fn reopened(&self, since: ReopenCursor) -> Result<(Vec<QueuedTask>, ReopenCursor)>;

    /// Hands out tasks: for each claim, in its order, whether the annotator now holds the task.
    ///
    /// A claim that is sent again after a failure is granted again.
    async fn claim(&self, claims: Vec<Claim>) -> Result<Vec<bool>>;

    /// Takes in answers: for each, in its order, what became of it. Durable on return.
    async fn record(&self, answers: Vec<Submission>) -> Result<Vec<AnswerOutcome>>;

    /// Prolongs everything that these annotators hold.
    async fn renew(&self, annotators: Vec<(String, Millis)>) -> Result<()>;

    /// Takes back everything that an annotator holds; says how much it was.
    async fn release(&self, annotator: &str) -> Result<u64>;

    /// Takes back everything that is held beyond its time; says how much it was.
    async fn expire_leases(&self, now: Millis) -> Result<u64>;

    /// What an annotator holds, in the order of the queue.
    async fn held_by(&self, annotator: &str) -> Result<Vec<HeldTask>>;

    /// Whether something that this annotator could otherwise have is held by others.
    async fn has_tasks_held_by_others(&self, annotator: &str) -> Result<bool>;

    /// Everything about these tasks, in the order asked for; `None` for those that are not there.
    async fn look_up(&self, tasks: &[TaskId]) -> Result<Vec<Option<Record>>>;

    /// The tasks with this `_task_hash`, at most two: enough to tell whether it is unique.
    async fn with_task_hash(&self, task_hash: i64) -> Result<Vec<TaskId>>;

    /// An annotator's last answers that count, newest first, with their tasks: of those before a
    /// place, or of all.
    async fn history(
        &self,
        annotator: &str,
        before: Option<HistoryCursor>,
        limit: usize,
    ) -> Result<Vec<PastAnswer>>;

    /// Tasks in the order of loading, a page at a time: those behind `after`.
    async fn records(
        &self,
        which: RecordFilter,
        after: SequenceNumber,
        limit: usize,
    ) -> Result<Vec<Record>>;

    /// The project's figures, kept as answers pass through.
    async fn stats(&self) -> Result<ProjectStats>;

    /// Looks over a page of tasks, whether what is kept with them follows from what is known of
    /// them, and repairs it if that is asked for. A daemon may be at work meanwhile.
    async fn audit(&self, page: PageRequest, how: AuditOptions) -> Result<AuditedPage>;

    /// Looks over what only the whole of the store can tell: figures, orphans, promises. Comes
    /// after the pages, so that a repair finds them in order.
    async fn audit_whole(&self, how: AuditOptions) -> Result<Vec<Finding>>;

    /// The fingerprint under which a file of tasks was last loaded whole.
    async fn loaded_file(&self, name: &str) -> Result<Option<String>>;

    /// Notes that a file of tasks has been loaded whole.
    async fn note_loaded_file(&self, name: &str, fingerprint: &str) -> Result<()>;

    /// Every file of tasks that was loaded whole, with its fingerprint, in the order of names.
    async fn loaded_files(&self) -> Result<Vec<(String, String)>>;

    /// How many tasks there are, whatever they are there for: counted, and not kept.
    async fn count(&self) -> Result<u64>;

    /// The numbers of tasks behind `after`, in order, at most `limit` of them. No task is read.
    async fn numbers(&self, after: SequenceNumber, limit: usize) -> Result<Vec<SequenceNumber>>;

    /// What is there, to somebody who wants to restore a backup.
    async fn restore_target(&self) -> Result<RestoreTarget>;

    /// Marks the store as being restored since `now`, and removes what an earlier restore has left.
    /// From now on it cannot be opened but by [`open_for_restore`], until [`Store::end_restore`].
    ///
    /// Fails, with nothing changed, if it holds tasks and does not bear the mark.
    async fn begin_restore(&self, now: Millis) -> Result<()>;

    /// Puts tasks there as they were: number, place, and everything that is known of them. One that
    /// is there already stays as it is. Figures, queue and numbering follow.
    ///
    /// Places that two tasks share, as a change of the order may leave them where one of the two is
    /// finished, are kept apart where the engine asks for that.
    async fn restore_records(&self, records: Vec<Record>) -> Result<()>;

    /// Puts back what has been dealt out, version and promises included.
    async fn restore_allocation_record(&self, allocation_record: AllocationRecord) -> Result<()>;

    /// Takes the mark away: the project is whole.
    async fn end_restore(&self) -> Result<()>;

    /// Everybody's key, by name. The store knows nothing of what the names stand for.
    async fn keys(&self) -> Result<BTreeMap<String, String>>;

    /// Writes down keys, by name. Those that are there already are replaced, or, with `keep`, stay
    /// as they are: of two processes that make somebody's first key, one prevails.
    async fn set_keys(&self, keys: BTreeMap<String, String>, keep: bool) -> Result<()>;

    /// The rule by which the store tells whether two tasks are one; none if it was never set.
    async fn identity(&self) -> Result<Option<String>>;

    /// Sets that rule if there is none yet, or no task either; gives the one in force.
    async fn set_identity(&self, rule: &str) -> Result<String>;

    /// The number of an edition of the roster, from 1, by its text. A text that is new gets the
    /// next number; the same text has the same number ever after.
    async fn edition(&self, text: &str) -> Result<u32>;

    /// The texts of all editions, by their numbers.
    async fn editions(&self) -> Result<BTreeMap<u32, String>>;

    /// Ends the connection after what is under way.
    async fn close(&self);
}
