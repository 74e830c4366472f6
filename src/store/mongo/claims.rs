//! Handing out: a group of claims in one round trip.
//!
//! Each claim is one guarded write that says what `TaskState::claim` says: there is a free slot,
//! the lane admits the annotator, and they neither hold the task nor have answered it. The server
//! tells how many of the group were granted. When that is all of them, nothing is read; otherwise
//! the tasks are, and an annotator who is found to hold one has been granted it, by this group or
//! by an earlier one whose reply was lost.
//!
//! Rejected: a `find_and_modify` for each claim, which says who got what but waits for the journal
//! each time; one that looks for the next task as it claims it, for which all daemons meet at the
//! head of the queue and makes the server start over.

use std::collections::{HashMap, HashSet};

use mongodb::bson::{RawArrayBuf, RawDocumentBuf, doc, rawdoc};

use super::connection::MongoConnection;
use super::document::{self, TaskDocument};
use super::find;
use super::stats_cache::StatsCache;
use crate::allocation::{Lane, Lease};
use crate::store::stats::StatsDelta;
use crate::store::{Claim, Result};
use crate::task::TaskId;

const OPERATION: &str = "hand out tasks";

pub(super) async fn claim(
    connection: &MongoConnection,
    stats: &StatsCache,
    claims: &[Claim],
) -> Result<Vec<bool>> {
    if claims.is_empty() {
        return Ok(Vec::new());
    }
    let write_guard = stats.write_guard().await;
    let granted = connection.update(OPERATION, claims.iter().map(statement).collect()).await?;
    if granted == claims.len() as u64 {
        for claim in claims {
            stats.apply(&StatsDelta::held(&claim.annotator, 1));
        }
        write_guard.done();
        return Ok(vec![true; claims.len()]);
    }
    stats.doubt_in_hand();
    write_guard.done();
    let tasks = claims.iter().map(|claim| &claim.task).collect::<HashSet<&TaskId>>();
    let holders: HashMap<TaskId, TaskDocument> =
        find::by_id(connection, OPERATION, tasks, doc! { "position": 1, "wanted": 1, "held": 1 })
            .await?;
    Ok(claims
        .iter()
        .map(|claim| holders.get(&claim.task).is_some_and(|task| task.is_held_by(&claim.annotator)))
        .collect())
}

fn statement(claim: &Claim) -> RawDocumentBuf {
    let annotator = claim.annotator.as_str();
    let hold = Lease {
        annotator: claim.annotator.clone(),
        since: claim.since,
        until: claim.until,
        basis: claim.basis,
    };
    let mut lanes = RawArrayBuf::new();
    for lane in Lane::all_of(annotator) {
        lanes.push(lane.to_text().as_ref());
    }
    rawdoc! {
        "q": {
            "_id": claim.task.as_str(),
            "free": { "$gt": 0 },
            "for": { "$in": lanes },
            "coders": { "$ne": annotator },
            "held.annotator": { "$ne": annotator },
            "skipped.annotator": { "$ne": annotator },
            "late.annotator": { "$ne": annotator },
        },
        "u": {
            "$push": { "held": document::of_hold(&hold) },
            "$inc": { "free": -1, "rev": 1_i64 },
        },
    }
}
