//! Queues in which each annotator finds their next task in constant time.
//!
//! A [`TaskLog`] is a list of tasks that only grows, and each reader has a cursor in it that only
//! moves forward. A full task is removed for all readers at once: each index knows the next one
//! that may still be open, and these paths are shortened as they are walked (Tarjan, "Efficiency of
//! a good but not linear set union algorithm", 1975). So an annotator far ahead does not walk over
//! tasks that others have done, and the tasks that they have answered lie behind their cursor. A
//! reopened task is appended to a log of its own. The heads of both logs are compared by position,
//! as the daemon does.
//!
//! Where answers move a task (finish-first), there is a log for each number of remaining answers.
//!
//! Rejected: an ordered set of open tasks. At each claim, an annotator far ahead walks over all
//! that they have answered.

use crate::allocation::order::REMAINING_CAP;

/// No task, no index, no answer.
pub(super) const NONE: u32 = u32::MAX;

/// The level and the index of a task in a queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct QueueSlot {
    pub(super) level: u8,
    pub(super) at: u32,
}

/// A list of tasks that only grows.
#[derive(Default)]
struct TaskLog {
    tasks: Vec<u32>,
    /// For each index the first from there on that may still be open; itself if it is.
    next: Vec<u32>,
}

impl TaskLog {
    fn len(&self) -> u32 {
        // As many as there are tasks or answers: below 2³².
        u32::try_from(self.tasks.len()).unwrap_or(NONE)
    }

    fn push(&mut self, task: u32) -> u32 {
        let at = self.len();
        self.tasks.push(task);
        self.next.push(at);
        at
    }

    /// The first index from here on that is still open; the length if there is none.
    fn find(&mut self, from: u32) -> u32 {
        let mut at = from;
        while let Some(&next) = self.next.get(at as usize) {
            if next == at {
                break;
            }
            // Halve the path for the next reader.
            let further = self.next.get(next as usize).copied().unwrap_or(next);
            self.next[at as usize] = further;
            at = further;
        }
        at.min(self.len())
    }

    fn close(&mut self, at: u32) {
        if let Some(next) = self.next.get_mut(at as usize)
            && *next == at
        {
            *next = at + 1;
        }
    }
}

/// How far an annotator has come in each log of a queue.
#[derive(Clone, Default)]
pub(super) struct QueueReader {
    at: Vec<u32>,
}

/// The tasks of one lane.
#[derive(Default)]
pub(super) struct Queue {
    logs: Vec<TaskLog>,
}

/// The level of reopened tasks.
pub(super) const REOPENED: u8 = 0;
/// The level of all other tasks, where answers do not move tasks.
pub(super) const REGULAR: u8 = 1;

/// The level of a task with this many answers remaining, where answers move tasks.
pub(super) fn level(remaining: u32) -> u8 {
    u8::try_from(remaining.min(REMAINING_CAP)).unwrap_or(u8::MAX - 1) + 1
}

impl Queue {
    /// Appends a task to a level.
    pub(super) fn push(&mut self, level: u8, task: u32) -> QueueSlot {
        let index = usize::from(level);
        if self.logs.len() <= index {
            self.logs.resize_with(index + 1, TaskLog::default);
        }
        QueueSlot { level, at: self.logs[index].push(task) }
    }

    /// Removes a task for all readers.
    pub(super) fn close(&mut self, place: QueueSlot) {
        if let Some(log) = self.logs.get_mut(usize::from(place.level)) {
            log.close(place.at);
        }
    }

    /// How many levels there are.
    pub(super) fn levels(&self) -> u8 {
        u8::try_from(self.logs.len()).unwrap_or(u8::MAX)
    }

    /// The next task of a level that is open to this reader. Tasks that are not open are not
    /// offered to them again unless they are appended again.
    pub(super) fn head(
        &mut self,
        reader: &mut QueueReader,
        level: u8,
        open: impl Fn(u32) -> bool,
    ) -> Option<(u32, QueueSlot)> {
        let index = usize::from(level);
        let log = self.logs.get_mut(index)?;
        if reader.at.len() <= index {
            reader.at.resize(index + 1, 0);
        }
        loop {
            let at = log.find(reader.at[index]);
            reader.at[index] = at;
            let task = *log.tasks.get(at as usize)?;
            if open(task) {
                return Some((task, QueueSlot { level, at }));
            }
            reader.at[index] = at + 1;
        }
    }

    /// Whether this reader has come to the end of all levels.
    pub(super) fn is_read(&self, reader: &QueueReader) -> bool {
        self.logs
            .iter()
            .enumerate()
            .all(|(index, log)| reader.at.get(index).copied().unwrap_or(0) >= log.len())
    }
}
