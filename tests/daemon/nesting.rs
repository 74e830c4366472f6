//! How deep JSON may be nested: the deepest task that loading accepts, with the deepest answer that
//! a port accepts, comes out of an export, goes back in, and survives backup and restore; what is
//! deeper is refused before anything is stored.

use crate::common::annotator::Annotator;
use crate::common::daemon::Project;
use crate::common::stores::TestStore;
use annotd::interface::Interface;
use annotd::task::MAX_DEPTH;
use serde_json::{Value, json};

/// Arrays within one another.
fn nested(levels: usize) -> Value {
    (1..levels).fold(json!([]), |inner, _| json!([inner]))
}

/// A task of an interface that loading accepts.
fn task(view: &str) -> Value {
    let tokens = json!([{"text": "Ada", "start": 0, "end": 3, "id": 0, "ws": false}]);
    match view {
        "image" | "image_manual" => json!({"image": "https://example.org/a.png"}),
        "audio" | "audio_manual" => json!({"audio": "https://example.org/a.wav"}),
        "html" => json!({"html": "<b>Ada</b>"}),
        "compare" | "diff" => json!({"accept": {"text": "a"}, "reject": {"text": "b"}}),
        "llm_io" => json!({"prompt": "Who?", "response": "Ada"}),
        "choice" => json!({"text": "Ada", "options": ["A", "B"]}),
        "dep" | "relations" => json!({"text": "Ada", "tokens": tokens}),
        "pages" => json!({"pages": [
            {"view_id": "choice", "text": "Ada", "options": ["A"], "deep": nested(MAX_DEPTH - 3)},
            {"view_id": "text_input", "text": "b"},
        ]}),
        _ => json!({"text": "Ada", "label": "X"}),
    }
}

/// What an annotator adds under the interface's own keys.
fn added(view: &str) -> Value {
    match view {
        "choice" => json!({"accept": ["A"]}),
        "pages" => json!({"pages": [
            {"accept": ["A"], "more": nested(MAX_DEPTH - 3)}, {"user_input": "so"},
        ]}),
        _ => json!({}),
    }
}

fn project(view: &str, url: &str) -> Project {
    let interface = format!(
        "interface = {view:?}\nlabels = [\"X\"]\n[project.config]\nblocks = [{{ view_id = \"text\" }}]"
    );
    Project::new("demo", &interface, url, "annotations = 1", &["andy"])
}

fn comes_back(view: &str, place: &TestStore, elsewhere: &TestStore) {
    let first = project(view, &place.url);
    let mut task = task(view);
    // With what an export has to keep apart: a remark and a suggestion that is changed.
    task["comment"] = nested(MAX_DEPTH - 1);
    task["flagged"] = nested(MAX_DEPTH - 1);
    task["deep"] = nested(MAX_DEPTH - 1);
    first.write("tasks.jsonl", &format!("{task}\n"));
    assert_eq!(first.run(&["load", "-i", "tasks.jsonl"]), "1 new, 0 duplicates\n", "{view}");

    let daemon = first.start();
    let andy = Annotator::new("andy", &daemon.addresses());
    let asked = andy.ask(1);
    assert_eq!(asked["tasks"].as_array().map(Vec::len), Some(1), "{view}: {asked}");
    let mut answer = added(view);
    answer["_id"] = asked["tasks"][0]["_id"].clone();
    answer["answer"] = "accept".into();
    answer["flagged"] = true.into();
    // A level too much is refused, and nothing of it is stored.
    answer["more"] = nested(MAX_DEPTH);
    let refused = andy.give(&[answer.clone()]);
    assert_eq!(
        (&refused["saved"], &refused["results"][0]["status"]),
        (&json!(0), &json!("invalid"))
    );
    let error = refused["results"][0]["error"].as_str().expect("an error");
    assert!(error.contains("nested more than 80 levels"), "{view}: {error}");
    answer["more"] = nested(MAX_DEPTH - 1);
    let saved = andy.give(&[answer.clone()]);
    assert_eq!(saved["results"][0]["status"], "saved", "{view}: {saved}");
    // An earlier version is kept as deep.
    answer["flagged"] = false.into();
    assert_eq!(andy.give(&[answer])["results"][0]["status"], "revised", "{view}");
    assert_eq!(andy.get("history?n=5")["answers"][0]["more"], nested(MAX_DEPTH - 1));
    assert!(daemon.stop().success());

    let exported = first.run(&["export"]);
    let line: Value = serde_json::from_str(&exported).expect("a line");
    assert_eq!(line["_task"]["comment"], task["comment"], "{view}");
    first.write("again.jsonl", &exported);
    let again = first.run(&["load", "-i", "again.jsonl"]);
    assert!(again.starts_with("0 new, 1 duplicate: 1 loaded before\n"), "{view}: {again}");
    let tasks = first.run(&["export", "--format", "tasks"]);
    let told: Value = serde_json::from_str(&tasks).expect("a line");
    assert_eq!(told["task"], task, "{view}");
    assert_eq!(told["answers"][0]["history"][0]["more"], nested(MAX_DEPTH - 1), "{view}");
    first.run(&["export", "--format", "csv"]);
    first.run(&["verify"]);

    first.run(&["backup", "-o", "backup.zst"]);
    let second = project(view, &elsewhere.url);
    let backup = first.path().join("backup.zst");
    second.run(&["restore", "-i", backup.to_str().expect("UTF-8")]);
    second.run(&["verify"]);
    assert_eq!(second.run(&["export"]), exported, "{view}");
    assert_eq!(second.run(&["export", "--format", "tasks"]), tasks, "{view}");
}

