//! Changing a task as a whole: naming other people, wanting more or less of it, letting an answer
//! that came too late fill a slot.
//!
//! A task is read, decided about as a value, and written back under the condition that no process
//! has written to it since: every write raises `rev`. The second of two writers decides again.
//!
//! Rejected: an update for each kind of change, which would say in the server's words what
//! [`TaskState`] says already.

use std::collections::{HashMap, HashSet};

use mongodb::bson::{doc, rawdoc};

use super::MongoStore;
use super::document::{self, AnswerStorage, TaskDocument};
use super::find;
use super::side_documents::{self, SideDocuments, Statement};
use crate::allocation::TaskState;
use crate::store::stats::stats_delta;
use crate::store::{Result, StateUpdate};
use crate::task::TaskId;

/// Tasks that are filled in one round trip.
const GROUP: i64 = 500;
/// Rounds in which others were faster, before it is left to the next sweep.
const ROUNDS: usize = 5;

/// The write that brings a task from what was read to another state.
///
/// `storage` says what is known of its answers as they are stored. It is announced where that opens
/// it to any annotator.
pub(super) fn statement(
    store: &MongoStore,
    stored: &TaskDocument,
    rev: i64,
    before: &TaskState,
    after: &TaskState,
    storage: &HashMap<String, AnswerStorage>,
) -> Statement {
    let order = store.policy().order;
    let priority = stored.position.priority();
    let position = order.position(priority, stored.number.0, after.remaining());
    let changed =
        (&before.lanes, before.wanted, stored.position) != (&after.lanes, after.wanted, position);
    let announce = after.free() > 0 && (changed || after.free() > before.free());
    let known = |annotator: &str| storage.get(annotator).cloned().unwrap_or_default();
    let mut side_documents = SideDocuments::default();
    Statement {
        query: rawdoc! { "_id": stored.id.as_str(), "rev": rev },
        update: document::of_state(
            &stored.id,
            after,
            position,
            known,
            announce,
            &mut side_documents,
        ),
        side_documents,
    }
}

/// Changes tasks, each if it is as it was seen.
pub(super) async fn update_if_unchanged(
    store: &MongoStore,
    state_updates: &[StateUpdate],
) -> Result<Vec<bool>> {
    const OPERATION: &str = "change tasks";
    let mut done = vec![false; state_updates.len()];
    if state_updates.is_empty() {
        return Ok(done);
    }
    let connection = &store.connection;
    let fields = || doc! { "task": 0, "task_json": 0 };
    let ids =
        || state_updates.iter().map(|amendment| &amendment.task).collect::<HashSet<&TaskId>>();
    let write_guard = store.stats.write_guard().await;
    let found = find::by_id(connection, OPERATION, ids(), fields()).await?;
    let mut statements = Vec::new();
    let mut sent = Vec::new();
    let mut once = HashSet::new();
    for (nth, StateUpdate { task, seen, now }) in state_updates.iter().enumerate() {
        let Some(stored) = found.get(task) else { continue };
        let before = stored
            .state()
            .map_err(|malformed| connection.malformed_task(OPERATION, task, &malformed))?;
        if !before.is_as(seen) || !once.insert(task) {
            continue;
        }
        // A lease that was renewed since it was seen stays renewed.
        let mut now = now.clone();
        for hold in &mut now.held {
            if let Some(renewed) = before.held.iter().find(|h| h.annotator == hold.annotator) {
                hold.clone_from(renewed);
            }
        }
        statements.push(statement(store, stored, stored.rev, &before, &now, &stored.storage()));
        sent.push((nth, before, now));
    }
    let expected = statements.len() as u64;
    let matched = if expected == 0 {
        0
    } else {
        Statement::send_all(connection, OPERATION, statements).await?
    };
    let all = matched == expected;
    let found = if all {
        HashMap::new()
    } else {
        find::by_id(connection, OPERATION, ids(), fields()).await?
    };
    for (nth, before, now) in sent {
        let task = &state_updates[nth].task;
        store.remaining_cache.forget(task);
        if all
            || found.get(task).is_some_and(|stored| stored.state().is_ok_and(|is| is.is_as(&now)))
        {
            store.stats.apply(&stats_delta(Some(&before), Some(&now)));
            done[nth] = true;
        }
    }
    if all {
        write_guard.done();
    }
    Ok(done)
}

/// Fills slots that have opened again with answers that came too late.
pub(super) async fn fill(store: &MongoStore) -> Result<()> {
    const OPERATION: &str = "let late answers count";
    let rule = &store.policy().rule;
    for _ in 0..ROUNDS {
        let find = store
            .connection
            .tasks
            .find(doc! { "late.annotator": { "$gt": "" }, "free": { "$gt": 0 }, "finished": false })
            .limit(GROUP);
        let found = store.connection.find(OPERATION, find).await?;
        let mut state_updates = Vec::new();
        for document in &found {
            let mut stored = side_documents::whole(&store.connection, OPERATION, document).await?;
            let malformed = |malformed| store.connection.malformed(OPERATION, document, &malformed);
            let task = stored.task().map_err(malformed)?;
            let seen = stored.state().map_err(malformed)?;
            let mut now = seen.clone();
            now.promote_late_answers(rule, &task.body);
            if now != seen {
                state_updates.push(StateUpdate { task: stored.id.clone(), seen, now });
            }
        }
        if state_updates.is_empty() {
            return Ok(());
        }
        update_if_unchanged(store, &state_updates).await?;
    }
    Ok(())
}
