//! The keys of an answer that are always the annotator's, and what the task had under them.
//!
//! An answer stands in its task's line (Prodigy's shape), and a task may come with the keys that an
//! answer sets: an export of the first round is the input of the second. A remark, a flag, a reason
//! and a verdict are then the second annotator's alone, given or not. What the task had under such
//! a key goes into an object beside, [`DISPLACED`], and [`restore`] puts it back where the line is
//! loaded, so that the line is the same task again.
//!
//! Keys that an interface sets (`spans`, `accept`, …) are suggestions where the task has them: an
//! annotator who leaves them alone has accepted them. Only a value that differs from the task's
//! displaces it.
//!
//! Rejected: a prefix for the task's keys (`task_comment`), which some other tool may have written;
//! leaving them out, which breaks the promise that a task comes out whole; keeping the first
//! round's remark in the line where the second annotator wrote none, which says that they did.

use serde_json::Value;
use serde_json::value::RawValue;

use super::{Fields, TaskJson, Version};

/// The keys that an annotator may add to any answer, whatever the interface.
pub const ANNOTATORS: [&str; 4] = ["answer", "comment", "flagged", "skip_reason"];

/// Where an exported line keeps what its task had under the keys of the answer.
pub const DISPLACED: &str = "_task";

/// Names of the system in files of answers, Prodigy's and annotd's. A line that comes back has them
/// beside its task's keys; other names that begin with `_` are the task's.
pub const SYSTEM: [&str; 11] = [
    "_annotator_id",
    "_check",
    "_id",
    "_input_hash",
    "_is_binary",
    "_late",
    "_session_id",
    DISPLACED,
    "_task_hash",
    "_timestamp",
    "_view_id",
];

/// Keys of `meta` that steer annotd alone: the right answer, how early a task comes, and the tags
/// that it requires.
pub const STEERING: [&str; 3] = ["gold", "priority", "requires"];

/// Whether a key is the annotator's in every interface.
pub fn is_annotators(key: &str) -> bool {
    ANNOTATORS.contains(&key)
}

/// Takes out of what goes to a page the task's remarks, flags, reasons and verdicts, which the page
/// would show as the annotator's. Keys that the interface `sets` stay: they are what the annotator
/// starts from.
pub fn hide(task: &mut Fields, sets: &[String]) {
    task.retain(|key, _| !is_annotators(key) || sets.contains(key));
}

/// Puts an answer into its task's line. What the task had under the answer's keys, and under the
/// annotator's names, is taken out and given back, to the letter.
pub fn displace(line: &mut Fields, answer: &Version, sets: &[String]) -> Fields {
    let data = &answer.data;
    let mut displaced = Fields::new();
    for (key, own) in &*line {
        let of_annotator = is_annotators(key) && !sets.contains(key);
        if of_annotator || data.get(key).is_some_and(|value| !says(own, value)) {
            displaced.insert(key.clone(), own.clone());
        }
    }
    // The place itself is taken in a task that brings something of that name along.
    if let Some(own) = line.get(DISPLACED)
        && (own.get().starts_with('{') || !displaced.is_empty())
    {
        displaced.insert(DISPLACED.to_owned(), own.clone());
    }
    for (key, value) in data {
        if displaced.contains_key(key) || !line.contains_key(key) {
            line.insert(key.clone(), raw(value));
        }
    }
    // A line without a verdict gets it among the system's keys.
    if let Some(verdict) = line.get_mut("answer") {
        *verdict = raw(&answer.verdict.as_str().into());
    }
    line.retain(|key, _| key == "answer" || data.contains_key(key) || !displaced.contains_key(key));
    displaced
}

/// Whether a text of JSON says this value, its numbers to the letter.
fn says(own: &RawValue, value: &Value) -> bool {
    serde_json::from_str::<Value>(own.get()).is_ok_and(|own| own == *value)
}

fn raw(value: &Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).expect("plain values always serialise")
}

