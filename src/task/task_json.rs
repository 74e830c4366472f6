//! The text of a JSON object, kept as it came.
//!
//! Parsed once when it enters, then carried as compact text: key order, number formats (`1.10`,
//! `1e3`, a forty-digit integer) and unknown keys survive because they are never rewritten. Reading one
//! key later scans the text and leaves every value it passes as text.
//!
//! While a task is loaded, its checks, hashes and identity read all of it. Until they are done, a
//! body that was parsed keeps its parsed form beside the text ([`TaskJson::with_value`],
//! [`TaskJson::without_value`]), so that a line is parsed once.
//!
//! Rejected: a `serde_json::Value` carried around for good, which costs some ten times the memory
//! of the text and makes every hand-out serialise again what has not changed.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::own_keys::DISPLACED;

/// The deepest nesting of arrays and objects in a task, the task itself counted, and in what an
/// answer adds to it. All that holds a task or an answer nests deeper by a few levels, and has room
/// for them:
///
/// - An exported line has the answer's keys beside the task's, and what they displace one level
///   deeper, under `_task`. That level does not count (`depth_as_loaded`), so every exported line
///   can be loaded.
/// - Requests, replies, exports and backups add four levels at most; `serde_json` reads 127.
/// - MongoDB promises 100 levels in a document. A task stands two levels down, an answer four.
pub const MAX_DEPTH: usize = 80;

/// The top level of an object: its keys in order, each value still text.
pub type Fields = IndexMap<String, Box<RawValue>>;

/// A JSON object as compact text, valid by construction. Two are equal if their texts are.
#[derive(Clone)]
pub struct TaskJson {
    text: Arc<str>,
    /// What the text says, as long as the task is being loaded.
    value: Option<Arc<Map<String, Value>>>,
}

/// Why a text is not the JSON object that a task has to be.
#[derive(Debug, thiserror::Error)]
pub enum TaskJsonError {
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

impl TaskJson {
    fn of_text(text: impl Into<Arc<str>>) -> Self {
        Self { text: text.into(), value: None }
    }

    /// The object without keys.
    pub fn empty() -> Self {
        Self::of_text("{}")
    }

    /// Reads the text of one object.
    ///
    /// # Errors
    /// If the text is not JSON, not an object, or nested too deeply.
    pub fn parse(text: &str) -> Result<Self, TaskJsonError> {
        let value: Value = serde_json::from_str(text).map_err(|error| {
            // serde_json ends its message with the place, which the caller words differently.
            let full = error.to_string();
            let message = full.split(" at line ").next().unwrap_or(&full).to_owned();
            TaskJsonError::Syntax { message, line: error.line(), column: error.column() }
        })?;
        Self::parsed(minified(text), value)
    }

    /// Takes an object that is already parsed.
    ///
    /// # Errors
    /// If the value is not an object or nested too deeply.
    pub fn from_value(value: &Value) -> Result<Self, TaskJsonError> {
        Self::check(value)?;
        Ok(Self::of_text(value.to_string()))
    }

    /// Takes the keys of an object and keeps them as the parsed form.
    ///
    /// # Errors
    /// If they are nested too deeply.
    pub fn from_object(object: Map<String, Value>) -> Result<Self, TaskJsonError> {
        let value = Value::Object(object);
        let text = value.to_string();
        Self::parsed(text, value)
    }

    fn parsed(text: String, value: Value) -> Result<Self, TaskJsonError> {
        Self::check(&value)?;
        let value = if let Value::Object(object) = value { Some(Arc::new(object)) } else { None };
        Ok(Self { text: text.into(), value })
    }

    fn check(value: &Value) -> Result<(), TaskJsonError> {
        if !value.is_object() {
            return Err(TaskJsonError::NotAnObject { found: name_of(value) });
        }
        if depth_as_loaded(value) > MAX_DEPTH {
            return Err(TaskJsonError::TooDeep);
        }
        Ok(())
    }

    /// The object with these keys, their values as they are. They come from a body, so it is nested
    /// no deeper.
    pub(crate) fn from_fields(fields: &Fields) -> Self {
        let text = serde_json::to_string(fields).expect("keys and values of a body are JSON");
        Self::of_text(text)
    }

    /// Takes text that a store kept and that was a `TaskJson` when it was put there.
    ///
    /// # Errors
    /// If it is not an object after all: it was changed in the store by hand.
    pub fn from_stored(text: &str) -> Result<Self, TaskJsonError> {
        let text = text.trim();
        if text.starts_with('{') && serde_json::from_str::<&RawValue>(text).is_ok() {
            Ok(Self::of_text(text))
        } else {
            Self::parse(text).map(Self::without_value)
        }
    }

    /// The same, with its parsed form at hand: for a task that is read as a whole several times.
    #[must_use]
    pub fn with_value(mut self) -> Self {
        if self.value.is_none() {
            self.value = Some(Arc::new(self.to_value()));
        }
        self
    }

    /// The same as text alone: for a task that waits or stays in memory.
    #[must_use]
    pub fn without_value(self) -> Self {
        Self { value: None, ..self }
    }

