//! What a task suggests, apart from what it shows: for the identity of tasks.
//!
//! An annotator who produces something under a key may find a suggestion there; with another
//! suggestion it is the same task. Where they only judge what stands there, it is what they are
//! asked about. On a card of several blocks a key that one of them shows as it is counts, although
//! another one sets it: two such tasks are two cards to look at.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::setting_names::SETTINGS;
use super::spec::InterfaceSpec;
use super::{ALL, Interface, blocks, pages};
use crate::task::task_json::may_have_key;
use crate::task::{TOKENIZER, TaskJson, canonical, tokenize};

/// A setting that can show any key of a task.
const TEMPLATE: &str = "html_template";

/// The editions of the rule `content`. A store keeps the one that it was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ContentEdition {
    /// A key that one block sets is a suggestion although another block shows it.
    BeforeBlocks,
    /// No key that begins with `_` counts; templates are looked for in the text of the JSON; a text
    /// field may make a suggestion of a setting.
    First,
    /// What docs/formats.md tells.
    Second,
}

/// The keys that some interface shows as they are, in the order of a reader. They are never
/// suggestions: a text field may stand under one of them, which is then what is corrected.
static SHOWN: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let contents = ALL.iter().flat_map(|kind| kind.content);
    let all = contents.chain(ALL.iter().flat_map(|kind| kind.context));
    let mut shown: Vec<&str> = Vec::new();
    for key in all {
        if !shown.contains(key) {
            shown.push(key);
        }
    }
    shown
});

/// What templates show of a task.
#[derive(Clone, Debug, Default)]
pub(crate) struct Templates {
    /// Whether there is one.
    any: bool,
    /// The keys that they name.
    keys: HashSet<String>,
}

impl Templates {
    /// Those of a project.
    pub(crate) fn of_project(interface: &Interface, edition: ContentEdition) -> Self {
        let config = Value::Object(interface.settings.config.clone());
        Self::default().with(Some(&config), edition).into_owned()
    }

    /// Those of a task, as its own `config`, its blocks and its pages have them.
    pub(crate) fn of_task(task: &TaskJson, edition: ContentEdition) -> Self {
        if edition < ContentEdition::Second {
            return Self::in_text(task.as_str());
        }
        if !may_have_key(task.as_str(), TEMPLATE) {
            return Self::default();
        }
        let mut found = Self::default();
        task.value().iter().for_each(|(key, value)| found.look_into(key, value));
        found
    }

    /// Adds the templates within the value under a key. The depth is bounded by what a task may
    /// have.
    fn look_into(&mut self, key: &str, value: &Value) {
        match value {
            Value::String(template) if key == TEMPLATE => {
                self.any = true;
                self.keys.extend(names(template).map(str::to_owned));
            }
            Value::Array(items) => items.iter().for_each(|item| self.look_into("", item)),
            Value::Object(keys) => keys.iter().for_each(|(key, value)| self.look_into(key, value)),
            _ => {}
        }
    }

    /// Whether there is one.
    pub(crate) fn are_there(&self) -> bool {
        self.any
    }

    /// These, and those of more settings.
    pub(super) fn with(&self, settings: Option<&Value>, edition: ContentEdition) -> Cow<'_, Self> {
        let more = settings.map(|settings| {
            if edition < ContentEdition::Second {
                return Self::in_text(&settings.to_string());
            }
            let mut more = Self::default();
            more.look_into("", settings);
            more
        });
        let Some(mut more) = more.filter(|more| more.any) else { return Cow::Borrowed(self) };
        more.keys.extend(self.keys.iter().cloned());
        Cow::Owned(more)
    }

    /// Those in a text of JSON, as the first editions of the rule found them: not where a key or a
    /// name is written with escapes.
    fn in_text(text: &str) -> Self {
        if !text.contains(TEMPLATE) {
            return Self::default();
        }
        let names = text.split("{{").skip(1).map(|tag| {
            let name = tag.trim_start_matches(['{', '#', '^', '&', '/', ' ']);
            let end = name.find([' ', '}', '.']).unwrap_or(name.len());
            name[..end].to_owned()
        });
        Self { any: true, keys: names.collect() }
    }
}

