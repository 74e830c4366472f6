//! What this process believes about the tasks that it has lately read: whether the next answer is
//! the last one that is wanted.
//!
//! MongoDB does not say which of a group's answers finished their task, and a guarded write cannot
//! compare two fields without a pipeline, which costs the server more than the plain operators. So
//! an answer is sent with the expectation in its guard: either "more than one answer is wanted
//! still", or "this is the last one". Where the expectation was wrong (another daemon has taken an
//! answer meanwhile), the guard does not match, nothing happens, and the task is read. A wrong
//! belief costs a round trip, never a wrong figure.
//!
//! Rejected: reading each task back after its answer, a round trip for every group.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::document::TaskDocument;
use crate::allocation::order::REMAINING_CAP;
use crate::allocation::{Lane, Purpose, TaskState};
use crate::task::TaskId;

/// Beliefs that are kept at most: some 10 MB. Beyond, they are all forgotten, and learnt again.
const CAPACITY: usize = 100_000;

/// A belief about one task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RemainingEntry {
    /// Answers still wanted.
    pub(super) left: u32,
    /// Whether anyone may answer it, or those it names.
    pub(super) for_anyone: bool,
}

/// All beliefs.
#[derive(Default)]
pub(super) struct RemainingCache {
    views: Mutex<HashMap<TaskId, RemainingEntry>>,
}

impl RemainingCache {
    /// Learns from a task that has been read.
    pub(super) fn learn(&self, task: &TaskDocument) {
        let for_anyone = task.lanes.contains(&Lane::Anyone);
        // Where fewer answers are wanted than people are named, the last answer also ends the wait
        // for the rest of them, and who they are has to be read. Checks count differently, and the
        // place of a task that lacks very many answers does not move with each.
        let plain = (for_anyone || task.wanted as usize == task.lanes.len())
            && task.purpose == Purpose::Regular
            && task.wanted <= REMAINING_CAP;
        if plain && task.left > 0 {
            self.put(&task.id, RemainingEntry { left: task.left, for_anyone });
        }
    }

    /// Learns from a task that has been read and to which answers are about to be added.
    pub(super) fn learn_after(&self, task: &mut TaskDocument, state: Option<&TaskState>) {
        if let Some(state) = state {
            let answers = u32::try_from(state.answers.len()).unwrap_or(u32::MAX);
            task.left = state.wanted.saturating_sub(answers);
            self.learn(task);
        }
    }

    fn put(&self, task: &TaskId, view: RemainingEntry) {
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        if views.len() >= CAPACITY && !views.contains_key(task) {
            views.clear();
        }
        views.insert(task.clone(), view);
    }

    /// Returns the cached remaining count and subtracts `answers`; `None` if fewer than `answers +
    /// more` remain.
    pub(super) fn expect_answers(
        &self,
        task: &TaskId,
        answers: u32,
        more: u32,
    ) -> Option<RemainingEntry> {
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        let view = views.get_mut(task)?;
        let expected = *view;
        if expected.left < answers.saturating_add(more) {
            views.remove(task);
            return None;
        }
        if expected.left > answers {
            view.left -= answers;
        } else {
            views.remove(task);
        }
        Some(expected)
    }

    /// Forgets a belief that has turned out wrong.
    pub(super) fn forget(&self, task: &TaskId) {
        self.views.lock().unwrap_or_else(PoisonError::into_inner).remove(task);
    }
}
