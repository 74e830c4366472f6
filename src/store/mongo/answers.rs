//! Taking in answers: a group in one round trip.
//!
//! An answer that is held and about whose task there is a belief (`remaining_cache.rs`) goes as a
//! plain guarded write, without reading anything. The others are decided by [`TaskState::record`]
//! on what is read, and written with a guard that says what the decision rests on; where more
//! changes than that one answer (a skip, a further opinion, a late answer that fills a slot), the
//! whole state is written (`state_updates.rs`). So is the last answer of a task whose answers are
//! to be compared. All writes of a group are one command. When all have found their document, all
//! stand as decided. Otherwise the tasks are read: what bears this group's stamp has been written
//! by it, and the rest is decided anew.
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

use mongodb::bson::{Document, RawArrayBuf, RawBson, RawDocumentBuf, doc, rawdoc};

use super::document::{self, AnswerStorage, TaskDocument};
use super::remaining_cache::RemainingEntry;
use super::side_documents::{SideDocuments, Statement};
use super::{MongoStore, reads, state_updates};
use crate::allocation::order::{self, REMAINING_CAP};
use crate::allocation::{AnswerOutcome, Lane, SettlePolicy, TaskState};
use crate::store::stats::task_stats;
use crate::store::{ProjectStats, Result, StorePolicy, Submission};
use crate::task::{Answer, TaskId, TaskJson};

const OPERATION: &str = "store answers";
/// Rounds in which others were faster, before giving up. They cannot be faster for long: a task
/// takes a few answers, and then it is full.
const LOST_ROUNDS: u32 = 20;

/// An answer that is not decided yet.
struct Pending {
    nth: usize,
    submission: Submission,
    stamp: i64,
    /// What it will have been if its write is found to have been carried out.
    sent: Option<Sent>,
}

/// A write that is under way.
struct Sent {
    recorded: AnswerOutcome,
    before: ProjectStats,
    after: ProjectStats,
}

/// What to do about an answer.
enum Step {
    Write(Box<Statement>, Box<Sent>),
    Done(AnswerOutcome),
}

pub(super) async fn record(
    store: &MongoStore,
    submissions: Vec<Submission>,
) -> Result<Vec<AnswerOutcome>> {
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
        reads::by_id(&store.connection, OPERATION, unknown, state_fields(&policy)).await?
    };
    let mut states: HashMap<TaskId, ReadTask> = HashMap::new();
    for stored in found.values_mut() {
        states.insert(stored.id.clone(), ReadTask::of(store, &policy, stored)?);
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
            (None, Some(state), Some(stored)) => by_state(store, &policy, stored, state, &one),
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
            Some((task.clone(), Expectation { view, first: true }))
        })
        .collect()
}

/// A belief about a task, while the answers of a group are sent.
struct Expectation {
    view: RemainingEntry,
    first: bool,
}

impl Expectation {
    /// The write of the next answer: held, as far as we know, and this many are wanted still.
    fn next(&mut self, policy: &StorePolicy, one: &Pending) -> Step {
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

fn decide(store: &MongoStore, outcomes: &mut [AnswerOutcome], one: &Pending, write: &Sent) {
    outcomes[one.nth] = write.recorded;
    store.stats.change(&write.before, &write.after);
}

/// Everything but the content, unless answers are compared, also with that.
fn state_fields(policy: &StorePolicy) -> Document {
    if policy.rule.compares() {
        doc! {}
    } else {
        doc! { "task": 0, "task_json": 0 }
    }
}

/// A task that was read, as it will be after the writes that are sent.
struct ReadTask {
    state: TaskState,
    body: TaskJson,
    rev: i64,
    storage: HashMap<String, AnswerStorage>,
}

impl ReadTask {
    fn of(store: &MongoStore, policy: &StorePolicy, stored: &mut TaskDocument) -> Result<Self> {
        let body = if policy.rule.compares() {
            let task = stored.task().map_err(|malformed| {
                store.connection.malformed_task(OPERATION, &stored.id, &malformed)
            })?;
            task.body.clone()
        } else {
            TaskJson::empty()
        };
        let state = stored.state().map_err(|malformed| {
            store.connection.malformed_task(OPERATION, &stored.id, &malformed)
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
    let sent = Sent { recorded: AnswerOutcome::Saved, before, after };
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
fn by_state(
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
    // From now on, whoever answers in this group finds what is written beside by then.
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
    let (before, after) = (task_stats(&before), task_stats(after));
    Step::Write(Box::new(statement), Box::new(Sent { recorded, before, after }))
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
