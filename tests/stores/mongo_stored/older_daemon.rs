//! A daemon of format 2 that runs on while its project is migrated: what it writes is refused, or
//! right.
//!
//! Its writes stand here as it sends them.

use annotd::allocation::AnswerOutcome;
use annotd::store::audit::Outcome;
use annotd::store::mongo::MongoStore;
use annotd::store::{AnswerStore, TaskStore};
use annotd::task::{Basis, TaskId, Verdict};
use mongodb::bson::{DateTime, Document, doc};

use super::world::{admission, answer, claim, documents, findings, look_up, open, says, task};
use crate::common::mongod::Database;

/// The server's error for a document that breaks a rule of its collection.
const REFUSED: i32 = 121;

async fn send(database: &Database, query: Document, update: Document) -> Result<i32, i32> {
    let update = doc! { "q": query, "u": update };
    let command = doc! { "update": "p", "updates": [update], "ordered": false };
    let reply = database.client().await.run_command(command).await.unwrap();
    match reply.get_array("writeErrors") {
        Ok(errors) => Err(errors[0].as_document().unwrap().get_i32("code").unwrap()),
        Err(_) => Ok(reply.get_i32("n").unwrap()),
    }
}

/// An answer as format 2 has it.
fn old_answer(annotator: &str, earlier: &[&str]) -> Document {
    let version = |verdict: &str| {
        doc! {
            "answer": verdict, "edition": "an interface's own key",
            "time_loaded": DateTime::from_millis(1), "time_returned": DateTime::from_millis(9),
        }
    };
    let mut answer = doc! { "annotator": annotator };
    answer.extend(version("accept"));
    let earlier: Vec<Document> = earlier.iter().map(|verdict| version(verdict)).collect();
    answer.extend(doc! { "history": earlier, "stamp": 77_i64 });
    answer
}

/// A task as format 2 has it, answered by ann, who has changed her mind twice, and held by bob.
fn old_task(text: &str) -> (TaskId, Document) {
    let new = task(&format!("{{\"text\":{text:?}}}"));
    let hold = doc! {
        "annotator": "bob", "since": DateTime::from_millis(5), "until": DateTime::from_millis(1000),
    };
    let document = doc! {
        "_id": new.id.as_str(), "task": { "text": text }, "input_hash": 1, "task_hash": 2,
        "number": 1_i64, "position": 1_i64, "priority": 0, "for": ["*"], "planned": 3, "wanted": 3,
        "free": 1, "left": 2, "seen": 1, "finished": false, "coders": ["ann"], "held": [hold],
        "answers": [old_answer("ann", &["reject", "ignore"])], "skipped": [], "late": [], "rev": 4_i64,
    };
    (new.id, document)
}

/// A project of format 2 that has been migrated.
async fn migrated(database: &Database) -> (MongoStore, TaskId) {
    let (id, document) = old_task("old");
    let client = database.client().await;
    client.collection::<Document>("p").insert_one(document).await.unwrap();
    let meta = client.collection::<Document>("p.annotd");
    meta.insert_one(doc! { "_id": "format", "version": 2_i64 }).await.unwrap();
    meta.insert_one(doc! { "_id": "numbers", "last": 1_i64, "lowest": 0 }).await.unwrap();
    let store = MongoStore::open_to_migrate(&database.url, "p").await.unwrap();
    store.migrate(|_| ()).await.unwrap();
    (store, id)
}

