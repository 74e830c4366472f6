//! What a task suggests, apart from what it shows: for the identity of tasks.
//!
//! An annotator who produces something under a key may find a suggestion there; with another suggestion it
//! is the same task. Where they only judge what stands there, it is what they are asked about.

use serde_json::{Map, Value};

use super::{Interface, pages};
use crate::task::{Body, TOKENIZER, canonical, tokenize};

impl Interface {
    /// Parts what a task shows from what it suggests: keys in which the annotator produces something
    /// go from `counts` to `suggestions`, and tokens that would be computed without them go.
    pub(in crate::task) fn part_suggestions(
        &self,
        task: &Body,
        counts: &mut Map<String, Value>,
        suggestions: &mut Map<String, Value>,
    ) {
        let card = self.card(task);
        if self.kind.name == pages::KIND.name {
            return pages::part_suggestions(&card, counts, suggestions);
        }
        let judged = (self.kind.judges)(&card);
        for key in (self.kind.sets)(&card) {
            if judged.contains(&key) {
                // An answer says of what is not there that there is none.
                if counts.get(&key).and_then(Value::as_array).is_some_and(Vec::is_empty) {
                    counts.shift_remove(&key);
                }
            } else if let Some(value) = counts.shift_remove(&key) {
                suggestions.insert(key, value);
            }
        }
        if let (Some(tokens), Some(Value::String(text))) =
            (counts.get("tokens"), counts.get("text"))
            && (self.kind.tokens)(&card)
            && are_computed(tokens, text)
        {
            counts.shift_remove("tokens");
        }
    }
}

/// Whether these are the tokens that some version of the tokenizer makes of this text: they came with an
/// export.
fn are_computed(tokens: &Value, text: &str) -> bool {
    let tokens = canonical::text(tokens);
    (1..=TOKENIZER).rev().any(|version| {
        serde_json::to_value(tokenize(text, version))
            .is_ok_and(|computed| canonical::text(&computed) == tokens)
    })
}
