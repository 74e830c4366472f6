//! Answers: recording them, and reading an annotator's earlier ones.

use async_trait::async_trait;
use rusqlite::Connection;

use super::state_updates::write_state;
use super::{SqliteStore, rows};
use crate::allocation::{AnswerOutcome, SequenceNumber};
use crate::store::{AnswerStore, HistoryCursor, PastAnswer, Result, StorePolicy, Submission};

#[async_trait]
impl AnswerStore for SqliteStore {
    async fn record(&self, answers: Vec<Submission>) -> Result<Vec<AnswerOutcome>> {
        let policy = self.policy();
        self.engine
            .write("store answers", move |connection| record(connection, &policy, answers))
            .await
    }

    async fn history(
        &self,
        annotator: &str,
        before: Option<HistoryCursor>,
        limit: usize,
    ) -> Result<Vec<PastAnswer>> {
        let annotator = annotator.to_owned();
        self.engine
            .read("read the history", move |connection| {
                history(connection, &annotator, before, limit)
            })
            .await
    }
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

pub(super) fn history(
    connection: &Connection,
    annotator: &str,
    before: Option<HistoryCursor>,
    limit: usize,
) -> rusqlite::Result<Vec<PastAnswer>> {
    let (time, number) =
        before.map_or((i64::MAX, i64::MAX), |cursor| (cursor.time_returned.0, cursor.number.0));
    connection
        .prepare_cached(&format!(
            "SELECT {}, {} FROM answer a JOIN task t ON t.seq = a.seq \
             WHERE a.annotator = ?1 AND a.counts = 1 \
             AND a.time_returned <= ?3 AND (a.time_returned < ?3 OR a.seq < ?4) \
             ORDER BY a.time_returned DESC, a.seq DESC LIMIT ?2",
            rows::TASK,
            rows::VERSION
        ))?
        .query_map((annotator, limit, time, number), |row| {
            let (number, _, task) = rows::task(row)?;
            Ok(PastAnswer { number: SequenceNumber(number), task, version: rows::version(row, 6)? })
        })?
        .collect()
}
