//! When a check is due among an annotator's tasks.
//!
//! A check is a gold task, whose right answer is known, or a repeat, a task that this annotator has
//! answered before. Each is a share of an annotator's tasks, and is scheduled as the parts of a
//! mixture are (`mixture.rs`): within one task of its due after any number of tasks, without a
//! recognizable pattern, and in another order for each annotator.
//!
//! The state is the number of tasks that an annotator has had. If a check was due and there was
//! none, it is not made up for later: gold that is loaded late does not come in a flood.

use super::mixture::{ExactSplitter, Mixture};
use super::seed;

/// The shares of checks among every annotator's tasks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CheckPolicy {
    /// Gold tasks: 0 to below 1.
    pub gold: f64,
    /// The annotator's own earlier tasks: 0 to below 1; with gold below 1.
    pub repeat: f64,
    /// At least this many answers lie between a task and its repeat.
    pub after: u32,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScheduledItem {
    /// A regular task.
    Regular,
    /// A gold task, if there is one.
    Gold,
    /// A repeat, if there is something to repeat.
    Repeat,
}

/// The schedule of one annotator.
#[derive(Clone, Debug)]
pub struct CheckSchedule {
    /// What each part of the splitter's mixture stands for.
    items: Vec<ScheduledItem>,
    splitter: Option<ExactSplitter>,
    next: ScheduledItem,
}

impl CheckSchedule {
    /// The schedule of an annotator who has had this many tasks, checks included.
    pub fn resume(checks: &CheckPolicy, seed: u64, annotator: &str, had: u64) -> Self {
        let all = [
            (1.0 - checks.gold - checks.repeat, ScheduledItem::Regular),
            (checks.gold, ScheduledItem::Gold),
            (checks.repeat, ScheduledItem::Repeat),
        ];
        let there: Vec<(f64, ScheduledItem)> =
            all.into_iter().filter(|(share, _)| *share > 0.0).collect();
        let items = there.iter().map(|(_, turn)| *turn).collect();
        let shares: Vec<(f64, u32)> = there.iter().map(|(share, _)| (*share, 1)).collect();
        let splitter = Mixture::mix(&shares).ok().filter(|parts| parts.len() > 1).map(|parts| {
            // As many as were due, so that nothing has to be made up for.
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss
            )]
            let given = shares.iter().map(|(share, _)| (had as f64 * share) as u64).collect();
            ExactSplitter::resume(parts, seed::of_text(seed, annotator), given)
        });
        let mut schedule = Self { items, splitter, next: ScheduledItem::Regular };
        schedule.advance();
        schedule
    }

    /// What comes next.
    pub fn next(&self) -> ScheduledItem {
        self.next
    }

    /// Moves on by one task.
    pub fn advance(&mut self) {
        if let Some(splitter) = &mut self.splitter {
            self.next =
                self.items.get(splitter.next_part()).copied().unwrap_or(ScheduledItem::Regular);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(checks: &CheckPolicy, annotator: &str, had: u64, tasks: usize) -> Vec<ScheduledItem> {
        let mut stream = CheckSchedule::resume(checks, 7, annotator, had);
        let mut turns = Vec::new();
        for _ in 0..tasks {
            turns.push(stream.next());
            stream.advance();
        }
        turns
    }

    #[test]
    fn checks_come_as_their_shares_say_after_any_number_of_tasks() {
        let checks = CheckPolicy { gold: 0.1, repeat: 0.05, after: 20 };
        let (mut gold, mut repeats) = (0.0, 0.0);
        for (n, turn) in turns(&checks, "andy", 0, 2000).into_iter().enumerate() {
            gold += f64::from(u8::from(turn == ScheduledItem::Gold));
            repeats += f64::from(u8::from(turn == ScheduledItem::Repeat));
            #[expect(clippy::cast_precision_loss)]
            let n = n as f64 + 1.0;
            assert!((gold - n * 0.1).abs() < 1.0 && (repeats - n * 0.05).abs() < 1.0, "{n}");
        }
    }

    #[test]
    fn each_annotator_has_an_order_of_their_own_and_keeps_it() {
        let checks = CheckPolicy { gold: 0.2, repeat: 0.0, after: 20 };
        let andy = turns(&checks, "andy", 0, 200);
        assert_eq!(andy, turns(&checks, "andy", 0, 200));
        assert_ne!(andy, turns(&checks, "zach", 0, 200));
    }

    #[test]
    fn a_resumed_schedule_has_nothing_to_make_up_for() {
        let checks = CheckPolicy { gold: 0.1, repeat: 0.1, after: 20 };
        for had in [1, 9, 10, 999, 123_456] {
            let due = turns(&checks, "andy", had, 20).into_iter();
            let many = due.filter(|turn| *turn != ScheduledItem::Regular).count();
            assert!((2..=6).contains(&many), "{many} after {had}");
        }
        assert!(
            turns(&CheckPolicy::default(), "andy", 5, 50)
                .iter()
                .all(|t| *t == ScheduledItem::Regular)
        );
    }
}
