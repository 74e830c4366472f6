//! The end: stop accepting, finish what is under way, release nothing that is held, flush, close.
//!
//! It says every few seconds whom it waits for, and at the deadline who was cut off.

use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, interval_at, sleep_until};

use super::floor;
use super::{Command, Commands};
use crate::http::{Busy, Meter};
use crate::store::Store;

/// How often it is said what is waited for.
const SAY: Duration = Duration::from_secs(3);
/// Ports that are named; of the others it is said how many they are.
const NAMED: usize = 5;

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// With what was waited for.
    Well,
    /// With the deadline.
    Late,
    /// With a second wish to stop.
    AtOnce,
}

/// Waits for listeners that have been told to stop, within the deadline; a second stop ends it at once.
pub(super) async fn drain(
    mut serving: JoinSet<floor::Ended>,
    storing: Vec<JoinHandle<()>>,
    store: &dyn Store,
    commands: &mut Commands,
    within: Duration,
    meter: &Meter,
) {
    tracing::info!(listeners = serving.len(), "stopping");
    let deadline = Instant::now() + within;
    let listeners = async { while serving.join_next().await.is_some() {} };
    let ended = wait(listeners, deadline, commands, || {
        tracing::info!(ports = in_words(&meter.busy()), "waiting for requests under way");
    });
    match ended.await {
        Ended::Well => {}
        Ended::Late => {
            return tracing::warn!(
                ports = in_words(&meter.busy()),
                seconds = within.as_secs(),
                "the deadline is over; some requests were cut off, and nothing of them acknowledged"
            );
        }
        Ended::AtOnce => return tracing::warn!("stopping at once"),
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
        Ended::Well => tracing::info!("stopped; everything that was acknowledged is stored"),
        Ended::Late => tracing::warn!(
            store = store.place(),
            seconds = within.as_secs(),
            "the deadline is over, and the store has not ended; everything that was acknowledged is stored"
        ),
        Ended::AtOnce => tracing::warn!("stopping at once"),
    }
}

/// Waits for something until the deadline or a second stop, and says now and then that it does.
async fn wait(
    what: impl Future<Output = ()>,
    deadline: Instant,
    commands: &mut Commands,
    say: impl Fn(),
) -> Ended {
    tokio::pin!(what);
    let mut moments = interval_at(Instant::now() + SAY, SAY);
    loop {
        tokio::select! {
            // What is done is done, whatever the clock says.
            biased;
            () = &mut what => return Ended::Well,
            command = commands.next() => if command == Command::Stop { return Ended::AtOnce },
            () = sleep_until(deadline) => return Ended::Late,
            _ = moments.tick() => say(),
        }
    }
}

/// Such as `andy (1 request), li (2 requests) and 12 more`.
fn in_words(busy: &[Busy]) -> String {
    let named: Vec<String> = busy.iter().take(NAMED).map(one_in_words).collect();
    let named = named.join(", ");
    match busy.len().saturating_sub(NAMED) {
        0 if named.is_empty() => "none".to_owned(),
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

fn one_in_words(busy: &Busy) -> String {
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    // Where there is a connection and no request, a reply is on its way out.
    let what = match (busy.requests, busy.connections) {
        (0, open) => count(open, "connection"),
        (requests, _) => count(requests, "request"),
    };
    format!("{} ({what})", busy.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_are_waited_for_are_named_up_to_five() {
        let busy = |name: &str, requests| Busy { name: name.into(), requests, connections: 1 };
        assert_eq!(in_words(&[]), "none");
        let two = [busy("andy", 1), busy("li", 2)];
        assert_eq!(in_words(&two), "andy (1 request), li (2 requests)");
        assert_eq!(in_words(&[busy("zoe", 0)]), "zoe (1 connection)");
        let many: Vec<Busy> = (0..17).map(|n| busy(&format!("a{n}"), 1)).collect();
        let words = in_words(&many);
        assert!(
            words.starts_with("a0 (1 request), ") && words.ends_with(" and 12 more"),
            "{words}"
        );
    }
}
