//! The rules that are applied when a task is loaded: how many answers, from whom, how early.
//!
//! In this order:
//!
//! 1. **Gold** (`meta.gold`) is for every annotator once, in lanes of its own, and is not counted.
//! 2. **Named** tasks (`--to`, then `assign_field`) are for the annotators named and no others.
//! 3. **How many**: the load's number, or one of each annotator, or the mixture, exactly or by
//!    hash.
//! 4. **Who**: the first who ask, or the balanced or Prodigy's choice among those with the tags.
//! 5. **Short**: with fewer annotators than answers wanted, the task waits for others to join, or
//!    wants fewer answers.
//!
//! Only tasks of the third step count for the mixture, and only those of the fourth for the
//! balance, so a task that bypasses them changes no share. The counts are [`AllocationCounters`]; a
//! planner that is made of them continues as if there had been no pause.
//!
//! A held task lists the active annotators even if anyone may take it, so that the
//! [`TaskState::shortfall`](super::TaskState::shortfall) is one formula. When annotators join or
//! leave, `replan.rs` decides again.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::balance::{Balance, Counts, PoolMember};
use super::choices::{Route, Split, WhenShort};
use super::mixture::{ExactSplitter, Mixture};
use super::plan::{named, own_priority, tags};
use super::{AnnotatorProfile, Lane, Overrides, Plan, PlanError, Purpose, order, prodigy};
use crate::task::{Task, TaskJson, gold};

/// The part of the rules that is applied when a task is loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanPolicy {
    /// How many answers a task wants.
    pub answers: AnswersWanted,
    /// How the parts of a mixture are chosen.
    pub split: Split,
    /// How the annotators of a task are chosen.
    pub route: Route,
    /// The number of answers in the roster, if it is one number. Prodigy's rule uses it unchanged.
    pub average: Option<f64>,
    /// The path of the key that names a task's annotators, such as `meta.target_annotator`.
    pub assign_field: Option<String>,
    /// What a task does that wants more answers than there are annotators for it.
    pub when_short: WhenShort,
    /// The seed of all random choices.
    pub seed: u64,
    /// The annotators of the roster, in its order, active or not.
    pub people: Vec<AnnotatorProfile>,
}

/// How many answers a task wants.
#[derive(Clone, Debug, PartialEq)]
pub enum AnswersWanted {
    /// By a mixture, which may have one part.
    Mixture(Mixture),
    /// One by each annotator who may have it.
    All,
}

/// The part of a task that is for all annotators. Its number of answers changes when annotators
/// join or leave; a number that a load asked for stays.
pub const ALL_ANNOTATORS: u16 = u16::MAX;

/// How much was planned so far: all that is kept between two loads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AllocationCounters {
    /// The mixture to which `given` belongs ([`Mixture::to_text`]); empty if there was none. Stored
    /// format 2 calls it `mixture` and has another text there. So an older annotd rejects this
    /// record instead of starting to count at zero.
    shares: String,
    /// Tasks that were counted to each part of it.
    given: Vec<u64>,
    /// The counts of balanced routing.
    balance: Counts,
}

impl AllocationCounters {
    /// How many tasks were counted to each part of this policy's mixture; `None` if the counts
    /// belong to another mixture.
    pub fn given(&self, policy: &PlanPolicy) -> Option<&[u64]> {
        match &policy.answers {
            AnswersWanted::Mixture(parts) if self.shares == parts.to_text() => Some(&self.given),
            _ => None,
        }
    }

    /// These counters, with this many tasks in each part of this policy's mixture.
    #[must_use]
    pub fn with_given(self, policy: &PlanPolicy, given: Vec<u64>) -> Self {
        match &policy.answers {
            AnswersWanted::Mixture(parts) => Self { shares: parts.to_text(), given, ..self },
            AnswersWanted::All => self,
        }
    }

    /// These counters, with these counts of balanced routing.
    #[must_use]
    pub fn with_balance(self, balance: Counts) -> Self {
        Self { balance, ..self }
    }
}

/// Plans task after task.
#[derive(Clone, Debug)]
pub struct Planner {
    pub(super) policy: PlanPolicy,
    splitter: Option<ExactSplitter>,
    pub(super) balance: Balance,
}