#[tokio::test]
async fn what_it_hands_out_stores_or_loads_is_refused() {
    let database = Database::fresh().await;
    let (store, id) = migrated(&database).await;
    let before = documents(&database, "p").await;
    let this = || doc! { "_id": id.as_str() };
    let hold = doc! {
        "annotator": "cyd", "since": DateTime::from_millis(5), "until": DateTime::from_millis(1000),
    };
    let claim = doc! { "$push": { "held": hold }, "$inc": { "free": -1, "rev": 1_i64 } };
    assert_eq!(send(&database, this(), claim).await, Err(REFUSED));
    let answers = doc! {
        "$push": { "answers": old_answer("bob", &[]), "coders": "bob" },
        "$inc": { "seen": 1, "left": -1, "rev": 1_i64 }, "$pull": { "held": { "annotator": "bob" } },
    };
    assert_eq!(send(&database, this(), answers).await, Err(REFUSED));
    for list in ["skipped", "late"] {
        let push = doc! { "$push": { list: old_answer("bob", &[]) } };
        assert_eq!(send(&database, this(), push).await, Err(REFUSED), "{list}");
    }
    // A revision asks for a list of earlier versions, and there is none.
    let mut revised = this();
    revised.insert(
        "answers",
        doc! { "$elemMatch": { "annotator": "ann", "history": { "$size": 2 } } },
    );
    let revision =
        doc! { "$set": { "answers.$": old_answer("ann", &["reject", "ignore", "accept"]) } };
    assert_eq!(send(&database, revised, revision).await, Ok(0));
    // A change of the whole task, as where people come and go.
    let whole = doc! { "$set": { "answers": [old_answer("ann", &[])] }, "$inc": { "rev": 1_i64 } };
    assert_eq!(send(&database, this(), whole).await, Err(REFUSED));
    let tasks = database.client().await.collection::<Document>("p");
    assert!(tasks.insert_one(old_task("another").1).await.is_err());
    assert_eq!(documents(&database, "p").await, before, "nothing has changed");
    // Taking back is right in both formats.
    let release = doc! {
        "$pull": { "held": { "annotator": "bob" } }, "$inc": { "free": 1, "rev": 1_i64 },
        "$addToSet": { "former": "bob" }, "$currentDate": { "reopened": true },
    };
    assert_eq!(send(&database, this(), release).await, Ok(1));
    assert!(findings(&store, false).await.is_empty());
    // The newer daemon goes on, and what waited in the browser arrives.
    super::world::claim(&store, &id, "bob").await;
    let saved = store.record(vec![answer(&id, "bob", says(Verdict::Accept, 50, "{}"))]).await;
    assert_eq!(saved.unwrap(), [AnswerOutcome::Saved]);
    database.drop().await;
}

#[tokio::test]
async fn a_document_of_the_old_shape_is_read_right_and_made_of_the_new_one() {
    for revised_first in [false, true] {
        let database = Database::fresh().await;
        let store = open(&database).await;
        store.insert_tasks(vec![admission(r#"{"text":"first"}"#, 1)]).await.unwrap();
        let (id, mut document) = old_task("old");
        document.insert("number", 2_i64);
        document.insert("position", 2_i64);
        let client = database.client().await;
        client.collection::<Document>("p").insert_one(document).await.unwrap();
        let meta = client.collection::<Document>("p.annotd");
        meta.update_one(doc! { "_id": "numbers" }, doc! { "$set": { "last": 2_i64 } })
            .await
            .unwrap();

        let is_read = |state: &annotd::allocation::TaskState, more: usize| {
            let answer = &state.answers[0];
            let verdicts: Vec<Verdict> =
                answer.history.iter().take(2).map(|version| version.verdict).collect();
            assert_eq!(verdicts, [Verdict::Reject, Verdict::Ignore]);
            assert_eq!(answer.history.len(), 2 + more);
            assert_eq!(answer.history[0].data["edition"], "an interface's own key");
            assert_eq!(answer.history[0].basis, Basis::default());
            assert_eq!(state.held[0].basis, Basis::default());
        };
        is_read(&look_up(&store, &id).await.state, 0);
        let mut more = 0;
        if revised_first {
            let version = says(Verdict::Reject, 500, "{}");
            let recorded = store.record(vec![answer(&id, "ann", version.clone())]).await.unwrap();
            assert_eq!(recorded, [AnswerOutcome::Revised]);
            more = 1;
            let state = look_up(&store, &id).await.state;
            is_read(&state, more);
            assert_eq!(state.answers[0].current, version);
        }
        claim(&store, &id, "cyd").await;
        let found = findings(&store, false).await;
        assert_eq!((found.len(), found[0].breaks), (1, "format"), "{found:?}");
        assert!(found[0].says.contains("stop that daemon"), "{}", found[0].says);
        let repaired = findings(&store, true).await;
        assert_eq!((repaired.len(), repaired[0].outcome), (1, Outcome::Repaired));
        assert!(findings(&store, false).await.is_empty());
        is_read(&look_up(&store, &id).await.state, more);
        assert_eq!(documents(&database, "p.history").await.len(), 2 + more);
        database.drop().await;
    }
}
