//! A backup holds everything, whatever goes on beside it, and goes into either engine.

use annotd::allocation::mixture::Mixture;
use annotd::allocation::order::Order;
use annotd::allocation::{
    AnnotatorProfile, AnswersWanted, Ignore, Lane, Overrides, Plan, PlanPolicy, Position, Purpose,
    Route, SequenceNumber, SettlePolicy, Split, TaskState, WhenShort,
};
use annotd::backup::{self, Backup, Contents, Head, RestoreError};
use annotd::export::atomic_file::Output;
use annotd::identity::Identity;
use annotd::planning;
use annotd::store::{Claim, NewTask, Record, RecordFilter, RestoreTarget, Store, StorePolicy};
use annotd::task::{Basis, Millis, Task, Verdict};
use annotd::verify::{self, VerifyOptions};
use mongodb::bson::{Document, doc};
use proptest::test_runner::TestCaseError;

use super::store_under_test::{
    Engine, Faults, StoreUnderTest, all, assert_stats_are_true, claim, for_anyone, named, nth,
    record, says, wish, with_work,
};

const NOW: Millis = Millis(5000);

/// 70 of 100 once and 30 twice, named in balance.
pub fn rules(people: &[&str]) -> PlanPolicy {
    PlanPolicy {
        answers: AnswersWanted::Mixture(Mixture::mix(&[(0.7, 1), (0.3, 2)]).unwrap()),
        split: Split::Exact,
        route: Route::Balanced,
        average: None,
        assign_field: None,
        when_short: WhenShort::Hold,
        seed: 3,
        people: people.iter().map(|name| AnnotatorProfile::new(name)).collect(),
    }
}

fn policy() -> StorePolicy {
    StorePolicy {
        rule: SettlePolicy { ignore: Ignore::Skip, ..SettlePolicy::default() },
        order: Order::Loaded,
    }
}

/// Writes a backup and opens it.
async fn taken(store: &dyn Store, seen: impl FnMut(u64)) -> Backup {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.zst");
    let output = Output::to(Some(&path), Box::new(std::io::sink())).unwrap();
    let head = Head::new("p", store.engine().as_str(), NOW);
    let taken = backup::create(store, &head, output, seen).await.unwrap();
    let backup = Backup::open(&path, std::io::empty()).unwrap();
    let contents = backup.check(|_| ()).unwrap();
    assert_eq!((contents.tasks, contents.answers), (taken.tasks, taken.answers));
    backup
}

/// Restores a backup as the command does it, but for the look over everything.
async fn restored(backup: &Backup, place: &StoreUnderTest) -> std::sync::Arc<dyn Store> {
    let store = place.try_open(true).await.unwrap();
    let contents = backup.check(|_| ()).unwrap();
    assert_eq!(backup::begin(&*store, NOW).await.unwrap(), None);
    backup::restore(&*store, backup, &contents, |_| ()).await.unwrap();
    store.end_restore().await.unwrap();
    store.close().await;
    place.open().await
}

/// Everything about tasks. Who came first among those who hold a task means nothing.
fn plain(records: Vec<Record>) -> Vec<(SequenceNumber, Position, Task, TaskState)> {
    let plain = |record: Record| {
        let mut state = record.state;
        state.held.sort_by(|a, b| a.annotator.cmp(&b.annotator));
        (record.number, record.position, Task::clone(&record.task), state)
    };
    records.into_iter().map(plain).collect()
}

async fn found(store: &dyn Store, rules: &PlanPolicy, policy: &StorePolicy) -> Vec<String> {
    let identity = &Identity::plain();
    let options =
        VerifyOptions { rules, policy, identity, repair: false, now: Millis(0), shown: 20 };
    let report = verify::verify(store, options, |_| ()).await.unwrap();
    let findings = report.kinds.values().flat_map(|kind| &kind.first);
    let wrong = findings.filter(|finding| finding.outcome != annotd::store::audit::Outcome::Note);
    wrong.map(|finding| format!("{finding:?}")).collect()
}

