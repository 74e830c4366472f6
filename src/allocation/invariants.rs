//! What must hold of every task at any time, by name.
//!
//! One list for the property tests, the fault tests and `annotd verify`. The invariants that
//! speak of more than one task's state (*durable*, *idempotent*, *alive*, *split*,
//! *deterministic*, *untouched*) are checked where both sides of them are known.

use std::collections::HashSet;

use super::Ledger;

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
pub fn check(task: &Ledger) -> Vec<Invariant> {
    let wanted = task.wanted as usize;
    let mut broken = Vec::new();
    if task.answers.len() > wanted {
        broken.push(Invariant::Exact);
    }
    let mut people = HashSet::new();
    if !task.takers().all(|who| people.insert(who)) {
        broken.push(Invariant::Once);
    }
    if task.answers.len() + task.held.len() > wanted {
        broken.push(Invariant::HeldOnce);
    }
    // Who had it once may answer too late, which counts for nothing.
    if people.iter().any(|who| !task.is_for(who) && !task.is_late(who)) {
        broken.push(Invariant::Eligible);
    }
    if task.finished != (task.answers.len() >= wanted) {
        broken.push(Invariant::Finished);
    }
    broken
}
