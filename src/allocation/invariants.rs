//! The named invariants: what must hold of every task at any time.
//!
//! One list for the property tests, the fault tests and `annotd verify`. The invariants about more
//! than one task's state (*durable*, *idempotent*, *alive*, *split*, *deterministic*, *untouched*)
//! are checked where both sides are known. *untouched* has one exception: in `jsonl`, the task's
//! own values of keys that an answer sets are kept apart, under `_task`.

use std::collections::HashSet;

use super::TaskState;

/// An invariant that a single task can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Invariant {
    /// Answers that count never exceed what is wanted.
    Exact,
    /// No annotator has answered twice, or holds a task that they have answered.
    Once,
    /// Leases and counted answers together never exceed what is wanted.
    HeldOnce,
    /// No annotator holds or answers a task that is not for them.
    Eligible,
    /// A task is finished exactly when no more answers are wanted.
    Finished,
}

impl Invariant {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Once => "once",
            Self::HeldOnce => "held-once",
            Self::Eligible => "eligible",
            Self::Finished => "finished",
        }
    }
}

/// The invariants that this task breaks.
pub fn check(task: &TaskState) -> Vec<Invariant> {
    let wanted = task.wanted as usize;
    let mut broken = Vec::new();
    if task.answers.len() > wanted {
        broken.push(Invariant::Exact);
    }
    let mut people = HashSet::new();
    if !task.participants().all(|who| people.insert(who)) {
        broken.push(Invariant::Once);
    }
    if task.answers.len() + task.held.len() > wanted {
        broken.push(Invariant::HeldOnce);
    }
    // A previous holder may answer late, or skip, which does not count.
    let holders = task.held.iter().map(|lease| lease.annotator.as_str());
    if holders.chain(task.counted_annotators()).any(|who| !task.admits(who)) {
        broken.push(Invariant::Eligible);
    }
    if task.finished != (task.answers.len() >= wanted) {
        broken.push(Invariant::Finished);
    }
    broken
}

/// The task with everything corrected that follows from its answers. No annotator holds a task that
/// they have answered, or holds it twice, and it is finished exactly when no more answers are
/// wanted. Answers and all other leases stay as they are.
#[must_use]
pub fn repaired(task: &TaskState) -> TaskState {
    let mut repaired = task.clone();
    let mut holders = HashSet::new();
    repaired.held.retain(|lease| {
        !task.has_answered(&lease.annotator) && holders.insert(lease.annotator.clone())
    });
    repaired.finished = repaired.remaining() == 0;
    repaired
}

#[cfg(test)]
mod tests {
    use super::super::{Lane, Lease, SettlePolicy};
    use super::*;
    use crate::task::{Basis, Millis, TaskJson, Verdict, Version};

    fn lease(annotator: &str, until: i64) -> Lease {
        Lease {
            annotator: annotator.to_owned(),
            since: Millis(0),
            until: Millis(until),
            basis: Basis::default(),
        }
    }

    #[test]
    fn repair_corrects_only_what_follows_from_the_answers() {
        let mut task = TaskState::new(2, vec![Lane::Anyone]);
        let version = Version {
            verdict: Verdict::Accept,
            data: serde_json::Map::new(),
            time_loaded: Millis(1),
            time_returned: Millis(2),
            basis: Basis::default(),
        };
        task.record("andy", version, &SettlePolicy::default(), &TaskJson::empty());
        let mut damaged = task.clone();
        damaged.held = vec![lease("andy", 1), lease("zach", 2), lease("zach", 3)];
        damaged.finished = true;
        let broken = [Invariant::Once, Invariant::HeldOnce, Invariant::Finished];
        assert_eq!(check(&damaged), broken);
        task.held = vec![lease("zach", 2)];
        assert_eq!(repaired(&damaged), task);
        assert_eq!(repaired(&task), task);
        // More answers than wanted are work: they stay, and stay a finding.
        task.wanted = 0;
        assert_eq!(check(&repaired(&task)), [Invariant::Exact, Invariant::HeldOnce]);
    }
}
