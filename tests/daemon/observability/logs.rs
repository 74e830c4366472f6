//! What the log says, in each of its forms.

use crate::common::wait_until;
use serde_json::{Value, json};

use super::{answer, project};
use crate::common::wait_for;

/// Sends an answer that is refused; gives the request's number.
fn refused(daemon: &super::Daemon, task: &Value) -> String {
    let mut wrong = task.clone();
    wrong["answer"] = "maybe".into();
    let url = format!("{}give_answers", daemon.addresses().of("andy"));
    let reply = ureq::post(&url).send_json(json!({"answers": [wrong]})).expect("a reply");
    reply.headers()["x-request-id"].to_str().expect("a text").to_owned()
}

#[test]
fn a_refused_answer_is_a_json_line_with_annotator_and_request() {
    let project = project("demo.db", 3);
    let daemon = project.start_with(&["--log-format", "json"]);
    let task = answer(&daemon, "andy", 1);
    let request = refused(&daemon, &task);
    let line = wait_for("the line", || {
        let log = project.log();
        let line = log.lines().find(|line| line.contains("answer not stored"))?;
        Some(serde_json::from_str::<Value>(line).expect("JSON"))
    });
    for (name, value) in [
        ("level", json!("WARN")),
        ("message", json!("answer not stored")),
        ("annotator", json!("andy")),
        ("request_id", json!(request)),
        ("task", task["_id"].clone()),
        ("status", json!("invalid")),
        ("error", json!("answer: expected \"accept\", \"reject\" or \"ignore\"")),
        ("path", json!("/give_answers")),
    ] {
        assert_eq!(line[name], value, "{name} of {line}");
    }
    let time = line["timestamp"].as_str().expect("a time");
    assert!(time.parse::<jiff::Timestamp>().is_ok(), "{time}");
    assert!(daemon.stop().success());
    let log = project.log();
    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).expect("every line is JSON")).collect();
    let messages: Vec<&str> =
        lines.iter().map(|line| line["message"].as_str().expect("a message")).collect();
    assert_eq!(
        messages,
        [
            "the store is open",
            "tasks loaded",
            "serving",
            "answer not stored",
            "stopping",
            "stopped; everything acknowledged is stored"
        ],
        "the log says these things and nothing else"
    );
}

#[test]
fn a_refused_answer_is_a_text_line_with_annotator_and_request() {
    let project = project("demo.db", 3);
    let daemon = project.start();
    let task = answer(&daemon, "andy", 1);
    let request = refused(&daemon, &task);
    let id = task["_id"].as_str().expect("an identity");
    let words = format!(
        " WARN answer not stored annotator=andy task={id} status=invalid error=\"answer: \
         expected \\\"accept\\\", \\\"reject\\\" or \\\"ignore\\\"\" request_id={request} method=POST \
         path=/give_answers"
    );
    wait_for("the line", || project.log().contains(&words).then_some(()));
}

#[test]
fn a_file_that_cannot_be_loaded_is_one_event_of_several_lines() {
    let project = project("demo.db", 1);
    project.write("tasks.jsonl", "{\"text\":\"one\"}\n{\"text\":\"two}\n");
    let _daemon = project.start();
    let log = project.log();
    let begins = |line: &&str| line.starts_with("20");
    let wrong = log.lines().position(|line| line.contains("ERROR tasks could not be loaded"));
    let below: Vec<&str> =
        log.lines().skip(wrong.expect("the line") + 1).take_while(|line| !begins(line)).collect();
    assert!(below.len() > 2 && below.iter().all(|line| line.starts_with("    ")), "{log}");
    assert!(below[0].contains("tasks.jsonl:2:"), "{log}");
}

#[test]
fn a_journal_that_is_not_there_is_told_and_the_log_is_text() {
    let project = project("demo.db", 1);
    let daemon = project.start_with(&["--log-format", "journal"]);
    // Where there is one, it has the lines, and this is nothing to see here.
    if !std::path::Path::new("/run/systemd/journal/socket").exists() {
        wait_until("the log", || project.log().contains("INFO serving"));
        let log = project.log();
        assert!(log.contains("WARN the journal cannot be reached"), "{log}");
    }
    assert!(daemon.stop().success());
}
