//! What a project keeps between two loads: counters, the inputs of the last replanning, join times.
//!
//! The store keeps it as one JSON text under a version. Its keys are a stored format and stay.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{MAX_TRIES, busy};
use crate::allocation::{AllocationCounters, AnnotatorProfile, PlanPolicy};
use crate::store::{AllocationRecord, Store, StoreError, StorePolicy, legacy};
use crate::task::Millis;

/// The stored state of the allocation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct AllocationState {
    /// How much was planned.
    #[serde(rename = "dealt")]
    pub(crate) counters: AllocationCounters,
    /// The inputs of the last replanning; `None` if there was none.
    #[serde(rename = "looked_over")]
    pub(super) replanned_for: Option<PlanInputs>,
    /// When each annotator joined the roster, in milliseconds since 1970.
    #[serde(default)]
    known_since: BTreeMap<String, i64>,
}

/// What the plans of unfinished tasks depend on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct PlanInputs {
    /// Order, route and `when_short` in the roster's words. They are only compared.
    rules: String,
    /// The annotators of the roster, active or not.
    people: Vec<AnnotatorProfile>,
}

impl PlanInputs {
    pub(super) fn of(policy: &PlanPolicy, terms: &StorePolicy) -> Self {
        Self {
            rules: format!(
                "{} {} {}",
                terms.order.to_text(),
                policy.route.as_str(),
                policy.when_short.as_str()
            ),
            people: policy.people.clone(),
        }
    }

    /// The active annotators who were not there before, or had other tags, weight or quota.
    pub(super) fn joined_since(&self, before: Option<&Self>) -> HashSet<String> {
        let Some(before) = before else { return HashSet::new() };
        let active = self.people.iter().filter(|profile| profile.active);
        let joined = active.filter(|profile| !before.people.contains(profile));
        joined.map(|profile| profile.name.clone()).collect()
    }
}

impl AllocationState {
    /// Reads the store's record. An empty record means that nothing was planned yet.
    pub(crate) fn read(deal: &AllocationRecord) -> Result<Self, StoreError> {
        if deal.state.is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_str(&legacy::allocation_record(&deal.state)).map_err(|error| StoreError::Unreadable {
            operation: "read the allocation counters",
            what: format!(
                "the allocation counters cannot be read ({error}); `annotd verify --repair` counts \
                 them again"
            ),
        })
    }

    /// Whether unfinished tasks were replanned under this policy, so that they have its positions.
    pub(crate) fn is_of(&self, policy: &PlanPolicy, terms: &StorePolicy) -> bool {
        let now = PlanInputs::of(policy, terms);
        self.replanned_for.as_ref().is_some_and(|then| then.rules == now.rules)
    }

    /// This state, with the inputs of the last replanning taken from an earlier record.
    pub(crate) fn replanned_as(self, then: Self) -> Self {
        Self { replanned_for: then.replanned_for, ..self }
    }

    /// The text for the store.
    pub(crate) fn write(&self) -> String {
        serde_json::to_string(self).expect("counts are JSON")
    }
}

/// When each annotator joined the roster. Annotators who are new to the store joined at `now`.
///
/// # Errors
/// If the store fails.
pub async fn known_since(
    store: &dyn Store,
    policy: &PlanPolicy,
    now: Millis,
) -> Result<BTreeMap<String, Millis>, StoreError> {
    for _ in 0..MAX_TRIES {
        let deal = store.allocation_record().await?;
        let mut state = AllocationState::read(&deal)?;
        let before = state.known_since.len();
        for profile in &policy.people {
            state.known_since.entry(profile.name.clone()).or_insert(now.0);
        }
        let known = state.known_since.iter().map(|(name, at)| (name.clone(), Millis(*at)));
        let known: BTreeMap<String, Millis> = known.collect();
        let unchanged = before == known.len();
        if unchanged
            || store.insert_with_counters(Vec::new(), deal.version, state.write()).await?.is_some()
        {
            return Ok(known);
        }
    }
    Err(busy(store))
}
