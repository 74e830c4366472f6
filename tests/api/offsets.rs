//! Offsets of texts that are easy to get wrong, as they stand in `tests/fixtures/offsets.json`: the
//! tokens that annotd computes, by each version of the rule, and the spans that it lets in are
//! those. The same file is held against the page (`tests/web/offsets.test.js`) and against spaCy,
//! whose users the spans are for; so are exported rows.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::common::outside_data::outside_data;
use annotd::allocation::{Position, SequenceNumber, TaskState};
use annotd::export::{Cells, Export, Filter, Format};
use annotd::ingest::read::open;
use annotd::interface::{Interface, Settings};
use annotd::store::Record;
use annotd::task::{
    Answer, Basis, Millis, Renamed, TOKENIZER, Task, TaskJson, Token, Verdict, Version, tokenize,
};
use serde_json::{Map, Value, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn cases() -> Vec<Value> {
    let text = std::fs::read_to_string(folder().join("offsets.json")).expect("the fixture");
    serde_json::from_str(&text).expect("JSON")
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().expect("a number")).expect("small")
}

fn row(tokens: &[Token]) -> Value {
    tokens.iter().map(|token| json!([token.start, token.end, token.text, token.ws])).collect()
}

#[test]
fn tokens_and_code_points_are_those_of_the_fixture() {
    for case in cases() {
        let text = case["text"].as_str().expect("a text");
        let points: Vec<char> = text.chars().collect();
        assert_eq!(points.len(), number(&case["code_points"]), "{text:?}");
        assert_eq!(text.encode_utf16().count(), number(&case["utf16"]), "{text:?}");
        assert_eq!(row(&tokenize(text, 1)), case["tokens_1"], "{text:?}");
        assert_eq!(row(&tokenize(text, 2)), case["tokens"], "{text:?}");
        for span in case["spans"].as_array().expect("spans") {
            let covered: String =
                points[number(&span["start"])..number(&span["end"])].iter().collect();
            assert_eq!(span["text"], covered);
        }
    }
    assert_eq!(TOKENIZER, 2, "another version has tokens of its own in the fixture");
}

#[test]
fn spans_of_the_fixture_are_let_in_with_its_token_numbers() {
    let settings = Settings { labels: vec!["A".into()], ..Settings::default() };
    let interface = Interface::new("spans_manual", settings).expect("it is there");
    for case in cases() {
        let task = TaskJson::from_value(&json!({"text": case["text"]})).expect("a task");
        let spans = case["spans"].as_array().expect("spans").iter();
        let sent: Vec<Value> = spans
            .clone()
            .map(|span| json!({"start": span["start"], "end": span["end"], "label": "A"}))
            .collect();
        let answer = json!({"answer": "accept", "spans": sent});
        let (_, data) = interface
            .receive(&task, answer.as_object().expect("an object"))
            .unwrap_or_else(|misfit| panic!("{}: {misfit}", case["text"]));
        for (kept, span) in data["spans"].as_array().expect("spans").iter().zip(spans) {
            assert_eq!(kept["token_start"], span["token_start"], "{}", case["text"]);
            assert_eq!(kept["token_end"], span["token_end"], "{}", case["text"]);
        }
    }
}

#[test]
fn no_span_begins_or_ends_at_a_blank_token() {
    let settings = Settings { labels: vec!["A".into()], ..Settings::default() };
    for view in ["ner_manual", "spans_manual", "pos_manual"] {
        let interface = Interface::new(view, settings.clone()).expect("it is there");
        for case in cases() {
            let task = TaskJson::from_value(&json!({"text": case["text"]})).expect("a task");
            let shown = interface.computed_tokens(&task).expect("tokens");
            let shown: Vec<Token> = serde_json::from_value(shown).expect("tokens");
            for token in interface.missing_tokens(&task).expect("tokens") {
                let span = json!([{"start": token.start, "end": token.end, "label": "A"}]);
                let answer = json!({"answer": "accept", "spans": span});
                let taken = interface.receive(&task, answer.as_object().expect("an object"));
                assert_eq!(taken.is_ok(), !token.is_blank(), "{view} {token:?}");
                assert_eq!(shown.contains(&token), !token.is_blank(), "{view} {token:?}");
            }
        }
    }
}

