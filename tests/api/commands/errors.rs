//! Errors of commands: exit codes, messages, hints.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use super::{CLASSIFICATION, project, stderr, stdout};
use crate::common::daemon::{Project, annotd};
use serde_json::Value;

#[test]
fn if_no_port_can_be_bound_all_are_named_and_nothing_starts() {
    let taken: Vec<TcpListener> =
        (0..2).map(|_| TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
    let port = |n: usize| taken[n].local_addr().expect("an address").port();
    let lead = TcpListener::bind("127.0.0.1:0").expect("a port");
    let lead_port = lead.local_addr().expect("an address").port();
    drop(lead);
    let folder = tempfile::tempdir().expect("a folder");
    let roster = format!(
        "[project]\nname = \"demo\"\ninterface = \"text\"\n[lead]\nport = {lead_port}\n\
         [[annotator]]\nname = \"andy\"\nport = {}\n[[annotator]]\nname = \"zach\"\nport = {}\n\
         [allocation]\nannotations = 1\n",
        port(0),
        port(1)
    );
    std::fs::write(folder.path().join("annotators.toml"), roster).expect("a roster");
    let output = annotd(folder.path()).output().expect("annotd runs");
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains(&format!("andy cannot have port 127.0.0.1:{}", port(0))), "{said}");
    assert!(said.contains(&format!("zach cannot have port 127.0.0.1:{}", port(1))), "{said}");
    assert_eq!(stdout(&output), "");
}

#[test]
fn exit_codes_tell_scripts_what_went_wrong() {
    let project = project("annotations = 1");
    let code = |arguments: &[&str]| project.annotd(arguments).status.code();
    assert_eq!(code(&["nonsense"]), Some(2));
    assert_eq!(code(&["load"]), Some(2));
    assert_eq!(code(&["status", "--roster", "none.toml"]), Some(78));
    assert_eq!(code(&["load", "-i", "none.jsonl"]), Some(65));
    assert_eq!(code(&["export"]), Some(69), "there is no store yet");
    assert!(!project.path().join("demo.db").exists(), "looking makes no store");
    project.write("tasks.jsonl", "{\"text\":\"a\"}\n");
    assert_eq!(code(&["load", "-i", "tasks.jsonl"]), Some(0));
    assert_eq!(code(&["export", "-o", "no/such/folder/answers.jsonl"]), Some(73));
    let away = annotd(project.path())
        .env("ANNOTD_STORE_URL", "mongodb://127.0.0.1:9/x?serverSelectionTimeoutMS=300")
        .arg("status")
        .output()
        .expect("annotd runs");
    assert_eq!(away.status.code(), Some(69), "{}", stderr(&away));
}

