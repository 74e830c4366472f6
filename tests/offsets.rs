//! Offsets of texts that are easy to get wrong, as they stand in `tests/fixtures/offsets.json`: the
//! tokens that annotd computes and the spans that it lets in are those. The same file is held against
//! the page (`tests/web/offsets.test.js`) and against spaCy, whose users the spans are for.

use std::path::{Path, PathBuf};
use std::process::Command;

use annotd::task::interface::{Interface, Settings};
use annotd::task::{Body, tokenize};
use serde_json::{Value, json};

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

#[test]
fn tokens_and_code_points_are_those_of_the_fixture() {
    for case in cases() {
        let text = case["text"].as_str().expect("a text");
        let points: Vec<char> = text.chars().collect();
        assert_eq!(points.len(), number(&case["code_points"]), "{text:?}");
        assert_eq!(text.encode_utf16().count(), number(&case["utf16"]), "{text:?}");
        let tokens: Vec<Value> = tokenize(text)
            .iter()
            .map(|token| json!([token.start, token.end, token.text]))
            .collect();
        assert_eq!(Value::Array(tokens), case["tokens"], "{text:?}");
        for span in case["spans"].as_array().expect("spans") {
            let covered: String =
                points[number(&span["start"])..number(&span["end"])].iter().collect();
            assert_eq!(span["text"], covered);
        }
    }
}

#[test]
fn spans_of_the_fixture_are_let_in_with_its_token_numbers() {
    let settings = Settings { labels: vec!["A".into()], ..Settings::default() };
    let interface = Interface::new("spans_manual", settings).expect("it is there");
    for case in cases() {
        let task = Body::from_value(&json!({"text": case["text"]})).expect("a task");
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
fn spacy_finds_the_same_text_at_the_same_places() {
    let tools = std::env::var_os("ANNOTD_TEST_TOOLS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools"),
        PathBuf::from,
    );
    let spacy = tools.join("spacy");
    if !spacy.join("spacy").is_dir() {
        eprintln!("NOT RUN: spaCy is not there (./tests/run installs it)");
        return;
    }
    let held = Command::new("python3")
        .arg(folder().join("offsets.py"))
        .env("PYTHONPATH", spacy)
        .output()
        .expect("python3 runs");
    assert!(held.status.success(), "{}", String::from_utf8_lossy(&held.stderr));
    assert_eq!(String::from_utf8_lossy(&held.stdout).trim(), cases().len().to_string());
}
