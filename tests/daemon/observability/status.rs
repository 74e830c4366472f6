//! `annotd status` beside a daemon, and without one.

use std::net::TcpListener;

use serde_json::Value;

use super::{answer, project};
use crate::common::daemon::{Daemon, Project};
use crate::common::wait_for;

/// A roster beside the project's own in which the lead's port is the one that the daemon has.
fn at_the_daemon(project: &Project, port: &str) {
    let roster = std::fs::read_to_string(project.path().join("annotators.toml")).expect("it");
    project.write("there.toml", &roster.replace("port = 9000", &format!("port = {port}")));
}

fn lead_port(daemon: &Daemon) -> String {
    let address = daemon.addresses().of("lead");
    address.trim_end_matches('/').rsplit(':').next().expect("a port").to_owned()
}

fn status(project: &Project, options: &[&str]) -> (String, String) {
    let arguments = [&["status", "--roster", "there.toml"], options].concat();
    let output = project.annotd(&arguments);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{err}");
    (out, err)
}

#[test]
fn status_comes_from_the_daemon_and_from_the_store_when_it_has_stopped() {
    let project = project("demo.db", 10);
    let daemon = project.start();
    let port = lead_port(&daemon);
    at_the_daemon(&project, &port);
    answer(&daemon, "andy", 2);
    // Figures are at most a second old.
    let out = wait_for("andy's row", || {
        let (out, err) = status(&project, &[]);
        assert_eq!(err, "", "the daemon is the usual source, and not worth a word");
        let andy = out.lines().find(|line| line.trim_start().starts_with("andy")).expect("a row");
        let words: Vec<&str> = andy.split_whitespace().collect();
        if words[2] != "working" || !andy.trim_end().ends_with("now") {
            return None;
        }
        assert_eq!(words[3], "2", "{out}");
        Some(out)
    });
    assert!(
        out.contains("demo: 2 of 10 answers, 2 of 10 tasks finished, 0 being worked on"),
        "{out}"
    );
    let (json, _) = status(&project, &["--json"]);
    let told: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(told["annotators"][0]["state"], "listening");
    assert!(told["started_at"].is_string() && told["as_of"].is_string(), "{told}");
    assert!(told["annotators"][0]["last_seen"].as_str().expect("a time").ends_with('Z'));

    assert!(daemon.stop().success());
    let (out, err) = status(&project, &[]);
    assert_eq!(
        err,
        format!(
            "The daemon does not answer at http://127.0.0.1:{port}/; these numbers are from the \
             store.\n"
        )
    );
    assert!(out.contains("demo: 2 of 10 answers"), "{out}");
    assert!(out.contains("unknown"), "{out}");
}

#[test]
fn a_daemon_of_another_project_or_store_is_not_believed() {
    let theirs = project("demo.db", 10);
    let daemon = theirs.start();
    let port = lead_port(&daemon);
    let ours = project("demo.db", 3);
    ours.run(&["load", "-i", "tasks.jsonl"]);
    at_the_daemon(&ours, &port);
    let (out, err) = status(&ours, &[]);
    assert!(err.contains(&format!("The annotd at http://127.0.0.1:{port}/ has its store at ")));
    assert!(err.ends_with("; these numbers are from the store.\n"), "{err}");
    assert!(out.contains("demo: 0 of 3 answers"), "{out}");

    let others = Project::new("other", super::INTERFACE, "o.db", "annotations = 1", &["andy"]);
    others.write("tasks.jsonl", "{\"text\":\"a\"}\n");
    others.run(&["load", "-i", "tasks.jsonl"]);
    at_the_daemon(&others, &port);
    let (_, err) = status(&others, &[]);
    assert!(err.contains("runs the project \"demo\", not \"other\""), "{err}");
}

#[test]
fn a_daemon_whose_store_the_roster_does_not_name_is_believed_where_there_is_no_other() {
    let project = project("demo.db", 4);
    let daemon = project.start();
    at_the_daemon(&project, &lead_port(&daemon));
    let roster = std::fs::read_to_string(project.path().join("there.toml")).expect("it");
    project.write("there.toml", &roster.replace("demo.db", "never-made.db"));
    let (out, err) = status(&project, &[]);
    assert!(out.contains("demo: 0 of 4 answers"), "{out}");
    assert!(err.starts_with("The daemon has its store at ") && err.contains("demo.db"), "{err}");
    assert!(!project.path().join("never-made.db").exists());
}

#[test]
fn a_port_of_another_program_is_not_taken_for_annotd() {
    let project = project("demo.db", 2);
    project.run(&["load", "-i", "tasks.jsonl"]);
    let stranger = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = stranger.local_addr().expect("an address").port().to_string();
    at_the_daemon(&project, &port);
    let talk = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut caller, _) = stranger.accept().expect("a caller");
        let _ = caller.read(&mut [0; 1024]).expect("a question");
        caller.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").expect("an answer");
        // The next one gets no answer at all; the command does not wait for ever.
        stranger.accept().expect("a caller").0
    });
    let (_, err) = status(&project, &[]);
    assert!(err.starts_with("Another program than annotd answers at http://127.0.0.1:"), "{err}");
    assert!(err.contains("these numbers are from the store."), "{err}");
    let (out, err) = status(&project, &[]);
    assert!(err.starts_with("The daemon does not answer at "), "{err}");
    assert!(out.contains("demo: 0 of 2 answers"), "{out}");
    drop(talk.join().expect("it ends"));
}
