//! The keys to the ports: the table `access_key`.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rusqlite::Connection;

use super::SqliteStore;
use crate::store::{KeyStore, Result};

#[async_trait]
impl KeyStore for SqliteStore {
    async fn keys(&self) -> Result<BTreeMap<String, String>> {
        self.engine.read("read the keys", keys).await
    }

    async fn set_keys(&self, keys: BTreeMap<String, String>, keep: bool) -> Result<()> {
        self.engine
            .write("write down keys", move |connection| set_keys(connection, &keys, keep))
            .await
    }
}

pub(super) fn keys(connection: &Connection) -> rusqlite::Result<BTreeMap<String, String>> {
    connection
        .prepare_cached("SELECT name, key FROM access_key WHERE kind = 'full'")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

pub(super) fn set_keys(
    connection: &Connection,
    keys: &BTreeMap<String, String>,
    keep: bool,
) -> rusqlite::Result<()> {
    let instead = if keep { "IGNORE" } else { "REPLACE" };
    let mut set = connection.prepare_cached(&format!(
        "INSERT OR {instead} INTO access_key (name, key) VALUES (?1, ?2)"
    ))?;
    for (name, key) in keys {
        set.execute((name, key))?;
    }
    Ok(())
}
