//! What the tests share: a database that can be looked into and changed behind annotd's back.

use std::path::Path;

use annotd::allocation::{Lane, Plan};
use annotd::store::audit::{AuditOptions, Finding, PageRequest, PageToken};
use annotd::store::mongo::MongoStore;
use annotd::store::{AdminStore, Claim, LeaseStore, NewTask, Record, Submission, TaskStore};
use annotd::task::{Basis, Millis, Task, TaskId, TaskJson, Verdict, Version};
use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, doc};
use serde_json::{Map, Value};

use crate::common::mongod::Database;

/// The collections of the project `p`.
pub const COLLECTIONS: [&str; 4] = ["p", "p.annotd", "p.history", "p.large"];

pub async fn open(database: &Database) -> MongoStore {
    MongoStore::open(&database.url, "p").await.unwrap()
}

pub fn task(body: &str) -> Task {
    Task::new(TaskJson::parse(body).unwrap())
}

pub fn admission(body: &str, wanted: u32) -> NewTask {
    NewTask { task: task(body), plan: Plan::new(wanted, vec![Lane::Anyone]) }
}

/// The basis of everything that is handed out here.
pub fn basis() -> Basis {
    Basis { edition: 4, tokenizer: 2 }
}

pub fn says(verdict: Verdict, at: i64, data: &str) -> Version {
    let data: Map<String, Value> = serde_json::from_str(data).unwrap();
    Version {
        verdict,
        data,
        time_loaded: Millis(at - 10),
        time_returned: Millis(at),
        basis: basis(),
    }
}

pub async fn claim(store: &MongoStore, task: &TaskId, annotator: &str) {
    let claim = Claim {
        task: task.clone(),
        annotator: annotator.into(),
        since: Millis(100),
        until: Millis(1_000_000),
        basis: basis(),
    };
    assert_eq!(store.claim(vec![claim]).await.unwrap(), [true], "{annotator}");
}

pub fn answer(task: &TaskId, annotator: &str, version: Version) -> Submission {
    Submission { task: task.clone(), annotator: annotator.into(), version }
}

pub async fn look_up(store: &MongoStore, task: &TaskId) -> Record {
    store.look_up(std::slice::from_ref(task)).await.unwrap().pop().unwrap().unwrap()
}

/// Everything in a collection, in the order of `_id`.
pub async fn documents(database: &Database, collection: &str) -> Vec<Document> {
    let collection = database.client().await.collection::<Document>(collection);
    let found = collection.find(doc! {}).sort(doc! { "_id": 1 }).await.unwrap();
    found.try_collect().await.unwrap()
}

/// Puts documents of extended JSON, a line each, into a collection.
pub async fn put(database: &Database, collection: &str, lines: &str) {
    let document = |line: &str| {
        let value: Map<String, Value> = serde_json::from_str(line).unwrap();
        Document::try_from(value).unwrap()
    };
    let documents: Vec<Document> = lines.lines().map(document).collect();
    let collection = database.client().await.collection::<Document>(collection);
    collection.insert_many(documents).await.unwrap();
}

/// A document as extended JSON. What differs from run to run is left out, stamps and the server's
/// clock, and all but the beginning of large data.
pub fn as_text(document: Document) -> String {
    let text = Bson::Document(without_chance(document)).into_canonical_extjson();
    serde_json::to_string_pretty(&text).unwrap()
}

fn without_chance(document: Document) -> Document {
    let plain = |(key, value): (String, Bson)| {
        let value = match (key.as_str(), value) {
            ("stamp", Bson::Int64(_)) => Bson::String("a number of 64 bits".into()),
            ("at" | "reopened", Bson::DateTime(_)) => Bson::String("the server's clock".into()),
            ("data_json", Bson::String(text)) if text.len() > 1000 => {
                Bson::String(format!("{}… of {} bytes", &text[..30], text.len()))
            }
            (_, Bson::Document(document)) => Bson::Document(without_chance(document)),
            (_, Bson::Array(items)) => {
                let plain = |item| match item {
                    Bson::Document(document) => Bson::Document(without_chance(document)),
                    other => other,
                };
                Bson::Array(items.into_iter().map(plain).collect())
            }
            (_, other) => other,
        };
        (key, value)
    };
    document.into_iter().map(plain).collect()
}

/// Compares a text with a file that is kept, and leaves what was found where it can be looked at.
pub fn assert_is_kept(kept: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stores/golden").join(kept);
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    if expected != found {
        let at = Path::new(env!("CARGO_TARGET_TMPDIR")).join(kept.replace('/', "-"));
        std::fs::write(&at, found).unwrap();
        panic!("{} is not what is stored now; that is in {}", path.display(), at.display());
    }
}

/// Everything that the engine finds.
pub async fn findings(store: &MongoStore, repair: bool) -> Vec<Finding> {
    let how = AuditOptions { repair, order: None };
    let mut after: Option<PageToken> = None;
    let mut found = Vec::new();
    loop {
        let page = store.audit(PageRequest { after, limit: 7 }, how).await.unwrap();
        found.extend(page.findings);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    found.extend(store.audit_whole(how).await.unwrap());
    found
}
