//! Tasks: inserting them, looking them up, and walking over them.

use std::collections::HashSet;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension};

use super::queue::{enqueue, next_reopen_number};
use super::{SqliteStore, allocation_record, queue, rows, state_updates, stats};
use crate::allocation::{Lane, Position, SequenceNumber, TaskState};
use crate::store::stats::{StatsDelta, stats_delta};
use crate::store::{
    AllocationRecord, InsertReport, NewTask, QueuedTask, Record, RecordFilter, ReopenCursor,
    Result, StateUpdate, StorePolicy, TaskStore,
};
use crate::task::TaskId;

#[async_trait]
impl TaskStore for SqliteStore {
    async fn insert_tasks(&self, tasks: Vec<NewTask>) -> Result<InsertReport> {
        let policy = self.policy();
        self.engine
            .write("load tasks", move |connection| insert_tasks(connection, &policy, &tasks))
            .await
    }

    async fn existing_ids(&self, tasks: &[TaskId]) -> Result<HashSet<TaskId>> {
        let tasks = tasks.to_vec();
        self.engine
            .read("look for tasks", move |connection| existing_ids(connection, tasks.iter()))
            .await
    }

    async fn allocation_record(&self) -> Result<AllocationRecord> {
        self.engine.read("read the allocation record", allocation_record::read).await
    }

    async fn insert_with_counters(
        &self,
        tasks: Vec<NewTask>,
        seen: i64,
        state: String,
    ) -> Result<Option<InsertReport>> {
        let policy = self.policy();
        self.engine
            .write("load tasks", move |connection| {
                insert_with_counters(connection, &policy, &tasks, seen, &state)
            })
            .await
    }

    async fn update_if_unchanged(&self, amendments: Vec<StateUpdate>) -> Result<Vec<bool>> {
        let policy = self.policy();
        self.engine
            .write("change tasks", move |connection| {
                state_updates::update_if_unchanged(connection, &policy, &amendments)
            })
            .await
    }

    async fn queued_tasks(
        &self,
        lane: &Lane,
        after: Position,
        limit: usize,
    ) -> Result<Vec<QueuedTask>> {
        let lane = lane.clone();
        self.engine
            .read("find the next task", move |connection| {
                queue::queued_tasks(connection, &lane, after, limit)
            })
            .await
    }

    async fn first_queued_for(
        &self,
        annotator: &str,
        lane: &Lane,
        after: Position,
    ) -> Result<Option<Position>> {
        let (annotator, lane) = (annotator.to_owned(), lane.clone());
        self.engine
            .read("find the next task", move |connection| {
                queue::first_queued_for(connection, &annotator, &lane, after)
            })
            .await
    }

    async fn reopened(&self, since: ReopenCursor) -> Result<(Vec<QueuedTask>, ReopenCursor)> {
        self.engine
            .read("find tasks that came back", move |connection| queue::reopened(connection, since))
            .await
    }

    async fn look_up(&self, tasks: &[TaskId]) -> Result<Vec<Option<Record>>> {
        let tasks = tasks.to_vec();
        self.engine.read("look up tasks", move |connection| look_up(connection, &tasks)).await
    }

    async fn with_task_hash(&self, task_hash: i64) -> Result<Vec<TaskId>> {
        self.engine
            .read("look up a task", move |connection| with_task_hash(connection, task_hash))
            .await
    }

    async fn records(
        &self,
        which: RecordFilter,
        after: SequenceNumber,
        limit: usize,
    ) -> Result<Vec<Record>> {
        self.engine
            .read("read tasks and answers", move |connection| {
                records(connection, which, after, limit)
            })
            .await
    }

    async fn numbers(&self, after: SequenceNumber, limit: usize) -> Result<Vec<SequenceNumber>> {
        self.engine.read("count tasks", move |connection| numbers(connection, after, limit)).await
    }

    async fn count(&self) -> Result<u64> {
        self.engine.read("count tasks", count).await
    }
}

