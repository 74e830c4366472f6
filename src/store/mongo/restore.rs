//! What a backup asks beyond tasks, and what a restore writes.
//!
//! The mark is a document of its own beside the tasks: `{_id: "restoring", since}`.

use mongodb::bson::{DateTime, RawDocumentBuf, doc};

use super::connection::MongoConnection;
use super::side_documents::SideDocuments;
use super::{MongoStore, document, insert, tasks};
use crate::store::restore_target::occupied;
use crate::store::stats::{StatsDelta, stats_delta};
use crate::store::{Record, RestoreTarget, Result};
use crate::task::Millis;

const OPERATION: &str = "restore a backup";

/// Since when the store is being restored.
pub(super) async fn mark(
    connection: &MongoConnection,
    operation: &'static str,
) -> Result<Option<Millis>> {
    let mark =
        connection.run(operation, connection.meta.find_one(doc! { "_id": "restoring" })).await?;
    Ok(mark.map(|mark| {
        let since = mark.get_datetime("since").map_or(0, |since| since.timestamp_millis());
        Millis(since)
    }))
}

pub(super) async fn restore_target(connection: &MongoConnection) -> Result<RestoreTarget> {
    if let Some(since) = mark(connection, OPERATION).await? {
        return Ok(RestoreTarget::Partial { since });
    }
    Ok(match tasks::count(connection).await? {
        0 => RestoreTarget::Empty,
        tasks => RestoreTarget::Occupied { tasks },
    })
}

pub(super) async fn begin(store: &MongoStore, now: Millis) -> Result<()> {
    let connection = &store.connection;
    if let RestoreTarget::Occupied { .. } = restore_target(connection).await? {
        return Err(occupied(&connection.location));
    }
    // The mark first: whatever happens from here on, the store is not taken for whole.
    let since = doc! { "$set": { "since": DateTime::from_millis(now.0) } };
    let note = connection.meta.update_one(doc! { "_id": "restoring" }, since).upsert(true);
    connection.run(OPERATION, note).await?;
    let write_guard = store.stats.write_guard().await;
    // There may be many, so this may take longer than other things.
    let emptied = connection.tasks.delete_many(doc! {}).await;
    connection.run(OPERATION, async { emptied }).await?;
    for collection in [&connection.history, &connection.large] {
        let emptied = collection.delete_many(doc! {}).await;
        connection.run(OPERATION, async { emptied }).await?;
    }
    store.stats.forget();
    write_guard.done();
    let rest = doc! { "_id": { "$nin": ["format", "restoring"] } };
    connection.run(OPERATION, connection.meta.delete_many(rest)).await.map(drop)
}

pub(super) async fn restore_records(store: &MongoStore, records: Vec<Record>) -> Result<()> {
    let connection = &store.connection;
    let Some(last) = records.iter().map(|record| record.number.0).max() else { return Ok(()) };
    let lowest = records.iter().map(|record| record.position.priority()).min().unwrap_or(0);
    // Before the tasks: a number that is taken is never given again.
    let numbering = doc! { "$max": { "last": last }, "$min": { "lowest": lowest } };
    let numbering = connection.meta.update_one(doc! { "_id": "numbers" }, numbering).upsert(true);
    connection.run(OPERATION, numbering).await?;
    let mut side_documents = SideDocuments::default();
    let documents: Vec<RawDocumentBuf> =
        records.iter().map(|record| document::of_record(record, &mut side_documents)).collect();
    if !side_documents.is_empty() {
        // While the store has the mark, no process removes what is unreferenced, so the tasks may
        // wait.
        side_documents.write(connection, OPERATION).await?;
    }
    let write_guard = store.stats.write_guard().await;
    let there = connection.run(OPERATION, insert::insert(connection, &documents)).await?;
    let mut added = StatsDelta::default();
    for (nth, record) in records.iter().enumerate() {
        if !there.contains(&nth) {
            added.add(&stats_delta(None, Some(&record.state)));
        }
    }
    store.stats.apply(&added);
    write_guard.done();
    Ok(())
}

pub(super) async fn end(connection: &MongoConnection) -> Result<()> {
    connection
        .run(OPERATION, connection.meta.delete_one(doc! { "_id": "restoring" }))
        .await
        .map(drop)
}
