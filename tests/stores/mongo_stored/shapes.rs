//! Every document that is stored, to the letter.

use annotd::allocation::{Ignore, Lane, Plan, Purpose, SettlePolicy};
use annotd::store::mongo::MongoStore;
use annotd::store::{
    AdminStore, AnswerStore, KeyStore, LeaseStore, NewTask, StorePolicy, TaskStore,
};
use annotd::task::{TaskId, Verdict};

use super::world::{
    COLLECTIONS, admission, answer, as_text, assert_is_kept, basis, claim, documents, look_up,
    open, says, task,
};
use crate::common::mongod::Database;

#[tokio::test]
async fn every_document_has_the_shape_that_is_kept() {
    let database = Database::fresh().await;
    let store = open(&database).await;
    let ids = lives(&store).await;
    let mut kept = String::new();
    for collection in COLLECTIONS {
        kept += "== ";
        kept += collection;
        kept.push('\n');
        for document in documents(&database, collection).await {
            kept += &as_text(document);
            kept.push('\n');
        }
    }
    assert_is_kept("mongo-format-3.txt", &kept);
    // And it is read as it was written.
    let record = look_up(&store, &ids[2]).await;
    assert_eq!(record.state.answers[0].history.len(), 2);
    assert_eq!(record.state.answers[0].history[0].basis, basis());
    assert_eq!(record.state.held[0].basis, basis());
    database.drop().await;
}

/// Stores tasks of several lives, with a bit of everything that a store keeps.
pub async fn lives(store: &MongoStore) -> Vec<TaskId> {
    let rule = SettlePolicy { ignore: Ignore::Skip, ..SettlePolicy::default() };
    store.set_policy(StorePolicy { rule, ..StorePolicy::default() });
    let fresh = admission(r#"{"text":"fresh","meta":{"n":1}}"#, 3);
    let inexact = NewTask {
        task: task(r#"{"text":"inexact","score":1.10,"_task_hash":9007199254740993}"#),
        plan: Plan {
            priority: 2,
            part: Some(1),
            bound: true,
            ..Plan::new(1, vec![Lane::Of("ann".into())])
        },
    };
    let worked = admission(r#"{"text":"worked on"}"#, 3);
    let done = admission(r#"{"text":"done"}"#, 1);
    let gold = NewTask {
        task: task(r#"{"text":"gold","meta":{"gold":"accept"}}"#),
        plan: Plan { purpose: Purpose::Gold, ..Plan::new(1, vec![Lane::GoldOf("ann".into())]) },
    };
    let all = vec![fresh, inexact, worked, done, gold];
    let ids: Vec<TaskId> = all.iter().map(|admission| admission.task.id.clone()).collect();
    store.insert_tasks(all).await.unwrap();
    let (worked, done) = (&ids[2], &ids[3]);

    claim(store, worked, "ann").await;
    claim(store, worked, "bob").await;
    let large = format!(r#"{{"spans":[],"note":"{}"}}"#, "long ".repeat(14_000));
    for version in [
        says(Verdict::Accept, 200, r#"{"spans":[{"start":0,"end":3,"label":"A"}],"w":1.5}"#),
        says(Verdict::Reject, 300, r#"{"edition":"an interface's own key","w":1.10}"#),
        says(Verdict::Accept, 400, &large),
    ] {
        store.record(vec![answer(worked, "ann", version)]).await.unwrap();
    }
    // A skip, and a released lease.
    claim(store, worked, "cyd").await;
    store.record(vec![answer(worked, "cyd", says(Verdict::Ignore, 500, "{}"))]).await.unwrap();
    claim(store, worked, "dan").await;
    store.release("dan").await.unwrap();

    claim(store, done, "ann").await;
    store.record(vec![answer(done, "ann", says(Verdict::Accept, 600, "{}"))]).await.unwrap();
    for version in [says(Verdict::Accept, 700, "{}"), says(Verdict::Reject, 800, "{}")] {
        store.record(vec![answer(done, "bob", version)]).await.unwrap();
    }

    store.set_identity("content").await.unwrap();
    store.edition("labels = [\"A\"]").await.unwrap();
    store.note_loaded_file("tasks.jsonl", "0123").await.unwrap();
    store.set_keys([("ann".to_owned(), "secret".to_owned())].into(), false).await.unwrap();
    let (seen, state) = (store.allocation_record().await.unwrap().version, "{}".to_owned());
    store
        .insert_with_counters(vec![admission(r#"{"text":"dealt"}"#, 1)], seen, state)
        .await
        .unwrap();
    ids
}
