//! What is asked of the server. Each query examines what it returns; the conformance tests hold it
//! to that with `explain`.
//!
//! Rejected: hints, which go wrong when an index is renamed; only the history needs one, for its
//! order (`history.rs`).

use std::collections::{HashMap, HashSet};

use mongodb::bson::{DateTime, Document, doc};

use super::connection::MongoConnection;
use super::document::{MalformedDocument, TaskDocument};
use super::remaining_cache::RemainingCache;
use super::side_documents::{self, Wanted};
use crate::allocation::{Lane, Position, SequenceNumber};
use crate::store::{HeldTask, QueuedTask, Record, RecordFilter, ReopenCursor, Result, StoreError};
use crate::task::TaskId;

/// Clocks of two servers may differ, and a write that is under way is not seen yet: a mark lies
/// this far back, in milliseconds.
const OVERLAP_MS: i64 = 10_000;
/// Reopened tasks of one look. The next one goes on from there.
const REOPENED: usize = 5000;

impl MongoConnection {
    /// Says which document is not what it should be.
    pub(super) fn malformed(
        &self,
        operation: &'static str,
        document: &mongodb::bson::RawDocument,
        malformed: &MalformedDocument,
    ) -> StoreError {
        let id = document.get("_id").ok().flatten();
        let id = id.and_then(mongodb::bson::RawBsonRef::as_str).unwrap_or("without a text as _id");
        self.malformed_task(operation, &TaskId::from_text(id), malformed)
    }

    /// The same of a task that is known by its identity.
    pub(super) fn malformed_task(
        &self,
        operation: &'static str,
        id: &TaskId,
        malformed: &MalformedDocument,
    ) -> StoreError {
        let (tasks, place) = (self.tasks.name(), &self.location);
        StoreError::Unreadable {
            operation,
            what: format!(
                "task {id} in the collection {tasks} of {place} has been changed: {malformed}; mend or \
                 remove it there"
            ),
        }
    }
}

/// Those fields of a task that say whether it can be handed out.
fn open_fields() -> Document {
    doc! {
        "task": 1, "task_json": 1, "input_hash": 1, "task_hash": 1, "position": 1, "for": 1,
        "wanted": 1, "free": 1, "left": 1, "coders": 1, "held.annotator": 1, "late.annotator": 1,
        "skipped.annotator": 1, "purpose": 1, "reopened": 1,
    }
}

fn open_task(stored: &mut TaskDocument) -> std::result::Result<QueuedTask, MalformedDocument> {
    Ok(QueuedTask {
        task: stored.task()?,
        position: stored.position,
        lanes: stored.lanes.clone(),
        free: stored.free,
        participants: stored.participants(),
    })
}

/// Reads what a query finds, each document with `read`.
async fn each<T>(
    connection: &MongoConnection,
    operation: &'static str,
    find: mongodb::action::Find<'_, mongodb::bson::RawDocumentBuf>,
    read: impl Fn(TaskDocument) -> std::result::Result<T, MalformedDocument>,
) -> Result<Vec<T>> {
    let found = connection.find(operation, find).await?;
    found
        .iter()
        .map(|document| {
            TaskDocument::read(document)
                .and_then(&read)
                .map_err(|malformed| connection.malformed(operation, document, &malformed))
        })
        .collect()
}

/// The same with what lies beside each document.
pub(super) async fn each_whole<T>(
    connection: &MongoConnection,
    operation: &'static str,
    find: mongodb::action::Find<'_, mongodb::bson::RawDocumentBuf>,
    wanted: Wanted,
    read: impl Fn(TaskDocument) -> std::result::Result<T, MalformedDocument>,
) -> Result<Vec<T>> {
    let mut found = each(connection, operation, find, Ok).await?;
    side_documents::fill(connection, operation, found.iter_mut(), wanted).await?;
    let mut read_all = Vec::with_capacity(found.len());
    for stored in found {
        let id = stored.id.clone();
        read_all.push(
            read(stored)
                .map_err(|malformed| connection.malformed_task(operation, &id, &malformed))?,
        );
    }
    Ok(read_all)
}

/// The queue's query, for the look-up and for the test of its plan.
pub(super) fn queue(lane: &Lane, after: Position) -> Document {
    doc! { "for": lane.to_text().as_ref(), "position": { "$gt": after.0 }, "free": { "$gt": 0 } }
}

pub(super) fn at_most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

pub(super) async fn queued_tasks(
    connection: &MongoConnection,
    remaining_cache: &RemainingCache,
    lane: &Lane,
    after: Position,
    limit: usize,
) -> Result<Vec<QueuedTask>> {
    if limit == 0 {
        // To MongoDB it would mean: no limit.
        return Ok(Vec::new());
    }
    let find = connection
        .tasks
        .find(queue(lane, after))
        .sort(doc! { "position": 1 })
        .projection(open_fields())
        .limit(at_most(limit));
    each(connection, "find the next task", find, |mut stored| {
        remaining_cache.learn(&stored);
        open_task(&mut stored)
    })
    .await
}

