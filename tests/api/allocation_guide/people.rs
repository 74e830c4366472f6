//! When annotators are missing, join, leave, or stay away.

use std::collections::BTreeMap;
use std::time::Duration;

use annotd::allocation::AnswerOutcome;
use annotd::task::Verdict;
use serde_json::{Value, json};

use crate::allocation_guide::team::{Team, counted_annotators, names, plain, text_of};

const HOUR: Duration = Duration::from_secs(60 * 60);

fn spanish(how_many: usize) -> Vec<Value> {
    (0..how_many)
        .map(|n| json!({"text": format!("es {n}"), "label": "PROTEST", "meta": {"requires": "es"}}))
        .collect()
}

pub async fn too_few_people_wait(example: &str) {
    let mut team = Team::with(example, &spanish(30)).await;
    team.load(&plain(10)).await;
    assert_eq!(team.progress().await.short, 30);
    assert!(
        team.annotd(&["status", "--json"]).contains("30 tasks want more answers than there are")
    );
    team.everybody_works().await;
    for record in team.regular().await {
        let text = text_of(&record.task);
        if text.starts_with("es") {
            assert_eq!(counted_annotators(&record.state), ["andy", "zach"], "{text}");
            assert_eq!((record.state.wanted, record.state.finished), (3, false), "{text}");
        } else {
            assert!(record.state.finished, "{text} is held up");
        }
    }
    // Li learns Spanish.
    team.go_on_with(&example.replace("port = 9012", "port = 9012\ntags = [\"es\"]")).await;
    assert_eq!(team.progress().await.short, 0);
    team.everybody_works().await;
    team.all_is_finished().await;
    assert!(team.regular().await.iter().all(|record| record.state.answers.len() == 3));
}

pub async fn too_few_people_make_do(example: &str) {
    let mut team = Team::with(example, &spanish(30)).await;
    team.load(&plain(10)).await;
    assert_eq!(team.progress().await.short, 0);
    team.everybody_works().await;
    team.all_is_finished().await;
    for record in team.regular().await {
        let two = text_of(&record.task).starts_with("es");
        assert_eq!(record.state.answers.len(), if two { 2 } else { 3 });
    }
    // An annotator leaves in the middle: two are enough for what is left. A lowered number stays.
    let mut team = Team::with(example, &plain(20)).await;
    team.work(&["andy"]).await;
    let fewer = example.replace("port = 9012", "port = 9012\nactive = false");
    team.go_on_with(&fewer).await;
    assert!(team.regular().await.iter().all(|record| record.state.wanted == 2));
    team.go_on_with(example).await;
    team.everybody_works().await;
    team.all_is_finished().await;
    assert!(team.regular().await.iter().all(|record| record.state.answers.len() == 2));
}

pub async fn people_come_and_go(example: &str) {
    let joined = example.replace("\nactive = false", "");
    let mut team = Team::with(example, &plain(90)).await;
    for _ in 0..20 {
        for annotator in ["andy", "zach", "li"] {
            assert!(team.turn(annotator).await);
        }
    }
    let held: Vec<String> = team.ask("andy", 3).await.iter().map(|task| text_of(task)).collect();
    let before = team.regular().await;
    let left: i64 = team.pending_named().await.values().sum();
    assert!(team.go_on_with(&joined).await > 0);
    // Answers and hands are as they were.
    for (was, is) in before.iter().zip(team.regular().await) {
        assert_eq!((&was.state.answers, &was.state.held), (&is.state.answers, &is.state.held));
        assert_eq!(was.state.wanted, is.state.wanted);
    }
    // All have about the same number of tasks before them.
    let pending_named = team.pending_named().await;
    assert_eq!(pending_named.values().sum::<i64>(), left);
    let (least, most) = (pending_named.values().min(), pending_named.values().max());
    assert_eq!(pending_named.len(), 4);
    assert!(most.zip(least).is_some_and(|(most, least)| most - least <= 1), "{pending_named:?}");
    // A second look finds nothing to do.
    assert_eq!(team.go_on_with(&joined).await, 0);
    // Andy leaves with three tasks in his hands.
    let gone = joined.replacen("port = 9010", "port = 9010\nactive = false", 1);
    team.go_on_with(&gone).await;
    assert_eq!(team.pending_named().await.get("andy"), None);
    team.work(&["zach", "li", "mara"]).await;
    let open: Vec<String> = unfinished(&team).await;
    assert_eq!(open, held, "only what he holds is not finished");
    team.pass(HOUR);
    team.store.expire_leases(team.allocator.now()).await.expect("swept");
    // The daemon names others at its next look.
    team.replan().await;
    team.work(&["zach", "li", "mara"]).await;
    team.all_is_finished().await;
    // With open, who joins takes part by asking.
    let open = example.replace("\"balanced\"", "\"open\"");
    let mut team = Team::with(&open, &plain(60)).await;
    for _ in 0..20 {
        team.turn("andy").await;
    }
    team.go_on_with(&open.replace("\nactive = false", "")).await;
    team.work(&["mara", "li"]).await;
    team.all_is_finished().await;
    assert!(team.progress().await.annotators["mara"].answered >= 40);
}

