//! Whether everything that lies beside the tasks belongs to one of them: spare versions and large
//! data are what a crash between two writes leaves. How they come about, and why one that is old
//! can be removed while daemons are at work, is told in `side_documents.rs`.
//!
//! Both collections are walked by `_id`, a page at a time. Tasks are read before the versions that
//! may refer to large data: a version that is replaced is in the history before it leaves the task.
//!
//! Rejected: a TTL index on `at`, which would also remove what is needed.

use std::collections::HashSet;

use mongodb::Collection;
use mongodb::bson::{DateTime, RawBsonRef, RawDocument, RawDocumentBuf, doc};

use super::connection::MongoConnection;
use super::document::TaskDocument;
use super::side_documents::{self, MAX_UNREFERENCED_AGE_MS, id_in};
use crate::store::Result;
use crate::store::audit::Outcome;
use crate::task::TaskId;

const OPERATION: &str = "look over what lies beside the tasks";
/// Documents of a page.
const PAGE: i64 = 1000;

/// Looks for what nothing refers to, and removes it if that is asked for.
pub(super) async fn look(
    connection: &MongoConnection,
    repair: bool,
) -> Result<Vec<(&'static str, String, Outcome)>> {
    let mut found = Vec::new();
    for (collection, breaks, what) in [
        (&connection.history, "history", "earlier versions of answers"),
        (&connection.large, "large", "large answers"),
    ] {
        let (unreferenced, fresh) =
            look_at(connection, collection, breaks == "history", repair).await?;
        if unreferenced > 0 {
            let says = format!(
                "{} holds {unreferenced} {what} that no answer refers to: a write was broken off",
                collection.name()
            );
            found.push((breaks, says, Outcome::derived(repair)));
        }
        if fresh > 0 {
            let says = format!(
                "{} holds {fresh} {what} of the last hour that no answer refers to; their answers may \
                 be under way",
                collection.name()
            );
            found.push((breaks, says, Outcome::Note));
        }
    }
    Ok(found)
}

/// How many documents of a collection are spare, and how many may be.
async fn look_at(
    connection: &MongoConnection,
    collection: &Collection<RawDocumentBuf>,
    is_history: bool,
    repair: bool,
) -> Result<(u64, u64)> {
    let before = DateTime::from_millis(connection.now(OPERATION).await? - MAX_UNREFERENCED_AGE_MS);
    let (mut unreferenced, mut fresh) = (0, 0);
    let mut after = String::new();
    loop {
        let find = collection
            .find(doc! { "_id": { "$gt": &after } })
            .sort(doc! { "_id": 1 })
            .projection(doc! { "at": 1 })
            .limit(PAGE);
        let page = connection.find(OPERATION, find).await?;
        let Some(last) = page.last() else { return Ok((unreferenced, fresh)) };
        id_in(last).clone_into(&mut after);
        let needed = needed(connection, &page, is_history).await?;
        for document in page.iter().filter(|document| !needed.contains(id_in(document))) {
            let at = document.get("at").ok().flatten().and_then(RawBsonRef::as_datetime);
            if at.is_some_and(|at| at >= before) {
                fresh += 1;
                continue;
            }
            unreferenced += 1;
            if repair {
                let same = doc! { "_id": id_in(document), "at": at };
                connection.run(OPERATION, collection.delete_one(same)).await?;
            }
        }
    }
}

/// Those of these documents that a task, or an earlier version, refers to.
async fn needed(
    connection: &MongoConnection,
    page: &[RawDocumentBuf],
    is_history: bool,
) -> Result<HashSet<String>> {
    let task = |document: &RawDocument| id_in(document).split(':').next().map(str::to_owned);
    let tasks: HashSet<String> = page.iter().filter_map(|document| task(document)).collect();
    let tasks: Vec<&str> = tasks.iter().map(String::as_str).collect();
    let mut needed = HashSet::new();
    let fields = doc! { "task": 0, "task_json": 0 };
    let find = connection.tasks.find(doc! { "_id": { "$in": &tasks } }).projection(fields);
    let mut unreadable = HashSet::new();
    for document in connection.find(OPERATION, find).await? {
        let Ok(stored) = TaskDocument::read(&document) else {
            // What belongs to it is unknown.
            unreadable.insert(id_in(&document).to_owned());
            continue;
        };
        for answer in stored.all_answers() {
            let storage = &answer.storage;
            if is_history {
                let earlier =
                    |nth| side_documents::id_of_earlier(&stored.id, &answer.answer.annotator, nth);
                needed.extend((1..=storage.revisions).map(earlier));
            } else if let Some(name) = &storage.large {
                needed.insert(side_documents::id_of_large(&stored.id, name));
            }
        }
    }
    for document in page {
        if task(document).is_some_and(|task| unreadable.contains(&task)) {
            needed.insert(id_in(document).to_owned());
        }
    }
    if !is_history {
        needed.extend(large_of_earlier(connection, &tasks).await?);
    }
    Ok(needed)
}

/// What the earlier versions of answers to these tasks refer to.
async fn large_of_earlier(connection: &MongoConnection, tasks: &[&str]) -> Result<HashSet<String>> {
    let mut needed = HashSet::new();
    for task in tasks {
        // `;` follows `:`.
        let query = doc! {
            "_id": { "$gte": format!("{task}:"), "$lt": format!("{task};") },
            "version.large": { "$exists": true },
        };
        let find = connection.history.find(query).projection(doc! { "version.large": 1 });
        for document in connection.find(OPERATION, find).await? {
            let version = document.get("version").ok().flatten().and_then(RawBsonRef::as_document);
            let Some(version) = version else { continue };
            let name = version.get("large").ok().flatten().and_then(RawBsonRef::as_str);
            let task = TaskId::from_text(task);
            needed.extend(name.map(|name| side_documents::id_of_large(&task, name)));
        }
    }
    Ok(needed)
}
