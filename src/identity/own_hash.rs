//! A hash that the data came with: a whole number of 64 bits, in whatever way it is written.
//!
//! `1.0` is how a data frame with gaps writes 1, and a cell of a table is a string. What is none of
//! these is refused and not passed over: its line would become another task than its author meant.

use serde_json::{Map, Number, Value};

use super::{Content, Unidentified};
use crate::task::{canonical, hashes, own_keys};

/// The hash under this key, if there is one.
///
/// # Errors
/// If something else stands there.
pub(super) fn read(
    task: &Map<String, Value>,
    key: &'static str,
) -> Result<Option<i64>, Unidentified> {
    let (value, number) = match task.get(key) {
        None | Some(Value::Null) => return Ok(None),
        Some(value @ Value::Number(number)) => (value, Some(number.clone())),
        Some(value @ Value::String(text)) => (value, text.parse::<Number>().ok()),
        Some(value) => (value, None),
    };
    let refused = |why| Unidentified::Hash { key, found: value.to_string(), why };
    let Some(number) = number else {
        return Err(refused("it is no number"));
    };
    let text = canonical::number(&number);
    match text.parse::<i64>() {
        Ok(hash) => Ok(Some(hash)),
        Err(_) if text.contains("e-") => Err(refused("it is not whole")),
        Err(_) => Err(refused("it does not fit into 64 bits")),
    }
}

/// Hashes that came with the data.
#[derive(Clone, Copy)]
pub(super) struct GivenHashes {
    pub(super) input: Option<i64>,
    pub(super) task: Option<i64>,
}

impl GivenHashes {
    /// Without those that follow from the content. They may have been computed before an
    /// answer, suggestions or tokens were added, so these are taken away one after the other.
    pub(super) fn without_following(self, value: &Map<String, Value>, content: &Content) -> Self {
        let mut left = self.without_those_of(value, self);
        if left.is_none() {
            return left;
        }
        let mut stage = value.clone();
        let steps: [&dyn Fn(&str) -> bool; 5] = [
            &|key| key.starts_with('_'),
            &own_keys::is_annotators,
            &|key| key == "tokens" && !content.counts.contains_key(key),
            &|key| !content.counts.contains_key(key),
            &|key| key == "tokens",
        ];
        for goes in steps {
            let before = stage.len();
            stage.retain(|key, _| !goes(key));
            if stage.len() < before {
                left = left.without_those_of(&stage, self);
            }
        }
        left
    }

    /// Without those that are the hashes of this; `given` are all that came with the data.
    fn without_those_of(self, stage: &Map<String, Value>, given: Self) -> Self {
        if self.is_none() {
            return self;
        }
        let computed = hashes::input_hash(stage);
        let input = given.input.unwrap_or(computed);
        Self {
            input: self.input.filter(|given| *given != computed),
            task: self.task.filter(|given| *given != hashes::task_hash(stage, input)),
        }
    }

    pub(super) fn is_none(self) -> bool {
        self.input.is_none() && self.task.is_none()
    }

    /// A canonical text has its end where its braces are closed, so that what follows is no
    /// content.
    pub(super) fn write(self, text: &mut String) {
        for (name, own) in [("input", self.input), ("task", self.task)] {
            if let Some(hash) = own {
                text.push('\n');
                text.push_str(name);
                text.push_str(&hash.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Result<Option<i64>, String> {
        let task: Map<String, Value> =
            serde_json::from_str(&format!("{{\"_task_hash\":{json}}}")).expect("JSON");
        read(&task, "_task_hash").map_err(|error| error.to_string())
    }

    #[test]
    fn a_hash_is_a_whole_number_however_it_is_written() {
        for (json, hash) in [
            ("null", None),
            ("-5", Some(-5)),
            ("1.0", Some(1)),
            ("\"12\"", Some(12)),
            ("\"-1.0\"", Some(-1)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("1.234567890123456789e18", Some(1_234_567_890_123_456_789)),
        ] {
            assert_eq!(of(json), Ok(hash), "{json}");
        }
    }

    #[test]
    fn what_is_no_hash_is_refused_with_the_reason() {
        for (json, why) in [
            ("1.5", "not whole"),
            ("9223372036854775808", "64 bits"),
            ("1e30", "64 bits"),
            ("\"a3f9\"", "no number"),
            ("\"\"", "no number"),
            ("\" 1\"", "no number"),
            ("true", "no number"),
            ("[1]", "no number"),
        ] {
            let said = of(json).expect_err(json);
            assert!(said.contains(why), "{json}: {said}");
        }
    }
}
