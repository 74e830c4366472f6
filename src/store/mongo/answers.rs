//! Taking in answers: a group in one round trip.
//!
//! An answer that is held and about whose task there is a belief (`remaining_cache.rs`) goes as a
//! plain guarded write, without reading anything. The others are decided by [`TaskState::record`]
//! on what is read, and written with a guard that says what the decision rests on; where more
//! changes than that one answer (a skip, a further opinion, a late answer that fills a slot), the
//! whole state is written (`state_updates.rs`). So is the last answer of a task whose answers are
//! to be compared. All writes of a group are one command. When all have found their document, all
//! stand as decided. Otherwise the tasks are read: what bears this group's stamp has been written
//! by it, and the rest is decided again.
//!
//! An earlier version, and large data, are written beside first (`side_documents.rs`), for the
//! whole group at once; groups without any, which are nearly all, cost nothing more.
//!
//! What is read is the majority's, and a write that changed nothing waits for the majority of what
//! it saw as any other; so an answer that is found to be there already is durable too.
//!
//! Rejected: a `find_and_modify` for each answer, which gives the document back but waits for the
//! journal each time; a pipeline in the update, which could set `finished` by comparing, but makes
//! the server an eighth to two fifths slower (measured) and says as little about what it did.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use async_trait::async_trait;
use mongodb::bson::{Document, doc};

use super::answer_writes::{self, Expectation, Pending, ReadTask, Sent, Step};
use super::side_documents::Statement;
use super::{MongoStore, find, history};
use crate::allocation::AnswerOutcome;
use crate::store::{AnswerStore, HistoryCursor, PastAnswer, Result, StorePolicy, Submission};
use crate::task::TaskId;

const OPERATION: &str = "store answers";

/// Rounds in which others were faster, before giving up. They cannot be faster for long: a task
/// takes a few answers, and then it is full.
const LOST_ROUNDS: u32 = 20;

#[async_trait]
impl AnswerStore for MongoStore {
    async fn record(&self, answers: Vec<Submission>) -> Result<Vec<AnswerOutcome>> {
        record(self, answers).await
    }

    async fn history(
        &self,
        annotator: &str,
        before: Option<HistoryCursor>,
        limit: usize,
    ) -> Result<Vec<PastAnswer>> {
        history::history(&self.connection, annotator, before, limit, self.sharded).await
    }
}

async fn record(store: &MongoStore, submissions: Vec<Submission>) -> Result<Vec<AnswerOutcome>> {
    let first = store.stamps(submissions.len());
    let mut outcomes = vec![AnswerOutcome::Unknown; submissions.len()];
    let mut pending: Vec<Pending> = submissions
        .into_iter()
        .zip(0_i64..)
        .enumerate()
        .map(|(nth, (submission, more))| Pending {
            nth,
            submission,
            stamp: first.wrapping_add(more),
            sent: None,
        })
        .collect();
    let write_guard = store.stats.write_guard().await;
    let mut lost = 0;
    while !pending.is_empty() {
        let before = pending.len();
        pending = round(store, pending, &mut outcomes).await?;
        if pending.len() == before {
            lost += 1;
            if lost == LOST_ROUNDS {
                return Err(store
                    .connection
                    .unavailable(OPERATION, "others keep changing the tasks".into()));
            }
            // Let the others finish.
            tokio::time::sleep(Duration::from_millis(u64::from(lost))).await;
        }
    }
    write_guard.done();
    Ok(outcomes)
}

