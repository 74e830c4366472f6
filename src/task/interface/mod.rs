//! What each interface accepts as an answer: one file for each family.
//!
//! Each has its twin in `src/web/annotate/interfaces/`, which draws it. What comes back is checked
//! against the stored task, never against the copy of it that the browser sends along.

mod choice;
mod ner_manual;

use serde_json::{Map, Value};

use super::{Body, Token, Verdict, tokenize};

/// The largest that an answer may add to its task, in bytes of JSON. All answers to a task and their
/// earlier versions share the 16 MiB that a document of MongoDB may have.
pub const MAX_ANSWER_BYTES: usize = 256 << 10;

/// An interface that this build can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Interface {
    /// A text, to be accepted or rejected.
    Text,
    /// A text, some HTML or an image, with the one label in question.
    Classification,
    /// Options to choose one or several from.
    Choice,
    /// Spans of a text, snapped to its tokens.
    NerManual,
}

/// What the project says about its interface.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The project's labels, in their order.
    pub labels: Vec<String>,
    /// Prodigy's settings, such as `choice_style`; a task's own `config` goes before them.
    pub config: Map<String, Value>,
}

impl Settings {
    /// A setting for this task: its own, or the project's.
    fn of(&self, task: &Body, key: &str) -> Option<Value> {
        let own = task.get("config").and_then(|config| config.get(key).cloned());
        own.or_else(|| self.config.get(key).cloned())
    }

    fn is_on(&self, task: &Body, key: &str) -> bool {
        self.of(task, key) == Some(Value::Bool(true))
    }
}

/// Why an answer does not fit, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {message}")]
pub struct Misfit {
    /// The place, such as `spans[2].label`.
    pub at: String,
    /// What is wrong with it and what would be right.
    pub message: String,
}

impl Misfit {
    fn new(at: impl Into<String>, message: impl Into<String>) -> Self {
        Self { at: at.into(), message: message.into() }
    }
}

impl Interface {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Text, Self::Classification, Self::Choice, Self::NerManual];

    /// The names that a roster may give as `interface`.
    pub fn names() -> Vec<&'static str> {
        Self::ALL.into_iter().map(Self::name).collect()
    }

    /// The `view_id`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Classification => "classification",
            Self::Choice => "choice",
            Self::NerManual => "ner_manual",
        }
    }

    /// The interface of this `view_id`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|interface| interface.name() == name)
    }

    /// The keys of a task that an answer through this interface sets anew.
    fn sets(self) -> &'static [&'static str] {
        match self {
            Self::Text | Self::Classification => &[],
            Self::Choice => &["accept"],
            Self::NerManual => &["spans"],
        }
    }

    /// Whether there is something of this task to show.
    ///
    /// # Errors
    /// What a task for this interface needs, and what this one has: two texts.
    pub fn can_show(self, task: &Body) -> Result<(), (&'static str, String)> {
        let (keys, needs): (&[&str], _) = match self {
            Self::NerManual => (&["text"], "a task with `text`"),
            Self::Text | Self::Classification | Self::Choice => {
                (&["text", "html", "image"], "a task with `text`, `html` or `image`")
            }
        };
        let fields = task.fields();
        if keys.iter().any(|key| fields.contains_key(*key)) {
            return Ok(());
        }
        let has: Vec<String> = fields.keys().map(|key| format!("`{key}`")).collect();
        Err((needs, if has.is_empty() { "an empty one".into() } else { has.join(", ") }))
    }

    /// What the page needs beside the task: `_tokens` where spans are drawn on a text that has
    /// no tokens of its own.
    pub fn computed_tokens(self, task: &Body) -> Option<Value> {
        serde_json::to_value(self.missing_tokens(task)?).ok()
    }

    /// The same tokens as plain values, which an export of a million answers can afford.
    pub fn missing_tokens(self, task: &Body) -> Option<Vec<Token>> {
        if self != Self::NerManual || task.fields().contains_key("tokens") {
            return None;
        }
        let text: String = task.get_as("text")?;
        Some(tokenize(&text))
    }

    /// Takes what a browser sent and gives the decision and the keys that are kept with it.
    ///
    /// Kept are the keys that the interface sets, and keys of the annotator's own (`comment`,
    /// `flagged`, …) that the task does not have. Keys that begin with `_` are the system's, and
    /// what the browser says about the task's other keys does not matter.
    ///
    /// # Errors
    /// The first place that does not fit the interface or the task.
    pub fn receive(
        self,
        settings: &Settings,
        task: &Body,
        sent: &Map<String, Value>,
    ) -> Result<(Verdict, Map<String, Value>), Misfit> {
        let verdict =
            sent.get("answer").and_then(Value::as_str).and_then(Verdict::from_text).ok_or_else(
                || Misfit::new("answer", "expected \"accept\", \"reject\" or \"ignore\""),
            )?;
        let own = task.fields();
        let mut data: Map<String, Value> = sent
            .iter()
            .filter(|(key, _)| {
                let key = key.as_str();
                key != "answer"
                    && !key.starts_with('_')
                    && (self.sets().contains(&key) || !own.contains_key(key))
            })
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let bytes = Value::Object(data.clone()).to_string().len();
        if bytes > MAX_ANSWER_BYTES {
            return Err(Misfit::new(
                "answer",
                format!("it adds {bytes} bytes to its task; at most {MAX_ANSWER_BYTES} are kept"),
            ));
        }
        match self {
            Self::Text | Self::Classification => {}
            Self::Choice => choice::check(settings, task, verdict, &mut data)?,
            Self::NerManual => ner_manual::check(settings, task, &mut data)?,
        }
        Ok((verdict, data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receive(task: &Value, sent: &Value) -> Result<(Verdict, Map<String, Value>), Misfit> {
        let task = Body::from_value(task).expect("a task");
        Interface::Classification.receive(
            &Settings::default(),
            &task,
            sent.as_object().expect("an object"),
        )
    }

    #[test]
    fn the_tasks_own_keys_cannot_be_changed_and_own_remarks_are_kept() {
        let task = serde_json::json!({"text": "a", "label": "X", "meta": {"n": 1}});
        let sent = serde_json::json!({
            "text": "b", "label": "Y", "answer": "reject", "comment": "odd", "_task_hash": 3,
        });
        let (verdict, data) = receive(&task, &sent).expect("fits");
        assert_eq!(verdict, Verdict::Reject);
        assert_eq!(Value::Object(data), serde_json::json!({"comment": "odd"}));
    }

    #[test]
    fn an_answer_needs_a_decision() {
        let task = serde_json::json!({"text": "a"});
        let misfit = receive(&task, &serde_json::json!({"answer": "yes"})).expect_err("a misfit");
        assert_eq!(misfit.to_string(), "answer: expected \"accept\", \"reject\" or \"ignore\"");
    }
}
