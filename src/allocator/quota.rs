//! Quotas: who has had as many tasks as they are meant to have gets no more.
//!
//! What somebody has had is in the store's figures: their answers, in time or late, their skips, and
//! what they hold. They are read once for each group of requests in which somebody with a quota
//! asks, and counted down as tasks are chosen, so that nobody gets one too many. Checks are left out
//! of the counts, but for those in hand.

use std::collections::HashMap;

use super::claim_loop::{ClaimLoop, PendingRequest};
use crate::store::StoreError;

/// What is left of the quotas of those who are being served.
#[derive(Default)]
pub(super) struct Quotas {
    left: HashMap<String, u64>,
}

impl Quotas {
    /// Whether this annotator may be given another task.
    pub(super) fn has_quota_left(&self, annotator: &str) -> bool {
        self.left.get(annotator).is_none_or(|left| *left > 0)
    }

    /// Notes that a task was chosen for this annotator.
    pub(super) fn take(&mut self, annotator: &str) {
        if let Some(left) = self.left.get_mut(annotator) {
            *left = left.saturating_sub(1);
        }
    }
}

impl ClaimLoop {
    /// Finds out how much those who ask may still be given.
    pub(super) async fn read_quotas(
        &mut self,
        serving: &[PendingRequest],
    ) -> Result<(), StoreError> {
        self.quotas.left.clear();
        let policy = self.shared.policy();
        let limited: Vec<(&str, u64)> = serving
            .iter()
            .filter_map(|request| policy.profile(&request.ask.annotator))
            .filter_map(|person| person.quota.map(|quota| (person.name.as_str(), quota)))
            .collect();
        if limited.is_empty() {
            return Ok(());
        }
        let progress = self.shared.store.progress().await?;
        for (name, quota) in limited {
            let share = progress.annotators.get(name).cloned().unwrap_or_default();
            let had = share.answered + share.late + share.skipped + share.in_hand;
            self.quotas.left.insert(name.to_owned(), quota.saturating_sub(had));
        }
        Ok(())
    }
}
