//! `annotd simulate`: the forecast, and options that are refused.

use super::{project, stderr};
use crate::common::daemon::Project;
use serde_json::Value;

#[test]
fn a_simulation_forecasts_answers_pairs_and_the_end_and_touches_nothing() {
    let project = project("annotations = 2\nroute = \"balanced\"");
    let text = project.run(&["simulate", "--tasks", "300"]);
    assert!(
        text.contains("demo: 600 answers, 300 of 300 tasks finished; the last comes on day"),
        "{text}"
    );
    assert!(text.contains("tasks in common"), "{text}");
    let json = project.run(&["simulate", "--tasks", "300", "--json"]);
    let forecast: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(forecast["project"], "demo");
    assert_eq!(forecast["answers"], 600);
    let people = forecast["annotators"].as_array().expect("annotators");
    assert!(people.iter().all(|person| person["answers"] == 200), "{json}");
    let pairs = forecast["pairs"].as_array().expect("pairs");
    assert!(pairs.len() == 3 && pairs.iter().all(|pair| pair["tasks"] == 100), "{json}");
    assert_eq!(forecast["tasks"]["by_answers"]["2"], 300);
    assert_eq!(forecast["end"]["day"], 1);
    let here = std::fs::read_dir(project.path()).expect("the folder");
    let names: Vec<_> = here.map(|entry| entry.expect("an entry").file_name()).collect();
    assert_eq!(names, ["annotators.toml"], "nothing was written");
}

#[test]
fn a_simulation_reads_tasks_as_a_load_does() {
    let project = Project::new(
        "demo",
        "interface = \"classification\"\nlabels = [\"X\"]\ntasks = [\"*.jsonl\"]",
        "demo.db",
        "annotations = 2\nassign_field = \"meta.for\"\nsteal_after = \"never\"",
        &["andy", "zach", "li"],
    );
    project.write(
        "tasks.jsonl",
        "{\"text\":\"a\"}\n{\"text\":\"a\"}\n{\"text\":\"b\",\"meta\":{\"for\":\"zach\"}}\n",
    );
    let text = project.run(&["simulate", "--absent", "zach", "--seconds", "30,li=5"]);
    assert!(text.contains("demo: 2 answers, 1 of 2 tasks finished"), "{text}");
    assert!(text.contains("1 task stays unfinished: waiting for zach"), "{text}");
    project.write("more.jsonl", "{\"text\":\"c\",\"meta\":{\"for\":\"eve\"}}\n");
    let refused = project.annotd(&["simulate"]);
    assert_eq!(refused.status.code(), Some(65));
    assert!(stderr(&refused).contains("more.jsonl:1:27"), "{}", stderr(&refused));
    assert!(!project.path().join("demo.db").exists());
}

#[test]
fn what_cannot_be_simulated_is_refused_with_a_remedy() {
    let project = project("annotations = 1");
    let cases: [(&[&str], i32, &str); 6] = [
        (&["--tasks", "5", "--absent", "eve"], 78, "--absent names \"eve\", who is not in"),
        (&["--tasks", "5", "--joins", "li"], 2, "such as li@3"),
        (&["--tasks", "5", "--agreement", "0.3"], 2, "a share from 0.5 to 1"),
        (&["--tasks", "5", "--hours", "25"], 2, "24 at most"),
        (&["--tasks", "5", "--seconds", "li=7200", "--hours", "1"], 2, "more --hours"),
        (&[], 2, "--tasks N"),
    ];
    for (options, code, words) in cases {
        let arguments: Vec<&str> =
            ["simulate"].into_iter().chain(options.iter().copied()).collect();
        let refused = project.annotd(&arguments);
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(code), "{options:?}: {said}");
        assert!(said.contains(words), "{options:?}: {said}");
    }
}
