//! Takes in answers, from all listeners together.
//!
//! Answers that come in while a group is being stored wait and are the next group. They are
//! stored whether or not the browser that sent them still waits for the reply.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::Shared;
use crate::allocation::AnswerOutcome;
use crate::store::{StoreError, Submission};

/// Requests stored together at most.
const GROUP: usize = 512;

/// The answers of one request.
pub(super) struct AnswerBatch {
    pub(super) answers: Vec<Submission>,
    pub(super) reply: oneshot::Sender<Result<Vec<AnswerOutcome>, Arc<StoreError>>>,
}

/// Stores until all senders are gone.
pub(super) async fn run(shared: Arc<Shared>, mut deliveries: mpsc::Receiver<AnswerBatch>) {
    let mut group = Vec::new();
    while deliveries.recv_many(&mut group, GROUP).await > 0 {
        let answers: Vec<Submission> =
            group.iter().flat_map(|delivery: &AnswerBatch| &delivery.answers).cloned().collect();
        let now = (shared.clock)();
        let stored = shared.store.record(answers.clone()).await;
        match stored {
            Ok(recorded) => {
                shared.note_store_error(None);
                shared.note(&answers, &recorded);
                let mut recorded = recorded.into_iter();
                for delivery in group.drain(..) {
                    let own = recorded.by_ref().take(delivery.answers.len()).collect();
                    let _ = delivery.reply.send(Ok(own));
                }
            }
            // Something in the group is refused. The others' answers do not go down with it.
            Err(error) if !error.is_away() && group.len() > 1 => {
                for delivery in group.drain(..) {
                    let stored = shared.store.record(delivery.answers.clone()).await;
                    shared.note_store_error(stored.as_ref().err());
                    if let Ok(recorded) = &stored {
                        shared.note(&delivery.answers, recorded);
                    }
                    let _ = delivery.reply.send(stored.map_err(Arc::new));
                }
            }
            Err(error) => {
                shared.note_store_error(Some(&error));
                let error = Arc::new(error);
                for delivery in group.drain(..) {
                    let _ = delivery.reply.send(Err(Arc::clone(&error)));
                }
            }
        }
        let mut active: Vec<&str> = answers.iter().map(|a| a.annotator.as_str()).collect();
        active.sort_unstable();
        active.dedup();
        if let Err(error) = shared.renew_if_due(&active, now).await {
            tracing::debug!(%error, "cannot renew leases now");
        }
    }
}
