//! The shared store: MongoDB.
//!
//! One collection per project, one document per task:
//!
//! | field | holds |
//! |---|---|
//! | `_id` | the identity, 32 hexadecimal digits |
//! | `format` | the format of the document, 3 |
//! | `task` | the task, as a document |
//! | `task_json` | its exact text, only where BSON cannot hold it exactly (`json.rs`) |
//! | `input_hash`, `task_hash` | Prodigy's hashes |
//! | `number` | the number under which it was admitted |
//! | `position`, `priority` | its place in the queue, and what was asked for |
//! | `for` | `["*"]`, or the names of those it is for; for gold with a `+` before |
//! | `planned`, `wanted` | answers wanted: at first, and now |
//! | `part`, `bound`, `purpose` | the part of the mixture that it was counted to; whether the task or the load named its people; what it checks. Mostly not there |
//! | `free` | free slots |
//! | `left` | answers still wanted: `wanted` less `seen` |
//! | `seen`, `coders` | answers that count, and whose they are |
//! | `finished` | nothing more is wanted |
//! | `held` | leases: `annotator`, `since`, `until`, `edition`, `tokenizer` |
//! | `answers` | `annotator`, `answer`, the interface's keys (`data_json`: their exact text, where needed; `large`: where they lie beside), `time_loaded`, `time_returned`, `edition`, `tokenizer`, `revisions`, `stamp` |
//! | `skipped` | ignores that are no answers, in the same shape |
//! | `late` | answers that came when none was wanted any more, in the same shape |
//! | `former` | who has held it and gave it back, or lost it; mostly not there |
//! | `rev` | counts the writes: changes of a whole task rest on it |
//! | `reopened` | when it last became open out of its turn; mostly not there |
//!
//! Further names are kept free for what comes: `source` (file and line of loading), `final` (the
//! final answer and its origin), `settled`, `overrides` (gold, priority, withdrawn, removed), and
//! in leases and answers `shown` (the suggestions that were shown).
//!
//! Beside it, `<project>.history` holds earlier versions of answers and `<project>.large` what is
//! too large for the document (`side_documents.rs`); `<project>.annotd` the format, the numbering,
//! what has been dealt out, which files were loaded, the keys (room for `kind` and `ends`), the
//! rule of identity, the editions, and, while it is, that the project is being restored or
//! migrated. `<project>.audit` is kept free for the audit log.
//!
//! Every change is a guarded write to one document, found by its `_id`; so it is true on a single
//! server, on a replica set and on a cluster sharded by `{_id: "hashed"}`, and several daemons may
//! work at once. Claims and answers go as one command for a whole group (`claim_loop.rs`,
//! `answers.rs`), plain operators only: they cost the server less than a pipeline.
//!
//! The indexes, and what each is for; all but two hold nothing of a task that is finished:
//!
//! - `queue` (`for`, `position`; tasks with a free slot): the next task is the next key, however
//!   many tasks are done. A task leaves it when its last slot is taken.
//! - `number`: exports and other walks over everything, in the order of loading.
//! - `checks` (gold tasks and repeats): walks over these alone.
//! - `late` (open tasks with answers that came too late): what can fill a slot that opened again.
//! - `task_hash`: answers that name their task by Prodigy's hash.
//! - `held` (who, until when; leased tasks): what an annotator holds, and whose lease has ended.
//! - `history` (who, when; tasks with answers): an annotator's last answers.
//! - `reopened` (open tasks that came back): what those who hand out must hear of.
//!
//! Rejected: a document per answer, which takes a transaction to keep "exactly three answers"
//! true; a unique index on anything but `_id`, which a sharded cluster does not have; change
//! streams to learn what came back, which a daemon would have to hold open for what a look at a
//! nearly empty index tells.

mod administration;
mod allocation_record;
mod answer_writes;
mod answers;
mod audit;
mod claims;
mod connection;
mod document;
mod editions;
mod find;
mod history;
mod insert;
mod json;
mod keys;
mod leases;
mod loaded_files;
mod migrations;
mod queue;
mod remaining_cache;
mod restore;
mod schema;
mod side_documents;
mod state_updates;
mod stats_cache;
mod tasks;
mod unreferenced;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use mongodb::bson::doc;

