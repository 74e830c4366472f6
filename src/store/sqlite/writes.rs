//! What the embedded store is told. Each function is one job, within the transaction of a group.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension};

use super::reads;
use super::rows::{self, AnswerStatus};
use crate::allocation::{AnswerOutcome, Lane, Plan, Position, TaskState};
use crate::store::stats::task_stats;
use crate::store::{
    AnnotatorStats, Claim, InsertReport, LARGE_ANSWER_BYTES, NewTask, ProjectStats, StateUpdate,
    StorePolicy, Submission,
};
use crate::task::{Answer, Millis, TaskId, Version};

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
    let mut added = ProjectStats::default();
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
        added.change(&ProjectStats::default(), &task_stats(&TaskState::of(plan)));
    }
    count(connection, &ProjectStats::default(), &added)?;
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
    let there = reads::existing_ids(connection, tasks.iter().map(|admission| &admission.task.id))?;
    let allocation_record = reads::allocation_record(connection)?;
    if allocation_record.version != seen || !there.is_empty() {
        return Ok(None);
    }
    put_deal(connection, state, seen + 1)?;
    if !allocation_record.pending_plans.is_empty() {
        // A load that another store was left with when it was backed up: it goes on here.
        let mut pending_plans = allocation_record.pending_plans;
        pending_plans.retain(|(task, _)| !tasks.iter().any(|admission| admission.task.id == *task));
        put_pending_plans(connection, &pending_plans)?;
    }
    insert_tasks(connection, policy, tasks).map(Some)
}

/// Writes down what has been dealt out.
pub(super) fn put_deal(connection: &Connection, state: &str, version: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO meta VALUES ('deal', ?1), ('deal_version', ?2)")?
        .execute((state, version))?;
    Ok(())
}

/// Writes down what is still promised.
pub(super) fn put_pending_plans(
    connection: &Connection,
    pending_plans: &[(TaskId, Plan)],
) -> rusqlite::Result<()> {
    if pending_plans.is_empty() {
        connection.execute("DELETE FROM meta WHERE key = 'promised'", [])?;
    } else {
        connection
            .prepare_cached("INSERT OR REPLACE INTO meta VALUES ('promised', ?1)")?
            .execute([rows::plans_to_text(pending_plans)])?;
    }
    Ok(())
}

pub(super) fn update_if_unchanged(
    connection: &Connection,
    policy: &StorePolicy,
    amendments: &[StateUpdate],
) -> rusqlite::Result<Vec<bool>> {
    let mut changed = Vec::with_capacity(amendments.len());
    for StateUpdate { task, seen, now } in amendments {
        let found = rows::find(connection, task, false)?;
        let found = found.filter(|found| found.state.is_as(seen));
        if let Some(found) = &found {
            write_state(connection, policy, found, now)?;
        }
        changed.push(found.is_some());
    }
    Ok(changed)
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
        .prepare_cached(
            "INSERT INTO hold (seq, annotator, since, until, edition, tokenizer) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((
            seq,
            &claim.annotator,
            claim.since.0,
            claim.until.0,
            claim.basis.edition,
            claim.basis.tokenizer,
        ))?;
    set_free(connection, seq, position, &lanes, free, free - 1)?;
    Ok(true)
}

pub(super) fn record(
    connection: &Connection,
    policy: &StorePolicy,
    answers: Vec<Submission>,
) -> rusqlite::Result<Vec<AnswerOutcome>> {
    answers.into_iter().map(|answer| record_one(connection, policy, answer)).collect()
}

fn record_one(
    connection: &Connection,
    policy: &StorePolicy,
    submission: Submission,
) -> rusqlite::Result<AnswerOutcome> {
    let Some(found) = rows::find(connection, &submission.task, policy.rule.compares())? else {
        return Ok(AnswerOutcome::Unknown);
    };
    let mut state = found.state.clone();
    let Submission { annotator, version, .. } = submission;
    let recorded = state.record(&annotator, version, &policy.rule, &found.body);
    if !matches!(recorded, AnswerOutcome::Unknown | AnswerOutcome::Unchanged) {
        write_state(connection, policy, &found, &state)?;
    }
    Ok(recorded)
}

