//! Tables that a data frame has written as one JSON object, by columns or by its index.
//!
//! `df.to_json(path)` writes `{"text": {"0": "…", "1": "…"}, …}`: one object, which would be one
//! task whose text is an object. What it is can be told from its first object, and the message says
//! which call writes the right one. Rejected: reading them. They are one value from the first byte
//! to the last, so that their tasks would be in memory all at once.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::parse_error::RefusedText;
use super::{Entry, LineError};

/// The keys that hold what is annotated: a text, or a place.
const CONTENT: [&str; 6] = ["text", "html", "image", "audio", "video", "label"];

/// What to say of the first task of a file that is a table as a whole.
pub(super) fn refuse(file: &Arc<str>, entry: &Entry) -> Option<LineError> {
    // Most first tasks have a text, and nothing of this.
    let text = entry.body.as_str();
    if !(text.contains(":{") || text.contains(":[")) {
        return None;
    }
    let what = shape(&entry.body.to_value())?;
    let shown: String = text.chars().take(1000).collect();
    Some(LineError {
        file: Arc::clone(file),
        line: entry.line,
        column: 1,
        expected: "one JSON object for each task".into(),
        found: what.into(),
        help: Some(
            "pandas writes them with df.to_json(path, orient=\"records\", lines=True), to a file \
             named .jsonl"
                .into(),
        ),
        refused: Box::new(RefusedText { text: shown.into(), at: 0, pointer: "".into() }),
        fatal: true,
    })
}

fn shape(object: &Map<String, Value>) -> Option<&'static str> {
    let has = |keys: &[&str]| keys.iter().all(|key| object.contains_key(*key));
    let mut content = CONTENT.iter().filter_map(|key| object.get(*key)).peekable();
    if content.peek().is_some() {
        // A label may be a list; a text never is.
        let by_columns = content.any(|value| value.as_object().is_some_and(is_index))
            || object.get("text").is_some_and(Value::is_array);
        return by_columns.then_some("a table written by columns");
    }
    if has(&["columns", "data"]) && object["columns"].is_array() && object["data"].is_array() {
        return Some("a table written as names and rows (orient=\"split\")");
    }
    if has(&["schema", "data"]) && object["data"].is_array() {
        return Some("a table with a schema (orient=\"table\")");
    }
    let is_row = |value: &Value| {
        value.as_object().is_some_and(|row| CONTENT.iter().any(|key| row.contains_key(*key)))
    };
    (is_index(object) && object.values().all(is_row)).then_some("a table written by its index")
}

/// Whether the keys are the numbers of rows.
fn is_index(object: &Map<String, Value>) -> bool {
    let is_number = |key: &String| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
    !object.is_empty() && object.keys().all(is_number)
}
