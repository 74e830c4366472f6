//! What the embedded store is told. Each function is one job, within the transaction of a group.

use rusqlite::{Connection, OptionalExtension};

use super::rows;
use crate::allocation::{Lane, Ledger, Position, Recorded, Rule};
use crate::store::tally::contribution;
use crate::store::{Admission, Admitted, Claim, Progress, Share, Submission};
use crate::task::{Answer, Body, Millis, Version};

pub(super) fn admit(connection: &Connection, tasks: &[Admission]) -> rusqlite::Result<Admitted> {
    let mut admitted = Admitted::default();
    // Seq is also the rowid; one more than the largest is the order of admission.
    let mut seq: i64 =
        connection.query_row("SELECT coalesce(max(seq), 0) FROM task", [], |row| row.get(0))?;
    // What goes before tasks that are there already may go before places that people have passed.
    let last: Option<i64> =
        connection.query_row("SELECT max(position) FROM task", [], |row| row.get(0))?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO task (seq, id, position, input_hash, task_hash, wanted, free, lanes, \
         reopened, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9) \
         ON CONFLICT (id) DO NOTHING",
    )?;
    let mut added = Progress::default();
    for Admission { task, plan } in tasks {
        let position = Position::new(plan.priority, seq + 1);
        let behind = last.is_some_and(|last| position.0 < last);
        let reopened = if behind { Some(next_occasion(connection)?) } else { None };
        let inserted = insert.execute((
            seq + 1,
            task.id.as_str(),
            position.0,
            task.input_hash,
            task.task_hash,
            plan.wanted,
            rows::lanes_to_text(&plan.lanes),
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
        let ledger = Ledger::new(plan.wanted, plan.lanes.clone());
        added.change(&Progress::default(), &contribution(&ledger));
    }
    count(connection, &Progress::default(), &added)?;
    Ok(admitted)
}

pub(super) fn claim(connection: &Connection, claims: &[Claim]) -> rusqlite::Result<Vec<bool>> {
    claims.iter().map(|claim| claim_one(connection, claim)).collect()
}

fn claim_one(connection: &Connection, claim: &Claim) -> rusqlite::Result<bool> {
    let row = connection
        .prepare_cached("SELECT seq, position, free, lanes FROM task WHERE id = ?1")?
        .query_row([claim.task.as_str()], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                Position(row.get(1)?),
                row.get::<_, u32>(2)?,
                row.get::<_, String>(3)?,
            ))
        })
        .optional()?;
    let Some((seq, position, free, lanes)) = row else { return Ok(false) };
    let held: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM hold WHERE seq = ?1 AND annotator = ?2)")?
        .query_row((seq, &claim.annotator), |row| row.get(0))?;
    if held {
        return Ok(true);
    }
    let answered: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM answer WHERE seq = ?1 AND annotator = ?2)")?
        .query_row((seq, &claim.annotator), |row| row.get(0))?;
    let lanes = rows::lanes_from_text(&lanes)?;
    if free == 0 || answered || !lanes.iter().any(|lane| lane.admits(&claim.annotator)) {
        return Ok(false);
    }
    connection
        .prepare_cached("INSERT INTO hold (seq, annotator, since, until) VALUES (?1, ?2, ?3, ?4)")?
        .execute((seq, &claim.annotator, claim.since.0, claim.until.0))?;
    set_free(connection, seq, position, &lanes, free, free - 1)?;
    Ok(true)
}

pub(super) fn record(
    connection: &Connection,
    answers: Vec<Submission>,
) -> rusqlite::Result<Vec<Recorded>> {
    answers.into_iter().map(|answer| record_one(connection, answer)).collect()
}

fn record_one(connection: &Connection, submission: Submission) -> rusqlite::Result<Recorded> {
    let Some(found) = rows::find(connection, &submission.task)? else {
        return Ok(Recorded::Unknown);
    };
    let rows::Found { seq, position, mut ledger } = found;
    let before = contribution(&ledger);
    let free = ledger.free();
    let annotator = submission.annotator;
    let recorded = ledger.record(&annotator, submission.version, &Rule::default(), &Body::empty());
    if matches!(recorded, Recorded::Unknown | Recorded::Unchanged) {
        return Ok(recorded);
    }
    connection
        .prepare_cached("DELETE FROM hold WHERE seq = ?1 AND annotator = ?2")?
        .execute((seq, &annotator))?;
    let counts = ledger.answers.iter().find(|answer| answer.annotator == annotator);
    let late = ledger.late.iter().find(|answer| answer.annotator == annotator);
    if let Some(answer) = counts.or(late) {
        let nth = ledger.answers.len() + ledger.late.len();
        put_answer(connection, seq, answer, counts.is_some(), nth)?;
    }
    set_free(connection, seq, position, &ledger.lanes, free, ledger.free())?;
    if ledger.finished {
        connection.prepare_cached("UPDATE task SET finished = 1 WHERE seq = ?1")?.execute([seq])?;
    }
    count(connection, &before, &contribution(&ledger))?;
    Ok(recorded)
}

