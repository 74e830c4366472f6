//! Gold: a task that brings its right answer along, under `meta.gold`.
//!
//! The right answer is written as an answer is: an object with `answer` (accept if it is left out)
//! and what an annotator would add, `{"spans": […]}` or `{"accept": ["A"]}`; or the verdict alone,
//! `"reject"`. Whoever annotates must not see it: [`hide`] takes it out of what goes to a page. It
//! stays in the store and comes out of every export.

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

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
    if !task.as_str().contains("\"gold\"") {
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

/// Takes the right answer out of what an annotator gets to see. Everything else stays as it is.
pub fn hide(task: &mut Fields) {
    let Some(meta) = task.get_mut(META).filter(|meta| meta.get().contains("\"gold\"")) else {
        return;
    };
    let Ok(mut keys) = serde_json::from_str::<Fields>(meta.get()) else { return };
    if keys.shift_remove(GOLD).is_some() {
        let rest: Box<RawValue> = to_raw_value(&keys).expect("an object is JSON");
        *meta = rest;
    }
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
}
