//! Changing a task as a whole: naming other people, wanting more or less of it, letting an answer
//! that came too late fill a slot.
//!
//! A task is read, decided about as a value, and written back under the condition that nobody has
//! written to it since: every write raises `rev`. Whoever comes second decides anew.
//!
//! Rejected: an update for each kind of change, which would say in the server's words what
//! [`TaskState`] says already.

use std::collections::{HashMap, HashSet};

use mongodb::bson::{doc, rawdoc};

use super::MongoStore;
use super::beside::{self, Beside, Statement};
use super::document::{self, Kept, Stored};
use super::reads;
use crate::allocation::TaskState;
use crate::store::tally::contribution;
use crate::store::{Amendment, Result};
use crate::task::TaskId;

/// Tasks that are filled in one round trip.
const GROUP: i64 = 500;
/// Rounds in which others were faster, before it is left to the next sweep.
const ROUNDS: usize = 5;

/// The write that brings a task from what was read to another state.
///
/// `kept` says what is known of its answers as they are stored. It is announced where that opens it to
/// anybody.
pub(super) fn statement(
    store: &MongoStore,
    stored: &Stored,
    rev: i64,
    before: &TaskState,
    after: &TaskState,
    kept: &HashMap<String, Kept>,
) -> Statement {
    let order = store.terms().order;
    let priority = stored.position.priority();
    let position = order.position(priority, stored.number.0, after.remaining());
    let changed =
        (&before.lanes, before.wanted, stored.position) != (&after.lanes, after.wanted, position);
    let announce = after.free() > 0 && (changed || after.free() > before.free());
    let known = |annotator: &str| kept.get(annotator).cloned().unwrap_or_default();
    let mut beside = Beside::default();
    Statement {
        query: rawdoc! { "_id": stored.id.as_str(), "rev": rev },
        update: document::of_state(&stored.id, after, position, known, announce, &mut beside),
        beside,
    }
}

/// Changes tasks, each if it is as it was seen.
pub(super) async fn amend(store: &MongoStore, amendments: &[Amendment]) -> Result<Vec<bool>> {
    const DOING: &str = "change tasks";
    let mut done = vec![false; amendments.len()];
    if amendments.is_empty() {
        return Ok(done);
    }
    let server = &store.server;
    let fields = || doc! { "task": 0, "task_json": 0 };
    let ids = || amendments.iter().map(|amendment| &amendment.task).collect::<HashSet<&TaskId>>();
    let writing = store.figures.writing().await;
    let found = reads::by_id(server, DOING, ids(), fields()).await?;
    let mut statements = Vec::new();
    let mut sent = Vec::new();
    let mut once = HashSet::new();
    for (nth, Amendment { task, seen, now }) in amendments.iter().enumerate() {
        let Some(stored) = found.get(task) else { continue };
        let before = stored.state().map_err(|odd| server.odd_task(DOING, task, &odd))?;
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
        statements.push(statement(store, stored, stored.rev, &before, &now, &stored.kept()));
        sent.push((nth, before, now));
    }
    let expected = statements.len() as u64;
    let matched =
        if expected == 0 { 0 } else { Statement::send_all(server, DOING, statements).await? };
    let all = matched == expected;
    let found =
        if all { HashMap::new() } else { reads::by_id(server, DOING, ids(), fields()).await? };
    for (nth, before, now) in sent {
        let task = &amendments[nth].task;
        store.outlook.forget(task);
        if all
            || found.get(task).is_some_and(|stored| stored.state().is_ok_and(|is| is.is_as(&now)))
        {
            store.figures.change(&contribution(&before), &contribution(&now));
            done[nth] = true;
        }
    }
    if all {
        writing.done();
    }
    Ok(done)
}

/// Fills slots that have opened again with answers that came too late.
pub(super) async fn fill(store: &MongoStore) -> Result<()> {
    const DOING: &str = "let late answers count";
    let rule = &store.terms().rule;
    for _ in 0..ROUNDS {
        let find = store
            .server
            .tasks
            .find(doc! { "late.annotator": { "$gt": "" }, "free": { "$gt": 0 }, "finished": false })
            .limit(GROUP);
        let found = store.server.find(DOING, find).await?;
        let mut amendments = Vec::new();
        for document in &found {
            let mut stored = beside::whole(&store.server, DOING, document).await?;
            let odd = |odd| store.server.odd(DOING, document, &odd);
            let task = stored.task().map_err(odd)?;
            let seen = stored.state().map_err(odd)?;
            let mut now = seen.clone();
            now.promote_late_answers(rule, &task.body);
            if now != seen {
                amendments.push(Amendment { task: stored.id.clone(), seen, now });
            }
        }
        if amendments.is_empty() {
            return Ok(());
        }
        amend(store, &amendments).await?;
    }
    Ok(())
}
