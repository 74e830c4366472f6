//! Pings the store, and logs when it goes away and when it is back: once each, no matter how many
//! requests fail in between.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::store::Store;

/// The pause between two pings.
const PING_INTERVAL: Duration = Duration::from_secs(2);
/// How long the store may take to answer a ping.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// Pings the store until it is aborted.
pub(super) async fn run(store: Arc<dyn Store>) {
    let mut away_since: Option<Instant> = None;
    loop {
        let asked = Instant::now();
        let answer = match timeout(PING_TIMEOUT, store.ping()).await {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(_) => Err(format!("no answer within {} s", PING_TIMEOUT.as_secs())),
        };
        match (answer, away_since) {
            (Err(error), None) => {
                away_since = Some(asked);
                tracing::warn!(
                    store = store.location(),
                    error,
                    "the store is away; answers wait in the browsers"
                );
            }
            (Ok(()), Some(since)) => {
                away_since = None;
                let seconds = since.elapsed().as_secs();
                tracing::info!(store = store.location(), seconds, "the store is back");
            }
            (Ok(()), None) | (Err(_), Some(_)) => {}
        }
        sleep(PING_INTERVAL).await;
    }
}
