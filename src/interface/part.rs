//! A part of a card that is made of several: an interface with a task and settings of its own.
//!
//! `blocks` and `pages` make a list of these and ask each, as a project asks its interface; they
//! know nothing of what a part is.

use serde_json::{Map, Value};

use super::spec::{Card, Unfit};
use super::{Interface, Settings};
use crate::task::TaskJson;

pub(super) struct Part {
    pub interface: Interface,
    pub body: TaskJson,
}

impl Part {
    /// A part of this view, or nothing if this build has none. `labels` and `config` say how it is
    /// set.
    pub(super) fn new(
        card: &Card<'_>,
        view: &str,
        labels: Option<&Value>,
        config: Map<String, Value>,
        task: &Map<String, Value>,
    ) -> Option<Self> {
        let own: Option<Vec<String>> =
            labels.and_then(|labels| serde_json::from_value(labels.clone()).ok());
        let labels = own.unwrap_or_else(|| card.labels().to_vec());
        let interface =
            Interface::new(view, Settings { labels, config })?.with_tokenizer(card.tokenizer);
        Some(Self { interface, body: TaskJson::from_object(task.clone()).ok()? })
    }

    pub(super) fn card(&self) -> Card<'_> {
        self.interface.card(&self.body)
    }

    /// The keys of an answer that are this part's.
    pub(super) fn answer_keys(&self) -> Vec<String> {
        (self.interface.spec.answer_keys)(&self.card())
    }

    /// The keys that this part shows as they are.
    pub(super) fn judges(&self) -> Vec<&'static str> {
        (self.interface.spec.judges)(&self.card())
    }

    /// Checks, when a task is loaded, that this part can be shown and answered.
    pub(super) fn fits(&self) -> Result<(), Unfit> {
        (self.interface.spec.fits)(&self.card())
    }

    pub(super) fn needs_tokens(&self) -> bool {
        (self.interface.spec.tokens)(&self.card())
    }
}

/// The settings that hold for a whole card: the project's, and the task's own before them.
pub(super) fn settings_of(card: &Card<'_>) -> Map<String, Value> {
    let mut config = card.settings().config.clone();
    if let Some(Value::Object(own)) = card.get("config") {
        config.extend(own.into_iter().filter(|(_, value)| !value.is_null()));
    }
    config
}
