//! Who there is to be asked: the annotators as the rules see them, and what a task requires of them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::task::Body;

/// An annotator, as far as the rules look at one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnnotatorProfile {
    /// The name in the roster.
    pub name: String,
    /// What this annotator can do.
    pub tags: Vec<String>,
    /// This annotator's part of the work in relation to the others'; above 0.
    pub weight: f64,
    /// The most tasks that this annotator is given.
    pub quota: Option<u64>,
    /// Whether anything may be given to them now.
    pub active: bool,
}

impl AnnotatorProfile {
    /// Somebody without anything special.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), tags: Vec::new(), weight: 1.0, quota: None, active: true }
    }

    /// Whether they are there and have every tag of these.
    pub fn may(&self, requires: &[String]) -> bool {
        self.active && requires.iter().all(|tag| self.tags.contains(tag))
    }
}

/// The tags that a task requires of its annotators: `meta.requires`, a text or a list of texts.
/// None where it says nothing that can be understood; [`Planner::plan`](super::Planner::plan) refuses such a task.
pub fn requires(task: &Body) -> Vec<String> {
    match meta(task, "requires") {
        Some(Value::String(tag)) => vec![tag],
        Some(Value::Array(tags)) => {
            tags.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// What stands under a key of a task's `meta`.
pub fn meta(task: &Body, key: &str) -> Option<Value> {
    // Most tasks have none: a look at the text is cheaper than a look at the keys.
    if !task.as_str().contains("\"meta\"") || !task.as_str().contains(key) {
        return None;
    }
    task.get("meta").and_then(|mut meta| meta.get_mut(key).map(Value::take))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_requires_tags_and_a_colleague_has_them() {
        let task = |text: &str| requires(&Body::parse(text).expect("a task"));
        assert_eq!(task(r#"{"meta":{"requires":"es"}}"#), ["es"]);
        assert_eq!(task(r#"{"meta":{"requires":["es","expert"]}}"#), ["es", "expert"]);
        assert!(task(r#"{"text":"meta requires"}"#).is_empty());
        let both = AnnotatorProfile {
            tags: vec!["es".into(), "expert".into()],
            ..AnnotatorProfile::new("andy")
        };
        assert!(both.may(&["es".into()]) && both.may(&[]));
        assert!(!AnnotatorProfile::new("zach").may(&["es".into()]));
        assert!(!AnnotatorProfile { active: false, ..both }.may(&[]));
    }
}
