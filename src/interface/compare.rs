//! `compare`: which of two is better? The task's `accept` and `reject` stand side by side beneath
//! its `input`; each is a text or an object with `text`, `html` or `image`.
//!
//! `mapping` says who made which of the two. It travels through and is not shown: an annotator who
//! compares should not know.

use serde_json::Value;

use super::fits::{CONTENT, Unfit, a_text};
use super::spec::{Card, InterfaceSpec, PLAIN};
use crate::task::reading;

pub(super) const SPEC: InterfaceSpec = InterfaceSpec {
    name: "compare",
    fits,
    content: &[],
    context: &["input"],
    judges: |_| vec!["accept", "reject"],
    ..PLAIN
};

/// What an interface for two things needs. One of the two may be empty, as a model's answer can be.
fn fits(card: &Card<'_>) -> Result<(), Unfit> {
    let (Some(accept), Some(reject)) = (card.get("accept"), card.get("reject")) else {
        return Err(Unfit::nothing(card, "a task with both `accept` and `reject`"));
    };
    for (key, value) in [("accept", &accept), ("reject", &reject)] {
        match value {
            Value::String(_) => {}
            Value::Object(_) => {
                for inner in CONTENT {
                    if let Some(value) = reading::get(value, inner).filter(|v| !v.is_string()) {
                        a_text(value, &format!("/{key}/{inner}"), inner)?;
                    }
                }
            }
            other => a_text(other, &format!("/{key}"), key)?,
        }
    }
    if is_empty(&accept) && is_empty(&reject) {
        let expected = "two of which one can be read";
        return Err(Unfit::new("/accept", expected, "two that are empty"));
    }
    Ok(())
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => reading::is_blank(text),
        value => CONTENT.iter().all(|key| reading::get(value, key).is_none_or(is_empty)),
    }
}
