//! Whether each document agrees with itself.
//!
//! `free`, `left`, `seen`, `coders`, `finished` and `position` follow from the other fields. A
//! document is written by one guarded write at a time, so a reader sees it whole, and a daemon at
//! work raises no false alarm. A repair sets those fields alone, if no process has written to the
//! document since (`rev`); then it is read again, and again repaired, a few times. Answers are
//! never written.
//!
//! The walk is by `_id`, which every document has: `number`, by which others walk, may be what is
//! missing.
//!
//! Rejected: one pipeline update over the whole collection, which says in the server's words what
//! [`TaskState`](crate::allocation::TaskState) says already, and does not show which tasks were
//! wrong.

mod document_check;
mod whole_store;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;

use mongodb::bson::{RawDocumentBuf, doc};
use mongodb::options::ReturnDocument;

use self::document_check::{Draft, Seen, number_in, whole};
pub(super) use self::whole_store::whole_store;
use super::connection::{MongoConnection, number};
use super::document::MalformedDocument;
use super::side_documents::{self, Wanted, id_in};
use super::{MongoStore, migrations};
use crate::allocation::SequenceNumber;
use crate::allocation::order::Order;
use crate::store::Result;
use crate::store::audit::{AuditOptions, AuditedPage, Finding, Outcome, PageRequest, PageToken};
use crate::task::TaskId;

const OPERATION: &str = "look over the tasks";

/// How often a task is repaired again because another process has changed it.
const AGAIN: usize = 5;

/// Looks over the documents behind the bookmark.
pub(super) async fn page(
    store: &MongoStore,
    page: PageRequest,
    how: AuditOptions,
) -> Result<AuditedPage> {
    let connection = &store.connection;
    let query = match &page.after {
        None => doc! { "_id": { "$gte": "" } },
        Some(after) => doc! { "_id": { "$gt": &after.0 } },
    };
    let limit = i64::try_from(page.limit.max(1)).unwrap_or(i64::MAX);
    let find = connection.tasks.find(query).sort(doc! { "_id": 1 }).limit(limit);
    let documents = connection.find(OPERATION, find).await?;
    let last = documents.last().map(|last| PageToken(id_in(last).to_owned()));
    let mut audited =
        AuditedPage { tasks: documents.len() as u64, next: last, ..AuditedPage::default() };
    let mut all = Vec::new();
    for (task, seen) in read_all(store, &documents, how.order).await? {
        match seen {
            Ok(seen) => all.push(seen),
            Err(malformed) => audited.findings.push(Finding {
                breaks: "readable",
                task: Some(task),
                says: format!(
                    "it cannot be read: {malformed}; correct or remove it in {}",
                    connection.location
                ),
                outcome: Outcome::Unrepairable,
            }),
        }
    }
    mark_doubles(connection, &mut all).await?;
    let wrong: Vec<TaskId> =
        all.iter().filter(|seen| seen.is_wrong()).map(|seen| seen.record.task.id.clone()).collect();
    if how.repair && !wrong.is_empty() {
        audited.repaired = repair(store, how.order, wrong).await?;
    }
    for Seen { record, wrong, lost, .. } in all {
        let outcome = Outcome::derived(audited.repaired.contains(&record.task.id));
        let wrong = wrong.into_iter().map(|(breaks, says)| (breaks, says, outcome));
        let lost = lost.into_iter().map(|(breaks, says)| (breaks, says, Outcome::Unrepairable));
        for (breaks, says, outcome) in wrong.chain(lost) {
            let task = Some(record.task.id.clone());
            audited.findings.push(Finding { breaks, task, says, outcome });
        }
        audited.records.push(record);
    }
    Ok(audited)
}

/// Reads documents with what lies beside them; each for itself.
async fn read_all(
    store: &MongoStore,
    documents: &[RawDocumentBuf],
    order: Option<Order>,
) -> Result<Vec<(TaskId, std::result::Result<Seen, MalformedDocument>)>> {
    let task = |document: &RawDocumentBuf| TaskId::from_text(id_in(document));
    let mut drafts: Vec<_> =
        documents.iter().map(|document| (task(document), Draft::read(document))).collect();
    let stored = drafts.iter_mut().filter_map(|(_, draft)| draft.as_mut().ok());
    let stored = stored.map(|draft| &mut draft.stored);
    side_documents::fill(&store.connection, OPERATION, stored, Wanted::All).await?;
    let is_present = store.is_present.load(Ordering::Relaxed);
    let seen =
        |draft: std::result::Result<Draft, MalformedDocument>| draft?.seen(order, is_present);
    Ok(drafts.into_iter().map(|(task, draft)| (task, seen(draft))).collect())
}

