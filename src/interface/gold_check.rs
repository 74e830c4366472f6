//! Checks, when a task is loaded, that its right answer (`meta.gold`) is one that an annotator can
//! give.
//!
//! A right answer that names no option, a label that cannot be chosen, or a span that fits no
//! tokens counts against every annotator who meets it, and nothing says why. It is held against the
//! interface as an answer is. What the right answer leaves out is what the task has; a verdict
//! alone, and a reject, say nothing else.
//!
//! Beside what it says a right answer may have keys of its own, such as where it is from. If it
//! says nothing that answers say, its key is most likely misspelt.

use serde_json::Value;

use super::{AnswerError, Interface, Unfit, own_keys};
use crate::task::{TaskJson, Verdict, gold};

/// Where the right answer stands.
const AT: &str = "/meta/gold";
/// What to do about one that cannot be.
const REMEDY: &str = "correct it, or take meta.gold out";

impl Interface {
    /// Checks the task's right answer, if it has one.
    ///
    /// # Errors
    /// Why no annotator can give it, and the place in the task.
    pub fn gold_fits(&self, task: &TaskJson) -> Result<(), Unfit> {
        let right = gold::gold(task).map_err(|wrong| {
            let at = if wrong.found.starts_with('"') { format!("{AT}/answer") } else { AT.into() };
            Unfit::new(at, format!("{} under `meta.gold`", wrong.expected), wrong.found)
        })?;
        let Some(right) = right else { return Ok(()) };
        if right.data.is_empty() || right.verdict == Verdict::Reject {
            return Ok(());
        }
        let own = task.to_value();
        let sets = self.answer_keys(task);
        let answers = right.data.keys().any(|key| sets.contains(key));
        let has_verdict = own
            .get("meta")
            .and_then(|meta| meta.get("gold")?.get("answer"))
            .is_some_and(|verdict| !verdict.is_null());
        let strange = |key: &&String| {
            let known = own.contains_key(*key) || own_keys::is_annotators(key);
            !known && !key.starts_with('_') && *key != "tokens"
        };
        if !answers
            && !has_verdict
            && let Some(strange) = right.data.keys().find(strange)
        {
            let expected = match &sets[..] {
                [] => format!("`answer` alone, for answers to `{}` say no more", self.name()),
                keys => {
                    let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
                    format!("{}, which answers set", keys.join(" or "))
                }
            };
            let at = format!("{AT}/{strange}");
            return Err(Unfit::new(at, expected, format!("`{strange}`")).help(REMEDY));
        }
        if !answers {
            return Ok(());
        }
        let mut given = right.data;
        for key in &sets {
            if let Some(value) = own.get(key).filter(|_| !given.contains_key(key)) {
                given.insert(key.clone(), value.clone());
            }
        }
        given.insert("answer".into(), Value::from(right.verdict.as_str()));
        match self.receive(task, &given) {
            Ok(_) => Ok(()),
            Err(misfit) => {
                let help = format!("{misfit}; {REMEDY}");
                let expected = "a right answer that an annotator can give";
                Err(Unfit::new(pointer(&misfit), expected, "another").help(help))
            }
        }
    }
}

