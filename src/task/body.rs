//! The text of a JSON object, kept as it came.
//!
//! Parsed once when it enters, then carried as compact text: key order, number formats (`1.10`,
//! `1e3`, a forty-digit integer) and unknown keys survive because nobody rewrites them. Reading a
//! few keys later is a shallow look that leaves every value it passes as text.
//!
//! Rejected: a `serde_json::Value` carried around, which costs several times the memory and makes
//! every hand-out serialise again what has not changed.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::own_keys::DISPLACED;

/// The deepest nesting of arrays and objects in a task, the task itself counted, and in what an answer adds
/// to it. All that holds a task or an answer nests deeper by a few levels, and has room for them:
///
/// - An exported line has the answer's keys beside the task's, and what they displace one level deeper, under
///   `_task`. That level does not count ([`depth_as_loaded`]), so every exported line can be loaded.
/// - Requests, replies, exports and backups add four levels at most; `serde_json` reads 127.
/// - MongoDB promises 100 levels in a document. A task stands two levels down, an answer four.
pub const MAX_DEPTH: usize = 80;

/// The top level of an object: its keys in order, each value still text.
pub type Fields = IndexMap<String, Box<RawValue>>;

/// A JSON object as compact text, valid by construction.
#[derive(Clone, PartialEq, Eq)]
pub struct Body(Arc<str>);

/// Why a text is not the JSON object that a task has to be.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// Not JSON. Line and column (in bytes, from 1) are those within the text that was given.
    #[error("{message}")]
    Syntax {
        /// What the parser expected, in its words without the place.
        message: String,
        /// The line within the text, from 1.
        line: usize,
        /// The column within that line, from 1, in bytes.
        column: usize,
    },
    /// JSON, but not an object.
    #[error("expected an object such as {{\"text\": \"…\"}}, found {found}")]
    NotAnObject {
        /// What it is instead, with its article.
        found: &'static str,
    },
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
}

impl Body {
    /// The object without keys.
    pub fn empty() -> Self {
        Self("{}".into())
    }

    /// Reads the text of one object.
    ///
    /// # Errors
    /// If the text is not JSON, not an object, or nested too deeply.
    pub fn parse(text: &str) -> Result<Self, BodyError> {
        let value: Value = serde_json::from_str(text).map_err(|error| {
            // serde_json ends its message with the place, which the caller words differently.
            let full = error.to_string();
            let message = full.split(" at line ").next().unwrap_or(&full).to_owned();
            BodyError::Syntax { message, line: error.line(), column: error.column() }
        })?;
        Self::check(&value)?;
        Ok(Self(minified(text).into()))
    }

    /// Takes an object that is already parsed.
    ///
    /// # Errors
    /// If the value is not an object or nested too deeply.
    pub fn from_value(value: &Value) -> Result<Self, BodyError> {
        Self::check(value)?;
        Ok(Self(value.to_string().into()))
    }

    fn check(value: &Value) -> Result<(), BodyError> {
        if !value.is_object() {
            return Err(BodyError::NotAnObject { found: name_of(value) });
        }
        if depth_as_loaded(value) > MAX_DEPTH {
            return Err(BodyError::TooDeep);
        }
        Ok(())
    }

    /// The object with these keys, their values as they are. They come from a body, so it is nested no
    /// deeper.
    pub(super) fn from_fields(fields: &Fields) -> Self {
        Self(serde_json::to_string(fields).expect("keys and values of a body are JSON").into())
    }

    /// Takes text that a store kept and that was a `Body` when it was put there.
    ///
    /// # Errors
    /// If it is not an object after all, which means that somebody changed it in the store.
    pub fn from_stored(text: &str) -> Result<Self, BodyError> {
        let text = text.trim();
        if text.starts_with('{') && serde_json::from_str::<&RawValue>(text).is_ok() {
            Ok(Self(text.into()))
        } else {
            Self::parse(text)
        }
    }

