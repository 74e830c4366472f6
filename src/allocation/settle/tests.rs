use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::outside_data::outside_data;
use crate::task::Basis;
use crate::task::{Answer, Millis, Version};

fn answer(annotator: &str, verdict: Verdict, data: &Value) -> Answer {
    let data = data.as_object().cloned().unwrap_or_default();
    let current = Version {
        verdict,
        data,
        time_loaded: Millis(0),
        time_returned: Millis(1),
        basis: Basis::default(),
    };
    Answer { annotator: annotator.to_owned(), current, history: Vec::new() }
}

/// Verdicts by a, b, c, … from the letters a(ccept), r(eject), i(gnore).
fn answers(verdicts: &str) -> Vec<Answer> {
    let verdict = |letter| match letter {
        'a' => Verdict::Accept,
        'r' => Verdict::Reject,
        _ => Verdict::Ignore,
    };
    let people = (b'a'..=b'z').map(|letter| char::from(letter).to_string());
    people.zip(verdicts.chars()).map(|(who, v)| answer(&who, verdict(v), &json!({}))).collect()
}

fn policy(extra: u32, max: u32, by: &[&str]) -> SettlePolicy {
    let by = by.iter().map(|name| (*name).to_owned()).collect();
    SettlePolicy {
        ignore: Ignore::Answer,
        escalation: Some(EscalationRule { extra, max, by }),
        ..SettlePolicy::default()
    }
}

