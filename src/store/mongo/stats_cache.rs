//! The project's figures: counted once, then kept as tasks and answers pass through.
//!
//! A count reads every task, so it happens at the first look, and after that only now and then in
//! the background, for the sake of what other daemons have written: the longer it takes, the more
//! seldom. In between, each write of this process adds what it changed.
//!
//! A count is exact while writes go on. For a moment no write is under way; in that moment a
//! snapshot of the database is taken hold of, and a second account opened. The count reads the
//! snapshot, however long it takes, and the second account is added at its end.
//!
//! Rejected: counting documents at each look, which grows with the project; counters in a document
//! of their own, which every answer of every daemon would have to wait for, and which a crash
//! between the two writes makes wrong.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use mongodb::options::{ReadConcern, SessionOptions};
use tokio::sync::{Mutex as AsyncMutex, RwLock, RwLockReadGuard};

use super::connection::{MongoConnection, number};
use crate::store::stats::StatsDelta;
use crate::store::{AnnotatorStats, BREAK_THRESHOLD_MS, ProjectStats, Result};
use crate::task::Millis;

const OPERATION: &str = "count tasks and answers";
/// A count may take this share of the time.
const SHARE: u32 = 50;
/// The shortest pause between two counts.
const PAUSE: Duration = Duration::from_secs(2);
/// A count that takes longer than this does not hold up who asks for the figures.
const QUICK: Duration = Duration::from_millis(100);

/// The figures as this process knows them.
#[derive(Default)]
pub(super) struct StatsCache {
    /// Each writer to the store holds it for reading, until the change is in the stats.
    gate: RwLock<()>,
    /// Held by the one who counts.
    counting: AsyncMutex<()>,
    entry: Mutex<StatsEntry>,
}

#[derive(Default)]
struct StatsEntry {
    /// Unknown until they have been counted.
    now: Option<ProjectStats>,
    /// What changed since the snapshot of the count that is under way.
    since: Option<StatsDelta>,
    counted: Option<Instant>,
    cost: Duration,
    /// A write may have been carried out without being in the figures.
    doubt: bool,
    /// Leases have begun or ended, and it is not known whose.
    doubt_in_hand: bool,
}

/// A write in progress. Dropping it without `done()`, after an error or because no caller waits any
/// more, puts the stats in doubt.
pub(super) struct WriteGuard<'a> {
    stats: &'a StatsCache,
    done: bool,
    _gate: RwLockReadGuard<'a, ()>,
}

impl WriteGuard<'_> {
    /// What has been written is in the figures.
    pub(super) fn done(mut self) {
        self.done = true;
    }
}

impl Drop for WriteGuard<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.stats.entry().doubt = true;
        }
    }
}

/// Closes the second account when a count ends, however it ends.
struct SecondaryEntry<'a>(&'a StatsCache);

impl Drop for SecondaryEntry<'_> {
    fn drop(&mut self) {
        self.0.entry().since = None;
    }
}

/// When to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Not now.
    No,
    /// Before the figures are told.
    Now,
    /// Beside.
    Soon,
}