pub(super) fn insert_tasks(
    connection: &Connection,
    policy: &StorePolicy,
    tasks: &[NewTask],
) -> rusqlite::Result<InsertReport> {
    let mut admitted = InsertReport::default();
    // Seq is also the rowid; one more than the largest is the order of admission.
    let mut seq: i64 =
        connection.query_row("SELECT coalesce(max(seq), 0) FROM task", [], |row| row.get(0))?;
    // What has a higher priority than tasks that are there goes before places that people have
    // passed, and has to be told of. Where an order mixes new tasks with old ones of the same
    // priority, those who run out find what they have passed by the search from the beginning.
    let last: Option<i64> =
        connection.query_row("SELECT max(position) FROM task", [], |row| row.get(0))?;
    let lowest = last.map(|last| Position(last).priority());
    let mut insert = connection.prepare_cached(
        "INSERT INTO task (seq, id, position, input_hash, task_hash, wanted, planned, free, lanes, \
         part, bound, purpose, reopened, body) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?6, ?7, ?8, ?9, ?10, ?11, ?12) \
         ON CONFLICT (id) DO NOTHING",
    )?;
    let mut added = StatsDelta::default();
    for NewTask { task, plan } in tasks {
        let position = policy.order.position(plan.priority, seq + 1, plan.wanted);
        let behind = lowest.is_some_and(|lowest| plan.priority > lowest);
        let reopened = if behind { Some(next_reopen_number(connection)?) } else { None };
        let inserted = insert.execute((
            seq + 1,
            task.id.as_str(),
            position.0,
            task.input_hash,
            task.task_hash,
            plan.wanted,
            rows::lanes_to_text(&plan.lanes),
            plan.part,
            plan.bound,
            plan.purpose.to_text(),
            reopened,
            task.body.as_str(),
        ))?;
        if inserted == 0 {
            admitted.same += 1;
            continue;
        }
        seq += 1;
        admitted.new += 1;
        enqueue(connection, seq, position, &plan.lanes)?;
        added.add(&stats_delta(None, Some(&TaskState::of(plan))));
    }
    stats::apply(connection, &added)?;
    Ok(admitted)
}

/// As [`admit`], if the deal is at this version and none of the tasks is there yet.
pub(super) fn insert_with_counters(
    connection: &Connection,
    policy: &StorePolicy,
    tasks: &[NewTask],
    seen: i64,
    state: &str,
) -> rusqlite::Result<Option<InsertReport>> {
    let there = existing_ids(connection, tasks.iter().map(|admission| &admission.task.id))?;
    let allocation_record = allocation_record::read(connection)?;
    if allocation_record.version != seen || !there.is_empty() {
        return Ok(None);
    }
    allocation_record::put_deal(connection, state, seen + 1)?;
    if !allocation_record.pending_plans.is_empty() {
        // A load that another store was left with when it was backed up: it goes on here.
        let mut pending_plans = allocation_record.pending_plans;
        pending_plans.retain(|(task, _)| !tasks.iter().any(|admission| admission.task.id == *task));
        allocation_record::put_pending_plans(connection, &pending_plans)?;
    }
    insert_tasks(connection, policy, tasks).map(Some)
}

pub(super) fn existing_ids<'a>(
    connection: &Connection,
    tasks: impl Iterator<Item = &'a TaskId>,
) -> rusqlite::Result<HashSet<TaskId>> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM task WHERE id = ?1")?;
    let mut known = HashSet::new();
    for task in tasks {
        if statement.exists([task.as_str()])? {
            known.insert(task.clone());
        }
    }
    Ok(known)
}

pub(super) fn look_up(
    connection: &Connection,
    tasks: &[TaskId],
) -> rusqlite::Result<Vec<Option<Record>>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {} FROM task t WHERE t.id = ?1",
        rows::record_columns()
    ))?;
    tasks
        .iter()
        .map(|id| {
            statement.query_row([id.as_str()], |row| rows::record(connection, row)).optional()
        })
        .collect()
}

pub(super) fn with_task_hash(
    connection: &Connection,
    task_hash: i64,
) -> rusqlite::Result<Vec<TaskId>> {
    connection
        .prepare_cached("SELECT id FROM task WHERE task_hash = ?1 AND (purpose IS NULL OR purpose = 'gold') LIMIT 2")?
        .query_map([task_hash], |row| Ok(TaskId::from_text(row.get_ref(0)?.as_str()?)))?
        .collect()
}

pub(super) fn records(
    connection: &Connection,
    which: RecordFilter,
    after: SequenceNumber,
    limit: usize,
) -> rusqlite::Result<Vec<Record>> {
    let those = match which {
        RecordFilter::All => "",
        RecordFilter::Unfinished => "AND t.finished = 0",
        RecordFilter::Checks => "AND t.purpose IS NOT NULL",
    };
    connection
        .prepare_cached(&format!(
            "SELECT {} FROM task t WHERE t.seq > ?1 {those} ORDER BY t.seq LIMIT ?2",
            rows::record_columns()
        ))?
        .query_map((after.0, limit), |row| rows::record(connection, row))?
        .collect()
}

pub(super) fn count(connection: &Connection) -> rusqlite::Result<u64> {
    connection.query_row("SELECT count(*) FROM task", [], |row| row.get(0))
}

pub(super) fn numbers(
    connection: &Connection,
    after: SequenceNumber,
    limit: usize,
) -> rusqlite::Result<Vec<SequenceNumber>> {
    connection
        .prepare_cached("SELECT seq FROM task WHERE seq > ?1 ORDER BY seq LIMIT ?2")?
        .query_map((after.0, limit), |row| Ok(SequenceNumber(row.get(0)?)))?
        .collect()
}