/// The keys that a template names, without what is within them.
fn names(template: &str) -> impl Iterator<Item = &str> {
    template.split("{{").skip(1).map(|tag| {
        let tag = tag.split_once("}}").map_or(tag, |(tag, _)| tag);
        let name = tag.trim().trim_start_matches(['{', '#', '^', '&', '/']).trim();
        name.split('.').next().unwrap_or(name)
    })
}

/// How suggestions are parted from what counts.
#[derive(Clone, Copy)]
pub(crate) struct Parting<'a> {
    /// The project's templates.
    pub templates: &'a Templates,
    /// By which edition of the rule.
    pub edition: ContentEdition,
}

impl Interface {
    /// The keys that cards show as a task has them, those of this interface first.
    pub fn shown(&self) -> Vec<&'static str> {
        let own = self.spec.content.iter().chain(self.spec.context);
        let mut shown: Vec<&str> = own.copied().collect();
        shown.extend(
            SHOWN
                .iter()
                .filter(|key| !self.spec.content.contains(key) && !self.spec.context.contains(key)),
        );
        shown
    }

    /// The keys that hold what cards are about; of blocks, those of the project's blocks.
    pub fn content(&self) -> Vec<&'static str> {
        if self.spec.name != blocks::SPEC.name {
            return self.spec.content.to_vec();
        }
        let Ok(nothing) = TaskJson::from_value(&Value::Object(Map::new())) else {
            return Vec::new();
        };
        let parts = blocks::parts(&self.card(&nothing));
        parts.iter().flat_map(|(part, _)| part.interface.spec.content).copied().collect()
    }

    /// Whether cards show what a task has under this key.
    pub fn shows(&self, task: &TaskJson, key: &str) -> bool {
        let shows =
            |kind: &InterfaceSpec| kind.content.contains(&key) || kind.context.contains(&key);
        let card = self.card(task);
        shows(self.spec)
            || (self.spec.name == blocks::SPEC.name
                && blocks::parts(&card).iter().any(|(part, _)| shows(part.interface.spec)))
    }

    /// Parts what a task shows from what it suggests: keys in which the annotator produces
    /// something go from `counts` to `suggestions`, and tokens that would be computed without them
    /// go.
    pub(crate) fn part_suggestions(
        &self,
        task: &TaskJson,
        how: Parting<'_>,
        counts: &mut Map<String, Value>,
        suggestions: &mut Map<String, Value>,
    ) {
        let card = self.card(task);
        if self.spec.name == pages::SPEC.name {
            return pages::part_suggestions(&card, how, counts, suggestions);
        }
        let mut set: Vec<String> = (self.spec.answer_keys)(&card);
        set.retain(|key| {
            counts.contains_key(key)
                && !SHOWN.contains(&key.as_str())
                && !how.templates.keys.contains(key)
                // A text field may stand under any key, also under one that says how a card looks.
                && (how.edition < ContentEdition::Second || !SETTINGS.contains(&key.as_str()))
        });
        // Most tasks suggest nothing, and cost no further look.
        if !set.is_empty() {
            let of_task = Templates::of_task(task, how.edition);
            let judged = if how.edition == ContentEdition::BeforeBlocks
                && self.spec.name == blocks::SPEC.name
            {
                blocks::judged_by_their_own(&card)
            } else {
                (self.spec.judges)(&card)
            };
            for key in set {
                if of_task.keys.contains(&key) {
                    continue;
                }
                if !judged.contains(&key.as_str()) {
                    suggestions.extend(counts.shift_remove_entry(&key));
                } else if counts[&key].as_array().is_some_and(Vec::is_empty) {
                    // An answer says of what is not there that there is none.
                    counts.shift_remove(&key);
                }
            }
        }
        if let (Some(tokens), Some(Value::String(text))) =
            (counts.get("tokens"), counts.get("text"))
            && (self.spec.tokens)(&card)
            && are_computed(tokens, text)
        {
            counts.shift_remove("tokens");
        }
    }
}

/// Whether these are the tokens that some version of the tokenizer makes of this text: they came
/// with an export.
fn are_computed(tokens: &Value, text: &str) -> bool {
    let tokens = canonical::text(tokens);
    (1..=TOKENIZER).rev().any(|version| {
        serde_json::to_value(tokenize(text, version))
            .is_ok_and(|computed| canonical::text(&computed) == tokens)
    })
}
