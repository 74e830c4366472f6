//! What there is to say of a line that is a new task: keys that steer annotd, and what looks like a
//! mistake and is none that keeps it from being loaded. A load says at its end how many there were.

use serde_json::{Map, Value};

use crate::allocation::profile::{meta, requires};
use crate::interface::{Interface, setting_names};
use crate::task::{TaskJson, gold, own_keys};

/// What there is to say of one line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a remark of its own, and any may come with any other"
)]
pub(super) struct LineRemarks {
    /// It brings a right answer along.
    pub(super) gold: bool,
    /// It says how early it comes.
    pub(super) priority: bool,
    /// It requires a tag.
    pub(super) requires: bool,
    /// It is an exported answer.
    pub(super) exported: bool,
    /// It is a line of a file of rejects.
    pub(super) reject: bool,
    /// It has `labels` in its own `config`, where only a page's are read.
    pub(super) own_labels: bool,
    /// It suggests a label that none of the annotators can give.
    pub(super) strange_label: bool,
    /// The setting that a name in its `config` was most likely meant to be.
    pub(super) meant: Option<&'static str>,
}

impl LineRemarks {
    /// Looks at a task, best with its parsed form at hand.
    pub(super) fn of(task: &TaskJson, interface: &Interface) -> Self {
        let steers = task.may_have_key("meta")
            && own_keys::STEERING.iter().any(|key| task.may_have_key(key));
        let mut remarks = Self {
            exported: is_exported(task),
            reject: is_reject(task),
            strange_label: interface.suggests_strange_label(task),
            ..Self::default()
        };
        if steers {
            remarks.gold = matches!(gold::gold(task), Ok(Some(_)));
            remarks.priority = meta(task, "priority").is_some_and(|priority| !priority.is_null());
            remarks.requires = !requires(task).is_empty();
        }
        if task.may_have_key("config")
            && let Some(Value::Object(config)) = task.get("config")
        {
            remarks.own_labels = config.get("labels").is_some_and(Value::is_array);
            remarks.meant = meant(&config);
        }
        remarks
    }

    /// Whether there is something to say.
    pub(super) fn any(self) -> bool {
        self != Self::default()
    }
}

/// The setting that a name in a task's `config`, or in one of its blocks' keys, is a slip of.
fn meant(config: &Map<String, Value>) -> Option<&'static str> {
    let blocks = config.get("blocks").and_then(Value::as_array).into_iter().flatten();
    let keys = config.keys().chain(blocks.filter_map(Value::as_object).flat_map(Map::keys));
    keys.map(String::as_str).find_map(setting_names::slip_of)
}

/// Whether a line is an exported answer, of annotd's or of Prodigy's: it says whose it is.
fn is_exported(task: &TaskJson) -> bool {
    // Most lines are none: a look at the text is cheaper than a look at the keys.
    ["_annotator_id", "_session_id"]
        .iter()
        .any(|key| task.may_have_key(key) && task.get(key).is_some_and(|name| name.is_string()))
}

/// Whether a line has the keys of a refused line and no other.
fn is_reject(task: &TaskJson) -> bool {
    const KEYS: [&str; 5] = ["file", "line", "column", "reason", "text"];
    KEYS.iter().all(|key| task.may_have_key(key)) && {
        let value = task.value();
        value.len() == KEYS.len() && KEYS.iter().all(|key| value.contains_key(*key))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::interface::Settings;

    fn of(view: &str, task: &Value) -> LineRemarks {
        let settings = Settings { labels: vec!["A".into()], ..Settings::default() };
        let interface = Interface::new(view, settings).expect("it is there");
        LineRemarks::of(&TaskJson::from_value(task).expect("a task"), &interface)
    }

    #[test]
    fn what_looks_like_a_mistake_is_remarked_and_nothing_else() {
        let span = |label: &str| json!([{"start": 0, "end": 3, "label": label}]);
        let none = LineRemarks::default();
        let strange = LineRemarks { strange_label: true, ..none };
        let blocks = json!({"blocks": [{"view_id": "ner_manual", "labels": ["B"]}]});
        let page =
            |label: &str| json!([{"view_id": "ner_manual", "text": "Ada", "spans": span(label)}]);
        for (view, task, expected) in [
            ("ner_manual", json!({"text": "Ada", "spans": span("A")}), none),
            ("ner_manual", json!({"text": "Ada", "spans": span("B")}), strange),
            ("ner", json!({"text": "Ada", "spans": span("B")}), none),
            ("audio_manual", json!({"audio": "a.wav", "audio_spans": span("B")}), strange),
            ("relations", json!({"text": "Ada", "spans": span("B")}), none),
            ("relations", json!({"text": "Ada", "relations": span("B")}), strange),
            ("blocks", json!({"text": "Ada", "spans": span("B"), "config": blocks}), none),
            ("blocks", json!({"text": "Ada", "spans": span("A"), "config": blocks}), strange),
            ("pages", json!({"pages": page("A")}), none),
            ("pages", json!({"pages": page("B")}), strange),
            (
                "choice",
                json!({"text": "a", "config": {"choise_style": "single"}}),
                LineRemarks { meant: Some("choice_style"), ..none },
            ),
            (
                "blocks",
                json!({"text": "a", "config": {"blocks": [{"view_id": "text", "field_lable": "x"}]}}),
                LineRemarks { meant: Some("field_label"), ..none },
            ),
            ("choice", json!({"text": "a", "config": {"weather": 1, "view_id": "x"}}), none),
            (
                "choice",
                json!({"text": "a", "config": {"labels": ["B"]}}),
                LineRemarks { own_labels: true, ..none },
            ),
            (
                "text",
                json!({"file": "a", "line": 1, "column": 1, "reason": "r", "text": "{}"}),
                LineRemarks { reject: true, ..none },
            ),
            ("text", json!({"file": "a", "line": 1, "text": "a"}), none),
            (
                "text",
                json!({"text": "a", "_session_id": "p-andy"}),
                LineRemarks { exported: true, ..none },
            ),
        ] {
            assert_eq!(of(view, &task), expected, "{view}: {task}");
        }
    }

    #[test]
    fn keys_are_found_however_they_are_written() {
        let of = |text: &str| {
            let interface = Interface::new("text", Settings::default()).expect("it is there");
            LineRemarks::of(&TaskJson::parse(text).expect("a task"), &interface)
        };
        for (plain, escaped) in [
            (
                r#"{"text":"a","meta":{"gold":"reject"}}"#,
                r#"{"text":"a","m\u0065ta":{"\u0067old":"reject"}}"#,
            ),
            (r#"{"text":"a","meta":{"priority":1}}"#, r#"{"text":"a","meta":{"pri\u006frity":1}}"#),
            (r#"{"text":"a","_session_id":"a"}"#, r#"{"text":"a","\u005fsession_id":"a"}"#),
        ] {
            assert!(of(plain).any(), "{plain}");
            assert_eq!(of(plain), of(escaped), "{escaped}");
        }
    }
}