pub(super) async fn first_queued_for(
    connection: &MongoConnection,
    annotator: &str,
    lane: &Lane,
    after: Position,
) -> Result<Option<Position>> {
    let mut query = queue(lane, after);
    for taken in ["coders", "held.annotator", "skipped.annotator", "late.annotator"] {
        query.insert(taken, doc! { "$ne": annotator });
    }
    let find = connection
        .tasks
        .find(query)
        .sort(doc! { "position": 1 })
        .projection(doc! { "position": 1, "wanted": 1 })
        .limit(1);
    let found = each(connection, "find the next task", find, |stored| Ok(stored.position)).await?;
    Ok(found.first().copied())
}

pub(super) async fn reopened(
    connection: &MongoConnection,
    remaining_cache: &RemainingCache,
    since: ReopenCursor,
) -> Result<(Vec<QueuedTask>, ReopenCursor)> {
    const OPERATION: &str = "find tasks that came back";
    let next = connection.now(OPERATION).await? - OVERLAP_MS;
    let find = connection
        .tasks
        .find(doc! {
            "reopened": { "$gt": DateTime::from_millis(since.0) }, "free": { "$gt": 0 },
        })
        .sort(doc! { "reopened": 1 })
        .projection(open_fields())
        .limit(at_most(REOPENED));
    let found = each(connection, OPERATION, find, |mut stored| {
        remaining_cache.learn(&stored);
        Ok((stored.reopened.unwrap_or(since.0), open_task(&mut stored)?))
    })
    .await?;
    let next = match found.last() {
        // There are more. Those of the same millisecond come again.
        Some((last, _)) if found.len() == REOPENED => next.min(last - 1),
        _ => next,
    };
    let tasks = found.into_iter().map(|(_, task)| task).collect();
    Ok((tasks, ReopenCursor(next.max(since.0))))
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
    let held = each(connection, "see what is in hand", find, |mut stored| {
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

/// The tasks with these identities, as far as they are there, with what lies beside of the fields
/// asked for.
pub(super) async fn by_id(
    connection: &MongoConnection,
    operation: &'static str,
    tasks: HashSet<&TaskId>,
    fields: Document,
) -> Result<HashMap<TaskId, TaskDocument>> {
    let ids: Vec<&str> = tasks.into_iter().map(TaskId::as_str).collect();
    let find = connection.tasks.find(doc! { "_id": { "$in": ids } }).projection(fields);
    let found = each_whole(connection, operation, find, Wanted::All, Ok).await?;
    Ok(found.into_iter().map(|stored| (stored.id.clone(), stored)).collect())
}

pub(super) async fn look_up(
    connection: &MongoConnection,
    remaining_cache: &RemainingCache,
    tasks: &[TaskId],
) -> Result<Vec<Option<Record>>> {
    const OPERATION: &str = "look up tasks";
    if tasks.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<&str> =
        tasks.iter().collect::<HashSet<_>>().into_iter().map(TaskId::as_str).collect();
    let find = connection.tasks.find(doc! { "_id": { "$in": ids } });
    let records = each_whole(connection, OPERATION, find, Wanted::All, |stored| {
        remaining_cache.learn(&stored);
        record(stored)
    });
    let records: HashMap<TaskId, Record> =
        records.await?.into_iter().map(|record| (record.task.id.clone(), record)).collect();
    Ok(tasks.iter().map(|id| records.get(id).cloned()).collect())
}

fn record(mut stored: TaskDocument) -> std::result::Result<Record, MalformedDocument> {
    Ok(Record {
        task: stored.task()?,
        number: stored.number,
        position: stored.position,
        state: stored.state()?,
    })
}

pub(super) async fn with_task_hash(
    connection: &MongoConnection,
    task_hash: i64,
) -> Result<Vec<TaskId>> {
    let find = connection
        .tasks
        .find(doc! { "task_hash": task_hash, "purpose": { "$in": [null, "gold"] } })
        .projection(doc! { "position": 1, "wanted": 1 })
        .limit(2);
    each(connection, "look up a task", find, |stored| Ok(stored.id)).await
}

/// Which of these are there.
pub(super) async fn existing_ids(
    connection: &MongoConnection,
    tasks: &[TaskId],
) -> Result<HashSet<TaskId>> {
    let ids: Vec<&str> = tasks.iter().map(TaskId::as_str).collect();
    let find = connection
        .tasks
        .find(doc! { "_id": { "$in": ids } })
        .projection(doc! { "position": 1, "wanted": 1 });
    let found = each(connection, "look for tasks", find, |stored| Ok(stored.id)).await?;
    Ok(found.into_iter().collect())
}

pub(super) async fn records(
    connection: &MongoConnection,
    which: RecordFilter,
    after: SequenceNumber,
    limit: usize,
) -> Result<Vec<Record>> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let mut query = doc! { "number": { "$gt": after.0 } };
    match which {
        RecordFilter::All => {}
        RecordFilter::Unfinished => {
            query.insert("finished", false);
        }
        RecordFilter::Checks => {
            query.insert("purpose", doc! { "$exists": true });
        }
    }
    let find = connection.tasks.find(query).sort(doc! { "number": 1 }).limit(at_most(limit));
    each_whole(connection, "read tasks and answers", find, Wanted::All, record).await
}