fn task() -> TaskJson {
    TaskJson::parse(r#"{"text":"a"}"#).expect("a task")
}

fn state(planned: u32, wanted: u32, answers: &[Answer]) -> TaskState {
    let lanes = vec![Lane::Anyone];
    TaskState { planned, answers: answers.to_vec(), ..TaskState::new(wanted, lanes) }
}

/// What a task of these answers settles to, skips put aside.
fn settled_with(
    policy: &SettlePolicy,
    planned: u32,
    wanted: u32,
    answers: &[Answer],
) -> Settlement {
    let counted: Vec<Answer> =
        answers.iter().filter(|a| policy.counts(a.current.verdict)).cloned().collect();
    settle_by(policy, &task(), &state(planned, wanted, &counted))
}

fn settled(policy: &SettlePolicy, planned: u32, wanted: u32, verdicts: &str) -> Settlement {
    settled_with(policy, planned, wanted, &answers(verdicts))
}

fn of(names: &[&str]) -> Vec<Lane> {
    names.iter().map(|name| Lane::Of((*name).to_owned())).collect()
}

/// Lanes of the participants and of the annotators who are asked; without names, of anyone.
fn more(wanted: u32, lanes: &[&str]) -> Settlement {
    let lanes = if lanes.is_empty() { vec![Lane::Anyone] } else { of(lanes) };
    Settlement::More { wanted, lanes }
}

#[test]
fn two_who_disagree_want_a_third_and_no_fourth() {
    let policy = policy(1, 3, &[]);
    assert_eq!(settled(&policy, 2, 2, "a"), Settlement::Open);
    assert_eq!(settled(&policy, 2, 2, "aa"), Settlement::Finished);
    assert_eq!(settled(&policy, 2, 2, "ar"), more(3, &[]));
    assert_eq!(settled(&policy, 2, 3, "ar"), Settlement::Open);
    assert_eq!(settled(&policy, 2, 3, "ara"), Settlement::Finished);
}

#[test]
fn all_that_were_planned_must_agree_and_then_a_majority_is_enough() {
    let policy = policy(2, 9, &[]);
    assert_eq!(settled(&policy, 3, 3, "aar"), more(5, &[]));
    assert_eq!(settled(&policy, 3, 5, "aarar"), Settlement::Finished);
    assert_eq!(settled(&policy, 2, 4, "arar"), more(6, &[]));
    assert_eq!(settled(&policy, 2, 8, "ararrara"), more(9, &[]), "no more than the most");
    assert_eq!(settled(&policy, 2, 9, "ararrarai"), Settlement::Finished);
}

#[test]
fn adjudicators_are_asked_once_each() {
    let policy = policy(2, 9, &["b", "x", "y"]);
    assert_eq!(settled(&policy, 2, 2, "ar"), more(4, &["a", "b", "x", "y"]), "b has answered");
    let mut four = answers("ar");
    four.push(answer("x", Verdict::Accept, &json!({})));
    four.push(answer("y", Verdict::Reject, &json!({})));
    assert_eq!(settled_with(&policy, 2, 4, &four), Settlement::Finished, "no one is left");
    let one_left = settled_with(&policy, 3, 3, &four[..3]);
    assert_eq!(one_left, more(4, &["a", "b", "x", "y"]));
}

#[test]
fn who_is_asked_has_the_tags_and_is_there() {
    let with = |name: &str, tags: &[&str], active| AnnotatorProfile {
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        active,
        ..AnnotatorProfile::new(name)
    };
    let people = vec![
        with("a", &["es"], true),
        with("b", &["es"], true),
        with("c", &[], true),
        with("d", &["es"], false),
        with("e", &["es"], true),
    ];
    let spanish = TaskJson::parse(r#"{"text":"a","meta":{"requires":"es"}}"#).expect("a task");
    let two = state(2, 2, &answers("ar"));
    let anyone = SettlePolicy { people: people.clone(), ..policy(1, 3, &[]) };
    assert_eq!(settle_by(&anyone, &spanish, &two), more(3, &["a", "b", "e"]));
    let adjudicators = SettlePolicy { people, ..policy(1, 3, &["c", "d"]) };
    assert_eq!(settle_by(&adjudicators, &spanish, &two), Settlement::Finished);
    let bound = TaskState { bound: true, lanes: of(&["a", "b", "c"]), ..two };
    assert_eq!(settle_by(&anyone, &task(), &bound), more(3, &["a", "b", "c"]));
}

#[test]
fn an_ignore_is_an_answer_without_an_opinion_unless_it_is_none() {
    let mut policy = policy(1, 3, &[]);
    assert_eq!(settled(&policy, 2, 2, "ai"), Settlement::Finished);
    assert_eq!(settled(&policy, 3, 3, "air"), Settlement::Finished, "three are the most");
    policy.ignore = Ignore::Skip;
    assert_eq!(settled(&policy, 2, 2, "ai"), Settlement::Open);
    assert_eq!(settled(&policy, 2, 2, "aia"), Settlement::Finished);
    assert_eq!(settled(&policy, 2, 2, "air"), more(3, &[]));
}

#[test]
fn without_a_rule_for_disagreement_the_count_decides() {
    let policy = SettlePolicy { escalation: None, ..policy(0, 0, &[]) };
    assert_eq!(settled(&policy, 2, 2, "ar"), Settlement::Finished);
    assert_eq!(settled(&policy, 2, 2, "a"), Settlement::Open);
}

#[test]
fn spans_disagree_below_the_threshold() {
    let spans = |ends: &[u32]| {
        let spans: Vec<Value> =
            ends.iter().map(|end| json!({"start": 0, "end": end, "label": "A"})).collect();
        json!({"spans": spans})
    };
    let two = [
        answer("a", Verdict::Accept, &spans(&[1, 2])),
        answer("b", Verdict::Accept, &spans(&[1, 2, 3])),
    ];
    let mut policy = SettlePolicy { measure: Similarity::Spans("spans"), ..policy(1, 3, &[]) };
    assert_eq!(settled_with(&policy, 2, 2, &two), more(3, &[]));
    policy.threshold = 0.8;
    assert_eq!(settled_with(&policy, 2, 2, &two), Settlement::Finished);
}

proptest! {
    #[test]
    fn a_task_asks_for_more_only_within_the_most_and_always_ends(
        verdicts in "[ari]{60}", planned in 1_u32..6, extra in 0_u32..4, max in 0_u32..12,
        skip: bool, by in prop::collection::vec("[a-z]", 0..4),
    ) {
        let by: Vec<&str> = by.iter().map(String::as_str).collect();
        let mut policy = policy(extra, max, &by);
        policy.ignore = if skip { Ignore::Skip } else { Ignore::Answer };
        let mut wanted = planned;
        let all: Vec<Answer> = answers(&verdicts);
        for n in 0..=all.len() {
            match settled_with(&policy, planned, wanted, &all[..n]) {
                Settlement::Open => {}
                Settlement::Finished => break,
                Settlement::More { wanted: now, lanes } => {
                    prop_assert!(now > wanted && now <= max);
                    prop_assert_eq!(lanes == [Lane::Anyone], by.is_empty());
                    wanted = now;
                }
            }
        }
        prop_assert!(wanted <= planned.max(max));
    }
}

/// The rows of real, public data; none where the file is not there.
fn real_rows() -> Option<Vec<Value>> {
    let path = outside_data("pydata-ams-2023.jsonl")?;
    let text = std::fs::read_to_string(path).expect("the file");
    Some(text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect())
}

/// Each task's answers through the rule, in the order of their times (and of the file, where
/// two are of one second): how many tasks asked for a third.
fn third_opinions(rows: &[Value], ignore: Ignore) -> usize {
    let policy = SettlePolicy { ignore, ..policy(1, 3, &[]) };
    let mut tasks: BTreeMap<i64, Vec<(i64, Answer)>> = BTreeMap::new();
    for row in rows {
        let verdict = row["answer"].as_str().and_then(Verdict::from_text).expect("a verdict");
        let who = row["_session_id"].as_str().expect("a name");
        let time = row["_timestamp"].as_i64().expect("a time");
        let hash = row["_task_hash"].as_i64().expect("a hash");
        tasks.entry(hash).or_default().push((time, answer(who, verdict, &json!({}))));
    }
    let mut thirds = 0;
    for mut stream in tasks.into_values() {
        stream.sort_by_key(|(time, _)| *time);
        let mut heard = Vec::new();
        let mut wanted = 2;
        for (_, answer) in stream {
            heard.push(answer);
            match settled_with(&policy, 2, wanted, &heard) {
                Settlement::Open => {}
                Settlement::Finished => break,
                Settlement::More { wanted: now, .. } => {
                    thirds += 1;
                    wanted = now;
                }
            }
        }
    }
    thirds
}

/// The same by looking at the file alone: the first two verdicts of each task, in the same
/// order, with ignores left out before or after the two are taken.
fn first_two_differ(rows: &[Value], without_ignores: bool) -> usize {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|i| (rows[*i]["_timestamp"].as_i64(), *i));
    let mut first: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for i in order {
        let verdict = rows[i]["answer"].as_str().expect("a verdict");
        let two = first.entry(rows[i]["text"].to_string()).or_default();
        if two.len() < 2 && !(without_ignores && verdict == "ignore") {
            two.push(verdict);
        }
    }
    first
        .values()
        .filter(|two| matches!(two[..], ["accept", "reject"] | ["reject", "accept"]))
        .count()
}

#[test]
fn real_answers_ask_for_as_many_third_opinions_as_a_direct_count_says() {
    let Some(rows) = real_rows() else { return };
    let counted = (first_two_differ(&rows, false), first_two_differ(&rows, true));
    println!("third opinions: {counted:?}");
    assert_eq!(third_opinions(&rows, Ignore::Answer), counted.0);
    assert_eq!(third_opinions(&rows, Ignore::Skip), counted.1);
}
