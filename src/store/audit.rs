//! What comes of looking over what is stored.
//!
//! A store keeps facts (what is wanted, who holds a task, who has answered what) and, beside them,
//! what follows from these and is looked up often: free slots, places in the queue, figures. The
//! audit derives the second from the first and says where they differ; a repair writes what was
//! derived. Facts are never changed, but for one that cannot be: a lease of an annotator who has
//! answered the task, or a second hold of the same person, is taken back
//! ([`repaired`](crate::allocation::invariants::repaired)).
//!
//! Each page also gives the tasks themselves, for the checks that know no engine (`verify/`).

use std::collections::HashSet;

use crate::allocation::order::Order;
use crate::store::Record;
use crate::task::TaskId;

/// How to look.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditOptions {
    /// Whether derived data are rewritten where they differ.
    pub repair: bool,
    /// The order in which unfinished tasks stand. None if they stand in another one still: after
    /// the roster has changed, the daemon moves them when it reads it.
    pub order: Option<Order>,
}

/// Where a walk stands; only the store that gave it can read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageToken(pub String);

/// A page of tasks, in the store's own order.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// Behind this one; at first none.
    pub after: Option<PageToken>,
    /// How many tasks.
    pub limit: usize,
}

/// A page that was looked over.
#[derive(Debug, Default)]
pub struct AuditedPage {
    /// The tasks, as they were found.
    pub records: Vec<Record>,
    /// What the store found to differ.
    pub findings: Vec<Finding>,
    /// Tasks of which all derived data have been rewritten.
    pub repaired: HashSet<TaskId>,
    /// Tasks on this page, also those that cannot be read.
    pub tasks: u64,
    /// Where the next page begins; none if this was the last.
    pub next: Option<PageToken>,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it breaks: an invariant, or something that is kept, by name.
    pub breaks: &'static str,
    /// Which task; none if it is the project as a whole.
    pub task: Option<TaskId>,
    /// What was found, and what would be right.
    pub says: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// What becomes of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is wrong: it is only worth knowing.
    Note,
    /// A repair would put it right.
    Repairable,
    /// It has been put right.
    Repaired,
    /// It stays: it cannot be derived, or it is an annotator's work.
    Unrepairable,
}

impl Outcome {
    /// As it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Repairable => "repairable",
            Self::Repaired => "repaired",
            Self::Unrepairable => "stays",
        }
    }

    /// What can be derived: repaired, or still to be.
    pub fn derived(repaired: bool) -> Self {
        if repaired { Self::Repaired } else { Self::Repairable }
    }

    /// Whether something remains to be done.
    pub fn remains(self) -> bool {
        matches!(self, Self::Repairable | Self::Unrepairable)
    }
}

/// A difference between what is kept and what follows, in words.
pub(super) fn differs(kept: Option<i64>, follows: i64) -> String {
    match kept {
        Some(kept) => format!("{kept} is kept, and {follows} follows from its answers and holders"),
        None => format!("it is missing or no number; {follows} follows"),
    }
}
