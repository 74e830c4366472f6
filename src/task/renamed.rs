//! Labels that were renamed during the work: what answers say under an old name, under the new one.
//!
//! Answers are stored as they were given. The new names are put in where answers are compared or
//! come out: in exports and for third opinions. So a name that was changed in error can be changed
//! back.
//!
//! Names stand under `label`: of spans, relations and their ends, arcs, and marks in sound, and of
//! the task itself, which asks about it. Where a project's labels are the options, they stand under
//! `accept`, too. An answer of `pages` holds answers in turn.
//!
//! A name that a task has among `labels` of its own, on a page or in a block, is the task's and
//! stays. So does what an annotator typed into a field whose `field_id` is `label`.
//!
//! Rejected: rewriting stored answers, which says that an annotator gave a label that they never
//! saw; and replacing a text wherever it stands, which would change typed text.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
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
    /// Whether the project has a text field under `label`.
    types_label: bool,
}

/// What places a mark, draws it, and names it: two that agree in this are one.
const FACTS: [&str; 10] =
    ["start", "end", "label", "points", "x", "y", "width", "height", "head", "child"];

/// The keys in which an interface has labels.
fn labelled_keys(view: &str) -> &'static [&'static str] {
    match view {
        "ner_manual" | "spans_manual" | "pos_manual" | "image_manual" => &["spans"],
        "relations" => &["relations"],
        "audio_manual" => &["audio_spans"],
        "choice" => &["accept"],
        _ => &[],
    }
}

/// The labels that a task brings along, each with the keys in which they are used; without keys
/// they are used in all.
struct OwnLabels<'t>(Vec<(&'static [&'static str], Vec<&'t str>)>);

impl<'t> OwnLabels<'t> {
    /// Those of the blocks of a task.
    fn of_blocks(task: &'t Map<String, Value>) -> Self {
        let blocks = blocks(task).filter_map(|block| {
            let keys = labelled_keys(block.get("view_id").and_then(Value::as_str)?);
            Some((keys, words(block.get("labels"))?))
        });
        Self(blocks.collect())
    }

    /// Those of a page, and of its blocks.
    fn of_page(page: &'t Map<String, Value>) -> Self {
        let mut own = Self::of_blocks(page);
        let config = page.get("config").and_then(|config| config.get("labels"));
        if let Some(labels) = words(config).or_else(|| words(page.get("labels"))) {
            own.0.push((&[], labels));
        }
        own
    }

    fn has(&self, key: &str, label: &str) -> bool {
        self.0.iter().any(|(keys, labels)| {
            (keys.is_empty() || keys.contains(&key)) && labels.contains(&label)
        })
    }
}

fn words(list: Option<&Value>) -> Option<Vec<&str>> {
    Some(list?.as_array()?.iter().filter_map(Value::as_str).collect())
}

