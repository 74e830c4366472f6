//! The write of one answer: the guard that says what the decision rests on, and the operators.
//!
//! An answer whose task is in the cache of remaining answers is written without reading the task.
//! Any other is decided on the task as it was read. If more than that one answer changes, the whole
//! state is written (`state_updates.rs`).

use std::collections::HashMap;

use mongodb::bson::{RawArrayBuf, RawBson, RawDocumentBuf, rawdoc};

use super::document::{self, AnswerStorage, TaskDocument};
use super::remaining_cache::RemainingEntry;
use super::side_documents::{SideDocuments, Statement};
use super::{MongoStore, state_updates};
use crate::allocation::order::{self, REMAINING_CAP};
use crate::allocation::{AnswerOutcome, Lane, SettlePolicy, TaskState};
use crate::store::stats::{StatsDelta, stats_delta, task_stats};
use crate::store::{Result, StorePolicy, Submission};
use crate::task::{Answer, TaskId, TaskJson};

/// An answer that is not decided yet.
pub(super) struct Pending {
    pub(super) nth: usize,
    pub(super) submission: Submission,
    pub(super) stamp: i64,
    /// What it will have been if its write is found to have been carried out.
    pub(super) sent: Option<Sent>,
}

/// A write that is sent, and what it does if the server carries it out.
pub(super) struct Sent {
    pub(super) recorded: AnswerOutcome,
    pub(super) delta: StatsDelta,
}

/// What to do about an answer.
pub(super) enum Step {
    Write(Box<Statement>, Box<Sent>),
    Done(AnswerOutcome),
}

/// A belief about a task, while the answers of a group are sent.
pub(super) struct Expectation {
    view: RemainingEntry,
    first: bool,
}

impl Expectation {
    pub(super) fn new(view: RemainingEntry) -> Self {
        Self { view, first: true }
    }

    /// The write of the next answer: held, as far as we know, and this many are wanted still.
    pub(super) fn next(&mut self, policy: &StorePolicy, one: &Pending) -> Step {
        let left = self.view.left;
        let guard = if left <= 1 {
            rawdoc! { "$eq": 1 }
        } else if self.first {
            rawdoc! { "$gt": 1 }
        } else {
            // Not before those that stand before it in the group.
            rawdoc! { "$eq": count(left as usize) }
        };
        self.view.left = left.saturating_sub(1);
        self.first = false;
        expected(policy, one, self.view.for_anyone, left <= 1, guard)
    }
}

/// A task that was read, as it will be after the writes that are sent.
pub(super) struct ReadTask {
    pub(super) state: TaskState,
    body: TaskJson,
    rev: i64,
    storage: HashMap<String, AnswerStorage>,
}

impl ReadTask {
    pub(super) fn of(
        store: &MongoStore,
        policy: &StorePolicy,
        stored: &mut TaskDocument,
        operation: &'static str,
    ) -> Result<Self> {
        let body = if policy.rule.compares() {
            let task = stored.task().map_err(|malformed| {
                store.connection.malformed_task(operation, &stored.id, &malformed)
            })?;
            task.body.clone()
        } else {
            TaskJson::empty()
        };
        let state = stored.state().map_err(|malformed| {
            store.connection.malformed_task(operation, &stored.id, &malformed)
        })?;
        Ok(Self { state, body, rev: stored.rev, storage: stored.storage() })
    }
}

