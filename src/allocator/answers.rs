//! Stores the answers of all listeners.
//!
//! Answers that arrive while a group is being stored wait and form the next group. They are stored
//! whether or not the browser that sent them still waits for the reply.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::shared_state::SharedState;
use crate::allocation::AnswerOutcome;
use crate::store::{StoreError, Submission};

/// Requests that are stored together at most.
const GROUP: usize = 512;

/// The answers of one request.
pub(super) struct AnswerBatch {
    pub(super) answers: Vec<Submission>,
    /// How long the leases of its annotator are renewed for.
    pub(super) lease: Duration,
    pub(super) reply: oneshot::Sender<Result<Vec<AnswerOutcome>, Arc<StoreError>>>,
}

/// Stores until all senders are gone.
pub(super) async fn run(shared: Arc<SharedState>, mut batches: mpsc::Receiver<AnswerBatch>) {
    let mut group = Vec::new();
    while batches.recv_many(&mut group, GROUP).await > 0 {
        let answers: Vec<Submission> =
            group.iter().flat_map(|batch: &AnswerBatch| &batch.answers).cloned().collect();
        let now = shared.now();
        // Leases differ only while the roster is replaced; then the newest request decides.
        let lease = group.last().map_or(Duration::ZERO, |batch| batch.lease);
        match shared.store.record(answers.clone()).await {
            Ok(outcomes) => {
                shared.note_store_error(None);
                shared.note(&answers, &outcomes);
                let mut outcomes = outcomes.into_iter();
                for batch in group.drain(..) {
                    let own = outcomes.by_ref().take(batch.answers.len()).collect();
                    let _ = batch.reply.send(Ok(own));
                }
            }
            // Something in the group is refused. Store each request alone, so that the others
            // succeed.
            Err(error) if !error.is_unavailable() && group.len() > 1 => {
                for batch in group.drain(..) {
                    let stored = shared.store.record(batch.answers.clone()).await;
                    shared.note_store_error(stored.as_ref().err());
                    if let Ok(outcomes) = &stored {
                        shared.note(&batch.answers, outcomes);
                    }
                    let _ = batch.reply.send(stored.map_err(Arc::new));
                }
            }
            Err(error) => {
                shared.note_store_error(Some(&error));
                let error = Arc::new(error);
                for batch in group.drain(..) {
                    let _ = batch.reply.send(Err(Arc::clone(&error)));
                }
            }
        }
        let mut active: Vec<&str> = answers.iter().map(|a| a.annotator.as_str()).collect();
        active.sort_unstable();
        active.dedup();
        if let Err(error) = shared.renew_if_due(&active, lease, now).await {
            tracing::debug!(%error, "cannot renew leases now");
        }
    }
}