/// Takes whatever is there into the other engine, and holds both against each other.
///
/// # Errors
/// What differs.
pub async fn round_trip(
    place: &StoreUnderTest,
    store: &dyn Store,
    rules: &PlanPolicy,
    policy: &StorePolicy,
) -> Result<(), TestCaseError> {
    let other = if place.database().is_some() { Engine::Sqlite } else { Engine::Mongo };
    let there = StoreUnderTest::fresh(other, Faults::None).await;
    let backup = taken(store, |_| ()).await;
    let copy = restored(&backup, &there).await;
    let same = plain(all(store).await) == plain(all(&*copy).await)
        && store.allocation_record().await.unwrap() == copy.allocation_record().await.unwrap()
        && with_work(store.stats().await.unwrap()) == with_work(copy.stats().await.unwrap());
    let wrong = found(&*copy, rules, policy).await;
    copy.close().await;
    there.remove().await;
    if same && wrong.is_empty() {
        Ok(())
    } else {
        Err(TestCaseError::fail(format!("the restored project is another one: {wrong:?}")))
    }
}

/// A bit of everything: answers, revisions, skips, late ones, holds, gold, a repeat, names.
async fn lively(store: &dyn Store) {
    store.set_policy(policy());
    let people = rules(&["ann", "bob", "cyd"]);
    let batch = (0..10).map(nth).collect();
    planning::admit(store, &people, &Overrides::default(), batch).await.unwrap();
    planning::known_since(store, &people, Millis(7)).await.unwrap();
    planning::replan_unfinished(store, &people, &policy(), false).await.unwrap();
    let mut early = for_anyone(nth(20), 2);
    early.plan.priority = 3;
    let mut bound = named(nth(21), 1, &["bob"]);
    bound.plan.bound = true;
    let mut gold = for_anyone(nth(22), 1);
    gold.plan = Plan { purpose: Purpose::Gold, ..Plan::new(1, vec![Lane::Gold]) };
    let odd = super::store_under_test::task(
        r#"{"text":"ü","n":1.10,"$a":{"b.c":1e3},"meta":{"x":[null]}}"#,
    );
    let open = for_anyone(nth(23), 1);
    let rows = vec![early, bound, gold, for_anyone(odd, 1), open];
    let ids: Vec<_> = rows.iter().map(|row| row.task.id.clone()).collect();
    store.insert_tasks(rows).await.unwrap();
    let repeat = Plan {
        bound: true,
        purpose: Purpose::Repeat(nth(20).id),
        ..Plan::new(1, vec![Lane::Of("ann".into())])
    };
    assert!(claim(store, &ids[0], "ann").await);
    record(store, &ids[0], "ann", says(Verdict::Accept, 100)).await;
    record(store, &ids[0], "ann", says(Verdict::Reject, 110)).await;
    assert!(claim(store, &ids[0], "bob").await);
    record(store, &ids[0], "bob", says(Verdict::Ignore, 120)).await;
    store
        .insert_tasks(vec![NewTask { task: nth(20).repeated_for("ann"), plan: repeat }])
        .await
        .unwrap();
    // Late: cyd had it, lost it, and dan was faster.
    assert!(claim(store, &ids[4], "cyd").await);
    store.release("cyd").await.unwrap();
    assert!(claim(store, &ids[4], "dan").await);
    record(store, &ids[4], "cyd", says(Verdict::Accept, 130)).await;
    let data = r#"{"spans":[{"start":0,"weight":1.50}],"annotator":"eve"}"#;
    let mut version = says(Verdict::Accept, 140);
    version.data = serde_json::from_str(data).unwrap();
    assert!(claim(store, &ids[2], "cyd").await);
    version.basis = Basis { edition: 2, tokenizer: 7 };
    record(store, &ids[2], "cyd", version).await;
    // Much, and then more: both lie apart. And a lease by another edition and tokenizer.
    for (letter, at) in [("a", 150), ("b", 160)] {
        let mut version = says(Verdict::Accept, at);
        let much = serde_json::json!(letter.repeat(70_000));
        version.data.insert("user_input".to_owned(), much);
        version.basis = Basis { edition: 1, tokenizer: 2 };
        record(store, &ids[3], "bob", version).await;
    }
    let lease = Claim { basis: Basis { edition: 2, tokenizer: 3 }, ..wish(&ids[1], "bob") };
    assert_eq!(store.claim(vec![lease]).await.unwrap(), [true]);
    store.set_identity("content").await.unwrap();
    for edition in [r#"{"labels":["A"]}"#, r#"{"labels":["A","B"]}"#] {
        store.edition(edition).await.unwrap();
    }
    store.note_loaded_file("/a/b.jsonl", "12:34").await.unwrap();
    store.note_loaded_file("c.jsonl", "5:6").await.unwrap();
    let keys = [("a".to_owned(), "k1".to_owned()), ("(lead)".to_owned(), "k2".to_owned())];
    store.set_keys(keys.into(), false).await.unwrap();
}

