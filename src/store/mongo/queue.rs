//! The queue: tasks with a free slot, and those that were reopened.

use mongodb::bson::{DateTime, Document, doc};

use super::connection::MongoConnection;
use super::document::{MalformedDocument, TaskDocument};
use super::find::{at_most, each};
use super::remaining_cache::RemainingCache;
use crate::allocation::{Lane, Position};
use crate::store::{QueuedTask, ReopenCursor, Result};

/// Clocks of two servers may differ, and a write that is under way is not seen yet: a mark lies
/// this far back, in milliseconds.
const OVERLAP_MS: i64 = 10_000;

/// Reopened tasks of one look. The next one goes on from there.
const REOPENED: usize = 5000;

/// Those fields of a task that say whether it can be handed out.
pub(super) fn open_fields() -> Document {
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

/// The queue's query, for the look-up and for the test of its plan.
fn queue(lane: &Lane, after: Position) -> Document {
    doc! { "for": lane.to_text().as_ref(), "position": { "$gt": after.0 }, "free": { "$gt": 0 } }
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
