//! Whether the tables agree with each other.
//!
//! `free`, `finished`, `position`, `queue`, `totals` and `share` follow from the rest. A page of
//! tasks is read within one transaction, so a daemon that writes meanwhile raises no false alarm; a
//! repair reads each task anew within the transaction that mends it.
//!
//! Figures are kept by differences, and so is their repair: what they are off by does not change
//! while others write, so it is taken from one look at everything and subtracted afterwards, and
//! nobody waits for a recount.
//!
//! Rejected: writing the queue and the figures anew as a whole, which would keep the only writer
//! for seconds and hide what was wrong.

use std::collections::{BTreeSet, HashSet};

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension};

use super::queue::next_reopen_number;
use super::{Engine, rows, stats};
use crate::allocation::order::Order;
use crate::allocation::{Position, TaskState, invariants};
use crate::store::audit::{
    AuditOptions, AuditedPage, Finding, Outcome, PageRequest, PageToken, differs,
};
use crate::store::stats::{ANNOTATOR_COUNTS, PROJECT_COUNTS, StatsDelta, stats_delta};
use crate::store::{ProjectStats, Record, Result};
use crate::task::TaskId;

/// A place that no order gives, unique to a row: where a task waits for its own to be vacated.
const AWAY: i64 = i64::MIN;

/// A row of the queue that leads nowhere, or to a task that does not stand there.
const SURPLUS: &str = "SELECT q.lane AS lane, q.position AS position, t.id FROM queue q \
    LEFT JOIN task t ON t.seq = q.seq \
    WHERE t.seq IS NULL OR t.position <> q.position \
    OR t.wanted <= (SELECT count(*) FROM hold h WHERE h.seq = q.seq) \
        + (SELECT count(*) FROM answer a WHERE a.seq = q.seq AND a.counts = 1) \
    OR CASE WHEN json_valid(t.lanes) THEN \
        NOT EXISTS (SELECT 1 FROM json_each(t.lanes) l WHERE l.value = q.lane) ELSE 0 END";

/// Earlier versions beyond those that their answer counts: each was written first, and the change
/// of the answer did not come.
const SPARE: &str = "SELECT t.id, h.seq AS seq, h.annotator AS annotator, h.nth AS nth \
    FROM history h JOIN answer a ON a.seq = h.seq AND a.annotator = h.annotator \
    LEFT JOIN task t ON t.seq = h.seq WHERE h.nth > a.revisions";

/// What was kept apart, and what no version says.
const UNUSED: &str = "SELECT t.id, l.seq AS seq, l.annotator AS annotator, l.nth AS nth FROM large l \
    JOIN answer a ON a.seq = l.seq AND a.annotator = l.annotator LEFT JOIN task t ON t.seq = l.seq \
    WHERE NOT (a.revisions + 1 = l.nth AND a.data IS NULL) \
    AND NOT EXISTS (SELECT 1 FROM history h WHERE h.seq = l.seq AND h.annotator = l.annotator \
        AND h.nth = l.nth AND h.data IS NULL)";

/// Answers that count more earlier versions than are there.
const LOST: &str = "SELECT t.id, a.annotator, a.revisions, \
    (SELECT count(*) FROM history h WHERE h.seq = a.seq AND h.annotator = a.annotator \
        AND h.nth BETWEEN 1 AND a.revisions) AS there \
    FROM answer a LEFT JOIN task t ON t.seq = a.seq WHERE a.revisions > 0 AND there < a.revisions";

/// A page, as it was read.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) records: Vec<Record>,
    pub(super) findings: Vec<Finding>,
    /// Rows that have to be mended, with their tasks.
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
                    says: format!("it cannot be read: {error}; mend or remove it in the file"),
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