#[test]
fn the_deepest_task_and_answer_of_every_interface_come_back() {
    for view in Interface::names() {
        comes_back(view, &TestStore::sqlite(), &TestStore::sqlite());
    }
}

#[test]
fn mongodb_holds_the_deepest_task_and_answer() {
    for view in ["choice", "pages"] {
        comes_back(view, &TestStore::mongo(), &TestStore::sqlite());
        comes_back(view, &TestStore::sqlite(), &TestStore::mongo());
    }
}

#[test]
fn a_line_that_is_too_deep_is_refused_with_its_place() {
    let project = project("text", "demo.db");
    let load = |line: &str| {
        project.write("tasks.jsonl", line);
        let refused = project.annotd(&["load", "-i", "tasks.jsonl"]);
        assert_eq!(refused.status.code(), Some(65));
        String::from_utf8_lossy(&refused.stderr).into_owned()
    };
    let (open, close) = (|n: usize| "[".repeat(n), |n: usize| "]".repeat(n));
    for levels in [MAX_DEPTH, 126, 127, 128, 100_000] {
        let said = load(&format!("{{\"text\":\"a\",\"x\":{}{}}}", open(levels), close(levels)));
        let place =
            format!("tasks.jsonl:1:{}: expected at most 80 levels of nesting", 16 + MAX_DEPTH);
        assert!(said.contains(&place), "{levels}: {said}");
    }
    // What stands under `_task` counts as it stood in its task.
    let said = load(&format!("{{\"_task\":{{\"x\":{}{}}}}}", open(MAX_DEPTH), close(MAX_DEPTH)));
    let place = format!("tasks.jsonl:1:{}: expected", 14 + MAX_DEPTH);
    assert!(said.contains(&place), "{said}");
}

#[test]
fn a_request_that_is_too_deep_is_refused_in_words_and_the_port_goes_on() {
    let project = project("text", "demo.db");
    project.write("tasks.jsonl", "{\"text\":\"a\"}\n");
    project.run(&["load", "-i", "tasks.jsonl"]);
    let daemon = project.start();
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let address = format!("{}give_answers", daemon.addresses().of("andy"));
    for levels in [128, 4_000_000] {
        let deep = "[".repeat(levels);
        let body = format!("{{\"session_id\":\"andy\",\"answers\":[{{\"x\":{deep}");
        let mut refused = agent
            .post(&address)
            .header("content-type", "application/json")
            .send(&body)
            .expect("a reply");
        assert_eq!(refused.status().as_u16(), 400);
        let reply: Value = refused.body_mut().read_json().expect("JSON");
        assert_eq!(reply["error"]["code"], "too_deep", "{reply}");
    }
    let andy = Annotator::new("andy", &daemon.addresses());
    assert_eq!(andy.ask(1)["tasks"].as_array().map(Vec::len), Some(1));
    assert!(daemon.stop().success());
}
