//! The rules by which tasks reach annotators, as pure functions.
//!
//! A rule is applied at two moments only: [`Planner::plan`] when a task enters, and [`settle_by`]
//! when an answer arrives. A claim between the two knows no rules. A task has a [`Position`] in one
//! or more [`Lane`]s and a number of free slots. It is handed to an annotator who may use the lane
//! and neither holds nor has answered it.
//!
//! [`TaskState`] is the state of one task under these operations. It is the reference for both
//! stores: SQLite applies it to rows in a transaction, MongoDB's guarded writes do the same in one
//! update. The [`invariants`] must hold of it at any time.
//!
//! The rules, a file each: how many answers ([`mixture`]), from whom ([`balance`], [`prodigy`],
//! [`profile`]), in which order ([`order`]), and what disagreement leads to (`settle.rs`).
//! `choices.rs` has the choices that are one word in the roster.
//!
//! The room is pure: it knows no clock, network, disk or environment, and all draws come from
//! [`seed`].
//!
//! Rejected: applying the rules at each claim. The cost of "next task" would depend on the rule and
//! on how much is done, and two annotators who ask at once would get different answers from the
//! same rule.

pub mod balance;
pub mod check_schedule;
mod choices;
pub mod invariants;
pub mod mixture;
pub mod order;
mod pair_design;
mod pair_selection;
mod plan;
mod planner;
pub mod prodigy;
pub mod profile;
pub mod reassign;
mod replan;
pub mod seed;
mod settle;
mod task_state;
mod transitions;

use std::borrow::Cow;
use std::fmt;

use crate::task::TaskId;

pub use choices::{Ignore, Route, Split, WhenShort};
pub use plan::{Overrides, Plan, PlanError};
pub use planner::{ALL_ANNOTATORS, AllocationCounters, AnswersWanted, PlanPolicy, Planner};
pub use profile::AnnotatorProfile;
pub use replan::Replanner;
pub use settle::{EscalationRule, SettlePolicy, Settlement, settle_by};
pub use task_state::{AnswerOutcome, Lease, TaskState};

/// A task's place in the order of handing out: a smaller one comes first.
///
/// Priority comes before the order of loading. Both are in one number, so that one index and one
/// comparison serve for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub i64);

/// The number under which a task was loaded. Later ones are larger, none is used twice, and it
/// never changes, whatever the task's position in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SequenceNumber(pub i64);

impl SequenceNumber {
    /// Before every task.
    pub const START: Self = Self(i64::MIN);
}

/// What a task is there for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// To be annotated.
    #[default]
    Regular,
    /// To show how right an annotator is: the answer is known. It is left out of all other counts.
    Gold,
    /// To show how consistent an annotator is: it is this task, which they have answered before. It
    /// is left out of all other counts.
    Repeat(TaskId),
}

impl Purpose {
    /// The text in a store; `None` for a regular task.
    pub fn to_text(&self) -> Option<String> {
        match self {
            Self::Regular => None,
            Self::Gold => Some("gold".to_owned()),
            Self::Repeat(task) => Some(format!("repeat:{task}")),
        }
    }

    /// Reads the text that [`Purpose::to_text`] writes.
    pub fn from_text(text: Option<&str>) -> Self {
        match text {
            None => Self::Regular,
            Some(text) => text
                .strip_prefix("repeat:")
                .map_or(Self::Gold, |task| Self::Repeat(TaskId::from_text(task))),
        }
    }
}

/// Bits of a position that number the tasks of one priority: 10¹² of them.
const SEQUENCE_BITS: u32 = 40;

/// The largest priority. The smallest is its negative.
pub const MAX_PRIORITY: i32 = 1_000_000;

impl Position {
    /// Before every task.
    pub const START: Self = Self(i64::MIN);

    /// The position of the task loaded as number `sequence` with this priority (−1,000,000 to
    /// 1,000,000; higher is earlier).
    pub fn new(priority: i32, sequence: i64) -> Self {
        let priority = i64::from(priority.clamp(-MAX_PRIORITY, MAX_PRIORITY));
        Self((-priority << SEQUENCE_BITS) + sequence)
    }

    /// The position before this one.
    #[must_use]
    pub fn just_before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// The priority of the task.
    pub fn priority(self) -> i32 {
        i32::try_from(-(self.0 >> SEQUENCE_BITS)).unwrap_or(0)
    }
}

/// How many tasks to hand out at once to an annotator who asks for a batch.
///
/// A whole `batch` while there are enough. When the free slots that are `left` run short, it is
/// half of an even share, and at least one. So no annotator waits for tasks that lie in another's
/// browser.
pub fn batch_size(batch: usize, left: u64, people: usize) -> usize {
    let half_a_share = left / (2 * people.max(1) as u64);
    batch.min(usize::try_from(half_a_share).unwrap_or(usize::MAX)).max(1)
}

/// Which annotators a task is offered to.
///
/// A task is in the lane of anyone, or in the lanes of the annotators whom it names. Gold tasks are
/// in lanes of their own, from which each annotator gets a share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Every annotator of the project.
    Anyone,
    /// This annotator alone.
    Of(String),
    /// Gold, for every annotator of the project.
    Gold,
    /// Gold, for this annotator alone.
    GoldOf(String),
}

impl Lane {
    /// The text in a store: `*`, or the annotator's name. Gold has a `+` before it. A name contains
    /// neither.
    pub fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Anyone => Cow::Borrowed("*"),
            Self::Of(annotator) => Cow::Borrowed(annotator),
            Self::Gold => Cow::Borrowed("+*"),
            Self::GoldOf(annotator) => Cow::Owned(format!("+{annotator}")),
        }
    }

    /// Reads the text that [`Lane::to_text`] writes.
    pub fn from_text(text: &str) -> Self {
        match text.strip_prefix('+') {
            None if text == "*" => Self::Anyone,
            None => Self::Of(text.to_owned()),
            Some("*") => Self::Gold,
            Some(name) => Self::GoldOf(name.to_owned()),
        }
    }

    /// The lanes from which this annotator may take tasks.
    pub fn all_of(annotator: &str) -> [Self; 4] {
        let name = annotator.to_owned();
        [Self::Of(name.clone()), Self::Anyone, Self::GoldOf(name), Self::Gold]
    }

    /// The annotator whom it names.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Anyone | Self::Gold => None,
            Self::Of(name) | Self::GoldOf(name) => Some(name),
        }
    }

    /// Whether this annotator may use the lane.
    pub fn admits(&self, annotator: &str) -> bool {
        self.name().is_none_or(|name| name == annotator)
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_and_purposes_come_back_from_their_texts() {
        for lane in [Lane::Anyone, Lane::Gold].into_iter().chain(Lane::all_of("andy-2_b")) {
            assert_eq!(Lane::from_text(&lane.to_text()), lane);
            assert!(lane.admits("andy-2_b"));
            assert_eq!(lane.admits("zach"), lane.name().is_none());
        }
        let repeat = Purpose::Repeat(TaskId::from_text("0123"));
        for purpose in [Purpose::Regular, Purpose::Gold, repeat] {
            assert_eq!(Purpose::from_text(purpose.to_text().as_deref()), purpose);
        }
    }

    #[test]
    fn a_position_knows_its_priority() {
        for priority in [0, 1, -1, 7, -999_999, MAX_PRIORITY, -MAX_PRIORITY] {
            for sequence in [0, 1, (1 << SEQUENCE_BITS) - 1] {
                assert_eq!(Position::new(priority, sequence).priority(), priority);
            }
        }
    }
}
