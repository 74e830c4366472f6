//! Between rows and values.

use std::sync::Arc;

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::Map;

use crate::allocation::{Lane, Lease, Plan, Position, Purpose, SequenceNumber, TaskState};
use crate::store::Record;
use crate::store::pending_plan::PendingPlan;
use crate::task::{Answer, Basis, Millis, Task, TaskId, TaskJson, Verdict, Version};

/// The columns that [`task`] reads, in its order.
pub(super) const TASK: &str = "t.seq, t.id, t.position, t.input_hash, t.task_hash, t.body";

/// A task with its place, and its row's number.
pub(super) fn task(row: &Row<'_>) -> rusqlite::Result<(i64, Position, Arc<Task>)> {
    let body = row.get_ref(5)?.as_str()?;
    let task = Task {
        id: TaskId::from_text(row.get_ref(1)?.as_str()?),
        input_hash: row.get(3)?,
        task_hash: row.get(4)?,
        body: TaskJson::from_stored(body).map_err(|error| unreadable(5, error))?,
    };
    Ok((row.get(0)?, Position(row.get(2)?), Arc::new(task)))
}

/// What a column should not hold.
pub(super) fn unreadable(
    column: usize,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}

pub(super) fn lanes_to_text(lanes: &[Lane]) -> String {
    let names: Vec<_> = lanes.iter().map(Lane::to_text).collect();
    serde_json::to_string(&names).expect("strings are JSON")
}

pub(super) fn lanes_from_text(text: &str) -> rusqlite::Result<Vec<Lane>> {
    let names: Vec<String> = serde_json::from_str(text).map_err(|error| unreadable(0, error))?;
    Ok(names.iter().map(|name| Lane::from_text(name)).collect())
}

/// Plans, as they stand in the record of the deal.
pub(super) fn plans_to_text(plans: &[(TaskId, Plan)]) -> String {
    let plans: Vec<PendingPlan> =
        plans.iter().map(|(task, plan)| PendingPlan::of(task, plan)).collect();
    serde_json::to_string(&plans).expect("plans are JSON")
}

pub(super) fn plans_from_text(text: &str) -> rusqlite::Result<Vec<(TaskId, Plan)>> {
    let plans: Vec<PendingPlan> =
        serde_json::from_str(text).map_err(|error| unreadable(1, error))?;
    Ok(plans.into_iter().map(PendingPlan::plan).collect())
}

/// The columns that [`version`] reads, in its order.
pub(super) const VERSION: &str = "a.answer, coalesce(a.data, (SELECT l.data FROM large l \
    WHERE l.seq = a.seq AND l.annotator = a.annotator AND l.nth = a.revisions + 1)), \
    a.time_loaded, a.time_returned, a.edition, a.tokenizer";

/// The same of an earlier version.
const EARLIER: &str = "h.answer, coalesce(h.data, (SELECT l.data FROM large l \
    WHERE l.seq = h.seq AND l.annotator = h.annotator AND l.nth = h.nth)), \
    h.time_loaded, h.time_returned, h.edition, h.tokenizer";

/// A version from the columns of [`VERSION`], which begin at `first`.
pub(super) fn version(row: &Row<'_>, first: usize) -> rusqlite::Result<Version> {
    let verdict = row.get_ref(first)?.as_str()?;
    let data = row.get_ref(first + 1)?.as_str()?;
    Ok(Version {
        verdict: Verdict::from_text(verdict).ok_or_else(|| {
            unreadable(first, std::io::Error::other(format!("{verdict:?} is no answer")))
        })?,
        data: if data == "{}" {
            Map::new()
        } else {
            serde_json::from_str(data).map_err(|error| unreadable(first + 1, error))?
        },
        time_loaded: Millis(row.get(first + 2)?),
        time_returned: Millis(row.get(first + 3)?),
        basis: basis(row, first + 4)?,
    })
}

/// By which edition and tokenizer a task was handed out, from two columns that begin at `first`.
pub(super) fn basis(row: &Row<'_>, first: usize) -> rusqlite::Result<Basis> {
    Ok(Basis { edition: row.get(first)?, tokenizer: row.get(first + 1)? })
}

/// What an annotator said of a task before they changed it, oldest first. Spares, which have a
/// higher number, are not among it.
fn earlier(
    connection: &Connection,
    seq: i64,
    annotator: &str,
    revisions: i64,
) -> rusqlite::Result<Vec<Version>> {
    connection
        .prepare_cached(&format!(
            "SELECT {EARLIER} FROM history h WHERE h.seq = ?1 AND h.annotator = ?2 AND h.nth <= ?3 \
             ORDER BY h.nth"
        ))?
        .query_map((seq, annotator, revisions), |row| version(row, 0))?
        .collect()
}

