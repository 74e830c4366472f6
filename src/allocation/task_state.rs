//! The state of one task: its leases, its answers, and what can be read from them. `transitions.rs`
//! has what changes it.
//!
//! An answer is in one of three lists. `answers` count, and fill a slot each. `skipped` are ignores
//! in a project where an ignore does not count (`ignore = "skip"`): stored, and their slot is free
//! again. `late` answers arrived when there was no slot: they are stored, and the oldest of them
//! fills a slot that opens again ([`TaskState::promote_late_answers`]).

use super::{Lane, Plan, Purpose};
use crate::task::{Answer, Basis, Millis};

/// A lease: the right of an annotator to answer the task until a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The holder.
    pub annotator: String,
    /// When it was handed out.
    pub since: Millis,
    /// When it expires.
    pub until: Millis,
    /// The edition and tokenizer by which it was handed out.
    pub basis: Basis,
}

/// Everything that is known of a task besides its content.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskState {
    /// What the task is there for.
    pub purpose: Purpose,
    /// The part of the project's mixture to which it was counted; `None` if the mixture did not
    /// decide.
    pub part: Option<u16>,
    /// Whether the task itself or the load named its annotators: then only a lead moves it.
    pub bound: bool,
    /// Answers wanted, at least one, before any disagreement.
    pub planned: u32,
    /// Answers wanted now: those planned, and those that a disagreement added.
    pub wanted: u32,
    /// The annotators who may have it, including those who have had it.
    pub lanes: Vec<Lane>,
    /// The leases.
    pub held: Vec<Lease>,
    /// The answers that count, in the order in which they arrived.
    pub answers: Vec<Answer>,
    /// Ignores that do not count.
    pub skipped: Vec<Answer>,
    /// Answers that arrived when there was no free slot: stored, and not counted.
    pub late: Vec<Answer>,
    /// Annotators whose lease has ended without an answer. An answer from them is still accepted:
    /// what is in their browser is work. In alphabetical order.
    pub previous_holders: Vec<String>,
    /// No more answers are wanted.
    pub finished: bool,
}

/// How an answer was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AnswerOutcome {
    /// Stored as counting, or as a skip where ignores do not count.
    Saved,
    /// The same answer is stored already: nothing changed.
    Unchanged,
    /// It replaces an earlier answer of the same annotator, which stays in the history.
    Revised,
    /// Stored as late: the lease had ended and the task is full.
    Late,
    /// There is no such task for this annotator; nothing was stored.
    Unknown,
}

impl AnswerOutcome {
    /// The `status` of the HTTP interface.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Saved => "saved",
            Self::Unchanged => "unchanged",
            Self::Revised => "revised",
            Self::Late => "late",
            Self::Unknown => "unknown",
        }
    }
}

impl TaskState {
    /// A task without leases and answers.
    pub fn new(wanted: u32, lanes: Vec<Lane>) -> Self {
        Self {
            purpose: Purpose::Regular,
            part: None,
            bound: false,
            planned: wanted,
            wanted,
            lanes,
            held: Vec::new(),
            answers: Vec::new(),
            skipped: Vec::new(),
            late: Vec::new(),
            previous_holders: Vec::new(),
            finished: false,
        }
    }

    /// A task that enters with this plan.
    pub fn of(plan: &Plan) -> Self {
        Self {
            purpose: plan.purpose.clone(),
            part: plan.part,
            bound: plan.bound,
            ..Self::new(plan.wanted, plan.lanes.clone())
        }
    }

    /// Whether this is the same state, apart from renewed leases and the order of the holders.
    pub fn is_as(&self, other: &Self) -> bool {
        let holders = |state: &Self| {
            let mut holders: Vec<_> =
                state.held.iter().map(|hold| (hold.annotator.clone(), hold.since)).collect();
            holders.sort();
            holders
        };
        let rest = |state: &Self| Self { held: Vec::new(), ..state.clone() };
        holders(self) == holders(other) && rest(self) == rest(other)
    }

