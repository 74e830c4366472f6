//! `annotd verify`: contradictions that are found, and repaired if they can be derived.

use super::{project, stderr, stdout};
use serde_json::Value;

#[test]
fn verify_names_what_is_wrong_and_repairs_what_can_be_derived() {
    let project = project("annotations = 2");
    let tasks: Vec<String> = (0..30).map(|n| format!("{{\"text\":\"task {n}\"}}")).collect();
    project.write("tasks.jsonl", &tasks.join("\n"));
    assert_eq!(project.annotd(&["verify"]).status.code(), Some(69), "there is no store yet");
    project.run(&["load", "-i", "tasks.jsonl"]);
    let clean = project.annotd(&["verify"]);
    assert_eq!((clean.status.code(), stdout(&clean)), (Some(0), String::new()));
    assert_eq!(stderr(&clean), "30 tasks checked; no contradictions.\n");

    let store = rusqlite::Connection::open(project.path().join("demo.db")).expect("the store");
    let sql = "UPDATE task SET free = 1 WHERE seq > 5; UPDATE totals SET wanted = 7";
    store.execute_batch(sql).expect("damage");
    let id: String =
        store.query_row("SELECT id FROM task WHERE seq = 6", [], |row| row.get(0)).expect("a task");
    let damaged = project.annotd(&["verify"]);
    assert_eq!(damaged.status.code(), Some(1));
    let said = stdout(&damaged);
    assert!(said.contains(&format!("task {id} breaks free: 1 is kept, and 2 follows")), "{said}");
    assert!(said.contains("the project breaks figures: wanted is kept as 7"), "{said}");
    assert_eq!((said.lines().count(), said.contains("… and 5 more of free")), (22, true), "{said}");
    let said = stderr(&damaged);
    assert!(said.contains("All of it can be repaired: run `annotd verify --repair`."), "{said}");
    let json = project.annotd(&["verify", "--json"]);
    assert_eq!(json.status.code(), Some(1));
    let json: Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!((&json["found"], &json["repairable"]), (&26.into(), &26.into()));
    assert_eq!(json["findings"].as_array().map(Vec::len), Some(26));

    let repaired = project.annotd(&["verify", "--repair"]);
    assert_eq!(repaired.status.code(), Some(0), "{}", stdout(&repaired));
    assert!(
        stderr(&repaired).contains("26 contradictions found, all repaired."),
        "{}",
        stderr(&repaired)
    );
    assert_eq!(project.annotd(&["verify"]).status.code(), Some(0));

    // What cannot be derived stays.
    store.execute("UPDATE task SET body = '{\"text\":\"x\"}' WHERE seq = 6", []).expect("damage");
    let left = project.annotd(&["verify", "--repair"]);
    assert_eq!(left.status.code(), Some(1));
    assert!(stdout(&left).contains(&format!("task {id} breaks identity: ")), "{}", stdout(&left));
}
