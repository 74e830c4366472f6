//! Leases: renewing them, and taking tasks back.
//!
//! What is taken back is marked with the time, so that those who hand out hear of it although
//! they have gone past its place.
//!
//! Rejected: a TTL index, which can remove a document but not give back a slot in it; taking all
//! leases of a task back with a pipeline, which the guarded write for each of them does without.

use std::collections::HashMap;

use async_trait::async_trait;
use mongodb::bson::{DateTime, RawDocumentBuf, doc, rawdoc};

use super::connection::MongoConnection;
use super::document::{MalformedDocument, TaskDocument};
use super::find::each;
use super::queue::open_fields;
use super::remaining_cache::RemainingCache;
use super::stats_cache::StatsCache;
use super::{MongoStore, claims, state_updates};
use crate::allocation::Lane;
use crate::store::stats::StatsDelta;
use crate::store::{Claim, HeldTask, LeaseStore, Result};
use crate::task::Millis;

/// Tasks that are taken back in one round trip.
const GROUP: i64 = 500;

#[async_trait]
impl LeaseStore for MongoStore {
    async fn claim(&self, claims: Vec<Claim>) -> Result<Vec<bool>> {
        claims::claim(&self.connection, &self.stats, &claims).await
    }

    async fn renew(&self, annotators: Vec<(String, Millis)>) -> Result<()> {
        renew(&self.connection, &annotators).await
    }

    async fn release(&self, annotator: &str) -> Result<u64> {
        let released = release(&self.connection, &self.stats, annotator).await?;
        state_updates::fill(self).await?;
        Ok(released)
    }

    async fn expire_leases(&self, now: Millis) -> Result<u64> {
        let taken_back = expire_leases(&self.connection, &self.stats, now).await?;
        state_updates::fill(self).await?;
        Ok(taken_back)
    }

    async fn held_by(&self, annotator: &str) -> Result<Vec<HeldTask>> {
        held_by(&self.connection, &self.remaining_cache, annotator).await
    }

    async fn has_tasks_held_by_others(&self, annotator: &str) -> Result<bool> {
        has_tasks_held_by_others(&self.connection, annotator).await
    }
}

pub(super) async fn renew(
    connection: &MongoConnection,
    annotators: &[(String, Millis)],
) -> Result<()> {
    const OPERATION: &str = "renew leases";
    let statements = annotators
        .iter()
        .map(|(annotator, until)| {
            let until = DateTime::from_millis(until.0);
            rawdoc! {
                // The first condition is what lets the server use the index of what is held.
                "q": {
                    "held.annotator": annotator.as_str(),
                    "held": { "$elemMatch": {
                        "annotator": annotator.as_str(), "until": { "$lt": until },
                    } },
                },
                "u": {
                    "$set": { "held.$[hold].until": until },
                    "$inc": { "rev": 1_i64 },
                },
                "arrayFilters": [
                    { "hold.annotator": annotator.as_str(), "hold.until": { "$lt": until } },
                ],
                "multi": true,
            }
        })
        .collect();
    connection.update(OPERATION, statements).await.map(drop)
}

pub(super) async fn release(
    connection: &MongoConnection,
    stats: &StatsCache,
    annotator: &str,
) -> Result<u64> {
    const OPERATION: &str = "take tasks back";
    let write_guard = stats.write_guard().await;
    let statement = rawdoc! {
        "q": { "held.annotator": annotator },
        "u": {
            "$pull": { "held": { "annotator": annotator } },
            "$inc": { "free": 1, "rev": 1_i64 },
            "$addToSet": { "former": annotator },
            "$currentDate": { "reopened": true },
        },
        "multi": true,
    };
    let released = connection.update(OPERATION, vec![statement]).await?;
    stats.apply(&StatsDelta::held(annotator, -released.cast_signed()));
    write_guard.done();
    Ok(released)
}

