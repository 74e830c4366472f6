//! Damage made by hand in the database is found by the name of its invariant and its task. It is
//! repaired where it can be derived, and left alone where it is an annotator's work.

use annotd::allocation::mixture::Mixture;
use annotd::allocation::order::Order;
use annotd::allocation::{
    AnnotatorProfile, AnswersWanted, Lane, Overrides, Plan, PlanPolicy, Purpose, Route, Split,
    WhenShort,
};
use annotd::identity::Identity;
use annotd::planning;
use annotd::store::audit::{AuditOptions, Outcome, PageRequest, PageToken};
use annotd::store::{NewTask, Store, StorePolicy};
use annotd::task::{Millis, TaskId, Verdict};
use annotd::verify::{self, VerifyOptions, VerifyReport};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, doc};

use super::store_under_test::{
    StoreUnderTest, assert_stats_are_true, claim, for_anyone, insert_tasks, look_up, named, nth,
    record, says,
};

fn rules(parts: &[(f64, u32)], route: Route) -> PlanPolicy {
    PlanPolicy {
        answers: AnswersWanted::Mixture(Mixture::mix(parts).unwrap()),
        split: Split::Exact,
        route,
        average: None,
        assign_field: None,
        when_short: WhenShort::Hold,
        seed: 3,
        people: ["ann", "bob", "cyd"].map(AnnotatorProfile::new).into(),
    }
}

fn plain() -> PlanPolicy {
    rules(&[(1.0, 2)], Route::Open)
}

async fn verify(store: &dyn Store, rules: &PlanPolicy, repair: bool) -> VerifyReport {
    let policy = StorePolicy::default();
    let identity = &Identity::plain();
    let now = Millis(500);
    let options = VerifyOptions { rules, policy: &policy, identity, repair, now, shown: 100 };
    verify::verify(store, options, |_| ()).await.unwrap()
}

/// What breaks which, repeated names once.
fn broken(report: &VerifyReport) -> Vec<(&'static str, Option<TaskId>)> {
    let findings = report.kinds.values().flat_map(|kind| &kind.first);
    let mut broken: Vec<_> = findings
        .filter(|finding| finding.outcome != Outcome::Note)
        .map(|finding| (finding.breaks, finding.task.clone()))
        .collect();
    broken.dedup();
    broken
}