/// The blocks that a task brings along.
fn blocks(task: &Map<String, Value>) -> impl Iterator<Item = &Map<String, Value>> {
    let blocks = task.get("config").and_then(|config| config.get("blocks"));
    blocks.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

/// Whether a task says that a text field stands under `label`.
fn types_label(task: &Map<String, Value>) -> bool {
    let is_label = |of: Option<&Value>| of.is_some_and(|id| id == "label");
    let config = task.get("config").and_then(|config| config.get("field_id"));
    is_label(task.get("field_id"))
        || is_label(config)
        || blocks(task).any(|block| is_label(block.get("field_id")))
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
        Self { names: Arc::new(names), labels_are_options, types_label: false }
    }

    /// The same for a project that has a text field under `label`, or has none.
    #[must_use]
    pub fn with_typed_label(self, types_label: bool) -> Self {
        Self { types_label, ..self }
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
        let label = task.get("label")?;
        if self.types_label || types_label(&task.to_value()) {
            return None;
        }
        let mut label = Map::from_iter([("label".to_owned(), label)]);
        let before = label.clone();
        self.rename_label(&mut label, &|_| false);
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
        let task = task.to_value();
        self.rename(&mut renamed, &OwnLabels::of_blocks(&task), lacks_options(&task));
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
        let own = task.to_value();
        let mut value = own.clone();
        self.rename(&mut value, &OwnLabels::of_blocks(&own), lacks_options(&own));
        if !(self.types_label || types_label(&own)) {
            self.rename_label(&mut value, &|_| false);
        }
        TaskJson::from_value(&Value::Object(value)).unwrap_or_else(|_| task.clone())
    }

    fn rename(&self, data: &mut Map<String, Value>, own: &OwnLabels<'_>, lacks_options: bool) {
        for key in LISTS {
            if let Some(Value::Array(list)) = data.get_mut(key) {
                self.rename_list(list, &|label| own.has(key, label));
            }
        }
        match data.get_mut("accept") {
            Some(Value::Array(chosen)) if self.labels_are_options && lacks_options => {
                self.rename_words(chosen, &|label| own.has("accept", label));
            }
            _ => {}
        }
        for page in objects(data.get_mut("pages")) {
            let before = page.clone();
            self.rename(page, &OwnLabels::of_page(&before), self::lacks_options(&before));
            if !types_label(&before) {
                self.rename_label(page, &|_| false);
            }
        }
    }

    /// Marks that two names have made one are there once.
    fn rename_list(&self, list: &mut Vec<Value>, stays: &dyn Fn(&str) -> bool) {
        let mut changed = Vec::with_capacity(list.len());
        for entry in &mut *list {
            let before = entry.get("label").cloned();
            if let Value::Object(entry) = entry {
                self.rename_label(entry, stays);
                for end in ENDS {
                    if let Some(Value::Object(end)) = entry.get_mut(end) {
                        self.rename_label(end, stays);
                    }
                }
            }
            changed.push(entry.get("label") != before.as_ref());
        }
        if !changed.contains(&true) {
            return;
        }
        let mut first: HashMap<String, bool> = HashMap::with_capacity(list.len());
        let mut changed = changed.into_iter();
        list.retain(|entry| {
            let changed = changed.next().unwrap_or_default();
            if !entry.is_object() {
                return true;
            }
            let facts: Value = FACTS.iter().map(|fact| entry.get(*fact).cloned()).collect();
            let before = first.insert(facts.to_string(), changed);
            !before.is_some_and(|before| before || changed)
        });
    }

    fn rename_label(&self, entry: &mut Map<String, Value>, stays: &dyn Fn(&str) -> bool) {
        match entry.get_mut("label") {
            Some(Value::String(label)) if !stays(label) => self.rename_word(label),
            Some(Value::Array(labels)) => self.rename_words(labels, stays),
            _ => {}
        }
    }

    /// Two names that have become one are there once.
    fn rename_words(&self, words: &mut Vec<Value>, stays: &dyn Fn(&str) -> bool) {
        let changes = |word: &str| self.name(word) != word && !stays(word);
        if !words.iter().any(|word| word.as_str().is_some_and(changes)) {
            return;
        }
        let mut kept: Vec<Value> = Vec::with_capacity(words.len());
        for mut word in words.drain(..) {
            if let Value::String(word) = &mut word
                && !stays(word)
            {
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
    fn what_was_typed_under_label_stays() {
        let typed = json!({"label": "GSR"});
        let field = |at: &Value| json!({"text": "a", "label": "PER", "config": at});
        for task in [
            json!({"text": "a"}),
            field(&json!({"field_id": "label"})),
            field(&json!({"blocks": [{"view_id": "text_input", "field_id": "label"}]})),
        ] {
            assert_eq!(said(&task, &typed), typed, "{task}");
        }
        let parsed = TaskJson::from_value(&field(&json!({"field_id": "label"}))).expect("a task");
        assert_eq!(renamed().asked(&parsed), None);
        assert_eq!(renamed().task(&parsed), parsed, "what is corrected is no label");
        let asks = TaskJson::from_value(&json!({"text": "a", "label": "PER"})).expect("a task");
        assert_eq!(renamed().asked(&asks), Some(json!("PERSON")));
        assert_eq!(renamed().with_typed_label(true).asked(&asks), None);
        let page =
            json!({"pages": [{"view_id": "text_input", "field_id": "label", "label": "GSR"}]});
        assert_eq!(said(&json!({"pages": []}), &page), page);
    }

    #[test]
    fn names_among_a_tasks_own_labels_stay() {
        let spans = |label: &str| json!([{"start": 0, "end": 3, "label": label}]);
        let block = |labels: Value| {
            let blocks =
                json!([{"view_id": "ner_manual", "labels": labels}, {"view_id": "choice"}]);
            json!({"text": "a", "config": {"blocks": blocks}})
        };
        let given = json!({"spans": spans("PER"), "accept": ["PER"]});
        let own = said(&block(json!(["PER", "ORG"])), &given);
        assert_eq!(own, json!({"spans": spans("PER"), "accept": ["PERSON"]}));
        let now = json!({"spans": spans("PERSON"), "accept": ["PERSON"]});
        assert_eq!(said(&block(json!(["ORG"])), &given), now);
        for own in [json!({"labels": ["PER"]}), json!({"config": {"labels": ["PER"]}})] {
            let mut page = own.as_object().expect("an object").clone();
            page.insert("spans".into(), spans("PER"));
            let answer = json!({"pages": [page, {"spans": spans("PER")}]});
            let renamed = said(&json!({"pages": []}), &answer);
            assert_eq!(renamed["pages"][0], answer["pages"][0]);
            assert_eq!(renamed["pages"][1]["spans"], spans("PERSON"));
        }
    }

    #[test]
    fn marks_that_two_names_have_made_one_are_there_once() {
        for key in LISTS {
            let mark = |at: u64, label: &str, score: u64| json!({"start": at, "end": at + 3, "label": label, "score": score});
            let (old, new) = (["ATTACK", "GSR", "ASSAULT"], "ASSAULT");
            for one in old {
                for other in old {
                    let given =
                        json!({key: [mark(0, one, 1), mark(4, "GSR", 2), mark(0, other, 3)]});
                    let now = said(&json!({"text": "a"}), &given);
                    let kept = now[key].as_array().expect("a list").len();
                    // What was there twice under its present name was so before.
                    let expected = if one == new && other == new { 3 } else { 2 };
                    assert_eq!(kept, expected, "{one} and {other}");
                    assert_eq!(now[key][0], mark(0, new, 1));
                }
            }
        }
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