impl StatsCache {
    /// To be held while something is written, until [`StatsCache::apply`] has been told of it.
    pub(super) async fn write_guard(&self) -> WriteGuard<'_> {
        WriteGuard { stats: self, done: false, _gate: self.gate.read().await }
    }

    /// Adds what a write has changed.
    pub(super) fn apply(&self, delta: &StatsDelta) {
        let mut entry = self.entry();
        if let Some(now) = &mut entry.now {
            now.apply(delta);
        }
        if let Some(since) = &mut entry.since {
            since.add(delta);
        }
    }

    /// Everything is another: the next look counts it.
    pub(super) fn forget(&self) {
        self.entry().now = None;
    }

    /// Tasks changed hands, and it is not known whose.
    pub(super) fn doubt_in_hand(&self) {
        self.entry().doubt_in_hand = true;
    }

    /// Whether it is time to count.
    pub(super) fn due(&self) -> Due {
        let entry = self.entry();
        let Some(counted) = entry.counted else { return Due::Now };
        if entry.now.is_none() || (entry.doubt && entry.cost < QUICK) {
            Due::Now
        } else if counted.elapsed() > PAUSE.max(entry.cost * SHARE) {
            Due::Soon
        } else {
            Due::No
        }
    }

    /// Counts everything, unless a count is in progress.
    pub(super) async fn count_beside(&self, connection: &MongoConnection) -> Result<()> {
        match self.counting.try_lock() {
            Ok(_alone) => self.count_alone(connection).await,
            Err(_) => Ok(()),
        }
    }

    /// Counts everything.
    pub(super) async fn count(&self, connection: &MongoConnection) -> Result<()> {
        let _alone = self.counting.lock().await;
        if self.due() == Due::No {
            // Another call has just done it.
            return Ok(());
        }
        self.count_alone(connection).await
    }

    async fn count_alone(&self, connection: &MongoConnection) -> Result<()> {
        let _second_account = SecondaryEntry(self);
        let started = Instant::now();
        let moment = {
            let _nobody_writes = self.gate.write().await;
            // The server's own time names the moment: a session that is left to choose it takes it
            // when the count begins, and what is written in between is counted twice.
            let admin = connection.client.database("admin");
            let reply = connection.run(OPERATION, admin.run_command(doc! { "ping": 1 })).await?;
            let mut entry = self.entry();
            entry.since = Some(StatsDelta::default());
            entry.doubt = false;
            entry.doubt_in_hand = false;
            reply.get_timestamp("operationTime").ok()
        };
        let counted = async {
            let counting = connection.tasks.aggregate(pipeline()).with_type::<Document>();
            let Some(moment) = moment else {
                // A single server keeps no moments: what is written meanwhile may count twice until
                // the next count.
                return counting.await?.try_next().await;
            };
            let options = SessionOptions::builder().snapshot(true).snapshot_time(moment).build();
            let mut session = connection.client.start_session().with_options(options).await?;
            // Otherwise the collection's own read concern goes before the session's.
            let counting = counting.read_concern(ReadConcern::snapshot()).session(&mut session);
            let mut cursor = counting.await?;
            cursor.next(&mut session).await.transpose()
        };
        let counted = connection.run(OPERATION, counted).await;
        let mut entry = self.entry();
        let mut stats = match counted {
            Ok(counted) => counted.as_ref().map(read).unwrap_or_default(),
            Err(error) => {
                entry.doubt = true;
                return Err(error);
            }
        };
        if let Some(since) = entry.since.take() {
            stats.apply(&since);
        }
        entry.now = Some(stats);
        entry.cost = started.elapsed();
        entry.counted = Some(Instant::now());
        Ok(())
    }

    /// Counts the leases of each annotator, if that is in doubt. Reads leased tasks only.
    pub(super) async fn settle_in_hand(&self, connection: &MongoConnection) -> Result<()> {
        if !self.entry().doubt_in_hand {
            return Ok(());
        }
        let _nobody_writes = self.gate.write().await;
        let held = async {
            let cursor = connection
                .tasks
                .aggregate(vec![
                    doc! { "$match": { "held.annotator": { "$gt": "" } } },
                    doc! { "$project": { "_id": 0, "held.annotator": 1 } },
                    doc! { "$unwind": "$held" },
                    doc! { "$group": { "_id": "$held.annotator", "in_hand": { "$sum": 1 } } },
                ])
                .with_type::<Document>()
                .await?;
            cursor.try_collect::<Vec<Document>>().await
        };
        let held = connection.run(OPERATION, held).await?;
        let mut entry = self.entry();
        // A count that is under way knows nothing of this, and asks for it again at its end.
        entry.doubt_in_hand = entry.since.is_some();
        if let Some(now) = &mut entry.now {
            now.held = 0;
            for share in now.annotators.values_mut() {
                share.held = 0;
            }
            for group in &held {
                let held = figure(group, "in_hand");
                now.held += held;
                now.annotators.entry(name(group)).or_default().held = held;
            }
        }
        Ok(())
    }

    /// The figures, once they have been counted.
    pub(super) fn now(&self) -> Option<ProjectStats> {
        let mut now = self.entry().now.clone()?;
        now.annotators.retain(|_, share| *share != AnnotatorStats::default());
        Some(now)
    }

    fn entry(&self) -> MutexGuard<'_, StatsEntry> {
        self.entry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The stats, counted first if that is due.
pub(super) async fn stats(
    stats: &Arc<StatsCache>,
    connection: &Arc<MongoConnection>,
) -> Result<ProjectStats> {
    let counted = match stats.due() {
        Due::No => Ok(()),
        Due::Now => stats.count(connection).await,
        Due::Soon => {
            let (stats, connection) = (Arc::clone(stats), Arc::clone(connection));
            tokio::spawn(async move {
                if let Err(error) = stats.count_beside(&connection).await {
                    tracing::debug!(%error, "the figures stay as they were");
                }
            });
            Ok(())
        }
    };
    let settled = match counted {
        Ok(()) => stats.settle_in_hand(connection).await,
        Err(error) => Err(error),
    };
    match (settled, stats.now()) {
        (Err(error), None) => Err(error),
        (Err(error), Some(stats)) => {
            // Those of a moment ago are better than none.
            tracing::debug!(%error, "the figures stay as they were");
            Ok(stats)
        }
        (Ok(()), stats) => Ok(stats.unwrap_or_default()),
    }
}