    /// The parsed form, if it is at hand.
    pub(crate) fn value_at_hand(&self) -> Option<&Map<String, Value>> {
        self.value.as_deref()
    }

    /// The whole object, parsed now if its parsed form is not at hand.
    pub fn value(&self) -> Cow<'_, Map<String, Value>> {
        self.value_at_hand().map_or_else(|| Cow::Owned(self.to_value()), Cow::Borrowed)
    }

    /// The text, on one line.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The keys of the top level, in order, their values as text.
    pub fn fields(&self) -> Fields {
        serde_json::from_str(&self.text).expect("a body is an object by construction")
    }

    /// Whether the text may have a key of this name, at any depth ([`may_have_key`]).
    pub fn may_have_key(&self, key: &str) -> bool {
        may_have_key(&self.text, key)
    }

    /// The value under one key of the top level, parsed.
    pub fn get(&self, key: &str) -> Option<Value> {
        match self.value_at_hand() {
            Some(value) => value.get(key).cloned(),
            None => self.get_as(key),
        }
    }

    /// The value under one key of the top level, if it is there and has this shape.
    pub fn get_as<T: for<'de> Deserialize<'de>>(&self, key: &str) -> Option<T> {
        let mut reader = serde_json::Deserializer::from_str(&self.text);
        let raw = Find(key).deserialize(&mut reader).expect("a body is an object by construction");
        raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
    }

    /// The whole object, parsed.
    pub fn to_value(&self) -> Map<String, Value> {
        match self.value_at_hand() {
            Some(value) => value.clone(),
            None => serde_json::from_str(&self.text).expect("a body is an object by construction"),
        }
    }
}

impl PartialEq for TaskJson {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for TaskJson {}

/// Finds the value under a key in the text of an object, and parses no other. Of a key that stands
/// there twice the last one counts, as everywhere.
struct Find<'k>(&'k str);

impl<'de> DeserializeSeed<'de> for Find<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Find<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(is_it) = members.next_key_seed(Is(self.0))? {
            if is_it {
                found = Some(members.next_value()?);
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Whether a key is this one.
struct Is<'k>(&'k str);

impl<'de> DeserializeSeed<'de> for Is<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<bool, D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for Is<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

impl fmt::Debug for TaskJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for TaskJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// JSON without the white space between its parts. Serialising it again would rewrite numbers:
/// serde_json turns `1e3` into `1e+3`.
fn minified(json: &str) -> String {
    let bytes = json.as_bytes();
    let mut out = String::with_capacity(json.len());
    let (mut taken, mut at) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        if *byte == b'"' {
            at += string_length(&bytes[at..]);
        } else {
            if byte.is_ascii_whitespace() {
                out.push_str(&json[taken..at]);
                taken = at + 1;
            }
            at += 1;
        }
    }
    out.push_str(&json[taken..]);
    out
}

/// Bytes of the JSON string that begins here, with its quotes.
fn string_length(bytes: &[u8]) -> usize {
    let mut end = 1;
    while let Some(step) = bytes[end..].iter().position(|byte| matches!(byte, b'"' | b'\\')) {
        end += step;
        if bytes[end] == b'"' {
            return end + 1;
        }
        // What follows a backslash ends no string.
        end = (end + 2).min(bytes.len());
    }
    bytes.len()
}

/// Whether a text of JSON may have a key of this name, at any depth. It only searches the text,
/// which is cheaper than parsing it and spares most tasks the rest.
///
/// A key may be written with escapes, as `\u0067old` is. Hardly any program escapes letters of
/// ASCII, so a text that does may have any key.
pub fn may_have_key(json: &str, key: &str) -> bool {
    let quoted = |at: usize| json[..at].ends_with('"') && json[at + key.len()..].starts_with('"');
    json.match_indices(key).any(|(at, _)| quoted(at)) || escapes_ascii(json)
}

/// Whether a printable character of ASCII is written as an escape, such as `\u0067`.
pub(super) fn escapes_ascii(json: &str) -> bool {
    const ESCAPE: &str = "\\u00";
    json.match_indices(ESCAPE)
        .any(|(at, _)| matches!(json.as_bytes().get(at + ESCAPE.len()), Some(b'2'..=b'7')))
}

/// Where a value is in a text of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its first byte; if the value is missing, that of the nearest thing around it.
    pub at: usize,
    /// Whether the value is there.
    pub found: bool,
}

/// Where the value of a JSON pointer such as `/spans/2/label` is in a text of JSON. Steps are not
/// escaped. Of a key that is there twice the last one counts, as everywhere.
pub fn place(json: &str, pointer: &str) -> Place {
    let mut at = json.len() - json.trim_start().len();
    for step in pointer.split('/').skip(1) {
        let rest = &json[at..];
        let Some(inside) = step_into(rest, step) else { return Place { at, found: false } };
        at += inside;
    }
    Place { at, found: true }
}