/// What an answer is, in the column `counts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AnswerStatus {
    /// It came too late.
    Late = 0,
    /// It counts.
    Counts = 1,
    /// It is a skip, which is none.
    Skipped = 2,
}

/// The columns that [`state`] reads, in its order.
const STATE: &str = "t.wanted, t.planned, t.finished, t.lanes, t.part, t.bound, t.purpose, \
    t.former";

/// The state of a task, from the columns of [`STATE`], which begin at `first`, and from its
/// dependants.
fn state(
    connection: &Connection,
    row: &Row<'_>,
    first: usize,
    seq: i64,
) -> rusqlite::Result<TaskState> {
    let lanes = lanes_from_text(row.get_ref(first + 3)?.as_str()?)?;
    let mut state = TaskState {
        planned: row.get(first + 1)?,
        finished: row.get(first + 2)?,
        part: row.get(first + 4)?,
        bound: row.get(first + 5)?,
        purpose: Purpose::from_text(row.get_ref(first + 6)?.as_str_or_null()?),
        previous_holders: match row.get_ref(first + 7)?.as_str_or_null()? {
            None => Vec::new(),
            Some(names) => {
                serde_json::from_str(names).map_err(|error| unreadable(first + 7, error))?
            }
        },
        ..TaskState::new(row.get(first)?, lanes)
    };
    state.held = connection
        .prepare_cached(
            "SELECT annotator, since, until, edition, tokenizer FROM hold WHERE seq = ?1 \
             ORDER BY since",
        )?
        .query_map([seq], |row| {
            Ok(Lease {
                annotator: row.get(0)?,
                since: Millis(row.get(1)?),
                until: Millis(row.get(2)?),
                basis: basis(row, 3)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {VERSION}, a.annotator, a.revisions, a.counts FROM answer a WHERE a.seq = ?1 \
         ORDER BY a.nth"
    ))?;
    let mut rows = statement.query([seq])?;
    while let Some(row) = rows.next()? {
        let (annotator, revisions): (String, i64) = (row.get(6)?, row.get(7)?);
        // Most answers are never changed: nothing more is asked for them.
        let history = if revisions > 0 {
            earlier(connection, seq, &annotator, revisions)?
        } else {
            Vec::new()
        };
        let answer = Answer { annotator, current: version(row, 0)?, history };
        match row.get(8)? {
            1 => state.answers.push(answer),
            2 => state.skipped.push(answer),
            _ => state.late.push(answer),
        }
    }
    Ok(state)
}

/// A task's row and its state.
pub(super) struct TaskRow {
    pub(super) seq: i64,
    pub(super) position: Position,
    pub(super) state: TaskState,
    /// Empty unless it was asked for.
    pub(super) body: TaskJson,
}

/// The state of the task with this identity; with its content, if that is asked for.
pub(super) fn find(
    connection: &Connection,
    id: &TaskId,
    with_body: bool,
) -> rusqlite::Result<Option<TaskRow>> {
    find_where(connection, "id", id.as_str(), with_body)
}

/// The same for the task in this row.
pub(super) fn find_row(
    connection: &Connection,
    seq: i64,
    with_body: bool,
) -> rusqlite::Result<Option<TaskRow>> {
    find_where(connection, "seq", seq, with_body)
}

fn find_where(
    connection: &Connection,
    key: &str,
    value: impl rusqlite::ToSql,
    with_body: bool,
) -> rusqlite::Result<Option<TaskRow>> {
    let body = if with_body { "t.body" } else { "NULL" };
    connection
        .prepare_cached(&format!(
            "SELECT t.seq, t.position, {body}, {STATE} FROM task t WHERE t.{key} = ?1"
        ))?
        .query_row([value], |row| {
            let seq = row.get(0)?;
            let body = match row.get_ref(2)?.as_str_or_null()? {
                None => TaskJson::empty(),
                Some(text) => TaskJson::from_stored(text).map_err(|error| unreadable(2, error))?,
            };
            let state = state(connection, row, 3, seq)?;
            Ok(TaskRow { seq, position: Position(row.get(1)?), state, body })
        })
        .optional()
}

/// The columns that [`record`] reads: those of [`TASK`] and the task's state.
pub(super) fn record_columns() -> String {
    format!("{TASK}, {STATE}")
}

/// Everything about the task in this row.
pub(super) fn record(connection: &Connection, row: &Row<'_>) -> rusqlite::Result<Record> {
    let (seq, position, task) = task(row)?;
    let state = state(connection, row, 6, seq)?;
    Ok(Record { task, number: SequenceNumber(seq), position, state })
}