pub async fn everything_comes_back_in_either_engine(place: &StoreUnderTest) {
    let store = place.open().await;
    lively(&*store).await;
    let people = rules(&["ann", "bob", "cyd"]);
    if let Some(database) = place.database() {
        // A load that was stopped: one of its tasks is in, one is not.
        let meta = database.client().await.collection::<Document>("p.annotd");
        let plan = |id: &str| {
            format!(
                r#"{{"task":"{id}","wanted":1,"lanes":["ann"],"priority":0,"part":null,"bound":false,"purpose":null}}"#
            )
        };
        let plans = format!("[{},{}]", plan(nth(0).id.as_str()), plan(nth(99).id.as_str()));
        let load = mongodb::bson::oid::ObjectId::new();
        let push = doc! { "$push": { "promised": { "load": load, "plans": plans } } };
        meta.update_one(doc! { "_id": "deal" }, push).await.unwrap();
    }
    let backup = taken(&*store, |_| ()).await;
    for engine in [Engine::Sqlite, Engine::Mongo] {
        let there = StoreUnderTest::fresh(engine, Faults::None).await;
        let copy = restored(&backup, &there).await;
        assert_eq!(plain(all(&*copy).await), plain(all(&*store).await), "{engine:?}");
        let (was, mut is) =
            (store.allocation_record().await.unwrap(), copy.allocation_record().await.unwrap());
        assert_eq!((is.version, &is.state), (was.version, &was.state));
        let pending_plans: Vec<_> =
            was.pending_plans.iter().filter(|(id, _)| *id == nth(99).id).collect();
        assert_eq!(is.pending_plans.iter().collect::<Vec<_>>(), pending_plans, "{engine:?}");
        let files = copy.loaded_files().await.unwrap();
        assert_eq!(files, store.loaded_files().await.unwrap());
        assert_eq!(copy.keys().await.unwrap(), store.keys().await.unwrap());
        assert_eq!(copy.identity().await.unwrap().as_deref(), Some("content"));
        assert_eq!(copy.editions().await.unwrap(), store.editions().await.unwrap());
        assert_eq!(files.len(), 2);
        let (told, was_told) = (copy.stats().await.unwrap(), store.stats().await.unwrap());
        assert_eq!(with_work(told), with_work(was_told), "{engine:?}");
        assert_eq!(found(&*copy, &people, &policy()).await, Vec::<String>::new(), "{engine:?}");

        // And life goes on: leases end, what was promised comes, new tasks stand behind the others.
        copy.set_policy(policy());
        let last = all(&*copy).await.last().unwrap().number;
        assert_eq!(copy.expire_leases(Millis(2000)).await.unwrap(), 2);
        let more = vec![nth(99), nth(0)];
        let more = planning::admit(&*copy, &people, &Overrides::default(), more).await.unwrap();
        assert_eq!((more.new, more.same), (1, 1));
        let records = all(&*copy).await;
        let new = records.last().unwrap();
        assert!(new.number > last);
        if !pending_plans.is_empty() {
            assert_eq!(new.state.lanes, [Lane::Of("ann".into())], "as it was promised");
        }
        is = copy.allocation_record().await.unwrap();
        assert_eq!(is.version, was.version + 1);
        if engine == Engine::Sqlite {
            // The shared store leaves it there for `verify`.
            assert_eq!(is.pending_plans.len(), 0);
        }
        assert_stats_are_true(&*copy).await;
        copy.close().await;
        there.remove().await;
    }
}

