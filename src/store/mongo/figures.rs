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

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use mongodb::options::{ReadConcern, SessionOptions};
use tokio::sync::{Mutex as AsyncMutex, RwLock, RwLockReadGuard};

use super::server::{Server, number};
use crate::store::{PAUSE_MS, Progress, Result, Share};
use crate::task::Millis;

const DOING: &str = "count tasks and answers";
/// A count may take this share of the time.
const SHARE: u32 = 50;
/// The shortest pause between two counts.
const PAUSE: Duration = Duration::from_secs(2);
/// A count that takes longer than this does not hold up who asks for the figures.
const QUICK: Duration = Duration::from_millis(100);

/// The figures as this process knows them.
#[derive(Default)]
pub(super) struct Figures {
    /// Held for reading by whoever writes to the store, until the change is in the figures.
    gate: RwLock<()>,
    /// Held by the one who counts.
    counting: AsyncMutex<()>,
    account: Mutex<Account>,
}

#[derive(Default)]
struct Account {
    /// Unknown until they have been counted.
    now: Option<Progress>,
    /// What went and what came since the snapshot of the count that is under way.
    since: Option<(Progress, Progress)>,
    counted: Option<Instant>,
    cost: Duration,
    /// A write may have been carried out without being in the figures.
    doubt: bool,
    /// It is not known who took a task in hand or gave it back.
    doubt_in_hand: bool,
}

/// Somebody is writing. Whoever drops this without a word, because of an error or because nobody
/// waits any more, leaves the figures in doubt.
pub(super) struct Writing<'a> {
    figures: &'a Figures,
    done: bool,
    _gate: RwLockReadGuard<'a, ()>,
}

impl Writing<'_> {
    /// What has been written is in the figures.
    pub(super) fn done(mut self) {
        self.done = true;
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.figures.account().doubt = true;
        }
    }
}

/// Closes the second account when a count ends, however it ends.
struct SecondAccount<'a>(&'a Figures);