    /// The text, on one line.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The keys of the top level, in order, their values as text.
    pub fn fields(&self) -> Fields {
        serde_json::from_str(&self.0).expect("a body is an object by construction")
    }

    /// The value under one key of the top level, parsed.
    pub fn get(&self, key: &str) -> Option<Value> {
        self.get_as(key)
    }

    /// The value under one key of the top level, if it is there and has this shape.
    pub fn get_as<T: for<'de> Deserialize<'de>>(&self, key: &str) -> Option<T> {
        self.fields().get(key).and_then(|raw| serde_json::from_str(raw.get()).ok())
    }

    /// The whole object, parsed.
    pub fn to_value(&self) -> Map<String, Value> {
        serde_json::from_str(&self.0).expect("a body is an object by construction")
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// JSON without the white space between its parts. Serialising it anew would rewrite numbers:
/// serde_json turns `1e3` into `1e+3`.
fn minified(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut in_string, mut escaped) = (false, false);
    for c in json.chars() {
        if in_string {
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else if c.is_ascii_whitespace() {
            continue;
        } else {
            in_string = c == '"';
        }
        out.push(c);
    }
    out
}

pub(super) fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn depth(value: &Value) -> usize {
    // serde_json itself refuses more than 127 levels, so this recursion is bounded.
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => depth_of_object(map),
        _ => 0,
    }
}

/// The nesting of an object, itself counted.
pub(super) fn depth_of_object(map: &Map<String, Value>) -> usize {
    1 + map.values().map(depth).max().unwrap_or(0)
}

/// The nesting of a line once it is loaded: what an export kept under `_task` goes back to where it was.
fn depth_as_loaded(line: &Value) -> usize {
    let Value::Object(map) = line else { return depth(line) };
    let of_key = |(key, value): (&String, &Value)| match value {
        Value::Object(kept) if key == DISPLACED => depth_of_object(kept),
        value => 1 + depth(value),
    };
    map.iter().map(of_key).max().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_order_and_number_formats_survive() {
        let text =
            r#"{"z":1.10,"a":1e3,"n":123456789012345678901234567890,"f":-0.0,"t":"ü\n \\\"  x\\"}"#;
        assert_eq!(Body::parse(text).expect("an object").as_str(), text);
    }

    #[test]
    fn pretty_printed_objects_become_one_line() {
        let body = Body::parse("{\n  \"a\": {\n \"b\" : [1,\n2] } }").expect("an object");
        assert_eq!(body.as_str(), r#"{"a":{"b":[1,2]}}"#);
    }

    #[test]
    fn what_is_not_an_object_is_named() {
        let error = Body::parse("[1]").expect_err("an array");
        assert_eq!(
            error.to_string(),
            "expected an object such as {\"text\": \"…\"}, found an array"
        );
    }

    #[test]
    fn a_syntax_error_knows_its_column() {
        let Err(BodyError::Syntax { line, column, .. }) = Body::parse(r#"{"a": tru}"#) else {
            panic!("expected a syntax error");
        };
        assert_eq!((line, column), (1, 10));
    }

    #[test]
    fn too_deep_is_refused() {
        let text = format!("{{\"a\":{}{}}}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
        assert!(matches!(Body::parse(&text), Err(BodyError::TooDeep)));
    }

    #[test]
    fn what_an_export_kept_apart_counts_as_it_stood_in_the_task() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let kept = |levels| format!("{{\"text\":\"a\",\"_task\":{{\"x\":{}}}}}", nested(levels));
        assert!(Body::parse(&kept(MAX_DEPTH - 1)).is_ok());
        assert!(matches!(Body::parse(&kept(MAX_DEPTH)), Err(BodyError::TooDeep)));
        let listed = format!("{{\"_task\":{}}}", nested(MAX_DEPTH));
        assert!(matches!(Body::parse(&listed), Err(BodyError::TooDeep)), "a list is no task");
    }
}
