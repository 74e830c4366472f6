//! When two tasks are one.
//!
//! annotd's `_id` is the first 128 bits of SHA-256 over the same content that Prodigy's
//! `_task_hash` covers: the input keys and the task keys, or, where there is no task key, the
//! whole task less what Prodigy leaves out. So loading a task again finds it, in whatever order
//! its keys come, and among 10⁸ tasks the odds of two that share an identity are below 10⁻²².
//!
//! A hash that the data came with and that does not follow from its content is somebody's
//! deliberate statement that this is a question of its own (the customary way to ask the same text
//! twice), so it is part of the identity. A hash that does follow from the content adds nothing,
//! and the system's own keys (`_timestamp`, `_session_id`, …) are no content: an export loads as the
//! tasks it came from, unless the answer changed what is asked, as spans do.
//!
//! Rejected: the given `_task_hash` alone as the identity. Two different tasks among 100,000 share
//! one more likely than not, and one of them would be lost without a word.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{TaskId, hashes};

/// Bytes of SHA-256 that make the identity.
const BYTES: usize = 16;

/// The identity of a task, given without the system's keys. `own_input_hash` and `own_task_hash` are hashes that came with the data
/// and do not follow from its content.
pub(super) fn identity(
    task: &Map<String, Value>,
    own_input_hash: Option<i64>,
    own_task_hash: Option<i64>,
) -> TaskId {
    let mut text = String::new();
    hashes::write_keys(&mut text, task, &hashes::INPUT_KEYS);
    text.push('\n');
    let before = text.len();
    hashes::write_keys(&mut text, task, &hashes::TASK_KEYS);
    if text.len() == before {
        hashes::write_whole(&mut text, task, &[]);
    }
    // J(x) has no line breaks, so what follows one can not be mistaken for content.
    for (name, own) in [("input", own_input_hash), ("task", own_task_hash)] {
        if let Some(hash) = own {
            text.push('\n');
            text.push_str(name);
            text.push_str(&hash.to_string());
        }
    }
    TaskId::from_text(&hex::encode(&Sha256::digest(text.as_bytes())[..BYTES]))
}

/// The identity under which an annotator is shown a task for the second time.
pub(super) fn of_repeat(task: &TaskId, annotator: &str) -> TaskId {
    // No content of a task begins with a line break and a word.
    let text = format!("\nrepeat\n{task}\n{annotator}");
    TaskId::from_text(&hex::encode(&Sha256::digest(text.as_bytes())[..BYTES]))
}

#[cfg(test)]
mod tests {
    use crate::task::{Body, Task};

    fn id(text: &str) -> String {
        Task::new(Body::parse(text).expect("an object")).id.to_string()
    }

    #[test]
    fn key_order_and_what_prodigy_leaves_out_do_not_matter() {
        let plain = id(r#"{"text":"a","label":"X"}"#);
        assert_eq!(plain, id(r#"{"meta":{"source":"b"},"label":"X","text":"a"}"#));
        assert_eq!(plain.len(), 32);
    }

    #[test]
    fn without_a_task_key_the_whole_task_counts() {
        assert_ne!(id(r#"{"text":"a","meta":{"n":1}}"#), id(r#"{"text":"a","meta":{"n":2}}"#));
        assert_eq!(
            id(r#"{"text":"a","meta":{"score":1}}"#),
            id(r#"{"text":"a","meta":{"score":2}}"#)
        );
    }

    #[test]
    fn computed_hashes_in_the_data_change_nothing() {
        let plain = id(r#"{"text":"hi my name is 0"}"#);
        assert_eq!(plain, id(r#"{"text":"hi my name is 0","_input_hash":-784135307}"#));
        assert_eq!(
            plain,
            id(r#"{"text":"hi my name is 0","_input_hash":-784135307,"_task_hash":-978533357}"#)
        );
    }

    #[test]
    fn an_exported_answer_loads_as_the_task_it_came_from() {
        assert_eq!(
            id(r#"{"text":"hi my name is 0"}"#),
            id(r#"{"text":"hi my name is 0","_input_hash":-784135307,"_task_hash":-978533357,
                "_view_id":"text","answer":"accept","_timestamp":3,"_annotator_id":"a-b",
                "_session_id":"a-b","_id":"00"}"#)
        );
    }

    #[test]
    fn hashes_of_somebodys_own_tell_equal_contents_apart() {
        let one = id(r#"{"text":"a","label":"X","_task_hash":1}"#);
        let two = id(r#"{"text":"a","label":"X","_task_hash":2}"#);
        assert_ne!(one, two);
        assert_eq!(one, id(r#"{"label":"X","text":"a","_task_hash":1}"#));
    }
}