/// Where in the task a misfit of its right answer is: `spans[2].label` is
/// `/meta/gold/spans/2/label`.
fn pointer(misfit: &AnswerError) -> String {
    // A block is named before the place.
    let at = misfit.at.rsplit_once(": ").map_or(&*misfit.at, |(_, at)| at);
    let steps = at.split(['.', '[']).map(|step| step.trim_end_matches(']'));
    steps.fold(AT.to_owned(), |pointer, step| pointer + "/" + step)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::interface::Settings;

    /// What loading says to this right answer, with the text at the place.
    fn refused(view: &str, task: &Value, gold: &Value) -> Option<(String, String)> {
        let config = json!({"blocks": [{"view_id": "spans_manual"}, {"view_id": "choice"}]});
        let config = config.as_object().expect("an object").clone();
        let settings = Settings { labels: vec!["A".into(), "B".into()], config };
        let interface = Interface::new(view, settings).expect("it is there");
        let mut task = task.clone();
        task["meta"] = json!({ "gold": gold });
        let body = TaskJson::from_value(&task).expect("a task");
        let unfit = interface.gold_fits(&body).err()?;
        let place = crate::task::task_json::place(body.as_str(), &unfit.at).at;
        let there = body.as_str()[place..].chars().take(8).collect();
        let help = unfit.help.unwrap_or_default();
        Some((format!("{}, found {} ({help})", unfit.expected, unfit.found), there))
    }

    fn span(label: &str, end: u64) -> Value {
        json!([{"start": 0, "end": end, "label": label}])
    }

    #[test]
    fn a_right_answer_that_can_be_given_is_taken_however_unusual_it_is() {
        let text = json!({"text": "Ada in Rome"});
        let odd = json!({"text": "Ada in Rome", "spans": [{"start": 0, "end": 2, "label": "OLD"}]});
        let suggests = json!({"text": "Ada in Rome", "accept": ["A"]});
        for (view, task, gold) in [
            ("choice", &text, json!("accept")),
            ("choice", &text, json!("reject")),
            ("choice", &text, json!({"accept": ["A"]})),
            ("choice", &text, json!({"accept": []})),
            ("choice", &text, json!({"accept": ["A"], "from": "the second round"})),
            ("choice", &text, json!({"answer": "reject", "why": "none fits"})),
            ("choice", &text, json!({"answer": "reject", "accept": ["GONE"]})),
            ("choice", &text, json!({"answer": "accept", "from": "ines"})),
            ("choice", &suggests, json!({"comment": "as it came"})),
            ("choice", &text, json!({"text": "Ada in Rome", "accept": ["B"], "_id": "1"})),
            ("ner_manual", &text, json!({"spans": span("A", 3)})),
            ("ner_manual", &text, json!({"spans": []})),
            ("ner_manual", &odd, json!({"spans": odd["spans"]})),
            ("ner_manual", &text, json!({"spans": span("B", 6), "tokens": []})),
            ("text_input", &text, json!({"user_input": "so"})),
            ("classification", &text, json!({"answer": "accept", "from": "ines"})),
            ("blocks", &text, json!({"spans": span("A", 3), "accept": ["A"]})),
            ("blocks", &text, json!("accept")),
            ("text", &text, json!(null)),
        ] {
            assert_eq!(refused(view, task, &gold), None, "{view}: {gold}");
        }
    }

    #[test]
    fn a_right_answer_that_nobody_can_give_is_refused_with_its_place() {
        let text = json!({"text": "Ada in Rome"});
        for (view, gold, words, there) in [
            ("choice", json!({"accept": ["C"]}), "\"C\" is none of this task's options", "\"C\"]"),
            ("choice", json!({"accept": ["A", "B"]}), "expected one option", "[\"A\",\"B"),
            ("choice", json!({"accept": "A"}), "expected a list", "\"A\"}}}"),
            ("choice", json!({"accpet": ["A"]}), "`accept`, which answers set", "[\"A\"]}}"),
            ("choice", json!(true), "expected the right answer", "true}}"),
            ("choice", json!("maybe"), "\"accept\" or \"reject\"", "\"maybe\""),
            ("choice", json!({"answer": "ignore"}), "\"accept\" or \"reject\"", "\"ignore\""),
            (
                "ner_manual",
                json!({"spans": span("C", 3)}),
                "\"C\" is none of the labels",
                "\"C\"}]",
            ),
            ("ner_manual", json!({"spans": span("A", 2)}), "no token ends at 2", "2,\"label"),
            ("ner", json!({"spans": span("A", 3)}), "`answer` alone", "[{\"start"),
            ("blocks", json!({"spans": span("A", 2), "accept": ["A"]}), "block 1", "2,\"label"),
            ("blocks", json!({"spans": span("A", 3)}), "block 2 (choice): accept", "{\"spans\""),
            ("text_input", json!({"user_input": 3}), "expected a text", "3}}}"),
        ] {
            let (said, place) =
                refused(view, &text, &gold).unwrap_or_else(|| panic!("{view}: {gold} is taken"));
            let said = format!("expected {said}");
            assert!(said.contains(words), "{view}: {gold}: {said}");
            assert!(place.starts_with(&there[..there.len().min(place.len())]), "{gold}: {place}");
        }
    }
}