/// Where the value under a key, or at a place in a list, begins in the text of what it is in.
fn step_into(text: &str, step: &str) -> Option<usize> {
    let within = |raw: &RawValue| raw.get().as_ptr().addr().checked_sub(text.as_ptr().addr());
    let mut reader = serde_json::Deserializer::from_str(text);
    if text.starts_with('[') {
        let list: Vec<&RawValue> = Deserialize::deserialize(&mut reader).ok()?;
        return within(list.get(step.parse::<usize>().ok()?)?);
    }
    let keys: IndexMap<String, &RawValue> = Deserialize::deserialize(&mut reader).ok()?;
    within(keys.get(step)?)
}

pub(crate) fn name_of(value: &Value) -> &'static str {
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
pub fn depth_of_object(map: &Map<String, Value>) -> usize {
    1 + map.values().map(depth).max().unwrap_or(0)
}

/// The nesting of a line once it is loaded: what an export kept under `_task` goes back to where it
/// was.
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
        assert_eq!(TaskJson::parse(text).expect("an object").as_str(), text);
    }

    #[test]
    fn pretty_printed_objects_become_one_line() {
        let body = TaskJson::parse("{\n  \"a\": {\n \"b\" : [1,\n2] } }").expect("an object");
        assert_eq!(body.as_str(), r#"{"a":{"b":[1,2]}}"#);
    }

    #[test]
    fn a_key_is_found_however_it_is_written_and_its_last_value_counts() {
        let text = r#"{"b":{"a":0},"a":1,"\u0061":[1.10],"c":"\"a\":2"}"#;
        let body = TaskJson::parse(text).expect("an object");
        for body in [body.clone(), body.without_value()] {
            let found = ["a", "b", "d"].map(|key| body.get(key).map(|value| value.to_string()));
            assert_eq!(found, [Some("[1.10]".into()), Some(r#"{"a":0}"#.into()), None]);
            assert_eq!(body.get_as::<String>("c").as_deref(), Some("\"a\":2"));
            assert_eq!(body.get_as::<u64>("c"), None);
        }
    }

    #[test]
    fn a_place_is_found_in_the_text() {
        let text = r#" {"é" : [1,{"b\"":"x"}],"a":{"b":7}}"#;
        let rest = |pointer: &str| {
            let place = place(text, pointer);
            (&text[place.at..], place.found)
        };
        assert_eq!(rest("/a/b"), ("7}}", true));
        assert_eq!(rest("/é/1/b\""), (r#""x"}],"a":{"b":7}}"#, true));
        assert_eq!(rest("/a/c"), (r#"{"b":7}}"#, false));
        assert_eq!(rest(""), (text.trim_start(), true));
    }

    #[test]
    fn a_look_at_the_text_misses_no_key_however_it_is_written() {
        for (text, may) in [
            (r#"{"gold":1}"#, true),
            (r#"{"a":{"gold":1}}"#, true),
            (r#"{"\u0067old":1}"#, true),
            (r#"{"g\u006fl\u0064":1}"#, true),
            (r#"{"text":"gold, golden"}"#, false),
            (r#"{"text":"Gr\u00f6\u00dfe \u000a","golden":1}"#, false),
        ] {
            assert_eq!(may_have_key(text, "gold"), may, "{text}");
        }
    }

    #[test]
    fn a_parsed_form_at_hand_makes_no_other_body() {
        let parsed = TaskJson::parse(r#"{ "a": [1.0, null] }"#).expect("an object");
        let text = TaskJson::from_stored(parsed.as_str()).expect("an object");
        assert_eq!(parsed, text);
        assert_eq!(*parsed.value(), *text.value());
        assert!(text.value_at_hand().is_none() && text.with_value().value_at_hand().is_some());
    }

    #[test]
    fn what_is_not_an_object_is_named() {
        let error = TaskJson::parse("[1]").expect_err("an array");
        assert_eq!(
            error.to_string(),
            "expected an object such as {\"text\": \"…\"}, found an array"
        );
    }

    #[test]
    fn a_syntax_error_knows_its_column() {
        let Err(TaskJsonError::Syntax { line, column, .. }) = TaskJson::parse(r#"{"a": tru}"#)
        else {
            panic!("expected a syntax error");
        };
        assert_eq!((line, column), (1, 10));
    }

    #[test]
    fn too_deep_is_refused() {
        let text = format!("{{\"a\":{}{}}}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
        assert!(matches!(TaskJson::parse(&text), Err(TaskJsonError::TooDeep)));
    }

    #[test]
    fn what_an_export_kept_apart_counts_as_it_stood_in_the_task() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let kept = |levels| format!("{{\"text\":\"a\",\"_task\":{{\"x\":{}}}}}", nested(levels));
        assert!(TaskJson::parse(&kept(MAX_DEPTH - 1)).is_ok());
        assert!(matches!(TaskJson::parse(&kept(MAX_DEPTH)), Err(TaskJsonError::TooDeep)));
        let listed = format!("{{\"_task\":{}}}", nested(MAX_DEPTH));
        assert!(
            matches!(TaskJson::parse(&listed), Err(TaskJsonError::TooDeep)),
            "a list is no task"
        );
    }
}
