//! The keys to the ports: a document for each in `<project>.annotd`, under `key:NAME`.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use mongodb::bson::{Document, doc};

use super::MongoStore;
use super::connection::MongoConnection;
use crate::store::{KeyStore, Result};

const PREFIX: &str = "key:";
/// Where the documents of that prefix end: `;` follows `:`.
const END: &str = "key;";
/// Keys that are written at a time. Each waits for the majority, so a thousand in a row would take
/// seconds.
const TOGETHER: usize = 64;

#[async_trait]
impl KeyStore for MongoStore {
    async fn keys(&self) -> Result<BTreeMap<String, String>> {
        read(&self.connection).await
    }

    async fn set_keys(&self, keys: BTreeMap<String, String>, keep: bool) -> Result<()> {
        set(&self.connection, keys, keep).await
    }
}

pub(super) async fn read(connection: &MongoConnection) -> Result<BTreeMap<String, String>> {
    let find = connection.meta.find(doc! { "_id": { "$gte": PREFIX, "$lt": END } });
    let found: Vec<Document> =
        connection.run("read the keys", async { find.await?.try_collect().await }).await?;
    let entry = |document: &Document| {
        let name = document.get_str("_id").ok()?.strip_prefix(PREFIX)?;
        Some((name.to_owned(), document.get_str("key").ok()?.to_owned()))
    };
    Ok(found.iter().filter_map(entry).collect())
}

pub(super) async fn set(
    connection: &MongoConnection,
    keys: BTreeMap<String, String>,
    keep: bool,
) -> Result<()> {
    let how = if keep { "$setOnInsert" } else { "$set" };
    let writes = keys.into_iter().map(|(name, key)| async move {
        let which = doc! { "_id": format!("{PREFIX}{name}") };
        let write = connection.meta.update_one(which, doc! { how: { "key": key } }).upsert(true);
        connection.run("write down keys", write).await.map(drop)
    });
    stream::iter(writes).buffer_unordered(TOGETHER).try_collect().await
}
