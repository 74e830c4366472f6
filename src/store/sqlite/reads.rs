//! What the embedded store is asked for.

use std::collections::{BTreeMap, HashSet};

use rusqlite::{Connection, OptionalExtension, Row};

use super::rows;
use crate::allocation::{Lane, Position, SequenceNumber};
use crate::store::{
    AllocationRecord, AnnotatorStats, HeldTask, HistoryCursor, PastAnswer, ProjectStats,
    QueuedTask, Record, RecordFilter, ReopenCursor,
};
use crate::task::{Millis, TaskId};

/// Columns of an open task behind those of `rows::TASK`.
const OPEN: &str = "t.free, t.lanes, \
    (SELECT json_group_array(annotator) FROM \
      (SELECT annotator FROM hold h WHERE h.seq = t.seq \
       UNION ALL SELECT annotator FROM answer a WHERE a.seq = t.seq))";

/// Tasks that came back which one look takes in.
const REOPENED: usize = 5000;

fn open_task(row: &Row<'_>) -> rusqlite::Result<QueuedTask> {
    let (_, position, task) = rows::task(row)?;
    let participants = row.get_ref(8)?.as_str()?;
    Ok(QueuedTask {
        task,
        position,
        free: row.get(6)?,
        lanes: rows::lanes_from_text(row.get_ref(7)?.as_str()?)?,
        participants: serde_json::from_str(participants)
            .map_err(|error| rows::unreadable(8, error))?,
    })
}

pub(super) fn keys(connection: &Connection) -> rusqlite::Result<BTreeMap<String, String>> {
    connection
        .prepare_cached("SELECT name, key FROM access_key WHERE kind = 'full'")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

pub(super) fn queued_tasks(
    connection: &Connection,
    lane: &Lane,
    after: Position,
    limit: usize,
) -> rusqlite::Result<Vec<QueuedTask>> {
    connection
        .prepare_cached(&open_tasks_sql())?
        .query_map((lane.to_text(), after.0, limit), open_task)?
        .collect()
}

/// The look-up of the next tasks, for the query and for the test of its plan.
pub(super) fn open_tasks_sql() -> String {
    format!(
        "SELECT {}, {OPEN} FROM queue q CROSS JOIN task t ON t.seq = q.seq \
         WHERE q.lane = ?1 AND q.position > ?2 ORDER BY q.position LIMIT ?3",
        rows::TASK
    )
}

pub(super) fn first_queued_for(
    connection: &Connection,
    annotator: &str,
    lane: &Lane,
    after: Position,
) -> rusqlite::Result<Option<Position>> {
    connection
        .prepare_cached(
            "SELECT q.position FROM queue q WHERE q.lane = ?1 AND q.position > ?2 \
             AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.seq = q.seq AND h.annotator = ?3) \
             AND NOT EXISTS (SELECT 1 FROM answer a WHERE a.seq = q.seq AND a.annotator = ?3) \
             ORDER BY q.position LIMIT 1",
        )?
        .query_row((lane.to_text(), after.0, annotator), |row| Ok(Position(row.get(0)?)))
        .optional()
}

pub(super) fn reopened(
    connection: &Connection,
    since: ReopenCursor,
) -> rusqlite::Result<(Vec<QueuedTask>, ReopenCursor)> {
    let now: i64 =
        connection
            .query_row("SELECT value FROM meta WHERE key = 'reopened'", [], |row| row.get(0))?;
    let found: Vec<(QueuedTask, i64)> = connection
        .prepare_cached(&format!(
            "SELECT {}, {OPEN}, t.reopened FROM task t WHERE t.reopened > ?1 AND t.free > 0 \
             ORDER BY t.reopened LIMIT {REOPENED}",
            rows::TASK
        ))?
        .query_map([since.0], |row| Ok((open_task(row)?, row.get(9)?)))?
        .collect::<rusqlite::Result<_>>()?;
    // Where there was more than one look takes in, the next one goes on behind the last.
    let mark = match found.last() {
        Some((_, last)) if found.len() == REOPENED => *last,
        _ => now,
    };
    Ok((found.into_iter().map(|(task, _)| task).collect(), ReopenCursor(mark)))
}

pub(super) fn held_by(connection: &Connection, annotator: &str) -> rusqlite::Result<Vec<HeldTask>> {
    connection
        .prepare_cached(&format!(
            "SELECT {}, h.since, h.until, h.edition, h.tokenizer FROM hold h JOIN task t ON t.seq = h.seq \
             WHERE h.annotator = ?1 ORDER BY t.position",
            rows::TASK
        ))?
        .query_map([annotator], |row| {
            let (_, position, task) = rows::task(row)?;
            Ok(HeldTask {
                task,
                position,
                since: Millis(row.get(6)?),
                until: Millis(row.get(7)?),
                basis: rows::basis(row, 8)?,
            })
        })?
        .collect()
}

pub(super) fn has_tasks_held_by_others(
    connection: &Connection,
    annotator: &str,
) -> rusqlite::Result<bool> {
    // Only what is in hand is looked at: a few tasks for each annotator.
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM hold h JOIN task t ON t.seq = h.seq \
             WHERE h.annotator <> ?1 \
             AND EXISTS (SELECT 1 FROM json_each(t.lanes) l WHERE l.value IN ('*', ?1, '+*', '+' || ?1)) \
             AND NOT EXISTS (SELECT 1 FROM answer a WHERE a.seq = h.seq AND a.annotator = ?1) \
             AND NOT EXISTS (SELECT 1 FROM hold m WHERE m.seq = h.seq AND m.annotator = ?1))",
        )?
        .query_row([annotator], |row| row.get(0))
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

