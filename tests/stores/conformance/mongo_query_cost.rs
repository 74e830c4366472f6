//! What MongoDB examines: as much as it gives, however many tasks there are and however many are
//! done.
//!
//! The server's own profiler counts index keys and documents for each operation, so it is the
//! store's real commands that are looked at, not copies of them.

use std::sync::Arc;

use annotd::allocation::{Lane, Position, SequenceNumber};
use annotd::store::mongo::MongoStore;
use annotd::store::{AdminStore, AnswerStore, LeaseStore, RecordFilter, ReopenCursor, TaskStore};
use annotd::task::{Millis, Verdict};
use futures_util::TryStreamExt;
use mongodb::bson::{Bson, DateTime, Document, doc};

use super::store_under_test::{
    Engine, Faults, StoreUnderTest, answer, for_anyone, nth, says, wish,
};

/// How many tasks a step of the work is about.
const STEP: usize = 16;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Examined {
    operations: usize,
    keys: i64,
    documents: i64,
    /// Operations that walked over the collection, or sorted what an index could have.
    astray: usize,
}

/// A project of this many tasks, and the server's profile of its queries.
struct Watched {
    place: StoreUnderTest,
    database: mongodb::Database,
    store: Arc<MongoStore>,
}

impl Watched {
    async fn with_tasks(tasks: usize) -> Self {
        let place = StoreUnderTest::fresh(Engine::Mongo, Faults::None).await;
        let database = place.database().expect("it is one");
        let store = Arc::new(MongoStore::open(&database.url, "p").await.unwrap());
        let database = database.client().await;
        for begin in (0..tasks).step_by(10_000) {
            let row = (begin..tasks.min(begin + 10_000)).map(|n| for_anyone(nth(n), 2)).collect();
            store.insert_tasks(row).await.unwrap();
        }
        Self { place, database, store }
    }

    /// As if this annotator alone had answered all of the first tasks.
    async fn let_run_ahead(&self, annotator: &str, tasks: usize) {
        let last = self
            .store
            .records(RecordFilter::All, SequenceNumber::START, tasks)
            .await
            .unwrap()
            .pop()
            .unwrap();
        let now = DateTime::from_millis(1);
        let done = doc! { "$set": {
            "free": 1, "left": 1, "seen": 1, "coders": [annotator],
            "answers": [{
                "annotator": annotator, "answer": "accept", "time_loaded": now,
                "time_returned": now, "revisions": 0, "stamp": 0,
            }],
        } };
        self.database
            .collection::<Document>("p")
            .update_many(doc! { "position": { "$lte": last.position.0 } }, done)
            .await
            .unwrap();
    }

    /// What the server examined while something was done.
    async fn during<T>(&self, work: impl Future<Output = T>) -> (T, Examined) {
        let profile = |level: i32| self.database.run_command(doc! { "profile": level });
        let log = self.database.collection::<Document>("system.profile");
        profile(2).await.unwrap();
        let outcome = work.await;
        profile(0).await.unwrap();
        let ours = doc! { "appName": "annotd", "ns": format!("{}.p", self.database.name()) };
        let entries: Vec<Document> = log.find(ours).await.unwrap().try_collect().await.unwrap();
        log.drop().await.unwrap();
        let figure = |entry: &Document, key: &str| match entry.get(key) {
            Some(Bson::Int32(figure)) => i64::from(*figure),
            Some(Bson::Int64(figure)) => *figure,
            _ => 0,
        };
        let mut examined = Examined::default();
        for entry in &entries {
            examined.operations += 1;
            examined.keys += figure(entry, "keysExamined");
            examined.documents += figure(entry, "docsExamined");
            let plan = entry.get_str("planSummary").unwrap_or_default();
            examined.astray += usize::from(
                plan.contains("COLLSCAN") || entry.get_bool("hasSortStage").unwrap_or(false),
            );
        }
        (outcome, examined)
    }

    /// Looks for the next tasks behind a place, hands them out, and takes the answers in.
    async fn work(&self, annotator: &str, after: Position) -> Examined {
        let store = &self.store;
        let work = async {
            let open = store.queued_tasks(&Lane::Anyone, after, STEP).await.unwrap();
            assert_eq!(open.len(), STEP);
            let claims = open.iter().map(|open| wish(&open.task.id, annotator)).collect();
            assert_eq!(store.claim(claims).await.unwrap(), [true; STEP]);
            let version = || says(Verdict::Accept, 1000);
            let answers =
                open.iter().map(|open| answer(&open.task.id, annotator, version())).collect();
            store.record(answers).await.unwrap();
        };
        self.during(work).await.1
    }

