//! `route = "balanced"`: names the annotators of a task when it enters, so that loads and pairs
//! come out even.
//!
//! # What it promises
//!
//! For tasks that everybody in the pool may have:
//!
//! - **Equal weights**: after any number of tasks, whatever numbers of answers they want, nobody has
//!   been given more than **one** task more than anybody else.
//! - **Weights**: everybody is less than **one** task from their due. A due is what each task adds:
//!   its answers times the person's weight over all weights, and never more than 1 a task.
//! - **Pairs**, with equal weights: the numbers of tasks that any two pairs have in common differ by
//!   at most **1** where each task wants two answers (and by 0 after every n (n − 1) / 2 tasks: 2,100
//!   tasks of two for seven people are 100 for each pair), and by at most [`PAIR_SPREAD`] where each
//!   wants the same larger number. Where tasks want different numbers, pairs have no bound: tasks
//!   for one person move the loads, and evening those out binds who may be paired next.
//! - **Quotas** are never exceeded; whoever has reached theirs is as one who has left.
//! - **Coming and going**: who joins stands level with whoever has had most so far, and is not given
//!   what was missed. From there on the promises count anew; a change shifts a due by less than one
//!   task.
//!
//! The first, the third for two answers, and the quotas are proven; the second, and the constant for
//! three and more, are tested up to 12 people and 5 answers. Tasks for some people only
//! (tags, further opinions) are shared among these by the same rule, without constants.
//!
//! # How
//!
//! Two answers and equal weights: all pairs in the order of `pair_design.rs`, the people in another
//! seeded order in each cycle. Otherwise whoever would first fall a whole task behind goes first
//! (the earliest deadline, as in `mixture.rs`); between those who stand level, the set whose pairs
//! have met least is taken, and that leaves the ones who must be next a good set, too. What is
//! still level is drawn.
//!
//! A due is counted in units of 1 / `UNIT`, which n people divide without remainder up to n = 16,
//! so that "level" is meant exactly, for ever.
//!
//! The state is [`Counts`]: whoever keeps them continues as if there had been no pause.
//!
//! Decision 10 says what was rejected.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{pair_design, pair_selection, seed};

/// The most by which the supports of two pairs differ, with equal weights and three or more answers
/// a task, up to 12 people and 5 answers.
pub const PAIR_SPREAD: u64 = 6;

/// One task in the units of a due: divisible by all numbers up to 16.
const UNIT: i64 = 720_720 << 10;

/// The weight 1 in millionths.
const ONE: u64 = 1_000_000;

/// Somebody who may be named.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolMember {
    /// The annotator's name.
    pub name: String,
    /// Their part of the work in relation to the others': above 0; held to between 10⁻⁶ and 10⁶.
    pub weight: f64,
    /// The most tasks they are named for.
    pub quota: Option<u64>,
}

