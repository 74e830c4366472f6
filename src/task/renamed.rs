//! Labels that were renamed during the work: what answers say under an old name, under the new one.
//!
//! Answers are stored as they were given. The new names are put in where answers are compared or
//! come out: in exports and for third opinions. So a name that was changed in error can be changed
//! back.
//!
//! Names stand under `label`: of the answer itself, of spans, relations and their ends, arcs, and
//! marks in sound. Where a project's labels are the options, they stand under `accept`, too. An
//! answer of `pages` holds answers in turn.
//!
//! Rejected: rewriting stored answers, which says that an annotator gave a label that they never
//! saw; and replacing a text wherever it stands, which would change what somebody typed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::{TaskJson, Version};

/// Old names of labels, each with the new one. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renamed {
    names: Arc<BTreeMap<String, String>>,
    /// Whether the project itself brings no options: its labels stand in for those that a task
    /// lacks.
    labels_are_options: bool,
}

/// The keys under which an answer lists what bears a label, or ends that do.
const LISTS: [&str; 4] = ["spans", "relations", "arcs", "audio_spans"];
/// The ends of a relation.
const ENDS: [&str; 2] = ["head_span", "child_span"];

impl Renamed {
    /// Old names and their new ones. A new name that is itself an old one is not looked up again.
    ///
    /// `labels_are_options` is false where the project's blocks bring options of their own.
    pub fn new(names: BTreeMap<String, String>, labels_are_options: bool) -> Self {
        Self { names: Arc::new(names), labels_are_options }
    }

    /// Whether nothing was renamed.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The present name of a label.
    pub fn name<'a>(&'a self, label: &'a str) -> &'a str {
        self.names.get(label).map_or(label, String::as_str)
    }

    /// The present name of the label that a task asks about, or its names if there are several;
    /// nothing if it has its present name.
    pub fn asked(&self, task: &TaskJson) -> Option<Value> {
        if self.is_empty() {
            return None;
        }
        let mut label = Map::from_iter([("label".to_owned(), task.get("label")?)]);
        let before = label.clone();
        self.rename_label(&mut label);
        (label != before).then(|| label.shift_remove("label")).flatten()
    }

    /// What an answer to this task says, with the present names of its labels.
    pub fn data<'a>(
        &self,
        task: &TaskJson,
        data: &'a Map<String, Value>,
    ) -> Cow<'a, Map<String, Value>> {
        if self.is_empty() {
            return Cow::Borrowed(data);
        }
        let mut renamed = data.clone();
        self.rename(&mut renamed, lacks_options(&task.to_value()));
        Cow::Owned(renamed)
    }

    /// A version of an answer to this task, with the present names of its labels.
    pub fn version<'a>(&self, task: &TaskJson, version: &'a Version) -> Cow<'a, Version> {
        match self.data(task, &version.data) {
            Cow::Borrowed(_) => Cow::Borrowed(version),
            Cow::Owned(data) => Cow::Owned(Version { data, ..version.clone() }),
        }
    }

    /// A task whose suggestions bear the present names: to be compared with, never to be stored or
    /// shown.
    pub fn task(&self, task: &TaskJson) -> TaskJson {
        let mut value = task.to_value();
        let remaining = lacks_options(&value);
        self.rename(&mut value, remaining);
        TaskJson::from_value(&Value::Object(value)).unwrap_or_else(|_| task.clone())
    }

    fn rename(&self, data: &mut Map<String, Value>, lacks_options: bool) {
        self.rename_label(data);
        for key in LISTS {
            for entry in objects(data.get_mut(key)) {
                self.rename_label(entry);
                for end in ENDS {
                    if let Some(Value::Object(end)) = entry.get_mut(end) {
                        self.rename_label(end);
                    }
                }
            }
        }
        match data.get_mut("accept") {
            Some(Value::Array(chosen)) if self.labels_are_options && lacks_options => {
                self.rename_words(chosen);
            }
            _ => {}
        }
        for page in objects(data.get_mut("pages")) {
            let remaining = self::lacks_options(page);
            self.rename(page, remaining);
        }
    }

    fn rename_label(&self, entry: &mut Map<String, Value>) {
        match entry.get_mut("label") {
            Some(Value::String(label)) => self.rename_word(label),
            Some(Value::Array(labels)) => self.rename_words(labels),
            _ => {}
        }
    }

    /// Two names that have become one are there once.
    fn rename_words(&self, words: &mut Vec<Value>) {
        if !words.iter().any(|word| word.as_str().is_some_and(|word| self.name(word) != word)) {
            return;
        }
        let mut kept: Vec<Value> = Vec::with_capacity(words.len());
        for mut word in words.drain(..) {
            if let Value::String(word) = &mut word {
                self.rename_word(word);
            }
            if !kept.contains(&word) {
                kept.push(word);
            }
        }
        *words = kept;
    }

    fn rename_word(&self, word: &mut String) {
        if let Some(new) = self.names.get(word) {
            new.clone_into(word);
        }
    }
}

