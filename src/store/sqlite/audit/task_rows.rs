//! A page of tasks: whether the row of each, and its places in the queue, follow from its facts.

use std::collections::HashSet;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension};

use super::is_content;
use crate::allocation::order::Order;
use crate::allocation::{Position, TaskState, invariants};
use crate::store::Record;
use crate::store::audit::{Finding, Outcome, differs};
use crate::store::sqlite::queue::next_reopen_number;
use crate::store::sqlite::{rows, stats};
use crate::store::stats::stats_delta;
use crate::task::TaskId;

/// A place that no order gives, unique to a row: where a task waits for its own to be vacated.
const AWAY: i64 = i64::MIN;

/// A page, as it was read.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) records: Vec<Record>,
    pub(super) findings: Vec<Finding>,
    /// Rows that have to be corrected, with their tasks.
    pub(super) wrong: Vec<(i64, TaskId)>,
    /// The last row.
    pub(super) last: Option<i64>,
    pub(super) tasks: u64,
}

/// Looks over the rows behind `after`.
pub(super) fn page(
    connection: &Connection,
    order: Option<Order>,
    after: i64,
    limit: usize,
) -> rusqlite::Result<Seen> {
    let _one_moment = connection.unchecked_transaction()?;
    let mut seen = Seen::default();
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {}, t.free FROM task t WHERE t.seq > ?1 ORDER BY t.seq LIMIT ?2",
        rows::record_columns()
    ))?;
    let mut rows = statement.query((after, limit))?;
    while let Some(row) = rows.next()? {
        let seq = row.get(0)?;
        seen.last = Some(seq);
        seen.tasks += 1;
        let record = match rows::record(connection, row) {
            Ok(record) => record,
            Err(error) if is_content(&error) => {
                let id: Value = row.get(1)?;
                let id = if let Value::Text(id) = id { id } else { format!("{id:?}") };
                seen.findings.push(Finding {
                    breaks: "readable",
                    task: Some(TaskId::from_text(&id)),
                    says: format!("it cannot be read: {error}; correct or remove it in the file"),
                    outcome: Outcome::Unrepairable,
                });
                continue;
            }
            Err(error) => return Err(error),
        };
        let free = whole(&row.get("free")?);
        let differences = differences(connection, order, &record, seq, free)?;
        if !differences.is_empty() || invariants::repaired(&record.state) != record.state {
            seen.wrong.push((seq, record.task.id.clone()));
        }
        for (breaks, says) in differences {
            let task = Some(record.task.id.clone());
            seen.findings.push(Finding { breaks, task, says, outcome: Outcome::Repairable });
        }
        seen.records.push(record);
    }
    Ok(seen)
}

fn whole(value: &Value) -> Option<i64> {
    if let Value::Integer(number) = value { Some(*number) } else { None }
}

fn differences(
    connection: &Connection,
    order: Option<Order>,
    record: &Record,
    seq: i64,
    free: Option<i64>,
) -> rusqlite::Result<Vec<(&'static str, String)>> {
    let Record { state, position, .. } = record;
    let mut found = Vec::new();
    if free != Some(i64::from(state.free())) {
        found.push(("free", differs(free, i64::from(state.free()))));
    }
    if let Some(order) = order
        && state.remaining() > 0
    {
        let place = order.position(position.priority(), seq, state.remaining());
        if place != *position {
            let (is, should) = (position.0, place.0);
            found.push(("position", format!("it stands at {is}, and the order says {should}")));
        }
    }
    if state.free() > 0 {
        for lane in &state.lanes {
            let there: Option<i64> = connection
                .prepare_cached("SELECT seq FROM queue WHERE lane = ?1 AND position = ?2")?
                .query_row((lane.to_text(), position.0), |row| row.get(0))
                .optional()?;
            if there != Some(seq) {
                let says = format!("it has a free slot and does not stand in the lane {lane}");
                found.push(("queue", says));
            }
        }
    }
    Ok(found)
}

/// Rewrites what follows from the facts of these rows.
pub(super) fn repair_rows(
    connection: &Connection,
    order: Option<Order>,
    wrong: &[(i64, TaskId)],
) -> rusqlite::Result<HashSet<TaskId>> {
    for (seq, _) in wrong {
        repair_row(connection, order, *seq)?;
    }
    Ok(wrong.iter().map(|(_, task)| task.clone()).collect())
}

/// A task on its way to another place.
struct Moving {
    seq: i64,
    state: TaskState,
    place: Position,
}

fn repair_row(connection: &Connection, order: Option<Order>, seq: i64) -> rusqlite::Result<()> {
    let Some(found) = rows::find_row(connection, seq, false)? else { return Ok(()) };
    let after = invariants::repaired(&found.state);
    for hold in &found.state.held {
        if !after.held.contains(hold) {
            connection
                .prepare_cached("DELETE FROM hold WHERE seq = ?1 AND annotator = ?2")?
                .execute((seq, &hold.annotator))?;
        }
    }
    connection
        .prepare_cached("UPDATE task SET finished = ?2 WHERE seq = ?1")?
        .execute((seq, after.finished))?;
    stats::apply(connection, &stats_delta(Some(&found.state), Some(&after)))?;
    take_out(connection, seq, &after, found.position)?;
    let place = match order {
        Some(order) if after.remaining() > 0 => {
            order.position(found.position.priority(), seq, after.remaining())
        }
        _ => found.position,
    };
    // A task that occupies its position is misplaced as well: no order gives a position twice.
    let mut moving = vec![Moving { seq, state: after, place }];
    while let (Some(order), Some(last)) = (order, moving.last()) {
        let occupant: Option<i64> = connection
            .prepare_cached("SELECT seq FROM task WHERE position = ?1 AND seq <> ?2")?
            .query_row((last.place.0, last.seq), |row| row.get(0))
            .optional()?;
        let Some(seq) = occupant else { break };
        let Some(found) = rows::find_row(connection, seq, false)? else { break };
        take_out(connection, seq, &found.state, found.position)?;
        connection
            .prepare_cached("UPDATE task SET position = ?2 WHERE seq = ?1")?
            .execute((seq, AWAY.saturating_add(seq)))?;
        let state = found.state;
        let place = order.position(found.position.priority(), seq, state.remaining());
        moving.push(Moving { seq, state, place });
    }
    for Moving { seq, state, place } in moving.into_iter().rev() {
        let reopened = if state.free() > 0 { Some(next_reopen_number(connection)?) } else { None };
        connection
            .prepare_cached(
                "UPDATE task SET position = ?2, free = ?3, reopened = coalesce(?4, reopened) \
                 WHERE seq = ?1",
            )?
            .execute((seq, place.0, state.free(), reopened))?;
        if state.free() > 0 {
            let mut enqueue = connection.prepare_cached(
                "INSERT OR REPLACE INTO queue (lane, position, seq) VALUES (?1, ?2, ?3)",
            )?;
            for lane in &state.lanes {
                enqueue.execute((lane.to_text(), place.0, seq))?;
            }
        }
    }
    Ok(())
}

/// Takes a task out of the queue, where it stands in it.
fn take_out(
    connection: &Connection,
    seq: i64,
    state: &TaskState,
    position: Position,
) -> rusqlite::Result<()> {
    let mut statement = connection
        .prepare_cached("DELETE FROM queue WHERE lane = ?1 AND position = ?2 AND seq = ?3")?;
    for lane in &state.lanes {
        statement.execute((lane.to_text(), position.0, seq))?;
    }
    Ok(())
}
