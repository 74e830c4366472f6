//! `route = "balanced"`: names the annotators of a task when it is loaded, so that loads and pairs
//! come out even.
//!
//! # What it promises
//!
//! For tasks that every annotator in the pool may have:
//!
//! - **Equal weights**: after any number of tasks, whatever numbers of answers they want, no
//!   annotator has been given more than **one** task more than another.
//! - **Weights**: every annotator is less than **one** task from their due. Each task adds to a due
//!   its answers times the annotator's weight over all weights, and never more than 1.
//! - **Pairs**, with equal weights: the numbers of tasks that any two pairs have in common differ
//!   by at most **1** where each task wants two answers (and by 0 after every n (n − 1) / 2 tasks:
//!   2,100 tasks of two for seven people are 100 for each pair), and by at most [`PAIR_SPREAD`]
//!   where each wants the same larger number. Where tasks want different numbers, pairs have no
//!   bound: tasks for one annotator shift the loads, and balancing those limits who may be paired
//!   next.
//! - **Quotas** are never exceeded; an annotator at quota is treated as removed.
//! - **Joining and leaving**: an annotator who joins starts level with the one who has had most so
//!   far, and is not given what they missed. From there on the promises start again; a change
//!   shifts a due by less than one task.
//!
//! The first, the third for two answers, and the quotas are proven; the second, and the constant
//! for three and more, are tested up to 12 people and 5 answers. Tasks for some people only (tags,
//! further opinions) are shared among these by the same rule, without constants.
//!
//! # How
//!
//! Two answers and equal weights: all pairs in the order of `pair_design.rs`, the annotators in
//! another seeded order in each cycle. Otherwise the annotator who would first fall a whole task
//! behind comes first (the earliest deadline, as in `mixture.rs`). Among annotators who are level,
//! the set whose pairs have met least is taken; the pairs of those who must be next count, too.
//! Remaining ties are drawn.
//!
//! A due is counted in units of 1 / `UNIT`, which n annotators divide without remainder up to n =
//! 16, so that "level" is exact.
//!
//! The state is [`Counts`]: with them a balance continues as if there had been no pause.
//!
//! Decision 10 says what was rejected.

mod selection;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// The most by which the supports of two pairs differ, with equal weights and three or more answers
/// a task, up to 12 people and 5 answers.
pub const PAIR_SPREAD: u64 = 6;

/// One task in the units of a due: divisible by all numbers up to 16.
const UNIT: i64 = 720_720 << 10;

/// The weight 1 in millionths.
const ONE: u64 = 1_000_000;

/// An annotator who may be named.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolMember {
    /// The annotator's name.
    pub name: String,
    /// Their share of the work relative to the others': above 0; clamped to between 10⁻⁶ and 10⁶.
    pub weight: f64,
    /// The most tasks they are named for.
    pub quota: Option<u64>,
}

/// How much was given so far: all that is kept between two loads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Tasks so far.
    tasks: u64,
    /// The annotators who were ever in the pool, in the order of joining.
    people: Vec<Load>,
    /// For each annotator, their pairs with all who joined before.
    pairs: Vec<Vec<Met>>,
    /// How far the order of all pairs has come.
    cycle: Option<Cycle>,
}

/// How much one annotator was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Load {
    name: String,
    /// In millionths.
    weight: u64,
    quota: Option<u64>,
    /// In the pool.
    here: bool,
    /// In the pool and below the quota, at the last refresh.
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
    /// Added in comparisons, so that an annotator who joins is not always paired with the last who
    /// joined.
    offset: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Cycle {
    /// The number of the task with which it began.
    began: u64,
    /// Pairs taken since.
    taken: u64,
}

