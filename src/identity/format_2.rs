//! The identity that stores of format 2 were made with, which they keep.
//!
//! It is the first 128 bits of SHA-256 over the same content that Prodigy's `_task_hash` covers:
//! the input keys and the task keys, or, where there is no task key, the whole task less what
//! Prodigy leaves out. So it takes lines for one task that show different things: whatever is
//! neither an input key nor a task key does not count beside a `label`.
//!
//! A hash that the data came with and that does not follow from its content is part of it. Only
//! hashes of 32 bits were known.
//!
//! Nothing here may change: the identities stand in stores and exports.

use serde_json::{Map, Value};

use crate::task::{Task, TaskJson, hashes};

/// A task as these stores have it.
pub(super) fn task(body: &TaskJson) -> Task {
    let value = body.to_value();
    let input_hash = given(&value, "_input_hash").unwrap_or_else(|| hashes::input_hash(&value));
    let task_hash =
        given(&value, "_task_hash").unwrap_or_else(|| hashes::task_hash(&value, input_hash));
    let id = super::of_text(&text(&value));
    Task { id, input_hash, task_hash, body: body.clone() }
}

/// A hash that came with the data; what is none was passed over.
fn given(task: &Map<String, Value>, key: &str) -> Option<i64> {
    let hash = task.get(key).and_then(Value::as_i64);
    hash.filter(|hash| i32::try_from(*hash).is_ok())
}

/// The text whose digest is the identity.
pub(super) fn text(task: &Map<String, Value>) -> String {
    let computed_input = hashes::input_hash(task);
    let (given_input, given_task) = (given(task, "_input_hash"), given(task, "_task_hash"));
    let input_hash = given_input.unwrap_or(computed_input);
    let mut content = task.clone();
    content.retain(|key, _| !key.starts_with('_'));
    let follows = hashes::task_hash(&content, input_hash);
    let own_input = given_input.filter(|given| *given != computed_input);
    let own_task = given_task.filter(|given| *given != follows);

    let mut text = String::new();
    hashes::write_keys(&mut text, &content, &hashes::INPUT_KEYS);
    text.push('\n');
    let before = text.len();
    hashes::write_keys(&mut text, &content, &hashes::TASK_KEYS);
    if text.len() == before {
        hashes::write_whole(&mut text, content.iter().map(|(key, value)| (key.as_str(), value)));
    }
    // J(x) has no line breaks, so what follows one can not be mistaken for content.
    for (name, own) in [("input", own_input), ("task", own_task)] {
        if let Some(hash) = own {
            text.push('\n');
            text.push_str(name);
            text.push_str(&hash.to_string());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::identity::{Identity, Rule};
    use crate::interface::{Interface, Settings};
    use crate::task::TaskJson;

    fn id(text: &str) -> String {
        let interface = Interface::new("text", Settings::default()).expect("it is there");
        let identity = Identity::new(Rule::Format2, interface, None);
        identity
            .make(TaskJson::parse(text).expect("an object"))
            .expect("a task")
            .task
            .id
            .to_string()
    }

    /// As annotd printed them before stores had a rule of their own.
    #[test]
    fn identities_are_those_of_stores_that_are_there() {
        for (line, expected) in [
            (r#"{"text":"hi my name is 0"}"#, "e52e0b807ac28ecb313d917d9728c4be"),
            (
                r#"{"_input_hash":-784135307,"text":"hi my name is 0"}"#,
                "e52e0b807ac28ecb313d917d9728c4be",
            ),
            (r#"{"text":"hi my name is 0","_task_hash":7}"#, "403c988fdc5a29dedfac084c5da226fb"),
            (
                r#"{"text":"hi my name is 0","meta":{"score":0.9}}"#,
                "3be7af822903889f1096e200fa6c7a45",
            ),
            (r#"{"text":"hi my name is 0","meta":{"n":1}}"#, "e3dfb05e5c607b6e143a0f62093ee622"),
        ] {
            assert_eq!(id(line), expected, "{line}");
        }
    }

    #[test]
    fn key_order_and_what_prodigy_leaves_out_do_not_matter() {
        let plain = id(r#"{"text":"a","label":"X"}"#);
        assert_eq!(plain, id(r#"{"meta":{"source":"b"},"label":"X","text":"a"}"#));
        assert_eq!(
            id(r#"{"text":"a","meta":{"score":1}}"#),
            id(r#"{"text":"a","meta":{"score":2}}"#)
        );
    }

    #[test]
    fn hashes_that_follow_from_the_content_change_nothing() {
        assert_eq!(
            id(r#"{"text":"hi my name is 0"}"#),
            id(r#"{"text":"hi my name is 0","_input_hash":-784135307,"_task_hash":-978533357,
                "_view_id":"text","answer":"accept","_timestamp":3,"_annotator_id":"a-b",
                "_session_id":"a-b","_id":"00"}"#)
        );
        let one = id(r#"{"text":"a","label":"X","_task_hash":1}"#);
        assert_ne!(one, id(r#"{"text":"a","label":"X","_task_hash":2}"#));
        assert_eq!(one, id(r#"{"label":"X","text":"a","_task_hash":1}"#));
    }
}