#[test]
fn a_store_of_another_project_is_refused_with_a_remedy() {
    let project = project("annotations = 1");
    project.write("tasks.jsonl", "{\"text\":\"a\"}\n");
    project.run(&["load", "-i", "tasks.jsonl"]);
    let refused = project.annotd(&["load", "-i", "-", "-c", "other"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("holds the project \"demo\""), "{}", stderr(&refused));
}

#[test]
fn help_has_an_example_for_every_command() {
    let project = project("annotations = 1");
    for command in ["run", "check", "load", "status", "export", "verify"] {
        let said = project.run(&[command, "--help"]);
        assert!(said.contains("Example:\n  annotd "), "{said}");
    }
}

#[test]
fn a_stop_does_not_wait_for_the_task_files() {
    const TASKS: usize = 200_000;
    let project = Project::new(
        "demo",
        "interface = \"text\"\nlabels = [\"X\"]\ntasks = [\"tasks.jsonl\"]",
        "annotd.db",
        "",
        &["andy", "zach", "li"],
    );
    let mut tasks = String::new();
    for number in 0..TASKS {
        writeln!(tasks, "{{\"text\":\"task {number}\"}}").expect("writing to a string");
    }
    project.write("tasks.jsonl", &tasks);
    let mut daemon = annotd(project.path())
        .args(["run", "--any-port"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("annotd starts");
    let loaded = || -> usize {
        let status = project.annotd(&["status", "--json"]);
        let status: Value = serde_json::from_slice(&status.stdout).unwrap_or_default();
        status["total"]["tasks"].as_u64().and_then(|n| n.try_into().ok()).unwrap_or(0)
    };
    crate::common::wait_until("the first tasks", || loaded() > 0);
    let killed = Command::new("kill").arg(daemon.id().to_string()).status().expect("kill runs");
    assert!(killed.success() && daemon.wait().expect("it ends").success());
    assert!(loaded() < TASKS, "everything was loaded before it stopped");
}

#[test]
fn a_store_whose_folder_is_missing_is_told_with_a_remedy() {
    let project =
        Project::new("demo", CLASSIFICATION, "data/demo.db", "annotations = 1", &["andy"]);
    project.write("tasks.jsonl", "{\"text\":\"a\",\"label\":\"X\"}\n");
    let refused = project.annotd(&["load", "-i", "tasks.jsonl"]);
    assert_eq!(refused.status.code(), Some(69));
    let said = stderr(&refused);
    assert!(said.contains("there is no folder data; make it (mkdir -p data)"), "{said}");
}

#[test]
fn a_wrong_command_line_is_answered_with_the_right_one() {
    let project = project("annotations = 1");
    project.write("tasks.jsonl", "{\"text\":\"a\"}\n");
    let cases: [(&[&str], i32, &str); 8] = [
        (&["--any-port"], 2, "hint: --any-port is an option of `run`: annotd run --any-port"),
        (&["check", "annotators.toml"], 2, "annotd --roster annotators.toml check"),
        (&["load", "tasks.jsonl"], 2, "hint: put -i before it: annotd load -i tasks.jsonl"),
        (&["annotators.toml"], 2, "annotd --roster annotators.toml"),
        (&["load", "-i", "annotators.toml"], 65, "--roster annotators.toml"),
        (&["simulate", "-i", "annotators.toml"], 65, "--roster annotators.toml"),
        (&["--roster", "tasks.jsonl", "check"], 78, "`annotd load -i tasks.jsonl` loads tasks"),
        (&["--roster", "none.toml", "check"], 78, "there is no roster none.toml\nhint: "),
    ];
    for (arguments, code, words) in cases {
        let refused = project.annotd(arguments);
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains("hint: ") && said.contains(words), "{arguments:?}: {said}");
        assert_eq!(said.matches("hint: ").count(), 1, "{arguments:?}: {said}");
    }
}

#[test]
fn a_missing_folder_is_named_wherever_a_command_writes() {
    let project = project("annotations = 1");
    project.write("tasks.jsonl", "{\"text\":\"a\"}\n");
    project.run(&["load", "-i", "tasks.jsonl"]);
    for arguments in [
        &["export", "-o", "no/such/x.jsonl"][..],
        &["backup", "-o", "no/such/x.zst"],
        &["load", "-i", "tasks.jsonl", "--rejects", "no/such/x"],
        &["load", "-i", "tasks.jsonl", "--duplicates", "no/such/x"],
    ] {
        let refused = project.annotd(arguments);
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(73), "{arguments:?}: {said}");
        assert!(
            said.contains("there is no folder no/such\nhint: make it (mkdir -p no/such)"),
            "{said}"
        );
    }
}

#[test]
fn a_codebook_that_is_missing_stops_the_daemon_with_a_remedy() {
    let interface = format!("{CLASSIFICATION}\ninstructions = \"none.md\"");
    let project = Project::new("demo", &interface, "demo.db", "annotations = 1", &["andy"]);
    let refused = project.annotd(&["run", "--any-port"]);
    let said = stderr(&refused);
    assert_eq!(refused.status.code(), Some(78), "{said}");
    assert!(said.contains("there is no such file\nhint: "), "{said}");
    assert!(said.contains("none.md") && said.contains("delete the line"), "{said}");
}

#[test]
fn a_mistake_elsewhere_in_the_roster_stops_neither_export_nor_backup() {
    let project = project("annotations = 1");
    project.write("tasks.jsonl", "{\"text\":\"a\",\"label\":\"X\"}\n");
    project.run(&["load", "-i", "tasks.jsonl"]);
    let right = std::fs::read_to_string(project.path().join("annotators.toml")).expect("a roster");
    let before = project.run(&["export", "--format", "tasks"]);
    let commands: [&[&str]; 3] = [
        &["export", "--format", "tasks"],
        &["backup", "-o", "all.zst"],
        &["load", "-i", "tasks.jsonl"],
    ];
    let codes = |roster: &str| {
        project.write("annotators.toml", roster);
        commands.map(|arguments| project.annotd(arguments).status.code())
    };
    let ports = right.replace("port = 9010", "port = 901000");
    assert_eq!(codes(&ports), [Some(0), Some(0), Some(78)]);
    let exported = project.annotd(commands[0]);
    assert_eq!(stdout(&exported), before);
    let said = stderr(&exported);
    assert!(said.contains("error: port must be between 1 and 65535"), "{said}");
    let words = "warning: annotators.toml has one mistake; this command needs only [project] and \
                 the store's URL";
    assert!(said.contains(words), "{said}");
    let labels = right.replace("labels = [\"X\"]", "labels = \"X\"");
    assert_eq!(codes(&labels), [Some(78), Some(0), Some(78)]);
    assert_eq!(codes(&right.replace("[store]", "[stroe]")), [Some(78); 3]);
}
