//! What runs the store rather than the annotation: its health, stats, audits and restores, the
//! files that were loaded, the rule of identity and the editions.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use async_trait::async_trait;

use super::{SqliteStore, audit, editions, loaded_files, restore, stats};
use crate::store::audit::{AuditOptions, AuditedPage, Finding, PageRequest};
use crate::store::restore_target::occupied;
use crate::store::{
    AdminStore, AllocationRecord, ProjectStats, Record, RestoreTarget, Result, StoreEngine,
    StorePolicy,
};
use crate::task::Millis;

#[async_trait]
impl AdminStore for SqliteStore {
    fn engine(&self) -> StoreEngine {
        StoreEngine::Sqlite
    }

    fn location(&self) -> &str {
        &self.location
    }

    async fn ping(&self) -> Result<()> {
        self.engine.check_presence("look at the store").await?;
        self.engine
            .read("look at the store", |connection| {
                connection.query_row("SELECT 1", [], |_| Ok(()))
            })
            .await
    }

    fn set_policy(&self, policy: StorePolicy) {
        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
    }

    async fn stats(&self) -> Result<ProjectStats> {
        self.engine.read("read the figures", stats::read).await
    }

    async fn audit(&self, page: PageRequest, how: AuditOptions) -> Result<AuditedPage> {
        audit::audit_page(&self.engine, page, how).await
    }

    async fn audit_whole(&self, how: AuditOptions) -> Result<Vec<Finding>> {
        audit::audit_whole(&self.engine, how).await
    }

    async fn loaded_file(&self, name: &str) -> Result<Option<String>> {
        let name = name.to_owned();
        self.engine
            .read("see what was loaded", move |connection| {
                loaded_files::fingerprint(connection, &name)
            })
            .await
    }

    async fn note_loaded_file(&self, name: &str, fingerprint: &str) -> Result<()> {
        let (name, fingerprint) = (name.to_owned(), fingerprint.to_owned());
        self.engine
            .write("note a loaded file", move |connection| {
                loaded_files::note(connection, &name, &fingerprint)
            })
            .await
    }

    async fn loaded_files(&self) -> Result<Vec<(String, String)>> {
        self.engine.read("see what was loaded", loaded_files::all).await
    }

    async fn restore_target(&self) -> Result<RestoreTarget> {
        self.engine.read("restore a backup", restore::restore_target).await
    }

    async fn begin_restore(&self, now: Millis) -> Result<()> {
        let begin = move |connection: &rusqlite::Connection| restore::begin(connection, now);
        let begun = self.engine.write("restore a backup", begin).await?;
        if begun { Ok(()) } else { Err(occupied(&self.location)) }
    }

    async fn restore_records(&self, records: Vec<Record>) -> Result<()> {
        self.engine
            .write("restore a backup", move |connection| {
                restore::restore_records(connection, &records)
            })
            .await
    }

    async fn restore_allocation_record(&self, allocation_record: AllocationRecord) -> Result<()> {
        self.engine
            .write("restore a backup", move |connection| {
                restore::restore_allocation_record(connection, &allocation_record)
            })
            .await
    }

    async fn end_restore(&self) -> Result<()> {
        self.engine.write("restore a backup", restore::end).await
    }

    async fn identity(&self) -> Result<Option<String>> {
        self.engine.read("see how tasks are told apart", editions::identity).await
    }

    async fn set_identity(&self, rule: &str) -> Result<String> {
        let rule = rule.to_owned();
        self.engine
            .write("set how tasks are told apart", move |connection| {
                editions::set_identity(connection, &rule)
            })
            .await
    }

    async fn edition(&self, text: &str) -> Result<u32> {
        let text = text.to_owned();
        self.engine
            .write("keep an edition", move |connection| editions::edition(connection, &text))
            .await
    }

    async fn editions(&self) -> Result<BTreeMap<u32, String>> {
        self.engine.read("read the editions", editions::all).await
    }

    async fn close(&self) {
        // The engine's threads end after what they have to do; there is little of it.
        self.engine.close();
    }
}
