//! JSON with sorted keys and without white space, for texts that are hashed or compared. What is
//! written of numbers, strings and members is for each `Dialect` to say.
//!
//! Rejected: serde_json's formatter trait. It knows neither sorted keys beside `preserve_order` nor
//! a member that is left out.

use serde_json::{Map, Number, Value};

/// A way to write JSON.
pub(crate) trait Dialect: Copy {
    /// Whether a member of an object is written.
    fn has(self, key: &str, value: &Value) -> bool;
    /// Appends a string, with its quotes.
    fn string(self, out: &mut String, text: &str);
    /// Appends a number.
    fn number(self, out: &mut String, number: &Number);
}

/// Appends the value.
pub(crate) fn write(out: &mut String, value: &Value, dialect: impl Dialect) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => dialect.number(out, number),
        Value::String(text) => dialect.string(out, text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(out, item, dialect);
            }
            out.push(']');
        }
        Value::Object(map) => write_object(out, map, dialect),
    }
}

/// Appends an object.
pub(crate) fn write_object(out: &mut String, map: &Map<String, Value>, dialect: impl Dialect) {
    write_members(out, map.iter().map(|(key, value)| (key.as_str(), value)), dialect);
}

/// Appends an object that has these members.
pub(crate) fn write_members<'v>(
    out: &mut String,
    members: impl Iterator<Item = (&'v str, &'v Value)>,
    dialect: impl Dialect,
) {
    let mut members: Vec<_> = members.filter(|(key, value)| dialect.has(key, value)).collect();
    // Bytes of UTF-8 sort as their code points do, which is Python's order.
    members.sort_unstable_by_key(|(key, _)| *key);
    out.push('{');
    for (index, (key, value)) in members.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        dialect.string(out, key);
        out.push(':');
        write(out, value, dialect);
    }
    out.push('}');
}