use self::connection::MongoConnection;
pub use self::migrations::Migrated;
use self::remaining_cache::RemainingCache;
use self::stats_cache::StatsCache;
use super::open_mode::OpenMode;
use super::{Result, StorePolicy};

/// A MongoDB's URL as it may be shown.
pub(super) fn without_credentials(url: &str) -> String {
    connection::without_credentials(url).0
}

/// Whether a server has this project.
pub(super) async fn exists(url: &str, project: &str) -> Result<bool> {
    schema::exists(&MongoConnection::new(url, project).await?).await
}

/// The shared store.
pub struct MongoStore {
    connection: Arc<MongoConnection>,
    stats: Arc<StatsCache>,
    remaining_cache: RemainingCache,
    /// The number of the next answer, from a random beginning: no two processes have the same.
    stamp: AtomicI64,
    sharded: bool,
    /// Whether the project is of the present format.
    is_present: AtomicBool,
    policy: RwLock<Arc<StorePolicy>>,
}

impl MongoStore {
    /// Connects to a server and prepares the project's collection.
    ///
    /// The database is the one in the URL's path, or `annotd`. Writes are acknowledged by the
    /// majority, in the journal, whatever the URL says.
    ///
    /// # Errors
    /// If the URL is wrong, the server does not answer, or the collection is not annotd's or of a
    /// newer format, or is being restored.
    pub async fn open(url: &str, project: &str) -> Result<Self> {
        Self::open_as(url, project, OpenMode::Write).await
    }

    pub(super) async fn open_as(url: &str, project: &str, mode: OpenMode) -> Result<Self> {
        const OPERATION: &str = "open the store";
        let connection = MongoConnection::new(url, project).await?;
        let is_present = schema::prepare(&connection, mode).await?;
        let hello =
            connection.run(OPERATION, connection.database.run_command(doc! { "hello": 1 })).await?;
        Ok(Self {
            connection: Arc::new(connection),
            stats: Arc::default(),
            remaining_cache: RemainingCache::default(),
            stamp: AtomicI64::new(RandomState::new().build_hasher().finish().cast_signed()),
            policy: RwLock::default(),
            is_present: AtomicBool::new(is_present),
            sharded: hello.get_str("msg").is_ok_and(|msg| msg == "isdbgrid"),
        })
    }

    /// Opens a project of whatever format, for [`MongoStore::migrate`].
    ///
    /// # Errors
    /// As [`MongoStore::open`], but for an older format.
    pub async fn open_to_migrate(url: &str, project: &str) -> Result<Self> {
        Self::open_as(url, project, OpenMode::Migrate).await
    }

    /// Whether the project is of an older format, or was left between two.
    ///
    /// # Errors
    /// If the server fails.
    pub async fn needs_migration(&self) -> Result<bool> {
        migrations::are_needed(&self.connection).await
    }

    /// Brings the project to the present format; what it does is told in `mongo/migrations/`.
    /// `seen` hears how many tasks have been looked at. Broken off at any moment, it can be begun
    /// again.
    ///
    /// # Errors
    /// If the server fails, does not let this user set rules for a collection, or other programs
    /// keep changing the tasks.
    pub async fn migrate(&self, seen: impl FnMut(u64)) -> Result<Migrated> {
        let migrated = migrations::run(&self.connection, seen).await?;
        let is_present = schema::prepare(&self.connection, OpenMode::Write).await?;
        self.is_present.store(is_present, Ordering::Relaxed);
        Ok(migrated)
    }

    fn policy(&self) -> Arc<StorePolicy> {
        Arc::clone(&self.policy.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reserves numbers for this many answers. Returns the first.
    fn stamps(&self, answers: usize) -> i64 {
        self.stamp.fetch_add(i64::try_from(answers).unwrap_or(i64::MAX), Ordering::Relaxed)
    }
}
