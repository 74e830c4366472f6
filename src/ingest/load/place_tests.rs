//! Each refusal points at the value in the file, as an editor counts lines and columns.

use std::io::Cursor;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::validate::{LoadPolicy, Validator};
use crate::allocation::mixture::Mixture;
use crate::allocation::{
    AnnotatorProfile, AnswersWanted, Overrides, PlanPolicy, Route, Split, WhenShort,
};
use crate::identity::Rule;
use crate::ingest::read::{Format, LineError, from_reader};
use crate::interface::{Interface, Settings};

/// A wrong task: its view, its text as compact JSON, the text at the place, and the column of a
/// table that has it.
const WRONG: [(&str, &str, &str, &str); 9] = [
    (
        "ner_manual",
        r#"{"title":"Größe 𝔘","text":"Ada ü zwei","spans":[{"start":0,"end":3,"label":4711}]}"#,
        "4711",
        "spans",
    ),
    (
        "ner_manual",
        r#"{"title":"ß","text":"Ada","tokens":[{"text":"Ada","start":0,"end":4711,"id":0}]}"#,
        "{\"text\":\"Ada\",\"start\"",
        "tokens",
    ),
    ("choice", r#"{"text":"ü","accept":["GONE4711"]}"#, "\"GONE4711\"", "accept"),
    ("text", r#"{"text":"ü","_task_hash":"x4711"}"#, "\"x4711\"", "_task_hash"),
    ("text", r#"{"text":"ü","_input_hash":"x4711"}"#, "\"x4711\"", "_input_hash"),
    ("text", r#"{"text":"ü","meta":{"n":"é","priority":"x4711"}}"#, "\"x4711\"", "meta.priority"),
    ("text", r#"{"text":"ü","meta":{"n":"é","requires":"x4711"}}"#, "\"x4711\"", "meta.requires"),
    ("text", r#"{"text":"ü","meta":{"n":"é","for":"x4711"}}"#, "\"x4711\"", "meta.for"),
    (
        "choice",
        r#"{"text":"ü","meta":{"n":"é","gold":{"accept":["GONE4711"]}}}"#,
        "\"GONE4711\"",
        "meta.gold",
    ),
];

fn policy(view: &str, rule: Rule) -> Arc<LoadPolicy> {
    let settings = Settings { labels: vec!["X".into()], ..Settings::default() };
    let interface = Interface::new(view, settings).expect("it is there");
    let planning = PlanPolicy {
        answers: AnswersWanted::Mixture(Mixture::each(1).expect("a mixture")),
        split: Split::Exact,
        route: Route::Balanced,
        average: Some(1.0),
        assign_field: Some("meta.for".into()),
        when_short: WhenShort::Hold,
        seed: 7,
        people: vec![AnnotatorProfile::new("andy")],
    };
    Arc::new(LoadPolicy::new(rule, &interface, &planning, Overrides::default()))
}

/// The first refusal of a file.
fn refused(view: &str, rule: Rule, format: Format, file: &str) -> LineError {
    let tasks = from_reader("f", Some(format), Box::new(Cursor::new(file.to_owned())));
    let validator = Validator::new("f".into(), policy(view, rule)).with_notes(tasks.notes());
    for read in tasks {
        match read.and_then(|entry| validator.task(entry)) {
            Ok(_) => {}
            Err(wrong) => return wrong,
        }
    }
    panic!("nothing is refused: {file}");
}

/// Line and column of a byte, both from 1, in characters.
fn counted(file: &str, at: usize) -> (u64, u64) {
    let before = &file[..at];
    let line = before.matches('\n').count() as u64 + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (line, before[start..].chars().count() as u64 + 1)
}

fn check(view: &str, rule: Rule, format: Format, file: &str, at: usize) {
    let wrong = refused(view, rule, format, file);
    assert_eq!((wrong.line, wrong.column), counted(file, at), "{format:?}: {wrong}\n{file}");
    assert!(
        wrong.refused.text[wrong.refused.at..].starts_with(&file[at..=at]),
        "{format:?}: {wrong}\n{file}"
    );
}

/// A cell for each value of an object; nested ones under names with points, as far as `deep`.
fn cells(object: &Map<String, Value>) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut all = Vec::new();
    for (key, value) in object {
        match value {
            Value::Object(inner) if key == "meta" => {
                all.extend(inner.iter().map(|(name, value)| (format!("meta.{name}"), text(value))));
            }
            value => all.push((key.clone(), text(value))),
        }
    }
    all
}

/// A table of a row above and this one, and the byte at which the cell of a column begins.
fn table(object: &Map<String, Value>, column: &str, delimiter: char) -> (String, usize) {
    let quoted = |text: &str| match delimiter {
        ',' => format!("\"{}\"", text.replace('"', "\"\"")),
        _ => text.to_owned(),
    };
    let cells = cells(object);
    let names: Vec<&str> = cells.iter().map(|(name, _)| &**name).collect();
    let delimiter = delimiter.to_string();
    let mut file = names.join(&delimiter) + "\n";
    // Before the row there is one that is in order, in CSV with a line break in a cell.
    let fine = names.iter().map(|name| match (*name, &*delimiter) {
        ("text", ",") => "\"gut\nund schön\"",
        ("text", _) => "gut",
        _ => "",
    });
    file += &fine.collect::<Vec<_>>().join(&delimiter);
    file.push('\n');
    let mut at = 0;
    for (nth, (name, cell)) in cells.iter().enumerate() {
        if nth > 0 {
            file += &delimiter;
        }
        if name == column {
            at = file.len();
        }
        file += &quoted(cell);
    }
    file.push('\n');
    (file, at)
}

#[test]
fn each_refusal_points_at_the_value_in_the_file_in_every_format() {
    for (view, task, there, column) in WRONG {
        let content = || Rule::Content;
        let at_place = |file: &str| file.find(there).expect("it is there");
        let fine = r#"{"text":"gut"}"#;
        let jsonl = format!("{fine}\n{task}\n");
        check(view, content(), Format::Jsonl, &jsonl, at_place(&jsonl));
        let spaced = format!("{fine}\n \t{}\n", task.replace("\":", "\" : ").replace(',', " , "));
        let spaced_there = there.replace("\":", "\" : ").replace(',', " , ");
        let at = spaced.find(&spaced_there).expect("it is there");
        check(view, content(), Format::Jsonl, &spaced, at);
        for compact in [format!("[{fine},{task}]"), format!("[{fine},\n{task}]"), task.to_owned()] {
            check(view, content(), Format::Json, &compact, at_place(&compact));
        }
        let value: Value = serde_json::from_str(task).expect("JSON");
        let pretty = serde_json::to_string_pretty(&vec![&value]).expect("JSON");
        let pretty_there = if there.starts_with('{') { "{\n        \"text\"" } else { there };
        check(view, content(), Format::Json, &pretty, pretty.find(pretty_there).expect("it is"));
        let object = value.as_object().expect("an object");
        let (csv, at) = table(object, column, ',');
        check(view, content(), Format::Csv, &csv, at);
        let (tsv, at) = table(object, column, '\t');
        check(view, content(), Format::Tsv, &tsv, at);
    }
}

#[test]
fn a_value_that_is_no_identity_is_pointed_at() {
    for (task, there) in [
        (r#"{"text":"ü","meta":{"id":["x"]}}"#, "[\"x\"]"),
        (r#"{"text":"ü","meta":{"n":1}}"#, "{\"n\""),
    ] {
        let file = format!("[{task}]");
        let at = file.find(there).expect("it is there");
        check("text", Rule::Path("meta.id".into()), Format::Json, &file, at);
    }
}

#[test]
fn what_an_export_kept_apart_is_pointed_at_where_it_is_in_the_line() {
    let line = r#"{"text":"ü","meta":{"n":1},"comment":"é","_task":{"meta":{"priority":"x4711"},"comment":"c"}}"#;
    let at = line.find("\"x4711\"").expect("it is there");
    check("text", Rule::Content, Format::Jsonl, line, at);
    let own = r#"{"text":"ü","meta":{"priority":"x4711"},"comment":"é","_task":{"comment":"c"}}"#;
    let at = own.find("\"x4711\"").expect("it is there");
    check("text", Rule::Content, Format::Jsonl, own, at);
}
