//! The stats as they are stored: `totals` for the project, `share` for each annotator. Tasks that
//! are leased are counted when the stats are read.

use std::sync::LazyLock;

use rusqlite::{Connection, params_from_iter, types::Value};

use crate::store::stats::{ANNOTATOR_COUNTS, Count, PROJECT_COUNTS, StatsDelta};
use crate::store::{AnnotatorStats, ProjectStats};
use crate::task::Millis;

/// Whether a count has a column: leased tasks are counted in the table `hold`.
pub(super) fn is_stored<S>(count: &Count<S>) -> bool {
    count.name != "held"
}

fn stored<S: 'static>(counts: &'static [Count<S>]) -> impl Iterator<Item = &'static Count<S>> {
    counts.iter().filter(|count| is_stored(count))
}

/// The columns of these counts, each in this form, as a list.
fn columns<S: 'static>(counts: &'static [Count<S>], form: impl Fn(&str) -> String) -> String {
    stored(counts).map(|count| form(count.name)).collect::<Vec<_>>().join(", ")
}

/// Reads the stats.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<ProjectStats> {
    static TOTALS: LazyLock<String> =
        LazyLock::new(|| format!("SELECT {} FROM totals", columns(&PROJECT_COUNTS, str::to_owned)));
    static SHARE: LazyLock<String> = LazyLock::new(|| {
        let counts = columns(&ANNOTATOR_COUNTS, str::to_owned);
        format!("SELECT annotator, last_seen, {counts} FROM share")
    });
    let mut stats = connection.prepare_cached(&TOTALS)?.query_row([], |row| {
        let mut stats = ProjectStats::default();
        for (nth, count) in stored(&PROJECT_COUNTS).enumerate() {
            *(count.of_mut)(&mut stats) = row.get(nth)?;
        }
        Ok(stats)
    })?;
    let mut statement = connection.prepare_cached(&SHARE)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let last_seen = row.get::<_, Option<i64>>(1)?.map(Millis);
        let mut share = AnnotatorStats { last_seen, ..AnnotatorStats::default() };
        for (nth, count) in stored(&ANNOTATOR_COUNTS).enumerate() {
            *(count.of_mut)(&mut share) = row.get(nth + 2)?;
        }
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

/// Adds a delta to the stored stats.
pub(super) fn apply(connection: &Connection, delta: &StatsDelta) -> rusqlite::Result<()> {
    static TOTALS: LazyLock<String> = LazyLock::new(|| {
        format!(
            "UPDATE totals SET {}",
            columns(&PROJECT_COUNTS, |name| format!("{name} = {name} + ?"))
        )
    });
    static SHARE: LazyLock<String> = LazyLock::new(|| {
        let names = columns(&ANNOTATOR_COUNTS, str::to_owned);
        let values = columns(&ANNOTATOR_COUNTS, |_| "?".to_owned());
        let sums = columns(&ANNOTATOR_COUNTS, |name| format!("{name} = {name} + excluded.{name}"));
        format!(
            "INSERT INTO share (annotator, last_seen, {names}) VALUES (?, ?, {values}) \
             ON CONFLICT (annotator) DO UPDATE SET {sums}, last_seen = \
             nullif(max(coalesce(last_seen, 0), coalesce(excluded.last_seen, 0)), 0)"
        )
    });
    let steps = delta.steps().filter(|(count, _)| is_stored(count)).map(|(_, step)| step);
    connection.prepare_cached(&TOTALS)?.execute(params_from_iter(steps))?;
    for (name, share) in &delta.annotators {
        let last_seen = share.last_seen.map_or(Value::Null, |at| Value::Integer(at.0));
        let steps = share.steps().filter(|(count, _)| is_stored(count));
        let steps = steps.map(|(_, step)| Value::Integer(step));
        let whose = [Value::Text(name.clone()), last_seen];
        connection
            .prepare_cached(&SHARE)?
            .execute(params_from_iter(whose.into_iter().chain(steps)))?;
    }
    Ok(())
}