/// The write of an answer to a task that is held and wants as many answers as the guard says.
fn expected(
    policy: &StorePolicy,
    one: &Pending,
    for_anyone: bool,
    last: bool,
    left: RawDocumentBuf,
) -> Step {
    let Submission { task, annotator, version } = &one.submission;
    let lane = if for_anyone { Lane::Anyone } else { Lane::Of(annotator.clone()) };
    let answer =
        Answer { annotator: annotator.clone(), current: version.clone(), history: Vec::new() };
    let mut side_documents = SideDocuments::default();
    let taken =
        document::of_answer(task, &answer, &AnswerStorage::new(one.stamp), &mut side_documents);
    let statement = Statement {
        query: rawdoc! {
            "_id": task.as_str(),
            "held.annotator": annotator.as_str(),
            "coders": { "$ne": annotator.as_str() },
            "for": lane.to_text().as_ref(),
            "left": left,
        },
        update: saved(policy, annotator, taken, true, last),
        side_documents,
    };
    // What one slot of this task adds to the figures before and after: the task itself and its
    // other slots stay as they are.
    let mut state = TaskState::new(1, vec![lane]);
    state.claim(annotator, version.time_loaded, version.time_returned, version.basis);
    let before = task_stats(&state);
    state.record(annotator, version.clone(), &SettlePolicy::default(), &TaskJson::empty());
    let mut after = task_stats(&state);
    after.finished = u64::from(last);
    let delta = StatsDelta::between(&before, &after);
    let sent = Sent { recorded: AnswerOutcome::Saved, delta };
    Step::Write(Box::new(statement), Box::new(sent))
}

/// The operators that take an annotator's answer in.
fn saved(
    policy: &StorePolicy,
    annotator: &str,
    answer: RawDocumentBuf,
    held: bool,
    last: bool,
) -> RawDocumentBuf {
    let mut update = rawdoc! {
        "$push": { "answers": answer, "coders": annotator },
    };
    let mut count = rawdoc! { "seen": 1, "left": -1, "rev": 1_i64 };
    if held {
        update.append("$pull", rawdoc! { "held": { "annotator": annotator } });
    } else {
        count.append("free", -1);
    }
    if policy.order.moves() {
        count.append("position", -order::STEP);
        if !last {
            update.append("$currentDate", rawdoc! { "reopened": true });
        }
    }
    update.append("$inc", count);
    if last {
        update.append("$set", rawdoc! { "finished": true });
    }
    update
}

/// What the ledger says, and the write that carries it out as long as the task is as it was read.
pub(super) fn by_state(
    store: &MongoStore,
    policy: &StorePolicy,
    stored: &TaskDocument,
    state: &mut ReadTask,
    one: &Pending,
) -> Step {
    let Submission { annotator, version, .. } = &one.submission;
    let before = state.state.clone();
    let recorded = state.state.record(annotator, version.clone(), &policy.rule, &state.body);
    if matches!(recorded, AnswerOutcome::Unchanged | AnswerOutcome::Unknown) {
        return Step::Done(recorded);
    }
    let read = state.storage.get(annotator).cloned().unwrap_or_default();
    state.storage.insert(annotator.clone(), AnswerStorage { stamp: one.stamp, ..read.clone() });
    let after = &state.state;
    let alone = plain(policy, &before, after, one, recorded, state.rev, &read);
    // From now on, other answers of this group find what is written apart by then.
    let is_alone = alone.is_some();
    let all_answers = after.answers.iter().chain(&after.skipped).chain(&after.late);
    let all_answers = all_answers.filter(|answer| !is_alone || answer.annotator == *annotator);
    let statement = alone.unwrap_or_else(|| {
        let rev = state.rev;
        state_updates::statement(store, stored, rev, &before, after, &state.storage)
    });
    for answer in all_answers {
        if let Some(storage) = state.storage.get_mut(&answer.annotator) {
            storage.revisions = storage.revisions_with(answer.history.len());
            storage.known = answer.history.len();
        }
    }
    state.rev += 1;
    let delta = stats_delta(Some(&before), Some(after));
    Step::Write(Box::new(statement), Box::new(Sent { recorded, delta }))
}

