//! What an annotator said about a task, apart from the task itself.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Basis, Millis};

/// The decision that ends a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Yes, or: what is drawn here is right.
    Accept,
    /// No, or: what was suggested is wrong.
    Reject,
    /// Neither; skipped.
    Ignore,
}

impl Verdict {
    /// All of them, in the order of their buttons.
    pub const ALL: [Self; 3] = [Self::Accept, Self::Reject, Self::Ignore];

    /// As it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Ignore => "ignore",
        }
    }

    /// Reads what [`Verdict::as_str`] gives.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == text)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One version of an answer: the decision, what the interface added, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// The decision.
    pub verdict: Verdict,
    /// The keys that the interface added or changed: `spans`, `accept`, `user_input`, ….
    pub data: Map<String, Value>,
    /// When the task was shown.
    pub time_loaded: Millis,
    /// When it was answered.
    pub time_returned: Millis,
    /// By which edition and tokenizer the task was handed out.
    pub basis: Basis,
}

impl Version {
    /// Whether the two say the same, whenever they said it.
    pub fn same_content(&self, other: &Self) -> bool {
        self.verdict == other.verdict && self.data == other.data
    }
}

/// What is kept of one annotator's work on one task.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Who.
    pub annotator: String,
    /// What they say now.
    pub current: Version,
    /// What they said before they changed it, oldest first.
    pub history: Vec<Version>,
}
