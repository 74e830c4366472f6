//! What is dealt out in a project, between the store that keeps it and the planner that counts.
//!
//! Mixtures and balanced routing rest on what went before, so their counts are kept in the store,
//! under a version: [`admit`] plans a batch upon the counts as they are, and lets it in only if
//! nobody has dealt meanwhile. Only tasks that are new are planned: one that is there already takes
//! nothing from anybody's share, and one that a broken load had counted gets what it was promised.
//!
//! When people come or go, or the order of the project changes, [`replan_unfinished`] walks over what is
//! unfinished and names other people where that is needed. It is done at the start, at a reload, and
//! now and then while tasks are short of people.
//!
//! Rejected: counting what is in the store before each load. It reads everything, and two loads at
//! once would still give one share twice.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::allocation::{
    AllocationCounters, AnnotatorProfile, Overrides, Plan, PlanError, PlanPolicy, Planner,
    SequenceNumber,
};
use crate::store::{Admission, Admitted, Amendment, Deal, Store, StoreError, Terms, Which, older};
use crate::task::{Millis, Task, TaskId};

/// How often a batch is planned anew because another load was faster.
const TRIES: usize = 1000;
/// Tasks looked over at a time.
const PAGE: usize = 500;
/// How often a task is looked at again because somebody has changed it meanwhile.
const AGAIN: usize = 5;

/// What stands in the store's record of the deal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct AllocationState {
    pub(crate) dealt: AllocationCounters,
    /// For whom unfinished tasks were last looked over; never, if it is not there.
    looked_over: Option<PlanInputs>,
    /// Since when somebody is on the roster, in milliseconds since 1970.
    #[serde(default)]
    known_since: BTreeMap<String, i64>,
}

/// What unfinished tasks depend on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct PlanInputs {
    /// The order and the rules, in the roster's words: only whether they are the same matters.
    rules: String,
    /// Everybody.
    people: Vec<AnnotatorProfile>,
}

impl PlanInputs {
    fn of(rules: &PlanPolicy, terms: &Terms) -> Self {
        Self {
            rules: format!(
                "{} {} {}",
                terms.order.to_text(),
                rules.route.as_str(),
                rules.when_short.as_str()
            ),
            people: rules.people.clone(),
        }
    }
}

impl PlanInputs {
    /// Those who are there and were not, or not with these tags, this weight and this quota.
    fn joined_since(&self, before: Option<&Self>) -> HashSet<String> {
        let Some(before) = before else { return HashSet::new() };
        let new = self.people.iter().filter(|person| person.active);
        let new = new.filter(|person| !before.people.contains(person));
        new.map(|person| person.name.clone()).collect()
    }
}

impl AllocationState {
    /// Reads the store's record; nothing has been dealt out where there is none.
    pub(crate) fn read(deal: &Deal) -> Result<Self, StoreError> {
        if deal.state.is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_str(&older::deal(&deal.state)).map_err(|error| StoreError::Unreadable {
            doing: "see what was dealt out",
            what: format!(
                "the record of what was dealt out cannot be read ({error}); `annotd verify --repair` \
                 makes it anew"
            ),
        })
    }

    /// Whether unfinished tasks stand where these rules put them, because they have been looked over
    /// since these are in force.
    pub(crate) fn is_of(&self, rules: &PlanPolicy, terms: &Terms) -> bool {
        let now = PlanInputs::of(rules, terms);
        self.looked_over.as_ref().is_some_and(|then| then.rules == now.rules)
    }

    /// The same, with what is said of the last look taken from an earlier record.
    pub(crate) fn looked_over_as(self, then: Self) -> Self {
        Self { looked_over: then.looked_over, ..self }
    }

    pub(crate) fn write(&self) -> String {
        serde_json::to_string(self).expect("counts are JSON")
    }
}

/// Why a batch was not admitted.
#[derive(Debug, thiserror::Error)]
pub enum AdmitError {
    /// The store did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// One of its tasks cannot be given to anybody.
    #[error("{error}")]
    Plan {
        /// Which of the batch.
        nth: usize,
        /// Why.
        error: PlanError,
    },
}

/// Plans a batch of tasks and lets it in.
///
/// # Errors
/// If the store fails, or a task cannot be planned; then none of the batch is in.
pub async fn admit(
    store: &dyn Store,
    rules: &PlanPolicy,
    overrides: &Overrides,
    batch: Vec<Task>,
) -> Result<Admitted, AdmitError> {
    let plain = Planner::new(rules.clone(), &AllocationCounters::default());
    if !plain.is_stateful() {
        let mut planner = plain;
        let mut admissions = Vec::with_capacity(batch.len());
        for (nth, task) in batch.into_iter().enumerate() {
            let plan =
                planner.plan(overrides, &task).map_err(|error| AdmitError::Plan { nth, error })?;
            admissions.push(Admission { task, plan });
        }
        return Ok(store.admit(admissions).await?);
    }
    for _ in 0..TRIES {
        // The deal first: what is promised in it and gone by the time of the second look is in.
        let deal = store.deal().await?;
        let ids: Vec<TaskId> = batch.iter().map(|task| task.id.clone()).collect();
        let known = store.known(&ids).await?;
        let mut state = AllocationState::read(&deal)?;
        let mut planner = Planner::new(rules.clone(), &state.dealt);
        let promised: HashMap<&TaskId, &Plan> =
            deal.promised.iter().map(|(task, plan)| (task, plan)).collect();
        let mut admissions = Vec::new();
        let mut taken = HashSet::new();
        for (nth, task) in batch.iter().enumerate() {
            if known.contains(&task.id) || !taken.insert(&task.id) {
                continue;
            }
            let plan = match promised.get(&task.id) {
                Some(plan) => (*plan).clone(),
                None => planner
                    .plan(overrides, task)
                    .map_err(|error| AdmitError::Plan { nth, error })?,
            };
            admissions.push(Admission { task: task.clone(), plan });
        }
        let same = (batch.len() - admissions.len()) as u64;
        if admissions.is_empty() {
            return Ok(Admitted { new: 0, same });
        }
        state.dealt = planner.counters();
        let admitted = store.admit_dealt(admissions, deal.version, state.write()).await?;
        if let Some(Admitted { new, same: there }) = admitted {
            return Ok(Admitted { new, same: same + there });
        }
    }
    Err(AdmitError::Store(busy(store)))
}

