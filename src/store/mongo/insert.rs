//! Letting tasks in.
//!
//! A load takes its numbers from a counter with one write, then goes in batch by batch, each with
//! an `insert_many` that skips what is there already; while one batch is on its way the next is
//! turned into documents. Numbers that duplicates would have had stay unused: only their order
//! matters. Two loads at once interleave.
//!
//! Queue readers go forwards, so a task that enters before others must be
//! told of: where any task has a lower priority, it is marked as reopened.
//!
//! Rejected: numbering by the time of insertion or by `ObjectId`, which two loaders at once do not
//! keep in order; an upsert for each task, a look-up and a write where an insert is enough.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use mongodb::bson::{RawDocumentBuf, doc};
use mongodb::error::ErrorKind;
use mongodb::options::ReturnDocument;
use tokio::task::JoinHandle;

use super::connection::{MongoConnection, number};
use super::document;
use super::stats_cache::StatsCache;
use crate::allocation::order::Order;
use crate::allocation::{SequenceNumber, TaskState};
use crate::store::stats::{StatsDelta, stats_delta};
use crate::store::{InsertReport, NewTask, Result};

const OPERATION: &str = "load tasks";
/// Tasks that take their numbers together.
const LOAD: usize = 20_000;
/// Tasks of one insert at most.
const BATCH: usize = 2000;
/// The server's error for an identity that is there already.
const DUPLICATE: i32 = 11000;
/// Tasks that are marked as reopened with the same millisecond, so that they can be read in parts.
const SAME_TIME: i64 = 100;

pub(super) async fn insert_tasks(
    connection: &MongoConnection,
    stats: &StatsCache,
    order: Order,
    tasks: Vec<NewTask>,
) -> Result<InsertReport> {
    let mut admitted = InsertReport::default();
    let tasks: Arc<[NewTask]> = tasks.into();
    for from in (0..tasks.len()).step_by(LOAD) {
        let load = from..tasks.len().min(from + LOAD);
        let numbers = reserve(connection, &tasks[load.clone()]).await?;
        let batches: Vec<Range<usize>> =
            load.clone().step_by(BATCH).map(|first| first..load.end.min(first + BATCH)).collect();
        let place = Place { load: load.start, numbers, order };
        let mut encoded = batches.first().map(|batch| encode(&tasks, batch, place));
        for (nth, batch) in batches.iter().enumerate() {
            let Some(encoding) = encoded.take() else { break };
            let documents =
                encoding.await.map_err(|error| connection.failed(OPERATION, error.to_string()))?;
            encoded = batches.get(nth + 1).map(|next| encode(&tasks, next, place));
            let write_guard = stats.write_guard().await;
            let skipped = connection.run(OPERATION, insert(connection, &documents)).await?;
            let mut added = StatsDelta::default();
            for (nth, NewTask { plan, .. }) in tasks[batch.clone()].iter().enumerate() {
                if !skipped.contains(&nth) {
                    added.add(&stats_delta(None, Some(&TaskState::of(plan))));
                }
            }
            admitted.new += (batch.len() - skipped.len()) as u64;
            admitted.same += skipped.len() as u64;
            stats.apply(&added);
            write_guard.done();
        }
    }
    Ok(admitted)
}

/// Where the tasks of a load stand.
#[derive(Clone, Copy)]
struct Place {
    /// The first of the load.
    load: usize,
    numbers: Numbers,
    order: Order,
}

/// Turns a batch into documents, beside what else is going on.
fn encode(
    tasks: &Arc<[NewTask]>,
    batch: &Range<usize>,
    at: Place,
) -> JoinHandle<Vec<RawDocumentBuf>> {
    let (tasks, batch) = (Arc::clone(tasks), batch.clone());
    tokio::task::spawn_blocking(move || {
        let mut documents = Vec::with_capacity(batch.len());
        let Place { load, numbers, order } = at;
        let place = |nth: usize| i64::try_from(nth - load).unwrap_or(i64::MAX);
        for nth in batch {
            let NewTask { task, plan } = &tasks[nth];
            // Behind its own priority and before a lower one: there may be readers past this place.
            let reopened = (i64::from(plan.priority) > numbers.lowest)
                .then(|| numbers.now + place(nth) / SAME_TIME);
            let number = SequenceNumber(numbers.first + place(nth));
            let position = order.position(plan.priority, number.0, plan.wanted);
            documents.push(document::of_task(task, plan, number, position, reopened));
        }
        documents
    })
}

/// What was reserved for a load.
#[derive(Clone, Copy)]
struct Numbers {
    first: i64,
    /// The lowest priority that any task of the project has, this load included.
    lowest: i64,
    /// The server's clock.
    now: i64,
}

/// Takes numbers for a load from the counter.
async fn reserve(connection: &MongoConnection, load: &[NewTask]) -> Result<Numbers> {
    let size = i64::try_from(load.len()).unwrap_or(i64::MAX);
    let lowest = load.iter().map(|admission| admission.plan.priority).min().unwrap_or(0);
    let take = connection
        .meta
        .find_one_and_update(
            doc! { "_id": "numbers" },
            vec![doc! { "$set": {
                "last": { "$add": [{ "$ifNull": ["$last", 0_i64] }, size] },
                "lowest": { "$min": ["$lowest", lowest] },
                "at": "$$NOW",
            } }],
        )
        .upsert(true)
        .return_document(ReturnDocument::After);
    let taken = connection.run(OPERATION, take).await?.unwrap_or_default();
    let (Some(last), Some(lowest), Ok(now)) =
        (number(&taken, "last"), number(&taken, "lowest"), taken.get_datetime("at"))
    else {
        return Err(connection.failed(OPERATION, format!("its numbering is damaged: {taken}")));
    };
    Ok(Numbers { first: last - size + 1, lowest, now: now.timestamp_millis() })
}

/// Inserts what is not there yet, and says which were.
pub(super) async fn insert(
    connection: &MongoConnection,
    documents: &[RawDocumentBuf],
) -> mongodb::error::Result<HashSet<usize>> {
    let Err(error) = connection.tasks.insert_many(documents).ordered(false).await else {
        return Ok(HashSet::new());
    };
    if let ErrorKind::InsertMany(insert) = error.kind.as_ref()
        && insert.write_concern_error.is_none()
        && let Some(errors) = &insert.write_errors
        && errors.iter().all(|error| error.code == DUPLICATE)
    {
        return Ok(errors.iter().map(|error| error.index).collect());
    }
    Err(error)
}
