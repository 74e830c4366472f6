//! What a backup asks beyond tasks, and what a restore writes.
//!
//! The mark is a document of its own beside the tasks: `{_id: "restoring", since}`.

use mongodb::bson::{DateTime, RawBsonRef, RawDocumentBuf, doc};

use super::beside::Beside;
use super::server::Server;
use super::{MongoStore, admission, document};
use crate::allocation::SequenceNumber;
use crate::store::restoring::taken;
use crate::store::tally::contribution;
use crate::store::{Ground, Progress, Record, Result};
use crate::task::Millis;

const DOING: &str = "restore a backup";
/// Under which the names of loaded files are kept.
const FILE: &str = "file:";

pub(super) async fn loaded_files(server: &Server) -> Result<Vec<(String, String)>> {
    // What begins with the prefix: `;` is the character behind the colon.
    let query = doc! { "_id": { "$gte": FILE, "$lt": "file;" } };
    let find = server.meta.clone_with_type::<RawDocumentBuf>();
    let find = find.find(query).sort(doc! { "_id": 1 });
    let found = server.find("see which files were loaded", find).await?;
    let text = |file: &RawDocumentBuf, key: &str| {
        file.get(key).ok().flatten().and_then(RawBsonRef::as_str).map(str::to_owned)
    };
    let file = |file: &RawDocumentBuf| {
        let name = text(file, "_id")?.strip_prefix(FILE)?.to_owned();
        Some((name, text(file, "fingerprint")?))
    };
    Ok(found.iter().filter_map(file).collect())
}

pub(super) async fn count(server: &Server) -> Result<u64> {
    // Documents that are not annotd's are none of a backup's business; `verify` names them.
    let count = server.tasks.count_documents(doc! { "_id": { "$type": "string" } });
    let count = count.await;
    server.ask("count tasks", async { count }).await
}

pub(super) async fn numbers(
    server: &Server,
    after: SequenceNumber,
    limit: usize,
) -> Result<Vec<SequenceNumber>> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let find = server
        .tasks
        .find(doc! { "number": { "$gt": after.0 } })
        .sort(doc! { "number": 1 })
        // Nothing but what the index holds, so no task is read.
        .projection(doc! { "_id": 0, "number": 1 })
        .limit(i64::try_from(limit).unwrap_or(i64::MAX));
    let found = server.find("count tasks", find).await?;
    let number = |task: &RawDocumentBuf| match task.get("number").ok().flatten()? {
        RawBsonRef::Int32(number) => Some(SequenceNumber(i64::from(number))),
        RawBsonRef::Int64(number) => Some(SequenceNumber(number)),
        _ => None,
    };
    Ok(found.iter().filter_map(number).collect())
}

/// Since when the store is being restored.
pub(super) async fn mark(server: &Server, doing: &'static str) -> Result<Option<Millis>> {
    let mark = server.ask(doing, server.meta.find_one(doc! { "_id": "restoring" })).await?;
    Ok(mark.map(|mark| {
        let since = mark.get_datetime("since").map_or(0, |since| since.timestamp_millis());
        Millis(since)
    }))
}

pub(super) async fn ground(server: &Server) -> Result<Ground> {
    if let Some(since) = mark(server, DOING).await? {
        return Ok(Ground::Unfinished { since });
    }
    Ok(match count(server).await? {
        0 => Ground::Free,
        tasks => Ground::Taken { tasks },
    })
}

pub(super) async fn begin(store: &MongoStore, now: Millis) -> Result<()> {
    let server = &store.server;
    if let Ground::Taken { .. } = ground(server).await? {
        return Err(taken(&server.place));
    }
    // The mark first: whatever happens from here on, the store is not taken for whole.
    let since = doc! { "$set": { "since": DateTime::from_millis(now.0) } };
    let note = server.meta.update_one(doc! { "_id": "restoring" }, since).upsert(true);
    server.ask(DOING, note).await?;
    let writing = store.figures.writing().await;
    // There may be many, so this may take longer than other things.
    let emptied = server.tasks.delete_many(doc! {}).await;
    server.ask(DOING, async { emptied }).await?;
    for collection in [&server.history, &server.large] {
        let emptied = collection.delete_many(doc! {}).await;
        server.ask(DOING, async { emptied }).await?;
    }
    store.figures.forget();
    writing.done();
    let rest = doc! { "_id": { "$nin": ["format", "restoring"] } };
    server.ask(DOING, server.meta.delete_many(rest)).await.map(drop)
}

pub(super) async fn put_back(store: &MongoStore, records: Vec<Record>) -> Result<()> {
    let server = &store.server;
    let Some(last) = records.iter().map(|record| record.number.0).max() else { return Ok(()) };
    let lowest = records.iter().map(|record| record.position.priority()).min().unwrap_or(0);
    // Before the tasks: a number that is taken is never given again.
    let numbering = doc! { "$max": { "last": last }, "$min": { "lowest": lowest } };
    let numbering = server.meta.update_one(doc! { "_id": "numbers" }, numbering).upsert(true);
    server.ask(DOING, numbering).await?;
    let mut beside = Beside::default();
    let documents: Vec<RawDocumentBuf> =
        records.iter().map(|record| document::of_record(record, &mut beside)).collect();
    if !beside.is_empty() {
        // Nobody removes what is spare while the store bears the mark, so the tasks have no end.
        beside.write(server, DOING).await?;
    }
    let writing = store.figures.writing().await;
    let there = server.ask(DOING, admission::insert(server, &documents)).await?;
    let mut added = Progress::default();
    for (nth, record) in records.iter().enumerate() {
        if !there.contains(&nth) {
            added.change(&Progress::default(), &contribution(&record.state));
        }
    }
    store.figures.change(&Progress::default(), &added);
    writing.done();
    Ok(())
}

pub(super) async fn end(server: &Server) -> Result<()> {
    server.ask(DOING, server.meta.delete_one(doc! { "_id": "restoring" })).await.map(drop)
}
