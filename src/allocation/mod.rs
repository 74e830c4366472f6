//! Who gets what, as pure functions.
//!
//! A rule is consulted at two moments only: [`plan`](plan::plan) when a task enters, and
//! [`settle`](settle::settle) when an answer arrives. Between the two, a claim knows no rules: a
//! task stands at a [`Position`] in one or more [`Lane`]s, has a number of free slots, and is
//! handed to whoever may use the lane and has neither answered nor holds it.
//!
//! [`Ledger`] is the life of one task under these operations. It is the reference for both
//! stores: SQLite applies it to rows in a transaction, MongoDB's guarded writes say the same in
//! one update, and [`invariants`] must hold of it at any time.
//!
//! [`share`], [`prodigy`], [`balance`], [`order`] and [`settle_by`] are rules of their own that `plan`
//! and `Ledger` do not consult yet; the roster refuses what would need them.
//!
//! Rejected: consulting the rules at each claim. It makes the cost of "next task" depend on the
//! rule and on how much is done, and two annotators who ask at once get different answers from
//! the same rule.

pub mod balance;
mod company;
mod design;
pub mod invariants;
mod ledger;
pub mod order;
mod plan;
pub mod prodigy;
pub mod seed;
mod settle;
pub mod share;

use std::fmt;

pub use ledger::{Hold, Ledger, Recorded};
pub use plan::{Overrides, Plan, PlanError, Wishes, plan};
pub use settle::{Further, Ignore, Rule, Settled, Settlement, settle, settle_by};

/// Where a task stands in the order of handing out: a smaller one comes first.
///
/// Priority comes before the order of admission. Both are in one number, so that one index and
/// one comparison serve for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub i64);

/// Bits of a position that number the tasks of one priority: 10¹² of them.
const SEQUENCE_BITS: u32 = 40;

/// The largest priority, and minus it the smallest.
pub const MAX_PRIORITY: i32 = 1_000_000;

impl Position {
    /// Before every task.
    pub const START: Self = Self(i64::MIN);

    /// The place of the task admitted as number `sequence` with this priority (−1,000,000 to
    /// 1,000,000; higher is earlier).
    pub fn new(priority: i32, sequence: i64) -> Self {
        let priority = i64::from(priority.clamp(-MAX_PRIORITY, MAX_PRIORITY));
        Self((-priority << SEQUENCE_BITS) + sequence)
    }
}

/// How many tasks to hand out at once to somebody who asks for a batch.
///
/// A whole `batch` while there is plenty. When the free slots that are `left` run short, half of
/// everybody's even share and at least one: so nobody waits for tasks that lie in another's
/// browser.
pub fn batch_size(batch: usize, left: u64, people: usize) -> usize {
    let half_a_share = left / (2 * people.max(1) as u64);
    batch.min(usize::try_from(half_a_share).unwrap_or(usize::MAX)).max(1)
}

/// Who may take a task from the queue.
///
/// A task stands in the lane of anyone, or in the lanes of those whom it names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Every annotator of the project.
    Anyone,
    /// This annotator alone.
    Of(String),
}

impl Lane {
    /// As it stands in a store: `*`, or the annotator's name, which has no `*`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Anyone => "*",
            Self::Of(annotator) => annotator,
        }
    }

    /// Reads what [`Lane::as_str`] gives.
    pub fn from_text(text: &str) -> Self {
        if text == "*" { Self::Anyone } else { Self::Of(text.to_owned()) }
    }

    /// Whether this annotator may use the lane.
    pub fn admits(&self, annotator: &str) -> bool {
        match self {
            Self::Anyone => true,
            Self::Of(name) => name == annotator,
        }
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