pub async fn a_restore_that_breaks_off_is_recognised_and_begins_anew(place: &StoreUnderTest) {
    let whole = StoreUnderTest::fresh(Engine::Sqlite, Faults::None).await;
    let source = whole.open().await;
    lively(&*source).await;
    let backup = taken(&*source, |_| ()).await;
    let records = all(&*source).await;

    let store = place.try_open(true).await.unwrap();
    assert_eq!(store.restore_target().await.unwrap(), RestoreTarget::Empty);
    assert_eq!(backup::begin(&*store, NOW).await.unwrap(), None);
    store.restore_records(records[..4].to_vec()).await.unwrap();
    store.restore_records(records[2..6].to_vec()).await.unwrap();
    store.note_loaded_file("half", "1:1").await.unwrap();
    assert_eq!(store.count().await.unwrap(), 6);
    assert_stats_are_true(&*store).await;
    store.close().await;

    let refused = place.try_open(false).await.err().expect("half a project is not opened");
    let said = refused.to_string();
    assert!(said.contains("is being restored, begun at 1970-01-01T00:00:05Z"), "{said}");
    assert!(said.contains("`annotd restore -i FILE` again"), "{said}");

    let store = place.try_open(true).await.unwrap();
    assert_eq!(store.restore_target().await.unwrap(), RestoreTarget::Partial { since: NOW });
    assert_eq!(backup::begin(&*store, NOW).await.unwrap(), Some(NOW));
    assert_eq!(store.count().await.unwrap(), 0);
    assert_stats_are_true(&*store).await;
    let contents: Contents = backup.check(|_| ()).unwrap();
    backup::restore(&*store, &backup, &contents, |_| ()).await.unwrap();
    assert!(place.try_open(false).await.is_err(), "only the end ends it");
    store.end_restore().await.unwrap();
    store.close().await;
    let store = place.try_open(false).await.unwrap();
    assert_eq!(plain(all(&*store).await), plain(records));
    assert_eq!(store.loaded_files().await.unwrap(), source.loaded_files().await.unwrap());
    assert_stats_are_true(&*store).await;
}

pub async fn nothing_is_restored_over_a_project(place: &StoreUnderTest) {
    let store = place.open().await;
    super::store_under_test::insert_tasks(&*store, 3, 1).await;
    let refused = backup::begin(&*store, NOW).await.expect_err("it holds tasks");
    assert!(matches!(refused, RestoreError::Occupied { tasks: 3, .. }), "{refused}");
    assert!(refused.to_string().contains("holds 3 tasks already"), "{refused}");
    assert!(store.begin_restore(NOW).await.is_err(), "nor by a caller that does not check");
    assert_eq!(all(&*store).await.len(), 3);

    // Half a project with an answer, by a daemon that was there before.
    let there = StoreUnderTest::fresh(Engine::Sqlite, Faults::None).await;
    let daemon = there.open().await;
    let restore = there.try_open(true).await.unwrap();
    backup::begin(&*restore, Millis(50)).await.unwrap();
    restore.restore_records(all(&*store).await).await.unwrap();
    assert!(claim(&*daemon, &nth(0).id, "ann").await);
    record(&*daemon, &nth(0).id, "ann", says(Verdict::Accept, 100)).await;
    let refused = backup::begin(&*restore, NOW).await.expect_err("it has an answer");
    assert!(matches!(refused, RestoreError::Worked { .. }), "{refused}");
    assert_eq!(restore.count().await.unwrap(), 3);
}