/// Counts what `stats::task_stats` adds up, on the server, in one pass.
fn pipeline() -> Vec<Document> {
    let took = doc! { "$subtract": ["$answers.time_returned", "$answers.time_loaded"] };
    let at_work =
        doc! { "$and": [{ "$gte": ["$took", 0] }, { "$lte": ["$took", BREAK_THRESHOLD_MS] }] };
    let regular = doc! { "$match": { "purpose": { "$exists": false } } };
    // Those named who can still be among the answers.
    let there = doc! { "$size": { "$setDifference": [
        "$for", { "$concatArrays": ["$skipped.annotator", "$late.annotator"] },
    ] } };
    let short = doc! { "$and": [
        { "$not": ["$finished"] },
        { "$not": [{ "$in": ["*", "$for"] }] },
        { "$gt": ["$wanted", there] },
    ] };
    vec![
        doc! { "$project": {
            "_id": 0, "wanted": 1, "seen": 1, "finished": 1, "for": 1, "coders": 1, "purpose": 1,
            "held.annotator": 1, "late.annotator": 1, "late.time_returned": 1,
            "skipped.annotator": 1, "skipped.time_returned": 1,
            "answers.annotator": 1, "answers.time_loaded": 1, "answers.time_returned": 1,
        } },
        doc! { "$facet": {
            "totals": [regular.clone(), { "$group": {
                "_id": null,
                "tasks": { "$sum": 1 },
                "finished": { "$sum": { "$cond": ["$finished", 1, 0] } },
                "wanted": { "$sum": "$wanted" },
                "answers": { "$sum": "$seen" },
                "short": { "$sum": { "$cond": [short, 1, 0] } },
                "open_to_anyone": { "$sum": { "$cond": [
                    { "$in": ["*", "$for"] },
                    { "$max": [0, { "$subtract": ["$wanted", "$seen"] }] },
                    0,
                ] } },
            } }],
            "in_hand": [
                { "$unwind": "$held" },
                { "$group": { "_id": "$held.annotator", "in_hand": { "$sum": 1 } } },
            ],
            "gold": [
                { "$match": { "purpose": "gold", "finished": false } },
                { "$count": "gold" },
            ],
            "checks": [
                { "$match": { "purpose": { "$exists": true } } },
                { "$project": { "all": { "$concatArrays": ["$answers", "$skipped", "$late"] } } },
                { "$unwind": "$all" },
                { "$group": {
                    "_id": "$all.annotator",
                    "checks": { "$sum": 1 },
                    "last_seen": { "$max": "$all.time_returned" },
                } },
            ],
            "answered": [
                regular.clone(),
                { "$unwind": "$answers" },
                { "$set": { "took": took } },
                { "$group": {
                    "_id": "$answers.annotator",
                    "answered": { "$sum": 1 },
                    "last_seen": { "$max": "$answers.time_returned" },
                    "worked_ms": { "$sum": { "$cond": [at_work.clone(), "$took", 0] } },
                    "timed": { "$sum": { "$cond": [at_work, 1, 0] } },
                } },
            ],
            "skipped": [
                regular.clone(),
                { "$unwind": "$skipped" },
                { "$group": {
                    "_id": "$skipped.annotator",
                    "skipped": { "$sum": 1 },
                    "last_seen": { "$max": "$skipped.time_returned" },
                } },
            ],
            "late": [
                regular.clone(),
                { "$unwind": "$late" },
                { "$group": {
                    "_id": "$late.annotator",
                    "late": { "$sum": 1 },
                    "last_seen": { "$max": "$late.time_returned" },
                } },
            ],
            "named": [
                regular,
                { "$match": { "finished": { "$ne": true }, "for": { "$ne": "*" } } },
                { "$unwind": "$for" },
                { "$match": { "$expr": { "$not": { "$in": ["$for", { "$concatArrays": [
                    "$coders", "$skipped.annotator", "$late.annotator",
                ] }] } } } },
                { "$group": { "_id": "$for", "named": { "$sum": 1 } } },
            ],
        } },
    ]
}

fn read(counted: &Document) -> ProjectStats {
    let mut stats = ProjectStats::default();
    for totals in groups(counted, "totals") {
        stats.tasks = figure(totals, "tasks");
        stats.finished = figure(totals, "finished");
        stats.wanted = figure(totals, "wanted");
        stats.answers = figure(totals, "answers");
        stats.open_to_anyone = figure(totals, "open_to_anyone");
        stats.short = figure(totals, "short");
    }
    for gold in groups(counted, "gold") {
        stats.gold = figure(gold, "gold");
    }
    for facet in ["in_hand", "checks", "answered", "skipped", "late", "named"] {
        for group in groups(counted, facet) {
            let share = stats.annotators.entry(name(group)).or_default();
            // What a group does not count is 0 in it.
            stats.held += figure(group, "in_hand");
            stats.checks += figure(group, "checks");
            share.held += figure(group, "in_hand");
            share.checks += figure(group, "checks");
            share.skipped += figure(group, "skipped");
            share.answered += figure(group, "answered");
            share.late += figure(group, "late");
            share.named += figure(group, "named");
            share.worked_ms += figure(group, "worked_ms");
            share.timed += figure(group, "timed");
            let last = group.get_datetime("last_seen").ok().map(|at| Millis(at.timestamp_millis()));
            share.last_seen = share.last_seen.max(last);
        }
    }
    stats
}

fn groups<'a>(counted: &'a Document, facet: &str) -> impl Iterator<Item = &'a Document> {
    let groups = counted.get_array(facet).map(Vec::as_slice).unwrap_or_default();
    groups.iter().filter_map(mongodb::bson::Bson::as_document)
}

fn figure(group: &Document, key: &str) -> u64 {
    number(group, key).and_then(|figure| u64::try_from(figure).ok()).unwrap_or(0)
}

fn name(group: &Document) -> String {
    group.get_str("_id").unwrap_or_default().to_owned()
}
