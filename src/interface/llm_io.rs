//! `llm_io`: what a language model was asked, and what it said: `prompt` and `response`, in the
//! task itself or under its `llm`.

use super::fits::Unfit;
use super::spec::{Card, InterfaceSpec, PLAIN};
use crate::task::reading;

pub(super) const SPEC: InterfaceSpec = InterfaceSpec {
    name: "llm_io",
    fits,
    content: &["prompt", "response"],
    context: &["llm"],
    ..PLAIN
};

/// What is no text, such as a list of messages, is shown as it is written.
fn fits(card: &Card<'_>) -> Result<(), Unfit> {
    let within = card.get("llm").unwrap_or_default();
    let says_something = |key: &str| {
        let value = card.get(key).or_else(|| reading::get(&within, key).cloned());
        value.is_some_and(|value| value.as_str().is_none_or(|text| !reading::is_blank(text)))
    };
    if SPEC.content.iter().copied().any(says_something) {
        return Ok(());
    }
    Err(Unfit::nothing(card, "a task with `prompt` and `response`, or both in `llm`"))
}
