//! What answers lead to.

use std::time::Duration;

use annotd::task::Verdict;
use serde_json::{Value, json};

use crate::allocation_guide::team::{Team, counted_annotators, plain, text_of};

pub async fn when_answers_disagree(example: &str) {
    let mut team = Team::with(example, &plain(40)).await;
    // Of every four tasks: two agree; a third decides; four are split until a fifth; none is there.
    let kind = |text: &str| {
        text.rsplit(' ').next().and_then(|n| n.parse::<usize>().ok()).map_or(0, |n| n % 4)
    };
    let opinion = move |annotator: &str, text: &str| match (kind(text), annotator) {
        (1..=3, "zach") | (2, "mara") => Verdict::Reject,
        (3, "li") => Verdict::Ignore,
        _ => Verdict::Accept,
    };
    // The first two answers are Andy's and Zach's.
    team.work_by(&["andy", "zach"], &opinion).await;
    for record in team.regular().await {
        let text = text_of(&record.task);
        let wanted = if kind(&text) == 0 { 2 } else { 3 };
        assert_eq!(record.state.wanted, wanted, "{text}");
        assert_eq!(record.state.finished, wanted == 2, "{text}");
    }
    team.work_by(&["li"], &opinion).await;
    team.work_by(&["mara", "tom"], &opinion).await;
    team.all_is_finished().await;
    for record in team.regular().await {
        let (text, annotator) = (text_of(&record.task), counted_annotators(&record.state));
        match kind(&text) {
            0 => assert_eq!(annotator, ["andy", "zach"], "{text}"),
            // Li accepts as Andy did: a majority.
            1 | 2 => assert_eq!(annotator, ["andy", "li", "zach"], "{text}"),
            // Li has no opinion: one more is asked, who makes a majority.
            _ => assert_eq!((annotator.len(), record.state.wanted), (4, 4), "{text}"),
        }
    }
    never_more_than_the_most(example).await;
    only_those_who_are_left(example).await;
    instead_of_those_who_do_not_come(example).await;
    spans_and_options(example).await;
}

/// No adjudicator comes: another annotator decides, once they have nothing else.
async fn instead_of_those_who_do_not_come(example: &str) {
    let more = format!("{example}\n[[annotator]]\nname = \"eve\"\nport = 9015\n");
    let mut team = Team::with(&more, &plain(6)).await;
    let opinion = |annotator: &str, _: &str| {
        if annotator == "zach" { Verdict::Reject } else { Verdict::Accept }
    };
    team.work_by(&["andy", "zach"], &opinion).await;
    team.work_by(&["eve"], &opinion).await;
    assert_eq!(team.progress().await.finished, 0, "she was not asked");
    team.pass(Duration::from_secs(25 * 60 * 60));
    team.work_by(&["eve"], &opinion).await;
    team.all_is_finished().await;
    for record in team.regular().await {
        assert_eq!(counted_annotators(&record.state), ["andy", "eve", "zach"]);
    }
}

async fn never_more_than_the_most(example: &str) {
    let mut team = Team::with(example, &plain(12)).await;
    // One to one, and all others have no opinion.
    let opinion = |annotator: &str, _: &str| match annotator {
        "andy" => Verdict::Accept,
        "zach" => Verdict::Reject,
        _ => Verdict::Ignore,
    };
    team.work_by(&["andy", "zach"], &opinion).await;
    team.work_by(&["li", "mara", "tom", "andy", "zach"], &opinion).await;
    team.all_is_finished().await;
    assert!(team.regular().await.iter().all(|record| record.state.answers.len() == 5));
}

async fn only_those_who_are_left(example: &str) {
    // Of three adjudicators, one is away, and two have given the first answers.
    let example = example.replace("port = 9014", "port = 9014\nactive = false");
    let mut team = Team::with(&example, &plain(12)).await;
    let opinion = |annotator: &str, _: &str| {
        if annotator == "li" { Verdict::Reject } else { Verdict::Accept }
    };
    team.work_by(&["li", "mara"], &opinion).await;
    team.all_is_finished().await;
    assert!(team.regular().await.iter().all(|record| record.state.answers.len() == 2));
}

/// The interface defines disagreement, and the threshold allows for some.
async fn spans_and_options(example: &str) {
    let third = async |interface: &str, threshold: &str, one: Value, other: Value| -> bool {
        let example = example
            .replace("\"classification\"", interface)
            .replace("max = 5,", &format!("max = 5, {threshold}"));
        let team = Team::with(&example, &plain(1)).await;
        for (annotator, data) in [("andy", one), ("zach", other)] {
            let task = team.ask(annotator, 1).await.pop().expect("a task");
            let data = data.as_object().cloned().expect("an object");
            team.say_with(annotator, &task, Verdict::Accept, data).await;
        }
        team.state("task 0").await.wanted == 3
    };
    let option = |ids: &[&str]| json!({"accept": ids});
    assert!(!third("\"choice\"", "", option(&["A", "B"]), option(&["B", "A"])).await);
    assert!(third("\"choice\"", "", option(&["A", "B"]), option(&["A"])).await);
    assert!(!third("\"choice\"", "threshold = 0.5,", option(&["A", "B"]), option(&["A"])).await);
    let spans = |ends: &[u32]| {
        let all: Vec<Value> =
            ends.iter().map(|end| json!({"start": 0, "end": end, "label": "PROTEST"})).collect();
        json!({"spans": all})
    };
    let (five, four) = (spans(&[1, 2, 3, 4, 5]), spans(&[1, 2, 3, 4]));
    assert!(third("\"ner_manual\"", "", five.clone(), four.clone()).await);
    assert!(!third("\"ner_manual\"", "threshold = 0.8,", five, four).await);
    assert!(!third("\"classification\"", "", json!({"comment": "odd"}), json!({})).await);
}

pub async fn when_an_ignore_is_no_answer(example: &str) {
    let mut team = Team::with(example, &plain(40)).await;
    let opinion = |annotator: &str, text: &str| match annotator {
        "andy" if text.ends_with(['4', '5']) => Verdict::Ignore,
        "zach" if text.ends_with(['6', '7']) => Verdict::Ignore,
        _ => Verdict::Accept,
    };
    let people = team.active();
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    team.work_by(&people, &opinion).await;
    team.all_is_finished().await;
    let mut skipped = 0;
    for record in team.regular().await {
        let state = &record.state;
        assert!(state.answers.iter().all(|answer| answer.current.verdict != Verdict::Ignore));
        assert_eq!(state.answers.len(), 2);
        skipped += state.skipped.len();
    }
    assert!(skipped > 0);
    let mut seen = std::collections::HashSet::new();
    assert!(team.turns.iter().all(|turn| seen.insert((turn.annotator.clone(), turn.text()))));
    // Where all but one skip it, it waits, and is said to.
    let mut team = Team::with(example, &plain(5)).await;
    let all_but_li = |annotator: &str, _: &str| {
        if annotator == "li" { Verdict::Accept } else { Verdict::Ignore }
    };
    team.work_by(&people, &all_but_li).await;
    team.replan().await;
    assert_eq!(team.progress().await.short, 5);
    // By default it is an answer.
    let mut team = Team::with(&example.replace("\"skip\"", "\"answer\""), &plain(4)).await;
    team.work_by(&people, &|_, _| Verdict::Ignore).await;
    team.all_is_finished().await;
}