/// Tasks that a load brings.
fn batch(load: usize, nth_batch: usize) -> Vec<Task> {
    let task = |n: usize| {
        super::store_under_test::task(&format!(r#"{{"text":"{load} {nth_batch} {n}"}}"#))
    };
    (0..20).map(task).collect()
}

pub async fn a_backup_beside_loads_agrees_with_what_was_dealt(place: &StoreUnderTest) {
    const BATCHES: usize = 12;
    let people = rules(&["ann", "bob", "cyd"]);
    let mut loads = tokio::task::JoinSet::new();
    for load in 0..2 {
        let (store, people) = (place.open().await, people.clone());
        loads.spawn(async move {
            for nth_batch in 0..BATCHES {
                let tasks = batch(load, nth_batch);
                planning::admit(&*store, &people, &Overrides::default(), tasks).await.unwrap();
            }
        });
    }
    // Repeats and the like are not dealt.
    let store = place.open().await;
    loads.spawn(async move {
        for n in 0..60 {
            store.insert_tasks(vec![for_anyone(nth(n), 1)]).await.unwrap();
        }
    });
    let store = place.open().await;
    let mut looks = 0;
    while !loads.is_empty() || looks == 0 {
        let before = all(&*store).await.len();
        let backup = taken(&*store, |_| ()).await;
        let there = StoreUnderTest::fresh(Engine::Sqlite, Faults::None).await;
        let copy = restored(&backup, &there).await;
        assert!(all(&*copy).await.len() >= before);
        assert_eq!(found(&*copy, &people, &StorePolicy::default()).await, Vec::<String>::new());
        looks += 1;
        while let Some(done) = loads.try_join_next() {
            done.unwrap();
        }
    }
    let backup = taken(&*store, |_| ()).await;
    assert_eq!(backup.check(|_| ()).unwrap().tasks, (2 * BATCHES * 20 + 60) as u64);

    // One that took its number early and comes in behind the place that the walk has reached.
    let Some(database) = place.database() else { return };
    let tasks = database.client().await.collection::<Document>("p");
    let late = tasks.find_one_and_delete(doc! { "number": 3 }).await.unwrap().unwrap();
    let mut late = Some(late);
    let backup = taken(&*store, |_| {
        if let Some(late) = late.take() {
            at_once(async { tasks.insert_one(late).await.unwrap() });
        }
    });
    let there = StoreUnderTest::fresh(Engine::Sqlite, Faults::None).await;
    let copy = restored(&backup.await, &there).await;
    assert_eq!(plain(all(&*copy).await), plain(all(&*store).await));
}

/// Does something within a callback.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(work))
}

pub async fn who_came_during_a_backup_is_seen_to_after_the_restore(place: &StoreUnderTest) {
    let store = place.open().await;
    let (few, more) = (rules(&["ann", "bob"]), rules(&["ann", "bob", "cyd"]));
    let tasks = (0..30).flat_map(|n| batch(0, n)).collect();
    planning::admit(&*store, &few, &Overrides::default(), tasks).await.unwrap();
    planning::replan_unfinished(&*store, &few, &StorePolicy::default(), false).await.unwrap();
    // When the first page has been read, cyd comes.
    let mut changed = None;
    let backup = taken(&*store, |_| {
        let look =
            || at_once(planning::replan_unfinished(&*store, &more, &StorePolicy::default(), false));
        changed = changed.or_else(|| Some(look().unwrap()));
    });
    let backup = backup.await;
    assert!(changed.is_some_and(|changed| changed > 0), "{changed:?}");
    let of_cyd = |records: &[Record]| {
        let names = records.iter().filter(|record| record.state.names().any(|n| n == "cyd"));
        names.count()
    };
    for engine in [Engine::Sqlite, Engine::Mongo] {
        let there = StoreUnderTest::fresh(engine, Faults::None).await;
        let copy = restored(&backup, &there).await;
        assert_eq!(found(&*copy, &more, &StorePolicy::default()).await, Vec::<String>::new());
        let before = of_cyd(&all(&*copy).await);
        assert!(before < of_cyd(&all(&*store).await), "some had been read before");
        planning::replan_unfinished(&*copy, &more, &StorePolicy::default(), false).await.unwrap();
        assert!(of_cyd(&all(&*copy).await) > before, "{engine:?}");
        assert_eq!(found(&*copy, &more, &StorePolicy::default()).await, Vec::<String>::new());
        copy.close().await;
        there.remove().await;
    }
}

pub async fn tasks_that_share_a_place_find_one_each(place: &StoreUnderTest) {
    let source = StoreUnderTest::fresh(Engine::Sqlite, Faults::None).await;
    let from = source.open().await;
    let ids = super::store_under_test::insert_tasks(&*from, 4, 1).await;
    assert!(claim(&*from, &ids[0], "ann").await);
    record(&*from, &ids[0], "ann", says(Verdict::Accept, 100)).await;
    let mut records = all(&*from).await;
    // The finished one stands where the order was another one; and so does another one.
    let (third, fourth) = (records[2].position, records[3].position);
    records[0].position = third;
    records[1].position = fourth;
    let store = place.try_open(true).await.unwrap();
    backup::begin(&*store, NOW).await.unwrap();
    store.restore_records(records).await.unwrap();
    store.end_restore().await.unwrap();
    let all_of_it = all(&*store).await;
    assert_eq!(all_of_it.len(), 4);
    assert_eq!(all_of_it[2].position, third, "who waits stands where it stood");
    let open = store.queued_tasks(&Lane::Anyone, Position::START, 9).await.unwrap();
    assert_eq!(open.len(), 3);
    for task in &ids[1..] {
        assert!(claim(&*store, task, "bob").await);
        record(&*store, task, "bob", says(Verdict::Accept, 200)).await;
    }
    assert!(
        store.records(RecordFilter::Unfinished, SequenceNumber::START, 9).await.unwrap().is_empty()
    );
    assert_stats_are_true(&*store).await;
}
