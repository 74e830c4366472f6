//! The choices that a roster makes with one word: `split`, `route`, `when_short` and `ignore`.
//!
//! Each type knows its words. The roster's reader accepts exactly these, and a store keeps them
//! with the inputs of the last replanning, so a word stands in one place. `order` has a seed
//! besides and is in `order.rs`.

/// Which rule decides how many answers a task of a mixture wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// After any number of tasks, every share is within one task of its due.
    Exact,
    /// By the task's hash, as Prodigy.
    Hash,
}

impl Split {
    /// Every choice, in the order in which the roster's messages list them.
    pub const ALL: [Self; 2] = [Self::Exact, Self::Hash];

    /// The word in the roster.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Hash => "hash",
        }
    }
}

/// Which annotators a task is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Any annotator: the first who asks gets it.
    Open,
    /// Annotators named at load, so that loads and pairs come out even.
    Balanced,
    /// Annotators named by the task's hash, as Prodigy.
    Hash,
}

impl Route {
    /// Every choice, in the order in which the roster's messages list them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Balanced, Self::Hash];

    /// The word in the roster, and in a store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Balanced => "balanced",
            Self::Hash => "hash",
        }
    }
}

/// What a task does that wants more answers than there are annotators for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenShort {
    /// It keeps wanting them, and waits for annotators who join.
    Hold,
    /// It wants as many answers as there are annotators, at least one.
    Partial,
}

impl WhenShort {
    /// Every choice, in the order in which the roster's messages list them.
    pub const ALL: [Self; 2] = [Self::Hold, Self::Partial];

    /// The word in the roster, and in a store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Partial => "partial",
        }
    }
}

/// What an ignore is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ignore {
    /// It counts as an answer, though not as an opinion.
    #[default]
    Answer,
    /// It does not count: another annotator gets the task.
    Skip,
}

impl Ignore {
    /// Every choice, in the order in which the roster's messages list them.
    pub const ALL: [Self; 2] = [Self::Answer, Self::Skip];

    /// The word in the roster.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Skip => "skip",
        }
    }
}
