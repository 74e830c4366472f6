//! Prodigy's hashes: `_input_hash` says what is looked at, `_task_hash` what is asked about it.
//!
//! Both are MurmurHash3 (x86, 32 bits, seed 0) read as a signed integer, over text that is
//! described in `docs/formats.md`. They serve exchange with Prodigy's world alone: 32 bits are
//! not an identity, see `identity.rs`.

use std::io::Cursor;

use serde_json::{Map, Value};

use super::python_json::{self, Python};
use super::{Fields, sorted_json};

/// The keys that say what is looked at, in the order in which they are hashed.
pub(crate) const INPUT_KEYS: [&str; 4] = ["text", "image", "html", "input"];
/// The keys that say what is asked, in the order in which they are hashed.
pub(crate) const TASK_KEYS: [&str; 4] = ["spans", "label", "options", "arcs"];
/// What does not count, at any depth, where a whole task is hashed.
pub(crate) const NOT_HASHED: [&str; 11] = [
    "score",
    "rank",
    "model",
    "source",
    "pattern",
    "priority",
    "path",
    "_view_id",
    "_session_id",
    "_annotator_id",
    "answer",
];

/// Whether a hash came with the data: then it goes out to the letter, in whatever way it was
/// written.
pub fn came_with(task: &Fields, key: &str) -> bool {
    matches!(key, "_input_hash" | "_task_hash")
        && task.get(key).is_some_and(|hash| hash.get() != "null")
}

/// Prodigy's `_input_hash` of a task, whatever hash the task came with.
///
/// A task without any of the input keys is hashed whole, as it is for `_task_hash`.
pub fn input_hash(task: &Map<String, Value>) -> i64 {
    let mut text = String::new();
    write_keys(&mut text, task, &INPUT_KEYS);
    if text.is_empty() {
        write_whole(&mut text, members(task, &["_input_hash", "_task_hash"]));
    }
    murmur(&text)
}

/// Prodigy's `_task_hash` of a task whose `_input_hash` is known, whatever task hash it came with.
pub fn task_hash(task: &Map<String, Value>, input_hash: i64) -> i64 {
    let mut text = input_hash.to_string();
    let before = text.len();
    write_keys(&mut text, task, &TASK_KEYS);
    if text.len() == before {
        let input_hash = input_hash.into();
        let rest = members(task, &["_input_hash", "_task_hash"]);
        write_whole(&mut text, rest.chain([("_input_hash", &input_hash)]));
    }
    murmur(&text)
}

/// Appends `key=J(value)` for each of the keys that is there.
pub(crate) fn write_keys(out: &mut String, task: &Map<String, Value>, keys: &[&str]) {
    for key in keys {
        if let Some(value) = task.get(*key) {
            out.push_str(key);
            out.push('=');
            python_json::write(out, value);
        }
    }
}

/// The members of a task, without these.
fn members<'v>(
    task: &'v Map<String, Value>,
    without: &[&str],
) -> impl Iterator<Item = (&'v str, &'v Value)> {
    let all = task.iter().map(|(key, value)| (key.as_str(), value));
    all.filter(|(key, _)| !without.contains(key))
}

/// Appends a task that has these members, less [`NOT_HASHED`] at every depth.
pub(crate) fn write_whole<'v>(
    out: &mut String,
    members: impl Iterator<Item = (&'v str, &'v Value)>,
) {
    sorted_json::write_members(out, members, Python { without: &NOT_HASHED });
}

fn murmur(text: &str) -> i64 {
    murmur3::murmur3_32(&mut Cursor::new(text.as_bytes()), 0)
        .expect("reading from memory does not fail")
        .cast_signed()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(task: &Value) -> (i64, i64) {
        let task = task.as_object().expect("an object");
        let input = input_hash(task);
        (input, task_hash(task, input))
    }

    #[test]
    fn published_vector_with_a_label() {
        let text = "To facilitate research in this field, we will share our dataset and code \
                    with the community.";
        let task = serde_json::json!({"text": text, "label": "new-dataset"});
        assert_eq!(hashes(&task), (-1_631_564_981, -130_688_452));
    }

    #[test]
    fn published_vector_without_a_task_key() {
        let task = serde_json::json!({"text": "hi my name is 0"});
        assert_eq!(hashes(&task), (-784_135_307, -978_533_357));
    }

    #[test]
    fn what_does_not_count_is_left_out_at_every_depth() {
        let plain = serde_json::json!({"text": "a", "meta": {"x": 1}});
        let noisy = serde_json::json!({
            "answer": "accept", "meta": {"score": 0.5, "x": 1, "source": "s"}, "text": "a",
        });
        assert_eq!(hashes(&plain), hashes(&noisy));
    }
}