pub(super) fn history(
    connection: &Connection,
    annotator: &str,
    before: Option<HistoryCursor>,
    limit: usize,
) -> rusqlite::Result<Vec<PastAnswer>> {
    let (time, number) =
        before.map_or((i64::MAX, i64::MAX), |cursor| (cursor.time_returned.0, cursor.number.0));
    connection
        .prepare_cached(&format!(
            "SELECT {}, {} FROM answer a JOIN task t ON t.seq = a.seq \
             WHERE a.annotator = ?1 AND a.counts = 1 \
             AND a.time_returned <= ?3 AND (a.time_returned < ?3 OR a.seq < ?4) \
             ORDER BY a.time_returned DESC, a.seq DESC LIMIT ?2",
            rows::TASK,
            rows::VERSION
        ))?
        .query_map((annotator, limit, time, number), |row| {
            let (number, _, task) = rows::task(row)?;
            Ok(PastAnswer { number: SequenceNumber(number), task, version: rows::version(row, 6)? })
        })?
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

pub(super) fn allocation_record(connection: &Connection) -> rusqlite::Result<AllocationRecord> {
    let mut allocation_record = AllocationRecord::default();
    let mut statement = connection.prepare_cached(
        "SELECT key, value FROM meta WHERE key IN ('deal', 'deal_version', 'promised')",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        match row.get_ref(0)?.as_str()? {
            "deal" => allocation_record.state = row.get(1)?,
            "promised" => {
                allocation_record.pending_plans = rows::plans_from_text(row.get_ref(1)?.as_str()?)?;
            }
            _ => allocation_record.version = row.get(1)?,
        }
    }
    Ok(allocation_record)
}

pub(super) fn stats(connection: &Connection) -> rusqlite::Result<ProjectStats> {
    let mut stats = connection
        .prepare_cached(
            "SELECT tasks, finished, wanted, answers, open_to_anyone, short, checks, gold FROM totals",
        )?
        .query_row([], |row| {
            Ok(ProjectStats {
                tasks: row.get(0)?,
                finished: row.get(1)?,
                wanted: row.get(2)?,
                answers: row.get(3)?,
                held: 0,
                open_to_anyone: row.get(4)?,
                short: row.get(5)?,
                checks: row.get(6)?,
                gold: row.get(7)?,
                annotators: BTreeMap::new(),
            })
        })?;
    let mut statement = connection.prepare_cached(
        "SELECT annotator, answered, late, named, last_seen, worked_ms, timed, skipped, checks \
         FROM share",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let share = AnnotatorStats {
            answered: row.get(1)?,
            late: row.get(2)?,
            held: 0,
            named: row.get(3)?,
            last_seen: row.get::<_, Option<i64>>(4)?.map(Millis),
            worked_ms: row.get(5)?,
            timed: row.get(6)?,
            skipped: row.get(7)?,
            checks: row.get(8)?,
        };
        stats.annotators.insert(row.get(0)?, share);
    }
    let mut statement =
        connection.prepare_cached("SELECT annotator, count(*) FROM hold GROUP BY annotator")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let held: u64 = row.get(1)?;
        stats.held += held;
        stats.annotators.entry(row.get(0)?).or_default().held = held;
    }
    Ok(stats)
}

/// The rule by which tasks are told apart, if it was ever set.
pub(super) fn identity(connection: &Connection) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT value FROM meta WHERE key = 'identity'")?
        .query_row([], |row| row.get(0))
        .optional()
}

/// The texts of all editions, by their numbers.
pub(super) fn editions(connection: &Connection) -> rusqlite::Result<BTreeMap<u32, String>> {
    connection
        .prepare_cached("SELECT number, text FROM edition")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}
