//! What was dealt out, against a count over all tasks.
//!
//! Every task that a mixture was asked about says to which part it was counted, so the counts that
//! the next load goes on from can be made again. They need not be those of all tasks: a roster
//! whose mixture has changed begins to count from zero, and what was loaded before keeps its part.
//! So
//!
//! - counts that are those of all tasks are right, and then the whole project must be within one
//!   task of every share;
//! - counts that differ are wrong if there are more of them than tasks, or if the tasks as a whole
//!   keep the mixture, as only tasks that were dealt by it do;
//! - otherwise the mixture has changed, which is only noted.
//!
//! What balanced routing has named is counted as well, and tasks that move, people who come and
//! people who go leave their marks in it; so it is kept if it can be read. Where it is lost, it is
//! made again of the tasks that were named by the rules.
//!
//! Rejected: writing into each deal from which task on it counts, which would make a mixture that
//! is changed back and forth exact and every store of today wrong.

use std::collections::HashSet;

use super::VerifyOptions;
use crate::allocation::balance::Balance;
use crate::allocation::mixture::Mixture;
use crate::allocation::{AnswersWanted, PlanPolicy, Planner, Purpose, Route, Split};
use crate::planning::state::AllocationState;
use crate::store::audit::{Finding, Outcome};
use crate::store::{AllocationRecord, Record, Store, StoreError};

/// The record of the deal before the walk.
pub(super) struct Before {
    /// None if it could not be read from the store at all.
    allocation_record: Option<AllocationRecord>,
}

/// Looks at the deal before the walk: tasks that are loaded meanwhile belong to a later one.
pub(super) async fn before(store: &dyn Store) -> Result<Before, StoreError> {
    match store.allocation_record().await {
        Ok(allocation_record) => Ok(Before { allocation_record: Some(allocation_record) }),
        Err(error) if error.is_unavailable() => Err(error),
        Err(_) => Ok(Before { allocation_record: None }),
    }
}

impl Before {
    /// Whether unfinished tasks stand where the roster puts them.
    pub(super) fn stands(&self, options: &VerifyOptions<'_>) -> bool {
        let state = self
            .allocation_record
            .as_ref()
            .and_then(|allocation_record| AllocationState::read(allocation_record).ok());
        state.is_some_and(|state| state.is_of(options.rules, options.policy))
    }
}

/// A count over all tasks.
pub(super) struct Counting {
    parts: Vec<u64>,
    balance: Balance,
    balanced: bool,
}

impl Counting {
    pub(super) fn new(rules: &PlanPolicy) -> Self {
        let balanced = rules.route == Route::Balanced;
        Self { parts: Vec::new(), balance: Balance::new(rules.seed), balanced }
    }

    pub(super) fn note(&mut self, record: &Record) {
        let state = &record.state;
        self.count(state.part);
        if self.balanced && state.purpose == Purpose::Regular && !state.bound {
            let names: Vec<&str> = state.names().collect();
            if !names.is_empty() {
                self.balance.note(&names);
            }
        }
    }

    fn count(&mut self, part: Option<u16>) {
        if let Some(part) = part.map(usize::from) {
            if self.parts.len() <= part {
                self.parts.resize(part + 1, 0);
            }
            self.parts[part] += 1;
        }
    }
}

