//! `blocks`: several interfaces beneath one another on one card, all about the same task.
//!
//! The setting `blocks` lists them: `[{"view_id": "ner_manual"}, {"view_id": "choice", "text": null}]`.
//! What else stands in a block goes before the task's key or the setting of that name, for that block
//! alone; `null` (in a roster, which has none, `false`) takes the key away. The answer is what all blocks
//! add, so no two of them may add the same key.

use serde_json::{Map, Value};

use super::kind::{Card, Kind, Misfit};
use super::part::{Part, settings_of};
use crate::task::Verdict;
use crate::task::clean;

pub(super) const KIND: Kind = Kind {
    name: "blocks",
    lacks,
    sets: |card| parts(card).iter().flat_map(|(part, _)| part.sets()).collect(),
    tokens: |card| {
        parts(card).iter().any(|(part, overrides)| !is_its_own(overrides) && part.needs_tokens())
    },
    beside,
    insists: |card| parts(card).iter().any(|(part, _)| (part.interface.kind.insists)(&part.card())),
    check,
};

/// What a block cannot be.
const NO_BLOCKS: [&str; 3] = ["blocks", "pages", "review"];

fn lacks(card: &Card<'_>) -> Option<&'static str> {
    let listed = match card.setting("blocks") {
        Some(Value::Array(listed)) if !listed.is_empty() => listed.len(),
        _ => return Some("the setting `blocks`, a list such as [{\"view_id\": \"text\"}]"),
    };
    let parts = parts(card);
    if parts.len() != listed {
        return Some("`blocks` with a `view_id` each that can be a block: `text`, `choice`, …");
    }
    let mut keys: Vec<String> = parts.iter().flat_map(|(part, _)| part.sets()).collect();
    keys.sort_unstable();
    if keys.windows(2).any(|pair| pair[0] == pair[1]) {
        return Some(
            "`blocks` that add different keys to the answer (a `field_id` for each text_input)",
        );
    }
    parts.iter().find_map(|(part, overrides)| {
        // A block whose text is hidden shows what else it has.
        let hides = SHOWN.iter().any(|key| overrides.get(*key).is_some_and(hidden));
        if hides { None } else { (part.interface.kind.lacks)(&part.card()) }
    })
}

/// What a task shows, and a block may hide because another one shows it.
const SHOWN: [&str; 5] = ["text", "html", "image", "audio", "video"];

/// Whether a value in a block takes the task's key away.
fn hidden(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(false))
}

/// Whether a block is about another text than the card's.
fn is_its_own(overrides: &Map<String, Value>) -> bool {
    overrides.contains_key("text") || overrides.contains_key("tokens")
}

/// The blocks that can be shown, each with what it says otherwise than the task.
fn parts(card: &Card<'_>) -> Vec<(Part, Map<String, Value>)> {
    let Some(Value::Array(listed)) = card.setting("blocks") else {
        return Vec::new();
    };
    let task = card.task.to_value();
    let settings = settings_of(card);
    listed
        .into_iter()
        .filter_map(|block| {
            let Value::Object(mut overrides) = block else { return None };
            let view = overrides.shift_remove("view_id")?;
            let view = view.as_str().filter(|view| !NO_BLOCKS.contains(view))?;
            let mut config = settings.clone();
            config.shift_remove("blocks");
            let mut body = task.clone();
            body.shift_remove("config");
            for (key, value) in &overrides {
                match value {
                    Value::Object(own) if key == "config" => config.extend(own.clone()),
                    value if hidden(value) => {
                        config.insert(key.clone(), value.clone());
                        body.shift_remove(key);
                    }
                    value => {
                        config.insert(key.clone(), value.clone());
                        body.insert(key.clone(), value.clone());
                    }
                }
            }
            let part = Part::new(card, view, overrides.get("labels"), config, &body)?;
            Some((part, overrides))
        })
        .collect()
}

fn beside(card: &Card<'_>) -> Map<String, Value> {
    let parts = parts(card);
    let mut any = false;
    let beside = parts.iter().map(|(part, overrides)| {
        let mut beside = part.interface.beside(&part.body);
        let own = clean::clean_keys(overrides);
        if !own.is_empty() {
            match beside.get_mut("_clean") {
                Some(Value::Object(clean)) => clean.extend(own),
                _ => {
                    beside.insert("_clean".into(), own.into());
                }
            }
        }
        if is_its_own(overrides)
            && let Some(tokens) = part.interface.computed_tokens(&part.body)
        {
            beside.insert("_tokens".into(), tokens);
        }
        any |= !beside.is_empty();
        Value::Object(beside)
    });
    let list: Vec<Value> = beside.collect();
    let mut beside = Map::new();
    if any {
        beside.insert("_parts".into(), list.into());
    }
    beside
}