/// Whether somebody has put something into a row that is not what it should be; all else is the
/// file that cannot be read.
fn is_content(error: &rusqlite::Error) -> bool {
    !matches!(error, rusqlite::Error::SqliteFailure(..))
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

/// Writes anew what follows from the facts of these rows.
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
    // Whoever stands where it belongs stands wrong as well: no order gives a place twice.
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

/// What is wrong with the whole, as one moment shows it.
pub(super) struct Whole {
    pub(super) findings: Vec<Finding>,
    surplus: Vec<(String, i64)>,
    /// What the figures are, and what they should be; none if they are right or cannot be counted.
    stats: Option<(ProjectStats, ProjectStats)>,
    /// The figures cannot be read.
    damaged: bool,
}

/// Looks at what only the whole can tell.
pub(super) fn whole_store(connection: &Connection) -> rusqlite::Result<Whole> {
    let _one_moment = connection.unchecked_transaction()?;
    let mut whole =
        Whole { findings: Vec::new(), surplus: Vec::new(), stats: None, damaged: false };
    let mut find = |breaks, task: Option<String>, says: String, outcome| {
        let task = task.as_deref().map(TaskId::from_text);
        whole.findings.push(Finding { breaks, task, says, outcome });
    };
    let mut statement = connection.prepare(SURPLUS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (lane, position, task): (String, i64, Option<String>) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        let (breaks, says) = match &task {
            Some(_) => {
                ("queue", format!("it stands in the lane {lane} at {position}, and should not"))
            }
            None => ("orphan", format!("the lane {lane} leads to a task that is not there")),
        };
        find(breaks, task, says, Outcome::Repairable);
        whole.surplus.push((lane, position));
    }
    let without_task = "seq NOT IN (SELECT seq FROM task)";
    let without_answer = "(seq, annotator) NOT IN (SELECT seq, annotator FROM answer)";
    for (table, what, lacks, belongs, outcome) in [
        ("hold", "a hold", without_task, "", Outcome::Repairable),
        ("answer", "an answer", without_task, "", Outcome::Unrepairable),
        ("history", "an earlier version", without_answer, "an answer to ", Outcome::Unrepairable),
        ("large", "a large text", without_answer, "an answer to ", Outcome::Unrepairable),
    ] {
        let sql = format!("SELECT seq, annotator FROM {table} WHERE {lacks}");
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (seq, annotator): (i64, String) = (row.get(0)?, row.get(1)?);
            let says = format!(
                "{what} of {annotator} belongs to {belongs}task number {seq}, which is not there"
            );
            find("orphan", None, says, outcome);
        }
    }
    of_history(connection, &mut find)?;
    let (last, most): (Option<i64>, i64) = connection.query_row(
        "SELECT (SELECT value FROM meta WHERE key = 'reopened' AND typeof(value) = 'integer'), \
         coalesce(max(reopened), 0) FROM task",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if last.is_none_or(|last| last < most) {
        let says = format!(
            "occasions on which tasks came back are numbered up to {most}; the next would have a number that is taken"
        );
        find("numbers", None, says, Outcome::Repairable);
    }
    let odd: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM meta WHERE (key = 'deal' AND typeof(value) <> 'text') \
         OR (key = 'deal_version' AND typeof(value) <> 'integer'))",
        [],
        |row| row.get(0),
    )?;
    if odd {
        find(
            "deal",
            None,
            "the record of what was dealt out is damaged".into(),
            Outcome::Repairable,
        );
    }
    let Some(counted) = recount(connection)? else { return Ok(whole) };
    match stats::read(connection) {
        Ok(kept) => {
            let says = compare(&kept, &counted);
            if !says.is_empty() {
                find("figures", None, says.join(", "), Outcome::Repairable);
                whole.stats = Some((kept, counted));
            }
        }
        Err(error) if is_content(&error) => {
            find("figures", None, format!("they cannot be read: {error}"), Outcome::Repairable);
            whole.damaged = true;
        }
        Err(error) => return Err(error),
    }
    Ok(whole)
}

/// What is wrong with earlier versions, and with what is kept apart.
fn of_history(
    connection: &Connection,
    find: &mut impl FnMut(&'static str, Option<String>, String, Outcome),
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(SPARE)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (annotator, nth): (String, i64) = (row.get("annotator")?, row.get("nth")?);
        let says = format!(
            "version {nth} of {annotator}'s answer was put among the earlier ones, and the answer was \
             not changed after it"
        );
        find("history", row.get(0)?, says, Outcome::Repairable);
    }
    let mut statement = connection.prepare(LOST)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (annotator, revisions, there): (String, i64, i64) =
            (row.get(1)?, row.get(2)?, row.get(3)?);
        let says = format!(
            "{annotator} has changed the answer {revisions} times, and {there} earlier versions are \
             there"
        );
        find("history", row.get(0)?, says, Outcome::Unrepairable);
    }
    let mut statement = connection.prepare(UNUSED)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (annotator, nth): (String, i64) = (row.get("annotator")?, row.get("nth")?);
        let says = format!("what version {nth} of {annotator}'s answer says is kept twice");
        find("large", row.get(0)?, says, Outcome::Repairable);
    }
    Ok(())
}

