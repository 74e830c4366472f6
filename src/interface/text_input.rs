//! `text_input`: free text, under the key that `field_id` names.
//!
//! The task may bring a text along under that key, to be corrected; what it brings along comes back
//! as it is if the annotator leaves it, whatever it is. With `field_required` an answer that
//! accepts has to have something in it.

use serde_json::{Map, Value};

use super::RESERVED;
use super::fits::{CONTENT, Unfit, a_text};
use super::html;
use super::spec::{AnswerError, Card, InterfaceSpec, PLAIN};
use crate::task::{Verdict, own_keys, reading};

pub(super) const SPEC: InterfaceSpec = InterfaceSpec {
    name: "text_input",
    fits,
    answer_keys: |card| vec![field_id(card)],
    page_extras: html::filled_in,
    always_validates: is_required,
    check,
    ..PLAIN
};

/// Where the text goes if nothing is said.
const USUAL: &str = "user_input";

/// Whether a key of an answer is not free for a text: the system's, what every annotator can say of
/// any card, what says how a task is shown or given
/// out, and the tokens that an export adds.
fn is_taken(key: &str) -> bool {
    key.starts_with('_')
        || own_keys::is_annotators(key)
        || RESERVED.contains(&key)
        || key == "tokens"
}

/// What the field is about may be missing: a block has it from another one.
fn fits(card: &Card<'_>) -> Result<(), Unfit> {
    let id = field_id(card);
    if is_taken(&id) {
        let at = if card.has("field_id") { "/field_id" } else { "/config/field_id" };
        let expected = "a `field_id` under which answers have nothing else";
        return Err(Unfit::new(at, expected, format!("`{id}`"))
            .help("choose another name, such as `user_input`"));
    }
    if let Some(template) = html::template(card) {
        return template.or_else(|unfit| if unfit.empty { Ok(()) } else { Err(unfit) });
    }
    for key in CONTENT {
        if let Some(value) = card.get(key).filter(|value| !value.is_string()) {
            a_text(&value, &format!("/{key}"), key)?;
        }
    }
    Ok(())
}

/// The key of the text: the task's own word, the setting, or the usual one.
fn field_id(card: &Card<'_>) -> String {
    let id = card.get_as::<String>("field_id").filter(|id| !id.is_empty());
    let id = id.or_else(|| match card.setting("field_id") {
        Some(Value::String(id)) if !id.is_empty() => Some(id),
        _ => None,
    });
    id.unwrap_or_else(|| USUAL.into())
}

/// Whether an empty text is refused: the task's own word, or the setting.
fn is_required(card: &Card<'_>) -> bool {
    let own = card.get("field_required");
    own.or_else(|| card.setting("field_required")) == Some(Value::Bool(true))
}

fn check(
    card: &Card<'_>,
    verdict: Verdict,
    data: &mut Map<String, Value>,
) -> Result<(), AnswerError> {
    let id = field_id(card);
    let given = data.get(&id).cloned().or_else(|| card.get(&id));
    let nothing = given.is_none_or(|given| given.as_str().is_some_and(reading::is_blank));
    if verdict == Verdict::Accept && nothing && is_required(card) {
        return Err(AnswerError::new(id, "this must not stay empty (`field_required`)"));
    }
    match data.get(&id) {
        None | Some(Value::String(_)) => Ok(()),
        Some(given) if card.get(&id).as_ref() == Some(given) => Ok(()),
        Some(_) => Err(AnswerError::new(id, "expected a text, in quotation marks")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::interface::{Settings, spec};

    fn receive(task: &Value, sent: &Value) -> Result<Value, String> {
        spec::receive(&SPEC, Settings::default(), task, sent)
    }

    #[test]
    fn a_text_is_kept_under_its_key() {
        let sent = json!({"answer": "accept", "user_input": "so"});
        assert_eq!(receive(&json!({"text": "a"}), &sent), Ok(json!({"user_input": "so"})));
        let task = json!({"text": "a", "why": "old", "config": {"field_id": "why"}});
        assert_eq!(
            receive(&task, &json!({"answer": "accept", "why": "new"})),
            Ok(json!({"why": "new"}))
        );
    }

    #[test]
    fn what_the_task_brings_along_comes_back_as_it_is() {
        let task = json!({"text": "a", "user_input": [1.50]});
        let sent = json!({"answer": "reject", "user_input": [1.50]});
        assert_eq!(receive(&task, &sent), Ok(json!({"user_input": [1.50]})));
        assert_eq!(
            receive(&task, &json!({"answer": "accept", "user_input": 3})),
            Err("user_input: expected a text, in quotation marks".into())
        );
    }

    #[test]
    fn an_empty_text_is_refused_where_one_is_required() {
        let task = json!({"text": "a", "config": {"field_required": true}});
        let refused = Err("user_input: this must not stay empty (`field_required`)".into());
        for sent in [json!({}), json!({"user_input": " \n\u{a0}"})] {
            let mut sent = sent;
            sent["answer"] = json!("accept");
            assert_eq!(receive(&task, &sent), refused);
            sent["answer"] = json!("ignore");
            assert!(receive(&task, &sent).is_ok());
        }
        let sent = json!({"answer": "accept", "user_input": "so"});
        assert_eq!(receive(&task, &sent), Ok(json!({"user_input": "so"})));
        // Also where it came empty and was left so, alone and in a block.
        let empty = json!({"text": "a", "user_input": "", "field_required": true});
        let sent = json!({"answer": "accept", "user_input": ""});
        assert_eq!(receive(&empty, &sent), refused);
        let block = json!({"view_id": "text_input", "field_required": true});
        let mut card = json!({"text": "a", "user_input": "", "config": {"blocks": [block]}});
        let blocks = |card: &Value| {
            let interface = crate::interface::Interface::new("blocks", Settings::default());
            let body = crate::task::TaskJson::from_value(card).expect("a task");
            let sent = sent.as_object().expect("an object");
            interface
                .expect("it is there")
                .receive(&body, sent)
                .map_err(|misfit| misfit.to_string())
        };
        assert_eq!(
            blocks(&card).map(|(_, data)| Value::Object(data)),
            refused.map_err(|words: String| format!("block 1 (text_input): {words}"))
        );
        card["config"]["blocks"][0]["field_required"] = json!(false);
        assert!(blocks(&card).is_ok());
        let own = json!({"text": "a", "user_input": 3, "field_required": true});
        let sent = json!({"answer": "accept", "user_input": 3});
        assert_eq!(receive(&own, &sent), Ok(json!({"user_input": 3})));
    }

    #[test]
    fn the_systems_keys_are_no_fields() {
        let interface = crate::interface::Interface::new("text_input", Settings::default());
        let interface = interface.expect("it is there");
        let fits = |task: &Value| {
            interface.can_show(&crate::task::TaskJson::from_value(task).expect("a task"))
        };
        for taken in [
            "answer",
            "comment",
            "flagged",
            "skip_reason",
            "config",
            "meta",
            "html_template",
            "tokens",
            "_id",
            "_mine",
        ] {
            let unfit = fits(&json!({"text": "a", "field_id": taken})).expect_err("refused");
            assert_eq!(unfit.at, "/field_id");
            let unfit = fits(&json!({"text": "a", "config": {"field_id": taken}}));
            assert_eq!(unfit.expect_err("refused").at, "/config/field_id");
        }
        for free in ["user_input", "comments", "text", "why"] {
            assert_eq!(fits(&json!({"text": "a", "field_id": free})), Ok(()), "{free}");
        }
    }
}