/// Brings a task from the state in which it was found to another one.
fn write_state(
    connection: &Connection,
    policy: &StorePolicy,
    found: &rows::TaskRow,
    after: &TaskState,
) -> rusqlite::Result<()> {
    let rows::TaskRow { seq, position, state: before, .. } = found;
    let mut delete_lease =
        connection.prepare_cached("DELETE FROM hold WHERE seq = ?1 AND annotator = ?2")?;
    for hold in &before.held {
        if !after.held.iter().any(|still| still.annotator == hold.annotator) {
            delete_lease.execute((seq, &hold.annotator))?;
        }
    }
    let lists = [
        (AnswerStatus::Counts, &before.answers, &after.answers),
        (AnswerStatus::Skipped, &before.skipped, &after.skipped),
        (AnswerStatus::Late, &before.late, &after.late),
    ];
    for (status, were, are) in lists {
        for answer in are.iter().filter(|answer| !were.contains(answer)) {
            let before = [&before.answers, &before.skipped, &before.late];
            let before = before.into_iter().flatten().find(|was| was.annotator == answer.annotator);
            put_answer(connection, *seq, answer, status, before)?;
        }
    }
    let mut place = policy.order.position(position.priority(), *seq, after.remaining());
    // Where the project's order was another one, somebody may stand there. Then it stays where it
    // is.
    if place != *position && is_taken(connection, place)? {
        place = *position;
    }
    let moved = (before.wanted, before.planned, &before.lanes, *position)
        != (after.wanted, after.planned, &after.lanes, place);
    if moved {
        connection
            .prepare_cached(
                "UPDATE task SET wanted = ?2, planned = ?3, lanes = ?4, position = ?5 \
                 WHERE seq = ?1",
            )?
            .execute((
                seq,
                after.wanted,
                after.planned,
                rows::lanes_to_text(&after.lanes),
                place.0,
            ))?;
    }
    if before.previous_holders != after.previous_holders {
        write_previous_holders(connection, *seq, &after.previous_holders)?;
    }
    let (free, still) = (before.free(), after.free());
    if moved && free > 0 && still > 0 {
        dequeue(connection, *position, &before.lanes)?;
        enqueue(connection, *seq, place, &after.lanes)?;
        set_free(connection, *seq, place, &[], free, still)?;
    } else {
        let (place, lanes) =
            if still > 0 { (place, &after.lanes) } else { (*position, &before.lanes) };
        set_free(connection, *seq, place, lanes, free, still)?;
    }
    if still > 0 && (moved || still > free) {
        connection
            .prepare_cached("UPDATE task SET reopened = ?2 WHERE seq = ?1")?
            .execute((seq, next_reopen_number(connection)?))?;
    }
    if after.finished && !before.finished {
        connection.prepare_cached("UPDATE task SET finished = 1 WHERE seq = ?1")?.execute([seq])?;
    }
    count(connection, &task_stats(before), &task_stats(after))
}

pub(super) fn is_taken(connection: &Connection, place: Position) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT 1 FROM task WHERE position = ?1")?.exists([place.0])
}

/// Writes an answer. What it has in its history beyond that of `before`, the same answer as it was
/// found, goes where earlier versions are, first.
pub(super) fn put_answer(
    connection: &Connection,
    seq: i64,
    answer: &Answer,
    status: AnswerStatus,
    before: Option<&Answer>,
) -> rusqlite::Result<()> {
    let Answer { annotator, current, history } = answer;
    let earlier =
        history.get(before.map_or(0, |before| before.history.len())..).unwrap_or_default();
    let data = text_of(current);
    let is_large = data.len() > LARGE_ANSWER_BYTES;
    // Versions are numbered by what is there, not by what was found: an earlier one may be lost.
    let mut next = if before.is_some() && (is_large || !earlier.is_empty()) {
        1 + revisions(connection, seq, annotator)?
    } else {
        1
    };
    for version in earlier {
        put_earlier(connection, seq, annotator, next, version)?;
        next += 1;
    }
    if is_large {
        put_large(connection, seq, annotator, next, &data)?;
    }
    // A revision keeps its place among the answers; one that comes to count goes to the end.
    connection
        .prepare_cached(
            "INSERT INTO answer (seq, annotator, nth, counts, answer, data, time_loaded, \
             time_returned, revisions, edition, tokenizer) VALUES (?1, ?2, \
             (SELECT coalesce(max(nth), 0) + 1 FROM answer WHERE seq = ?1), \
             ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) \
             ON CONFLICT (seq, annotator) DO UPDATE SET \
             nth = CASE WHEN counts = excluded.counts THEN nth ELSE excluded.nth END, \
             counts = excluded.counts, answer = excluded.answer, data = excluded.data, \
             time_loaded = excluded.time_loaded, time_returned = excluded.time_returned, \
             revisions = revisions + excluded.revisions, edition = excluded.edition, \
             tokenizer = excluded.tokenizer",
        )?
        .execute((
            seq,
            annotator,
            status as i64,
            current.verdict.as_str(),
            (!is_large).then_some(data),
            current.time_loaded.0,
            current.time_returned.0,
            earlier.len(),
            current.basis.edition,
            current.basis.tokenizer,
        ))?;
    Ok(())
}

