//! The annotators of a simulation: how fast they are, when they come, and what they answer.
//!
//! Days are numbered from 1, and all annotators who come begin at the same hour. A task takes
//! between half and one and a half times an annotator's usual time, each value being equally
//! likely. Without that, annotators of one speed would keep in step and share every task with the
//! same one. No annotator begins a task that they would not end that day.
//!
//! Each task has an unknown truth, accept or reject. Every annotator answers it with the same
//! probability, and the opposite otherwise.

use crate::allocation::seed;
use crate::task::Verdict;

/// Milliseconds since the beginning of the first day.
pub(super) type Time = u64;

/// A day.
pub(super) const DAY: Time = 24 * HOUR;
/// An hour.
pub(super) const HOUR: Time = 3_600_000;

/// When and how fast an annotator works.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkPattern {
    /// Seconds for a task, on average: above 0; clamped to between a hundredth and a day.
    pub seconds: f64,
    /// Hours of work on each day: above 0; clamped to between a minute and 24.
    pub hours: f64,
    /// The day on which they join the roster, from 1; `None` is never, and they get no tasks.
    pub from: Option<u32>,
    /// The day on which they leave the roster.
    pub until: Option<u32>,
    /// On the roster, but never at work.
    pub absent: bool,
}

impl Default for WorkPattern {
    /// Twenty seconds for a task, four hours a day, from the first day on.
    fn default() -> Self {
        Self { seconds: 20.0, hours: 4.0, from: Some(1), until: None, absent: false }
    }
}

impl WorkPattern {
    /// Whether they are given tasks on this day (from 1).
    pub fn is_on_the_roster(&self, day: u32) -> bool {
        self.from.is_some_and(|from| from <= day) && self.until.is_none_or(|until| day < until)
    }

    // Both are clamped to whole milliseconds of at most a day.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn hours(&self) -> Time {
        (self.hours.clamp(1.0 / 60.0, 24.0) * 3_600_000.0) as Time
    }

    /// The days on which they work, from 0: the first, and the first on which they do not.
    fn days(&self) -> (u64, u64) {
        let first = match self.from {
            Some(from) if !self.absent => u64::from(from.max(1)) - 1,
            _ => return (0, 0),
        };
        let end = self.until.map_or(u64::MAX, |until| u64::from(until.max(1)) - 1);
        (first, end)
    }

    /// The first time from `at` on at which they can begin a task that takes `needed` and end it
    /// the same day; `None` if they do not come again.
    pub(super) fn begins(&self, at: Time, needed: Time) -> Option<Time> {
        let (first, end) = self.days();
        let (mut day, mut within) = (at / DAY, at % DAY);
        if day < first {
            (day, within) = (first, 0);
        }
        if within + needed > self.hours() {
            (day, within) = (day + 1, 0);
        }
        (day < end).then_some(day * DAY + within)
    }

    /// The time that they spend at work before `until`.
    pub(super) fn at_work(&self, until: Time) -> Time {
        let (first, end) = self.days();
        let (day, within) = (until / DAY, until % DAY);
        if end <= first || day < first {
            return 0;
        }
        let whole = (day.min(end) - first) * self.hours();
        if day < end { whole + within.min(self.hours()) } else { whole }
    }

    /// The time that their task number `n` takes.
    pub(super) fn time_for(&self, own_seed: u64, n: u64) -> Time {
        // Between 10 and 86,400,000.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let usual = (self.seconds.clamp(0.01, 86_400.0) * 1000.0) as Time;
        let time = usual / 2 + seed::below(seed::number(own_seed, n), usual + 1);
        time.clamp(1, self.hours())
    }
}

/// All annotators, and what they answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// When and how fast each annotator works, in the order of the roster.
    pub patterns: Vec<WorkPattern>,
    /// The probability of a true answer: 0 to 1.
    pub truthful: f64,
    /// The probability of an ignore: 0 to 1.
    pub ignores: f64,
    /// The seed of all random choices.
    pub seed: u64,
}

impl Default for Model {
    /// No work patterns; two annotators agree on four tasks of five.
    fn default() -> Self {
        let truthful = Self::truthful_for(0.8);
        Self { patterns: Vec::new(), truthful, ignores: 0.0, seed: 0 }
    }
}

impl Model {
    /// The probability of a true answer with which two annotators agree on this share of the tasks:
    /// 0.5 (they guess) to 1; clamped.
    ///
    /// Two agree when both are right or both are wrong: p² + (1 − p)².
    pub fn truthful_for(agreement: f64) -> f64 {
        f64::midpoint(1.0, (2.0 * agreement.clamp(0.5, 1.0) - 1.0).sqrt())
    }

    /// What annotator number `who` answers to task number `task`.
    pub(super) fn verdict(&self, who: u32, task: u32) -> Verdict {
        let of_task = seed::number(self.seed ^ 0x0717, task.into());
        let own = seed::number(of_task, u64::from(who) + 1);
        if self.ignores > 0.0 && share(seed::number(own, 1)) < self.ignores {
            return Verdict::Ignore;
        }
        let truth = of_task & 1 == 1;
        let right = share(seed::number(own, 2)) < self.truthful;
        if truth == right { Verdict::Accept } else { Verdict::Reject }
    }
}

/// A number from 0 to below 1.
#[expect(clippy::cast_precision_loss)] // 53 bits fit
fn share(number: u64) -> f64 {
    (number >> 11) as f64 / (1_u64 << 53) as f64
}
