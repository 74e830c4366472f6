//! What is decided about one task when it enters, what a load may say about it, and what can be
//! wrong with it.

use serde_json::Value;

use super::profile::meta;
use super::{Lane, Purpose};
use crate::task::{Body, reading};

/// What a load says instead of the project's rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Answers wanted for each task.
    pub annotations: Option<u32>,
    /// The annotators whom these tasks are for.
    pub to: Vec<String>,
    /// How early: higher comes first, 0 is the rule.
    pub priority: Option<i32>,
}

/// What is decided about a task when it enters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Answers wanted, at least one.
    pub wanted: u32,
    /// Who may have it.
    pub lanes: Vec<Lane>,
    /// How early: higher comes first.
    pub priority: i32,
    /// Which part of the project's mixture it was counted to; none if the mixture was not asked;
    /// [`ALL_ANNOTATORS`](super::ALL_ANNOTATORS) if it is for all.
    pub part: Option<u16>,
    /// Whether the task or the load names its annotators: then only a lead moves it.
    pub bound: bool,
    /// What it is there for.
    pub purpose: Purpose,
}

impl Plan {
    /// So many answers by whoever may use these lanes.
    pub fn new(wanted: u32, lanes: Vec<Lane>) -> Self {
        Self { wanted, lanes, priority: 0, part: None, bound: false, purpose: Purpose::Regular }
    }
}

/// Why a task cannot be planned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// It names somebody who is not in the roster.
    #[error(
        "{field} names {name:?}, who is not in the roster; mend the name, or add them to \
         annotators.toml"
    )]
    NotInRoster {
        /// The path of the key.
        field: String,
        /// The name.
        name: String,
    },
    /// What should name annotators is neither a name nor a list of names.
    #[error("{field} should be an annotator's name or a list of names, found {found}")]
    NotNames {
        /// The path of the key.
        field: String,
        /// What stands there.
        found: String,
    },
    /// More answers are wanted than there are people who may give them.
    #[error("{wanted} answers are wanted of {names} named annotators; name more, or want fewer")]
    TooFewNamed {
        /// Answers wanted.
        wanted: u32,
        /// Annotators named.
        names: usize,
    },
    /// What should be tags is something else.
    #[error("meta.requires should be a tag or a list of tags, such as [\"es\"], found {found}")]
    NotTags {
        /// What stands there.
        found: String,
    },
    /// It requires what nobody has.
    #[error(
        "meta.requires asks for {tag:?}, a tag that nobody in the roster has; mend it, or give it \
         to somebody in annotators.toml"
    )]
    NobodyHas {
        /// The tag.
        tag: String,
    },
    /// It names somebody who lacks a tag that it requires.
    #[error(
        "it is for {name}, who does not have the tag {tag:?} that meta.requires asks for; give it \
         to them in annotators.toml, or name somebody else"
    )]
    LacksTag {
        /// Who is named.
        name: String,
        /// What they lack.
        tag: String,
    },
    /// Its priority is no whole number.
    #[error("meta.priority should be a whole number, 0 being the rule, found {found}")]
    NotPriority {
        /// What stands there.
        found: String,
    },
}

/// The names under a path such as `meta.target_annotator`; none if there is nothing.
pub(super) fn named(field: &str, task: &Body) -> Result<Vec<String>, PlanError> {
    let mut keys = field.split('.');
    let mut value = keys.next().and_then(|key| task.get(key)).unwrap_or(Value::Null);
    for key in keys {
        value = value.get_mut(key).map_or(Value::Null, Value::take);
    }
    let not_names =
        |found: &Value| PlanError::NotNames { field: field.to_owned(), found: found.to_string() };
    match &value {
        Value::Null => Ok(Vec::new()),
        Value::String(name) => Ok(vec![name.clone()]),
        Value::Array(names) => names
            .iter()
            .map(|name| name.as_str().map(str::to_owned).ok_or_else(|| not_names(name)))
            .collect(),
        other => Err(not_names(other)),
    }
}

/// The tags that a task requires.
pub(super) fn tags(task: &Body) -> Result<Vec<String>, PlanError> {
    let not_tags = |found: &Value| PlanError::NotTags { found: found.to_string() };
    match meta(task, "requires") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(tag)) => Ok(vec![tag]),
        Some(Value::Array(tags)) => tags
            .iter()
            .map(|tag| tag.as_str().map(str::to_owned).ok_or_else(|| not_tags(tag)))
            .collect(),
        Some(other) => Err(not_tags(&other)),
    }
}

/// The priority that a task gives itself.
pub(super) fn own_priority(task: &Body) -> Result<Option<i64>, PlanError> {
    match meta(task, "priority") {
        None | Some(Value::Null) => Ok(None),
        Some(priority) => reading::integer(&priority)
            .map(Some)
            .ok_or_else(|| PlanError::NotPriority { found: priority.to_string() }),
    }
}
