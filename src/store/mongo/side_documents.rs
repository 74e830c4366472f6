//! What of an answer lies beside its task's document: earlier versions, in `<project>.history`, and
//! large data, in `<project>.large`. So the document grows neither with changes of mind nor with
//! the size of what is drawn, and stays far below the 16 MiB that MongoDB allows.
//!
//! A version that is replaced is a document `{_id: "TASK:NTH:ANNOTATOR", task, annotator, nth,
//! version, at}`; the answer says in `revisions` how many there are, numbered from 1. Data of more
//! than [`LARGE`] bytes are a document `{_id: "TASK:HASH", task, data_json, at}`, and the version
//! says in `large` which hash. So a reader of a document knows which others belong to it, and
//! finds them by their `_id`: one query for a page of tasks where any of them has some, and none
//! otherwise. An answer that is the first of its annotator costs no round trip more than before.
//!
//! **First beside, then the document.** What lies beside is written with majority and journal
//! before the guarded write that refers to it. A crash in between leaves a spare, which nothing
//! refers to; an answer is acknowledged when both are there.
//!
//! **Several daemons.** Which version has the number n is settled before it is written: it is
//! the one that was current while `revisions` was n - 1. A version becomes current by one guarded
//! write, which says which stamp and which `revisions` were read, so only one of several daemons
//! replaces it, and no answer ever leaves its task. Those who lose have written the same document
//! under the same `_id`, or a spare that is overwritten when the number is next given. Large data
//! are named by their content, so two writers of one name write the same.
//!
//! **Spares are removed** by `annotd verify --repair`, and a writer may be about to refer to one.
//! So a write that refers to something beside has an end: its guard compares the server's clock
//! (`$$NOW`) with [`REFER`] after the writing began, and a spare is removed only if its last
//! writing (`at`, by the server's clock) is [`MAX_UNREFERENCED_AGE_MS`] ago and it has not been
//! written since it was looked at. A daemon that was suspended in between finds its guard closed,
//! and writes both again.
//!
//! Rejected: a number for each writer in the `_id`, which makes a document that grows with
//! revisions again, since it has to say which ones count; a transaction, which a single server does
//! not have; `GridFS`, which is two writes and two reads for what fits into one document.

use std::collections::HashMap;

use mongodb::bson::{DateTime, Document, RawBsonRef, RawDocument, RawDocumentBuf, doc, rawdoc};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::connection::MongoConnection;
use super::document::{MalformedDocument, StoredVersion, TaskDocument, read_version};
use super::json;
use crate::store::{LARGE_ANSWER_BYTES, Result};
use crate::task::TaskId;

/// Data of fewer bytes as BSON are not measured as JSON, which takes six times as much at most.
const SURELY_SMALL: usize = LARGE_ANSWER_BYTES / 8;
/// For how long after something was written beside a write may refer to it, in milliseconds.
const REFER: i64 = 10 * 60_000;
/// What nothing refers to so long after it was written is spare, in milliseconds.
pub(super) const MAX_UNREFERENCED_AGE_MS: i64 = 60 * 60_000;
/// Documents that are asked for in one query.
const ASKED: usize = 5000;

/// The name of large data: 32 hexadecimal digits of their SHA-256.
pub(super) fn name_of(text: &str) -> String {
    let mut name = hex::encode(Sha256::digest(text.as_bytes()));
    name.truncate(32);
    name
}

/// The data as text if they are to lie beside: they are large, or nested deeper than a document may
/// be.
pub(super) fn large(
    data: &Map<String, Value>,
    bytes: usize,
    text: impl FnOnce() -> String,
) -> Option<String> {
    let is_deep = json::is_deep(data);
    if bytes < SURELY_SMALL && !is_deep {
        return None;
    }
    let text = text();
    (is_deep || text.len() > LARGE_ANSWER_BYTES).then_some(text)
}

/// The `_id` of an earlier version.
pub(super) fn id_of_earlier(task: &TaskId, annotator: &str, nth: usize) -> String {
    // An annotator's name comes last, whatever it holds.
    format!("{task}:{nth}:{annotator}")
}

