//! Format 2 to 3: earlier versions of answers and large data go beside the tasks
//! (`side_documents.rs`), each document says its format, hashes have 64 bits, and leases and
//! answers say by what they were handed out.
//!
//! **A fence before anything else.** A daemon of format 2 looks at the format when it starts, and
//! one that runs on meanwhile would write documents of its own shape: a revision with all earlier
//! versions within, a task without what format 3 needs. So the collection gets a validator that
//! refuses every write after which a document has that shape. Such a daemon can neither hand out
//! nor store nor load any more; it logs "Document failed validation", pages say that answers are
//! kept in the browser, and there they wait for the newer daemon. It can still take tasks back,
//! which is right in both formats. The validator stays: it costs nothing that can be measured, and
//! it is not known when the last old daemon has ended.
//!
//! Then the record of the format gets a text in the place of its number, so that no annotd begins
//! to work on the project; then tasks are rewritten in the order of their `_id`, in batches, each
//! task with a write that is guarded by `rev`, and each batch is noted; then it is made sure that
//! none is left; then the number is written. Broken off at any moment, it is begun again where it
//! was: a task that has been rewritten has the new number, and what is stored beside it is written
//! again as it was.
//!
//! Rejected: renaming the fields that old daemons look at, which makes them do nothing without a
//! word, and everything that people ask the database for with it; a new collection, which needs
//! twice the room and a moment without writes; leaving out the fence and repairing
//! afterwards, since a document that holds both shapes can be read in two ways.

use std::collections::HashSet;

use mongodb::bson::{Document, RawArrayBuf, RawBsonRef, RawDocumentBuf, doc, rawdoc};
use mongodb::error::ErrorKind;

use super::{Migrated, OPERATION};
use crate::store::mongo::connection::{MongoConnection, number};
use crate::store::mongo::document::{self, FORMAT, StoredAnswer, TaskDocument};
use crate::store::mongo::editions;
use crate::store::mongo::side_documents::{SideDocuments, Statement, id_in};
use crate::store::{Result, legacy};

/// Tasks of a batch.
const BATCH: i64 = 500;
/// How often a batch is written again because another process has changed its tasks.
const AGAIN: usize = 20;
/// What stands in the place of the format's number. It is shown by annotds that are older.
const UNDER_WAY: &str = "between 2 and 3: `annotd migrate` is under way, or was broken off; run it again with the newer \
     annotd, and stop this one";
/// What a server says to a user who may not do something.
const UNAUTHORIZED: i32 = 13;

/// Makes a project of format 2 one of format 3.
pub(super) async fn run(
    connection: &MongoConnection,
    migrated: &mut Migrated,
    seen: &mut impl FnMut(u64),
) -> Result<()> {
    fence(connection).await?;
    let mark = doc! { "$set": { "version": UNDER_WAY, "from": 2_i64, "to": 3_i64 } };
    connection.run(OPERATION, connection.meta.update_one(doc! { "_id": "format" }, mark)).await?;
    walk(connection, migrated, seen).await?;
    // A shard that was away, or a document that was put there by hand.
    let rest = doc! { "format": { "$ne": FORMAT }, "_id": { "$type": "string" } };
    let mut left = HashSet::new();
    loop {
        let find = connection.tasks.find(rest.clone()).projection(fields()).limit(BATCH);
        let documents = connection.find(OPERATION, find).await?;
        let rewritten = rewrite_all(connection, documents, &mut left).await?;
        migrated.tasks += rewritten;
        if rewritten == 0 {
            break;
        }
    }
    migrated.unreadable = left.len() as u64;
    allocation_record(connection).await?;
    if connection.run(OPERATION, connection.tasks.find_one(doc! {})).await?.is_some() {
        // What a migration that broke off has set stays.
        editions::set_identity(connection, legacy::IDENTITY).await?;
    }
    let done = doc! { "$set": { "version": i64::from(FORMAT) }, "$unset": { "from": 1, "to": 1, "after": 1 } };
    connection
        .run(OPERATION, connection.meta.update_one(doc! { "_id": "format" }, done))
        .await
        .map(drop)
}

/// Everything but the content, which stays as it is.
fn fields() -> Document {
    doc! { "task": 0, "task_json": 0 }
}

/// Refuses documents of the old shape.
async fn fence(connection: &MongoConnection) -> Result<()> {
    let change = doc! {
        "collMod": connection.tasks.name(),
        "validator": validator(),
        "validationLevel": "strict",
        "validationAction": "error",
    };
    // It waits for the writes that are under way.
    let outcome = connection.database.run_command(change).await;
    if let Err(error) = &outcome
        && let ErrorKind::Command(command) = error.kind.as_ref()
        && command.code == UNAUTHORIZED
    {
        return Err(connection.failed(
            OPERATION,
            format!(
                "this user may not set rules for a collection. A migration needs that once, to keep \
                 daemons of an older annotd from writing. Give the user the role dbAdmin on the database \
                 {db} (in mongosh: db.getSiblingDB({db:?}).grantRolesToUser(USER, [{{role: \"dbAdmin\", \
                 db: {db:?}}}])), or run `annotd migrate` with the URL of an administrator",
                db = connection.database.name()
            ),
        ));
    }
    connection.run(OPERATION, async { outcome }).await.map(drop)
}

/// What a document of format 3, or of a later one, is, and what one that a daemon of format 2 has
/// written is not.
fn validator() -> Document {
    let no_list_within = |answers: &str| format!("{answers}.history");
    let mut rules = doc! {
        "format": { "$gte": FORMAT },
        "held": { "$not": { "$elemMatch": { "tokenizer": { "$exists": false } } } },
    };
    for answers in ["answers", "skipped", "late"] {
        rules.insert(no_list_within(answers), doc! { "$exists": false });
    }
    rules
}

