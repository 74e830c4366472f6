//! The life of one task: who holds it, who has answered, and what may happen next.
//!
//! This is the one place that says what a claim, an answer, a release and the end of a lease do.
//! The stores carry it out in their own ways and are held against it by the conformance suite.

use super::{Lane, Settled, settle};
use crate::task::{Answer, Millis, Version};

/// Somebody has a task in hand until a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Who.
    pub annotator: String,
    /// When it was handed out.
    pub since: Millis,
    /// When it comes back if nothing is heard.
    pub until: Millis,
}

/// What is known of a task besides its content.
#[derive(Clone, Debug, PartialEq)]
pub struct Ledger {
    /// Answers wanted, at least one.
    pub wanted: u32,
    /// Who may have it.
    pub lanes: Vec<Lane>,
    /// Who holds it.
    pub held: Vec<Hold>,
    /// The answers that count, in the order in which they came.
    pub answers: Vec<Answer>,
    /// Answers that came when none was wanted any more: kept, and not counted.
    pub late: Vec<Answer>,
    /// Nothing more is wanted of it.
    pub finished: bool,
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Recorded {
    /// Kept, and it counts.
    Saved,
    /// It was there already: nothing changed.
    Unchanged,
    /// It replaces another answer of the same annotator, which is kept in the history.
    Revised,
    /// Kept beside the others: the lease had gone and the task is full.
    Late,
    /// There is no such task for this annotator; nothing was kept.
    Unknown,
}

impl Recorded {
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

impl Ledger {
    /// A task that nobody has touched.
    pub fn new(wanted: u32, lanes: Vec<Lane>) -> Self {
        Self {
            wanted,
            lanes,
            held: Vec::new(),
            answers: Vec::new(),
            late: Vec::new(),
            finished: false,
        }
    }

    /// Slots that nobody holds or has filled.
    pub fn free(&self) -> u32 {
        let taken = u32::try_from(self.held.len() + self.answers.len()).unwrap_or(u32::MAX);
        self.wanted.saturating_sub(taken)
    }

    /// The annotators whose answers count.
    pub fn coders(&self) -> impl Iterator<Item = &str> {
        self.answers.iter().map(|answer| answer.annotator.as_str())
    }

    /// Whether the task is meant for this annotator at all.
    pub fn is_for(&self, annotator: &str) -> bool {
        self.lanes.iter().any(|lane| lane.admits(annotator))
    }

    fn holds(&self, annotator: &str) -> bool {
        self.held.iter().any(|hold| hold.annotator == annotator)
    }

    fn has_answered(&self, annotator: &str) -> bool {
        self.answers.iter().chain(&self.late).any(|answer| answer.annotator == annotator)
    }

    /// Whether this annotator could be handed the task now.
    pub fn is_open_to(&self, annotator: &str) -> bool {
        self.free() > 0
            && self.is_for(annotator)
            && !self.holds(annotator)
            && !self.has_answered(annotator)
    }

    /// Hands the task out; says whether it could.
    pub fn claim(&mut self, annotator: &str, since: Millis, until: Millis) -> bool {
        let open = self.is_open_to(annotator);
        if open {
            self.held.push(Hold { annotator: annotator.to_owned(), since, until });
        }
        open
    }

    /// Takes in an answer.
    ///
    /// The same answer any number of times is there once. Another one by the same annotator is a
    /// revision, unless it repeats a version that has been revised since and is older than the
    /// revision: then it is a copy that was under way for long.
    pub fn record(&mut self, annotator: &str, version: Version) -> Recorded {
        let held = self.holds(annotator);
        if !held && !self.is_for(annotator) && !self.has_answered(annotator) {
            return Recorded::Unknown;
        }
        if let Some(answer) = self.answers.iter_mut().find(|answer| answer.annotator == annotator) {
            return revise(answer, version);
        }
        if let Some(answer) = self.late.iter_mut().find(|answer| answer.annotator == annotator) {
            return match revise(answer, version) {
                Recorded::Revised => Recorded::Late,
                other => other,
            };
        }
        let answer =
            Answer { annotator: annotator.to_owned(), current: version, history: Vec::new() };
        if held || self.free() > 0 {
            self.held.retain(|hold| hold.annotator != annotator);
            self.answers.push(answer);
            self.settle();
            Recorded::Saved
        } else {
            self.late.push(answer);
            Recorded::Late
        }
    }

    /// Gives a held task back; says whether it was held.
    pub fn release(&mut self, annotator: &str) -> bool {
        let before = self.held.len();
        self.held.retain(|hold| hold.annotator != annotator);
        before != self.held.len()
    }