/// The annotators who are named for a task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Their names, in the order of joining the pool.
    pub names: Vec<String>,
    /// How many are missing because no other annotator may have the task.
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
    /// Before the first task, with an empty pool.
    pub fn new(seed: u64) -> Self {
        Self::resume(seed, Counts::default())
    }

    /// Continues where another balance with this seed stopped.
    ///
    /// Damaged counts are made usable: missing pairs have not met.
    pub fn resume(seed: u64, mut counts: Counts) -> Self {
        counts.pairs.resize(counts.people.len(), Vec::new());
        for (who, row) in counts.pairs.iter_mut().enumerate() {
            row.resize(who, Met::default());
        }
        let places = counts.people.iter().enumerate().map(|(i, p)| (p.name.clone(), i)).collect();
        Self { seed, counts, places }
    }

    /// The present counts.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Tasks for which an annotator was named.
    pub fn given(&self, name: &str) -> u64 {
        self.places.get(name).map_or(0, |who| self.counts.people[*who].given)
    }

    /// Tasks for which two annotators were named together.
    pub fn together(&self, one: &str, other: &str) -> u64 {
        match (self.places.get(one), self.places.get(other)) {
            (Some(one), Some(other)) if one != other => self.met(*one, *other).given,
            _ => 0,
        }
    }

    /// Replaces the pool; the same pool as before changes nothing.
    ///
    /// Of two members with one name the last counts.
    pub fn set_pool(&mut self, pool: &[PoolMember]) {
        let level = self.active().map(|i| self.counts.people[i].ahead).max().unwrap_or(0);
        let before: Vec<usize> = self.active().collect();
        let usual = self.usual_level(&before);
        for load in &mut self.counts.people {
            load.here = false;
        }
        let mut came = Vec::new();
        for person in pool {
            // Between 1 and 10¹².
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let weight = (person.weight.clamp(1e-6, 1e6) * 1e6).round().max(1.0) as u64;
            let who = self.place(&person.name, weight);
            let load = &mut self.counts.people[who];
            if load.weight != weight {
                load.weight = weight;
                self.counts.cycle = None;
            }
            load.here = true;
            load.quota = person.quota;
            if !load.active && !came.contains(&who) {
                load.ahead = level;
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

    /// Names `answers` annotators for the next task.
    ///
    /// `may` says whether an annotator may have it (tags). `already` are the annotators who hold or
    /// have answered the task: they are not named again, and their pairs with the new ones count.
    /// Missing ones have to be named later, with the others as `already`.
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
            let load = &mut self.counts.people[who];
            load.ahead = load.ahead.saturating_sub(rate);
        }
        for (index, &who) in chosen.iter().enumerate() {
            let load = &mut self.counts.people[who];
            load.given = load.given.saturating_add(1);
            load.ahead = load.ahead.saturating_add(UNIT);
            for &other in with.iter().chain(&chosen[..index]) {
                self.met_mut(who, other).given += 1;
            }
        }
        self.counts.tasks = self.counts.tasks.wrapping_add(1);
        self.refresh();
        let names = chosen.iter().map(|who| self.counts.people[*who].name.clone()).collect();
        Named { names, missing: answers - wanted }
    }

    /// Counts a task for which these annotators are named already, after the counts were lost.
    ///
    /// This restores how much each annotator has had, which quotas need. It cannot restore who
    /// would be next: all members of the next pool start level.
    pub fn note(&mut self, names: &[&str]) {
        let mut noted: Vec<usize> = names.iter().map(|name| self.place(name, ONE)).collect();
        noted.sort_unstable();
        noted.dedup();
        for (index, &who) in noted.iter().enumerate() {
            let load = &mut self.counts.people[who];
            load.given = load.given.saturating_add(1);
            for &other in &noted[..index] {
                self.met_mut(who, other).given += 1;
            }
        }
        self.counts.tasks = self.counts.tasks.wrapping_add(1);
        self.counts.cycle = None;
        self.refresh();
    }

    /// The index of an annotator in the counts. A new one is added, outside of the pool.
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

    /// Uncounts a task for which an annotator was named together with the `others`, who stay on it.
    ///
    /// They are not owed another task for it: an annotator who does not come is not given more.
    pub fn withdraw(&mut self, name: &str, others: &[&str]) {
        let Some(&who) = self.places.get(name) else { return };
        let load = &mut self.counts.people[who];
        load.given = load.given.saturating_sub(1);
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

    /// Updates who is active. If that has changed, sets the sum of the dues to what was given, and
    /// ends the cycle.
    fn refresh(&mut self) {
        let mut changed = false;
        for load in &mut self.counts.people {
            let active = load.here && load.quota.is_none_or(|most| load.given < most);
            changed |= active != load.active;
            load.active = active;
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

    /// The weight as a number near 1.
    #[expect(clippy::cast_precision_loss)] // at most 10¹²
    fn weight(&self, who: usize) -> f64 {
        self.counts.people[who].weight as f64 / 1e6
    }
}

#[cfg(test)]
mod tests;
