//! The transitions of a task's state: what a claim, an answer, a release and the end of a lease do.
//!
//! This is their one definition. Each store carries them out in its own way, and the conformance
//! suite compares it with this.

use super::Purpose;
use super::settle::{SettlePolicy, Settlement, settle_by};
use super::task_state::{AnswerOutcome, Lease, TaskState};
use crate::task::{Answer, Basis, Millis, TaskJson, Version};

impl TaskState {
    /// Takes a lease. Returns whether the task was open to the annotator.
    pub fn claim(&mut self, annotator: &str, since: Millis, until: Millis, basis: Basis) -> bool {
        let open = self.is_open_to(annotator);
        if open {
            self.held.push(Lease { annotator: annotator.to_owned(), since, until, basis });
        }
        open
    }

    /// Stores an answer, and settles the task if it was the last one wanted.
    ///
    /// The same answer is stored once, however often it arrives. Another answer by the same
    /// annotator is a revision. An exception is a version that was revised since and is older than
    /// the revision: that is a delayed copy.
    pub fn record(
        &mut self,
        annotator: &str,
        version: Version,
        policy: &SettlePolicy,
        task: &TaskJson,
    ) -> AnswerOutcome {
        if !self.accepts_from(annotator) {
            return AnswerOutcome::Unknown;
        }
        let held = self.holds(annotator);
        let own = |answer: &Answer| answer.annotator == annotator;
        if let Some(place) = self.answers.iter().position(own) {
            let recorded = revise(&mut self.answers[place], version);
            // While the task is open, an answer that becomes a skip frees its slot.
            if !self.finished && !policy.counts(self.answers[place].current.verdict) {
                self.skipped.push(self.answers.remove(place));
                self.promote_late_answers(policy, task);
            }
            return recorded;
        }
        if let Some(place) = self.skipped.iter().position(own) {
            let recorded = revise(&mut self.skipped[place], version);
            if !policy.counts(self.skipped[place].current.verdict) {
                return recorded;
            }
            let answer = self.skipped.remove(place);
            return if self.free() > 0 && self.admits(annotator) && !self.finished {
                self.count(answer, policy, task);
                recorded
            } else {
                self.late.push(answer);
                AnswerOutcome::Late
            };
        }
        if let Some(place) = self.late.iter().position(own) {
            return match revise(&mut self.late[place], version) {
                AnswerOutcome::Revised => AnswerOutcome::Late,
                other => other,
            };
        }
        let free = self.free() > 0 && self.admits(annotator);
        self.held.retain(|hold| hold.annotator != annotator);
        let counts = policy.counts(version.verdict);
        let answer =
            Answer { annotator: annotator.to_owned(), current: version, history: Vec::new() };
        if !counts {
            self.skipped.push(answer);
            self.promote_late_answers(policy, task);
            AnswerOutcome::Saved
        } else if held || free {
            self.count(answer, policy, task);
            AnswerOutcome::Saved
        } else {
            self.late.push(answer);
            AnswerOutcome::Late
        }
    }

    /// Releases a lease. Returns whether there was one. Call [`TaskState::promote_late_answers`]
    /// next.
    pub fn release(&mut self, annotator: &str) -> bool {
        let before = self.held.len();
        self.held.retain(|hold| hold.annotator != annotator);
        let released = before != self.held.len();
        if released {
            self.note_previous_holder(annotator);
        }
        released
    }

    fn note_previous_holder(&mut self, annotator: &str) {
        if !self.previous_holders.iter().any(|holder| holder == annotator) {
            self.previous_holders.push(annotator.to_owned());
            self.previous_holders.sort_unstable();
        }
    }

    /// Ends expired leases. Returns their holders. Call [`TaskState::promote_late_answers`] next.
    pub fn expire(&mut self, now: Millis) -> Vec<String> {
        let (over, still): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.held).into_iter().partition(|hold| hold.until <= now);
        self.held = still;
        for hold in &over {
            self.note_previous_holder(&hold.annotator);
        }
        over.into_iter().map(|hold| hold.annotator).collect()
    }

    /// Whether a late answer can fill a free slot.
    pub fn can_promote_late_answer(&self, policy: &SettlePolicy) -> bool {
        !self.finished
            && self.free() > 0
            && self.late.iter().any(|answer| self.can_count(answer, policy))
    }

    fn can_count(&self, answer: &Answer, policy: &SettlePolicy) -> bool {
        policy.counts(answer.current.verdict) && self.admits(&answer.annotator)
    }

    /// Fills free slots with late answers, the oldest first.
    pub fn promote_late_answers(&mut self, policy: &SettlePolicy, task: &TaskJson) {
        while self.can_promote_late_answer(policy) {
            let counts = |answer: &Answer| self.can_count(answer, policy);
            let Some(place) = self.late.iter().position(counts) else { return };
            let answer = self.late.remove(place);
            self.count(answer, policy, task);
        }
    }

    fn count(&mut self, answer: Answer, policy: &SettlePolicy, task: &TaskJson) {
        self.answers.push(answer);
        self.settle(policy, task);
    }

    /// Decides whether more answers are wanted, if as many as were wanted are there.
    pub fn settle(&mut self, policy: &SettlePolicy, task: &TaskJson) {
        if self.finished || self.remaining() > 0 {
            return;
        }
        // The roster's `ignore` may have been different when these arrived.
        let (counted, skips): (Vec<_>, Vec<_>) = std::mem::take(&mut self.answers)
            .into_iter()
            .partition(|answer| policy.counts(answer.current.verdict));
        self.answers = counted;
        self.skipped.extend(skips);
        if self.purpose != Purpose::Regular {
            self.finished = self.remaining() == 0;
            return;
        }
        match settle_by(policy, task, self) {
            Settlement::Open => {}
            Settlement::Finished => self.finished = true,
            Settlement::More { wanted, lanes } => {
                self.wanted = wanted;
                self.lanes = lanes;
                self.promote_late_answers(policy, task);
            }
        }
    }
}

fn revise(answer: &mut Answer, version: Version) -> AnswerOutcome {
    let older = version.time_returned < answer.current.time_returned;
    let stale =
        answer.history.iter().any(|old| *old == version || (older && old.same_content(&version)));
    if stale || answer.current.same_content(&version) {
        return AnswerOutcome::Unchanged;
    }
    answer.history.push(std::mem::replace(&mut answer.current, version));
    AnswerOutcome::Revised
}

#[cfg(test)]
mod tests;
