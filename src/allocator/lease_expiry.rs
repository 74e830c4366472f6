//! Leases that expire.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::claim_loop::Message;
use super::policy::PolicySource;
use super::shared_state::SharedState;

/// A sweep comes after this part of a lease, so that a task is reopened soon after its lease ends …
const SWEEPS_PER_LEASE: u32 = 10;
/// … and at least and at most after so long, so that it costs next to nothing.
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Ends expired leases and has the claim loop read what was reopened, at intervals, until the
/// allocator is gone.
pub(super) async fn run_lease_expiry(
    shared: Arc<SharedState>,
    policy_in_force: PolicySource,
    messages: mpsc::WeakSender<Message>,
) {
    loop {
        let pause =
            (policy_in_force().lease / SWEEPS_PER_LEASE).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        tokio::time::sleep(pause).await;
        let Some(sender) = messages.upgrade() else { return };
        match shared.store.expire_leases(shared.now()).await {
            Ok(0) => {}
            Ok(ended) => tracing::info!(tasks = ended, "leases ended; their tasks go to others"),
            Err(error) => tracing::debug!(%error, "cannot end leases now"),
        }
        if sender.send(Message::TasksChanged).await.is_err() {
            return;
        }
    }
}