impl Drop for SecondAccount<'_> {
    fn drop(&mut self) {
        self.0.account().since = None;
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

impl Figures {
    /// To be held while something is written, until [`Figures::change`] has been told of it.
    pub(super) async fn writing(&self) -> Writing<'_> {
        Writing { figures: self, done: false, _gate: self.gate.read().await }
    }

    /// Takes in a change: what was there before and what is there after.
    pub(super) fn change(&self, before: &Progress, after: &Progress) {
        let mut account = self.account();
        if let Some(now) = &mut account.now {
            now.change(before, after);
        }
        if let Some((gone, come)) = &mut account.since {
            gone.change(&Progress::default(), before);
            come.change(&Progress::default(), after);
        }
    }

    /// Everything is another: the next look counts it.
    pub(super) fn forget(&self) {
        self.account().now = None;
    }

    /// Tasks changed hands, and it is not known whose.
    pub(super) fn doubt_in_hand(&self) {
        self.account().doubt_in_hand = true;
    }

    /// Whether it is time to count.
    pub(super) fn due(&self) -> Due {
        let account = self.account();
        let Some(counted) = account.counted else { return Due::Now };
        if account.now.is_none() || (account.doubt && account.cost < QUICK) {
            Due::Now
        } else if counted.elapsed() > PAUSE.max(account.cost * SHARE) {
            Due::Soon
        } else {
            Due::No
        }
    }

    /// Counts everything, unless somebody is about it.
    pub(super) async fn count_beside(&self, server: &Server) -> Result<()> {
        match self.counting.try_lock() {
            Ok(_alone) => self.count_alone(server).await,
            Err(_) => Ok(()),
        }
    }

    /// Counts everything.
    pub(super) async fn count(&self, server: &Server) -> Result<()> {
        let _alone = self.counting.lock().await;
        if self.due() == Due::No {
            // Somebody else has just done it.
            return Ok(());
        }
        self.count_alone(server).await
    }

    async fn count_alone(&self, server: &Server) -> Result<()> {
        let _second_account = SecondAccount(self);
        let started = Instant::now();
        let moment = {
            let _nobody_writes = self.gate.write().await;
            // The server's own time names the moment: a session that is left to choose it takes it
            // when the count begins, and what is written in between is counted twice.
            let admin = server.client.database("admin");
            let reply = server.ask(DOING, admin.run_command(doc! { "ping": 1 })).await?;
            let mut account = self.account();
            account.since = Some(Default::default());
            account.doubt = false;
            account.doubt_in_hand = false;
            reply.get_timestamp("operationTime").ok()
        };
        let counted = async {
            let counting = server.tasks.aggregate(pipeline()).with_type::<Document>();
            let Some(moment) = moment else {
                // A single server keeps no moments: what is written meanwhile may count twice until
                // the next count.
                return counting.await?.try_next().await;
            };
            let options = SessionOptions::builder().snapshot(true).snapshot_time(moment).build();
            let mut session = server.client.start_session().with_options(options).await?;
            // Otherwise the collection's own read concern goes before the session's.
            let counting = counting.read_concern(ReadConcern::snapshot()).session(&mut session);
            let mut cursor = counting.await?;
            cursor.next(&mut session).await.transpose()
        };
        let counted = server.ask(DOING, counted).await;
        let mut account = self.account();
        let mut progress = match counted {
            Ok(counted) => counted.as_ref().map(read).unwrap_or_default(),
            Err(error) => {
                account.doubt = true;
                return Err(error);
            }
        };
        if let Some((gone, come)) = account.since.take() {
            progress.change(&gone, &come);
        }
        account.now = Some(progress);
        account.cost = started.elapsed();
        account.counted = Some(Instant::now());
        Ok(())
    }

    /// Counts who has what in hand, if that is in doubt: a look at the tasks in hand alone.
    pub(super) async fn settle_in_hand(&self, server: &Server) -> Result<()> {
        if !self.account().doubt_in_hand {
            return Ok(());
        }
        let _nobody_writes = self.gate.write().await;
        let held = async {
            let cursor = server
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
        let held = server.ask(DOING, held).await?;
        let mut account = self.account();
        // A count that is under way knows nothing of this, and asks for it again at its end.
        account.doubt_in_hand = account.since.is_some();
        if let Some(now) = &mut account.now {
            now.in_hand = 0;
            for share in now.annotators.values_mut() {
                share.in_hand = 0;
            }
            for group in &held {
                let in_hand = figure(group, "in_hand");
                now.in_hand += in_hand;
                now.annotators.entry(name(group)).or_default().in_hand = in_hand;
            }
        }
        Ok(())
    }

    /// The figures, once they have been counted.
    pub(super) fn now(&self) -> Option<Progress> {
        let mut now = self.account().now.clone()?;
        now.annotators.retain(|_, share| *share != Share::default());
        Some(now)
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts what `tally::contribution` adds up, on the server, in one pass.
fn pipeline() -> Vec<Document> {
    let took = doc! { "$subtract": ["$answers.time_returned", "$answers.time_loaded"] };
    let at_work = doc! { "$and": [{ "$gte": ["$took", 0] }, { "$lte": ["$took", PAUSE_MS] }] };
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

fn read(counted: &Document) -> Progress {
    let mut progress = Progress::default();
    for totals in groups(counted, "totals") {
        progress.tasks = figure(totals, "tasks");
        progress.finished = figure(totals, "finished");
        progress.wanted = figure(totals, "wanted");
        progress.answers = figure(totals, "answers");
        progress.open_to_anyone = figure(totals, "open_to_anyone");
        progress.short = figure(totals, "short");
    }
    for gold in groups(counted, "gold") {
        progress.gold = figure(gold, "gold");
    }
    for facet in ["in_hand", "checks", "answered", "skipped", "late", "named"] {
        for group in groups(counted, facet) {
            let share = progress.annotators.entry(name(group)).or_default();
            // What a group does not count is 0 in it.
            progress.in_hand += figure(group, "in_hand");
            progress.checks += figure(group, "checks");
            share.in_hand += figure(group, "in_hand");
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
    progress
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
