//! What only the whole store shows: rows of the queue that lead nowhere, orphans, earlier versions
//! that nothing refers to, the numbering, the allocation record, the stats.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::is_content;
use crate::store::ProjectStats;
use crate::store::audit::{Finding, Outcome};
use crate::store::sqlite::{rows, stats};
use crate::store::stats::{ANNOTATOR_COUNTS, PROJECT_COUNTS, StatsDelta, stats_delta};
use crate::task::TaskId;

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

/// Where kept figures and counted ones differ. Leased tasks are not kept; and the time last seen
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
pub(super) fn repair(connection: &Connection, whole: &Whole) -> rusqlite::Result<()> {
    // What is surplus is decided again: a task may have been queued there meanwhile.
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