fn text_of(version: &Version) -> String {
    serde_json::to_string(&version.data).expect("an answer is JSON")
}

/// How many earlier versions an answer counts.
fn revisions(connection: &Connection, seq: i64, annotator: &str) -> rusqlite::Result<i64> {
    let revisions = connection
        .prepare_cached("SELECT revisions FROM answer WHERE seq = ?1 AND annotator = ?2")?
        .query_row((seq, annotator), |row| row.get(0))
        .optional()?;
    Ok(revisions.unwrap_or(0))
}

/// Writes an earlier version. Twice does no harm, and a spare of this number is replaced.
fn put_earlier(
    connection: &Connection,
    seq: i64,
    annotator: &str,
    nth: i64,
    version: &Version,
) -> rusqlite::Result<()> {
    let data = text_of(version);
    let is_large = data.len() > LARGE_ANSWER_BYTES;
    if is_large {
        put_large(connection, seq, annotator, nth, &data)?;
    }
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO history (seq, annotator, nth, answer, data, time_loaded, \
             time_returned, edition, tokenizer) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute((
            seq,
            annotator,
            nth,
            version.verdict.as_str(),
            (!is_large).then_some(data),
            version.time_loaded.0,
            version.time_returned.0,
            version.basis.edition,
            version.basis.tokenizer,
        ))?;
    Ok(())
}

