//! What a task had, recognised when it comes back.
//!
//! A browser has one kind of number: `1.0` may come back as `1`. Two values are taken as the same
//! when their numbers are, and what the task had is then kept as it was written there.
//!
//! They are looked up by a hash that is the same for values that are taken as the same: the numbers
//! as they are computed with, the keys of an object in any order. So an answer with thousands of
//! marks costs a look for each, and not a comparison of each with each.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use serde_json::Value;

use super::spec::Card;

/// The marks that a task came with, and the labels that an answer may use.
pub(super) struct SuggestionIndex<'a> {
    state: RandomState,
    given: HashMap<u64, Vec<&'a Value>>,
    given_labels: HashSet<&'a str>,
    labels: &'a [String],
}

impl<'a> SuggestionIndex<'a> {
    pub(super) fn of(card: &Card<'a>, given: &'a [Value]) -> Self {
        Self::among(card.labels(), given)
    }

    /// The same with labels of their own.
    pub(super) fn among(labels: &'a [String], given: &'a [Value]) -> Self {
        let state = RandomState::new();
        let mut known: HashMap<u64, Vec<&Value>> = HashMap::with_capacity(given.len());
        for one in given {
            known.entry(mark(&state, one)).or_default().push(one);
        }
        let label = |one: &'a Value| one.get("label").and_then(Value::as_str);
        let given_labels = given.iter().filter_map(label).collect();
        Self { state, given: known, given_labels, labels }
    }

    /// The one of them that this is, as the task has it.
    pub(super) fn find(&self, sent: &Value) -> Option<&'a Value> {
        let alike = self.given.get(&mark(&self.state, sent))?;
        alike.iter().copied().find(|one| same(one, sent))
    }

    /// Whether this is a label of the project's, or of something that the task brought along.
    ///
    /// # Errors
    /// If it is none, in words.
    pub(super) fn label(&self, sent: &Value) -> Result<(), String> {
        let label = sent.get("label").and_then(Value::as_str).unwrap_or_default();
        if self.given_labels.contains(label) || self.labels.iter().any(|known| known == label) {
            return Ok(());
        }
        Err(format!("{label:?} is none of the labels: {}", self.labels.join(", ")))
    }
}

/// A number for each value, and the same one for values that are [`same`].
fn mark(state: &RandomState, value: &Value) -> u64 {
    let mut hasher = state.build_hasher();
    std::mem::discriminant(value).hash(&mut hasher);
    match value {
        Value::Null => {}
        Value::Bool(value) => value.hash(&mut hasher),
        Value::String(value) => value.hash(&mut hasher),
        Value::Number(number) => match number.as_f64() {
            // There is one zero, whatever stands before it.
            Some(value) => (value + 0.0).to_bits().hash(&mut hasher),
            None => number.to_string().hash(&mut hasher),
        },
        Value::Array(values) => {
            values.len().hash(&mut hasher);
            for value in values {
                hasher.write_u64(mark(state, value));
            }
        }
        Value::Object(fields) => {
            let each = fields.iter().map(|(key, value)| state.hash_one((key, mark(state, value))));
            hasher.write_u64(each.fold(0, u64::wrapping_add));
        }
    }
    hasher.finish()
}

pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            a == b || (a.as_f64().is_some() && a.as_f64() == b.as_f64())
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_str, json};

    use super::*;
    use crate::interface::Settings;
    use crate::task::TaskJson;

    fn look<T>(given: &[Value], then: impl FnOnce(&SuggestionIndex<'_>) -> T) -> T {
        let settings = Settings { labels: vec!["CAT".into()], ..Settings::default() };
        let task = TaskJson::from_value(&json!({"image": "a.png"})).expect("a task");
        then(&SuggestionIndex::of(&Card::new(&settings, &task, crate::task::TOKENIZER), given))
    }

    #[test]
    fn numbers_are_the_same_however_they_are_written() {
        let given: Vec<Value> = from_str(r#"[{"x": [1.0, 2e3, -0.0], "l": "A"}]"#).expect("JSON");
        look(&given, |known| {
            let found = known.find(&json!({"l": "A", "x": [1, 2000, 0]})).expect("the same");
            assert_eq!(found.to_string(), given[0].to_string());
            assert_eq!(known.find(&json!({"l": "A", "x": [1, 2001, 0]})), None);
            assert_eq!(known.find(&json!({"l": "A", "x": [1, 2000, 0], "n": 1})), None);
            assert_eq!(known.find(&json!({"l": "A", "x": [2000, 1, 0]})), None);
        });
    }

    #[test]
    fn labels_are_the_projects_and_those_that_came_along() {
        look(&[json!({"label": "OLD"}), json!(3)], |known| {
            assert_eq!(known.label(&json!({"label": "CAT"})), Ok(()));
            assert_eq!(known.label(&json!({"label": "OLD"})), Ok(()));
            let said = known.label(&json!({"label": "COW"}));
            assert_eq!(said, Err("\"COW\" is none of the labels: CAT".into()));
        });
    }

    /// Compared one by one, these would be 1.6 thousand million comparisons.
    #[test]
    fn forty_thousand_are_looked_up_at_once() {
        let given: Vec<Value> =
            (0..40_000).map(|n| json!({"label": "CAT", "points": [[n, 0], [0, n]]})).collect();
        look(&given, |known| {
            for one in given.iter().rev() {
                assert_eq!(known.find(one), Some(one));
                assert_eq!(known.label(&json!({"label": "CAT"})), Ok(()));
            }
        });
    }
}
