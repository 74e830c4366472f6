//! What annotators hold, as this process remembers it.
//!
//! The store knows it, too; this saves asking it for each request, and it is read from the store
//! again whenever there is a doubt: at an annotator's first request, after a failure, and when a
//! lease may have ended.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::store::HeldTask;
use crate::task::{Millis, Task, TaskId};

/// Everybody's hands, shared by those who hand out and those who take in.
#[derive(Clone, Default)]
pub(super) struct Hands(Arc<Mutex<HashMap<String, Vec<HeldTask>>>>);

impl Hands {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Vec<HeldTask>>> {
        // A panic elsewhere leaves the map whole: every change to it is a single call.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What somebody holds, if it is known and no lease in it has ended.
    pub(super) fn of(&self, annotator: &str, now: Millis) -> Option<Vec<HeldTask>> {
        let all = self.all();
        let hand = all.get(annotator)?;
        hand.iter().all(|held| held.until > now).then(|| hand.clone())
    }

    /// Notes what the store says somebody holds.
    pub(super) fn set(&self, annotator: &str, hand: Vec<HeldTask>) {
        self.all().insert(annotator.to_owned(), hand);
    }

    /// Adds a task that was handed out.
    pub(super) fn add(&self, annotator: &str, held: HeldTask) {
        let mut all = self.all();
        let hand = all.entry(annotator.to_owned()).or_default();
        if !hand.iter().any(|other| other.task.id == held.task.id) {
            hand.push(held);
        }
    }

    /// Takes away a task that was answered.
    pub(super) fn remove(&self, annotator: &str, task: &TaskId) {
        if let Some(hand) = self.all().get_mut(annotator) {
            hand.retain(|held| held.task.id != *task);
        }
    }

    /// Forgets what somebody holds, so that the store is asked.
    pub(super) fn forget(&self, annotator: &str) {
        self.all().remove(annotator);
    }

    /// A task in somebody's hand.
    pub(super) fn task(&self, annotator: &str, task: &TaskId) -> Option<(Arc<Task>, Millis)> {
        let all = self.all();
        let held = all.get(annotator)?.iter().find(|held| held.task.id == *task)?;
        Some((Arc::clone(&held.task), held.since))
    }

    /// The tasks in somebody's hand with this `_task_hash`.
    pub(super) fn with_task_hash(&self, annotator: &str, task_hash: i32) -> Vec<TaskId> {
        let all = self.all();
        let hand = all.get(annotator).into_iter().flatten();
        hand.filter(|held| held.task.task_hash == task_hash)
            .map(|held| held.task.id.clone())
            .collect()
    }

    /// Whether something in somebody's hand ends before this time.
    pub(super) fn ends_before(&self, annotator: &str, time: Millis) -> bool {
        self.all().get(annotator).is_some_and(|hand| hand.iter().any(|held| held.until < time))
    }

    /// Notes that leases were renewed.
    pub(super) fn renewed(&self, annotator: &str, until: Millis) {
        if let Some(hand) = self.all().get_mut(annotator) {
            for held in hand {
                held.until = held.until.max(until);
            }
        }
    }
}