/// The objects of a list, if it is one.
fn objects(list: Option<&mut Value>) -> impl Iterator<Item = &mut Map<String, Value>> {
    list.and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
}

/// Whether a task has no options, nor blocks that do.
fn lacks_options(task: &Map<String, Value>) -> bool {
    let has = |of: &Value| of.get("options").is_some_and(|options| !options.is_null());
    let blocks = task.get("config").and_then(|config| config.get("blocks"));
    let mut blocks = blocks.and_then(Value::as_array).into_iter().flatten();
    task.get("options").is_none_or(Value::is_null) && !blocks.any(has)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::agreement::{Consensus, Similarity, consensus};
    use crate::task::{Basis, Millis, Verdict};

    fn renamed() -> Renamed {
        let names = [("ATTACK", "ASSAULT"), ("GSR", "ASSAULT"), ("PER", "PERSON")];
        let names = names.into_iter().map(|(old, new)| (old.to_owned(), new.to_owned()));
        Renamed::new(names.collect(), true)
    }

    fn said(task: &Value, data: &Value) -> Value {
        let task = TaskJson::from_value(task).expect("a task");
        let data = data.as_object().expect("an object");
        Value::Object(renamed().data(&task, data).into_owned())
    }

    #[test]
    fn labels_have_their_present_names_wherever_an_interface_puts_them() {
        let text = json!({"text": "PER"});
        for key in LISTS {
            let list =
                |label: &str| json!({key: [{"start": 0, "end": 3, "label": label, "n": 1.0}]});
            assert_eq!(said(&text, &list("PER")), list("PERSON"), "{key}");
            assert_eq!(said(&text, &list("PLACE")), list("PLACE"), "{key}");
        }
        let relation = |label: &str| {
            json!({"relations": [{
                "head": 1, "child": 2, "label": "HIT",
                "head_span": {"start": 0, "label": label}, "child_span": {"label": null},
            }]})
        };
        assert_eq!(said(&text, &relation("PER")), relation("PERSON"));
        assert_eq!(said(&text, &json!({"label": "GSR"})), json!({"label": "ASSAULT"}));
        let page =
            |label: &str| json!({"pages": [{"spans": [{"label": label}], "accept": [label]}]});
        assert_eq!(said(&text, &page("PER")), page("PERSON"));
    }

    #[test]
    fn nothing_else_that_reads_alike_is_renamed() {
        let data = json!({
            "user_input": "PER", "comment": "GSR", "spans": [{"label": 3, "id": "PER"}, "PER"],
            "relations": null, "answer_PER": true,
        });
        assert_eq!(said(&json!({"text": "PER"}), &data), data);
    }

    #[test]
    fn chosen_words_are_renamed_where_labels_are_the_options() {
        let chosen = json!({"accept": ["ATTACK", "GSR", "OTHER", 7]});
        let now = json!({"accept": ["ASSAULT", "OTHER", 7]});
        assert_eq!(said(&json!({"text": "a"}), &chosen), now);
        assert_eq!(said(&json!({"text": "a", "options": null}), &chosen), now);
        for own in [
            json!({"text": "a", "options": [{"id": "GSR"}]}),
            json!({"text": "a", "config": {"blocks": [{"view_id": "choice", "options": []}]}}),
        ] {
            assert_eq!(said(&own, &chosen), chosen, "ids of options are the task's own");
        }
    }

    #[test]
    fn an_old_name_and_its_new_one_are_no_disagreement() {
        let says = |label: &str| Version {
            verdict: Verdict::Accept,
            data: [("spans".to_owned(), json!([{"start": 0, "end": 1, "label": label}]))]
                .into_iter()
                .collect(),
            time_loaded: Millis(0),
            time_returned: Millis(1),
            basis: Basis::default(),
        };
        let given = json!({"text": "a", "spans": [{"start": 0, "end": 1, "label": "PER"}]});
        let task = TaskJson::from_value(&given).expect("a task");
        // The third left the suggestion alone.
        let untouched = Version { data: Map::new(), ..says("PER") };
        let versions = [says("PER"), says("PERSON"), untouched];
        let measure = Similarity::Spans("spans");
        assert_ne!(consensus(&measure, 1.0, &task, &versions), Consensus::Unanimous);
        let names = renamed();
        let now: Vec<Version> =
            versions.iter().map(|version| names.version(&task, version).into_owned()).collect();
        assert_eq!(consensus(&measure, 1.0, &names.task(&task), &now), Consensus::Unanimous);
    }
}