/// Looks at everything in the engine alone, with the order in force.
pub async fn differences(store: &dyn Store, order: Order) -> Vec<String> {
    let how = AuditOptions { repair: false, order: Some(order) };
    let mut after: Option<PageToken> = None;
    let mut found = Vec::new();
    loop {
        let page = store.audit(PageRequest { after, limit: 3 }, how).await.unwrap();
        found.extend(page.findings);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    found.extend(store.audit_whole(how).await.unwrap());
    found.into_iter().map(|finding| format!("{finding:?}")).collect()
}

/// Changes a task behind the store's back.
async fn damage(place: &StoreUnderTest, task: &TaskId, sql: &str, update: Document) {
    if let Some(database) = place.database() {
        let tasks = database.client().await.collection::<Document>("p");
        let done = tasks.update_one(doc! { "_id": task.as_str() }, update).await.unwrap();
        assert_eq!(done.modified_count, 1);
    } else {
        let file = rusqlite::Connection::open(place.file().unwrap()).unwrap();
        let seq = "(SELECT seq FROM task WHERE id = :id)";
        file.execute_batch(&sql.replace(":seq", seq).replace(":id", &format!("'{task}'"))).unwrap();
    }
}

/// Seven tasks that want two answers: 0 is finished, 1 has an answer and is held, 2 has an answer,
/// 3 is held, 4 names people.
async fn project(store: &dyn Store) -> Vec<TaskId> {
    let mut ids = insert_tasks(store, 4, 2).await;
    let mut bound = named(nth(4), 2, &["ann", "bob"]);
    bound.plan.bound = true;
    let rest = vec![bound, for_anyone(nth(5), 2), for_anyone(nth(6), 2)];
    ids.extend(rest.iter().map(|admission| admission.task.id.clone()));
    store.insert_tasks(rest).await.unwrap();
    for (task, who) in [(0, "ann"), (0, "bob"), (1, "ann"), (2, "cyd")] {
        assert!(claim(store, &ids[task], who).await);
        record(store, &ids[task], who, says(Verdict::Accept, 100)).await;
    }
    assert!(claim(store, &ids[1], "bob").await && claim(store, &ids[3], "cyd").await);
    // From now on the order is looked at.
    let looked = planning::replan_unfinished(store, &plain(), &StorePolicy::default(), false).await;
    assert_eq!(looked.unwrap(), 0);
    ids
}

pub async fn a_sound_project_is_clean(place: &StoreUnderTest) {
    let store = place.open().await;
    let none = verify(&*store, &plain(), false).await;
    assert_eq!((none.tasks, broken(&none)), (0, vec![]));
    project(&*store).await;
    for repair in [false, true, false] {
        let report = verify(&*store, &plain(), repair).await;
        assert_eq!((report.tasks, broken(&report)), (7, vec![]));
    }
}

pub async fn what_is_derived_is_found_and_repaired(place: &StoreUnderTest) {
    let store = place.open().await;
    let ids = project(&*store).await;
    let mongo = place.database().is_some();
    // Name, task, damage; and whether the engine keeps that at all.
    let damages = [
        ("free", 2, "UPDATE task SET free = 2 WHERE id = :id", doc! { "$set": { "free": 2 } }),
        ("free", 5, "UPDATE task SET free = 0 WHERE id = :id", doc! { "$unset": { "free": 1 } }),
        (
            "finished",
            0,
            "UPDATE task SET finished = 0 WHERE id = :id",
            doc! { "$set": { "finished": false } },
        ),
        (
            "finished",
            2,
            "UPDATE task SET finished = 1 WHERE id = :id",
            doc! { "$set": { "finished": true } },
        ),
        (
            "position",
            2,
            "UPDATE task SET position = 99 WHERE id = :id",
            doc! { "$set": { "position": 99_i64 } },
        ),
        (
            "once",
            2,
            "INSERT INTO hold VALUES (:seq, 'cyd', 1, 400, 0, 1, NULL)",
            doc! { "$push": { "held": { "annotator": "cyd", "since": mongodb::bson::DateTime::from_millis(1), "until": mongodb::bson::DateTime::from_millis(400) } } },
        ),
        ("left", 1, "", doc! { "$set": { "left": 2 } }),
        ("seen", 1, "", doc! { "$inc": { "seen": 1 } }),
        ("coders", 1, "", doc! { "$set": { "coders": ["bob"] } }),
        ("fields", 5, "", doc! { "$unset": { "position": 1 } }),
        ("fields", 5, "", doc! { "$unset": { "number": 1 } }),
        ("fields", 1, "", doc! { "$unset": { "rev": 1, "skipped": 1, "planned": 1, "late": 1 } }),
        ("number", 6, "", doc! { "$set": { "number": 1_i64 } }),
        ("queue", 4, "DELETE FROM queue WHERE seq = :seq", doc! {}),
        ("queue", 0, "INSERT INTO queue VALUES ('ann', 1, :seq)", doc! {}),
    ];
    for (name, task, sql, update) in damages {
        if (mongo && update.is_empty()) || (!mongo && sql.is_empty()) {
            continue;
        }
        let before = look_up(&*store, &ids[task]).await;
        damage(place, &ids[task], sql, update).await;
        let report = verify(&*store, &plain(), false).await;
        let found = broken(&report);
        let expected = (name, Some(ids[task].clone()));
        assert!(found.contains(&expected), "{name} of {task}: {found:?}");
        assert_eq!(report.remain(), report.repairable(), "{report:?}");
        let repaired = verify(&*store, &plain(), true).await;
        assert!(repaired.found() > 0 && repaired.remain() == 0, "{name} of {task}: {repaired:?}");
        assert_eq!(broken(&verify(&*store, &plain(), false).await), [], "{name} of {task}");
        let after = look_up(&*store, &ids[task]).await;
        assert_eq!(after.state, before.state, "{name}");
    }
    assert_eq!(differences(&*store, Order::Loaded).await, Vec::<String>::new());
    // What was repaired is handed out as ever.
    for who in ["ann", "bob", "cyd"] {
        for task in &ids {
            claim(&*store, task, who).await;
            record(&*store, task, who, says(Verdict::Accept, 200)).await;
        }
    }
    for task in &ids {
        assert!(look_up(&*store, task).await.state.finished, "{task}");
    }
    assert_eq!(broken(&verify(&*store, &plain(), false).await), []);
}

pub async fn tasks_that_have_changed_places_find_their_own(place: &StoreUnderTest) {
    let store = place.open().await;
    let ids = insert_tasks(&*store, 5, 1).await;
    planning::replan_unfinished(&*store, &plain(), &StorePolicy::default(), false).await.unwrap();
    if let Some(database) = place.database() {
        let tasks = database.client().await.collection::<Document>("p");
        let inc = doc! { "$inc": { "position": -1_i64 } };
        tasks.update_many(doc! {}, inc).await.unwrap();
    } else {
        let file = rusqlite::Connection::open(place.file().unwrap()).unwrap();
        for seq in 1..=5 {
            let sql = "UPDATE task SET position = position - 1 WHERE seq = ?1";
            file.execute(sql, [seq]).unwrap();
        }
    }
    let report = verify(&*store, &plain(), true).await;
    assert!(report.found() >= 5 && report.remain() == 0, "{report:?}");
    assert_eq!(broken(&verify(&*store, &plain(), false).await), []);
    let open = store.queued_tasks(&Lane::Anyone, annotd::allocation::Position::START, 9).await;
    assert_eq!(open.unwrap().iter().map(|t| t.task.id.clone()).collect::<Vec<_>>(), ids);
}

pub async fn what_people_have_answered_is_found_and_left_alone(place: &StoreUnderTest) {
    let store = place.open().await;
    let ids = project(&*store).await;
    // More answers than wanted, an annotator whom no lane admits, and another content.
    damage(
        place,
        &ids[0],
        "UPDATE task SET wanted = 1 WHERE id = :id",
        doc! { "$set": { "wanted": 1 } },
    )
    .await;
    damage(
        place,
        &ids[2],
        "UPDATE task SET lanes = '[\"ann\",\"bob\"]' WHERE id = :id",
        doc! { "$set": { "for": ["ann", "bob"] } },
    )
    .await;
    damage(
        place,
        &ids[5],
        "UPDATE task SET body = '{\"text\":\"other\"}' WHERE id = :id",
        doc! { "$set": { "task": { "text": "other" } } },
    )
    .await;
    let mut expected = vec![("exact", 0), ("held-once", 0), ("eligible", 2), ("identity", 5)];
    if place.database().is_some() {
        // Two answers of one person: the tables do not let them in.
        let tasks = place.database().unwrap().client().await.collection::<Document>("p");
        let first = tasks.find_one(doc! { "_id": ids[1].as_str() }).await.unwrap().unwrap();
        let answer = first.get_array("answers").unwrap()[0].clone();
        damage(place, &ids[1], "", doc! { "$push": { "answers": answer } }).await;
        expected.extend([("idempotent", 1), ("once", 1), ("held-once", 1), ("finished", 1)]);
    }
    let mut answers = Vec::new();
    for id in &ids {
        answers.push(look_up(&*store, id).await.state.answers);
    }
    for repair in [false, true, true] {
        let report = verify(&*store, &plain(), repair).await;
        let found = broken(&report);
        for (name, task) in &expected {
            // Being finished follows, and has been repaired by the last round.
            if *name != "finished" || !report.kinds.is_empty() && !repair {
                assert!(found.contains(&(name, Some(ids[*task].clone()))), "{name}: {found:?}");
            }
        }
        assert!(report.remain() > 0);
    }
    for (id, answers) in ids.iter().zip(answers) {
        assert_eq!(look_up(&*store, id).await.state.answers, answers);
    }
}

pub async fn what_only_the_whole_can_tell_is_found_and_repaired(place: &StoreUnderTest) {
    let store = place.open().await;
    let ids = project(&*store).await;
    let mut expected = Vec::new();
    if let Some(database) = place.database() {
        let meta = database.client().await.collection::<Document>("p.annotd");
        meta.update_one(doc! { "_id": "numbers" }, doc! { "$set": { "last": 2_i64 } })
            .await
            .unwrap();
        // Loads that were stopped: one when all was in, one before.
        let mut old = ObjectId::new().bytes();
        old[..4].copy_from_slice(&[0x60, 0, 0, 0]);
        for (byte, id) in [(1, ids[0].as_str()), (2, "feed")] {
            old[11] = byte;
            let plans = format!(
                r#"[{{"task":"{id}","wanted":2,"lanes":["*"],"priority":0,"part":null,"bound":false,"purpose":null}}]"#
            );
            let promise = doc! { "load": ObjectId::from_bytes(old), "plans": plans };
            let push = doc! { "$push": { "promised": promise } };
            meta.update_one(doc! { "_id": "deal" }, push).await.unwrap();
        }
        expected.extend([("numbers", None), ("promise", None)]);
    } else {
        let file = rusqlite::Connection::open(place.file().unwrap()).unwrap();
        file.execute_batch(
            "UPDATE totals SET answers = answers + 3, wanted = 0; \
             UPDATE share SET answered = 9 WHERE annotator = 'ann'; \
             DELETE FROM share WHERE annotator = 'bob'; \
             INSERT INTO share VALUES ('eve', 1, 0, 0, NULL, 0, 0, 0, 0); \
             INSERT INTO queue VALUES ('*', 77, 77); INSERT INTO hold VALUES (77, 'ann', 1, 2, 0, 1, NULL); \
             UPDATE meta SET value = 0 WHERE key = 'reopened'; \
             UPDATE task SET reopened = 5 WHERE seq = 1;",
        )
        .unwrap();
        expected.extend([("figures", None), ("numbers", None), ("orphan", None)]);
    }
    let report = verify(&*store, &plain(), false).await;
    assert_eq!(broken(&report), expected);
    let repaired = verify(&*store, &plain(), true).await;
    assert_eq!((broken(&repaired), repaired.remain()), (expected, 0));
    let clean = verify(&*store, &plain(), false).await;
    assert_eq!(broken(&clean), []);
    if place.database().is_some() {
        assert_eq!(clean.kinds["promise"].all, 1, "the load that was stopped before is noted");
        assert_eq!(store.allocation_record().await.unwrap().pending_plans.len(), 1);
    }
    assert_stats_are_true(&*store).await;
    // Figures that cannot even be read.
    if let Some(file) = place.file() {
        let file = rusqlite::Connection::open(file).unwrap();
        file.execute_batch("UPDATE share SET answered = -4").unwrap();
        assert_eq!(verify(&*store, &plain(), true).await.remain(), 0);
        assert_stats_are_true(&*store).await;
    }
}

pub async fn what_cannot_be_read_is_named_and_the_rest_is_looked_at(place: &StoreUnderTest) {
    let store = place.open().await;
    let ids = project(&*store).await;
    damage(
        place,
        &ids[3],
        "UPDATE task SET lanes = 'anyone' WHERE id = :id",
        doc! { "$set": { "wanted": "two" } },
    )
    .await;
    let report = verify(&*store, &plain(), true).await;
    assert_eq!(report.tasks, 7);
    assert_eq!(broken(&report), [("readable", Some(ids[3].clone()))]);
    assert_eq!((report.remain(), report.repairable()), (1, 0));
}

pub async fn a_repeat_is_for_an_annotator_who_has_answered_the_first(place: &StoreUnderTest) {
    let store = place.open().await;
    let ids = project(&*store).await;
    for (who, task) in [("ann", 0), ("cyd", 0)] {
        let first = nth(task);
        let plan = Plan {
            bound: true,
            purpose: Purpose::Repeat(first.id.clone()),
            ..Plan::new(1, vec![Lane::Of(who.to_owned())])
        };
        let admission = NewTask { task: first.repeated_for(who), plan };
        store.insert_tasks(vec![admission]).await.unwrap();
    }
    let wrong = nth(0).repeated_for("cyd").id;
    let report = verify(&*store, &plain(), false).await;
    assert_eq!(broken(&report), [("once", Some(wrong))]);
    assert_ne!(ids.len(), 0);
}

pub async fn what_was_dealt_out_is_counted_again(place: &StoreUnderTest) {
    let store = place.open().await;
    let mixed = rules(&[(0.7, 1), (0.3, 2)], Route::Balanced);
    let batch = |from: usize| (from..from + 40).map(nth).collect::<Vec<_>>();
    let load = async |from| {
        planning::admit(&*store, &mixed, &Overrides::default(), batch(from)).await.unwrap();
    };
    load(0).await;
    assert_eq!(broken(&verify(&*store, &mixed, false).await), []);
    let right = store.allocation_record().await.unwrap().state;
    let lost = right.replace("\"given\":[28,12]", "\"given\":[2,1]");
    assert_ne!(lost, right);
    for (round, state) in [lost.as_str(), "nonsense", ""].into_iter().enumerate() {
        let version = store.allocation_record().await.unwrap().version;
        store.insert_with_counters(Vec::new(), version, state.to_owned()).await.unwrap();
        let report = verify(&*store, &mixed, false).await;
        assert_eq!((broken(&report), report.repairable()), (vec![("deal", None)], 1), "{state}");
        assert_eq!(verify(&*store, &mixed, true).await.remain(), 0);
        assert_eq!(broken(&verify(&*store, &mixed, false).await), [], "{state}");
        assert!(store.allocation_record().await.unwrap().state.contains("\"given\":[28,12]"));
        // And loading goes on from there.
        if round == 2 {
            load(40).await;
            assert_eq!(broken(&verify(&*store, &mixed, false).await), []);
        }
    }
    // Another mixture starts its counts from zero, which is not damage.
    let other = rules(&[(0.5, 1), (0.5, 3)], Route::Balanced);
    planning::admit(&*store, &other, &Overrides::default(), batch(80)).await.unwrap();
    let report = verify(&*store, &other, false).await;
    assert_eq!((broken(&report), report.kinds["deal"].all), (vec![], 1));
}

pub async fn a_project_at_work_raises_no_alarm(place: &StoreUnderTest) {
    let store = place.open().await;
    let ids = insert_tasks(&*store, 60, 2).await;
    planning::replan_unfinished(&*store, &plain(), &StorePolicy::default(), false).await.unwrap();
    let mut work = tokio::task::JoinSet::new();
    for who in ["ann", "bob", "cyd"] {
        let (store, ids) = (place.open().await, ids.clone());
        work.spawn(async move {
            for (nth, task) in ids.iter().enumerate() {
                claim(&*store, task, who).await;
                if nth % 7 == 0 {
                    store.release(who).await.unwrap();
                } else {
                    record(&*store, task, who, says(Verdict::Accept, 100)).await;
                }
            }
        });
    }
    let mut looks = 0;
    while !work.is_empty() {
        let report = verify(&*store, &plain(), looks % 2 == 1).await;
        assert_eq!(broken(&report), [], "{report:?}");
        looks += 1;
        while let Some(done) = work.try_join_next() {
            done.unwrap();
        }
    }
    assert!(looks > 0);
    assert_eq!(broken(&verify(&*store, &plain(), false).await), []);
    // A store that is opened now has counted nothing before the work.
    assert_stats_are_true(&*place.open().await).await;
}