/// Sends what can be sent at once; gives back what is not decided after that.
async fn round(
    store: &MongoStore,
    pending: Vec<Pending>,
    outcomes: &mut [AnswerOutcome],
) -> Result<Vec<Pending>> {
    let (pending, mut rest) = one_of_each(pending);
    let policy = store.policy();
    let mut expectations = expectations(store, &policy, &pending);
    let unknown: HashSet<&TaskId> = pending
        .iter()
        .map(|one| &one.submission.task)
        .filter(|task| !expectations.contains_key(*task))
        .collect();
    let mut found = if unknown.is_empty() {
        HashMap::new()
    } else {
        find::by_id(&store.connection, OPERATION, unknown, state_fields(&policy)).await?
    };
    let mut states: HashMap<TaskId, ReadTask> = HashMap::new();
    for stored in found.values_mut() {
        states.insert(stored.id.clone(), ReadTask::of(store, &policy, stored, OPERATION)?);
    }

    let mut statements = Vec::new();
    let mut sent = Vec::new();
    for mut one in pending {
        let task = &one.submission.task;
        if let Some(write) = one.sent.take()
            && found.get(task).is_some_and(|stored| stored.has_stamp(one.stamp))
        {
            decide(store, outcomes, &one, &write);
            continue;
        }
        let step = match (expectations.get_mut(task), states.get_mut(task), found.get(task)) {
            (Some(expectation), ..) => expectation.next(&policy, &one),
            (None, Some(state), Some(stored)) => {
                answer_writes::by_state(store, &policy, stored, state, &one)
            }
            _ => Step::Done(AnswerOutcome::Unknown),
        };
        match step {
            Step::Done(recorded) => outcomes[one.nth] = recorded,
            Step::Write(statement, write) => {
                statements.push(*statement);
                one.sent = Some(*write);
                sent.push(one);
            }
        }
    }
    for stored in found.values_mut() {
        store.remaining_cache.learn_after(stored, states.get(&stored.id).map(|state| &state.state));
    }

    let expected = statements.len() as u64;
    let matched = if expected == 0 {
        0
    } else {
        Statement::send_all(&store.connection, OPERATION, statements).await?
    };
    if matched == expected {
        for one in &sent {
            if let Some(write) = &one.sent {
                decide(store, outcomes, one, write);
            }
        }
    } else {
        for one in sent {
            store.remaining_cache.forget(&one.submission.task);
            rest.push(one);
        }
        rest.sort_by_key(|one| one.nth);
    }
    Ok(rest)
}

/// Sets aside all but the first answer of a person to a task: the second builds upon the first.
/// What comes after that to the same task waits as well, so that its answers keep their order.
fn one_of_each(pending: Vec<Pending>) -> (Vec<Pending>, Vec<Pending>) {
    let mut seen: HashSet<(TaskId, String)> = HashSet::new();
    let mut waiting: HashSet<TaskId> = HashSet::new();
    pending.into_iter().partition(|one| {
        let Submission { task, annotator, .. } = &one.submission;
        let first = !waiting.contains(task) && seen.insert((task.clone(), annotator.clone()));
        if !first {
            waiting.insert(task.clone());
        }
        first
    })
}

/// What is believed of the tasks of a round, as far as it is enough for all their answers.
///
/// A belief says nothing about what the others have answered: where answers are to be compared, the
/// last one is decided on what is read. So is a skip.
fn expectations(
    store: &MongoStore,
    policy: &StorePolicy,
    pending: &[Pending],
) -> HashMap<TaskId, Expectation> {
    let mut answers: HashMap<&TaskId, u32> = HashMap::new();
    for one in pending {
        let count = answers.entry(&one.submission.task).or_default();
        // Where a guard did not match, the belief was wrong.
        let plain = one.sent.is_none() && policy.rule.counts(one.submission.version.verdict);
        *count = if plain { count.saturating_add(1) } else { u32::MAX };
    }
    answers
        .into_iter()
        .filter_map(|(task, count)| {
            let more = u32::from(policy.rule.compares());
            let view = store.remaining_cache.expect_answers(task, count, more)?;
            Some((task.clone(), Expectation::new(view)))
        })
        .collect()
}

fn decide(store: &MongoStore, outcomes: &mut [AnswerOutcome], one: &Pending, write: &Sent) {
    outcomes[one.nth] = write.recorded;
    store.stats.apply(&write.delta);
}

/// Everything but the content, unless answers are compared, also with that.
fn state_fields(policy: &StorePolicy) -> Document {
    if policy.rule.compares() {
        doc! {}
    } else {
        doc! { "task": 0, "task_json": 0 }
    }
}
