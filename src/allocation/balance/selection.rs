//! The annotators whom balanced routing names next: the next pair in the order of all pairs, or
//! else those who are most behind their due.

use super::{Balance, Cycle, UNIT};
use crate::allocation::{pair_design, pair_selection, seed};

impl Balance {
    /// How often a pair has met, relative to its weights. A whole number if these are 1.
    #[expect(clippy::cast_precision_loss)] // counts of tasks: far below 2⁵³
    fn support(&self, one: usize, other: usize) -> f64 {
        let met = self.met(one, other);
        let count = met.offset.saturating_add_unsigned(met.given);
        count as f64 / (self.weight(one) * self.weight(other))
    }

    /// The mean support of all pairs among these.
    #[expect(clippy::cast_precision_loss)] // a number of pairs
    pub(super) fn usual_level(&self, people: &[usize]) -> f64 {
        let supports = people.iter().enumerate().flat_map(|(index, one)| {
            people[..index].iter().map(|other| self.support(*one, *other))
        });
        let sum: f64 = supports.sum();
        sum / (pair_design::pairs(people.len()).max(1) as f64)
    }

    /// What a task of `wanted` answers adds to the due of each annotator: in proportion to the
    /// weights, and at most one task. An annotator who reaches that gets it; the others share the
    /// rest.
    pub(super) fn rates(&self, able: &[usize], wanted: usize) -> Vec<i64> {
        let weight = |index: usize| i128::from(self.counts.people[able[index]].weight);
        let mut rates = vec![0; able.len()];
        let mut left: Vec<usize> = (0..able.len()).collect();
        let mut answers = wanted;
        loop {
            let sum: i128 = left.iter().map(|index| weight(*index)).sum();
            let share = |index: usize| i128::from(UNIT) * answers as i128 * weight(index);
            let full: Vec<usize> =
                left.iter().copied().filter(|i| share(*i) >= i128::from(UNIT) * sum).collect();
            if full.is_empty() || answers == 0 {
                for index in left {
                    rates[index] = i64::try_from(share(index) / sum.max(1)).unwrap_or(UNIT);
                }
                return rates;
            }
            for index in &full {
                rates[*index] = UNIT;
            }
            answers = answers.saturating_sub(full.len());
            left.retain(|index| !full.contains(index));
        }
    }

    /// Whether the order of all pairs is under way, or can begin: all have had the same number, and
    /// no pair is more than one behind another.
    pub(super) fn in_cycle(&mut self, able: &[usize]) -> bool {
        if self.counts.cycle.is_some() {
            return true;
        }
        let ahead = |who: usize| self.counts.people[who].ahead;
        if !able.iter().all(|who| ahead(*who) == ahead(able[0])) {
            return false;
        }
        let support = |one: usize, other: usize| {
            let met = self.met(one, other);
            met.offset.saturating_add_unsigned(met.given)
        };
        let first = support(able[0], able[1]);
        let (mut least, mut most) = (first, first);
        for (index, &one) in able.iter().enumerate() {
            for &other in &able[..index] {
                least = least.min(support(one, other));
                most = most.max(support(one, other));
            }
        }
        let even = most.saturating_sub(least) <= 1;
        if even {
            self.counts.cycle = Some(Cycle { began: self.counts.tasks, taken: 0 });
        }
        even
    }

    /// The next pair in the order of all pairs; each cycle has another order of the annotators.
    pub(super) fn next_pair(&mut self, able: &[usize]) -> Vec<usize> {
        let began = self.counts.tasks;
        let cycle = self.counts.cycle.get_or_insert(Cycle { began, taken: 0 });
        let length = pair_design::pairs(able.len()).max(1);
        let (round, at) = (cycle.taken / length, cycle.taken % length);
        cycle.taken += 1;
        let seed = seed::number(seed::number(self.seed, cycle.began), round);
        let mut people = able.to_vec();
        for last in (1..people.len()).rev() {
            let drawn = seed::below(seed::number(seed, last as u64), last as u64 + 1);
            people.swap(last, usize::try_from(drawn).unwrap_or(0));
        }
        let (one, other) = pair_design::pair(people.len(), at);
        vec![people[one], people[other]]
    }

    /// The annotators who would first fall a whole task behind. Among those who are level, the ones
    /// whose pairs, also with those in `with`, have met least.
    pub(super) fn most_behind(
        &self,
        able: &[usize],
        rates: &[i64],
        wanted: usize,
        with: &[usize],
    ) -> Vec<usize> {
        // An annotator is a whole task behind (1 − behind) / rate tasks from now. One who is ahead
        // even with this task's due comes after all who are not.
        let key = |index: usize| {
            let behind = rates[index].saturating_sub(self.counts.people[able[index]].ahead);
            (behind <= 0, i128::from(UNIT) - i128::from(behind), i128::from(rates[index].max(1)))
        };
        let compare = |one: &usize, other: &usize| {
            let (first, second) = (key(*one), key(*other));
            first.0.cmp(&second.0).then_with(|| (first.1 * second.2).cmp(&(second.1 * first.2)))
        };
        let mut order: Vec<usize> = (0..able.len()).collect();
        order.sort_by(compare);
        if wanted == 0 || wanted >= order.len() {
            return order.into_iter().take(wanted).map(|index| able[index]).collect();
        }
        let edge = order[wanted - 1];
        let is = |ordering| move |index: &&usize| compare(index, &edge) == ordering;
        let people = |indices: Vec<&usize>| indices.into_iter().map(|i| able[*i]).collect();
        let sure: Vec<usize> = people(order.iter().filter(is(std::cmp::Ordering::Less)).collect());
        let level: Vec<usize> =
            people(order.iter().filter(is(std::cmp::Ordering::Equal)).collect());
        let mut chosen = sure;
        let wanted = wanted - chosen.len();
        let drawn = seed::number(self.seed ^ 0xBA1A, self.counts.tasks);
        let support = |one, other| self.support(one, other);
        let met_with: Vec<usize> = chosen.iter().chain(with).copied().collect();
        chosen.extend(pair_selection::least_met(&level, wanted, &met_with, support, drawn));
        chosen
    }
}
