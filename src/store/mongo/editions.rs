//! The roster's editions and the rule of identity, in `<project>.annotd`.
//!
//! An edition is a document `edition:N` with its text. Of two processes that keep a new one at once,
//! one inserts it; the other finds the number taken and looks again.

use std::collections::BTreeMap;

use futures_util::stream::TryStreamExt;
use mongodb::bson::{Document, doc};

use super::deal::is_duplicate;
use super::server::Server;
use crate::store::Result;

const PREFIX: &str = "edition:";
/// Where the documents of that prefix end: `;` follows `:`.
const END: &str = "edition;";
/// How often a number may be taken by another process before giving up.
const TRIES: usize = 100;

pub(super) async fn identity(server: &Server) -> Result<Option<String>> {
    const DOING: &str = "see how tasks are told apart";
    let found = server.ask(DOING, server.meta.find_one(doc! { "_id": "identity" })).await?;
    Ok(found.and_then(|found| found.get_str("rule").ok().map(str::to_owned)))
}

pub(super) async fn set_identity(server: &Server, rule: &str) -> Result<String> {
    const DOING: &str = "set how tasks are told apart";
    let empty = server.ask(DOING, server.tasks.find_one(doc! {})).await?.is_none();
    let how = if empty { "$set" } else { "$setOnInsert" };
    let set = doc! { how: { "rule": rule } };
    let write = server.meta.update_one(doc! { "_id": "identity" }, set).upsert(true);
    server.ask(DOING, write).await?;
    Ok(identity(server).await?.unwrap_or_else(|| rule.to_owned()))
}

pub(super) async fn all(server: &Server) -> Result<BTreeMap<u32, String>> {
    let find = server.meta.find(doc! { "_id": { "$gte": PREFIX, "$lt": END } });
    let found: Vec<Document> =
        server.ask("read the editions", async { find.await?.try_collect().await }).await?;
    let entry = |document: &Document| {
        let number = document.get_str("_id").ok()?.strip_prefix(PREFIX)?.parse().ok()?;
        Some((number, document.get_str("text").ok()?.to_owned()))
    };
    Ok(found.iter().filter_map(entry).collect())
}

pub(super) async fn edition(server: &Server, text: &str) -> Result<u32> {
    const DOING: &str = "keep an edition";
    for _ in 0..TRIES {
        let editions = all(server).await?;
        if let Some((number, _)) = editions.iter().find(|(_, known)| *known == text) {
            return Ok(*number);
        }
        let number = editions.last_key_value().map_or(0, |(last, _)| *last) + 1;
        let new = doc! { "_id": format!("{PREFIX}{number}"), "text": text };
        match server.meta.insert_one(new).await {
            Ok(_) => return Ok(number),
            Err(error) if is_duplicate(&error) => {}
            Err(error) => return server.ask(DOING, async { Err(error) }).await,
        }
    }
    Err(server.away(DOING, "other processes keep adding editions".into()))
}