pub(super) async fn expire_leases(
    connection: &MongoConnection,
    stats: &StatsCache,
    now: Millis,
) -> Result<u64> {
    const OPERATION: &str = "end leases";
    let mut taken_back = 0;
    loop {
        let query = over(now);
        let fields = doc! { "position": 1, "wanted": 1, "held": 1 };
        let found = connection
            .find(OPERATION, connection.tasks.find(query).projection(fields).limit(GROUP))
            .await?;
        let mut statements = Vec::new();
        let mut whose: HashMap<String, u64> = HashMap::new();
        for document in &found {
            let task = TaskDocument::read(document)
                .map_err(|malformed| connection.malformed(OPERATION, document, &malformed))?;
            for hold in task.held.iter().filter(|hold| hold.until <= now) {
                statements.push(taken(&task, &hold.annotator, now));
                *whose.entry(hold.annotator.clone()).or_default() += 1;
            }
        }
        if statements.is_empty() {
            return Ok(taken_back);
        }
        let expected = statements.len() as u64;
        let write_guard = stats.write_guard().await;
        let matched = connection.update(OPERATION, statements).await?;
        taken_back += matched;
        if matched == expected {
            for (annotator, held) in &whose {
                stats.apply(&StatsDelta::held(annotator, -held.cast_signed()));
            }
        } else {
            stats.doubt_in_hand();
        }
        write_guard.done();
        if i64::try_from(found.len()).unwrap_or(GROUP) < GROUP {
            return Ok(taken_back);
        }
    }
}

/// Tasks with a lease that has ended.
fn over(now: Millis) -> mongodb::bson::Document {
    let now = DateTime::from_millis(now.0);
    doc! {
        "held.annotator": { "$gt": "" },
        "held": { "$elemMatch": { "annotator": { "$gt": "" }, "until": { "$lte": now } } },
    }
}

/// Takes a task back from one of its holders, unless they have renewed or answered meanwhile.
fn taken(task: &TaskDocument, annotator: &str, now: Millis) -> RawDocumentBuf {
    let now = DateTime::from_millis(now.0);
    rawdoc! {
        "q": {
            "_id": task.id.as_str(),
            "held": { "$elemMatch": { "annotator": annotator, "until": { "$lte": now } } },
        },
        "u": {
            "$pull": { "held": { "annotator": annotator } },
            "$inc": { "free": 1, "rev": 1_i64 },
            "$addToSet": { "former": annotator },
            "$currentDate": { "reopened": true },
        },
    }
}

pub(super) async fn held_by(
    connection: &MongoConnection,
    remaining_cache: &RemainingCache,
    annotator: &str,
) -> Result<Vec<HeldTask>> {
    let mut fields = open_fields();
    fields.remove("held.annotator");
    fields.insert("held", 1);
    let find = connection.tasks.find(doc! { "held.annotator": annotator }).projection(fields);
    let held = each(connection, "read the leases", find, |mut stored| {
        remaining_cache.learn(&stored);
        let task = stored.task()?;
        let hold = stored.held.iter().find(|hold| hold.annotator == annotator);
        let hold = hold.ok_or(MalformedDocument::Missing("held"))?;
        Ok(HeldTask {
            task,
            position: stored.position,
            since: hold.since,
            until: hold.until,
            basis: hold.basis,
        })
    });
    let mut held = held.await?;
    held.sort_by_key(|held| held.position);
    Ok(held)
}

pub(super) async fn has_tasks_held_by_others(
    connection: &MongoConnection,
    annotator: &str,
) -> Result<bool> {
    let lanes: Vec<String> =
        Lane::all_of(annotator).iter().map(|lane| lane.to_text().into_owned()).collect();
    let query = doc! {
        // The first condition is what lets the server use the index of what is held.
        "held.annotator": { "$gt": "", "$ne": annotator },
        "for": { "$in": lanes },
        "coders": { "$ne": annotator },
        "skipped.annotator": { "$ne": annotator },
        "late.annotator": { "$ne": annotator },
    };
    let find =
        connection.tasks.find(query).projection(doc! { "position": 1, "wanted": 1 }).limit(1);
    let found = each(connection, "see what others hold", find, |_| Ok(())).await?;
    Ok(!found.is_empty())
}
