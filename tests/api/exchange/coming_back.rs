//! An exported answer is the task that was answered, whatever the interface, the task and the
//! answer are.

use annotd::identity::{Identity, Rule};
use annotd::interface::{Interface, Settings};
use annotd::store::Record;
use annotd::task::{Task, TaskJson};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use std::sync::LazyLock;

use super::writing::{T, answer, plain, record};
use annotd::task::Verdict;

/// Interfaces with the keys that their answers set.
const VIEWS: [(&str, &[&str]); 12] = [
    ("text", &[]),
    ("classification", &[]),
    ("choice", &["accept"]),
    ("ner", &[]),
    ("ner_manual", &["spans"]),
    ("spans_manual", &["spans"]),
    ("relations", &["relations", "spans"]),
    ("text_input", &["user_input"]),
    ("image_manual", &["spans"]),
    ("audio_manual", &["audio_spans"]),
    ("compare", &[]),
    ("blocks", &["spans", "accept"]),
];

const KEYS: [&str; 20] = [
    "text",
    "label",
    "title",
    "image",
    "audio",
    "meta",
    "spans",
    "accept",
    "reject",
    "options",
    "user_input",
    "audio_spans",
    "relations",
    "comment",
    "flagged",
    "answer",
    "_task_hash",
    "_input_hash",
    "width",
    "unknown",
];

const VALUES: [&str; 14] = [
    "null",
    "true",
    "1",
    "1.0",
    "1.50",
    "123456789012345678901234567890",
    "\"\"",
    "\"a\"",
    "\"\\u00e9 b\"",
    "[]",
    "[1,null]",
    "{}",
    "{\"n\":2e3,\"z\":null}",
    "[{\"start\":0,\"end\":1}]",
];

fn object(keys: &'static [&'static str]) -> impl Strategy<Value = Map<String, Value>> {
    let value = prop::sample::select(&VALUES[..]);
    prop::collection::btree_map(prop::sample::select(keys), value, 0..7).prop_map(|entries| {
        let parsed = |text| serde_json::from_str(text).expect("JSON");
        entries.into_iter().map(|(key, value)| (key.to_owned(), parsed(value))).collect()
    })
}

fn interface(view: &str, blocks: &[&str]) -> Interface {
    let blocks: Vec<Value> = blocks.iter().map(|view| json!({"view_id": view})).collect();
    let config = json!({"blocks": blocks}).as_object().expect("an object").clone();
    let settings = Settings { labels: vec!["X".into()], config };
    Interface::new(view, settings).expect("it is there")
}

/// Every two interfaces that can be blocks of one card.
static PAIRS: LazyLock<Vec<[&'static str; 2]>> = LazyLock::new(|| {
    let body = TaskJson::parse("{}").expect("an object");
    let sets =
        |view: &str| interface(view, &[]).answer_keys(&body).into_iter().collect::<HashSet<_>>();
    let names =
        || Interface::names().into_iter().filter(|name| !matches!(*name, "blocks" | "pages"));
    let pairs = names().flat_map(|one| names().map(move |other| [one, other]));
    pairs.filter(|[one, other]| sets(one).is_disjoint(&sets(other))).collect()
});

/// Whether a line adds nothing to a store that has this record.
fn is_known(identity: &Identity, line: &str, record: &Record) -> Result<(), String> {
    let body = TaskJson::parse(line).expect("an object");
    let made = identity.make(body.clone()).map_err(|error| error.to_string())?;
    if made.task.id == record.task.id {
        return Ok(());
    }
    if made.claims.as_ref() != Some(&record.task.id) {
        return Err(format!("it claims {:?}", made.claims));
    }
    let said: Vec<_> = record.state.answers.iter().map(|answer| &answer.current.data).collect();
    match identity.difference(&body, &record.task.body, &said) {
        None => Ok(()),
        Some(key) => Err(format!("it differs in {key}")),
    }
}

/// That an answer of these keys, exported and loaded, is the task that it answers.
fn comes_back(
    interface: &Interface,
    mut task: Map<String, Value>,
    said: Map<String, Value>,
    produced: Map<String, Value>,
    answer_keys: &[String],
) -> Result<(), TestCaseError> {
    // A hash is a whole number, or the line is refused.
    for key in ["_task_hash", "_input_hash"] {
        let whole = |hash: &Value| matches!(hash.to_string().as_str(), "1" | "1.0" | "null");
        if task.get(key).is_some_and(|hash| !whole(hash)) {
            task.remove(key);
        }
    }
    let identity = Identity::new(Rule::Content, interface.clone(), None);
    let body = TaskJson::from_value(&task.into()).expect("an object");
    let made = identity.make(body.clone()).expect("a task");
    prop_assert_eq!(&identity.make(body).expect("a task"), &made, "twice is the same");
    let mut data = said;
    // What the page adds under other keys, it adds where the task has none.
    data.extend(produced.into_iter().filter(|(key, _)| answer_keys.contains(key)));
    let mut record = record("{}", vec![answer("andy", Verdict::Accept, &data.into(), T)]);
    record.task = Task::clone(&made.task).into();
    let written = plain("jsonl", interface.clone(), std::slice::from_ref(&record));
    for line in super::texts(None, written.as_bytes()) {
        let known = is_known(&identity, &line, &record);
        prop_assert_eq!(known, Ok(()), "{}: {}", interface.name(), line);
    }
    Ok(())
}

proptest! {
    #[test]
    fn an_exported_answer_adds_nothing(
        (view, sets) in prop::sample::select(&VIEWS[..]),
        mut task in object(&KEYS),
        said in object(&["flagged", "comment", "skip_reason", "mood"]),
        produced in object(&["spans", "accept", "user_input", "audio_spans", "relations"]),
        text in "[a-zA-Z .]{0,12}",
    ) {
        task.insert("text".into(), text.into());
        let interface = interface(view, &["ner_manual", "choice"]);
        let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
        comes_back(&interface, task, said, produced, &sets)?;
    }

    #[test]
    fn an_exported_answer_to_blocks_of_any_two_adds_nothing(
        blocks in prop::sample::select(&PAIRS[..]),
        mut task in object(&KEYS),
        said in object(&["flagged", "comment", "skip_reason", "mood"]),
        produced in object(&["spans", "accept", "user_input", "audio_spans", "relations", "width"]),
    ) {
        task.insert("text".into(), "Ada in Rome".into());
        let interface = interface("blocks", &blocks);
        let body = TaskJson::from_value(&task.clone().into()).expect("an object");
        let sets = interface.answer_keys(&body);
        comes_back(&interface, task, said, produced, &sets)?;
    }
}
