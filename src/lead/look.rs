//! One look at the store, within a time limit.
//!
//! A store that hangs must not make the lead's port hang. What was begun is not given up when its time
//! is over, though: the first count of a large project may take longer than anybody waits, and would
//! never end if each look began it anew. So it goes on by itself, and a later look finds what it found.
//!
//! The store is asked in the runtime of the annotators' ports, where its connections live. Should that
//! one be saturated, the look ends with its time limit, and the lead's port answers all the same.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::Office;
use super::checks::Checks;
use super::status::Figures;

/// How long the store may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the store answers now, and takes answers; what it says otherwise.
pub(super) async fn ping(office: &Office) -> Result<(), String> {
    let store = Arc::clone(office.allocator.store());
    let asked = office.runtime.spawn(async move { store.ping().await });
    match timeout(PATIENCE, asked).await {
        Ok(Ok(Ok(()))) => office.allocator.last_store_error().map_or(Ok(()), Err),
        Ok(Ok(Err(error))) => Err(error.to_string()),
        // It did not come to an end, or it is late.
        Ok(Err(_)) | Err(_) => {
            let (place, seconds) = (office.allocator.store().place(), PATIENCE.as_secs());
            Err(format!("cannot look at the store: {place} does not answer within {seconds} s"))
        }
    }
}

/// The figures as they are now, or as they were when they could last be read.
pub(super) async fn look(office: &Office) -> Figures {
    let store = office.allocator.store();
    let mut away = ping(office).await.err();
    let mut checks = None;
    if away.is_none() {
        let reading = office.clone();
        let read = office.runtime.spawn(async move { read(&reading).await });
        match timeout(PATIENCE, read).await {
            Ok(Ok(Ok(found))) => checks = Some(found),
            Ok(Ok(Err(error))) => away = Some(error),
            // It panicked, which the log says, or it takes its time: the store is there all the same.
            Ok(Err(_)) | Err(_) => {}
        }
    }
    let (as_of, progress) = office.allocator.last_progress().unzip();
    Figures {
        kind: store.kind(),
        place: office.place.to_string(),
        away,
        progress: progress.unwrap_or_default(),
        as_of,
        checks: checks.unwrap_or_else(|| office.checks.last()),
    }
}

/// Reads the project's figures, which the allocator keeps, and gives everybody's checks.
async fn read(office: &Office) -> Result<BTreeMap<String, Checks>, String> {
    let progress = office.allocator.progress().await.map_err(|error| error.to_string())?;
    let about = office.about.get();
    Ok(office.checks.now(&**office.allocator.store(), &about.rule, &progress).await)
}