async fn unfinished(team: &Team) -> Vec<String> {
    let all = team.regular().await.into_iter();
    all.filter(|record| !record.state.finished).map(|record| text_of(&record.task)).collect()
}

fn named(annotator: &str, how_many: usize) -> Vec<Value> {
    (0..how_many)
        .map(|n| json!({"text": format!("{annotator} {n}"), "label": "PROTEST", "meta": {"target_annotator": annotator}}))
        .collect()
}

pub async fn when_an_annotator_does_not_come(example: &str) {
    let mut team = Team::with(example, &plain(60)).await;
    team.load(&named("li", 5)).await;
    let own = team.pending_named().await;
    assert_eq!(own["li"], 25);
    // On the first day each annotator finds their own tasks, and nothing else.
    team.work(&["andy", "zach"]).await;
    assert_eq!(team.turns.len(), 40);
    team.load(&plain(75)[60..]).await;
    team.pass(24 * HOUR);
    // Now there is something of hers to take; each does their own first.
    let before = team.turns.len();
    let mine = team.pending_named().await["andy"];
    let andys: Vec<String> = awaited_of(&team, "andy").await;
    for _ in 0..mine {
        assert!(team.turn("andy").await);
    }
    let done: Vec<String> = team.turns[before..]
        .iter()
        .map(crate::allocation_guide::team::AnsweredTask::text)
        .collect();
    assert_eq!(done, andys, "his own come first");
    for _ in 0..mine {
        assert!(team.turn("zach").await, "he was away as long, but here he is");
    }
    for _ in 0..3 {
        assert!(team.turn("andy").await, "hers come next");
    }
    // She comes: from then on nothing more is taken.
    let hers = team.pending_named().await["li"];
    assert_eq!(hers, 25 + 5 - 3);
    assert!(team.turn("li").await);
    team.work(&["andy", "zach"]).await;
    assert_eq!(team.pending_named().await["li"], hers - 1);
    // She stays away for another day: everything but what names her goes.
    team.pass(24 * HOUR);
    team.work(&["andy", "zach"]).await;
    let left = unfinished(&team).await;
    assert!(left.iter().all(|text| text.starts_with("li ")), "{left:?}");
    assert_eq!(left.len(), 5);
    assert!(team.regular().await.iter().all(|record| record.state.wanted == 1));
    // "never" means never.
    let mut team = Team::with(&example.replace("\"24h\"", "\"never\""), &plain(9)).await;
    team.pass(10_000 * HOUR);
    team.work(&["andy", "zach"]).await;
    assert_eq!(unfinished(&team).await.len(), 3);
}

async fn awaited_of(team: &Team, annotator: &str) -> Vec<String> {
    let all = team.regular().await.into_iter();
    all.filter(|record| record.state.pending_named().any(|name| name == annotator))
        .map(|record| text_of(&record.task))
        .collect()
}

pub async fn taking_back_and_moving(example: &str) {
    let mut team = Team::with(example, &plain(10)).await;
    let held = team.ask("andy", 10).await;
    assert_eq!(held.len(), 10);
    assert!(team.ask("zach", 1).await.is_empty());
    let said = team.annotd(&["release", "--annotator", "andy"]);
    assert!(said.starts_with("10 tasks are free again"), "{said}");
    team.allocator.notify_tasks_changed().await;
    assert!(team.turn("zach").await);
    let taken = team.turns[0].task.id.clone();
    for task in held {
        let recorded = team.say("andy", &task, Verdict::Accept).await;
        let expected = if task.id == taken { AnswerOutcome::Late } else { AnswerOutcome::Saved };
        assert_eq!(recorded, expected, "{}", text_of(&task));
    }
    team.all_is_finished().await;

    let mut team = Team::with(example, &named("andy", 21)).await;
    team.turn("andy").await;
    let leased = team.ask("andy", 2).await;
    let said = team.annotd(&["reassign", "--from", "andy", "--to", "zach,li"]);
    assert_eq!(said, "10 tasks of andy go to zach.\n10 tasks of andy go to li.\n");
    assert_eq!(
        team.pending_named().await,
        BTreeMap::from([("li".into(), 10), ("zach".into(), 10)])
    );
    assert_eq!(team.say("andy", &leased[0], Verdict::Accept).await, AnswerOutcome::Late);
    team.go_on_with(example).await;
    team.work(&["zach", "li"]).await;
    team.all_is_finished().await;
    assert_eq!(counted_annotators(&team.state("andy 0").await), ["andy"]);
    // If no other may have it, it stays.
    let tagged = example.replace("port = 9010", "port = 9010\ntags = [\"es\"]");
    let team = Team::of(&tagged).await;
    let mut tasks = spanish(3);
    for task in &mut tasks {
        task["meta"]["target_annotator"] = json!("andy");
    }
    team.load(&tasks).await;
    team.annotd(&["reassign", "--from", "andy", "--to", "zach"]);
    assert!(team.regular().await.iter().all(|record| names(&record.state) == ["andy"]));
}
