//! Queues in which everybody finds their next task in constant time.
//!
//! A [`TaskLog`] is a list of tasks that only grows, and each reader has a place in it that only goes
//! forward. What is full is taken out for all of them at once: each place knows the next one that may
//! still be in, and the ways there are shortened as they are walked (Tarjan, "Efficiency of a good but
//! not linear set union algorithm", 1975). So somebody far ahead does not walk over what others have
//! done, and what they have answered themselves lies behind them. A task that comes back, because it
//! wants another answer or somebody skipped it, is put at the end of a log of its own, which is looked
//! at first; what came back and what comes next are compared by
//! their place in the queue, as the daemon does.
//!
//! Where answers move a task (finish-first) there is a log for each number of answers that are lacking.
//!
//! Rejected: an ordered set of open tasks. Whoever is far ahead walks over all that they have answered
//! at each claim.

use crate::allocation::order::REMAINING_CAP;

/// No task, no place, no answer.
pub(super) const NONE: u32 = u32::MAX;

/// Where in a queue something was put.
#[derive(Clone, Copy, Debug)]
pub(super) struct QueueSlot {
    pub(super) level: u8,
    pub(super) at: u32,
}

/// A list of tasks that only grows.
#[derive(Default)]
struct TaskLog {
    tasks: Vec<u32>,
    /// For each place the first from there on that may still be in; itself if it is.
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

    /// The first place from here on that is still in; the length if there is none.
    fn find(&mut self, from: u32) -> u32 {
        let mut at = from;
        while let Some(&next) = self.next.get(at as usize) {
            if next == at {
                break;
            }
            // Half of the way is cut off for whoever comes next.
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

/// How far somebody has come in each log of a queue.
#[derive(Clone, Default)]
pub(super) struct QueueReader {
    at: Vec<u32>,
}

/// The tasks of one lane.
#[derive(Default)]
pub(super) struct Queue {
    logs: Vec<TaskLog>,
}

/// The level of what came back.
pub(super) const BACK: u8 = 0;
/// The level of all else, where answers do not move tasks.
pub(super) const PLAIN: u8 = 1;

/// The level of a task that lacks so many answers, where answers move tasks.
pub(super) fn level(remaining: u32) -> u8 {
    u8::try_from(remaining.min(REMAINING_CAP)).unwrap_or(u8::MAX - 1) + 1
}

impl Queue {
    /// Puts a task at the end of a level.
    pub(super) fn push(&mut self, level: u8, task: u32) -> QueueSlot {
        let index = usize::from(level);
        if self.logs.len() <= index {
            self.logs.resize_with(index + 1, TaskLog::default);
        }
        QueueSlot { level, at: self.logs[index].push(task) }
    }

    /// Takes a task out, for all readers.
    pub(super) fn close(&mut self, place: QueueSlot) {
        if let Some(log) = self.logs.get_mut(usize::from(place.level)) {
            log.close(place.at);
        }
    }

    /// How many levels there are.
    pub(super) fn levels(&self) -> u8 {
        u8::try_from(self.logs.len()).unwrap_or(u8::MAX)
    }

    /// The next task of a level that is open to this reader. What is not is never offered to them
    /// again, unless it is put in anew.
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

    /// Whether this reader has come to the end of everything.
    pub(super) fn is_read(&self, reader: &QueueReader) -> bool {
        self.logs
            .iter()
            .enumerate()
            .all(|(index, log)| reader.at.get(index).copied().unwrap_or(0) >= log.len())
    }
}
