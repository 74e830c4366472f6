//! The end: stop accepting, finish what is under way, release nothing that is held, flush, close.

use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, interval_at, timeout_at};

use super::floor::Ended;
use super::{Command, Commands};
use crate::store::Store;

/// How often it is said what is waited for.
const SAY: Duration = Duration::from_secs(3);

/// Waits for listeners that have been told to stop, within the deadline; a second stop ends it at once.
pub(super) async fn drain(
    mut serving: JoinSet<Ended>,
    storing: Vec<JoinHandle<()>>,
    store: &dyn Store,
    commands: &mut Commands,
    within: Duration,
) {
    tracing::info!(listeners = serving.len(), "stopping");
    let deadline = Instant::now() + within;
    let mut say = interval_at(Instant::now() + SAY, SAY);
    let finished = async {
        loop {
            tokio::select! {
                ended = serving.join_next() => if ended.is_none() { break },
                _ = say.tick() => tracing::info!(
                    listeners = serving.len(),
                    "waiting for requests under way at so many listeners"
                ),
            }
        }
        for task in storing {
            // A task that panicked has said so already.
            let _ = task.await;
        }
        store.close().await;
    };
    tokio::select! {
        ended = timeout_at(deadline, finished) => match ended {
            Ok(()) => tracing::info!("stopped; everything that was acknowledged is stored"),
            Err(_) => tracing::warn!(
                seconds = within.as_secs(),
                "the deadline is over; some requests were cut off, and nothing of them acknowledged"
            ),
        },
        () = second_stop(commands) => tracing::warn!("stopping at once"),
    }
}

async fn second_stop(commands: &mut Commands) {
    while commands.next().await != Command::Stop {}
}