/// Checks the allocation record; rewrites it if that is asked for.
pub(super) async fn check(
    store: &dyn Store,
    options: &VerifyOptions<'_>,
    before: Before,
    mut counting: Counting,
) -> Result<Vec<Finding>, StoreError> {
    let rules = options.rules;
    let allocation_record = match store.allocation_record().await {
        Ok(allocation_record) => allocation_record,
        Err(error) if error.is_unavailable() => return Err(error),
        // The store has said what is wrong with it.
        Err(_) => return Ok(Vec::new()),
    };
    let finding = |breaks, says: String, outcome| Finding { breaks, task: None, says, outcome };
    if before.allocation_record.is_some_and(|before| before.version != allocation_record.version) {
        let says = "tasks were being loaded, so their shares were not compared; run it again";
        return Ok(vec![finding("split", says.to_owned(), Outcome::Note)]);
    }
    // What is promised has been counted.
    let pending_plans: Vec<_> =
        allocation_record.pending_plans.iter().map(|(task, _)| task.clone()).collect();
    let there = if pending_plans.is_empty() {
        HashSet::default()
    } else {
        match store.existing_ids(&pending_plans).await {
            Ok(there) => there,
            Err(error) if error.is_unavailable() => return Err(error),
            // A task that cannot be read is there.
            Err(_) => pending_plans.into_iter().collect(),
        }
    };
    for (task, plan) in &allocation_record.pending_plans {
        if !there.contains(task) {
            counting.count(plan.part);
        }
    }
    let (state, readable) = match AllocationState::read(&allocation_record) {
        Ok(state) => (state, true),
        Err(_) => (AllocationState::default(), false),
    };
    let verdict = if readable {
        judge(rules, &state, &counting)
    } else {
        Verdict::Wrong("it cannot be read".to_owned())
    };
    let why = match verdict {
        Verdict::Right => return Ok(Vec::new()),
        Verdict::Note(says) => return Ok(vec![finding("deal", says, Outcome::Note)]),
        Verdict::Split(says) => return Ok(vec![finding("split", says, Outcome::Unrepairable)]),
        Verdict::Wrong(why) => why,
    };
    let repaired = options.repair && {
        let state = recounted(rules, state, readable, counting);
        store
            .insert_with_counters(Vec::new(), allocation_record.version, state.write())
            .await?
            .is_some()
    };
    let says = format!("the record of what was dealt out is wrong: {why}");
    Ok(vec![finding("deal", says, Outcome::derived(repaired))])
}

enum Verdict {
    Right,
    Note(String),
    Split(String),
    Wrong(String),
}

fn mixture(rules: &PlanPolicy) -> Option<&Mixture> {
    match &rules.answers {
        AnswersWanted::Mixture(parts) if parts.len() > 1 && rules.split == Split::Exact => {
            Some(parts)
        }
        _ => None,
    }
}

fn judge(rules: &PlanPolicy, state: &AllocationState, counting: &Counting) -> Verdict {
    let Some(parts) = mixture(rules) else { return Verdict::Right };
    let counted = &counting.parts;
    let of = |counts: &[u64], part: usize| counts.get(part).copied().unwrap_or(0);
    let every = 0..parts.len().max(counted.len());
    let fits = |counts: &[u64]| {
        let whole = i128::from(parts.period());
        counts.len() <= parts.len()
            && (0..parts.len()).all(|part| parts.excess(part, counts).abs() < whole)
    };
    // None was dealt by this mixture, or its record is gone.
    let given = state.counters.given(rules).unwrap_or_default();
    if every.clone().all(|part| of(given, part) == of(counted, part)) {
        if fits(counted) {
            return Verdict::Right;
        }
        return Verdict::Split(format!(
            "tasks by part of the mixture are {counted:?}, more than one from their due; the next \
             tasks to be loaded even it out"
        ));
    }
    let says = format!(
        "{given:?} tasks are noted for the parts of the mixture, and {counted:?} are there"
    );
    let too_many = every.clone().any(|part| of(given, part) > of(counted, part));
    let dealt_by_it = fits(counted) && (0..parts.len()).all(|part| of(counted, part) > 0);
    if too_many || dealt_by_it {
        return Verdict::Wrong(says);
    }
    Verdict::Note(format!("{says}: the roster's mixture has changed since the first were loaded"))
}

/// The record as the tasks tell it.
fn recounted(
    rules: &PlanPolicy,
    mut state: AllocationState,
    readable: bool,
    counting: Counting,
) -> AllocationState {
    let Counting { mut parts, balance, .. } = counting;
    if let Some(mixture) = mixture(rules) {
        parts.resize(mixture.len(), 0);
    }
    state.counters = state.counters.with_given(rules, parts);
    if !readable {
        state.counters = state.counters.with_balance(balance.counts().clone());
    }
    // With the people who are there.
    state.counters = Planner::new(rules.clone(), &state.counters).counters();
    state
}
