//! By which edition of the roster, and by which tokenizer, a task was handed out.
//!
//! An answer is checked by the labels and tokens that its annotator saw, which may not be those of
//! today: the roster was edited meanwhile, or annotd was updated. So both numbers are kept with the
//! lease, and with the answer.
//!
//! Rejected: keeping labels and tokens themselves with each lease, a copy for every hand-out.

use serde::{Deserialize, Serialize};

/// What an answer is checked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Basis {
    /// The number of the roster's edition, from 1; 0 from before editions were kept.
    pub edition: u32,
    /// The version of the tokenizer, from 1.
    pub tokenizer: u16,
}

impl Default for Basis {
    /// The one of stored format 2, which kept neither.
    fn default() -> Self {
        Self { edition: 0, tokenizer: 1 }
    }
}