/// A line of the `jsonl` export: an untouched answer to this task.
fn exported(view: &str, body: TaskJson) -> Value {
    let version = Version {
        verdict: Verdict::Accept,
        data: Map::new(),
        time_loaded: Millis(0),
        time_returned: Millis(1),
        basis: Basis { edition: 1, tokenizer: TOKENIZER },
    };
    let mut state = TaskState::new(1, Vec::new());
    state.answers.push(Answer { annotator: "noor".into(), current: version, history: Vec::new() });
    let (number, position) = (SequenceNumber(1), Position(1));
    let record = Record { task: Arc::new(Task::new(body)), number, position, state };
    let interface = Interface::new(view, Settings::default()).expect("it is there");
    let export = Export {
        project: "p".into(),
        interface,
        renamed: Renamed::default(),
        filter: Filter::default(),
        cells: Cells::default(),
    };
    let mut out = Vec::new();
    Format::from_name("jsonl").expect("it is there").pen(&export).record(&record, &mut out);
    serde_json::from_slice(&out).expect("a line")
}

/// Rows as they are exported: of the fixture, and of public files of real tasks.
fn rows() -> Vec<Value> {
    let mut bodies: Vec<TaskJson> = cases()
        .iter()
        .map(|case| TaskJson::from_value(&json!({"text": case["text"]})).expect("a task"))
        .collect();
    for name in [
        "pydata-ams-2023.jsonl",
        "news-headlines-ner.jsonl",
        "news-headlines-raw.jsonl",
        "newsapi-raw-with-duplicates.jsonl",
        "github-issues-with-context.jsonl",
        "relations.jsonl",
    ] {
        let Some(path) = outside_data(name) else { continue };
        for entry in open(path).expect("opened") {
            let mut body = entry.expect("a row").body.to_value();
            // Some rows bring spaCy's own tokens, which come out as they are. Of all rows annotd's
            // are compared too.
            let own = body.get("tokens").and_then(Value::as_array);
            if own.is_some_and(|own| own.iter().all(|token| token.get("ws").is_some())) {
                bodies.push(TaskJson::from_value(&Value::Object(body.clone())).expect("a task"));
            }
            body.retain(|key, _| key == "text");
            if body.get("text").is_some_and(Value::is_string) {
                bodies.push(TaskJson::from_value(&Value::Object(body)).expect("a task"));
            }
        }
    }
    let views = ["ner_manual", "spans_manual", "pos_manual", "relations"].iter().cycle();
    bodies.into_iter().zip(views).map(|(body, view)| exported(view, body)).collect()
}

#[test]
fn exported_tokens_rebuild_the_text() {
    for row in rows() {
        let tokens: Vec<Token> = serde_json::from_value(row["tokens"].clone()).expect("tokens");
        let rebuilt: String = tokens
            .iter()
            .map(|token| token.text.clone() + if token.ws { " " } else { "" })
            .collect();
        assert_eq!(row["text"], rebuilt);
    }
}

#[test]
fn spacy_finds_the_same_text_at_the_same_places() {
    let tools = std::env::var_os("ANNOTD_TEST_TOOLS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools"),
        PathBuf::from,
    );
    let spacy = tools.join("spacy");
    if !spacy.join("spacy").is_dir() {
        let missing = "spaCy is not there (./tests/run installs it)";
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{missing}");
        // The test harness swallows the output of `eprintln!` when a test succeeds.
        let _ = writeln!(std::io::stderr(), "NOT RUN: {missing}");
        return;
    }
    let rows = rows();
    let mut python = Command::new("python3")
        .arg(folder().join("offsets.py"))
        .env("PYTHONPATH", spacy)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python3 runs");
    let mut input = python.stdin.take().expect("a pipe");
    for row in &rows {
        // Should it end early, its own words say why.
        let _ = writeln!(input, "{row}");
    }
    drop(input);
    let held = python.wait_with_output().expect("python3 ends");
    assert!(held.status.success(), "{}", String::from_utf8_lossy(&held.stderr));
    let counts = format!("{} {}", cases().len(), rows.len());
    assert_eq!(String::from_utf8_lossy(&held.stdout).trim(), counts);
}
