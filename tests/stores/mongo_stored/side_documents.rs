//! What lies beside the tasks: earlier versions and large data.

use std::collections::HashSet;
use std::sync::Arc;

use annotd::allocation::AnswerOutcome;
use annotd::store::audit::Outcome;
use annotd::store::mongo::MongoStore;
use annotd::store::{AnswerStore, TaskStore};
use annotd::task::{TaskId, Verdict, Version};
use mongodb::bson::{DateTime, Document, doc};

use super::world::{admission, answer, claim, documents, findings, look_up, open, says, task};
use crate::common::mongod::{Database, fail_point, unique};

fn large(word: &str) -> String {
    format!(r#"{{"note":"{}"}}"#, format!("{word} ").repeat(40_000))
}

async fn with_a_task(database: &Database, wanted: u32) -> (MongoStore, TaskId) {
    let store = open(database).await;
    let admission = admission(r#"{"text":"a"}"#, wanted);
    let id = admission.task.id.clone();
    store.insert_tasks(vec![admission]).await.unwrap();
    (store, id)
}

async fn record(store: &MongoStore, task: &TaskId, who: &str, version: Version) -> AnswerOutcome {
    store.record(vec![answer(task, who, version)]).await.unwrap()[0]
}

fn size(documents: &[Document]) -> usize {
    documents.iter().map(|document| mongodb::bson::to_vec(document).unwrap().len()).sum()
}

#[tokio::test]
async fn a_document_grows_neither_with_revisions_nor_with_large_answers() {
    let database = Database::fresh().await;
    let (store, id) = with_a_task(&database, 3).await;
    claim(&store, &id, "ann").await;
    record(&store, &id, "ann", says(Verdict::Accept, 200, r#"{"n":0}"#)).await;
    let before = size(&documents(&database, "p").await);
    let mut said = vec![says(Verdict::Accept, 200, r#"{"n":0}"#)];
    for n in 1..60 {
        let version = if n % 20 == 0 {
            says(Verdict::Reject, 200 + n, &large(&n.to_string()))
        } else {
            says(Verdict::Accept, 200 + n, &format!("{{\"n\":{n}}}"))
        };
        assert_eq!(record(&store, &id, "ann", version.clone()).await, AnswerOutcome::Revised);
        said.push(version);
        assert!(size(&documents(&database, "p").await) < before + 100);
    }
    let answer = look_up(&store, &id).await.state.answers.remove(0);
    assert_eq!(answer.current, said.pop().unwrap());
    assert_eq!(answer.history, said);
    assert_eq!(documents(&database, "p.history").await.len(), 59);
    assert_eq!(documents(&database, "p.large").await.len(), 2);
    assert!(findings(&store, false).await.is_empty());
    // What lies in the past is recognised.
    let old = said[20].clone();
    assert_eq!(record(&store, &id, "ann", old).await, AnswerOutcome::Unchanged);
    database.drop().await;
}

#[tokio::test]
async fn a_large_answer_comes_back_wherever_answers_are_read() {
    let database = Database::fresh().await;
    let (store, id) = with_a_task(&database, 2).await;
    let version = says(Verdict::Accept, 200, &large("one"));
    claim(&store, &id, "ann").await;
    assert_eq!(record(&store, &id, "ann", version.clone()).await, AnswerOutcome::Saved);
    assert_eq!(record(&store, &id, "ann", version.clone()).await, AnswerOutcome::Unchanged);
    assert_eq!(look_up(&store, &id).await.state.answers[0].current, version);
    assert_eq!(store.history("ann", None, 5).await.unwrap()[0].version, version);
    // Another annotator's answer, and one that is nested deeper than a document may be.
    let deep = format!(r#"{{"deep":{}1{}}}"#, "[".repeat(120), "]".repeat(120));
    let deep = says(Verdict::Accept, 300, &deep);
    assert_eq!(record(&store, &id, "bob", deep.clone()).await, AnswerOutcome::Saved);
    let state = look_up(&store, &id).await.state;
    assert_eq!((&state.answers[0].current, &state.answers[1].current), (&version, &deep));
    assert!(findings(&store, true).await.is_empty());
    // One that is gone is told, and not taken for an empty one.
    let large = database.client().await.collection::<Document>("p.large");
    large.delete_many(doc! {}).await.unwrap();
    let error = store.look_up(std::slice::from_ref(&id)).await.expect_err("it is gone");
    assert!(error.to_string().contains("the data of an answer of \"ann\""), "{error}");
    assert_eq!(findings(&store, true).await[0].breaks, "readable");
    database.drop().await;
}

/// Several daemons change the same answers at once: each version that was acknowledged is there
/// once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revisions_by_many_daemons_at_once_are_all_kept_once() {
    let database = Database::fresh().await;
    let (store, id) = with_a_task(&database, 2).await;
    let people = ["ann", "bob"];
    for who in people {
        claim(&store, &id, who).await;
        record(&store, &id, who, says(Verdict::Accept, 100, "{}")).await;
    }
    let mut daemons = tokio::task::JoinSet::new();
    for daemon in 0..4_i64 {
        let (store, id) = (Arc::new(open(&database).await), id.clone());
        daemons.spawn(async move {
            let mut taken = Vec::new();
            for turn in 0..12_i64 {
                let at = 200 + turn * 10 + daemon;
                let who = people[usize::try_from(turn % 2).unwrap()];
                let version = says(Verdict::Accept, at, &format!("{{\"by\":[{daemon},{turn}]}}"));
                if record(&store, &id, who, version.clone()).await == AnswerOutcome::Revised {
                    taken.push((who, version));
                }
            }
            taken
        });
    }
    let mut taken = Vec::new();
    while let Some(done) = daemons.join_next().await {
        taken.extend(done.unwrap());
    }
    assert_eq!(taken.len(), 48);
    let state = look_up(&store, &id).await.state;
    for answer in &state.answers {
        let mut kept: Vec<&Version> = answer.history.iter().collect();
        kept.push(&answer.current);
        let texts: HashSet<String> = kept.iter().map(|version| format!("{version:?}")).collect();
        assert_eq!(texts.len(), kept.len(), "none is there twice");
        let own = taken.iter().filter(|(who, _)| *who == answer.annotator);
        assert_eq!(kept.len(), own.clone().count() + 1);
        for (_, version) in own {
            assert!(kept.contains(&version), "{version:?} was acknowledged");
        }
    }
    assert!(findings(&store, false).await.iter().all(|found| found.outcome == Outcome::Note));
    database.drop().await;
}

/// The connection breaks between the two writes, or before, or after.
#[tokio::test]
async fn a_crash_between_the_two_writes_leaves_a_spare_and_loses_nothing() {
    let _alone = fail_point().await;
    let database = Database::fresh().await;
    let (_, id) = with_a_task(&database, 1).await;
    let app = format!("faults{}", unique());
    let store = MongoStore::open(&format!("{}&appName={app}", database.url), "p").await.unwrap();
    record(&store, &id, "ann", says(Verdict::Accept, 100, "{}")).await;
    let mut said = vec![says(Verdict::Accept, 100, "{}")];
    let mut spares = 0;
    for (turn, skip) in (0..6_i64).zip([0, 1, 2, 0, 1, 2]) {
        let how = if turn < 3 {
            doc! { "closeConnection": true }
        } else {
            doc! { "writeConcernError": { "code": 91, "errmsg": "going down", "codeName": "x" } }
        };
        let mut data = doc! { "failCommands": ["update"], "appName": &app };
        data.extend(how);
        let fault =
            |mode| doc! { "configureFailPoint": "failCommand", "mode": mode, "data": data.clone() };
        let admin = database.client().await.client().database("admin");
        admin.run_command(fault(mongodb::bson::Bson::from(doc! { "skip": skip }))).await.unwrap();
        let version = says(Verdict::Reject, 200 + turn, &large(&turn.to_string()));
        let tried = store.record(vec![answer(&id, "ann", version.clone())]).await;
        admin
            .run_command(doc! { "configureFailPoint": "failCommand", "mode": "off" })
            .await
            .unwrap();
        let state = look_up(&store, &id).await.state;
        let there = state.answers[0].current == version;
        assert!(there || tried.is_err(), "acknowledged and not there");
        // Nothing that was there is lost, and the spare does no harm.
        let mut kept = state.answers[0].history.clone();
        kept.push(state.answers[0].current.clone());
        let expected =
            if there { [said.clone(), vec![version.clone()]].concat() } else { said.clone() };
        assert_eq!(kept, expected);
        let beside = documents(&database, "p.history").await.len();
        spares += beside - (kept.len() - 1);
        // It is sent again, as pages do.
        let again = record(&store, &id, "ann", version.clone()).await;
        assert!(matches!(again, AnswerOutcome::Revised | AnswerOutcome::Unchanged), "{again:?}");
        said.push(version);
    }
    assert!(spares > 0, "a crash has fallen between the two");
    assert_eq!(look_up(&store, &id).await.state.answers[0].history, said[..6]);
    assert!(findings(&store, false).await.is_empty());
    database.drop().await;
}

#[tokio::test]
async fn a_spare_is_removed_when_no_document_can_refer_to_it_any_more() {
    let database = Database::fresh().await;
    let (store, id) = with_a_task(&database, 1).await;
    record(&store, &id, "ann", says(Verdict::Accept, 100, &large("one"))).await;
    record(&store, &id, "ann", says(Verdict::Accept, 200, &large("two"))).await;
    let (history, large) = (
        database.client().await.collection::<Document>("p.history"),
        database.client().await.collection::<Document>("p.large"),
    );
    // What a write that was broken off leaves: a version that is not there yet, data that nothing
    // has.
    let spare = |name: String| doc! { "_id": name, "task": id.as_str(), "at": DateTime::now() };
    history.insert_one(spare(format!("{id}:2:ann"))).await.unwrap();
    large.insert_one(spare(format!("{id}:0123"))).await.unwrap();
    let stranger = task(r#"{"text":"another"}"#).id;
    history.insert_one(spare(format!("{stranger}:1:ann"))).await.unwrap();
    let found = findings(&store, true).await;
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|found| found.outcome == Outcome::Note), "{found:?}");
    assert_eq!(documents(&database, "p.history").await.len(), 3);
    let long_ago = doc! { "$set": { "at": DateTime::from_millis(1) } };
    for collection in [&history, &large] {
        collection.update_many(doc! {}, long_ago.clone()).await.unwrap();
    }
    let found = findings(&store, false).await;
    assert_eq!(
        found.iter().map(|found| (found.breaks, found.outcome)).collect::<Vec<_>>(),
        [("history", Outcome::Repairable), ("large", Outcome::Repairable)]
    );
    let repaired = findings(&store, true).await;
    assert!(repaired.iter().all(|found| found.outcome == Outcome::Repaired), "{repaired:?}");
    assert!(findings(&store, false).await.is_empty());
    let kept = look_up(&store, &id).await.state.answers.remove(0);
    assert_eq!((kept.history.len(), documents(&database, "p.large").await.len()), (1, 2));
    database.drop().await;
}

#[tokio::test]
async fn an_earlier_version_that_is_gone_is_told_and_the_rest_goes_on() {
    let database = Database::fresh().await;
    let (store, id) = with_a_task(&database, 1).await;
    for n in 0..4 {
        record(&store, &id, "ann", says(Verdict::Accept, 100 + n, &format!("{{\"n\":{n}}}"))).await;
    }
    let history = database.client().await.collection::<Document>("p.history");
    history.delete_one(doc! { "_id": format!("{id}:2:ann") }).await.unwrap();
    let found = findings(&store, true).await;
    assert_eq!(
        (found.len(), found[0].breaks, found[0].outcome),
        (1, "history", Outcome::Unrepairable)
    );
    assert!(found[0].says.contains("of 3 earlier versions of the answer of \"ann\", 2 are there"));
    // The next one takes the next number, and no other's.
    let version = says(Verdict::Reject, 200, "{}");
    assert_eq!(record(&store, &id, "ann", version).await, AnswerOutcome::Revised);
    let numbers: Vec<i32> = documents(&database, "p.history")
        .await
        .iter()
        .map(|document| document.get_i32("nth").unwrap())
        .collect();
    assert_eq!(numbers, [1, 3, 4]);
    assert_eq!(look_up(&store, &id).await.state.answers[0].history.len(), 3);
    database.drop().await;
}

#[test]
fn a_task_that_no_document_can_hold_is_told_with_what_to_do() {
    let place = crate::common::stores::TestStore::mongo();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = MongoStore::open(&place.url, "p").await.unwrap();
        let picture = |bytes: usize| task(&format!(r#"{{"image":"{}"}}"#, "A".repeat(bytes)));
        assert_eq!(store.can_hold(&picture(11 << 20)), Ok(()));
        let why = store.can_hold(&picture(13 << 20)).unwrap_err();
        assert!(why.contains("13.0 MiB") && why.contains("12"), "{why}");
        // A list takes more as BSON, and what BSON cannot hold exactly is there twice.
        let list = task(&format!(r#"{{"list":[{}1]}}"#, "0,".repeat(1_200_000)));
        assert!(store.can_hold(&list).is_err());
        let twice = task(&format!(r#"{{"image":"{}","n":1.10}}"#, "A".repeat(7 << 20)));
        assert!(store.can_hold(&twice).is_err());
    });
}

#[test]
fn a_load_refuses_a_line_that_no_document_can_hold() {
    let place = crate::common::stores::TestStore::mongo();
    let project = crate::common::daemon::Project::new(
        "p",
        "interface = \"classification\"\nlabels = [\"A\"]",
        &place.url,
        "annotations = 1",
        &["ann"],
    );
    // Two bytes in the line for each number, and a dozen in a document.
    let long = vec!["1"; 2 << 20].join(",");
    let lines = format!(
        "{{\"text\":\"first\",\"label\":\"A\"}}\n{{\"text\":\"second\",\"label\":\"A\",\"more\":[{long}]}}\n"
    );
    project.write("tasks.jsonl", &lines);
    let output = project.annotd(&["load", "-i", "tasks.jsonl"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(65), "{said}");
    assert!(said.contains(" MiB in MongoDB, where a task may take 12"), "{said}");
}
