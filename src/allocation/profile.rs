//! An annotator as the rules see one, and the tags that a task requires.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::task::TaskJson;

/// What the rules know of an annotator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnnotatorProfile {
    /// The name in the roster.
    pub name: String,
    /// The annotator's abilities; a task may require some.
    pub tags: Vec<String>,
    /// The share of the work under balanced routing, relative to the others'; above 0.
    pub weight: f64,
    /// The most tasks that the annotator is given.
    pub quota: Option<u64>,
    /// Whether the annotator is given tasks now.
    pub active: bool,
}

impl AnnotatorProfile {
    /// An active annotator without tags and quota, of weight 1.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), tags: Vec::new(), weight: 1.0, quota: None, active: true }
    }

    /// Whether the annotator is active and has all of these tags.
    pub fn may(&self, requires: &[String]) -> bool {
        self.active && requires.iter().all(|tag| self.tags.contains(tag))
    }
}

/// The tags that a task requires of its annotators: `meta.requires`, a text or a list of texts.
/// Empty for a value that is neither; [`Planner::plan`](super::Planner::plan) rejects such a task.
pub fn requires(task: &TaskJson) -> Vec<String> {
    match meta(task, "requires") {
        Some(Value::String(tag)) => vec![tag],
        Some(Value::Array(tags)) => {
            tags.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// The value of a key in a task's `meta`.
pub fn meta(task: &TaskJson, key: &str) -> Option<Value> {
    // Most tasks have none: searching the text is cheaper than parsing it.
    if !task.may_have_key("meta") || !task.may_have_key(key) {
        return None;
    }
    task.get("meta").and_then(|mut meta| meta.get_mut(key).map(Value::take))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_requires_tags_and_an_annotator_has_them() {
        let task = |text: &str| requires(&TaskJson::parse(text).expect("a task"));
        assert_eq!(task(r#"{"meta":{"requires":"es"}}"#), ["es"]);
        assert_eq!(task(r#"{"meta":{"requires":["es","expert"]}}"#), ["es", "expert"]);
        assert_eq!(task(r#"{"m\u0065ta":{"\u0072equires":"es"}}"#), ["es"]);
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
