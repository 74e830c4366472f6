//! What must hold of every task at any time, by name.
//!
//! One list for the property tests, the fault tests and `annotd verify`. The invariants that
//! speak of more than one task's state (*durable*, *idempotent*, *alive*, *split*,
//! *deterministic*, *untouched*) are checked where both sides of them are known. *untouched* has one
//! exception: in `jsonl` a task's keys that an answer sets stand apart, under `_task`.

use std::collections::HashSet;

use super::TaskState;

/// An invariant that a single task can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Invariant {
    /// Answers that count never exceed what is wanted.
    Exact,
    /// Nobody has answered twice, or holds what they have answered.
    Once,
    /// Holders and counted answers together never exceed what is wanted.
    HeldOnce,
    /// Nobody has or answers a task that is not meant for them.
    Eligible,
    /// A task is finished exactly when nothing more is wanted of it.
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
    // Who had it once may answer too late, or skip it, which counts for nothing.
    let holders = task.held.iter().map(|hold| hold.annotator.as_str());
    if holders.chain(task.counted_annotators()).any(|who| !task.admits(who)) {
        broken.push(Invariant::Eligible);
    }
    if task.finished != (task.answers.len() >= wanted) {
        broken.push(Invariant::Finished);
    }
    broken
}

/// The task with everything put right that follows from its answers: nobody holds what they have
/// answered, nobody holds it twice, and it is finished exactly when nothing more is wanted. Answers
/// and all other holds stay as they are.
#[must_use]
pub fn repaired(task: &TaskState) -> TaskState {
    let mut mended = task.clone();
    let mut holders = HashSet::new();
    mended.held.retain(|hold| {
        !task.has_answered(&hold.annotator) && holders.insert(hold.annotator.clone())
    });
    mended.finished = mended.remaining() == 0;
    mended
}

#[cfg(test)]
mod tests {
    use super::super::{Lane, Lease, SettlePolicy};
    use super::*;
    use crate::task::{Basis, Body, Millis, Verdict, Version};

    fn hold(annotator: &str, until: i64) -> Lease {
        Lease {
            annotator: annotator.to_owned(),
            since: Millis(0),
            until: Millis(until),
            basis: Basis::default(),
        }
    }

    #[test]
    fn what_follows_from_the_answers_is_put_right_and_nothing_else() {
        let mut task = TaskState::new(2, vec![Lane::Anyone]);
        let version = Version {
            verdict: Verdict::Accept,
            data: serde_json::Map::new(),
            time_loaded: Millis(1),
            time_returned: Millis(2),
            basis: Basis::default(),
        };
        task.record("andy", version, &SettlePolicy::default(), &Body::empty());
        let mut damaged = task.clone();
        damaged.held = vec![hold("andy", 1), hold("zach", 2), hold("zach", 3)];
        damaged.finished = true;
        let broken = [Invariant::Once, Invariant::HeldOnce, Invariant::Finished];
        assert_eq!(check(&damaged), broken);
        task.held = vec![hold("zach", 2)];
        assert_eq!(repaired(&damaged), task);
        assert_eq!(repaired(&task), task);
        // More answers than wanted are somebody's work: they stay, and stay a finding.
        task.wanted = 0;
        assert_eq!(check(&repaired(&task)), [Invariant::Exact, Invariant::HeldOnce]);
    }
}
