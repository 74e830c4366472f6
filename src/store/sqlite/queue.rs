//! The queue: a row for each lane of a task with a free slot, and the tasks that were reopened.

use rusqlite::{Connection, OptionalExtension, Row};

use super::rows;
use crate::allocation::{Lane, Position};
use crate::store::{QueuedTask, ReopenCursor};

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

/// Numbers the occasions on which tasks come back, so that a reader can ask for what is new.
pub(super) fn next_reopen_number(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("UPDATE meta SET value = value + 1 WHERE key = 'reopened' RETURNING value")?
        .query_row([], |row| row.get(0))
}

pub(super) fn set_free(
    connection: &Connection,
    seq: i64,
    position: Position,
    lanes: &[Lane],
    before: u32,
    after: u32,
) -> rusqlite::Result<()> {
    if before == after {
        return Ok(());
    }
    connection.prepare_cached("UPDATE task SET free = ?2 WHERE seq = ?1")?.execute((seq, after))?;
    if after == 0 {
        dequeue(connection, position, lanes)?;
    } else if before == 0 {
        enqueue(connection, seq, position, lanes)?;
    }
    Ok(())
}

pub(super) fn is_taken(connection: &Connection, place: Position) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT 1 FROM task WHERE position = ?1")?.exists([place.0])
}

pub(super) fn dequeue(
    connection: &Connection,
    position: Position,
    lanes: &[Lane],
) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare_cached("DELETE FROM queue WHERE lane = ?1 AND position = ?2")?;
    for lane in lanes {
        statement.execute((lane.to_text(), position.0))?;
    }
    Ok(())
}

pub(super) fn enqueue(
    connection: &Connection,
    seq: i64,
    position: Position,
    lanes: &[Lane],
) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare_cached("INSERT INTO queue (lane, position, seq) VALUES (?1, ?2, ?3)")?;
    for lane in lanes {
        statement.execute((lane.to_text(), position.0, seq))?;
    }
    Ok(())
}
