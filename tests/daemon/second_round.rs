//! Answers of a first round as the tasks of a second one: each round's remarks, flags, reasons and
//! verdicts are its own annotator's, and what the first round said is kept apart.

use crate::common::annotator::Annotator;
use crate::common::daemon::{Daemon, Project};
use crate::common::stores::TestStore;
use serde_json::{Map, Value, json};

/// Runs a case on both stores.
macro_rules! on_both_stores {
    ($($case:ident),+ $(,)?) => {
        mod sqlite { $( #[test] fn $case() { super::$case(&super::TestStore::sqlite()); } )+ }
        mod mongodb { $( #[test] fn $case() { super::$case(&super::TestStore::mongo()); } )+ }
    };
}

on_both_stores!(
    the_second_annotators_remark_flag_and_reason_are_theirs,
    nothing_of_the_first_round_is_shown_as_the_second_annotators,
    an_exported_line_loads_as_the_task_that_it_answers,
);

const KEYS: [&str; 4] = ["answer", "comment", "flagged", "skip_reason"];

const FIRST: &str = r#"{"text":"one","accept":["A"],"answer":"accept","flagged":true,"comment":"first \u00e9"}
{"text":"two","accept":[],"answer":"ignore","skip_reason":"unclear"}
{"text":"three","n":1.10}
"#;

fn demo_project(place: &TestStore) -> (Project, Daemon, Annotator) {
    let interface = "interface = \"choice\"\nlabels = [\"A\", \"B\"]\ntasks = [\"first.jsonl\"]";
    let project = Project::new("demo", interface, &place.url, "annotations = 1", &["andy"]);
    project.write("first.jsonl", FIRST);
    let daemon = project.start();
    let andy = Annotator::new("andy", &daemon.addresses());
    (project, daemon, andy)
}

fn by_text(tasks: &Value) -> Map<String, Value> {
    let tasks = tasks.as_array().expect("tasks");
    tasks.iter().map(|task| (task["text"].as_str().expect("a text").into(), task.clone())).collect()
}

fn answer(andy: &Andy, text: &str, said: &Value) {
    let mut sent = said.clone();
    sent["_id"] = andy.tasks[text]["_id"].clone();
    let given = andy.annotator.give(&[sent]);
    assert_eq!(given["results"][0]["status"], "saved", "{given}");
}

struct Andy {
    annotator: Annotator,
    tasks: Map<String, Value>,
}

impl Andy {
    fn new(annotator: Annotator) -> Self {
        let tasks = by_text(&annotator.ask(10)["tasks"]);
        Self { annotator, tasks }
    }
}

fn exported(project: &Project) -> Map<String, Value> {
    let lines = project.run(&["export"]);
    let lines: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    by_text(&Value::Array(lines))
}

fn the_second_annotators_remark_flag_and_reason_are_theirs(place: &TestStore) {
    let (project, _daemon, andy) = demo_project(place);
    let andy = Andy::new(andy);
    answer(&andy, "one", &json!({"answer": "accept", "accept": ["B"], "comment": "second"}));
    answer(
        &andy,
        "two",
        &json!({"answer": "ignore", "accept": [], "skip_reason": "foreign", "flagged": true}),
    );
    answer(&andy, "three", &json!({"answer": "accept", "accept": []}));
    let lines = exported(&project);
    let said = |text: &str| -> Value {
        let line = lines[text].as_object().expect("an object");
        let keys = line.iter().filter(|(key, _)| KEYS.contains(&key.as_str()) || *key == "accept");
        Value::Object(keys.map(|(key, value)| (key.clone(), value.clone())).collect())
    };
    assert_eq!(said("one"), json!({"accept": ["B"], "answer": "accept", "comment": "second"}));
    let second =
        json!({"accept": [], "answer": "ignore", "skip_reason": "foreign", "flagged": true});
    assert_eq!(said("two"), second);
    assert_eq!(
        lines["one"]["_task"],
        json!({"accept": ["A"], "answer": "accept", "flagged": true, "comment": "first é"})
    );
    assert_eq!(lines["two"]["_task"], json!({"answer": "ignore", "skip_reason": "unclear"}));
    assert_eq!(lines["three"].get("_task"), None);
    // The other format has had both all along.
    let tasks = project.run(&["export", "--format", "tasks"]);
    let one: Value = serde_json::from_str(tasks.lines().next().expect("a line")).expect("JSON");
    assert_eq!(one["task"]["comment"], "first é");
    assert_eq!(one["answers"][0]["comment"], "second");
}

fn nothing_of_the_first_round_is_shown_as_the_second_annotators(place: &TestStore) {
    let (_project, _daemon, andy) = demo_project(place);
    let andy = Andy::new(andy);
    for task in andy.tasks.values() {
        assert!(KEYS.iter().all(|key| task.get(key).is_none()), "{task}");
    }
    // The suggestion to begin with stays.
    assert_eq!(andy.tasks["one"]["accept"], json!(["A"]));
    answer(&andy, "one", &json!({"answer": "reject"}));
    let history = andy.annotator.get("history?n=5");
    let one = &history["answers"][0];
    assert_eq!((&one["answer"], one.get("comment")), (&json!("reject"), None));
    assert_eq!((one.get("flagged"), &one["accept"]), (None, &json!(["A"])));
}

fn an_exported_line_loads_as_the_task_that_it_answers(place: &TestStore) {
    let (project, _daemon, andy) = demo_project(place);
    let andy = Andy::new(andy);
    answer(&andy, "one", &json!({"answer": "accept", "accept": ["B"], "comment": "second"}));
    answer(&andy, "three", &json!({"answer": "accept", "accept": ["A"], "flagged": true}));
    project.write("again.jsonl", &project.run(&["export"]));
    let other = Project::new(
        "other",
        "interface = \"choice\"\nlabels = [\"A\", \"B\"]",
        "other.db",
        "annotations = 1",
        &["andy"],
    );
    let again = project.path().join("again.jsonl");
    other.run(&["load", "-i", again.to_str().expect("UTF-8")]);
    let tasks = other.run(&["export", "--format", "tasks"]);
    let tasks: Vec<Value> = tasks
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["task"].clone())
        .collect();
    let tasks = by_text(&Value::Array(tasks));
    let one = &tasks["one"];
    assert_eq!(one["accept"], json!(["A"]));
    assert_eq!(one["comment"], "first é");
    assert_eq!((&one["flagged"], one.get("_task")), (&json!(true), None));
    // Where the first round said nothing, its answer is what the second one begins with.
    assert_eq!(tasks["three"]["accept"], json!(["A"]));
}
