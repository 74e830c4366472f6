//! What a backup asks beyond tasks, and what a restore writes.
//!
//! The mark is the key `restoring` in `meta`: since when, in milliseconds since 1970.

use rusqlite::{Connection, OptionalExtension};

use super::answer_versions::put_answer;
use super::queue::{enqueue, is_taken};
use super::rows::{self, AnswerStatus};
use super::{allocation_record, stats, tasks};
use crate::allocation::Position;
use crate::store::stats::{StatsDelta, stats_delta};
use crate::store::{AllocationRecord, Record, RestoreTarget};
use crate::task::Millis;

pub(super) fn restore_target(connection: &Connection) -> rusqlite::Result<RestoreTarget> {
    let since: Option<i64> = connection
        .query_row("SELECT value FROM meta WHERE key = 'restoring'", [], |row| row.get(0))
        .optional()?;
    if let Some(since) = since {
        return Ok(RestoreTarget::Partial { since: Millis(since) });
    }
    Ok(match tasks::count(connection)? {
        0 => RestoreTarget::Empty,
        tasks => RestoreTarget::Occupied { tasks },
    })
}

/// Sets the mark and empties the store; not, if it holds tasks and is not marked.
pub(super) fn begin(connection: &Connection, now: Millis) -> rusqlite::Result<bool> {
    if let RestoreTarget::Occupied { .. } = restore_target(connection)? {
        return Ok(false);
    }
    connection.execute_batch(
        "DELETE FROM task; DELETE FROM queue; DELETE FROM hold; DELETE FROM answer; \
         DELETE FROM history; DELETE FROM large; DELETE FROM share; DELETE FROM loaded_file; \
         DELETE FROM origin; DELETE FROM edition; DELETE FROM final; DELETE FROM audit; \
         DELETE FROM access_key; \
         UPDATE totals SET tasks = 0, finished = 0, wanted = 0, answers = 0, open_to_anyone = 0, \
         short = 0, checks = 0, gold = 0; \
         DELETE FROM meta WHERE key NOT IN ('format', 'project', 'reopened'); \
         UPDATE meta SET value = 0 WHERE key = 'reopened';",
    )?;
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('restoring', ?1)", [now.0])?;
    Ok(true)
}

pub(super) fn end(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM meta WHERE key = 'restoring'", []).map(drop)
}

pub(super) fn restore_allocation_record(
    connection: &Connection,
    allocation_record: &AllocationRecord,
) -> rusqlite::Result<()> {
    allocation_record::put_deal(connection, &allocation_record.state, allocation_record.version)?;
    allocation_record::put_pending_plans(connection, &allocation_record.pending_plans)
}

pub(super) fn restore_records(connection: &Connection, records: &[Record]) -> rusqlite::Result<()> {
    let mut added = StatsDelta::default();
    for record in records {
        let there = connection
            .prepare_cached("SELECT 1 FROM task WHERE id = ?1")?
            .exists([record.task.id.as_str()])?;
        if !there {
            put_back_one(connection, record)?;
            added.add(&stats_delta(None, Some(&record.state)));
        }
    }
    stats::apply(connection, &added)
}

fn put_back_one(connection: &Connection, record: &Record) -> rusqlite::Result<()> {
    let Record { task, number, state, .. } = record;
    let seq = number.0;
    let position = place_for(connection, record)?;
    let former = serde_json::to_string(&state.previous_holders).expect("names are JSON");
    connection
        .prepare_cached(
            "INSERT INTO task (seq, id, position, input_hash, task_hash, wanted, planned, free, \
             finished, lanes, part, bound, purpose, former, body) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        )?
        .execute((
            seq,
            task.id.as_str(),
            position.0,
            task.input_hash,
            task.task_hash,
            state.wanted,
            state.planned,
            state.free(),
            state.finished,
            rows::lanes_to_text(&state.lanes),
            state.part,
            state.bound,
            state.purpose.to_text(),
            (!state.previous_holders.is_empty()).then_some(former),
            task.body.as_str(),
        ))?;
    for hold in &state.held {
        connection
            .prepare_cached(
                "INSERT INTO hold (seq, annotator, since, until, edition, tokenizer) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((
                seq,
                &hold.annotator,
                hold.since.0,
                hold.until.0,
                hold.basis.edition,
                hold.basis.tokenizer,
            ))?;
    }
    let lists = [
        (AnswerStatus::Counts, &state.answers),
        (AnswerStatus::Skipped, &state.skipped),
        (AnswerStatus::Late, &state.late),
    ];
    for (status, answers) in lists {
        for answer in answers {
            put_answer(connection, seq, answer, status, None)?;
        }
    }
    if state.free() > 0 {
        enqueue(connection, seq, position, &state.lanes)?;
    }
    Ok(())
}

/// Where a task can stand. No two stand at one place here; elsewhere they may, where the order of
/// the project has changed and one of them was finished before. It is that one which goes to
/// another place, since no annotator is offered it any more.
fn place_for(connection: &Connection, record: &Record) -> rusqlite::Result<Position> {
    let place = record.position;
    if !is_taken(connection, place)? {
        return Ok(place);
    }
    let next: i64 = connection
        .prepare_cached(
            "SELECT t.position + 1 FROM task t WHERE t.position >= ?1 AND NOT EXISTS \
             (SELECT 1 FROM task n WHERE n.position = t.position + 1) ORDER BY t.position LIMIT 1",
        )?
        .query_row([place.0], |row| row.get(0))?;
    let (seq, finished): (i64, bool) = connection
        .prepare_cached("SELECT seq, finished FROM task WHERE position = ?1")?
        .query_row([place.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if finished && record.state.remaining() > 0 {
        connection
            .prepare_cached("UPDATE task SET position = ?2 WHERE seq = ?1")?
            .execute((seq, next))?;
        return Ok(place);
    }
    Ok(Position(next))
}
