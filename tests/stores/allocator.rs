//! The allocator over a real store, with a clock that the test moves.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use crate::common::faulty::Faulty;
use annotd::allocation::{AnnotatorProfile, AnswerOutcome, Lane, Plan};
use annotd::allocator::{Allocator, AllocatorPolicy, Clock, Reason};
use annotd::store::sqlite::SqliteStore;
use annotd::store::{NewTask, Store, Submission, TaskStore};
use annotd::task::{Basis, Millis, Task, TaskId, TaskJson, Verdict, Version};
use serde_json::Map;

const LEASE: Duration = Duration::from_secs(2);

struct Fixture {
    store: Arc<dyn Store>,
    allocator: Allocator,
    now: Arc<AtomicI64>,
    folder: tempfile::TempDir,
}

fn clock(now: &Arc<AtomicI64>) -> Clock {
    let now = Arc::clone(now);
    Arc::new(move || Millis(now.load(Ordering::SeqCst)))
}

fn open(path: &Path) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open(path, "demo").expect("a store"))
}

fn admission(number: usize, wanted: u32, priority: i32) -> NewTask {
    let body = TaskJson::parse(&format!("{{\"text\":\"{number}\"}}")).expect("a task");
    let plan = Plan { priority, ..Plan::new(wanted, vec![Lane::Anyone]) };
    NewTask { task: Task::new(body), plan }
}

impl Fixture {
    async fn new(tasks: usize, wanted: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(&folder.path().join("store.db"));
        let admissions = (0..tasks).map(|number| admission(number, wanted, 0)).collect();
        store.insert_tasks(admissions).await.expect("admitted");
        let now = Arc::new(AtomicI64::new(1_000_000));
        let (allocator, _) = Allocator::start(
            Arc::clone(&store),
            clock(&now),
            AllocatorPolicy::with_lease(LEASE).into_source(),
        );
        Self { store, allocator, now, folder }
    }

    fn pass(&self, time: Duration) {
        let ms = i64::try_from(time.as_millis()).expect("a short time");
        self.now.fetch_add(ms, Ordering::SeqCst);
    }

    async fn ask(&self, annotator: &str, most: usize) -> Vec<String> {
        let batch = self.allocator.tasks(annotator, most, HashSet::new()).await.expect("a batch");
        batch.given.iter().map(|given| given.task.body.get_as("text").expect("a text")).collect()
    }

    async fn reason(&self, annotator: &str) -> Option<Reason> {
        self.allocator.tasks(annotator, 1, HashSet::new()).await.expect("a batch").reason
    }