/// The figures, counted over all tasks; none if some of them cannot be read.
fn recount(connection: &Connection) -> rusqlite::Result<Option<ProjectStats>> {
    let mut counted = ProjectStats::default();
    let mut statement = connection.prepare("SELECT seq FROM task")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        match rows::find_row(connection, row.get(0)?, false) {
            Ok(Some(found)) => {
                counted.apply(&stats_delta(None, Some(&found.state)));
            }
            Ok(None) => {}
            Err(error) if is_content(&error) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Ok(Some(counted))
}

/// Where kept figures and counted ones differ. What is in hand is not kept; and what was seen last
/// may be of an answer that was revised since.
fn compare(kept: &ProjectStats, counted: &ProjectStats) -> Vec<String> {
    let mut found = Vec::new();
    let mut step = |whose: &str, what: &str, kept: u64, counted: u64| {
        if kept != counted {
            found.push(format!("{whose}{what} is kept as {kept} and counted as {counted}"));
        }
    };
    for count in PROJECT_COUNTS.iter().filter(|count| stats::is_stored(count)) {
        step("", count.label, (count.of)(kept), (count.of)(counted));
    }
    let names: BTreeSet<&String> =
        kept.annotators.keys().chain(counted.annotators.keys()).collect();
    for name in names {
        let is = kept.annotators.get(name).cloned().unwrap_or_default();
        let should = counted.annotators.get(name).cloned().unwrap_or_default();
        let whose = format!("{name}: ");
        for count in ANNOTATOR_COUNTS.iter().filter(|count| stats::is_stored(count)) {
            step(&whose, count.label, (count.of)(&is), (count.of)(&should));
        }
        if is.last_seen < should.last_seen {
            let (is, should) = (is.last_seen.map_or(0, |at| at.0), should.last_seen);
            step(
                &whose,
                "last seen",
                is.unsigned_abs(),
                should.map_or(0, |at| at.0.unsigned_abs()),
            );
        }
    }
    found
}

/// Puts right what was found.
pub(super) fn mend_whole(connection: &Connection, whole: &Whole) -> rusqlite::Result<()> {
    // What is surplus is decided anew: a task may have come to stand there meanwhile.
    let mut remove = connection.prepare(&format!(
        "DELETE FROM queue WHERE lane = ?1 AND position = ?2 AND EXISTS \
         (SELECT 1 FROM ({SURPLUS}) s WHERE s.lane = ?1 AND s.position = ?2)"
    ))?;
    for (lane, position) in &whole.surplus {
        remove.execute((lane, position))?;
    }
    connection.execute("DELETE FROM hold WHERE seq NOT IN (SELECT seq FROM task)", [])?;
    for (table, spare) in [("history", SPARE), ("large", UNUSED)] {
        let sql = format!(
            "DELETE FROM {table} WHERE (seq, annotator, nth) IN \
             (SELECT seq, annotator, nth FROM ({spare}))"
        );
        connection.execute(&sql, [])?;
    }
    connection.execute(
        "INSERT INTO meta SELECT 'reopened', coalesce(max(reopened), 0) FROM task WHERE true \
         ON CONFLICT (key) DO UPDATE SET value = max(excluded.value, \
         CASE WHEN typeof(value) = 'integer' THEN value ELSE 0 END)",
        [],
    )?;
    connection.execute(
        "UPDATE meta SET value = CASE key WHEN 'deal' THEN CAST(value AS TEXT) ELSE 1 END \
         WHERE (key = 'deal' AND typeof(value) <> 'text') \
         OR (key = 'deal_version' AND typeof(value) <> 'integer')",
        [],
    )?;
    if whole.damaged {
        connection.execute_batch(
            "DELETE FROM share; DELETE FROM totals; INSERT INTO totals (tasks, finished, wanted, \
             answers, open_to_anyone, short, checks, gold) VALUES (0, 0, 0, 0, 0, 0, 0, 0);",
        )?;
        if let Some(counted) = recount(connection)? {
            stats::apply(connection, &StatsDelta::between(&ProjectStats::default(), &counted))?;
        }
    }
    if let Some((kept, counted)) = &whole.stats {
        stats::apply(connection, &StatsDelta::between(kept, counted))?;
    }
    Ok(())
}

/// Looks over a page and mends what is wrong on it.
pub(super) async fn audit_page(
    engine: &Engine,
    page_of: PageRequest,
    how: AuditOptions,
) -> Result<AuditedPage> {
    let limit = page_of.limit;
    // Only what this store has given comes back; anything else begins at the beginning.
    let after = page_of.after.and_then(|after| after.0.parse().ok()).unwrap_or(i64::MIN);
    let mut seen = engine
        .read("look over the tasks", move |connection| page(connection, how.order, after, limit))
        .await?;
    let mut repaired = HashSet::new();
    if how.repair && !seen.wrong.is_empty() {
        let wrong = std::mem::take(&mut seen.wrong);
        repaired = engine
            .write("repair tasks", move |connection| repair_rows(connection, how.order, &wrong))
            .await?;
    }
    for finding in &mut seen.findings {
        if finding.task.as_ref().is_some_and(|task| repaired.contains(task)) {
            finding.outcome = Outcome::Repaired;
        }
    }
    Ok(AuditedPage {
        records: seen.records,
        findings: seen.findings,
        repaired,
        tasks: seen.tasks,
        next: seen.last.map(|last| PageToken(last.to_string())),
    })
}

/// Looks over the whole and mends what is wrong with it.
pub(super) async fn audit_whole(engine: &Engine, how: AuditOptions) -> Result<Vec<Finding>> {
    let whole = engine.read("look over the store", whole_store).await?;
    let mut findings = whole.findings.clone();
    if how.repair && findings.iter().any(|finding| finding.outcome == Outcome::Repairable) {
        engine.write("repair the store", move |connection| mend_whole(connection, &whole)).await?;
        for finding in &mut findings {
            if finding.outcome == Outcome::Repairable {
                finding.outcome = Outcome::Repaired;
            }
        }
    }
    Ok(findings)
}
