//! The roster's editions and the rule of identity, in `<project>.annotd`.
//!
//! An edition is a document `edition:N` with its text. Of two processes that keep a new one at
//! once, one inserts it; the other finds the number taken and looks again.

use std::collections::BTreeMap;

use futures_util::stream::TryStreamExt;
use mongodb::bson::{Document, doc};

use super::allocation_record::is_duplicate;
use super::connection::MongoConnection;
use crate::store::Result;

const PREFIX: &str = "edition:";
/// Where the documents of that prefix end: `;` follows `:`.
const END: &str = "edition;";
/// How often a number may be taken by another process before giving up.
const TRIES: usize = 100;

pub(super) async fn identity(connection: &MongoConnection) -> Result<Option<String>> {
    const OPERATION: &str = "see how tasks are told apart";
    let found =
        connection.run(OPERATION, connection.meta.find_one(doc! { "_id": "identity" })).await?;
    Ok(found.and_then(|found| found.get_str("rule").ok().map(str::to_owned)))
}

pub(super) async fn set_identity(connection: &MongoConnection, rule: &str) -> Result<String> {
    const OPERATION: &str = "set how tasks are told apart";
    let empty = connection.run(OPERATION, connection.tasks.find_one(doc! {})).await?.is_none();
    let how = if empty { "$set" } else { "$setOnInsert" };
    let set = doc! { how: { "rule": rule } };
    let write = connection.meta.update_one(doc! { "_id": "identity" }, set).upsert(true);
    connection.run(OPERATION, write).await?;
    Ok(identity(connection).await?.unwrap_or_else(|| rule.to_owned()))
}

pub(super) async fn all(connection: &MongoConnection) -> Result<BTreeMap<u32, String>> {
    let find = connection.meta.find(doc! { "_id": { "$gte": PREFIX, "$lt": END } });
    let found: Vec<Document> =
        connection.run("read the editions", async { find.await?.try_collect().await }).await?;
    let entry = |document: &Document| {
        let number = document.get_str("_id").ok()?.strip_prefix(PREFIX)?.parse().ok()?;
        Some((number, document.get_str("text").ok()?.to_owned()))
    };
    Ok(found.iter().filter_map(entry).collect())
}

pub(super) async fn edition(connection: &MongoConnection, text: &str) -> Result<u32> {
    const OPERATION: &str = "keep an edition";
    for _ in 0..TRIES {
        let editions = all(connection).await?;
        if let Some((number, _)) = editions.iter().find(|(_, known)| *known == text) {
            return Ok(*number);
        }
        let number = editions.last_key_value().map_or(0, |(last, _)| *last) + 1;
        let new = doc! { "_id": format!("{PREFIX}{number}"), "text": text };
        match connection.meta.insert_one(new).await {
            Ok(_) => return Ok(number),
            Err(error) if is_duplicate(&error) => {}
            Err(error) => return connection.run(OPERATION, async { Err(error) }).await,
        }
    }
    Err(connection.unavailable(OPERATION, "other processes keep adding editions".into()))
}