/// The `_id` of large data.
pub(super) fn id_of_large(task: &TaskId, name: &str) -> String {
    format!("{task}:{name}")
}

/// What is to be written beside before some documents are.
#[derive(Debug, Default)]
pub(super) struct SideDocuments {
    earlier: Vec<RawDocumentBuf>,
    large: Vec<RawDocumentBuf>,
}

impl SideDocuments {
    /// Adds a version that was replaced, under its number.
    pub(super) fn add_earlier(
        &mut self,
        task: &TaskId,
        annotator: &str,
        nth: usize,
        version: RawDocumentBuf,
    ) {
        let id = id_of_earlier(task, annotator, nth);
        let nth = i32::try_from(nth).unwrap_or(i32::MAX);
        self.earlier.push(rawdoc! {
            "q": { "_id": id },
            "u": {
                "$set": {
                    "task": task.as_str(), "annotator": annotator, "nth": nth, "version": version,
                },
                "$currentDate": { "at": true },
            },
            "upsert": true,
        });
    }

    /// Adds large data under their name.
    pub(super) fn add_large(&mut self, task: &TaskId, name: &str, text: &str) {
        self.large.push(rawdoc! {
            "q": { "_id": id_of_large(task, name) },
            "u": {
                "$setOnInsert": { "task": task.as_str(), "data_json": text },
                "$currentDate": { "at": true },
            },
            "upsert": true,
        });
    }

    #[cfg(test)]
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.earlier.len(), self.large.len())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.earlier.is_empty() && self.large.is_empty()
    }

    /// Takes over what another one holds.
    pub(super) fn append(&mut self, mut other: Self) {
        self.earlier.append(&mut other.earlier);
        self.large.append(&mut other.large);
    }

    /// Writes it; says until when a write may refer to it, by the server's clock.
    pub(super) async fn write(
        self,
        connection: &MongoConnection,
        operation: &'static str,
    ) -> Result<DateTime> {
        let began = connection.now(operation).await?;
        let earlier = connection.update_in(operation, connection.history.name(), self.earlier);
        let large = connection.update_in(operation, connection.large.name(), self.large);
        futures_util::try_join!(earlier, large)?;
        Ok(DateTime::from_millis(began + REFER))
    }
}

/// A guarded write to a task.
pub(super) struct Statement {
    /// Its guard.
    pub(super) query: RawDocumentBuf,
    /// Its operators.
    pub(super) update: RawDocumentBuf,
    /// What it refers to, which is written before.
    pub(super) side_documents: SideDocuments,
}

impl Statement {
    /// Writes what lies beside, and then the tasks; says how many found their document.
    pub(super) async fn send_all(
        connection: &MongoConnection,
        operation: &'static str,
        statements: Vec<Self>,
    ) -> Result<u64> {
        let mut side_documents = SideDocuments::default();
        let mut writes: Vec<(RawDocumentBuf, RawDocumentBuf)> = Vec::new();
        for statement in statements {
            writes.push((statement.query, statement.update));
            side_documents.append(statement.side_documents);
        }
        if !side_documents.is_empty() {
            let end = side_documents.write(connection, operation).await?;
            // A later write to a task may refer to what an earlier one has put beside.
            for (query, _) in &mut writes {
                until(query, end);
            }
        }
        let statement = |(query, update)| rawdoc! { "q": query, "u": update };
        connection.update(operation, writes.into_iter().map(statement).collect()).await
    }
}

/// Puts an end to a guard: from that time on, by the server's clock, it is closed.
fn until(guard: &mut RawDocumentBuf, end: DateTime) {
    guard.append("$expr", rawdoc! { "$lt": ["$$NOW", end] });
}

/// Which of an answer's versions are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of them.
    All,
    /// The current one alone.
    Current,
}

