//! What a store returns: a task with its state, in the forms that its readers need.

use std::sync::Arc;

use crate::allocation::{Lane, Position, SequenceNumber, TaskState};
use crate::task::{Basis, Millis, Task, Version};

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

/// A task with a free slot, as it was when it was read.
#[derive(Clone, Debug)]
pub struct QueuedTask {
    /// The task.
    pub task: Arc<Task>,
    /// Its place in the queue.
    pub position: Position,
    /// The lanes it stands in.
    pub lanes: Vec<Lane>,
    /// Free slots.
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

/// A moment of the store's own, to ask what came back since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReopenCursor(pub i64);