async fn walk(
    connection: &MongoConnection,
    migrated: &mut Migrated,
    seen: &mut impl FnMut(u64),
) -> Result<()> {
    let note =
        connection.run(OPERATION, connection.meta.find_one(doc! { "_id": "format" })).await?;
    let mut after =
        note.as_ref().and_then(|note| note.get_str("after").ok()).unwrap_or_default().to_owned();
    let mut looked = 0;
    let mut left = HashSet::new();
    loop {
        let find = connection
            .tasks
            .find(doc! { "_id": { "$gt": &after } })
            .sort(doc! { "_id": 1 })
            .projection(fields())
            .limit(BATCH);
        let documents = connection.find(OPERATION, find).await?;
        let Some(last) = documents.last() else { return Ok(()) };
        id_in(last).clone_into(&mut after);
        looked += documents.len() as u64;
        migrated.tasks += rewrite_all(connection, documents, &mut left).await?;
        let note = doc! { "$set": { "after": &after } };
        connection
            .run(OPERATION, connection.meta.update_one(doc! { "_id": "format" }, note))
            .await?;
        seen(looked);
    }
}

/// Rewrites these documents, and again those that another process has changed meanwhile. Those that
/// cannot be read are noted in `left`.
async fn rewrite_all(
    connection: &MongoConnection,
    mut documents: Vec<RawDocumentBuf>,
    left: &mut HashSet<String>,
) -> Result<u64> {
    let mut rewritten = 0;
    for _ in 0..AGAIN {
        documents.retain(needs);
        for document in &documents {
            if TaskDocument::read(document).is_err() {
                left.insert(id_in(document).to_owned());
            }
        }
        documents.retain(|document| !left.contains(id_in(document)));
        if documents.is_empty() {
            return Ok(rewritten);
        }
        rewrite(connection, &documents).await?;
        let ids: Vec<&str> = documents.iter().map(|document| id_in(document)).collect();
        let find = connection
            .tasks
            .find(doc! { "_id": { "$in": ids }, "format": { "$ne": FORMAT } })
            .projection(fields());
        let again = connection.find(OPERATION, find).await?;
        rewritten += (documents.len() - again.len()) as u64;
        documents = again;
    }
    Err(connection.unavailable(OPERATION, "daemons keep changing the tasks; stop them".into()))
}

fn needs(document: &RawDocumentBuf) -> bool {
    let format = document.get("format").ok().flatten();
    let format = format.and_then(|format| format.as_i32().or(format.as_i64().map(|_| FORMAT)));
    format.is_none_or(|format| format < FORMAT)
}

/// Rewrites those of these documents that are of format 2, if they can be read and no other process
/// has written to them since; says how many needed it.
pub(in crate::store::mongo) async fn rewrite(
    connection: &MongoConnection,
    documents: &[RawDocumentBuf],
) -> Result<u64> {
    let mut statements = Vec::new();
    for document in documents.iter().filter(|document| needs(document)) {
        if let Ok(stored) = TaskDocument::read(document) {
            statements.push(statement(document, &stored));
        }
    }
    let needed = statements.len() as u64;
    if needed > 0 {
        Statement::send_all(connection, OPERATION, statements).await?;
    }
    Ok(needed)
}

/// The write that makes a document one of format 3.
fn statement(document: &RawDocumentBuf, stored: &TaskDocument) -> Statement {
    let mut side_documents = SideDocuments::default();
    let mut set = rawdoc! { "format": FORMAT };
    for hash in ["input_hash", "task_hash"] {
        if let Ok(Some(RawBsonRef::Int32(number))) = document.get(hash) {
            set.append(hash, i64::from(number));
        }
    }
    if !stored.held.is_empty() {
        set.append("held", document::of_holds(&stored.held));
    }
    let mut rewrite = |key: &str, answers: &[StoredAnswer]| {
        let mut list = RawArrayBuf::new();
        for StoredAnswer { answer, storage, .. } in answers {
            list.push(document::of_answer(&stored.id, answer, storage, &mut side_documents));
        }
        if !answers.is_empty() {
            set.append(key, list);
        }
    };
    rewrite("answers", &stored.answers);
    rewrite("skipped", &stored.skipped);
    rewrite("late", &stored.late);
    let mut query = rawdoc! { "_id": stored.id.as_str() };
    match document.get("rev") {
        Ok(Some(rev)) => query.append_ref("rev", rev),
        _ => query.append("rev", rawdoc! { "$exists": false }),
    }
    let update = rawdoc! { "$set": set, "$inc": { "rev": 1_i64 } };
    Statement { query, update, side_documents }
}

/// Puts the record of what was dealt out into the words of this format.
async fn allocation_record(connection: &MongoConnection) -> Result<()> {
    for _ in 0..AGAIN {
        let allocation_record =
            connection.run(OPERATION, connection.meta.find_one(doc! { "_id": "deal" })).await?;
        let Some(allocation_record) = allocation_record else { return Ok(()) };
        let (Ok(state), Some(version)) =
            (allocation_record.get_str("state"), number(&allocation_record, "version"))
        else {
            // It is damaged; `verify` makes it again.
            return Ok(());
        };
        let new = legacy::allocation_record(state);
        if new == state {
            return Ok(());
        }
        let same = doc! { "_id": "deal", "version": version };
        let change = doc! { "$set": { "state": new.as_ref(), "version": version + 1 } };
        let changed = connection.run(OPERATION, connection.meta.update_one(same, change)).await?;
        if changed.matched_count == 1 {
            return Ok(());
        }
    }
    Err(connection
        .unavailable(OPERATION, "loads keep changing what was dealt out; stop them".into()))
}
