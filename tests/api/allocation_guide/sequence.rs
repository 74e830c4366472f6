//! In which order.

use std::collections::HashSet;

use annotd::allocation::Overrides;
use serde_json::{Value, json};

use crate::allocation_guide::team::{AnsweredTask, Team, plain, text_of};

fn texts(turns: &[AnsweredTask]) -> Vec<String> {
    turns.iter().map(AnsweredTask::text).collect()
}

fn texts_of(tasks: &[Value]) -> Vec<String> {
    tasks.iter().map(|task| task["text"].as_str().expect("a text").to_owned()).collect()
}

pub async fn almost_finished_tasks_first(example: &str) {
    let mut team = Team::with(example, &plain(40)).await;
    // Before each turn it is worked out from the store who should get what.
    let rhythm = ["andy", "andy", "zach", "andy", "li", "zach", "li"];
    for annotator in rhythm.iter().cycle().take(140) {
        let mut open: Vec<(u32, i64, String)> = team
            .regular()
            .await
            .into_iter()
            .filter(|record| record.state.is_open_to(annotator))
            .map(|r| (r.state.remaining(), r.number.0, text_of(&r.task)))
            .collect();
        open.sort();
        let due = open.first().map(|(remaining, _, text)| (*remaining, text.clone()));
        let had = team.turns.len();
        if team.turn(annotator).await {
            let got = team.turns[had].text();
            assert_eq!(Some(&got), due.as_ref().map(|(_, text)| text), "{annotator} at turn {had}");
        }
    }
    team.everybody_works().await;
    team.all_is_finished().await;
}

pub async fn in_random_order(example: &str) {
    let order = async |example: &str, annotator: &str| -> Vec<String> {
        let mut team = Team::with(example, &plain(60)).await;
        team.work(&[annotator]).await;
        texts(&team.turns)
    };
    let one = order(example, "andy").await;
    assert_eq!(one, order(example, "zach").await, "the same for all, and again");
    let other = order(&example.replace("= 7", "= 8"), "andy").await;
    assert_ne!(one, other);
    assert_eq!(one.iter().collect::<HashSet<_>>(), other.iter().collect::<HashSet<_>>());
    assert_ne!(one, texts_of(&plain(60)));
    // What is loaded later mixes with what lies ahead, and all of it comes.
    let mut team = Team::with(example, &plain(200)).await;
    for _ in 0..20 {
        assert!(team.turn("andy").await);
    }
    let late: HashSet<String> = texts_of(&plain(400)[200..]).into_iter().collect();
    team.load(&plain(400)[200..]).await;
    team.work(&["andy"]).await;
    assert_eq!(team.turns.len(), 400);
    let got = texts(&team.turns);
    let last_early = got.iter().rposition(|text| !late.contains(text)).expect("an early one");
    let mixed = got[..last_early].iter().filter(|text| late.contains(*text)).count();
    assert!(mixed >= 80, "{mixed} of 200 came before the last of the early ones");
}

pub async fn priority(example: &str) {
    let of = |text: &str, priority: i64| json!({"text": text, "meta": {"priority": priority}});
    let whole = |priority| Overrides { priority: Some(priority), ..Overrides::default() };
    for order in ["loaded", "random", "finish-first"] {
        let ordered =
            example.replace("[allocation]", &format!("[allocation]\norder = \"{order}\""));
        // Whatever was loaded first, before any annotator works.
        let team = Team::with(&ordered, &plain(40)).await;
        team.load(&[of("later", -1), of("urgent", 5), of("more urgent", 9)]).await;
        let file = [json!({"text": "of the file"}), of("of its own", 6)];
        team.load_with(&whole(7), &file).await;
        let mut team = team.started_again();
        for _ in 0..4 {
            team.turn("andy").await;
        }
        assert_eq!(texts(&team.turns), ["more urgent", "of the file", "of its own", "urgent"]);
        team.work(&["andy"]).await;
        assert_eq!(team.turns.last().map(AnsweredTask::text).as_deref(), Some("later"), "{order}");
        team.work(&["zach"]).await;
        team.all_is_finished().await;
        // In the middle of the work.
        let mut team = Team::with(&ordered, &plain(40)).await;
        for _ in 0..10 {
            assert!(team.turn("andy").await);
        }
        team.load_with(&whole(5), &[json!({"text": "now"}), of("at once", 6)]).await;
        for _ in 0..2 {
            assert!(team.turn("andy").await);
        }
        assert_eq!(texts(&team.turns[10..]), ["at once", "now"], "{order}");
    }
}