/// Since when everybody is on the roster: who is new is noted as of `now`.
///
/// # Errors
/// If the store fails.
pub async fn known_since(
    store: &dyn Store,
    rules: &PlanPolicy,
    now: Millis,
) -> Result<BTreeMap<String, Millis>, StoreError> {
    for _ in 0..TRIES {
        let deal = store.deal().await?;
        let mut state = AllocationState::read(&deal)?;
        let before = state.known_since.len();
        for person in &rules.people {
            state.known_since.entry(person.name.clone()).or_insert(now.0);
        }
        let known = state.known_since.iter().map(|(name, at)| (name.clone(), Millis(*at)));
        let known: BTreeMap<String, Millis> = known.collect();
        let nobody_new = before == known.len();
        if nobody_new || store.admit_dealt(Vec::new(), deal.version, state.write()).await?.is_some()
        {
            return Ok(known);
        }
    }
    Err(busy(store))
}

fn busy(store: &dyn Store) -> StoreError {
    StoreError::Away {
        doing: "write down what is dealt out",
        store: store.place().to_owned(),
        source: "others keep loading tasks".into(),
    }
}

/// Looks over what is unfinished if people or rules have changed since that was last done, or if
/// `short` says that tasks are short of people. Says how many tasks are meant for other people now, or
/// want more or fewer answers.
///
/// # Errors
/// If the store fails. What was changed before stays; the rest is done the next time.
pub async fn replan_unfinished(
    store: &dyn Store,
    rules: &PlanPolicy,
    terms: &Terms,
    short: bool,
) -> Result<u64, StoreError> {
    let mut changed = 0;
    for _ in 0..AGAIN {
        let deal = store.deal().await?;
        let mut state = AllocationState::read(&deal)?;
        let circumstances = PlanInputs::of(rules, terms);
        let stale = state.looked_over.as_ref() != Some(&circumstances);
        // Where nothing is unfinished there is nothing to look over, and something to remember.
        let open = !store.records(Which::Unfinished, SequenceNumber::START, 1).await?.is_empty();
        if open && (stale || short) {
            let mut planner = Planner::new(rules.clone(), &state.dealt);
            let joined = circumstances.joined_since(state.looked_over.as_ref());
            changed += replan_all(store, &mut planner, joined, terms).await?;
            if planner.is_stateful() {
                state.dealt = planner.counters();
            }
        } else if !stale {
            return Ok(changed);
        }
        state.looked_over = Some(circumstances);
        if store.admit_dealt(Vec::new(), deal.version, state.write()).await?.is_some() {
            return Ok(changed);
        }
        // Somebody has loaded tasks meanwhile: what was counted rests on what is no longer so.
    }
    Ok(changed)
}

/// Walks over the unfinished tasks twice: to see what everybody has before them, and to change what
/// has to be changed.
async fn replan_all(
    store: &dyn Store,
    planner: &mut Planner,
    joined: HashSet<String>,
    terms: &Terms,
) -> Result<u64, StoreError> {
    let mut replanner = planner.replanner(joined);
    let mut after = SequenceNumber::START;
    loop {
        let page = store.records(Which::Unfinished, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.number;
        for record in &page {
            replanner.note(&record.task, &record.state);
        }
    }
    let mut changed = 0;
    let mut after = SequenceNumber::START;
    loop {
        let mut page = store.records(Which::Unfinished, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(changed) };
        after = last.number;
        for _ in 0..AGAIN {
            let mut amendments = Vec::new();
            for record in &page {
                let seen = record.state.clone();
                let place = terms.order.position(
                    record.position.priority(),
                    record.number.0,
                    seen.remaining(),
                );
                let replanned = replanner.replan(&record.task, &seen);
                let mut now = match replanned {
                    Some(now) => now,
                    // The store puts a task that is changed where it belongs.
                    None if place != record.position => seen.clone(),
                    None => continue,
                };
                now.promote_late_answers(&terms.rule, &record.task.body);
                amendments.push(Amendment { task: record.task.id.clone(), seen, now });
            }
            let done = store.amend(amendments.clone()).await?;
            let again: Vec<TaskId> = amendments
                .into_iter()
                .zip(done)
                .filter(|(_, done)| {
                    changed += u64::from(*done);
                    !done
                })
                .map(|(amendment, _)| amendment.task)
                .collect();
            if again.is_empty() {
                break;
            }
            page = store.look_up(&again).await?.into_iter().flatten().collect();
        }
    }
}