    async fn remove(self) {
        self.store.close().await;
        self.place.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_costs_the_same_with_a_hundred_times_the_tasks() {
    let small = Watched::with_tasks(1000).await;
    let large = Watched::with_tasks(100_000).await;
    let expected = small.work("ann", Position::START).await;
    assert_eq!(expected.astray, 0);
    // Each task is examined when it is looked for, when it is handed out, and when it is answered.
    let step = i64::try_from(STEP).unwrap();
    assert_eq!((expected.keys, expected.documents), (3 * step, 3 * step), "{expected:?}");
    assert_eq!(large.work("ann", Position::START).await, expected);

    // Bob begins at the head of the queue when ann is half-way through it.
    large.let_run_ahead("ann", 50_000).await;
    assert_eq!(large.work("bob", Position::START).await, expected);
    // And ann goes on from her own place.
    let anns_place = large
        .store
        .records(RecordFilter::All, SequenceNumber::START, 50_000)
        .await
        .unwrap()
        .pop()
        .unwrap();
    assert_eq!(large.work("ann", anns_place.position).await, expected);
    // A daemon that has just started finds her place by walking over what she has answered, once.
    let (first, _) =
        large.during(large.store.first_queued_for("ann", &Lane::Anyone, Position::START)).await;
    let behind_her_step =
        large.store.records(RecordFilter::All, anns_place.number, STEP + 1).await.unwrap();
    assert_eq!(first.unwrap(), behind_her_step.last().map(|record| record.position));
    // The last answers of many.
    let (history, examined) = large.during(large.store.history("ann", None, 10)).await;
    let history = history.unwrap();
    // One more than is given shows whether the last moment has more answers. Here it has: those are
    // sorted by the server, which no index could do.
    let most = 11 + i64::try_from(STEP).unwrap();
    assert_eq!(history.len(), 10);
    assert!(examined.documents <= most && examined.astray <= 1, "{examined:?}");
    small.remove().await;
    large.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_else_examines_what_it_gives() {
    let watched = Watched::with_tasks(3000).await;
    watched.let_run_ahead("ann", 1000).await;
    let store = &watched.store;
    let records = store.records(RecordFilter::All, SequenceNumber::START, 3000).await.unwrap();
    let ids: Vec<_> = records.iter().map(|record| record.task.id.clone()).collect();
    let claims = (1500..1510).flat_map(|n| [wish(&ids[n], "bob"), wish(&ids[n], "cyd")]);
    assert_eq!(store.claim(claims.collect()).await.unwrap(), [true; 20]);
    // A count looks at everything, and has to happen before.
    store.stats().await.unwrap();

    let bounded = |what: &str, examined: Examined, keys: i64, documents: i64| {
        let within = examined.keys <= keys && examined.documents <= documents;
        assert!(within && examined.astray == 0, "{what}: {examined:?}");
    };
    let (found, examined) = watched.during(store.look_up(&ids[5..8])).await;
    assert_eq!(found.unwrap().len(), 3);
    // The server looks at one key beyond some of the identities that it seeks.
    bounded("look_up", examined, 7, 3);
    let (found, examined) = watched.during(store.with_task_hash(records[9].task.task_hash)).await;
    assert_eq!(found.unwrap().len(), 1);
    bounded("with_task_hash", examined, 1, 1);
    let (page, examined) =
        watched.during(store.records(RecordFilter::All, records[99].number, 50)).await;
    assert_eq!(page.unwrap().len(), 50);
    bounded("records", examined, 50, 50);
    let (numbers, examined) = watched.during(store.numbers(records[99].number, 50)).await;
    assert_eq!(numbers.unwrap().len(), 50);
    bounded("numbers", examined, 50, 0);
    let (holds, examined) = watched.during(store.has_tasks_held_by_others("ann")).await;
    assert!(holds.unwrap());
    bounded("others_hold", examined, 2, 2);
    let (_, examined) = watched.during(store.stats()).await;
    assert_eq!(examined, Examined::default(), "figures are kept, not counted");
    let (renewed, examined) = watched.during(store.renew(vec![("bob".into(), Millis(5000))])).await;
    renewed.unwrap();
    bounded("renew", examined, 11, 10);
    let (swept, examined) = watched.during(store.expire_leases(Millis(2000))).await;
    assert_eq!(swept.unwrap(), 10, "cyd's leases have ended");
    // Found by the index, then taken back one by one.
    bounded("sweep", examined, 24, 20);
    let (told, examined) = watched.during(store.reopened(ReopenCursor::default())).await;
    assert_eq!(told.unwrap().0.len(), 10);
    bounded("reopened", examined, 11, 10);
    let (released, examined) = watched.during(store.release("bob")).await;
    assert_eq!(released.unwrap(), 10);
    bounded("release", examined, 11, 10);

    let (held, examined) = watched.during(store.held_by("bob")).await;
    assert!(held.unwrap().is_empty());
    bounded("in_hand", examined, 1, 0);
    watched.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_holds_nothing_that_it_is_not_asked_for() {
    let watched = Watched::with_tasks(500).await;
    watched.let_run_ahead("ann", 100).await;
    let open = watched.store.queued_tasks(&Lane::Anyone, Position::START, 10).await.unwrap();
    let claims: Vec<_> = open.iter().map(|open| wish(&open.task.id, "bob")).collect();
    watched.store.claim(claims).await.unwrap();
    let entries = async || -> Vec<(String, i64)> {
        let mut entries = Vec::new();
        for index in ["queue", "held", "history", "reopened"] {
            let keys = watched
                .database
                .run_command(doc! {
                    "explain": { "count": "p", "hint": index, "query": filter_of(index) },
                    "verbosity": "executionStats",
                })
                .await
                .unwrap();
            let stats = keys.get_document("executionStats").unwrap();
            let examined = stats.get_i32("totalKeysExamined").unwrap();
            entries.push((index.to_owned(), i64::from(examined)));
        }
        entries
    };
    let expected = [("queue", 490), ("held", 10), ("history", 100), ("reopened", 0)];
    let expected = expected.map(|(index, keys)| (index.to_owned(), keys));
    assert_eq!(entries().await, expected);
    watched.remove().await;
}

/// What every document of an index fulfils, without narrowing what is walked.
fn filter_of(index: &str) -> Document {
    match index {
        "queue" => doc! { "free": { "$gt": 0 } },
        "held" => doc! { "held.annotator": { "$exists": true } },
        "history" => doc! { "answers.annotator": { "$exists": true } },
        _ => doc! { "reopened": { "$exists": true }, "free": { "$gt": 0 } },
    }
}
