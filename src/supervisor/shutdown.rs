//! Shutdown: stop accepting, finish requests in flight, keep leases, flush, close the store.
//!
//! Every few seconds it logs which ports it waits for, and at the deadline which were cut off. A
//! second stop signal does not come here: it ends the process (`signals.rs`).

use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, interval_at, sleep_until};

use super::listeners::ServerExit;
use crate::http::{ActivePort, HttpMetrics};
use crate::store::Store;

/// How often it logs what it waits for.
const LOG_INTERVAL: Duration = Duration::from_secs(3);
/// Ports that a log line names; of the others it gives the number.
const MAX_NAMED: usize = 5;

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ShutdownOutcome {
    Clean,
    DeadlineExceeded,
}

/// Waits within the deadline for servers that were stopped, then for the store.
pub(super) async fn shut_down(
    mut servers: JoinSet<ServerExit>,
    store_tasks: Vec<JoinHandle<()>>,
    store: &dyn Store,
    within: Duration,
    http_metrics: &HttpMetrics,
) {
    tracing::info!(listeners = servers.len(), "stopping");
    let deadline = Instant::now() + within;
    let finished = async { while servers.join_next().await.is_some() {} };
    let outcome = wait(finished, deadline, || {
        let ports = describe(&http_metrics.active_ports());
        tracing::info!(ports, "waiting for requests in flight");
    });
    if outcome.await == ShutdownOutcome::DeadlineExceeded {
        return tracing::warn!(
            ports = describe(&http_metrics.active_ports()),
            seconds = within.as_secs(),
            "shutdown deadline exceeded; open requests were cut off unacknowledged"
        );
    }
    let flushed = async {
        for task in store_tasks {
            // A panic has already been logged.
            let _ = task.await;
        }
        store.close().await;
    };
    let outcome = wait(flushed, deadline, || {
        tracing::info!(store = store.location(), "waiting for the store");
    });
    match outcome.await {
        ShutdownOutcome::Clean => tracing::info!("stopped; everything acknowledged is stored"),
        ShutdownOutcome::DeadlineExceeded => tracing::warn!(
            store = store.location(),
            seconds = within.as_secs(),
            "shutdown deadline exceeded while closing the store; everything acknowledged is stored"
        ),
    }
}

/// Waits for something until the deadline, and calls `log` now and then.
async fn wait(
    what: impl Future<Output = ()>,
    deadline: Instant,
    log: impl Fn(),
) -> ShutdownOutcome {
    tokio::pin!(what);
    let mut log_interval = interval_at(Instant::now() + LOG_INTERVAL, LOG_INTERVAL);
    loop {
        tokio::select! {
            // What is done is done, whatever the clock says.
            biased;
            () = &mut what => return ShutdownOutcome::Clean,
            () = sleep_until(deadline) => return ShutdownOutcome::DeadlineExceeded,
            _ = log_interval.tick() => log(),
        }
    }
}

/// Such as `andy (1 request), li (2 requests) and 12 more`.
fn describe(ports: &[ActivePort]) -> String {
    let named: Vec<String> = ports.iter().take(MAX_NAMED).map(describe_port).collect();
    let named = named.join(", ");
    match ports.len().saturating_sub(MAX_NAMED) {
        0 if named.is_empty() => "none".to_owned(),
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

fn describe_port(port: &ActivePort) -> String {
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    // A connection without a request is sending its reply.
    let what = match (port.requests, port.connections) {
        (0, open) => count(open, "connection"),
        (requests, _) => count(requests, "request"),
    };
    format!("{} ({what})", port.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn up_to_five_active_ports_are_named() {
        let port =
            |name: &str, requests| ActivePort { name: name.into(), requests, connections: 1 };
        assert_eq!(describe(&[]), "none");
        let two = [port("andy", 1), port("li", 2)];
        assert_eq!(describe(&two), "andy (1 request), li (2 requests)");
        assert_eq!(describe(&[port("zoe", 0)]), "zoe (1 connection)");
        let many: Vec<ActivePort> = (0..17).map(|n| port(&format!("a{n}"), 1)).collect();
        let words = describe(&many);
        assert!(
            words.starts_with("a0 (1 request), ") && words.ends_with(" and 12 more"),
            "{words}"
        );
    }
}