fn put_answer(
    connection: &Connection,
    seq: i64,
    answer: &Answer,
    counts: bool,
    nth: usize,
) -> rusqlite::Result<()> {
    let Version { verdict, data, time_loaded, time_returned } = &answer.current;
    // A revision keeps its place among the answers.
    connection
        .prepare_cached(
            "INSERT INTO answer (seq, annotator, nth, counts, answer, data, time_loaded, \
             time_returned, history) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
             ON CONFLICT (seq, annotator) DO UPDATE SET answer = excluded.answer, \
             data = excluded.data, time_loaded = excluded.time_loaded, \
             time_returned = excluded.time_returned, history = excluded.history",
        )?
        .execute((
            seq,
            &answer.annotator,
            nth,
            counts,
            verdict.as_str(),
            serde_json::to_string(data).expect("an answer is JSON"),
            time_loaded.0,
            time_returned.0,
            rows::history_to_text(&answer.history),
        ))?;
    Ok(())
}

pub(super) fn renew(
    connection: &Connection,
    annotators: &[(String, Millis)],
) -> rusqlite::Result<()> {
    let mut statement = connection
        .prepare_cached("UPDATE hold SET until = ?2 WHERE annotator = ?1 AND until < ?2")?;
    for (annotator, until) in annotators {
        statement.execute((annotator, until.0))?;
    }
    Ok(())
}

pub(super) fn release(connection: &Connection, annotator: &str) -> rusqlite::Result<u64> {
    let held: Vec<(i64, String)> = connection
        .prepare_cached("SELECT seq, annotator FROM hold WHERE annotator = ?1")?
        .query_map([annotator], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    take_back(connection, &held)
}

pub(super) fn sweep(connection: &Connection, now: Millis) -> rusqlite::Result<u64> {
    let over: Vec<(i64, String)> = connection
        .prepare_cached("SELECT seq, annotator FROM hold WHERE until <= ?1")?
        .query_map([now.0], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    take_back(connection, &over)
}

fn take_back(connection: &Connection, holds: &[(i64, String)]) -> rusqlite::Result<u64> {
    if holds.is_empty() {
        return Ok(0);
    }
    for (seq, annotator) in holds {
        connection
            .prepare_cached("DELETE FROM hold WHERE seq = ?1 AND annotator = ?2")?
            .execute((seq, annotator))?;
        let (position, free, lanes): (i64, u32, String) = connection
            .prepare_cached("SELECT position, free, lanes FROM task WHERE seq = ?1")?
            .query_row([seq], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let lanes = rows::lanes_from_text(&lanes)?;
        set_free(connection, *seq, Position(position), &lanes, free, free + 1)?;
        connection
            .prepare_cached("UPDATE task SET reopened = ?2 WHERE seq = ?1")?
            .execute((seq, next_occasion(connection)?))?;
    }
    Ok(holds.len() as u64)
}

pub(super) fn note_loaded_file(
    connection: &Connection,
    name: &str,
    fingerprint: &str,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO loaded_file (name, fingerprint) VALUES (?1, ?2)")?
        .execute((name, fingerprint))?;
    Ok(())
}

/// Numbers the occasions on which tasks come back, so that a reader can ask for what is new.
fn next_occasion(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("UPDATE meta SET value = value + 1 WHERE key = 'reopened' RETURNING value")?
        .query_row([], |row| row.get(0))
}

fn set_free(
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
        let mut statement =
            connection.prepare_cached("DELETE FROM queue WHERE lane = ?1 AND position = ?2")?;
        for lane in lanes {
            statement.execute((lane.to_text(), position.0))?;
        }
    } else if before == 0 {
        enqueue(connection, seq, position, lanes)?;
    }
    Ok(())
}

fn enqueue(
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

/// Brings the project's figures from what a task added before to what it adds now.
fn count(connection: &Connection, before: &Progress, after: &Progress) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE totals SET tasks = tasks + ?1, finished = finished + ?2, \
             wanted = wanted + ?3, answers = answers + ?4, open_to_anyone = open_to_anyone + ?5",
        )?
        .execute((
            step(before.tasks, after.tasks),
            step(before.finished, after.finished),
            step(before.wanted, after.wanted),
            step(before.answers, after.answers),
            step(before.open_to_anyone, after.open_to_anyone),
        ))?;
    let nobody = Share::default();
    let gone = before.annotators.keys().filter(|name| !after.annotators.contains_key(*name));
    for name in after.annotators.keys().chain(gone) {
        let was = before.annotators.get(name).unwrap_or(&nobody);
        let is = after.annotators.get(name).unwrap_or(&nobody);
        if was == is {
            continue;
        }
        connection
            .prepare_cached(
                "INSERT INTO share (annotator, answered, late, named, last_seen, worked_ms, timed) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
                 ON CONFLICT (annotator) DO UPDATE SET answered = answered + excluded.answered, \
                 late = late + excluded.late, named = named + excluded.named, \
                 last_seen = nullif(max(coalesce(last_seen, 0), coalesce(excluded.last_seen, 0)), 0), \
                 worked_ms = worked_ms + excluded.worked_ms, timed = timed + excluded.timed",
            )?
            .execute((
                name,
                step(was.answered, is.answered),
                step(was.late, is.late),
                step(was.named, is.named),
                is.last_seen.map(|at| at.0),
                step(was.worked_ms, is.worked_ms),
                step(was.timed, is.timed),
            ))?;
    }
    Ok(())
}

fn step(before: u64, after: u64) -> i64 {
    after.cast_signed() - before.cast_signed()
}
