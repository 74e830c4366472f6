//! `annotd check`: mistakes in the roster, files that it names, ports and addresses.

use std::path::Path;

use super::{CLASSIFICATION, project, stderr};
use crate::common::daemon::Project;
use serde_json::Value;

#[test]
fn check_shows_five_mistakes_at_once_with_place_and_remedy() {
    let project = project("annotations = 1");
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rosters");
    let sample = std::fs::read_dir(samples)
        .expect("samples")
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.to_string_lossy().contains("five"))
        .expect("the sample with five mistakes");
    let checked = project.annotd(&["check", "--roster", sample.to_str().expect("UTF-8")]);
    assert_eq!(checked.status.code(), Some(78));
    let said = stderr(&checked);
    assert_eq!(said.matches("error: ").count(), 5, "{said}");
    assert_eq!(said.matches("= help: ").count(), 5, "{said}");
    assert_eq!(said.matches(" --> ").count(), 5, "{said}");
    assert!(said.contains("has 5 mistakes"), "{said}");
}

#[test]
fn check_looks_for_the_files_that_the_roster_names() {
    let project = Project::new(
        "demo",
        &format!(
            "{CLASSIFICATION}\ninstructions = \"none.md\"\ntasks = [\"tasks/*.jsonl\"]\nmedia = \"none\""
        ),
        "demo.db",
        "annotations = 1",
        &["andy"],
    );
    let checked = project.annotd(&["check"]);
    assert_eq!(checked.status.code(), Some(78));
    let said = stderr(&checked);
    assert!(said.contains("annotators.toml:5:16"), "{said}");
    assert!(said.contains("annotators.toml:6:10"), "{said}");
    assert!(said.contains("annotators.toml:7:9"), "{said}");
    assert!(said.contains("name a folder that is there"), "{said}");
}

#[test]
fn check_shows_who_gets_which_port() {
    let project = project("annotations = 1");
    project.write("tasks.jsonl", "{\"text\":\"a\"}\n");
    project.run(&["load", "-i", "tasks.jsonl"]);
    let said = project.run(&["check", "--store"]);
    for part in ["andy", "9010", "http://127.0.0.1:9012/", "(lead)", "sqlite"] {
        assert!(said.contains(part), "{part} is missing:\n{said}");
    }
    let json: Value = serde_json::from_str(&project.run(&["check", "--json"])).expect("JSON");
    assert_eq!(json["annotators"][1]["port"], 9011);
}

#[test]
fn an_address_that_others_can_reach_needs_a_key_unless_the_roster_opens_it() {
    let project = project("annotations = 1");
    project.write("tasks.jsonl", "{\"text\":\"a\"}\n");
    project.run(&["load", "-i", "tasks.jsonl"]);
    let roster = std::fs::read_to_string(project.path().join("annotators.toml")).expect("roster");
    project.write("annotators.toml", &format!("[server]\nbind = \"0.0.0.0\"\n{roster}"));
    project.run(&["check"]);
    assert!(project.run(&["link", "andy"]).contains(":9010/?key="));
    project.write(
        "annotators.toml",
        &format!("[server]\nbind = \"0.0.0.0\"\naccess = \"open\"\n{roster}"),
    );
    project.run(&["check"]);
    assert!(project.run(&["link", "andy"]).ends_with(":9010/\n"));
}
