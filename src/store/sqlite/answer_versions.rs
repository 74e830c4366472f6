//! The rows of an answer: its present version, earlier ones, and the data of large ones.

use rusqlite::{Connection, OptionalExtension};

use super::rows::AnswerStatus;
use crate::store::LARGE_ANSWER_BYTES;
use crate::task::{Answer, Version};

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
