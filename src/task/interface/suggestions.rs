//! What a task suggests, apart from what it shows: for the identity of tasks.
//!
//! An annotator who produces something under a key may find a suggestion there; with another suggestion it
//! is the same task. Where they only judge what stands there, it is what they are asked about.

use serde_json::{Map, Value};

use super::{Interface, pages};
use crate::task::{Body, TOKENIZER, canonical, tokenize};

/// What a card shows beside what is answered.
const SHOWN: [&str; 12] = [
    "text", "html", "image", "audio", "video", "label", "title", "body", "input", "prompt",
    "response", "options",
];

impl Interface {
    /// Whether a template of the project's or the task's shows this key.
    fn has_template_of(&self, task: &Body, key: &str) -> bool {
        const TEMPLATE: &str = "html_template";
        let shows = |text: &str| {
            text.contains(TEMPLATE)
                && text.split("{{").skip(1).any(|tag| {
                    let name = tag.trim_start_matches(['{', '#', '^', '&', '/', ' ']);
                    let end = name.find([' ', '}', '.']).unwrap_or(name.len());
                    &name[..end] == key
                })
        };
        shows(task.as_str())
            || (!self.settings.config.is_empty()
                && shows(&Value::Object(self.settings.config.clone()).to_string()))
    }

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
            // A text field may stand under a key that the card shows: it is what is corrected.
            if SHOWN.contains(&key.as_str()) || self.has_template_of(task, &key) {
                continue;
            }
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
