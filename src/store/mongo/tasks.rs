//! Tasks: looking them up, and walking over them. Each query examines what it returns; the
//! conformance tests compare that with `explain`.
//!
//! Rejected: hints, which go wrong when an index is renamed; only the history needs one, for its
//! order (`history.rs`).

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use mongodb::bson::{RawBsonRef, RawDocumentBuf, doc};

use super::connection::MongoConnection;
use super::document::{self, MalformedDocument, TaskDocument};
use super::find::{at_most, each, each_whole};
use super::remaining_cache::RemainingCache;
use super::side_documents::Wanted;
use super::{MongoStore, allocation_record, insert, queue, state_updates};
use crate::allocation::{Lane, Position, SequenceNumber};
use crate::store::{
    AllocationRecord, InsertReport, NewTask, QueuedTask, Record, RecordFilter, ReopenCursor,
    Result, StateUpdate, TaskStore,
};
use crate::task::{Task, TaskId};

#[async_trait]
impl TaskStore for MongoStore {
    fn can_hold(&self, task: &Task) -> std::result::Result<(), String> {
        document::can_hold(task)
    }

    async fn insert_tasks(&self, tasks: Vec<NewTask>) -> Result<InsertReport> {
        insert::insert_tasks(&self.connection, &self.stats, self.policy().order, tasks).await
    }

    async fn existing_ids(&self, tasks: &[TaskId]) -> Result<HashSet<TaskId>> {
        existing_ids(&self.connection, tasks).await
    }

    async fn allocation_record(&self) -> Result<AllocationRecord> {
        allocation_record::read(&self.connection).await
    }

    async fn insert_with_counters(
        &self,
        tasks: Vec<NewTask>,
        seen: i64,
        state: String,
    ) -> Result<Option<InsertReport>> {
        let Some(reserve_plan) =
            allocation_record::reserve_plan(&self.connection, &tasks, seen, &state).await?
        else {
            return Ok(None);
        };
        let admitted = self.insert_tasks(tasks).await?;
        allocation_record::confirm_plan(&self.connection, &reserve_plan).await?;
        Ok(Some(admitted))
    }

    async fn update_if_unchanged(&self, state_updates: Vec<StateUpdate>) -> Result<Vec<bool>> {
        state_updates::update_if_unchanged(self, &state_updates).await
    }

    async fn queued_tasks(
        &self,
        lane: &Lane,
        after: Position,
        limit: usize,
    ) -> Result<Vec<QueuedTask>> {
        queue::queued_tasks(&self.connection, &self.remaining_cache, lane, after, limit).await
    }

    async fn first_queued_for(
        &self,
        annotator: &str,
        lane: &Lane,
        after: Position,
    ) -> Result<Option<Position>> {
        queue::first_queued_for(&self.connection, annotator, lane, after).await
    }

    async fn reopened(&self, since: ReopenCursor) -> Result<(Vec<QueuedTask>, ReopenCursor)> {
        queue::reopened(&self.connection, &self.remaining_cache, since).await
    }

    async fn look_up(&self, tasks: &[TaskId]) -> Result<Vec<Option<Record>>> {
        look_up(&self.connection, &self.remaining_cache, tasks).await
    }

    async fn with_task_hash(&self, task_hash: i64) -> Result<Vec<TaskId>> {
        with_task_hash(&self.connection, task_hash).await
    }

    async fn records(
        &self,
        which: RecordFilter,
        after: SequenceNumber,
        limit: usize,
    ) -> Result<Vec<Record>> {
        records(&self.connection, which, after, limit).await
    }

    async fn numbers(&self, after: SequenceNumber, limit: usize) -> Result<Vec<SequenceNumber>> {
        numbers(&self.connection, after, limit).await
    }

    async fn count(&self) -> Result<u64> {
        count(&self.connection).await
    }
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

pub(super) async fn count(connection: &MongoConnection) -> Result<u64> {
    // Documents that are not annotd's are none of a backup's business; `verify` names them.
    let count = connection.tasks.count_documents(doc! { "_id": { "$type": "string" } });
    let count = count.await;
    connection.run("count tasks", async { count }).await
}

pub(super) async fn numbers(
    connection: &MongoConnection,
    after: SequenceNumber,
    limit: usize,
) -> Result<Vec<SequenceNumber>> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let find = connection
        .tasks
        .find(doc! { "number": { "$gt": after.0 } })
        .sort(doc! { "number": 1 })
        // Nothing but what the index holds, so no task is read.
        .projection(doc! { "_id": 0, "number": 1 })
        .limit(i64::try_from(limit).unwrap_or(i64::MAX));
    let found = connection.find("count tasks", find).await?;
    let number = |task: &RawDocumentBuf| match task.get("number").ok().flatten()? {
        RawBsonRef::Int32(number) => Some(SequenceNumber(i64::from(number))),
        RawBsonRef::Int64(number) => Some(SequenceNumber(number)),
        _ => None,
    };
    Ok(found.iter().filter_map(number).collect())
}
