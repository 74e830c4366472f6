//! What a task has to be so that it can be shown and its answers can be taken: the checks at load
//! that several interfaces share.
//!
//! They stand apart from the checks of answers because they are stricter: a task that is stored
//! already, however odd, is still served, and can be accepted as it is.

use serde_json::Value;
use serde_json::value::RawValue;

use super::pieces;
use super::spec::Card;
use crate::task::picture::Size;
use crate::task::{reading, task_json};

/// Why a task cannot be shown, or an answer to it not be taken, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// The place, as a JSON pointer such as `/spans/2/label`; empty for the whole task.
    pub at: String,
    /// What would be right there.
    pub expected: String,
    /// What is there.
    pub found: String,
    /// What to do about it, where that is not plain.
    pub help: Option<String>,
    /// Whether the task merely has nothing to show. On a card of several interfaces another one
    /// may.
    pub(super) empty: bool,
}

impl Unfit {
    pub(super) fn new(
        at: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        let (at, expected, found) = (at.into(), expected.into(), found.into());
        Self { at, expected, found, help: None, empty: false }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The task has nothing to show.
    pub(super) fn nothing(card: &Card<'_>, needs: &str) -> Self {
        let keys = card.task.fields();
        let has: Vec<String> = keys.iter().map(|(key, value)| named(key, value)).collect();
        let has = if has.is_empty() { "an empty one".into() } else { has.join(", ") };
        Self { empty: true, ..Self::new("", needs, has) }
    }

    /// The same of a part of the task that lies at `within`, for which `whose` is a name.
    pub(super) fn inside(self, within: &str, whose: &str) -> Self {
        let expected = format!("{} for {whose}", self.expected);
        Self { at: format!("{within}{}", self.at), expected, ..self }
    }

    /// The same of a row in a table with these columns. A task that lacks what `content` names has
    /// no column for it, which is called otherwise in the table, or an empty cell there.
    #[must_use]
    pub fn in_table(self, columns: &[String], content: &[&str]) -> Self {
        let Some(first) = content.first() else { return self };
        if !self.empty || !self.at.is_empty() {
            return self;
        }
        if let Some(column) = content.iter().find(|key| columns.iter().any(|name| name == *key)) {
            let found = format!("an empty cell under `{column}`");
            return Self { found, ..self }.help("fill it in, or leave the row out");
        }
        let columns: Vec<String> = columns.iter().map(|name| format!("`{name}`")).collect();
        let found = format!("a table with the columns {}", columns.join(", "));
        let help = format!("name the column that holds it `{first}`, in the first row");
        Self { found, ..self }.help(help)
    }

    /// The size that the task says is not that of its picture, in whatever way it lies.
    pub fn of_size(size: Size, width: f64, height: f64) -> Self {
        let expected = format!("the size of the picture, {} by {}", size.width, size.height);
        Self::new("/width", expected, format!("{width} by {height}"))
            .help("leave `width` and `height` out, and the picture is measured")
    }
}

fn named(key: &str, value: &RawValue) -> String {
    if value.get() == "null" { format!("`{key}` that is null") } else { format!("`{key}`") }
}

/// What a value is, in words that say why it is no text.
fn what(value: &Value) -> &'static str {
    match value {
        Value::String(text) if text.is_empty() => "an empty one",
        Value::String(_) => "one of blanks alone",
        Value::Array(_) => "a list",
        other => task_json::name_of(other),
    }
}

/// Checks that a value is a text in which something can be read.
pub(super) fn a_text(value: &Value, at: &str, name: &str) -> Result<(), Unfit> {
    match value {
        Value::String(text) if !reading::is_blank(text) => Ok(()),
        value => {
            let unfit = Unfit::new(at, format!("a text under `{name}`"), what(value));
            Err(match value {
                Value::Number(_) | Value::Bool(_) => unfit.help("write it in quotation marks"),
                Value::Array(_) => unfit.help("join its parts to one text"),
                Value::Object(_) => unfit.help("name the part of it that is meant"),
                _ => unfit.help("leave the task out if there is nothing to show"),
            })
        }
    }
}

