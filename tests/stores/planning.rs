//! Allocation counters when loads are concurrent, are interrupted, or meet a store of an older
//! format.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::common::mongod::Database;
use annotd::allocation::mixture::Mixture;
use annotd::allocation::{
    AnnotatorProfile, AnswersWanted, Lane, Overrides, PlanPolicy, Planner, Route, SequenceNumber,
    Split, WhenShort,
};
use annotd::planning;
use annotd::store::mongo::MongoStore;
use annotd::store::sqlite::SqliteStore;
use annotd::store::{AdminStore, NewTask, RecordFilter, Store, StorePolicy, TaskStore};
use annotd::task::{Millis, Task, TaskJson};
use mongodb::bson::{DateTime, Document, doc};

fn mixture() -> PlanPolicy {
    PlanPolicy {
        answers: AnswersWanted::Mixture(Mixture::mix(&[(0.7, 1), (0.3, 3)]).unwrap()),
        split: Split::Exact,
        route: Route::Open,
        average: None,
        assign_field: None,
        when_short: WhenShort::Hold,
        seed: 5,
        people: ["ann", "bob", "cyd", "dan"]
            .iter()
            .map(|name| AnnotatorProfile::new(name))
            .collect(),
    }
}

fn tasks(range: std::ops::Range<usize>) -> Vec<Task> {
    range.map(|n| Task::new(TaskJson::parse(&format!(r#"{{"text":"{n}"}}"#)).unwrap())).collect()
}

async fn wanted(store: &dyn Store) -> Vec<u32> {
    let records = store.records(RecordFilter::All, SequenceNumber::START, 100_000).await.unwrap();
    records.iter().map(|record| record.state.wanted).collect()
}

/// Two concurrent loads in batches, which share a third of their tasks.
async fn loads_meet(one: Arc<dyn Store>, two: Arc<dyn Store>) {
    let load = |store: Arc<dyn Store>, from: usize| async move {
        for batch in 0..10 {
            let first = from + batch * 30;
            let batch = tasks(first..first + 30);
            planning::admit(&*store, &mixture(), &Overrides::default(), batch).await.unwrap();
        }
    };
    let (a, b) = (Arc::clone(&one), Arc::clone(&two));
    let (left, right) = (tokio::spawn(load(a, 0)), tokio::spawn(load(b, 200)));
    left.await.unwrap();
    right.await.unwrap();
    let all = wanted(&*one).await;
    assert_eq!(all.len(), 500);
    assert_eq!(all.iter().filter(|wanted| **wanted == 3).count(), 150);
    let deal = one.allocation_record().await.unwrap();
    assert!(deal.pending_plans.is_empty(), "both are done");
    // And once more: nothing is counted for what is there.
    let again = planning::admit(&*one, &mixture(), &Overrides::default(), tasks(0..500)).await;
    let again = again.unwrap();
    assert_eq!((again.new, again.same), (0, 500));
    assert_eq!(one.allocation_record().await.unwrap().version, deal.version);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_loads_at_once_are_as_exact_as_one_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("annotd.db");
    let one = Arc::new(SqliteStore::open(&path, "p").unwrap());
    let two = Arc::new(SqliteStore::open(&path, "p").unwrap());
    loads_meet(one, two).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_loads_at_once_are_as_exact_as_one_on_mongodb() {
    let database = Database::fresh().await;
    let one = Arc::new(MongoStore::open(&database.url, "p").await.unwrap());
    let two = Arc::new(MongoStore::open(&database.url, "p").await.unwrap());
    loads_meet(one, two).await;
    database.drop().await;
}

/// A load that has counted its tasks and was killed before all of them were stored.
#[tokio::test]
async fn a_load_that_breaks_off_is_counted_once_when_it_comes_again() {
    let database = Database::fresh().await;
    let store = MongoStore::open(&database.url, "p").await.unwrap();
    let batch = tasks(0..100);
    let mut planner = Planner::new(mixture(), &annotd::allocation::AllocationCounters::default());
    let admissions: Vec<NewTask> = batch
        .iter()
        .map(|task| {
            let plan = planner.plan(&Overrides::default(), task).unwrap();
            NewTask { task: task.clone(), plan }
        })
        .collect();
    let promised: Vec<u32> = admissions.iter().map(|admission| admission.plan.wanted).collect();
    // What it would have written, and every third of the tasks.
    planning::admit(&store, &mixture(), &Overrides::default(), batch.clone()).await.unwrap();
    let collections = database.client().await;
    let all = collections.collection::<Document>("p");
    let meta = collections.collection::<Document>("p.annotd");
    let mut plans = Vec::new();
    for (nth, NewTask { task, plan }) in admissions.iter().enumerate() {
        plans.push(serde_json::json!({
            "task": task.id.as_str(), "wanted": plan.wanted, "lanes": ["*"], "priority": 0,
            "part": plan.part, "bound": false, "purpose": null,
        }));
        if nth % 3 > 0 {
            all.delete_one(doc! { "_id": task.id.as_str() }).await.unwrap();
        }
    }
    let plans = serde_json::to_string(&plans).unwrap();
    let promise = doc! { "load": mongodb::bson::oid::ObjectId::new(), "plans": plans };
    let push = doc! { "$push": { "promised": promise } };
    meta.update_one(doc! { "_id": "deal" }, push).await.unwrap();

    let store = MongoStore::open(&database.url, "p").await.unwrap();
    assert_eq!(store.allocation_record().await.unwrap().pending_plans.len(), 100);
    // It comes again, with more behind it.
    let again = planning::admit(&store, &mixture(), &Overrides::default(), tasks(0..200)).await;
    assert_eq!(again.unwrap().new, 166);
    for (task, wanted) in batch.iter().zip(promised) {
        let found = store.look_up(std::slice::from_ref(&task.id)).await.unwrap();
        assert_eq!(found[0].as_ref().unwrap().state.wanted, wanted);
    }
    let all = wanted(&store).await;
    assert_eq!((all.len(), all.iter().filter(|wanted| **wanted == 3).count()), (200, 60));
    database.drop().await;
}

#[tokio::test]
async fn an_unchanged_roster_is_replanned_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("annotd.db"), "p").unwrap();
    let terms = StorePolicy::default();
    let look = async |rules: &PlanPolicy, now| {
        let known = planning::known_since(&store, rules, Millis(now)).await.unwrap();
        (planning::replan_unfinished(&store, rules, &terms, false).await.unwrap(), known)
    };
    let mut rules = PlanPolicy { route: Route::Balanced, ..mixture() };
    assert_eq!(look(&rules, 10).await.1["ann"], Millis(10));
    planning::admit(&store, &rules, &Overrides::default(), tasks(0..100)).await.unwrap();
    let version = store.allocation_record().await.unwrap().version;
    assert_eq!(look(&rules, 20).await.0, 0);
    assert_eq!(store.allocation_record().await.unwrap().version, version, "nothing is written");
    rules.people[0].active = false;
    rules.people.push(AnnotatorProfile::new("eve"));
    let (changed, known) = look(&rules, 30).await;
    assert!(changed > 0);
    assert_eq!((known["ann"], known["eve"]), (Millis(10), Millis(30)));
    let records = store.records(RecordFilter::All, SequenceNumber::START, 1000).await.unwrap();
    let waited_for: BTreeSet<String> =
        records.iter().flat_map(|r| r.state.pending_named()).map(str::to_owned).collect();
    assert!(!waited_for.contains("ann") && waited_for.contains("eve"));
    assert_eq!(store.stats().await.unwrap().short, 0);
}

/// The tables of format 1 with two tasks: one for anyone that is half done, one that names its
/// annotator.
const FORMAT_1: &str = "
@TABLES@
INSERT INTO meta VALUES ('format', 1), ('project', 'p'), ('reopened', 0);
INSERT INTO task VALUES (1, '@ONE@', 1, 11, 12, 2, 1, 0, '[\"*\"]', NULL, '{\"text\":\"0\"}');
INSERT INTO task VALUES (2, '@TWO@', -1099511627774, 21, 22, 1, 1, 0, '[\"bob\"]', NULL, '{\"text\":\"1\"}');
INSERT INTO queue VALUES ('*', 1, 1), ('bob', -1099511627774, 2);
INSERT INTO answer VALUES (1, 'ann', 1, 1, 'accept', '{}', 5, 9, '[]');
INSERT INTO totals VALUES (2, 0, 3, 1, 1);
INSERT INTO share VALUES ('ann', 1, 0, 0, 9, 4, 1), ('bob', 0, 0, 1, NULL, 0, 0);
";

/// What must hold of both stores afterwards.
async fn is_as_it_was(store: &dyn Store) {
    let records = store.records(RecordFilter::All, SequenceNumber::START, 10).await.unwrap();
    let states: Vec<_> = records.iter().map(|record| &record.state).collect();
    assert_eq!((states[0].planned, states[0].wanted, states[0].bound), (2, 2, false));
    assert_eq!(states[0].counted_annotators().collect::<Vec<_>>(), ["ann"]);
    assert_eq!((states[1].planned, states[1].bound), (1, true));
    assert_eq!(states[1].lanes, [Lane::Of("bob".into())]);
    assert_eq!(
        records.iter().map(|r| r.number).collect::<Vec<_>>(),
        [SequenceNumber(1), SequenceNumber(2)]
    );
    assert_eq!(records[1].position.priority(), 1);
    let progress = store.stats().await.unwrap();
    assert_eq!((progress.tasks, progress.answers, progress.wanted), (2, 1, 3));
    // And it goes on.
    let added = planning::admit(store, &mixture(), &Overrides::default(), tasks(0..12)).await;
    assert_eq!(added.unwrap().new, 10);
}

#[tokio::test]
async fn an_embedded_store_of_format_1_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("annotd.db");
    let two = tasks(0..2);
    let text = FORMAT_1
        .replace("@TABLES@", include_str!("planning/format-1.sql"))
        .replace("@ONE@", two[0].id.as_str())
        .replace("@TWO@", two[1].id.as_str());
    rusqlite::Connection::open(&path).unwrap().execute_batch(&text).unwrap();
    let store = annotd::store::open_to_run("annotd.db", folder.path(), "p").await.unwrap();
    is_as_it_was(&*store).await;
    store.close().await;
    let store = SqliteStore::open(&path, "p").unwrap();
    assert_eq!(store.stats().await.unwrap().tasks, 12);
}

#[tokio::test]
async fn a_shared_store_of_format_1_is_taken_over() {
    let database = Database::fresh().await;
    let collections = database.client().await;
    let two = tasks(0..2);
    let task = |task: &Task, position: i64, priority: i32, lanes: Vec<&str>, wanted: i32| {
        doc! {
            "_id": task.id.as_str(), "task": { "text": task.body.get_as::<String>("text") },
            "input_hash": 1, "task_hash": 2, "position": position, "priority": priority,
            "for": lanes, "wanted": wanted, "free": 1, "left": 1, "seen": wanted - 1,
            "finished": false, "coders": [], "held": [], "answers": [], "late": [],
        }
    };
    let mut one = task(&two[0], 1, 0, vec!["*"], 2);
    let (loaded, returned) = (DateTime::from_millis(5), DateTime::from_millis(9));
    one.insert("coders", vec!["ann"]);
    one.insert("answers", vec![doc! {
        "annotator": "ann", "answer": "accept", "time_loaded": loaded, "time_returned": returned,
        "history": [], "stamp": 7_i64,
    }]);
    let named = task(&two[1], -(1 << 40) + 2, 1, vec!["bob"], 1);
    collections.collection::<Document>("p").insert_many([one, named]).await.unwrap();
    let meta = collections.collection::<Document>("p.annotd");
    meta.insert_one(doc! { "_id": "format", "version": 1_i64 }).await.unwrap();
    let numbers = doc! { "_id": "numbers", "last": 2_i64, "lowest": 0 };
    meta.insert_one(numbers).await.unwrap();
    let store = MongoStore::open_to_migrate(&database.url, "p").await.unwrap();
    store.migrate(|_| ()).await.unwrap();
    is_as_it_was(&store).await;
    let store = MongoStore::open(&database.url, "p").await.unwrap();
    assert_eq!(store.stats().await.unwrap().tasks, 12);
    database.drop().await;
}
