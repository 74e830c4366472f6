//! What a sysadmin sees of annotd: the log, the figures for Prometheus, whether it is ready, what
//! `annotd status` says, and whom a stop waits for.

mod drain;
mod guide;
mod lead_port;
mod logs;
mod metrics;
mod prometheus_text;
mod status;

use crate::common::annotator::Annotator;
use crate::common::daemon::{Daemon, Project};
use serde_json::Value;

const INTERFACE: &str =
    "interface = \"classification\"\nlabels = [\"X\"]\ntasks = [\"tasks.jsonl\"]";

/// A project of two annotators with this many tasks, each wanting one answer.
fn project(store: &str, tasks: usize) -> Project {
    let project = Project::new("demo", INTERFACE, store, "annotations = 1", &["andy", "zach"]);
    let lines: Vec<String> =
        (0..tasks).map(|n| format!(r#"{{"text":"task {n}","label":"X"}}"#)).collect();
    project.write("tasks.jsonl", &lines.join("\n"));
    project
}

/// A text and the status it came with.
fn get(daemon: &Daemon, who: &str, path: &str) -> (u16, String) {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let url = format!("{}{path}", daemon.addresses().of(who));
    let mut response = agent.get(&url).call().expect("the daemon answers");
    (response.status().as_u16(), response.body_mut().read_to_string().expect("a text"))
}

/// Answers this many tasks. Returns the last one with its answer.
fn answer(daemon: &Daemon, who: &str, tasks: usize) -> Value {
    let annotator = Annotator::new(who, &daemon.addresses());
    let mut last = Value::Null;
    for _ in 0..tasks {
        last = annotator.ask(1)["tasks"][0].clone();
        last["answer"] = "accept".into();
        assert_eq!(annotator.give(std::slice::from_ref(&last))["saved"], 1);
    }
    last
}
