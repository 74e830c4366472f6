//! The plan of a task: what is decided when it is loaded, what a load may override, and why a task
//! cannot be planned.

use serde_json::Value;

use super::profile::meta;
use super::{Lane, Purpose};
use crate::task::{TaskJson, reading};

/// What a load sets instead of the project's rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Answers wanted for each task.
    pub annotations: Option<u32>,
    /// The annotators for whom these tasks are.
    pub to: Vec<String>,
    /// The priority: higher comes first, 0 is the default.
    pub priority: Option<i32>,
}

/// What is decided about a task when it is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Answers wanted, at least one.
    pub wanted: u32,
    /// The annotators who may have it.
    pub lanes: Vec<Lane>,
    /// The priority: higher comes first.
    pub priority: i32,
    /// The part of the project's mixture to which it is counted; `None` if the mixture did not
    /// decide; [`ALL_ANNOTATORS`](super::ALL_ANNOTATORS) if it is for all.
    pub part: Option<u16>,
    /// Whether the task or the load names its annotators: then only a lead moves it.
    pub bound: bool,
    /// What the task is there for.
    pub purpose: Purpose,
}

impl Plan {
    /// A plan of this many answers by annotators who may use these lanes.
    pub fn new(wanted: u32, lanes: Vec<Lane>) -> Self {
        Self { wanted, lanes, priority: 0, part: None, bound: false, purpose: Purpose::Regular }
    }
}

/// Why a task cannot be planned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// It names an annotator who is not in the roster.
    #[error(
        "{field} names {name:?}, who is not in the roster; correct the name, or add them to \
         annotators.toml"
    )]
    NotInRoster {
        /// The path of the key.
        field: String,
        /// The name.
        name: String,
    },
    /// The value that should name annotators is neither a name nor a list of names.
    #[error("{field} should be an annotator's name or a list of names, found {found}")]
    NotNames {
        /// The path of the key.
        field: String,
        /// The value.
        found: String,
    },
    /// More answers are wanted than annotators are named.
    #[error(
        "{wanted} answers are wanted of {names} named annotators; name more, or ask for fewer answers"
    )]
    TooFewNamed {
        /// Answers wanted.
        wanted: u32,
        /// Annotators named.
        names: usize,
    },
    /// The value that should be tags is something else.
    #[error("meta.requires should be a tag or a list of tags, such as [\"es\"], found {found}")]
    NotTags {
        /// The value.
        found: String,
    },
    /// It requires a tag that no annotator has.
    #[error(
        "meta.requires asks for {tag:?}, a tag that no annotator in the roster has; correct it, or \
         give it to an annotator in annotators.toml"
    )]
    NobodyHas {
        /// The tag.
        tag: String,
    },
    /// It names an annotator who lacks a tag that it requires.
    #[error(
        "it is for {name}, who does not have the tag {tag:?} that meta.requires asks for; give it \
         to them in annotators.toml, or name another annotator"
    )]
    LacksTag {
        /// The annotator.
        name: String,
        /// The tag that they lack.
        tag: String,
    },
    /// Its priority is not a whole number.
    #[error("meta.priority should be a whole number (0 is the default), found {found}")]
    NotPriority {
        /// The value.
        found: String,
    },
}

impl PlanError {
    /// The path of the key that is wrong, if it is the task's; and which entry of it is wrong, if
    /// the value is a list.
    /// `field` is the path of the key that names annotators.
    pub fn key<'a>(&'a self, field: Option<&'a str>) -> Option<(&'a str, &'a str)> {
        let of_field = |entry: &'a str| field.map(|field| (field, entry));
        match self {
            Self::NotInRoster { name, .. } => of_field(name),
            Self::NotNames { found, .. } => of_field(found),
            Self::TooFewNamed { .. } => of_field(""),
            Self::NotTags { found: entry } => Some(("meta.requires", entry)),
            Self::NobodyHas { tag } | Self::LacksTag { tag, .. } => Some(("meta.requires", tag)),
            Self::NotPriority { .. } => Some(("meta.priority", "")),
        }
    }
}

/// The names under a path such as `meta.target_annotator`; empty if the task has no such key.
pub(super) fn named(field: &str, task: &TaskJson) -> Result<Vec<String>, PlanError> {
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
pub(super) fn tags(task: &TaskJson) -> Result<Vec<String>, PlanError> {
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

/// The task's own priority.
pub(super) fn own_priority(task: &TaskJson) -> Result<Option<i64>, PlanError> {
    match meta(task, "priority") {
        None | Some(Value::Null) => Ok(None),
        Some(priority) => reading::integer(&priority)
            .map(Some)
            .ok_or_else(|| PlanError::NotPriority { found: priority.to_string() }),
    }
}
