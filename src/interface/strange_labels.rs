//! Suggested labels that an annotator cannot give: most likely a project's labels were changed, or
//! the suggestions come from a model with other names.

use serde_json::Value;

use super::spec::Card;
use super::{Interface, blocks, pages, relations};
use crate::task::TaskJson;

impl Interface {
    /// Whether a task suggests a label that is none of those that its card offers. A card without
    /// labels offers none, and interfaces that only judge labels have none.
    pub fn suggests_strange_label(&self, task: &TaskJson) -> bool {
        let card = self.card(task);
        let strange = |key: &str, labels: &[String]| is_strange(&card, key, labels);
        match self.name() {
            "ner_manual" | "spans_manual" | "pos_manual" | "image_manual" => {
                strange("spans", card.labels())
            }
            "audio_manual" => strange("audio_spans", card.labels()),
            "relations" => {
                strange("relations", card.labels())
                    || strange("spans", &relations::span_labels(&card))
            }
            "blocks" => blocks::parts(&card)
                .iter()
                .any(|(part, _)| part.interface.suggests_strange_label(&part.body)),
            "pages" => pages::parts(&card)
                .iter()
                .flatten()
                .any(|part| part.interface.suggests_strange_label(&part.body)),
            _ => false,
        }
    }
}

fn is_strange(card: &Card<'_>, key: &str, labels: &[String]) -> bool {
    if labels.is_empty() {
        return false;
    }
    let Some(value) = card.value(key) else { return false };
    value.as_array().into_iter().flatten().any(|mark| {
        let label = mark.get("label").and_then(Value::as_str);
        label.is_some_and(|label| !labels.iter().any(|known| known == label))
    })
}