/// The write where nothing but that one answer changes; none where more does.
fn plain(
    policy: &StorePolicy,
    before: &TaskState,
    after: &TaskState,
    one: &Pending,
    recorded: AnswerOutcome,
    rev: i64,
    read: &AnswerStorage,
) -> Option<Statement> {
    let (task, name) = (&one.submission.task, one.submission.annotator.as_str());
    let others_stay = (before.wanted, &before.lanes, &before.skipped)
        == (after.wanted, &after.lanes, &after.skipped);
    // Far down, the place of a task does not move with each answer.
    let moves_evenly = !policy.order.moves() || before.wanted <= REMAINING_CAP;
    // What an answer was compared with must be what was read.
    let compared =
        policy.rule.compares() && after.remaining() == 0 && recorded == AnswerOutcome::Saved;
    if !others_stay || !moves_evenly || compared {
        return None;
    }
    let own = |answers: &[Answer]| answers.iter().find(|a| a.annotator == name).cloned();
    let more = |list: fn(&TaskState) -> usize| (list(before), list(after));
    let (answers, late) = (more(|state| state.answers.len()), more(|state| state.late.len()));
    let same = |(before, after): (usize, usize)| before == after;
    let one_more = |(before, after): (usize, usize)| before + 1 == after;
    let held = before.held.iter().any(|hold| hold.annotator == name);
    let mut side_documents = SideDocuments::default();
    let mut written = |answer: &Answer| {
        let storage = AnswerStorage { stamp: one.stamp, ..read.clone() };
        document::of_answer(task, answer, &storage, &mut side_documents)
    };
    let (query, update) = match (recorded, own(&after.answers), own(&after.late)) {
        (AnswerOutcome::Saved, Some(answer), _) if one_more(answers) && same(late) => {
            let left = count((before.wanted as usize).saturating_sub(before.answers.len()));
            let mut query = rawdoc! {
                "_id": task.as_str(),
                "coders": { "$ne": name },
                "skipped.annotator": { "$ne": name },
                "late.annotator": { "$ne": name },
                "left": left,
            };
            if held {
                query.append("held.annotator", name);
            } else {
                // Whether it is still for them depends on more than on what they hold.
                query.append("rev", rev);
            }
            (query, saved(policy, name, written(&answer), held, after.finished))
        }
        (AnswerOutcome::Late, None, Some(answer))
            if answer.history.is_empty() && one_more(late) =>
        {
            (
                rawdoc! { "_id": task.as_str(), "rev": rev },
                rawdoc! { "$push": { "late": written(&answer) }, "$inc": { "rev": 1_i64 } },
            )
        }
        (AnswerOutcome::Revised, Some(answer), _) if same(answers) && same(late) => {
            revised(task, name, "answers", read, written(&answer))
        }
        (AnswerOutcome::Late, None, Some(answer)) if same(late) => {
            revised(task, name, "late", read, written(&answer))
        }
        _ => return None,
    };
    Some(Statement { query, update, side_documents })
}

/// The guard and the operators of another version of an answer that is in this list, as it was
/// read.
fn revised(
    task: &TaskId,
    name: &str,
    among: &str,
    read: &AnswerStorage,
    answer: RawDocumentBuf,
) -> (RawDocumentBuf, RawDocumentBuf) {
    // No two writes have the same stamp, but those that came with a restore have none.
    let same = |number: RawBson, nothing: bool| {
        let mut any = RawArrayBuf::new();
        any.push(number);
        if nothing {
            any.push(RawBson::Null);
        }
        rawdoc! { "$in": any }
    };
    let stamp = same(RawBson::Int64(read.stamp), read.stamp == 0);
    let revisions = same(RawBson::Int32(count(read.revisions)), read.revisions == 0);
    let as_read = rawdoc! { "annotator": name, "stamp": stamp, "revisions": revisions };
    let mut query = rawdoc! { "_id": task.as_str() };
    query.append(among, rawdoc! { "$elemMatch": as_read });
    let mut set = RawDocumentBuf::new();
    set.append(format!("{among}.$"), answer);
    (query, rawdoc! { "$set": set, "$inc": { "rev": 1_i64 } })
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
