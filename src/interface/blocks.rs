//! `blocks`: several interfaces beneath one another on one card, all about the same task.
//!
//! The setting `blocks` lists them: `[{"view_id": "ner_manual"}, {"view_id": "choice", "text":
//! null}]`. What else stands in a block goes before the task's key or the setting of that name, for
//! that block alone; `null` (in a roster, which has none, `false`) takes the key away. The answer
//! is what all blocks add, so no two of them may add the same key.

use serde_json::{Map, Value};

use super::part::{Part, settings_of};
use super::spec::{AnswerError, Card, InterfaceSpec, Unfit};
use super::{Interface, Settings};
use crate::interface::html::sanitize;
use crate::task::Verdict;

pub(super) const SPEC: InterfaceSpec = InterfaceSpec {
    name: "blocks",
    fits,
    content: &[],
    context: &[],
    answer_keys: |card| parts(card).iter().flat_map(|(part, _)| part.answer_keys()).collect(),
    judges: |card| parts(card).iter().flat_map(|(part, _)| part.judges()).collect(),
    tokens: |card| {
        parts(card).iter().any(|(part, overrides)| !is_its_own(overrides) && part.needs_tokens())
    },
    page_extras,
    always_validates: |card| {
        parts(card).iter().any(|(part, _)| (part.interface.spec.always_validates)(&part.card()))
    },
    check,
};

/// What a block cannot be.
const NO_BLOCKS: [&str; 3] = ["blocks", "pages", "review"];

fn fits(card: &Card<'_>) -> Result<(), Unfit> {
    const AT: &str = "/config/blocks";
    let listed = match card.setting("blocks") {
        Some(Value::Array(listed)) if !listed.is_empty() => listed,
        Some(_) => {
            let expected = "`blocks`, a list such as [{\"view_id\": \"text\"}]";
            return Err(Unfit::new(AT, expected, "none"));
        }
        None => {
            let needs = "the setting `blocks`, a list such as [{\"view_id\": \"text\"}]";
            return Err(Unfit { empty: false, ..Unfit::nothing(card, needs) });
        }
    };
    let parts = parts(card);
    if parts.len() != listed.len() {
        let unknown = listed.iter().position(|block| !can_be_a_block(block)).unwrap_or_default();
        let view = listed[unknown].get("view_id").map_or_else(|| "none".into(), Value::to_string);
        let at = format!("{AT}/{unknown}");
        let expected = format!("a `view_id` that can be a block for block {}", unknown + 1);
        return Err(Unfit::new(at, expected, view).help("such as `text`, `choice`, `ner_manual`"));
    }
    let mut set: Vec<(String, usize)> = Vec::new();
    for (index, (part, _)) in parts.iter().enumerate() {
        for key in part.answer_keys() {
            if let Some((_, other)) = set.iter().find(|(known, _)| *known == key) {
                let at = format!("{AT}/{index}");
                let expected = format!(
                    "a block that adds another key to the answer than {}",
                    name(*other, &parts[*other].0)
                );
                return Err(Unfit::new(at, expected, format!("`{key}` for {}", name(index, part)))
                    .help("give each text_input a `field_id` of its own"));
            }
            set.push((key, index));
        }
    }
    let mut nothing = None;
    let mut shown = false;
    for (index, (part, overrides)) in parts.iter().enumerate() {
        let Err(unfit) = part.fits() else {
            shown = true;
            continue;
        };
        let key = unfit.at.split('/').nth(1).unwrap_or_default();
        let within =
            if overrides.contains_key(key) { format!("{AT}/{index}") } else { String::new() };
        let empty = unfit.empty;
        let unfit = unfit.inside(&within, &name(index, part));
        // A block whose text is hidden shows what else it has, and some only ask about another
        // block.
        let content = part.interface.spec.content;
        let hides = content.iter().any(|key| overrides.get(*key).is_some_and(hidden));
        if !empty || !(hides || ASKING.contains(&part.interface.name())) {
            return Err(unfit);
        }
        nothing = nothing.or(Some(unfit));
    }
    nothing.filter(|_| !shown).map_or(Ok(()), Err)
}

/// Interfaces that, as a block, need nothing of their own to show: they ask about what another
/// block shows.
const ASKING: [&str; 4] = ["choice", "classification", "html", "text_input"];

/// What a block is called in messages.
fn name(index: usize, part: &Part) -> String {
    format!("block {} ({})", index + 1, part.interface.name())
}

fn can_be_a_block(block: &Value) -> bool {
    let view = block.get("view_id").and_then(Value::as_str);
    view.is_some_and(|view| {
        !NO_BLOCKS.contains(&view) && Interface::new(view, Settings::default()).is_some()
    })
}

/// Whether a value in a block takes the task's key away.
fn hidden(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(false))
}

/// Whether a block is about another text than the card's.
fn is_its_own(overrides: &Map<String, Value>) -> bool {
    overrides.contains_key("text") || overrides.contains_key("tokens")
}

