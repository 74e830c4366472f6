//! The allocator's copy of what each annotator holds.
//!
//! It saves reading the store for each request. It is read from the store again whenever there is a
//! doubt: at an annotator's first request, after a failure, and when a lease may have ended.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use super::LeasedTask;
use crate::store::{HeldTask, QueuedTask};
use crate::task::{Millis, TaskId};

/// The leases of all annotators. The claim loop and the answer loop share it.
#[derive(Clone, Default)]
pub(super) struct HeldCache(Arc<Mutex<HashMap<String, HeldTasks>>>);

/// What one annotator holds, and what has changed it.
#[derive(Default)]
struct HeldTasks {
    /// `None` if it has to be read from the store.
    held: Option<Vec<HeldTask>>,
    revision: Revision,
    /// The tasks of the last answers, each with the answer's number.
    answered: VecDeque<(u64, TaskId)>,
}

/// Answers that are remembered. If more arrive while the store grants a claim, the leases are read
/// again.
const REMEMBERED: usize = 64;

/// The revision of an entry. A reply of the store that was asked for at an older revision may be
/// out of date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Revision {
    forgotten: u64,
    answered: u64,
}

impl HeldCache {
    fn all(&self) -> MutexGuard<'_, HashMap<String, HeldTasks>> {
        // A panic elsewhere leaves the map consistent: every change is a single call.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What an annotator holds, if it is known and none of the leases has ended.
    pub(super) fn of(&self, annotator: &str, now: Millis) -> Option<Vec<HeldTask>> {
        let all = self.all();
        let held = all.get(annotator)?.held.as_ref()?;
        held.iter().all(|held| held.until > now).then(|| held.clone())
    }

    /// The present revision. Take it before a call of the store, and pass it to [`HeldCache::set`]
    /// or [`HeldCache::add`] with the reply.
    pub(super) fn revision(&self, annotator: &str) -> Revision {
        self.all().get(annotator).map(|entry| entry.revision).unwrap_or_default()
    }

    /// Sets what an annotator holds, as the store returned it. Returns whether that is up to date.
    pub(super) fn set(&self, annotator: &str, held: &[HeldTask], asked: Revision) -> bool {
        let mut all = self.all();
        let entry = all.entry(annotator.to_owned()).or_default();
        let holds = entry.revision == asked;
        if holds {
            entry.held = Some(held.to_vec());
        }
        holds
    }

    /// Adds a task that was handed out. Does nothing if the entry was forgotten since (the task may
    /// have been released as well), or if the task was answered since, as by a copy of an answer
    /// from before its lease ended.
    pub(super) fn add(&self, annotator: &str, task: HeldTask, asked: Revision) {
        let mut all = self.all();
        let Some(entry) = all.get_mut(annotator) else { return };
        if entry.revision.forgotten != asked.forgotten {
            return;
        }
        if entry.revision.answered - asked.answered > REMEMBERED as u64 {
            entry.revision.forgotten += 1;
            entry.held = None;
            return;
        }
        let mut since = entry.answered.iter().filter(|(number, _)| *number > asked.answered);
        if since.any(|(_, answered)| *answered == task.task.id) {
            return;
        }
        if let Some(held) = &mut entry.held
            && !held.iter().any(|other| other.task.id == task.task.id)
        {
            held.push(task);
        }
    }

    /// Removes a task that was answered.
    pub(super) fn remove(&self, annotator: &str, task: &TaskId) {
        let mut all = self.all();
        let entry = all.entry(annotator.to_owned()).or_default();
        entry.revision.answered += 1;
        entry.answered.push_back((entry.revision.answered, task.clone()));
        if entry.answered.len() > REMEMBERED {
            entry.answered.pop_front();
        }
        if let Some(held) = &mut entry.held {
            held.retain(|held| held.task.id != *task);
        }
    }

    /// Forgets what an annotator holds, so that it is read from the store.
    pub(super) fn forget(&self, annotator: &str) {
        let mut all = self.all();
        let entry = all.entry(annotator.to_owned()).or_default();
        entry.revision.forgotten += 1;
        entry.held = None;
    }

    /// Forgets the entries of annotators who no longer hold one of these reopened tasks, as when a
    /// lead has released it.
    pub(super) fn invalidate_reopened(&self, tasks: &[QueuedTask]) {
        for (annotator, entry) in self.all().iter_mut() {
            let gone = |held: &HeldTask| {
                tasks.iter().any(|open| {
                    open.task.id == held.task.id && !open.participants.contains(annotator)
                })
            };
            if entry.held.iter().flatten().any(gone) {
                entry.revision.forgotten += 1;
                entry.held = None;
            }
        }
    }

    /// A task that an annotator holds.
    pub(super) fn task(&self, annotator: &str, task: &TaskId) -> Option<LeasedTask> {
        let all = self.all();
        let mut held = all.get(annotator)?.held.iter().flatten();
        let held = held.find(|held| held.task.id == *task)?;
        Some(LeasedTask::from(held))
    }

    /// Whether a lease of an annotator ends before this time.
    pub(super) fn ends_before(&self, annotator: &str, time: Millis) -> bool {
        let all = self.all();
        let mut held =
            all.get(annotator).and_then(|entry| entry.held.as_ref()).into_iter().flatten();
        held.any(|held| held.until < time)
    }

    /// Notes that the store has renewed an annotator's leases; `now` is after that. If one had
    /// ended, its task may have been released before, so the entry is read again.
    pub(super) fn renewed(&self, annotator: &str, until: Millis, now: Millis) {
        let mut all = self.all();
        let Some(entry) = all.get_mut(annotator) else { return };
        let Some(held) = &mut entry.held else { return };
        if held.iter().any(|held| held.until <= now) {
            entry.revision.forgotten += 1;
            entry.held = None;
            return;
        }
        for held in held {
            held.until = held.until.max(until);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocation::Position;
    use crate::task::{Basis, Task, TaskJson};

    fn held(text: &str) -> HeldTask {
        let body = TaskJson::parse(&format!("{{\"text\":\"{text}\"}}")).expect("a task");
        let task = Arc::new(Task::new(body));
        HeldTask {
            task,
            position: Position(1),
            since: Millis(0),
            until: Millis(100),
            basis: Basis::default(),
        }
    }

    #[test]
    fn a_reply_from_before_a_release_is_not_believed() {
        let cache = HeldCache::default();
        let asked = cache.revision("a");
        assert!(cache.set("a", &[held("1")], asked));
        let asked = cache.revision("a");
        cache.forget("a");
        assert!(!cache.set("a", &[held("1")], asked));
        cache.add("a", held("2"), asked);
        assert!(cache.of("a", Millis(1)).is_none(), "it is read from the store");
    }

    #[test]
    fn a_task_answered_while_it_is_handed_out_is_not_held() {
        let cache = HeldCache::default();
        assert!(cache.set("a", &[], cache.revision("a")));
        let asked = cache.revision("a");
        cache.remove("a", &held("1").task.id);
        cache.add("a", held("1"), asked);
        cache.add("a", held("2"), asked);
        let entry = cache.of("a", Millis(1)).expect("known");
        assert_eq!(entry.len(), 1);
        assert_eq!(entry[0].task.id, held("2").task.id);
    }

    #[test]
    fn a_reply_from_before_an_answer_is_not_believed() {
        let cache = HeldCache::default();
        let asked = cache.revision("a");
        cache.remove("a", &held("1").task.id);
        assert!(!cache.set("a", &[held("1")], asked));
        assert!(cache.of("a", Millis(1)).is_none(), "it is read from the store");
    }
}
