//! One read of the store, with a timeout.
//!
//! A store that hangs must not make the lead's port hang. A read that times out is not cancelled,
//! though: the first count of a large project may take longer than a request waits, and would never
//! finish if each request began it again. It continues, and a later request finds its result.
//!
//! The read runs in the runtime of the annotators' ports, where the store's connections live. If
//! that runtime is saturated, the read times out, and the lead's port still answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::LeadPort;
use super::quality::AnnotatorQuality;
use super::status::StatusSnapshot;

/// How long the store may take to answer.
const STORE_TIMEOUT: Duration = Duration::from_secs(2);

/// Whether the store responds and stores answers; the error otherwise.
pub(super) async fn ping(port: &LeadPort) -> Result<(), String> {
    let store = Arc::clone(port.allocator.store());
    let asked = port.runtime.spawn(async move { store.ping().await });
    match timeout(STORE_TIMEOUT, asked).await {
        Ok(Ok(Ok(()))) => port.allocator.last_store_error().map_or(Ok(()), Err),
        Ok(Ok(Err(error))) => Err(error.to_string()),
        // It did not come to an end, or it is late.
        Ok(Err(_)) | Err(_) => {
            let (place, seconds) = (port.allocator.store().location(), STORE_TIMEOUT.as_secs());
            Err(format!("cannot look at the store: {place} does not answer within {seconds} s"))
        }
    }
}

/// The present status, or the last one that could be read.
pub(super) async fn read_with_timeout(port: &LeadPort) -> StatusSnapshot {
    let store = port.allocator.store();
    let mut store_error = ping(port).await.err();
    let mut quality = None;
    if store_error.is_none() {
        let reading = port.clone();
        let read = port.runtime.spawn(async move { read(&reading).await });
        match timeout(STORE_TIMEOUT, read).await {
            Ok(Ok(Ok(found))) => quality = Some(found),
            Ok(Ok(Err(error))) => store_error = Some(error),
            // It panicked, which the log says, or it takes its time: the store is there all the
            // same.
            Ok(Err(_)) | Err(_) => {}
        }
    }
    let (as_of, progress) = port.allocator.last_progress().unzip();
    StatusSnapshot {
        kind: store.engine(),
        place: port.place.to_string(),
        store_error,
        progress: progress.unwrap_or_default(),
        as_of,
        quality: quality.unwrap_or_else(|| port.quality.last()),
    }
}

/// Refreshes the allocator's stats, and returns each annotator's quality.
async fn read(port: &LeadPort) -> Result<BTreeMap<String, AnnotatorQuality>, String> {
    let progress = port.allocator.progress().await.map_err(|error| error.to_string())?;
    let project_info = &port.project_info;
    Ok(port.quality.now(&**port.allocator.store(), &project_info.rule, &progress).await)
}
