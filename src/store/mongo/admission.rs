//! Letting tasks in.
//!
//! A batch takes its numbers from a counter with one write, then goes in with one `insert_many`
//! that skips what is there already. Numbers that duplicates would have had stay unused: only
//! their order matters. Two loads at once interleave in batches.
//!
//! Whoever hands out tasks reads the queue forwards, so a task that enters before others must be
//! told of: where any task has a lower priority, it is marked as reopened.

use std::collections::HashSet;

use mongodb::bson::{RawDocumentBuf, doc};
use mongodb::error::ErrorKind;
use mongodb::options::ReturnDocument;

use super::document;
use super::figures::Figures;
use super::server::{Server, number};
use crate::allocation::{Ledger, Position};
use crate::store::tally::contribution;
use crate::store::{Admission, Admitted, Progress, Result};

const DOING: &str = "load tasks";
/// Tasks of one insert at most.
const BATCH: usize = 1000;
/// The server's error for an identity that is there already.
const DUPLICATE: i32 = 11000;
/// Tasks that are marked as reopened with the same millisecond, so that they can be read in parts.
const SAME_TIME: i64 = 100;

pub(super) async fn admit(
    server: &Server,
    figures: &Figures,
    tasks: &[Admission],
) -> Result<Admitted> {
    let mut admitted = Admitted::default();
    for batch in tasks.chunks(BATCH) {
        let writing = figures.writing().await;
        let added = admit_batch(server, batch).await?;
        admitted.new += added.tasks;
        admitted.same += batch.len() as u64 - added.tasks;
        figures.change(&Progress::default(), &added);
        writing.done();
    }
    Ok(admitted)
}

/// What was reserved for a batch.
struct Numbers {
    first: i64,
    /// The lowest priority that any task of the project has, this batch included.
    lowest: i64,
    /// The server's clock.
    now: i64,
}

async fn admit_batch(server: &Server, batch: &[Admission]) -> Result<Progress> {
    let numbers = reserve(server, batch).await?;
    let mut overtaking = 0;
    let mut documents = Vec::with_capacity(batch.len());
    for (sequence, Admission { task, plan }) in (numbers.first..).zip(batch) {
        // Behind its own priority and before a lower one: there may be readers past this place.
        let reopened = (i64::from(plan.priority) > numbers.lowest).then(|| {
            overtaking += 1;
            numbers.now + overtaking / SAME_TIME
        });
        let position = Position::new(plan.priority, sequence);
        documents.push(document::of_task(task, plan, position, reopened));
    }
    let skipped = server.ask(DOING, insert(server, &documents)).await?;
    let mut added = Progress::default();
    for (nth, Admission { plan, .. }) in batch.iter().enumerate() {
        if !skipped.contains(&nth) {
            let ledger = Ledger::new(plan.wanted, plan.lanes.clone());
            added.change(&Progress::default(), &contribution(&ledger));
        }
    }
    Ok(added)
}

/// Takes numbers for a batch from the counter.
async fn reserve(server: &Server, batch: &[Admission]) -> Result<Numbers> {
    let size = i64::try_from(batch.len()).unwrap_or(i64::MAX);
    let lowest = batch.iter().map(|admission| admission.plan.priority).min().unwrap_or(0);
    let take = server
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
    let taken = server.ask(DOING, take).await?.unwrap_or_default();
    let (Some(last), Some(lowest), Ok(now)) =
        (number(&taken, "last"), number(&taken, "lowest"), taken.get_datetime("at"))
    else {
        return Err(server.failed(DOING, format!("its numbering is damaged: {taken}")));
    };
    Ok(Numbers { first: last - size + 1, lowest, now: now.timestamp_millis() })
}

/// Inserts what is not there yet, and says which were.
async fn insert(
    server: &Server,
    documents: &[RawDocumentBuf],
) -> mongodb::error::Result<HashSet<usize>> {
    let Err(error) = server.tasks.insert_many(documents).ordered(false).await else {
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