fn check(card: &Card<'_>, verdict: Verdict, data: &mut Map<String, Value>) -> Result<(), Misfit> {
    for (part, _) in parts(card) {
        let mut own: Map<String, Value> = part
            .sets()
            .into_iter()
            .filter_map(|key| data.shift_remove(&key).map(|value| (key, value)))
            .collect();
        part.interface.check(&part.body, verdict, &mut own)?;
        data.extend(own);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::task::Body;
    use crate::task::interface::{Interface, Settings, kind};

    fn settings(blocks: &Value) -> Settings {
        let config = json!({"blocks": blocks, "choice_style": "multiple"});
        Settings {
            labels: vec!["PER".into(), "LOC".into()],
            config: config.as_object().expect("an object").clone(),
        }
    }

    fn three() -> Value {
        json!([
            {"view_id": "ner_manual"},
            {"view_id": "choice", "text": null, "options": [{"id": 1, "text": "one"}, {"id": 2, "text": "two"}]},
            {"view_id": "text_input", "field_id": "why"},
        ])
    }

    #[test]
    fn the_answer_is_what_all_blocks_add_and_each_checks_its_own() {
        let task = json!({"text": "Ada in Rome"});
        let sent = json!({
            "answer": "accept", "accept": [1, 2], "why": "so", "comment": "c",
            "spans": [{"start": 0, "end": 3, "label": "PER"}],
        });
        let received = kind::receive(&KIND, settings(&three()), &task, &sent).expect("fits");
        assert_eq!(received["spans"][0]["token_end"], 0);
        assert_eq!(received["accept"], json!([1, 2]));
        assert_eq!((&received["why"], &received["comment"]), (&json!("so"), &json!("c")));
        for (key, value, error) in [
            ("accept", json!([3]), "accept[0]: 3 is none of this task's options"),
            ("why", json!(1), "why: expected a text, in quotation marks"),
            (
                "spans",
                json!([{"start": 0, "end": 2, "label": "PER"}]),
                "spans[0].end: no token ends at 2",
            ),
        ] {
            let mut sent = sent.clone();
            sent[key] = value;
            assert_eq!(kind::receive(&KIND, settings(&three()), &task, &sent), Err(error.into()));
        }
    }

    fn needs(blocks: &Value, task: &Value) -> Option<&'static str> {
        let interface = Interface::new("blocks", settings(blocks)).expect("it is there");
        interface.can_show(&Body::from_value(task).expect("a task")).err().map(|(needs, _)| needs)
    }

    #[test]
    fn blocks_that_cannot_be_are_refused_before_anybody_sees_them() {
        let task = json!({"text": "a"});
        assert_eq!(needs(&three(), &task), None);
        assert_eq!(
            needs(&json!([{"view_id": "html", "html": "<b>x</b>"}]), &json!({"a": 1})),
            None
        );
        for blocks in [
            json!([]),
            json!("text"),
            json!([{"view_id": "txt"}]),
            json!([{"view_id": "blocks"}]),
            json!([{"view_id": "text_input"}, {"view_id": "text_input"}]),
            json!([{"view_id": "html"}]),
        ] {
            assert!(needs(&blocks, &task).is_some(), "{blocks}");
        }
    }

    #[test]
    fn a_blocks_own_html_template_and_text_come_beside_it() {
        let blocks = json!([
            {"view_id": "html", "html_template": "<i>{{text}}</i>"},
            {"view_id": "text", "html": "<b onclick=f()>x</b>"},
            {"view_id": "ner_manual", "text": "other"},
        ]);
        let interface = Interface::new("blocks", settings(&blocks)).expect("it is there");
        let parts = interface.beside(&Body::from_value(&json!({"text": "a"})).expect("a task"));
        assert_eq!(parts["_parts"][0]["_clean"], json!({"": "<i>a</i>"}));
        assert_eq!(parts["_parts"][1]["_clean"], json!({"/html": "<b>x</b>"}));
        assert_eq!(parts["_parts"][2]["_tokens"][0]["text"], "other");
    }
}