/// What has been given so far: all that has to be kept between two loads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Tasks so far.
    tasks: u64,
    /// Everybody who was ever in the pool, in the order of coming.
    people: Vec<Load>,
    /// For each person, their pairs with all who came before them.
    pairs: Vec<Vec<Met>>,
    /// Where the order of all pairs stands.
    cycle: Option<Cycle>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Load {
    name: String,
    /// In millionths.
    weight: u64,
    quota: Option<u64>,
    /// In the pool.
    here: bool,
    /// In the pool and below the quota, when it was last looked at.
    active: bool,
    /// Tasks they have been named for.
    given: u64,
    /// How far ahead of their due, in units of 1 / [`UNIT`].
    ahead: i64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Met {
    /// Tasks in common.
    given: u64,
    /// What is added in comparisons, so that who joins is not thrown together with who joined last.
    offset: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Cycle {
    /// The number of the task with which it began.
    began: u64,
    /// Pairs taken since.
    taken: u64,
}

/// Who is named for a task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// The annotators, in the order of their coming into the pool.
    pub names: Vec<String>,
    /// How many are missing because nobody else may have the task.
    pub missing: usize,
}

/// Names annotators for task after task.
#[derive(Clone, Debug, PartialEq)]
pub struct Balance {
    seed: u64,
    counts: Counts,
    places: HashMap<String, usize>,
}

impl Balance {
    /// Before the first task, without people.
    pub fn new(seed: u64) -> Self {
        Self::resume(seed, Counts::default())
    }

    /// Where another with this seed stopped.
    ///
    /// Counts that were damaged on their way are made usable: missing pairs have not met.
    pub fn resume(seed: u64, mut counts: Counts) -> Self {
        counts.pairs.resize(counts.people.len(), Vec::new());
        for (who, row) in counts.pairs.iter_mut().enumerate() {
            row.resize(who, Met::default());
        }
        let places = counts.people.iter().enumerate().map(|(i, p)| (p.name.clone(), i)).collect();
        Self { seed, counts, places }
    }

    /// What has been given so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Tasks that somebody has been named for.
    pub fn given(&self, name: &str) -> u64 {
        self.places.get(name).map_or(0, |who| self.counts.people[*who].given)
    }

    /// Tasks that two have been named for together.
    pub fn together(&self, one: &str, other: &str) -> u64 {
        match (self.places.get(one), self.places.get(other)) {
            (Some(one), Some(other)) if one != other => self.met(*one, *other).given,
            _ => 0,
        }
    }

    /// Says who is there from now on; the same people as before change nothing.
    ///
    /// Of two with one name the last counts.
    pub fn set_pool(&mut self, pool: &[PoolMember]) {
        let level = self.active().map(|i| self.counts.people[i].ahead).max().unwrap_or(0);
        let before: Vec<usize> = self.active().collect();
        let usual = self.usual_level(&before);
        for standing in &mut self.counts.people {
            standing.here = false;
        }
        let mut came = Vec::new();
        for person in pool {
            // Between 1 and 10¹².
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let weight = (person.weight.clamp(1e-6, 1e6) * 1e6).round().max(1.0) as u64;
            let who = self.place(&person.name, weight);
            let standing = &mut self.counts.people[who];
            if standing.weight != weight {
                standing.weight = weight;
                self.counts.cycle = None;
            }
            standing.here = true;
            standing.quota = person.quota;
            if !standing.active && !came.contains(&who) {
                standing.ahead = level;
                came.push(who);
            }
        }
        for (index, &who) in came.iter().enumerate() {
            for &other in before.iter().chain(&came[..index]) {
                let wished = usual * self.weight(who) * self.weight(other);
                // Counts of tasks: far below 2⁵³.
                #[expect(clippy::cast_possible_truncation)]
                let wished = wished.round() as i64;
                let met = self.met_mut(who, other);
                met.offset = wished.saturating_sub_unsigned(met.given);
            }
        }
        self.refresh();
    }

    /// Names `answers` people for the next task.
    ///
    /// `may` says of a name whether this person may have it (tags). `already` are those who have the
    /// task or have answered it: they are not named again, and their pairs with the new ones count.
    /// Whoever is missing has to be asked for later, with the others as `already`.
    pub fn name(&mut self, answers: usize, may: impl Fn(&str) -> bool, already: &[&str]) -> Named {
        let people = &self.counts.people;
        let active = self.active().count();
        let able: Vec<usize> = self
            .active()
            .filter(|i| may(&people[*i].name) && !already.contains(&people[*i].name.as_str()))
            .collect();
        let mut with: Vec<usize> =
            already.iter().filter_map(|name| self.places.get(*name).copied()).collect();
        with.sort_unstable();
        with.dedup();
        let wanted = answers.min(able.len());
        let level = able.iter().all(|i| people[*i].weight == people[able[0]].weight);
        let rates = self.rates(&able, wanted);
        let whole = able.len() == active && already.is_empty();
        let by_design = whole && level && answers == 2 && active > 2 && self.in_cycle(&able);
        let mut chosen = if by_design {
            self.next_pair(&able)
        } else {
            if wanted > 0 {
                self.counts.cycle = None;
            }
            self.most_behind(&able, &rates, wanted, &with)
        };
        chosen.sort_unstable();
        for (&who, rate) in able.iter().zip(rates) {
            let standing = &mut self.counts.people[who];
            standing.ahead = standing.ahead.saturating_sub(rate);
        }
        for (index, &who) in chosen.iter().enumerate() {
            let standing = &mut self.counts.people[who];
            standing.given = standing.given.saturating_add(1);
            standing.ahead = standing.ahead.saturating_add(UNIT);
            for &other in with.iter().chain(&chosen[..index]) {
                self.met_mut(who, other).given += 1;
            }
        }
        self.counts.tasks = self.counts.tasks.wrapping_add(1);
        self.refresh();
        let names = chosen.iter().map(|who| self.counts.people[*who].name.clone()).collect();
        Named { names, missing: answers - wanted }
    }

    /// Counts a task for which these people are named already, where the counts have been lost.
    ///
    /// It tells who has had how much, which quotas rest upon. Who was to come next cannot be told from
    /// it: for whoever is in the next pool everything begins level.
    pub fn note(&mut self, names: &[&str]) {
        let mut noted: Vec<usize> = names.iter().map(|name| self.place(name, ONE)).collect();
        noted.sort_unstable();
        noted.dedup();
        for (index, &who) in noted.iter().enumerate() {
            let standing = &mut self.counts.people[who];
            standing.given = standing.given.saturating_add(1);
            for &other in &noted[..index] {
                self.met_mut(who, other).given += 1;
            }
        }
        self.counts.tasks = self.counts.tasks.wrapping_add(1);
        self.counts.cycle = None;
        self.refresh();
    }

    /// Where somebody stands in the counts; who is new gets a place there, and is not in the pool.
    fn place(&mut self, name: &str, weight: u64) -> usize {
        if let Some(&who) = self.places.get(name) {
            return who;
        }
        let who = self.counts.people.len();
        self.counts.people.push(Load {
            name: name.to_owned(),
            weight,
            quota: None,
            here: false,
            active: false,
            given: 0,
            ahead: 0,
        });
        self.counts.pairs.push(vec![Met::default(); who]);
        self.places.insert(name.to_owned(), who);
        who
    }

    /// Takes back that somebody was named for a task, together with the `others` who stay on it.
    ///
    /// They are not owed another for it: whoever does not come is not given more to do.
    pub fn withdraw(&mut self, name: &str, others: &[&str]) {
        let Some(&who) = self.places.get(name) else { return };
        let standing = &mut self.counts.people[who];
        standing.given = standing.given.saturating_sub(1);
        for other in others {
            if let Some(&other) = self.places.get(*other).filter(|other| **other != who) {
                let met = self.met_mut(who, other);
                met.given = met.given.saturating_sub(1);
            }
        }
        self.counts.cycle = None;
        self.refresh();
    }

    fn active(&self) -> impl Iterator<Item = usize> {
        (0..self.counts.people.len()).filter(|i| self.counts.people[*i].active)
    }

    /// Looks who is active now; if these are others than before, brings their dues to what they have
    /// in sum and ends the cycle.
    fn refresh(&mut self) {
        let mut changed = false;
        for standing in &mut self.counts.people {
            let active = standing.here && standing.quota.is_none_or(|most| standing.given < most);
            changed |= active != standing.active;
            standing.active = active;
        }
        if !changed {
            return;
        }
        self.counts.cycle = None;
        let active: Vec<usize> = self.active().collect();
        let sum: i64 = active.iter().map(|i| self.counts.people[*i].ahead).sum();
        let count = i64::try_from(active.len()).unwrap_or(i64::MAX).max(1);
        for who in active {
            self.counts.people[who].ahead -= sum.div_euclid(count);
        }
    }

    fn met(&self, one: usize, other: usize) -> Met {
        self.counts.pairs[one.max(other)][one.min(other)]
    }

    fn met_mut(&mut self, one: usize, other: usize) -> &mut Met {
        &mut self.counts.pairs[one.max(other)][one.min(other)]
    }

    /// As a number near 1.
    #[expect(clippy::cast_precision_loss)] // at most 10¹²
    fn weight(&self, who: usize) -> f64 {
        self.counts.people[who].weight as f64 / 1e6
    }

    /// How often a pair has met, in relation to its weights. Whole numbers where these are 1.
    #[expect(clippy::cast_precision_loss)] // counts of tasks: far below 2⁵³
    fn support(&self, one: usize, other: usize) -> f64 {
        let met = self.met(one, other);
        let count = met.offset.saturating_add_unsigned(met.given);
        count as f64 / (self.weight(one) * self.weight(other))
    }

    /// The mean support of all pairs among these.
    #[expect(clippy::cast_precision_loss)] // a number of pairs
    fn usual_level(&self, people: &[usize]) -> f64 {
        let supports = people.iter().enumerate().flat_map(|(index, one)| {
            people[..index].iter().map(|other| self.support(*one, *other))
        });
        let sum: f64 = supports.sum();
        sum / (pair_design::pairs(people.len()).max(1) as f64)
    }

    /// What a task of `wanted` answers adds to the due of each: in proportion to the weights, and
    /// at most one task. Who reaches that gets it, and the rest is shared by the others.
    fn rates(&self, able: &[usize], wanted: usize) -> Vec<i64> {
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

    /// Whether the order of all pairs is under way, or can begin: everybody has had as much, and
    /// no pair is more than one behind another.
    fn in_cycle(&mut self, able: &[usize]) -> bool {
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

    /// The next pair in the order of all pairs; the people stand in another order in each cycle.
    fn next_pair(&mut self, able: &[usize]) -> Vec<usize> {
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

    /// Those who would first fall a whole task behind; among the ones who stand level, those whose
    /// pairs, also with the ones in `with`, have met least.
    fn most_behind(
        &self,
        able: &[usize],
        rates: &[i64],
        wanted: usize,
        with: &[usize],
    ) -> Vec<usize> {
        // When somebody is a whole task behind: (1 − behind) / rate tasks from now. Who is ahead even
        // with this task's due comes after all who are not.
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
        let company: Vec<usize> = chosen.iter().chain(with).copied().collect();
        chosen.extend(pair_selection::least_met(&level, wanted, &company, support, drawn));
        chosen
    }
}

#[cfg(test)]
mod tests;