    /// Takes back what is held beyond its time, and says from whom.
    pub fn expire(&mut self, now: Millis) -> Vec<String> {
        let (over, still): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.held).into_iter().partition(|hold| hold.until <= now);
        self.held = still;
        over.into_iter().map(|hold| hold.annotator).collect()
    }

    fn settle(&mut self) {
        match settle(self.wanted, &self.answers) {
            Settled::Finished => self.finished = true,
            Settled::Open => {}
        }
    }
}

fn revise(answer: &mut Answer, version: Version) -> Recorded {
    let older = version.time_returned < answer.current.time_returned;
    let stale =
        answer.history.iter().any(|old| *old == version || (older && old.says_the_same(&version)));
    if stale || answer.current.says_the_same(&version) {
        return Recorded::Unchanged;
    }
    answer.history.push(std::mem::replace(&mut answer.current, version));
    Recorded::Revised
}

#[cfg(test)]
mod tests {
    use super::super::invariants;
    use super::*;
    use crate::task::Verdict;

    fn says(verdict: Verdict, at: i64) -> Version {
        Version {
            verdict,
            data: serde_json::Map::new(),
            time_loaded: Millis(at - 5),
            time_returned: Millis(at),
        }
    }

    fn ledger(wanted: u32) -> Ledger {
        Ledger::new(wanted, vec![Lane::Anyone])
    }

    fn claim(ledger: &mut Ledger, annotator: &str) -> bool {
        ledger.claim(annotator, Millis(0), Millis(100))
    }

    #[test]
    fn slots_are_handed_out_once_each() {
        let mut task = ledger(2);
        assert!(claim(&mut task, "a"));
        assert!(!claim(&mut task, "a"), "nobody holds a task twice");
        assert!(claim(&mut task, "b"));
        assert!(!claim(&mut task, "c"), "both slots are held");
        assert_eq!(task.record("a", says(Verdict::Accept, 1)), Recorded::Saved);
        assert!(!claim(&mut task, "a"), "nobody answers twice");
        assert!(!task.finished);
        assert_eq!(task.record("b", says(Verdict::Reject, 1)), Recorded::Saved);
        assert!(task.finished);
        assert_eq!(invariants::check(&task), []);
    }

    #[test]
    fn an_answer_after_the_lease_fills_a_free_slot() {
        let mut task = ledger(1);
        assert!(claim(&mut task, "a"));
        assert_eq!(task.expire(Millis(100)), ["a"]);
        assert_eq!(task.record("a", says(Verdict::Accept, 101)), Recorded::Saved);
        assert!(task.finished);
    }

    #[test]
    fn an_answer_too_late_is_kept_beside() {
        let mut task = ledger(1);
        assert!(claim(&mut task, "a"));
        task.expire(Millis(100));
        assert!(claim(&mut task, "b"));
        assert_eq!(task.record("a", says(Verdict::Accept, 101)), Recorded::Late);
        assert_eq!(task.record("a", says(Verdict::Accept, 101)), Recorded::Unchanged);
        assert_eq!(task.record("a", says(Verdict::Reject, 102)), Recorded::Late);
        assert_eq!(task.record("b", says(Verdict::Accept, 103)), Recorded::Saved);
        assert_eq!((task.answers.len(), task.late.len()), (1, 1));
        assert_eq!(invariants::check(&task), []);
    }

    #[test]
    fn a_second_thought_is_a_revision_and_an_old_copy_is_not() {
        let mut task = ledger(1);
        assert!(claim(&mut task, "a"));
        let first = says(Verdict::Accept, 1);
        assert_eq!(task.record("a", first.clone()), Recorded::Saved);
        assert_eq!(task.record("a", says(Verdict::Reject, 2)), Recorded::Revised);
        assert_eq!(task.record("a", first.clone()), Recorded::Unchanged);
        assert_eq!(task.answers[0].current.verdict, Verdict::Reject);
        assert_eq!(task.answers[0].history, [first]);
        assert_eq!(task.record("a", says(Verdict::Accept, 3)), Recorded::Revised, "and back again");
    }

    #[test]
    fn a_task_that_names_people_is_for_them_alone() {
        let mut task = Ledger::new(1, vec![Lane::Of("a".into())]);
        assert!(!claim(&mut task, "b"));
        assert_eq!(task.record("b", says(Verdict::Accept, 1)), Recorded::Unknown);
        assert!(claim(&mut task, "a"));
    }
}
