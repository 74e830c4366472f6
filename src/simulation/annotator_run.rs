//! One annotator in the course of a simulation.

use super::model::Time;

/// What an annotator works on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Holding {
    /// A task, and the number of its claim.
    Task(u32, u32),
    /// One of the annotator's own earlier tasks, as a repeat.
    Repeat,
}

/// What an annotator has done so far, and does next.
#[derive(Clone, Debug, Default)]
pub(super) struct AnnotatorRun {
    /// Regular tasks that were claimed.
    pub(super) had: u64,
    /// Tasks of all kinds that were begun.
    pub(super) begun: u64,
    /// Answers to regular tasks that count.
    pub(super) answers: u64,
    /// Ignores that do not count as answers.
    pub(super) skipped: u64,
    /// Answers to gold tasks and repeats.
    pub(super) checks: u64,
    /// Repeats that were begun.
    pub(super) repeats: u64,
    /// Tasks that were reassigned from others.
    pub(super) taken_over: u64,
    /// Time spent on tasks.
    pub(super) worked: Time,
    /// When the annotator was last seen.
    pub(super) last_seen: Time,
    /// The task in work; `None` between tasks.
    pub(super) holding: Option<Holding>,
    /// When the annotator is free, or asks again; `None` until something is scheduled.
    pub(super) due: Option<Time>,
}
