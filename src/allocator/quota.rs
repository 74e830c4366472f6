//! Quotas: an annotator who has had as many tasks as their quota gets no more.
//!
//! What an annotator has had is in the store's stats: answers in time or late, skips, and leases.
//! The stats are read once for each group of requests in which an annotator with a quota asks. The
//! quota is counted down as tasks are chosen, so that no annotator gets one too many. Checks are
//! left out of the counts, except for those that are leased.

use std::collections::HashMap;

use super::policy::AllocatorPolicy;
use super::shared_state::SharedState;
use crate::store::StoreError;

/// What is left of the quotas of the annotators of one group of requests.
#[derive(Default)]
pub(super) struct Quotas {
    left: HashMap<String, u64>,
}

impl Quotas {
    /// Reads how many tasks each of these annotators may still be given.
    pub(super) async fn read<'a>(
        shared: &SharedState,
        annotators: impl Iterator<Item = (&'a str, &'a AllocatorPolicy)>,
    ) -> Result<Self, StoreError> {
        let limited: Vec<(&str, u64)> = annotators
            .filter_map(|(annotator, policy)| policy.profile(annotator))
            .filter_map(|profile| profile.quota.map(|quota| (profile.name.as_str(), quota)))
            .collect();
        if limited.is_empty() {
            return Ok(Self::default());
        }
        let stats = shared.store.stats().await?;
        let left = limited.into_iter().map(|(name, quota)| {
            let share = stats.annotators.get(name).cloned().unwrap_or_default();
            let had = share.answered + share.late + share.skipped + share.held;
            (name.to_owned(), quota.saturating_sub(had))
        });
        Ok(Self { left: left.collect() })
    }

    /// Whether this annotator may be given another task.
    pub(super) fn has_quota_left(&self, annotator: &str) -> bool {
        self.left.get(annotator).is_none_or(|left| *left > 0)
    }

    /// Counts a task that was chosen for this annotator.
    pub(super) fn take(&mut self, annotator: &str) {
        if let Some(left) = self.left.get_mut(annotator) {
            *left = left.saturating_sub(1);
        }
    }
}