/// Fills in what lies beside these tasks' documents, as far as it is there: large data that are
/// lost stay marked as lacking, and earlier versions that are lost are left out.
pub(super) async fn fill<'a>(
    connection: &MongoConnection,
    operation: &'static str,
    tasks: impl Iterator<Item = &'a mut TaskDocument>,
    wanted: Wanted,
) -> Result<()> {
    let mut answers = Vec::new();
    let mut ids = Vec::new();
    let mut names = Vec::new();
    for task in tasks {
        let id = task.id.clone();
        for answer in task.all_answers_mut() {
            let revisions = if wanted == Wanted::All { answer.storage.revisions } else { 0 };
            let annotator = &answer.answer.annotator;
            ids.extend((1..=revisions).map(|nth| id_of_earlier(&id, annotator, nth)));
            names.extend(answer.storage.large.iter().map(|name| id_of_large(&id, name)));
            if revisions > 0 || answer.lacks_data {
                answers.push((id.clone(), answer));
            }
        }
    }
    if answers.is_empty() {
        return Ok(());
    }
    let mut earlier: HashMap<String, StoredVersion> = HashMap::new();
    for document in found(connection, operation, &connection.history, &ids).await? {
        let version = document.get("version").ok().flatten().and_then(RawBsonRef::as_document);
        // One that cannot be read is as one that is lost; `verify` names it.
        if let Some(Ok(version)) = version.map(read_version) {
            earlier.insert(id_in(&document).to_owned(), version);
        }
    }
    for (id, version) in &earlier {
        let task = id.split(':').next().unwrap_or_default();
        names.extend(version.large.iter().map(|name| format!("{task}:{name}")));
    }
    let mut large: HashMap<String, Map<String, Value>> = HashMap::new();
    for document in found(connection, operation, &connection.large, &names).await? {
        let text = document.get("data_json").ok().flatten().and_then(RawBsonRef::as_str);
        if let Some(data) = text.and_then(|text| serde_json::from_str(text).ok()) {
            large.insert(id_in(&document).to_owned(), data);
        }
    }
    let data = |task: &TaskId, name: &str| large.get(&id_of_large(task, name)).cloned();
    for (task, answer) in answers {
        if let Some(data) = answer.storage.large.as_deref().and_then(|name| data(&task, name)) {
            answer.answer.current.data = data;
            answer.lacks_data = false;
        }
        if wanted == Wanted::Current {
            continue;
        }
        let annotator = answer.answer.annotator.clone();
        let versions = (1..=answer.storage.revisions).filter_map(|nth| {
            let stored = earlier.get(&id_of_earlier(&task, &annotator, nth))?;
            let mut version = stored.version.clone();
            if let Some(name) = &stored.large {
                version.data = data(&task, name)?;
            }
            Some(version)
        });
        let mut versions: Vec<_> = versions.collect();
        answer.storage.known = versions.len();
        versions.append(&mut answer.answer.history);
        answer.answer.history = versions;
    }
    Ok(())
}

/// Documents by their `_id`, as far as they are there.
async fn found(
    connection: &MongoConnection,
    operation: &'static str,
    collection: &mongodb::Collection<RawDocumentBuf>,
    ids: &[String],
) -> Result<Vec<RawDocumentBuf>> {
    let mut found = Vec::new();
    for ids in ids.chunks(ASKED) {
        let query: Document = doc! { "_id": { "$in": ids } };
        found.extend(connection.find(operation, collection.find(query)).await?);
    }
    Ok(found)
}

/// Reads a task's document with what lies beside it.
pub(super) async fn whole(
    connection: &MongoConnection,
    operation: &'static str,
    document: &RawDocument,
) -> Result<TaskDocument> {
    let malformed =
        |malformed: MalformedDocument| connection.malformed(operation, document, &malformed);
    let mut stored = TaskDocument::read(document).map_err(malformed)?;
    fill(connection, operation, std::iter::once(&mut stored), Wanted::All).await?;
    Ok(stored)
}

/// The text that a document has as its `_id`.
pub(super) fn id_in(document: &RawDocument) -> &str {
    document.get("_id").ok().flatten().and_then(RawBsonRef::as_str).unwrap_or_default()
}
