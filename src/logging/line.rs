//! One line of the log, as text and as JSON.

use std::fmt::{self, Write};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata};

/// An event with its fields, and those of what it happened in.
pub(super) struct Line {
    pub(super) about: &'static Metadata<'static>,
    at: jiff::Timestamp,
    pub(super) message: String,
    fields: Fields,
}

/// Names and values in their order, each name once.
#[derive(Default)]
pub(super) struct Fields {
    message: String,
    values: Vec<(&'static str, Value)>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        let name = field.name();
        if name == "message" {
            self.message = match value {
                Value::String(text) => text,
                other => other.to_string(),
            };
            return;
        }
        match self.values.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.values.push((name, value)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, Value::String(format!("{value:?}")));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }
}

impl Line {
    pub(super) fn new(event: &Event<'_>) -> Self {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let message = std::mem::take(&mut fields.message);
        Self { about: event.metadata(), at: jiff::Timestamp::now(), message, fields }
    }

    /// Adds the fields of a span that it happened in; what is nearer to the event goes before.
    pub(super) fn add(&mut self, fields: &Fields) {
        for (name, value) in &fields.values {
            if !self.fields.values.iter().any(|(known, _)| known == name) {
                self.fields.values.push((name, value.clone()));
            }
        }
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.fields.values.iter().map(|(name, value)| (*name, value))
    }

    pub(super) fn to_text(&self, colour: bool) -> String {
        let level = *self.about.level();
        let (paint, plain) = if colour { (code(level), "\u{1b}[0m") } else { ("", "") };
        format!("{:.3} {paint}{level:>5}{plain} {}\n", self.at, self.words())
    }

    /// The message and the fields for people. What has several lines stands below, indented.
    pub(super) fn words(&self) -> String {
        let mut words = indented(&self.message);
        let mut below = String::new();
        for (name, value) in self.fields() {
            match value {
                Value::String(text) if text.contains('\n') => {
                    let _ = write!(below, "\n    {}", indented(text));
                }
                Value::String(text) if is_plain(text) => {
                    let _ = write!(words, " {name}={text}");
                }
                other => {
                    let _ = write!(words, " {name}={}", tame(&other.to_string()));
                }
            }
        }
        words + &below
    }

    pub(super) fn to_json(&self) -> String {
        let mut object = Map::new();
        object.insert("timestamp".into(), format!("{:.3}", self.at).into());
        object.insert("level".into(), self.about.level().as_str().into());
        object.insert("message".into(), self.message.as_str().into());
        for (name, value) in self.fields() {
            object.entry(name).or_insert_with(|| value.clone());
        }
        tame(&Value::Object(object).to_string()) + "\n"
    }
}

/// The message about lines that were dropped because their reader had stopped.
const LOST: &str = "lines of the log are lost: the reader of standard error had stopped";

/// The same as a line of text.
pub(super) fn lost_as_text(lost: u64) -> String {
    format!("{:.3}  WARN {LOST} lines={lost}\n", jiff::Timestamp::now())
}

/// The same as a line of JSON.
pub(super) fn lost_as_json(lost: u64) -> String {
    let at = format!("{:.3}", jiff::Timestamp::now());
    let line =
        serde_json::json!({"timestamp": at, "level": "WARN", "message": LOST, "lines": lost});
    line.to_string() + "\n"
}

/// Whether a character could deceive a reader: by controlling the terminal, or by reversing the
/// text.
fn is_tricky(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// JSON, which escapes only what is below a blank, with the other tricky characters escaped as
/// well. They stand in its strings alone.
fn tame(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if is_tricky(c) {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether a value can stand without quotation marks.
fn is_plain(text: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || is_tricky(c) || matches!(c, '"' | '=' | '\\');
    !text.is_empty() && !text.contains(odd)
}

/// A text whose further lines belong to the first, and which cannot play tricks on a terminal.
fn indented(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.trim_end().chars() {
        match c {
            '\n' => out.push_str("\n    "),
            c if is_tricky(c) && c != '\t' => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

fn code(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\u{1b}[31m",
        Level::WARN => "\u{1b}[33m",
        Level::INFO => "\u{1b}[32m",
        _ => "\u{1b}[2m",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_where_they_could_be_mistaken() {
        assert!(is_plain("andy") && is_plain("/give_answers") && is_plain("05ed4742-13"));
        for text in ["", "two words", "a=b", "say \"x\"", "a\u{1b}[0m"] {
            assert!(!is_plain(text), "{text:?}");
        }
    }

    #[test]
    fn a_message_of_several_lines_is_one_event_and_plays_no_tricks() {
        assert_eq!(indented("one\ntwo\u{1b}[2J\n"), "one\n    two\\u{1b}[2J");
        let odd = Value::from("a\u{9b}2J\u{7f}\u{202e}b").to_string();
        assert_eq!(tame(&odd), r#""a\u009b2J\u007f\u202eb""#);
        let back: Value = serde_json::from_str(&tame(&odd)).expect("it is JSON still");
        assert_eq!(back, "a\u{9b}2J\u{7f}\u{202e}b");
    }
}
