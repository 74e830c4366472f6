//! What an interface is to the server, and what it is shown of a task.

use std::borrow::Cow;
use std::cell::OnceCell;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Settings, fits};
#[cfg(test)]
use crate::task::TOKENIZER;
use crate::task::{Fields, TaskJson, Token, Verdict, reading, tokenize};

pub use super::fits::Unfit;

/// See [`InterfaceSpec::fits`].
type Fits = fn(&Card<'_>) -> Result<(), Unfit>;

/// See [`InterfaceSpec::check`].
type Check = fn(&Card<'_>, Verdict, &mut Map<String, Value>) -> Result<(), AnswerError>;

/// An interface, as functions of a task and its settings.
pub(super) struct InterfaceSpec {
    /// The `view_id`.
    pub name: &'static str,
    /// Checks, when a task is loaded, that it can be shown and that its answers can be taken.
    pub fits: Fits,
    /// The keys that hold what a card is about. A task needs one of them at least.
    pub content: &'static [&'static str],
    /// The keys that a card shows around it.
    pub context: &'static [&'static str],
    /// The keys of a task that an answer sets. The annotator produces them, unless `judges`
    /// has them, too.
    pub answer_keys: fn(&Card<'_>) -> Vec<String>,
    /// The keys that a card shows as the task has them, and in which the annotator makes nothing
    /// new, such as the spans of `ner`. A task with other values there is another task, also where
    /// another block of the same card sets the key.
    pub judges: fn(&Card<'_>) -> Vec<&'static str>,
    /// Whether spans are drawn on the text, so that it needs tokens.
    pub tokens: fn(&Card<'_>) -> bool,
    /// What the page needs beside the task, by key: HTML from a template (`_clean`), what the parts
    /// of a card need (`_parts`).
    pub page_extras: fn(&Card<'_>) -> Map<String, Value>,
    /// Whether `check` judges even what the task came with and the annotator left.
    pub always_validates: fn(&Card<'_>) -> bool,
    /// Checks what an answer adds (`data`) against the task, and completes it.
    pub check: Check,
}

/// Where an answer to what is shown is a verdict and nothing else; others change what differs.
pub(super) const PLAIN: InterfaceSpec = InterfaceSpec {
    name: "",
    fits: fits::content,
    content: &fits::CONTENT,
    context: &fits::CONTEXT,
    answer_keys: |_| Vec::new(),
    judges: |_| Vec::new(),
    tokens: |_| false,
    page_extras: |_| Map::new(),
    always_validates: |_| false,
    check: |_, _, _| Ok(()),
};

/// A task, with what holds for it. A key that is `null` is absent (`reading`).
pub struct Card<'a> {
    settings: &'a Settings,
    /// The task as it is stored.
    pub task: &'a TaskJson,
    /// The version of the rule for tokens.
    pub tokenizer: u16,
    fields: OnceCell<Fields>,
}

impl<'a> Card<'a> {
    pub(super) fn new(settings: &'a Settings, task: &'a TaskJson, tokenizer: u16) -> Self {
        Self { settings, task, tokenizer, fields: OnceCell::new() }
    }

    /// What the project says about its interface.
    pub(super) fn settings(&self) -> &'a Settings {
        self.settings
    }

    /// The keys of the task that are there.
    pub(super) fn fields(&self) -> &Fields {
        self.fields.get_or_init(|| reading::fields(self.task))
    }

    /// A setting for this task: its own, or the project's.
    pub fn setting(&self, key: &str) -> Option<Value> {
        let own = self.get("config").and_then(|config| reading::get(&config, key).cloned());
        let set = || self.settings.config.get(key).filter(|value| !value.is_null()).cloned();
        own.or_else(set)
    }

    /// Whether a setting is `true`.
    pub fn is_on(&self, key: &str) -> bool {
        self.setting(key) == Some(Value::Bool(true))
    }

    /// The project's labels.
    pub fn labels(&self) -> &'a [String] {
        &self.settings.labels
    }

    /// Whether the task has this key.
    pub fn has(&self, key: &str) -> bool {
        match self.task.value_at_hand() {
            Some(task) => reading::get_in(task, key).is_some(),
            None => self.fields().contains_key(key),
        }
    }

    /// The task's value under this key, if it is there.
    pub fn get(&self, key: &str) -> Option<Value> {
        self.value(key).map(Cow::into_owned)
    }

    /// The same, as it lies in the parsed form of the task if that is at hand.
    pub fn value(&self, key: &str) -> Option<Cow<'a, Value>> {
        match self.task.value_at_hand() {
            Some(task) => reading::get_in(task, key).map(Cow::Borrowed),
            None => self.get_as(key).map(Cow::Owned),
        }
    }

    /// The task's value under this key, if it is there and has this shape.
    pub fn get_as<T: for<'de> Deserialize<'de>>(&self, key: &str) -> Option<T> {
        self.fields().get(key).and_then(|raw| serde_json::from_str(raw.get()).ok())
    }

    /// The task's list under this key; an empty one if it has none.
    pub fn list(&self, key: &str) -> Vec<Value> {
        match self.get(key) {
            Some(Value::Array(list)) => list,
            _ => Vec::new(),
        }
    }

    /// The tokens of the task's text that a span may begin or end at, for a task that has none of
    /// its own.
    pub fn computed_tokens(&self, text: &str) -> Vec<Token> {
        let mut tokens = tokenize(text, self.tokenizer);
        tokens.retain(|token| !token.is_blank());
        tokens
    }

    /// The task's text, as far as it has one.
    pub fn text(&self) -> String {
        match self.value("text").as_deref() {
            Some(Value::String(text)) => text.clone(),
            _ => String::new(),
        }
    }
}

/// Why an answer does not fit, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {message}")]
pub struct AnswerError {
    /// The place, such as `spans[2].label`.
    pub at: String,
    /// What is wrong with it and what would be right.
    pub message: String,
}

impl AnswerError {
    pub(super) fn new(at: impl Into<String>, message: impl Into<String>) -> Self {
        Self { at: at.into(), message: message.into() }
    }
}

/// What an interface makes of an answer to a task, for the tests beside each.
#[cfg(test)]
pub(super) fn receive(
    kind: &'static InterfaceSpec,
    settings: Settings,
    task: &Value,
    sent: &Value,
) -> Result<Value, String> {
    let task = TaskJson::from_value(task).expect("a task");
    let interface =
        super::Interface { spec: kind, settings: settings.into(), tokenizer: TOKENIZER };
    let (_, data) = interface
        .receive(&task, sent.as_object().expect("an object"))
        .map_err(|misfit| misfit.to_string())?;
    Ok(Value::Object(data))
}