/// The blocks that can be shown, each with what it says otherwise than the task.
pub(super) fn parts(card: &Card<'_>) -> Vec<(Part, Map<String, Value>)> {
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

/// The keys that counted as judged before any block could make one count: those that the block that
/// sets them judges, and what is compared.
pub(super) fn judged_by_their_own(card: &Card<'_>) -> Vec<&'static str> {
    let own = |(part, _): &(Part, _)| {
        let sets = part.answer_keys();
        let mut judged = part.judges();
        judged
            .retain(|key| matches!(*key, "accept" | "reject") || sets.iter().any(|set| set == key));
        judged
    };
    parts(card).iter().flat_map(own).collect()
}

fn page_extras(card: &Card<'_>) -> Map<String, Value> {
    let parts = parts(card);
    let mut any = false;
    let page_extras = parts.iter().map(|(part, overrides)| {
        let mut page_extras = part.interface.page_extras(&part.body);
        let own = sanitize::sanitize_keys(overrides);
        if !own.is_empty() {
            match page_extras.get_mut("_clean") {
                Some(Value::Object(clean)) => clean.extend(own),
                _ => {
                    page_extras.insert("_clean".into(), own.into());
                }
            }
        }
        if is_its_own(overrides)
            && let Some(tokens) = part.interface.computed_tokens(&part.body)
        {
            page_extras.insert("_tokens".into(), tokens);
        }
        any |= !page_extras.is_empty();
        Value::Object(page_extras)
    });
    let list: Vec<Value> = page_extras.collect();
    let mut page_extras = Map::new();
    if any {
        page_extras.insert("_parts".into(), list.into());
    }
    page_extras
}

fn check(
    card: &Card<'_>,
    verdict: Verdict,
    data: &mut Map<String, Value>,
) -> Result<(), AnswerError> {
    for (index, (part, _)) in parts(card).into_iter().enumerate() {
        let mut own: Map<String, Value> = part
            .answer_keys()
            .into_iter()
            .filter_map(|key| data.shift_remove(&key).map(|value| (key, value)))
            .collect();
        part.interface.check(&part.body, verdict, &mut own).map_err(|misfit| {
            AnswerError::new(format!("{}: {}", name(index, &part), misfit.at), misfit.message)
        })?;
        data.extend(own);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::interface::{Interface, Settings, spec};
    use crate::task::TaskJson;

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
        let received = spec::receive(&SPEC, settings(&three()), &task, &sent).expect("fits");
        assert_eq!(received["spans"][0]["token_end"], 0);
        assert_eq!(received["accept"], json!([1, 2]));
        assert_eq!((&received["why"], &received["comment"]), (&json!("so"), &json!("c")));
        for (key, value, error) in [
            ("accept", json!([3]), "block 2 (choice): accept[0]: 3 is none of this task's options"),
            ("why", json!(1), "block 3 (text_input): why: expected a text, in quotation marks"),
            (
                "spans",
                json!([{"start": 0, "end": 2, "label": "PER"}]),
                "block 1 (ner_manual): spans[0].end: no token ends at 2",
            ),
        ] {
            let mut sent = sent.clone();
            sent[key] = value;
            assert_eq!(spec::receive(&SPEC, settings(&three()), &task, &sent), Err(error.into()));
        }
    }

    fn needs(blocks: &Value, task: &Value) -> Option<String> {
        let interface = Interface::new("blocks", settings(blocks)).expect("it is there");
        let unfit = interface.can_show(&TaskJson::from_value(task).expect("a task")).err();
        unfit.map(|unfit| unfit.expected)
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
            json!([{"view_id": "text"}, {"view_id": "image"}]),
        ] {
            assert!(needs(&blocks, &task).is_some(), "{blocks}");
        }
    }

    #[test]
    fn a_block_that_only_asks_needs_nothing_of_its_own_to_show() {
        for (shows, task) in [
            (json!({"view_id": "audio"}), json!({"audio": "a.wav"})),
            (json!({"view_id": "llm_io"}), json!({"prompt": "p", "response": "r"})),
            (json!({"view_id": "html", "html_template": "<b>{{q}}</b>"}), json!({"q": "p"})),
        ] {
            for asks in ["choice", "classification", "text_input"] {
                let blocks = json!([shows, {"view_id": asks}]);
                assert_eq!(needs(&blocks, &task), None, "{blocks}");
                let alone = json!([{"view_id": asks}]);
                assert_eq!(needs(&alone, &task).is_none(), asks == "text_input", "{alone}");
            }
        }
    }

    #[test]
    fn what_is_wrong_in_a_block_names_it() {
        let blocks = json!([{"view_id": "text"}, {"view_id": "ner"}]);
        let task = json!({"text": "a", "spans": [{"start": 0, "end": 1}]});
        assert_eq!(
            needs(&blocks, &task).as_deref(),
            Some("a span with a `label` for block 2 (ner)")
        );
        let blocks = json!([{"view_id": "text"}, {"view_id": "choice", "options": ["A", "A"]}]);
        let interface = Interface::new("blocks", settings(&blocks)).expect("it is there");
        let task = json!({"text": "a", "config": {"blocks": blocks}});
        let body = TaskJson::from_value(&task).expect("a task");
        let unfit = interface.can_show(&body).expect_err("an option is there twice");
        assert_eq!(unfit.at, "/config/blocks/1/options/1");
        assert_eq!(
            &body.as_str()[crate::task::task_json::place(body.as_str(), &unfit.at).at..][..4],
            "\"A\"]"
        );
    }

    #[test]
    fn a_blocks_own_html_template_and_text_come_beside_it() {
        let blocks = json!([
            {"view_id": "html", "html_template": "<i>{{text}}</i>"},
            {"view_id": "text", "html": "<b onclick=f()>x</b>"},
            {"view_id": "ner_manual", "text": "other"},
        ]);
        let interface = Interface::new("blocks", settings(&blocks)).expect("it is there");
        let parts =
            interface.page_extras(&TaskJson::from_value(&json!({"text": "a"})).expect("a task"));
        assert_eq!(parts["_parts"][0]["_clean"], json!({"": "<i>a</i>"}));
        assert_eq!(parts["_parts"][1]["_clean"], json!({"/html": "<b>x</b>"}));
        assert_eq!(parts["_parts"][2]["_tokens"][0]["text"], "other");
    }
}
