//! When a lease is extended: at each sign of its holder, once half of it is over, and when the page
//! asks for it.

use std::time::Duration;

use super::shared_state::SharedState;
use crate::store::StoreError;
use crate::task::Millis;

impl SharedState {
    /// Renews the leases of those annotators who have one that is half over.
    pub(super) async fn renew_if_due(
        &self,
        annotators: &[&str],
        lease: Duration,
        now: Millis,
    ) -> Result<(), StoreError> {
        let half = now + lease / 2;
        let due: Vec<&str> =
            annotators.iter().copied().filter(|name| self.held.ends_before(name, half)).collect();
        if due.is_empty() {
            return Ok(());
        }
        self.renew(&due, lease, now).await
    }

    /// Renews all leases of these annotators.
    pub(super) async fn renew(
        &self,
        annotators: &[&str],
        lease: Duration,
        now: Millis,
    ) -> Result<(), StoreError> {
        let until = now + lease;
        let renewals = annotators.iter().map(|name| ((*name).to_owned(), until)).collect();
        self.store.renew(renewals).await?;
        let now = self.now();
        for annotator in annotators {
            self.held.renewed(annotator, until, now);
        }
        Ok(())
    }
}