/// Writes what a version says, where it is much.
fn put_large(
    connection: &Connection,
    seq: i64,
    annotator: &str,
    nth: i64,
    data: &str,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO large (seq, annotator, nth, data) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((seq, annotator, nth, data))?;
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

pub(super) fn release(
    connection: &Connection,
    policy: &StorePolicy,
    annotator: &str,
) -> rusqlite::Result<u64> {
    let held: Vec<(i64, String)> = connection
        .prepare_cached("SELECT seq, annotator FROM hold WHERE annotator = ?1")?
        .query_map([annotator], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    end_leases(connection, policy, &held)
}

pub(super) fn expire_leases(
    connection: &Connection,
    policy: &StorePolicy,
    now: Millis,
) -> rusqlite::Result<u64> {
    let over: Vec<(i64, String)> = connection
        .prepare_cached("SELECT seq, annotator FROM hold WHERE until <= ?1")?
        .query_map([now.0], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    end_leases(connection, policy, &over)
}

fn end_leases(
    connection: &Connection,
    policy: &StorePolicy,
    holds: &[(i64, String)],
) -> rusqlite::Result<u64> {
    for (seq, annotator) in holds {
        let someone_was_late: bool = connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM answer WHERE seq = ?1 AND counts = 0)")?
            .query_row([seq], |row| row.get(0))?;
        if someone_was_late && let Some(found) = rows::find_row(connection, *seq, true)? {
            let mut state = found.state.clone();
            state.release(annotator);
            state.promote_late_answers(&policy.rule, &found.body);
            write_state(connection, policy, &found, &state)?;
            continue;
        }
        connection
            .prepare_cached("DELETE FROM hold WHERE seq = ?1 AND annotator = ?2")?
            .execute((seq, annotator))?;
        let (position, free, lanes, former): (i64, u32, String, Option<String>) = connection
            .prepare_cached("SELECT position, free, lanes, former FROM task WHERE seq = ?1")?
            .query_row([seq], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
        let lanes = rows::lanes_from_text(&lanes)?;
        let mut former: Vec<String> = match former {
            None => Vec::new(),
            Some(names) => {
                serde_json::from_str(&names).map_err(|error| rows::unreadable(3, error))?
            }
        };
        if !former.contains(annotator) {
            former.push(annotator.clone());
            former.sort_unstable();
            write_previous_holders(connection, *seq, &former)?;
        }
        set_free(connection, *seq, Position(position), &lanes, free, free + 1)?;
        connection
            .prepare_cached("UPDATE task SET reopened = ?2 WHERE seq = ?1")?
            .execute((seq, next_reopen_number(connection)?))?;
    }
    Ok(holds.len() as u64)
}

/// Notes who has held a task and gave it back.
fn write_previous_holders(
    connection: &Connection,
    seq: i64,
    former: &[String],
) -> rusqlite::Result<()> {
    let names = serde_json::to_string(former).expect("names are JSON");
    connection
        .prepare_cached("UPDATE task SET former = ?2 WHERE seq = ?1")?
        .execute((seq, names))?;
    Ok(())
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

pub(super) fn set_keys(
    connection: &Connection,
    keys: &BTreeMap<String, String>,
    write_state: bool,
) -> rusqlite::Result<()> {
    let instead = if write_state { "IGNORE" } else { "REPLACE" };
    let mut set = connection.prepare_cached(&format!(
        "INSERT OR {instead} INTO access_key (name, key) VALUES (?1, ?2)"
    ))?;
    for (name, key) in keys {
        set.execute((name, key))?;
    }
    Ok(())
}

/// Sets the rule by which tasks are told apart, if there is none; gives the one in force.
pub(super) fn set_identity(connection: &Connection, rule: &str) -> rusqlite::Result<String> {
    connection
        .prepare_cached(
            "INSERT INTO meta (key, value) VALUES ('identity', ?1) ON CONFLICT (key) DO UPDATE \
             SET value = excluded.value WHERE NOT EXISTS (SELECT 1 FROM task)",
        )?
        .execute([rule])?;
    Ok(reads::identity(connection)?.unwrap_or_else(|| rule.to_owned()))
}

/// The number of an edition, a new one if its text is new.
pub(super) fn edition(connection: &Connection, text: &str) -> rusqlite::Result<u32> {
    connection
        .prepare_cached(
            "INSERT INTO edition (number, text) \
             VALUES ((SELECT coalesce(max(number), 0) + 1 FROM edition), ?1) \
             ON CONFLICT (text) DO NOTHING",
        )?
        .execute([text])?;
    connection
        .prepare_cached("SELECT number FROM edition WHERE text = ?1")?
        .query_row([text], |row| row.get(0))
}

/// Numbers the occasions on which tasks come back, so that a reader can ask for what is new.
pub(super) fn next_reopen_number(connection: &Connection) -> rusqlite::Result<i64> {
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
        dequeue(connection, position, lanes)?;
    } else if before == 0 {
        enqueue(connection, seq, position, lanes)?;
    }
    Ok(())
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

/// Brings the project's figures from what a task added before to what it adds now.
pub(super) fn count(
    connection: &Connection,
    before: &ProjectStats,
    after: &ProjectStats,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE totals SET tasks = tasks + ?1, finished = finished + ?2, \
             wanted = wanted + ?3, answers = answers + ?4, open_to_anyone = open_to_anyone + ?5, \
             short = short + ?6, checks = checks + ?7, gold = gold + ?8",
        )?
        .execute((
            step(before.tasks, after.tasks),
            step(before.finished, after.finished),
            step(before.wanted, after.wanted),
            step(before.answers, after.answers),
            step(before.open_to_anyone, after.open_to_anyone),
            step(before.short, after.short),
            step(before.checks, after.checks),
            step(before.gold, after.gold),
        ))?;
    let nobody = AnnotatorStats::default();
    let gone = before.annotators.keys().filter(|name| !after.annotators.contains_key(*name));
    for name in after.annotators.keys().chain(gone) {
        let was = before.annotators.get(name).unwrap_or(&nobody);
        let is = after.annotators.get(name).unwrap_or(&nobody);
        if was == is {
            continue;
        }
        connection
            .prepare_cached(
                "INSERT INTO share (annotator, answered, late, named, last_seen, worked_ms, \
                 timed, skipped, checks) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
                 ON CONFLICT (annotator) DO UPDATE SET answered = answered + excluded.answered, \
                 late = late + excluded.late, named = named + excluded.named, \
                 last_seen = nullif(max(coalesce(last_seen, 0), coalesce(excluded.last_seen, 0)), 0), \
                 worked_ms = worked_ms + excluded.worked_ms, timed = timed + excluded.timed, \
                 skipped = skipped + excluded.skipped, checks = checks + excluded.checks",
            )?
            .execute((
                name,
                step(was.answered, is.answered),
                step(was.late, is.late),
                step(was.named, is.named),
                is.last_seen.map(|at| at.0),
                step(was.worked_ms, is.worked_ms),
                step(was.timed, is.timed),
                step(was.skipped, is.skipped),
                step(was.checks, is.checks),
            ))?;
    }
    Ok(())
}

fn step(before: u64, after: u64) -> i64 {
    after.cast_signed() - before.cast_signed()
}
