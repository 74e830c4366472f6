//! What is the shared store's own: its formats, its faults, and several daemons on one database.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::common::mongod::{Database, fail_point, unique};
use annotd::allocation::{AnswerOutcome, Lane, Plan};
use annotd::store::mongo::MongoStore;
use annotd::store::{
    AdminStore, AnswerStore, Claim, LeaseStore, NewTask, StoreError, Submission, TaskStore,
};
use annotd::task::{Basis, Millis, Task, TaskId, TaskJson, Verdict, Version};
use mongodb::bson::{Document, doc};
use tokio::sync::MutexGuard;

fn task(text: &str) -> NewTask {
    let task = Task::new(TaskJson::parse(&format!(r#"{{"text":"{text}"}}"#)).unwrap());
    NewTask { task, plan: Plan::new(2, vec![Lane::Anyone]) }
}

fn claim(task: &TaskId, annotator: &str) -> Vec<Claim> {
    let (since, until) = (Millis(0), Millis(1000));
    vec![Claim {
        task: task.clone(),
        annotator: annotator.into(),
        since,
        until,
        basis: Basis::default(),
    }]
}

fn answer(task: &TaskId, annotator: &str) -> Vec<Submission> {
    let version = Version {
        verdict: Verdict::Accept,
        data: serde_json::Map::new(),
        time_loaded: Millis(1),
        time_returned: Millis(2),
        basis: Basis::default(),
    };
    vec![Submission { task: task.clone(), annotator: annotator.into(), version }]
}

async fn open(database: &Database) -> MongoStore {
    MongoStore::open(&database.url, "p").await.unwrap()
}

/// A store whose connections alone the server's faults are for.
async fn open_with_faults(database: &Database) -> (MongoStore, String, MutexGuard<'static, ()>) {
    let alone = fail_point().await;
    let app = format!("faults{}", unique());
    let url = format!("{}&appName={app}", database.url);
    (MongoStore::open(&url, "p").await.unwrap(), app, alone)
}

/// Makes the next command of this name fail.
async fn fail(database: &Database, app: &str, command: &str, how: Document) {
    let mut data = doc! { "failCommands": [command], "appName": app };
    data.extend(how);
    let fault = doc! { "configureFailPoint": "failCommand", "mode": { "times": 1 }, "data": data };
    database.client().await.client().database("admin").run_command(fault).await.unwrap();
}

#[tokio::test]
async fn a_task_is_stored_as_people_expect_to_find_it() {
    let database = Database::fresh().await;
    let store = open(&database).await;
    let text = r#"{"text":"a","meta":{"n":1},"score":1.10}"#;
    let mut admission = task("");
    admission.task = Task::new(TaskJson::parse(text).unwrap());
    let id = admission.task.id.clone();
    store.insert_tasks(vec![admission, task("b")]).await.unwrap();
    store.claim(claim(&id, "ann")).await.unwrap();
    store.record(answer(&id, "ann")).await.unwrap();
    store.claim(claim(&id, "bob")).await.unwrap();
    let tasks = database.client().await.collection::<Document>("p");
    let stored = tasks.find_one(doc! { "task.meta.n": 1 }).await.unwrap().unwrap();
    assert_eq!(stored.get_str("_id").unwrap(), id.as_str());
    assert_eq!(stored.get_str("task_json").unwrap(), text, "1.10 is no number of BSON's");
    assert_eq!(stored.get_i32("seen").unwrap(), 1);
    assert_eq!(stored.get_array("coders").unwrap(), &["ann".into()]);
    let answer = stored.get_array("answers").unwrap()[0].as_document().unwrap();
    assert_eq!(answer.get_str("annotator").unwrap(), "ann");
    assert_eq!(answer.get_str("answer").unwrap(), "accept");
    assert_eq!(answer.get_datetime("time_returned").unwrap().timestamp_millis(), 2);
    let held = stored.get_array("held").unwrap()[0].as_document().unwrap();
    assert_eq!(held.get_str("annotator").unwrap(), "bob");
    let plain = tasks.find_one(doc! { "task.text": "b" }).await.unwrap().unwrap();
    assert!(!plain.contains_key("task_json"));
    database.drop().await;
}

#[tokio::test]
async fn a_newer_format_is_refused() {
    let database = Database::fresh().await;
    open(&database).await.close().await;
    let meta = database.client().await.collection::<Document>("p.annotd");
    let newer = doc! { "$set": { "version": 4_i64 } };
    meta.update_one(doc! { "_id": "format" }, newer).await.unwrap();
    let Err(error) = MongoStore::open(&database.url, "p").await else { panic!("it opens") };
    assert!(matches!(error, StoreError::Unreadable { .. }), "{error}");
    assert!(error.to_string().contains("written by a newer annotd"), "{error}");
    database.drop().await;
}

#[tokio::test]
async fn a_foreign_collection_is_refused() {
    let database = Database::fresh().await;
    let other = database.client().await.collection::<Document>("p");
    other.insert_one(doc! { "text": "mine" }).await.unwrap();
    let Err(error) = MongoStore::open(&database.url, "p").await else { panic!("it opens") };
    assert!(matches!(error, StoreError::Unreadable { .. }), "{error}");
    assert!(error.to_string().contains("annotd adopt"), "{error}");
    database.drop().await;
}

#[tokio::test]
async fn a_task_that_was_changed_by_hand_is_named() {
    let database = Database::fresh().await;
    let store = open(&database).await;
    let admission = task("a");
    let id = admission.task.id.clone();
    store.insert_tasks(vec![admission]).await.unwrap();
    let tasks = database.client().await.collection::<Document>("p");
    tasks.update_one(doc! {}, doc! { "$set": { "held": "not a list" } }).await.unwrap();
    let Err(error) = store.look_up(std::slice::from_ref(&id)).await else { panic!("it reads") };
    let words = error.to_string();
    assert!(words.contains(id.as_str()) && words.contains("\"held\""), "{words}");
    database.drop().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_soon_and_without_the_password() {
    // Bound and never listened to: no other process gets the port.
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    drop(socket);
    let url = format!(
        "mongodb://ann:hush@127.0.0.1:{port}/annotd?replicaSet=rs0&serverSelectionTimeoutMS=500"
    );
    let begun = Instant::now();
    let Err(error) = MongoStore::open(&url, "p").await else { panic!("it opens") };
    assert!(error.is_unavailable(), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert!(!format!("{error} {error:?}").contains("hush"), "{error}");
    assert!(error.to_string().contains(&format!("127.0.0.1:{port}/annotd")), "{error}");
}

#[tokio::test]
async fn a_server_that_refuses_us_is_told_with_what_to_do() {
    let database = Database::fresh().await;
    let stranger = database.url.replacen("mongodb://", "mongodb://andy:secret@", 1);
    let Err(error) = MongoStore::open(&format!("{stranger}&authSource=admin"), "p").await else {
        panic!("the server knows no andy")
    };
    assert!(matches!(error, StoreError::Failed { .. }), "{error}");
    let said = error.to_string();
    assert!(said.contains("no such user") && said.contains("authSource=admin"), "{said}");
    assert!(!said.contains("secret") && !said.contains("Error"), "{said}");

    let (store, app, _alone) = open_with_faults(&database).await;
    let admission = task("a");
    let id = admission.task.id.clone();
    store.insert_tasks(vec![admission]).await.unwrap();
    fail(&database, &app, "update", doc! { "errorCode": 13 }).await;
    let error = store.claim(claim(&id, "ann")).await.expect_err("it is refused");
    let said = error.to_string();
    assert!(said.contains("needs the role readWrite") && !said.contains("Error"), "{said}");
    store.close().await;
    database.drop().await;
}

#[tokio::test]
async fn what_got_no_reply_can_be_sent_again() {
    let database = Database::fresh().await;
    let (store, app, _alone) = open_with_faults(&database).await;
    let admission = task("a");
    let id = admission.task.id.clone();
    store.insert_tasks(vec![admission]).await.unwrap();
    store.stats().await.unwrap();
    // The connection breaks before anything is done, or the write is done and not acknowledged.
    let broken = doc! { "closeConnection": true };
    let unacknowledged =
        doc! { "writeConcernError": { "code": 91, "errmsg": "going down", "codeName": "x" } };
    for (how, who) in [(broken, "ann"), (unacknowledged, "bob")] {
        fail(&database, &app, "update", how.clone()).await;
        let error = store.claim(claim(&id, who)).await.expect_err("it failed");
        assert!(error.is_unavailable(), "{error}");
        assert_eq!(store.claim(claim(&id, who)).await.unwrap(), [true]);
        assert_eq!(store.stats().await.unwrap().held, 1);
        fail(&database, &app, "update", how).await;
        let error = store.record(answer(&id, who)).await.expect_err("it failed");
        assert!(error.is_unavailable(), "{error}");
        let again = store.record(answer(&id, who)).await.unwrap();
        let expected = if who == "ann" { AnswerOutcome::Saved } else { AnswerOutcome::Unchanged };
        assert_eq!(again, [expected]);
    }
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.answers, stats.finished, stats.held), (2, 1, 0));
    database.drop().await;
}

#[tokio::test]
async fn a_server_that_loses_its_place_as_primary_is_away() {
    let database = Database::fresh().await;
    let (store, app, _alone) = open_with_faults(&database).await;
    let admission = task("a");
    let id = admission.task.id.clone();
    store.insert_tasks(vec![admission]).await.unwrap();
    fail(&database, &app, "update", doc! { "errorCode": 10107 }).await;
    let error = store.claim(claim(&id, "ann")).await.expect_err("it failed");
    assert!(error.is_unavailable(), "{error}");
    // Everything continues without a restart.
    while store.claim(claim(&id, "ann")).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(store.held_by("ann").await.unwrap().len(), 1);
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_daemon_does_shows_in_the_figures_soon() {
    let database = Database::fresh().await;
    let (one, other) = (open(&database).await, open(&database).await);
    let admission = task("a");
    let id = admission.task.id.clone();
    one.insert_tasks(vec![admission]).await.unwrap();
    assert_eq!(one.stats().await.unwrap().answers, 0);
    other.record(answer(&id, "ann")).await.unwrap();
    other.claim(claim(&id, "bob")).await.unwrap();
    let begun = Instant::now();
    loop {
        let stats = one.stats().await.unwrap();
        if (stats.answers, stats.held) == (1, 1) {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{stats:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    database.drop().await;
}

/// A count that takes its time must neither lose nor double what passes through meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_stay_exact_when_they_are_counted_while_work_goes_on() {
    let database = Database::fresh().await;
    let store = Arc::new(open(&database).await);
    let row: Vec<NewTask> = (0..400).map(|n| task(&n.to_string())).collect();
    let ids: Vec<TaskId> = row.iter().map(|admission| admission.task.id.clone()).collect();
    store.insert_tasks(row).await.unwrap();
    let worker = |annotator: &'static str| {
        let (store, ids) = (Arc::clone(&store), ids.clone());
        tokio::spawn(async move {
            for group in ids.chunks(8) {
                let claims = group.iter().flat_map(|id| claim(id, annotator)).collect();
                store.claim(claims).await.unwrap();
                let answers = group.iter().flat_map(|id| answer(id, annotator)).collect();
                store.record(answers).await.unwrap();
            }
        })
    };
    let workers = [worker("ann"), worker("bob")];
    // The first look counts, in the midst of it.
    let seen = store.stats().await.unwrap();
    assert!(seen.tasks == 400 && seen.answers <= 800, "{seen:?}");
    for worker in workers {
        worker.await.unwrap();
    }
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.answers, stats.finished, stats.held), (800, 400, 0));
    assert_eq!((stats.open_to_anyone, stats.annotators["ann"].answered), (0, 400));
    database.drop().await;
}
