//! What a store is asked to write, and what it reports of it.

use crate::allocation::order::Order;
use crate::allocation::{Plan, SettlePolicy, TaskState};
use crate::task::{Basis, Millis, Task, TaskId, Version};

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

/// What became of the tasks of one call of
/// [`TaskStore::insert_tasks`](super::TaskStore::insert_tasks).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InsertReport {
    /// Tasks that are new.
    pub new: u64,
    /// Tasks that were there already, or twice in the call: nothing changed.
    pub same: u64,
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
    /// The counters as text, as the planner wrote them; empty before the first time.
    pub state: String,
    /// What was planned for tasks by a load that has not said yet that they are in. They are
    /// counted; should they come again, this is their plan.
    pub pending_plans: Vec<(TaskId, Plan)>,
}
