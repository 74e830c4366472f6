//! `llm_io`: what a language model was asked, and what it said: `prompt` and `response`, in the task
//! itself or under its `llm`.

use serde_json::Value;

use super::kind::{Card, Kind, PLAIN};

pub(super) const KIND: Kind = Kind { name: "llm_io", lacks, ..PLAIN };

fn lacks(card: &Card<'_>) -> Option<&'static str> {
    const BOTH: [&str; 2] = ["prompt", "response"];
    let fields = card.task.fields();
    let within = card.task.get("llm");
    let has = |key: &str| {
        fields.contains_key(key) || within.as_ref().and_then(|llm: &Value| llm.get(key)).is_some()
    };
    (!BOTH.into_iter().any(has)).then_some("a task with `prompt` and `response`, or both in `llm`")
}