/// Checks that of these keys the task has one at least, and that each that it has is a text.
pub(super) fn texts(card: &Card<'_>, keys: &[&str], needs: &str) -> Result<(), Unfit> {
    let mut blank = None;
    let mut some = false;
    for key in keys {
        let Some(value) = card.get(key) else { continue };
        match a_text(&value, &format!("/{key}"), key) {
            Ok(()) => some = true,
            Err(unfit) if value.is_string() => blank = Some(unfit),
            Err(unfit) => return Err(unfit),
        }
    }
    // A blank beside something to see is no loss.
    match blank {
        _ if some => Ok(()),
        Some(blank) => Err(blank),
        None => Err(Unfit::nothing(card, needs)),
    }
}

/// The keys of what a card is about, where nothing else is said: what `drawContent` on the page
/// draws.
pub(super) const CONTENT: [&str; 3] = ["text", "html", "image"];
/// The keys of the document around a text (`document.js`).
pub(super) const CONTEXT: [&str; 4] = ["title", "body", "context_before", "context_after"];
/// The same beneath a question about a label.
pub(super) const LABEL_AND_CONTEXT: [&str; 5] =
    ["label", "title", "body", "context_before", "context_after"];

/// What a card judges that draws a text with its spans.
pub(super) fn spans_of_text(card: &Card<'_>) -> Vec<&'static str> {
    if card.has("text") { vec!["spans"] } else { Vec::new() }
}

/// The same, where a template takes the text's place.
pub(super) fn spans_of_content(card: &Card<'_>) -> Vec<&'static str> {
    if super::html::has_template(card) { Vec::new() } else { spans_of_text(card) }
}

/// What `drawContent` shows: HTML from a template, or the task's own text, HTML or picture, with
/// its spans.
pub(super) fn content(card: &Card<'_>) -> Result<(), Unfit> {
    super::html::template(card).unwrap_or_else(|| own_content(card))
}

/// The same without a template.
pub(super) fn own_content(card: &Card<'_>) -> Result<(), Unfit> {
    texts(card, &CONTENT, "a task with `text`, `html` or `image`")?;
    if card.has("text") && !card.has("image") {
        spans(card, &card.text(), false)?;
    }
    Ok(())
}

/// A text with spans that are judged as they are.
pub(super) fn text_to_read(card: &Card<'_>) -> Result<(), Unfit> {
    text(card)?;
    spans(card, &card.text(), true)
}

/// A text that is marked word by word.
pub(super) fn text_to_mark(card: &Card<'_>) -> Result<(), Unfit> {
    text_to_read(card)?;
    pieces::fits(card, &card.text())
}

/// A text with words that something leads between.
pub(super) fn text_to_join(card: &Card<'_>) -> Result<(), Unfit> {
    text(card)?;
    spans(card, &card.text(), false)?;
    pieces::fits(card, &card.text())
}

fn text(card: &Card<'_>) -> Result<(), Unfit> {
    texts(card, &["text"], "a task with `text`")
}

/// The task's list under a key, if it has one.
pub(super) fn list(card: &Card<'_>, key: &str, of: &str) -> Result<Vec<Value>, Unfit> {
    match card.get(key) {
        None => Ok(Vec::new()),
        Some(Value::Array(list)) => Ok(list),
        Some(other) => {
            Err(Unfit::new(format!("/{key}"), format!("a list of {of}"), what_is(&other))
                .help("leave the key out if there are none"))
        }
    }
}

/// What a value is.
pub(super) fn what_is(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::Array(_) => "a list".into(),
        other => task_json::name_of(other).into(),
    }
}

/// Checks that the spans of a text lie in it.
pub(super) fn spans(card: &Card<'_>, text: &str, labelled: bool) -> Result<(), Unfit> {
    let length = text.chars().count();
    for (index, span) in list(card, "spans", "spans")?.iter().enumerate() {
        let at = format!("/spans/{index}");
        let (start, end) = stretch(span, &at, "a span")?;
        if start >= end || end > length {
            let inside = format!("a span inside of the text of {length} characters");
            return Err(Unfit::new(at, inside, format!("{start} to {end}"))
                .help("start and end count code points, from 0, and end is exclusive"));
        }
        match reading::get(span, "label") {
            None if !labelled => {}
            Some(Value::String(_)) => {}
            None => return Err(Unfit::new(at, "a span with a `label`", "none")),
            Some(other) => {
                return Err(Unfit::new(format!("{at}/label"), "a label", what_is(other))
                    .help("write it in quotation marks"));
            }
        }
    }
    Ok(())
}

/// Where something lies in a text.
pub(super) fn stretch(value: &Value, at: &str, what: &str) -> Result<(usize, usize), Unfit> {
    if !value.is_object() {
        let expected = format!("{what}, an object with `start` and `end`");
        return Err(Unfit::new(at, expected, what_is(value)));
    }
    let offset = |key: &str| match reading::get(value, key) {
        None => {
            Err(Unfit::new(at, format!("{what} with `start` and `end`"), format!("no `{key}`")))
        }
        Some(other) => reading::offset(value, key).ok_or_else(|| {
            Unfit::new(format!("{at}/{key}"), "a place in the text, from 0", what_is(other))
        }),
    };
    Ok((offset("start")?, offset("end")?))
}

#[cfg(test)]
mod table_tests {
    use crate::interface::{Interface, Settings};
    use crate::task::TaskJson;

    #[test]
    fn a_table_without_a_text_says_which_columns_it_has_and_what_to_name_one() {
        let said = |view: &str, task: &str, columns: &[&str]| {
            let interface = Interface::new(view, Settings::default()).expect("it is there");
            let unfit =
                interface.can_show(&TaskJson::parse(task).expect("a task")).expect_err("unfit");
            let columns: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
            let unfit = unfit.in_table(&columns, &interface.content());
            format!(
                "{}, found {} ({})",
                unfit.expected,
                unfit.found,
                unfit.help.unwrap_or_default()
            )
        };
        assert_eq!(
            said("ner_manual", r#"{"satz":"a"}"#, &["satz", "meta.source"]),
            "a task with `text`, found a table with the columns `satz`, `meta.source` (name the column that \
             holds it `text`, in the first row)"
        );
        assert_eq!(
            said("text", r#"{"n":"a"}"#, &["n", "html"]),
            "a task with `text`, `html` or `image`, found an empty cell under `html` (fill it in, or leave the \
             row out)"
        );
        assert!(said("audio", r#"{"file":"a.wav"}"#, &["file"]).contains("holds it `audio`"));
        // What is there and wrong has its own place.
        assert!(said("text", r#"{"text":5}"#, &["text"]).contains("found a number"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::interface::{Interface, Settings};

    /// What loading says of a task: the place in its text, and the words.
    fn said(view: &str, task: &str) -> Result<(), (String, String)> {
        let settings = Settings { labels: vec!["A".into()], ..Settings::default() };
        let interface = Interface::new(view, settings).expect("it is there");
        let task = crate::task::TaskJson::parse(task).expect("a task");
        interface.can_show(&task).map_err(|unfit| {
            let rest = &task.as_str()[crate::task::task_json::place(task.as_str(), &unfit.at).at..];
            let place: String = rest.chars().take(6).collect();
            (place, format!("{}, found {}", unfit.expected, unfit.found))
        })
    }

    #[test]
    fn what_is_no_text_is_refused_where_a_text_belongs() {
        let keys = [
            ("text", "text"),
            ("classification", "text"),
            ("choice", "text"),
            ("ner", "text"),
            ("ner_manual", "text"),
            ("spans", "text"),
            ("spans_manual", "text"),
            ("pos", "text"),
            ("pos_manual", "text"),
            ("dep", "text"),
            ("relations", "text"),
            ("html", "html"),
            ("image", "image"),
            ("image_manual", "image"),
            ("audio", "audio"),
            ("audio_manual", "video"),
        ];
        for (view, key) in keys {
            for value in ["null", "\"\"", "\" \\n\"", "5", "[\"a\"]", "{\"0\":\"a\"}", "true"] {
                let task = format!("{{\"{key}\":{value},\"meta\":{{\"n\":1}}}}");
                let refused = said(view, &task).expect_err(&task);
                if value == "null" {
                    assert!(refused.1.contains("that is null"), "{view}: {refused:?}");
                } else {
                    assert!(refused.1.starts_with("a text under"), "{view}: {refused:?}");
                    assert!(value.starts_with(&refused.0[..1]), "{view}: {refused:?}");
                }
            }
            assert_eq!(said(view, &format!("{{\"{key}\":\"a\"}}")), Ok(()), "{view}");
        }
    }

    #[test]
    fn nulls_are_nowhere() {
        for (view, own) in [
            ("text", json!({"text": "a"})),
            ("choice", json!({"text": "a"})),
            ("ner_manual", json!({"text": "a"})),
            ("relations", json!({"text": "a"})),
            ("dep", json!({"text": "a"})),
            ("image_manual", json!({"image": "a.png"})),
            ("audio_manual", json!({"audio": "a.wav"})),
            ("compare", json!({"accept": "a", "reject": "b"})),
            ("llm_io", json!({"prompt": "a"})),
            ("text_input", json!({"text": "a"})),
        ] {
            let mut task = serde_json::Map::new();
            for key in [
                "text",
                "html",
                "image",
                "audio",
                "spans",
                "tokens",
                "options",
                "accept",
                "reject",
                "relations",
                "arcs",
                "width",
                "height",
                "config",
                "llm",
                "user_input",
            ] {
                task.insert(key.into(), Value::Null);
            }
            task.extend(own.as_object().expect("an object").clone());
            assert_eq!(said(view, &Value::Object(task).to_string()), Ok(()), "{view}");
        }
    }

    #[test]
    fn spans_lie_in_the_text_and_tokens_are_the_texts() {
        let refused = |keys: &str, place: &str, words: &str| {
            let task = format!("{{\"text\":\"Añb c\",{keys}}}");
            for view in ["ner_manual", "dep", "relations"] {
                let (found, said) = said(view, &task).expect_err(&task);
                assert!(found.starts_with(place), "{view} {task}: {found:?} {said}");
                assert!(said.starts_with(words), "{view} {task}: {said}");
            }
        };
        let span = |inside: &str| format!("\"spans\":[{{{inside}}}]");
        refused("\"spans\":0", "0", "a list of spans, found 0");
        refused("\"spans\":[null]", "null", "a span, an object with");
        refused(&span("\"start\":0"), "{\"star", "a span with `start` and `end`, found no `end`");
        refused(&span("\"start\":0.5,\"end\":3"), "0.5", "a place in the text");
        refused(
            &span("\"start\":0,\"end\":6,\"label\":\"A\""),
            "{\"star",
            "a span inside of the text of 5",
        );
        refused(&span("\"start\":0,\"end\":3,\"label\":5"), "5", "a label, found 5");
        let tokens = |inside: &str| format!("\"tokens\":[{inside}]");
        refused(&tokens(""), "[]", "tokens");
        refused(&tokens("{\"text\":\"Añb\"}"), "{\"text", "a token with `start` and `end`");
        refused(
            &tokens("{\"start\":0,\"end\":3},{\"start\":2,\"end\":5}"),
            "{\"star",
            "a token after",
        );
        refused(
            &tokens("{\"start\":0,\"end\":3,\"text\":\"Abb\"}"),
            "\"Abb\"",
            "the text at 0 to 3, \"Añb\"",
        );
        refused(&tokens("{\"start\":3,\"end\":9}"), "{\"star", "a token inside of the text");
        refused(&tokens("{\"start\":0,\"end\":3,\"id\":\"x\"}"), "\"x\"", "a whole number");
        let twice = "{\"start\":0,\"end\":3,\"id\":1},{\"start\":4,\"end\":5,\"id\":1.0}";
        refused(&tokens(twice), "1.0", "an id of its own");
        let fine = "{\"text\":\"Añb c\",\"tokens\":[{\"start\":0.0,\"end\":3,\"id\":null,\"text\":null}],\
                    \"spans\":[{\"start\":0e0,\"end\":3.0,\"label\":\"A\",\"token_start\":null}]}";
        for view in ["ner", "ner_manual", "dep", "relations", "text"] {
            assert_eq!(said(view, fine), Ok(()), "{view}");
        }
    }
}