impl Planner {
    /// Continues from these counters. The counts of another mixture start at zero.
    pub fn new(policy: PlanPolicy, counters: &AllocationCounters) -> Self {
        let splitter = match &policy.answers {
            AnswersWanted::Mixture(parts) => {
                let same = counters.shares == parts.to_text();
                let given = if same { counters.given.clone() } else { Vec::new() };
                Some(ExactSplitter::resume(parts.clone(), policy.seed, given))
            }
            AnswersWanted::All => None,
        };
        let mut balance = Balance::resume(policy.seed, counters.balance.clone());
        if policy.route == Route::Balanced {
            balance.set_pool(&pool(&policy.people));
        }
        Self { policy, splitter, balance }
    }

    /// Whether a plan depends on the plans before it. If not, the counters need not be kept.
    pub fn is_stateful(&self) -> bool {
        let mixed = match &self.policy.answers {
            AnswersWanted::Mixture(parts) => parts.len() > 1 && self.policy.split == Split::Exact,
            AnswersWanted::All => false,
        };
        mixed || self.policy.route == Route::Balanced
    }

    /// The present counters.
    pub fn counters(&self) -> AllocationCounters {
        let (shares, given) = match (&self.policy.answers, &self.splitter) {
            (AnswersWanted::Mixture(parts), Some(splitter)) => {
                (parts.to_text(), splitter.given().to_vec())
            }
            _ => Default::default(),
        };
        AllocationCounters { shares, given, balance: self.balance.counts().clone() }
    }

    /// Checks a task without counting it.
    ///
    /// # Errors
    /// If it cannot be planned.
    pub fn check(&self, overrides: &Overrides, task: &TaskJson) -> Result<(), PlanError> {
        let requires = self.required(task)?;
        let names = self.named(overrides, task, &requires)?;
        own_priority(task)?;
        wanted_of(overrides, &names).map(drop)
    }

    /// Plans the next task. Tasks come in the order of loading, each once.
    ///
    /// # Errors
    /// If it cannot be planned; then nothing is counted.
    pub fn plan(&mut self, overrides: &Overrides, task: &Task) -> Result<Plan, PlanError> {
        let requires = self.required(&task.body)?;
        let names = self.named(overrides, &task.body, &requires)?;
        let priority = order::priority(own_priority(&task.body)?, overrides.priority);
        // A mistake in the right answer itself was reported before.
        let is_gold = matches!(gold::gold(&task.body), Ok(Some(_)));
        let purpose = if is_gold { Purpose::Gold } else { Purpose::Regular };
        let of = |name: String| if is_gold { Lane::GoldOf(name) } else { Lane::Of(name) };
        if let Some(wanted) = wanted_of(overrides, &names)? {
            let lanes = names.into_iter().map(of).collect();
            return Ok(Plan { priority, bound: true, purpose, ..Plan::new(wanted, lanes) });
        }
        if is_gold || (self.policy.answers == AnswersWanted::All && overrides.annotations.is_none())
        {
            let (wanted, lanes) = self.for_all_annotators(&requires, is_gold);
            let part = (!is_gold).then_some(ALL_ANNOTATORS);
            return Ok(Plan { priority, part, purpose, ..Plan::new(wanted, lanes) });
        }
        let (wanted, part) = match overrides.annotations {
            Some(annotations) => (annotations.max(1), None),
            None => self.wanted(task),
        };
        let (wanted, lanes) = self.route(task, wanted, overrides.annotations.is_none(), &requires);
        Ok(Plan { priority, part, ..Plan::new(wanted, lanes) })
    }

    /// The tags that a task requires, if for each there is an annotator who has it.
    fn required(&self, task: &TaskJson) -> Result<Vec<String>, PlanError> {
        let requires = tags(task)?;
        let has = |tag: &&String| self.policy.people.iter().any(|p| p.tags.contains(tag));
        match requires.iter().find(|tag| !has(tag)) {
            Some(tag) => Err(PlanError::NobodyHas { tag: tag.clone() }),
            None => Ok(requires),
        }
    }

    /// The annotators whom a load or a task names, each once.
    fn named(
        &self,
        overrides: &Overrides,
        task: &TaskJson,
        requires: &[String],
    ) -> Result<Vec<String>, PlanError> {
        let (field, names) = match (&overrides.to, &self.policy.assign_field) {
            (to, _) if !to.is_empty() => ("--to", to.clone()),
            (_, Some(field)) => (field.as_str(), named(field, task)?),
            (_, None) => ("", Vec::new()),
        };
        let mut seen = HashSet::new();
        let mut unique = Vec::with_capacity(names.len());
        for name in names {
            let Some(person) = self.policy.people.iter().find(|person| person.name == name) else {
                return Err(PlanError::NotInRoster { field: field.to_owned(), name });
            };
            if let Some(tag) = requires.iter().find(|tag| !person.tags.contains(tag)) {
                return Err(PlanError::LacksTag { name, tag: tag.clone() });
            }
            if seen.insert(name.clone()) {
                unique.push(name);
            }
        }
        Ok(unique)
    }