    /// Slots that are neither leased nor filled.
    pub fn free(&self) -> u32 {
        let taken = u32::try_from(self.held.len() + self.answers.len()).unwrap_or(u32::MAX);
        self.wanted.saturating_sub(taken)
    }

    /// Answers that are still wanted.
    pub fn remaining(&self) -> u32 {
        self.wanted.saturating_sub(u32::try_from(self.answers.len()).unwrap_or(u32::MAX))
    }

    /// The annotators whose answers count.
    pub fn counted_annotators(&self) -> impl Iterator<Item = &str> {
        self.answers.iter().map(|answer| answer.annotator.as_str())
    }

    /// The annotators who hold it or have answered it, in whichever list the answer is.
    pub fn participants(&self) -> impl Iterator<Item = &str> {
        let held = self.held.iter().map(|hold| hold.annotator.as_str());
        held.chain(self.all_answers().map(|answer| answer.annotator.as_str()))
    }

    fn all_answers(&self) -> impl Iterator<Item = &Answer> {
        self.answers.iter().chain(&self.skipped).chain(&self.late)
    }

    /// Whether the task is meant for this annotator at all.
    pub fn admits(&self, annotator: &str) -> bool {
        self.lanes.iter().any(|lane| lane.admits(annotator))
    }

    /// Whether an answer of this annotator is accepted, even if late: the task is for them, or they
    /// have had it.
    pub fn accepts_from(&self, annotator: &str) -> bool {
        self.admits(annotator)
            || self.has_answered(annotator)
            || self.holds(annotator)
            || self.previous_holders.iter().any(|holder| holder == annotator)
    }

    /// The annotators whom it names, in order; empty if it is for anyone.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.lanes.iter().filter_map(Lane::name)
    }

    /// Named annotators who neither hold it nor have answered it: their place can be given to
    /// others.
    pub fn pending_named(&self) -> impl Iterator<Item = &str> {
        self.names().filter(|name| !self.participants().any(|participant| participant == *name))
    }

    /// How many answers are wanted beyond the named annotators who can give one: a skip or a late
    /// answer gives none. 0 for a task that is for anyone.
    pub fn shortfall(&self) -> u32 {
        if self.finished || self.lanes.iter().any(|lane| lane.name().is_none()) {
            return 0;
        }
        let skipped = |name: &str| self.skipped.iter().any(|answer| answer.annotator == name);
        let late = |name: &str| self.late.iter().any(|answer| answer.annotator == name);
        let there = self.names().filter(|name| !skipped(name) && !late(name)).count();
        self.wanted.saturating_sub(u32::try_from(there).unwrap_or(u32::MAX))
    }

    pub(super) fn holds(&self, annotator: &str) -> bool {
        self.held.iter().any(|hold| hold.annotator == annotator)
    }

    /// The basis of this annotator's lease, or else of their answer.
    pub fn basis_of(&self, annotator: &str) -> Option<Basis> {
        let held = self.held.iter().find(|hold| hold.annotator == annotator);
        let answer = || self.all_answers().find(|answer| answer.annotator == annotator);
        held.map(|hold| hold.basis).or_else(|| answer().map(|answer| answer.current.basis))
    }

    /// Whether this annotator's answer is late.
    pub fn is_late(&self, annotator: &str) -> bool {
        self.late.iter().any(|answer| answer.annotator == annotator)
    }

    /// Whether this annotator has answered it, in whichever list the answer is.
    pub fn has_answered(&self, annotator: &str) -> bool {
        self.all_answers().any(|answer| answer.annotator == annotator)
    }

    /// Whether this annotator could be handed the task now.
    pub fn is_open_to(&self, annotator: &str) -> bool {
        self.free() > 0
            && self.admits(annotator)
            && !self.holds(annotator)
            && !self.has_answered(annotator)
    }
}
