//! What runs the store rather than the annotation: its health, stats, audits and restores, the
//! files that were loaded, the rule of identity and the editions.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use mongodb::bson::doc;

use super::{MongoStore, allocation_record, audit, editions, loaded_files, restore, stats_cache};
use crate::store::audit::{AuditOptions, AuditedPage, Finding, PageRequest};
use crate::store::{
    AdminStore, AllocationRecord, ProjectStats, Record, RestoreTarget, Result, StoreEngine,
    StorePolicy,
};
use crate::task::Millis;

#[async_trait]
impl AdminStore for MongoStore {
    fn engine(&self) -> StoreEngine {
        StoreEngine::Mongo
    }

    fn location(&self) -> &str {
        &self.connection.location
    }

    async fn ping(&self) -> Result<()> {
        let ping = self.connection.database.run_command(doc! { "ping": 1 });
        self.connection.run("look at the store", ping).await.map(drop)
    }

    fn set_policy(&self, policy: StorePolicy) {
        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
    }

    async fn stats(&self) -> Result<ProjectStats> {
        stats_cache::stats(&self.stats, &self.connection).await
    }

    async fn audit(&self, page: PageRequest, how: AuditOptions) -> Result<AuditedPage> {
        audit::page(self, page, how).await
    }

    async fn audit_whole(&self, how: AuditOptions) -> Result<Vec<Finding>> {
        audit::whole_store(&self.connection, how).await
    }

    async fn loaded_file(&self, name: &str) -> Result<Option<String>> {
        loaded_files::fingerprint(&self.connection, name).await
    }

    async fn note_loaded_file(&self, name: &str, fingerprint: &str) -> Result<()> {
        loaded_files::note(&self.connection, name, fingerprint).await
    }

    async fn loaded_files(&self) -> Result<Vec<(String, String)>> {
        loaded_files::all(&self.connection).await
    }

    async fn restore_target(&self) -> Result<RestoreTarget> {
        restore::restore_target(&self.connection).await
    }

    async fn begin_restore(&self, now: Millis) -> Result<()> {
        restore::begin(self, now).await
    }

    async fn restore_records(&self, records: Vec<Record>) -> Result<()> {
        restore::restore_records(self, records).await
    }

    async fn restore_allocation_record(&self, allocation_record: AllocationRecord) -> Result<()> {
        allocation_record::restore_records(&self.connection, allocation_record).await
    }

    async fn end_restore(&self) -> Result<()> {
        restore::end(&self.connection).await
    }

    async fn identity(&self) -> Result<Option<String>> {
        editions::identity(&self.connection).await
    }

    async fn set_identity(&self, rule: &str) -> Result<String> {
        editions::set_identity(&self.connection, rule).await
    }

    async fn edition(&self, text: &str) -> Result<u32> {
        editions::edition(&self.connection, text).await
    }

    async fn editions(&self) -> Result<BTreeMap<u32, String>> {
        editions::all(&self.connection).await
    }

    async fn close(&self) {
        self.connection.client.clone().shutdown().await;
    }
}