    /// How many answers the mixture gives a task, and the part to which the task is counted.
    fn wanted(&mut self, task: &Task) -> (u32, Option<u16>) {
        match (&self.policy.answers, &mut self.splitter) {
            (AnswersWanted::Mixture(parts), Some(splitter))
                if self.policy.split == Split::Exact =>
            {
                let part = splitter.next_part();
                (parts.annotations(part), u16::try_from(part).ok())
            }
            (AnswersWanted::Mixture(parts), _) => (parts.by_hash(task.task_hash), None),
            (AnswersWanted::All, _) => (1, None),
        }
    }

    /// The active annotators with these tags, in the order of the roster.
    pub(super) fn eligible(&self, requires: &[String]) -> Vec<String> {
        let able = self.policy.people.iter().filter(|person| person.may(requires));
        able.map(|person| person.name.clone()).collect()
    }

    /// One answer of each annotator who may have the task.
    fn for_all_annotators(&self, requires: &[String], is_gold: bool) -> (u32, Vec<Lane>) {
        let able = self.eligible(requires);
        let wanted = u32::try_from(able.len()).unwrap_or(u32::MAX);
        let lanes = match (requires.is_empty() && wanted > 0, is_gold) {
            (true, true) => vec![Lane::Gold],
            (true, false) => vec![Lane::Anyone],
            (false, true) => able.into_iter().map(Lane::GoldOf).collect(),
            (false, false) => able.into_iter().map(Lane::Of).collect(),
        };
        (wanted.max(1), lanes)
    }

    /// How many answers a task wants, starting from `wanted`, and the lanes it is in.
    fn route(
        &mut self,
        task: &Task,
        wanted: u32,
        by_the_rules: bool,
        requires: &[String],
    ) -> (u32, Vec<Lane>) {
        let able = self.eligible(requires);
        let enough = able.len() >= wanted as usize;
        match self.policy.route {
            Route::Open if enough && requires.is_empty() => (wanted, vec![Lane::Anyone]),
            Route::Open => self.apply_when_short(wanted, able),
            Route::Balanced => {
                let may = |name: &str| able.iter().any(|person| person == name);
                let named = self.balance.name(wanted as usize, may, &[]);
                self.apply_when_short(wanted, named.names)
            }
            Route::Hash => {
                let exactly = self
                    .policy
                    .average
                    .filter(|_| by_the_rules && self.policy.split == Split::Hash);
                let needed = exactly.unwrap_or(f64::from(wanted));
                let names = prodigy::annotators(task.task_hash, needed, &able);
                let wanted = match exactly {
                    // The fraction is decided with the names, so the whole number may not be
                    // reached.
                    Some(_) if !names.is_empty() && names.len() < able.len() => {
                        u32::try_from(names.len()).unwrap_or(u32::MAX)
                    }
                    _ => wanted,
                };
                self.apply_when_short(wanted, names)
            }
        }
    }

    /// This many answers of these annotators. If they are too few, `when_short` decides whether the
    /// task wants fewer answers.
    fn apply_when_short(&self, wanted: u32, names: Vec<String>) -> (u32, Vec<Lane>) {
        let there = u32::try_from(names.len()).unwrap_or(u32::MAX);
        let wanted = match self.policy.when_short {
            WhenShort::Hold => wanted,
            WhenShort::Partial => wanted.min(there.max(1)),
        };
        (wanted, names.into_iter().map(Lane::Of).collect())
    }
}

/// How many answers the named annotators are asked for; `None` if no names are given.
fn wanted_of(overrides: &Overrides, names: &[String]) -> Result<Option<u32>, PlanError> {
    if names.is_empty() {
        return Ok(None);
    }
    let every = u32::try_from(names.len()).unwrap_or(u32::MAX);
    let wanted = overrides.annotations.unwrap_or(every).max(1);
    if wanted > every {
        return Err(PlanError::TooFewNamed { wanted, names: names.len() });
    }
    Ok(Some(wanted))
}

/// The active annotators, for the balance.
pub(super) fn pool(people: &[AnnotatorProfile]) -> Vec<PoolMember> {
    let there = people.iter().filter(|person| person.active);
    let person = |person: &AnnotatorProfile| PoolMember {
        name: person.name.clone(),
        weight: person.weight,
        quota: person.quota,
    };
    there.map(person).collect()
}

#[cfg(test)]
mod tests;
