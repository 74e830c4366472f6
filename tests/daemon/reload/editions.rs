//! Labels are renamed while people work: what they had on their pages is taken, and comes out under
//! the present names.

use std::time::{SystemTime, UNIX_EPOCH};

use annotd::allocation::SequenceNumber;
use annotd::store::{self, Claim, RecordFilter};
use annotd::task::{Basis, Millis};
use serde_json::{Value, json};

use crate::reload::team::{Roster, Team};
use crate::reload::team_folder;

fn roster() -> Roster {
    let mut roster = Roster::of(&[("andy", 9010)]);
    roster.project =
        "name = \"demo\"\ninterface = \"ner_manual\"\nlabels = [\"PER\", \"PLACE\"]".into();
    roster
}

/// A team that marks names in this many texts.
fn team(tasks: usize) -> Team {
    let team = Team::start(roster());
    let lines: Vec<String> =
        (0..tasks).map(|n| json!({"text": format!("Ada was in Rome {n}")}).to_string()).collect();
    team.project.write("tasks.jsonl", &lines.join("\n"));
    team.project.run(&["load", "-i", "tasks.jsonl"]);
    team
}

fn rename(team: &mut Team) {
    team.edit(|roster| {
        roster.project =
            roster.project.replace("\"PER\"", "\"PERSON\"") + "\nrenamed = { PER = \"PERSON\" }";
    });
}

/// What becomes of an answer that marks the first word with this label.
fn answer(team: &Team, task: &Value, label: &str, more: &Value) -> Value {
    let mut answer = json!({
        "_id": task["_id"], "answer": "accept", "spans": [{"start": 0, "end": 3, "label": label}],
    });
    let more = more.as_object().expect("an object").clone();
    answer.as_object_mut().expect("an object").extend(more);
    let (status, reply) = team.post(9010, "give_answers", &json!({"answers": [answer]}));
    assert_eq!(status, 200, "{reply}");
    reply["results"][0]["status"].clone()
}

fn tasks(team: &Team, n: usize) -> Vec<Value> {
    team.ask(9010, n)["tasks"].as_array().expect("tasks").clone()
}

#[test]
fn answers_are_taken_with_the_labels_of_the_hand_out() {
    let mut team = team(3);
    let held = tasks(&team, 2);
    let before = team.get(9010, "project")["roster_edition"].clone();
    assert_eq!((&before, &held[0]["_edition"]), (&json!(1), &json!(1)));
    rename(&mut team);
    assert_eq!(team.get(9010, "project")["roster_edition"], 2);
    assert_eq!(answer(&team, &held[0], "PER", &json!({})), "saved");
    // A page that was reloaded shows the new labels on the tasks that it held before.
    assert_eq!(answer(&team, &held[1], "PERSON", &json!({"_edition": 2})), "saved");
    // One that was not, and gets another task, still shows the old ones, and names their edition.
    let next = &tasks(&team, 1)[0];
    assert_eq!(next["_edition"], 2);
    assert_eq!(answer(&team, next, "PER", &json!({})), "invalid");
    assert_eq!(answer(&team, next, "NONE", &json!({"_edition": 1})), "invalid");
    assert_eq!(answer(&team, next, "PER", &json!({"_edition": 77})), "invalid");
    assert_eq!(answer(&team, next, "PER", &json!({"_edition": 1})), "saved");
    let exported = team.project.run(&["export"]);
    let labels: Vec<Value> = exported
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["spans"][0]["label"].clone())
        .collect();
    assert_eq!(labels, ["PERSON", "PERSON", "PERSON"]);
}

#[test]
fn the_same_labels_are_the_same_edition_again() {
    let mut team = team(0);
    let edition = |team: &Team| team.get(9010, "project")["roster_edition"].clone();
    let before = team.roster.clone();
    assert_eq!(edition(&team), 1);
    rename(&mut team);
    assert_eq!(edition(&team), 2);
    team.daemon.kill_and_restart();
    assert_eq!(edition(&team), 2);
    team.edit(|roster| *roster = before);
    assert_eq!(edition(&team), 1);
}

#[test]
fn the_edition_of_a_hand_out_outlives_the_daemon() {
    let mut team = team(1);
    let held = tasks(&team, 1);
    rename(&mut team);
    team.daemon.kill_and_restart();
    let again = tasks(&team, 1);
    assert_eq!((&again[0]["_edition"], &again[0]["_tokens"]), (&json!(1), &held[0]["_tokens"]));
    assert_eq!(answer(&team, &held[0], "PER", &json!({})), "saved");
}

/// Hands a project's only task out as annotd did before its tokens knew of white space.
#[tokio::main(flavor = "current_thread")]
async fn hand_out_as_before(folder: &std::path::Path) {
    let store = store::open("demo.db", folder, "demo").await.expect("the store");
    let records =
        store.records(RecordFilter::All, SequenceNumber::START, 9).await.expect("records");
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_millis();
    let since = Millis(i64::try_from(since).expect("a time"));
    let claim = Claim {
        task: records[0].task.id.clone(),
        annotator: "andy".into(),
        since,
        until: Millis(since.0 + 3_600_000),
        basis: Basis::default(),
    };
    assert_eq!(store.claim(vec![claim]).await.expect("a claim"), [true]);
    store.close().await;
}

#[test]
fn a_hand_out_of_the_first_tokenizer_is_served_checked_and_exported_by_it() {
    let (project, roster) = (team_folder(), roster());
    project.write("annotators.toml", &roster.text());
    project.write("tasks.jsonl", r#"{"text":"Two  blanks, Ada"}"#);
    project.run(&["load", "-i", "tasks.jsonl"]);
    hand_out_as_before(project.path());
    let mut team = Team::start_in(project, roster);
    let ada = json!({"text": "Ada", "start": 13, "end": 16, "id": 3, "ws": false});
    for _ in 0..2 {
        assert_eq!(tasks(&team, 1)[0]["_tokens"][3], ada);
        team.daemon.kill_and_restart();
    }
    let task = &tasks(&team, 1)[0];
    let span = |token: u32| {
        json!({"spans": [{
            "start": 13, "end": 16, "label": "PER", "token_start": token, "token_end": token,
        }]})
    };
    assert_eq!(answer(&team, task, "", &span(4)), "invalid", "the number of the second tokenizer");
    assert_eq!(answer(&team, task, "", &span(3)), "saved");
    let shown = &team.get(9010, "history")["answers"][0];
    assert_eq!(shown["_tokens"][3], ada);
    assert_eq!(
        answer(&team, task, "", &span(3)),
        "unchanged",
        "the answer says by what it was given"
    );
    let exported: Value = serde_json::from_str(&team.project.run(&["export"])).expect("one line");
    assert_eq!(exported["tokens"].as_array().map(Vec::len), Some(4));
    assert_eq!(exported["tokens"][3], ada);
}
