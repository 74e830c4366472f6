//! Gold: a task that brings its right answer along, under `meta.gold`.
//!
//! The right answer is written as an answer is: an object with `answer` (accept if it is left out)
//! and what an annotator would add, `{"spans": […]}` or `{"accept": ["A"]}`; or the verdict alone,
//! `"reject"`. Annotators must not see it: [`hide`] takes it out of what goes to a page. It
//! stays in the store and comes out of every export.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::task_json::may_have_key;
use super::{Basis, Fields, Millis, TaskJson, Verdict, Version};

/// The key that holds the keys that say something about a task.
const META: &str = "meta";
/// The key in it that holds the right answer.
const GOLD: &str = "gold";

/// Why what stands under `meta.gold` is no right answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("meta.gold should be {expected}, found {found}")]
pub struct NoGold {
    /// What would be right there.
    pub expected: &'static str,
    /// What stands there, as JSON.
    pub found: String,
}

/// The right answer that a task brings along, if it does.
///
/// # Errors
/// What is wrong with it.
pub fn gold(task: &TaskJson) -> Result<Option<Version>, NoGold> {
    // Most tasks have none: a look at the text is cheaper than a look at the keys.
    if !task.may_have_key(GOLD) {
        return Ok(None);
    }
    let gold = task.get(META).and_then(|mut meta| meta.get_mut(GOLD).map(Value::take));
    let (verdict, data) = match gold {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(verdict)) => (Some(Value::String(verdict)), Map::new()),
        Some(Value::Object(mut answer)) => (answer.remove("answer"), answer),
        Some(other) => {
            let expected = "the right answer, such as \"accept\" or {\"accept\": [\"A\"]}";
            return Err(NoGold { expected, found: other.to_string() });
        }
    };
    let verdict = match verdict {
        None => Verdict::Accept,
        Some(verdict) => verdict
            .as_str()
            .and_then(Verdict::from_text)
            .filter(|v| *v != Verdict::Ignore)
            .ok_or_else(|| NoGold {
                expected: "\"accept\" or \"reject\"",
                found: verdict.to_string(),
            })?,
    };
    Ok(Some(Version {
        verdict,
        data,
        time_loaded: Millis(0),
        time_returned: Millis(0),
        basis: Basis::default(),
    }))
}

/// Takes the right answer out of what an annotator gets to see, also out of the task's pages and
/// blocks. Everything else stays as it is, to the letter.
pub fn hide(task: &mut Fields) {
    take_out(task);
}

/// Whether something was taken out.
fn take_out(task: &mut Fields) -> bool {
    let meta = within(task, META, |meta| {
        change(meta, |keys: &mut Fields| keys.shift_remove(GOLD).is_some())
    });
    let pages = within(task, "pages", |pages| change(pages, of_each));
    let config = within(task, "config", |config| {
        change(config, |keys: &mut Fields| within(keys, "blocks", |blocks| change(blocks, of_each)))
    });
    meta || pages || config
}

/// Takes right answers out of the tasks of a list: pages, or what blocks have otherwise than their
/// task.
fn of_each(parts: &mut Vec<Box<RawValue>>) -> bool {
    let mut any = false;
    for part in parts {
        any |= change(part, take_out);
    }
    any
}

/// Looks into the value under a key, if a right answer may be in it.
fn within(keys: &mut Fields, key: &str, look: impl Fn(&mut Box<RawValue>) -> bool) -> bool {
    keys.get_mut(key).is_some_and(|value| may_have_key(value.get(), GOLD) && look(value))
}

/// Changes a value of this shape; one of another shape stays.
fn change<T: DeserializeOwned + Serialize>(
    value: &mut Box<RawValue>,
    how: impl Fn(&mut T) -> bool,
) -> bool {
    let Ok(mut parts) = serde_json::from_str::<T>(value.get()) else { return false };
    if !how(&mut parts) {
        return false;
    }
    *value = to_raw_value(&parts).expect("parts of JSON are JSON");
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(text: &str) -> Result<Option<Version>, NoGold> {
        gold(&TaskJson::parse(text).expect("a task"))
    }

    #[test]
    fn a_right_answer_is_a_verdict_or_an_answer() {
        let verdict = of(r#"{"meta":{"gold":"reject"}}"#).expect("gold").expect("gold");
        assert_eq!((verdict.verdict, verdict.data.len()), (Verdict::Reject, 0));
        let chosen = of(r#"{"meta":{"gold":{"accept":["A"]}}}"#).expect("gold").expect("gold");
        assert_eq!((chosen.verdict, &chosen.data["accept"]), (Verdict::Accept, &json!(["A"])));
        assert_eq!(of(r#"{"meta":{"gold":null},"text":"gold"}"#), Ok(None));
        assert_eq!(of(r#"{"text":"\"gold\""}"#), Ok(None));
        for wrong in [
            r#"{"meta":{"gold":3}}"#,
            r#"{"meta":{"gold":"ignore"}}"#,
            r#"{"meta":{"gold":{"answer":1}}}"#,
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_an_annotator_sees_has_no_right_answer_and_everything_else() {
        let text =
            r#"{"text":"a","meta":{"n":1.10,"gold":{"answer":"reject"},"z":[1e3]},"gold":1}"#;
        let mut fields = TaskJson::parse(text).expect("a task").fields();
        hide(&mut fields);
        let seen = serde_json::to_string(&fields).expect("JSON");
        assert_eq!(seen, r#"{"text":"a","meta":{"n":1.10,"z":[1e3]},"gold":1}"#);
    }

    /// Spellings of a key as JSON: as it is, with its first letter escaped, and with every one.
    fn spellings(key: &str) -> [String; 3] {
        let escape = |c: char| format!("\\u{:04x}", u32::from(c));
        let rest = &key[1..];
        [
            key.to_owned(),
            format!("{}{rest}", escape(key.chars().next().unwrap_or_default())),
            key.chars().map(escape).collect(),
        ]
    }

    #[test]
    fn a_right_answer_is_found_and_hidden_however_its_key_is_written_and_wherever_a_card_has_it() {
        for gold in spellings(GOLD) {
            for meta in spellings(META) {
                let bearer =
                    format!("{{\"n\":1.10,\"{meta}\":{{\"{gold}\":\"reject\",\"z\":1e3}}}}");
                let right = of(&bearer).expect("gold").expect("gold");
                assert_eq!(right.verdict, Verdict::Reject, "{bearer}");
                for whole in [
                    bearer.clone(),
                    format!("{{\"pages\":[{{\"text\":\"a\"}},{bearer}]}}"),
                    format!("{{\"p\\u0061ges\":[{bearer}]}}"),
                    format!("{{\"config\":{{\"blocks\":[{bearer}]}}}}"),
                    format!("{{\"pages\":[{{\"config\":{{\"blocks\":[{bearer},3]}}}}]}}"),
                ] {
                    let mut fields = TaskJson::parse(&whole).expect("a task").fields();
                    hide(&mut fields);
                    let seen = serde_json::to_string(&fields).expect("JSON");
                    assert!(!seen.contains("reject"), "{whole}: {seen}");
                    assert!(seen.contains("1.10") && seen.contains("1e3"), "{whole}: {seen}");
                }
            }
        }
    }
}
