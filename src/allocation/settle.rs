//! What becomes of a task when an answer has arrived.

use crate::task::Answer;

/// The state of a task after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// More answers are wanted.
    Open,
    /// Nothing more is wanted.
    Finished,
}

/// Decides from the answers that count, the newest among them, whether a task is finished.
pub fn settle(wanted: u32, answers: &[Answer]) -> Settled {
    if answers.len() >= wanted as usize { Settled::Finished } else { Settled::Open }
}