    /// Asks until these tasks come: a release is noticed a little later.
    async fn ask_until(&self, annotator: &str, expected: &[&str]) {
        let began = Instant::now();
        loop {
            let texts = self.ask(annotator, expected.len().max(1)).await;
            if texts == expected {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "{annotator} still gets {texts:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn answer(&self, annotator: &str, text: &str) -> AnswerOutcome {
        let now = self.allocator.now();
        let version = Version {
            verdict: Verdict::Accept,
            data: Map::new(),
            time_loaded: now,
            time_returned: now,
            basis: Basis::default(),
        };
        let submission = Submission { task: id(text), annotator: annotator.to_owned(), version };
        self.allocator.answers(vec![submission]).await.expect("stored")[0]
    }
}

fn id(text: &str) -> TaskId {
    Task::new(TaskJson::parse(&format!("{{\"text\":\"{text}\"}}")).expect("a task")).id
}

#[tokio::test]
async fn a_lease_that_ends_gives_the_task_to_the_next_and_a_late_answer_is_kept() {
    let fixture = Fixture::new(1, 1).await;
    assert_eq!(fixture.ask("ada", 1).await, ["0"]);
    assert!(fixture.ask("ben", 1).await.is_empty());
    assert_eq!(fixture.reason("ben").await, Some(Reason::Waiting));
    fixture.pass(LEASE);
    fixture.ask_until("ben", &["0"]).await;
    assert_eq!(fixture.answer("ada", "0").await, AnswerOutcome::Late);
    assert_eq!(fixture.answer("ben", "0").await, AnswerOutcome::Saved);
    assert_eq!(fixture.reason("ada").await, Some(Reason::Done));
}

#[tokio::test]
async fn activity_renews_a_lease() {
    let fixture = Fixture::new(3, 1).await;
    assert_eq!(fixture.ask("ada", 2).await, ["0", "1"]);
    for _ in 0..5 {
        fixture.pass(LEASE * 2 / 3);
        assert_eq!(fixture.ask("ada", 2).await, ["0", "1"], "she asked in time");
    }
    fixture.pass(LEASE * 2 / 3);
    assert_eq!(fixture.answer("ada", "0").await, AnswerOutcome::Saved);
    fixture.pass(LEASE * 2 / 3);
    fixture.store.expire_leases(fixture.allocator.now()).await.expect("swept");
    assert_eq!(fixture.ask("ben", 3).await, ["2"], "her answer has renewed the other, too");
}

#[tokio::test]
async fn an_answer_after_the_lease_does_not_take_a_task_from_its_holder() {
    let fixture = Fixture::new(3, 1).await;
    assert_eq!(fixture.ask("ada", 3).await, ["0", "1", "2"]);
    fixture.pass(LEASE);
    fixture.store.expire_leases(fixture.allocator.now()).await.expect("swept");
    fixture.allocator.notify_tasks_changed().await;
    assert_eq!(fixture.answer("ada", "0").await, AnswerOutcome::Saved);
    assert_eq!(fixture.ask("ben", 3).await, ["1", "2"]);
    assert!(fixture.ask("ada", 3).await.is_empty(), "Ben holds the others");
}

#[tokio::test]
async fn an_annotator_who_returns_in_time_keeps_their_leases() {
    let fixture = Fixture::new(2, 1).await;
    assert_eq!(fixture.ask("ada", 2).await, ["0", "1"]);
    // The daemon is restarted.
    let (again, _) = Allocator::start(
        Arc::clone(&fixture.store),
        clock(&fixture.now),
        AllocatorPolicy::with_lease(LEASE).into_source(),
    );
    let batch = again.tasks("ada", 2, HashSet::new()).await.expect("a batch");
    assert_eq!(batch.given.len(), 2);
    assert!(fixture.ask("ben", 1).await.is_empty());
}

#[tokio::test]
async fn a_reopened_task_also_goes_to_annotators_who_are_far_ahead() {
    let fixture = Fixture::new(400, 2).await;
    assert_eq!(fixture.ask("ada", 1).await, ["0"]);
    for annotator in ["ben", "cleo"] {
        for _ in 0..150 {
            let texts = fixture.ask(annotator, 1).await;
            assert_eq!(fixture.answer(annotator, &texts[0]).await, AnswerOutcome::Saved);
        }
    }
    // Task 0 was full when Cleo passed it; now Ada's slot comes back, far behind.
    fixture.pass(LEASE);
    fixture.store.expire_leases(fixture.allocator.now()).await.expect("swept");
    fixture.allocator.notify_tasks_changed().await;
    assert_eq!(fixture.ask("cleo", 1).await, ["0"]);
    assert_eq!(fixture.answer("cleo", "0").await, AnswerOutcome::Saved);
    assert_eq!(fixture.ask("cleo", 1).await, ["151"]);
}

#[tokio::test]
async fn a_load_of_higher_priority_is_handed_out_next() {
    let fixture = Fixture::new(50, 1).await;
    assert_eq!(fixture.ask("ada", 1).await, ["0"]);
    let urgent = vec![admission(1000, 1, 5), admission(1001, 1, 9)];
    fixture.store.insert_tasks(urgent).await.expect("admitted");
    fixture.allocator.notify_tasks_changed().await;
    assert_eq!(fixture.answer("ada", "0").await, AnswerOutcome::Saved);
    let mut next = fixture.ask("ada", 2).await;
    next.sort();
    assert_eq!(next, ["1000", "1001"]);
}

#[tokio::test]
async fn tasks_loaded_later_are_found_by_an_annotator_who_was_done() {
    let fixture = Fixture::new(1, 1).await;
    assert_eq!(fixture.ask("ada", 1).await, ["0"]);
    fixture.answer("ada", "0").await;
    assert_eq!(fixture.reason("ada").await, Some(Reason::Done));
    fixture.store.insert_tasks(vec![admission(7, 1, 0)]).await.expect("admitted");
    fixture.ask_until("ada", &["7"]).await;
}

#[tokio::test]
async fn a_failure_in_the_middle_of_a_request_hides_no_task() {
    let fixture = Fixture::new(100, 1).await;
    let store = Arc::new(Faulty::calm(Arc::clone(&fixture.store)));
    let (allocator, _) = Allocator::start(
        Arc::<Faulty>::clone(&store),
        clock(&fixture.now),
        AllocatorPolicy::with_lease(Duration::from_secs(600)).into_source(),
    );
    let fixture = Fixture { store: Arc::<Faulty>::clone(&store), allocator, ..fixture };
    let mut got: Vec<String> = fixture.ask("ada", 60).await;
    for text in &got {
        fixture.answer("ada", text).await;
    }
    // The page in memory ends at 64: the first four are chosen, then the next page cannot be read.
    store.fail_next_page();
    for _ in 0..20 {
        if let Ok(batch) = fixture.allocator.tasks("ada", 10, HashSet::new()).await {
            for given in &batch.given {
                let text: String = given.task.body.get_as("text").expect("a text");
                fixture.answer("ada", &text).await;
                got.push(text);
            }
        }
        fixture.pass(Duration::from_secs(1));
    }
    let different: HashSet<&String> = got.iter().collect();
    assert_eq!((got.len(), different.len()), (100, 100));
}

#[tokio::test]
async fn an_unannounced_task_behind_all_cursors_is_found_by_an_annotator_who_runs_out() {
    let fixture = Fixture::new(10, 1).await;
    assert_eq!(fixture.ask("ada", 2).await, ["0", "1"]);
    fixture.store.insert_tasks(vec![admission(77, 1, 0)]).await.expect("admitted");
    // As when two loads at once take their numbers in one order and come in the other.
    let file =
        rusqlite::Connection::open(fixture.folder.path().join("store.db")).expect("the store");
    file.execute_batch(
        "UPDATE queue SET position = 0 WHERE seq = 11; UPDATE task SET position = 0 WHERE seq = 11",
    )
    .expect("moved");
    let mut got = Vec::new();
    for _ in 0..20 {
        for text in fixture.ask("ada", 3).await {
            assert_eq!(fixture.answer("ada", &text).await, AnswerOutcome::Saved);
            got.push(text);
        }
        fixture.pass(Duration::from_secs(1));
    }
    assert_eq!(got.len(), 11);
    assert!(got.contains(&"77".to_owned()), "{got:?}");
}

#[tokio::test]
async fn a_batch_has_each_task_once() {
    let fixture = Fixture::new(0, 1).await;
    fixture.store.insert_tasks(vec![admission(1, 1, 0)]).await.expect("admitted");
    fixture
        .store
        .insert_tasks((2..6).map(|number| admission(number, 1, 5)).collect())
        .await
        .expect("admitted");
    fixture.allocator.notify_tasks_changed().await;
    let got = fixture.ask("ada", 5).await;
    assert_eq!(got, ["2", "3", "4", "5", "1"]);
}

#[tokio::test]
async fn sqlite_finds_the_next_task_by_the_queue_alone() {
    for tasks in [1_000, 20_000] {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::open(&folder.path().join("store.db"), "demo").expect("a store");
        store
            .insert_tasks((0..tasks).map(|n| admission(n, 3, 0)).collect())
            .await
            .expect("admitted");
        let plan = store.plan_of_next_task().await.expect("a plan");
        assert_eq!(plan[0], "SEARCH q USING PRIMARY KEY (lane=? AND position>?)", "{plan:?}");
        assert_eq!(plan[1], "SEARCH t USING INTEGER PRIMARY KEY (rowid=?)", "{plan:?}");
        // The takers of the one task are gathered from two searches; nothing else is scanned.
        let scans: Vec<_> = plan.iter().filter(|step| step.starts_with("SCAN")).collect();
        assert_eq!(scans, ["SCAN (subquery-2)"], "{plan:?}");
        assert!(plan.iter().all(|step| !step.contains("TEMP B-TREE")), "{plan:?}");
    }
}

/// The same with a policy of its own.
impl Fixture {
    fn set_profiles(&mut self, people: Vec<AnnotatorProfile>, steal_after: Option<Duration>) {
        let known_since = people.iter().map(|p| (p.name.clone(), self.allocator.now())).collect();
        let conduct = AllocatorPolicy {
            people,
            steal_after,
            known_since,
            ..AllocatorPolicy::with_lease(LEASE)
        };
        self.allocator = self.allocator.with_policy(Arc::new(conduct));
    }

    async fn admit_named(&self, texts: &[&str], names: &[&str], bound: bool) {
        let lanes: Vec<Lane> = names.iter().map(|name| Lane::Of((*name).to_owned())).collect();
        let admissions = texts.iter().map(|text| {
            let body = TaskJson::parse(&format!("{{\"text\":\"{text}\"}}")).expect("a task");
            let plan = Plan { bound, ..Plan::new(1, lanes.clone()) };
            NewTask { task: Task::new(body), plan }
        });
        self.store.insert_tasks(admissions.collect()).await.expect("admitted");
    }
}

#[tokio::test]
async fn a_quota_is_never_exceeded_however_tasks_are_requested() {
    let mut fixture = Fixture::new(20, 1).await;
    let ada = AnnotatorProfile { quota: Some(5), ..AnnotatorProfile::new("ada") };
    fixture.set_profiles(vec![ada, AnnotatorProfile::new("ben")], None);
    assert_eq!(fixture.ask("ada", 3).await, ["0", "1", "2"]);
    // Several pages of one annotator at once.
    let (one, two) = tokio::join!(fixture.ask("ada", 10), fixture.ask("ada", 10));
    assert!(one.len() <= 5 && two.len() <= 5, "{one:?} {two:?}");
    assert_eq!(one.len().max(two.len()), 5, "what is held, and two more");
    for text in ["0", "1", "2", "3", "4"] {
        assert_eq!(fixture.answer("ada", text).await, AnswerOutcome::Saved);
    }
    assert!(fixture.ask("ada", 10).await.is_empty());
    assert_eq!(fixture.reason("ada").await, Some(Reason::Done));
    assert_eq!(fixture.ask("ben", 100).await.len(), 15);
}

#[tokio::test]
async fn a_task_of_an_absent_annotator_goes_to_one_who_has_nothing_left() {
    let mut fixture = Fixture::new(0, 1).await;
    let names = ["ada", "ben", "cleo"];
    let people = names.iter().map(|name| AnnotatorProfile::new(name)).collect();
    fixture.set_profiles(people, Some(Duration::from_secs(100)));
    fixture.admit_named(&["own"], &["ben"], false).await;
    fixture.admit_named(&["of ada 1", "of ada 2"], &["ada"], false).await;
    fixture.admit_named(&["bound"], &["ada"], true).await;
    assert_eq!(fixture.ask("ben", 5).await, ["own"]);
    assert!(fixture.ask("cleo", 5).await.is_empty(), "ada may still come");
    fixture.pass(Duration::from_secs(90));
    assert!(fixture.ask("cleo", 5).await.is_empty());
    fixture.pass(Duration::from_secs(30));
    assert_eq!(fixture.ask("cleo", 1).await, ["of ada 1"], "a task at a time");
    // Ben holds a task of his own again, which his lease has lost him, and takes that first.
    fixture.ask_until("ben", &["own"]).await;
    assert_eq!(fixture.ask("ben", 2).await, ["own", "of ada 2"]);
    assert_eq!(fixture.ask("cleo", 5).await, ["of ada 1"], "a task with names stays theirs");
    let bound = fixture.store.look_up(&[id("bound")]).await.expect("found");
    assert!(bound[0].as_ref().expect("a task").state.admits("ada"));
    // Ada is there again, and what is hers is hers.
    assert_eq!(fixture.ask("ada", 5).await, ["bound"]);
}