/// Marks those whose number another task has, too. The one keeps it whose place was made of it, or
/// else the first by `_id`.
async fn mark_doubles(connection: &MongoConnection, all: &mut [Seen]) -> Result<()> {
    let numbers: Vec<i64> = all.iter().map(|seen| seen.record.number.0).collect();
    let find = connection
        .tasks
        .find(doc! { "number": { "$in": numbers } })
        .projection(doc! { "number": 1, "position": 1 });
    let mut owners: HashMap<i64, (bool, String)> = HashMap::new();
    for document in connection.find(OPERATION, find).await? {
        let read = |key: &str| document.get(key).ok().flatten().and_then(whole);
        let Some(number) = read("number") else { continue };
        let elsewhere = read("position").and_then(number_in) != Some(number);
        let candidate = (elsewhere, id_in(&document).to_owned());
        let owner = owners.entry(number).or_insert_with(|| candidate.clone());
        if candidate < *owner {
            *owner = candidate;
        }
    }
    for seen in all {
        let number = seen.record.number.0;
        let Some((_, owner)) = owners.get(&number) else { continue };
        if owner != seen.record.task.id.as_str() {
            seen.double = true;
            seen.wrong.push(("number", format!("its number, {number}, is that of {owner}")));
        }
    }
    Ok(())
}

/// Puts these right; says which are.
async fn repair(
    store: &MongoStore,
    order: Option<Order>,
    mut wrong: Vec<TaskId>,
) -> Result<HashSet<TaskId>> {
    let connection = &store.connection;
    // What this adds to the figures is found by the next count.
    let _in_doubt = store.stats.write_guard().await;
    let mut repaired = HashSet::new();
    for _ in 0..AGAIN {
        let ids: Vec<&str> = wrong.iter().map(TaskId::as_str).collect();
        let find = connection.tasks.find(doc! { "_id": { "$in": ids } });
        let documents = connection.find(OPERATION, find).await?;
        // What an older daemon has written is made of this format first, and then looked at again.
        if migrations::to_3::rewrite(connection, &documents).await? > 0 {
            continue;
        }
        // What cannot be read by now stays, and is found the next time.
        let read = read_all(store, &documents, order).await?;
        let mut all: Vec<Seen> = read.into_iter().filter_map(|(_, seen)| seen.ok()).collect();
        mark_doubles(connection, &mut all).await?;
        wrong.clear();
        let mut statements = Vec::new();
        for seen in &all {
            if !seen.is_wrong() {
                repaired.insert(seen.record.task.id.clone());
                continue;
            }
            let number = if seen.double || seen.missing.contains(&"number") {
                number_for(connection, order, seen).await?
            } else {
                seen.record.number
            };
            statements.push(seen.statement(order, number));
            wrong.push(seen.record.task.id.clone());
            store.remaining_cache.forget(&seen.record.task.id);
        }
        if statements.is_empty() {
            break;
        }
        connection.update("repair tasks", statements).await?;
    }
    Ok(repaired)
}

/// A number for a task that has lost its own: the one that its place was made of, if that can be
/// derived and no task has it, or else the next one.
async fn number_for(
    connection: &MongoConnection,
    order: Option<Order>,
    seen: &Seen,
) -> Result<SequenceNumber> {
    if let Some(Order::Loaded) = order
        && let Some(number) = seen.storage.position.and_then(number_in)
    {
        let find = connection.tasks.find(doc! { "number": number }).limit(1);
        if connection.find(OPERATION, find).await?.is_empty() {
            return Ok(SequenceNumber(number));
        }
    }
    let next = connection
        .meta
        .find_one_and_update(doc! { "_id": "numbers" }, doc! { "$inc": { "last": 1_i64 } })
        .upsert(true)
        .return_document(ReturnDocument::After);
    let next = connection.run("repair tasks", next).await?.unwrap_or_default();
    number(&next, "last").map(SequenceNumber).ok_or_else(|| {
        connection.failed("repair tasks", format!("its numbering is damaged: {next}"))
    })
}
