//! The end: stop accepting, finish what is under way, release nothing that is held, flush, close.
//!
//! It says every few seconds whom it waits for, and at the deadline who was cut off.

use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, interval_at, sleep_until};

use super::listeners::ServerExit;
use super::{Command, Commands};
use crate::http::{ActivePort, HttpMetrics};
use crate::store::Store;

/// How often it is said what is waited for.
const SAY: Duration = Duration::from_secs(3);
/// Ports that are named; of the others it is said how many they are.
const NAMED: usize = 5;

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ShutdownOutcome {
    /// With what was waited for.
    Clean,
    /// With the deadline.
    DeadlineExceeded,
    /// With a second wish to stop.
    Forced,
}

/// Waits for listeners that have been told to stop, within the deadline; a second stop ends it at once.
pub(super) async fn shut_down(
    mut serving: JoinSet<ServerExit>,
    storing: Vec<JoinHandle<()>>,
    store: &dyn Store,
    commands: &mut Commands,
    within: Duration,
    http_metrics: &HttpMetrics,
) {
    tracing::info!(listeners = serving.len(), "stopping");
    let deadline = Instant::now() + within;
    let listeners = async { while serving.join_next().await.is_some() {} };
    let ended = wait(listeners, deadline, commands, || {
        tracing::info!(
            ports = describe(&http_metrics.active_ports()),
            "waiting for requests under way"
        );
    });
    match ended.await {
        ShutdownOutcome::Clean => {}
        ShutdownOutcome::DeadlineExceeded => {
            return tracing::warn!(
                ports = describe(&http_metrics.active_ports()),
                seconds = within.as_secs(),
                "the deadline is over; some requests were cut off, and nothing of them acknowledged"
            );
        }
        ShutdownOutcome::Forced => return tracing::warn!("stopping at once"),
    }
    let flushed = async {
        for task in storing {
            // A task that panicked has said so already.
            let _ = task.await;
        }
        store.close().await;
    };
    let ended = wait(flushed, deadline, commands, || {
        tracing::info!(store = store.place(), "waiting for the store");
    });
    match ended.await {
        ShutdownOutcome::Clean => {
            tracing::info!("stopped; everything that was acknowledged is stored")
        }
        ShutdownOutcome::DeadlineExceeded => tracing::warn!(
            store = store.place(),
            seconds = within.as_secs(),
            "the deadline is over, and the store has not ended; everything that was acknowledged is stored"
        ),
        ShutdownOutcome::Forced => tracing::warn!("stopping at once"),
    }
}

/// Waits for something until the deadline or a second stop, and says now and then that it does.
async fn wait(
    what: impl Future<Output = ()>,
    deadline: Instant,
    commands: &mut Commands,
    say: impl Fn(),
) -> ShutdownOutcome {
    tokio::pin!(what);
    let mut moments = interval_at(Instant::now() + SAY, SAY);
    loop {
        tokio::select! {
            // What is done is done, whatever the clock says.
            biased;
            () = &mut what => return ShutdownOutcome::Clean,
            command = commands.next() => if command == Command::Stop { return ShutdownOutcome::Forced },
            () = sleep_until(deadline) => return ShutdownOutcome::DeadlineExceeded,
            _ = moments.tick() => say(),
        }
    }
}

/// Such as `andy (1 request), li (2 requests) and 12 more`.
fn describe(active_ports: &[ActivePort]) -> String {
    let named: Vec<String> = active_ports.iter().take(NAMED).map(describe_one).collect();
    let named = named.join(", ");
    match active_ports.len().saturating_sub(NAMED) {
        0 if named.is_empty() => "none".to_owned(),
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

fn describe_one(active_ports: &ActivePort) -> String {
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    // Where there is a connection and no request, a reply is on its way out.
    let what = match (active_ports.requests, active_ports.connections) {
        (0, open) => count(open, "connection"),
        (requests, _) => count(requests, "request"),
    };
    format!("{} ({what})", active_ports.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_are_waited_for_are_named_up_to_five() {
        let active_ports =
            |name: &str, requests| ActivePort { name: name.into(), requests, connections: 1 };
        assert_eq!(describe(&[]), "none");
        let two = [active_ports("andy", 1), active_ports("li", 2)];
        assert_eq!(describe(&two), "andy (1 request), li (2 requests)");
        assert_eq!(describe(&[active_ports("zoe", 0)]), "zoe (1 connection)");
        let many: Vec<ActivePort> = (0..17).map(|n| active_ports(&format!("a{n}"), 1)).collect();
        let words = describe(&many);
        assert!(
            words.starts_with("a0 (1 request), ") && words.ends_with(" and 12 more"),
            "{words}"
        );
    }
}
