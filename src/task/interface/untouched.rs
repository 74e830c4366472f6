//! What a task had, recognised when it comes back.
//!
//! A browser has one kind of number: `1.0` may come back as `1`. Two values are taken as the same when
//! their numbers are, and what the task had is then kept as it was written there.

use serde_json::Value;

/// The one of these that this is, as the task has it.
pub(super) fn find<'a>(given: &'a [Value], sent: &Value) -> Option<&'a Value> {
    given.iter().find(|one| same(one, sent))
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

    #[test]
    fn numbers_are_the_same_however_they_are_written() {
        let given: Vec<Value> = from_str(r#"[{"x": [1.0, 2e3], "l": "A"}]"#).expect("JSON");
        let found = find(&given, &json!({"l": "A", "x": [1, 2000]})).expect("the same");
        assert_eq!(found.to_string(), given[0].to_string());
        assert_eq!(find(&given, &json!({"l": "A", "x": [1, 2001]})), None);
        assert_eq!(find(&given, &json!({"l": "A", "x": [1, 2000], "n": 1})), None);
    }
}