/// Puts what an exported line kept apart back in place, so that the line is its task again. A line
/// without such an object stays as it is.
pub fn restore(body: TaskJson) -> TaskJson {
    // Most lines have none: a look at the text is cheaper than a look at the keys.
    if !body.may_have_key(DISPLACED) {
        return body;
    }
    let mut fields = body.fields();
    let kept = fields.get(DISPLACED).map(|raw| serde_json::from_str::<Fields>(raw.get()));
    let Some(Ok(kept)) = kept else { return body };
    fields.shift_remove(DISPLACED);
    // What stands under the annotator's names is theirs, unless the task had it.
    fields.retain(|key, _| !is_annotators(key) || kept.contains_key(key));
    fields.extend(kept);
    let text = serde_json::to_string(&fields).expect("JSON parts make JSON");
    // Its parts were parsed a moment ago.
    TaskJson::from_stored(&text).unwrap_or(body)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::task::{Basis, Millis, Verdict};

    fn body(text: &str) -> TaskJson {
        TaskJson::parse(text).expect("a task")
    }

    fn exported(task: &TaskJson, data: &Value, sets: &[&str]) -> String {
        let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
        let mut line = task.fields();
        let answer = Version {
            verdict: Verdict::Reject,
            data: data.as_object().expect("an object").clone(),
            time_loaded: Millis(0),
            time_returned: Millis(0),
            basis: Basis::default(),
        };
        let displaced = displace(&mut line, &answer, &sets);
        if !displaced.is_empty() {
            let displaced = serde_json::value::to_raw_value(&displaced).expect("JSON");
            line.insert(DISPLACED.into(), displaced);
        }
        serde_json::to_string(&line).expect("JSON")
    }

    #[test]
    fn a_remark_of_the_task_is_kept_apart_and_comes_back() {
        let task = body(r#"{"text":"a","comment":"\u00e9 1","flagged":true,"n":1.10}"#);
        let line = exported(&task, &json!({"comment": "2"}), &[]);
        assert_eq!(
            line,
            r#"{"text":"a","comment":"2","n":1.10,"_task":{"comment":"\u00e9 1","flagged":true}}"#
        );
        assert_eq!(
            restore(body(&line)).as_str(),
            r#"{"text":"a","comment":"\u00e9 1","n":1.10,"flagged":true}"#
        );
        let silent = exported(&task, &json!({}), &[]);
        assert!(silent.starts_with(r#"{"text":"a","n":1.10,"_task":{"comment""#), "{silent}");
    }

    #[test]
    fn what_an_export_kept_apart_comes_back_however_its_key_is_written() {
        for key in ["_task", "\\u005ftask", "_t\\u0061sk"] {
            let line =
                format!("{{\"text\":\"a\",\"comment\":\"2\",\"{key}\":{{\"comment\":\"1\"}}}}");
            assert_eq!(restore(body(&line)).as_str(), r#"{"text":"a","comment":"1"}"#, "{key}");
        }
    }

    #[test]
    fn a_suggestion_is_displaced_by_another_value_and_by_nothing_else() {
        let task = body(r#"{"accept":[1.0,"\u00e9"],"text":"a"}"#);
        for same in [json!({}), serde_json::from_str(r#"{"accept":[1.0,"é"]}"#).expect("JSON")] {
            assert_eq!(exported(&task, &same, &["accept"]), task.as_str());
        }
        assert_eq!(
            exported(&task, &json!({"accept": []}), &["accept"]),
            r#"{"accept":[],"text":"a","_task":{"accept":[1.0,"\u00e9"]}}"#
        );
    }

    #[test]
    fn a_task_with_a_key_of_the_same_name_comes_back() {
        for text in [
            r#"{"text":"a","_task":{"b":1}}"#,
            r#"{"text":"a","_task":{"_task":{}},"comment":"c"}"#,
            r#"{"text":"a","comment":"c","_task":"NER"}"#,
        ] {
            let line = exported(&body(text), &json!({"comment": "d"}), &[]);
            let back = restore(body(&line)).to_value();
            assert_eq!(back, body(text).to_value(), "{line}");
        }
        let line = exported(&body(r#"{"text":"a","_task":"NER"}"#), &json!({}), &[]);
        assert_eq!(line, r#"{"text":"a","_task":"NER"}"#);
    }

    #[test]
    fn a_key_of_the_annotators_names_that_the_interface_sets_is_a_suggestion() {
        let task = body(r#"{"text":"a","comment":"draft"}"#);
        assert_eq!(exported(&task, &json!({}), &["comment"]), task.as_str());
        let mut shown = task.fields();
        hide(&mut shown, &["comment".to_owned()]);
        assert!(shown.contains_key("comment"));
        hide(&mut shown, &[]);
        assert!(!shown.contains_key("comment"));
    }

    #[test]
    fn what_is_no_object_is_no_task() {
        for text in [r#"{"text":"a","_task":"NER"}"#, r#"{"text":"_task"}"#, r#"{"_task":null}"#] {
            assert_eq!(restore(body(text)).as_str(), text);
        }
    }

    const KEYS: [&str; 7] = ["answer", "comment", "flagged", "skip_reason", "spans", "accept", "x"];
    const VALUES: [&str; 7] = ["null", "true", "1.10", "\"\\u00e9\"", "[]", "{\"a\":1e3}", "\"b\""];

    fn object() -> impl Strategy<Value = String> {
        let entries = prop::collection::btree_map(
            prop::sample::select(&KEYS[..]),
            prop::sample::select(&VALUES[..]),
            0..6,
        );
        entries.prop_map(|entries| {
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{key:?}:{value}")).collect();
            format!("{{{}}}", entries.join(","))
        })
    }

    proptest! {
        /// Whatever a task has and an answer says: the line is the answer's under the answer's
        /// keys, and loading it gives the task's own keys back to the letter.
        #[test]
        fn a_line_is_the_answers_and_loads_as_its_task(task in object(), said in object()) {
            let task = body(&task);
            let mut said = body(&said).to_value();
            // The task's plain keys are never an answer's.
            said.retain(|key, _| key != "x" && key != "answer");
            let line = body(&exported(&task, &Value::Object(said.clone()), &["spans", "accept"]));
            for key in KEYS {
                if key == "answer" {
                    prop_assert_eq!(line.get(key), task.get(key).map(|_| json!("reject")));
                    continue;
                }
                let own = if is_annotators(key) { None } else { task.get(key) };
                prop_assert_eq!(line.get(key), said.get(key).cloned().or(own), "{}", key);
            }
            let again = restore(line).fields();
            for (key, value) in task.fields() {
                prop_assert_eq!(again.get(&key).map(|raw| raw.get()), Some(value.get()));
            }
        }
    }
}
