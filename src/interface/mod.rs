//! What each interface accepts as an answer: one file for each.
//!
//! Each has its twin in `src/web/annotate/interfaces/`, which draws it. What comes back is checked
//! against the stored task, never against the copy of it that the browser sends along.
//!
//! An interface is a `InterfaceSpec`, a handful of plain functions over a `Card`; [`Interface`] is
//! a kind with a project's settings, which is what the rest of annotd holds. An interface that is
//! made of others (`blocks`, `pages`) makes an [`Interface`] of each part and asks that one.
//!
//! Rejected: one enum with a `match` in each function, which spread an interface over the whole
//! file; and a trait, whose only gain over a struct of functions were a type for each interface.

mod audio;
mod audio_manual;
mod blocks;
mod choice;
mod classification;
mod compare;
mod dep;
mod diff;
mod drawn_on;
mod edition;
mod fits;
mod gold_check;
mod heard;
pub mod html;
mod image;
mod image_manual;
mod llm_io;
mod ner;
mod ner_manual;
mod pages;
mod part;
mod pictured;
mod pieces;
mod pos;
mod pos_manual;
mod relations;
pub mod setting_names;
mod span_validation;
mod spans;
mod spans_manual;
mod spec;
mod strange_labels;
mod suggestion_index;
pub(crate) mod suggestions;
mod text;
mod text_input;

use std::sync::Arc;

use serde_json::value::to_raw_value;
use serde_json::{Map, Value};

pub use self::drawn_on::DrawnOn;
use self::html::sanitize;
use self::spec::InterfaceSpec;
pub use self::spec::{AnswerError, Card, Unfit};
use crate::task::{
    Fields, MAX_DEPTH, TOKENIZER, TaskJson, Token, Verdict, depth_of_object, gold, own_keys,
    tokenize,
};

/// Every interface that this build can show, by the names of their modules.
const ALL: &[&InterfaceSpec] = &[
    &text::SPEC,
    &html::SPEC,
    &classification::SPEC,
    &choice::SPEC,
    &ner::SPEC,
    &ner_manual::SPEC,
    &spans::SPEC,
    &spans_manual::SPEC,
    &pos::SPEC,
    &pos_manual::SPEC,
    &dep::SPEC,
    &relations::SPEC,
    &text_input::SPEC,
    &compare::SPEC,
    &diff::SPEC,
    &image::SPEC,
    &image_manual::SPEC,
    &audio::SPEC,
    &audio_manual::SPEC,
    &llm_io::SPEC,
    &blocks::SPEC,
    &pages::SPEC,
];

/// What tells annotd how to show or give out a task: no answer adds it.
const RESERVED: [&str; 3] = ["config", "html_template", "meta"];
/// What every answer may add to its task, in bytes of JSON: an outline by hand takes some 14 bytes
/// a point.
const ROOM: usize = 1 << 20;
/// What it may add for each byte of its task: the mark on a word of one letter takes some eighty.
const ROOM_PER_BYTE: usize = 40;
/// The most that it may add for the length of its task.
const MOST_ROOM: usize = 2 << 20;

/// The largest that an answer may add to this task, in bytes of JSON: room for a remark, for a mark
/// on each word, and for all that the task has, which an answer may say again.
///
/// All answers to a task share the 16 MiB that a document of MongoDB may have.
pub fn room_for_an_answer(task: &TaskJson) -> usize {
    let own = task.as_str().len();
    ROOM + own + own.saturating_mul(ROOM_PER_BYTE).min(MOST_ROOM)
}

/// What the project says about its interface.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The project's labels, in their order.
    pub labels: Vec<String>,
    /// Prodigy's settings, such as `choice_style`; a task's own `config` goes before them.
    pub config: Map<String, Value>,
}

/// An interface, as a project has set it. Cheap to clone.
#[derive(Clone)]
pub struct Interface {
    spec: &'static InterfaceSpec,
    settings: Arc<Settings>,
    /// The version of the rule for tokens.
    tokenizer: u16,
}

impl std::fmt::Debug for Interface {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Interface").field("name", &self.spec.name).finish_non_exhaustive()
    }
}

impl Interface {
    /// The names that a roster may give as `interface`.
    pub fn names() -> Vec<&'static str> {
        ALL.iter().map(|spec| spec.name).collect()
    }

    /// The interface of this `view_id`, or nothing if this build has none.
    pub fn new(view_id: &str, settings: Settings) -> Option<Self> {
        let spec = ALL.iter().copied().find(|spec| spec.name == view_id)?;
        Some(Self { spec, settings: Arc::new(settings), tokenizer: TOKENIZER })
    }

    /// The same, with the tokens of this version of the rule: those that a task was handed out
    /// with.
    #[must_use]
    pub fn with_tokenizer(&self, tokenizer: u16) -> Self {
        Self { tokenizer, ..self.clone() }
    }

    /// The `view_id`.
    pub fn name(&self) -> &'static str {
        self.spec.name
    }

    /// What the project says about it.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    fn card<'a>(&'a self, task: &'a TaskJson) -> Card<'a> {
        Card::new(&self.settings, task, self.tokenizer)
    }

    /// Checks, when a task is loaded, that it can be shown, and that an answer to it can be taken.
    ///
    /// # Errors
    /// The first thing that cannot, and where it stands.
    pub fn can_show(&self, task: &TaskJson) -> Result<(), Unfit> {
        (self.spec.fits)(&self.card(task))
    }

    /// What the page needs beside the task: `_tokens` where spans are drawn on a text that has no
    /// tokens of its own, or has them written in a way that the page would have to read. Computed
    /// ones are those that a span may begin or end at: blank ones are left out, and the numbers are
    /// those of the whole list.
    pub fn computed_tokens(&self, task: &TaskJson) -> Option<Value> {
        let card = self.card(task);
        if !(self.spec.tokens)(&card) {
            return None;
        }
        let plainly = pieces::plainly(&card).map(Value::Array);
        plainly.or_else(|| {
            let mut tokens = self.missing_tokens(task)?;
            tokens.retain(|token| !token.is_blank());
            serde_json::to_value(tokens).ok()
        })
    }

    /// The tokens of a task that has none, as plain values, which an export of a million answers
    /// can afford.
    pub fn missing_tokens(&self, task: &TaskJson) -> Option<Vec<Token>> {
        let card = self.card(task);
        if !(self.spec.tokens)(&card) || card.get("tokens").is_some_and(|own| own.is_array()) {
            return None;
        }
        card.has("text").then(|| tokenize(&card.text(), self.tokenizer))
    }

    /// The keys that answers to this task set. Where the task has them, they are suggestions.
    pub fn answer_keys(&self, task: &TaskJson) -> Vec<String> {
        (self.spec.answer_keys)(&self.card(task))
    }

    /// What else the page needs beside the task, by key: cleaned HTML from a template, under the
    /// pointer of the whole task (`_clean`: `{"": "…"}`), options that the page would have to read
    /// (`_options`), and what the parts of a card need (`_parts`).
    pub fn page_extras(&self, task: &TaskJson) -> Map<String, Value> {
        (self.spec.page_extras)(&self.card(task))
    }

    /// The task as a page gets it: as it was loaded, without its right answer and without what only
    /// an annotator says, and with what this interface has to say beside it. Keys under which the
    /// page trusts the server are never the task's.
    pub fn page_fields(&self, task: &TaskJson) -> Fields {
        let mut fields = task.fields();
        for own in ["_clean", "_tokens", "_options", "_size", "_parts", "_edition"] {
            fields.shift_remove(own);
        }
        gold::hide(&mut fields);
        own_keys::hide(&mut fields, &self.answer_keys(task));
        let mut put = |key: &str, value: &Value| {
            let raw = to_raw_value(value).expect("a value is JSON");
            fields.insert(key.to_owned(), raw);
        };
        if let Some(tokens) = self.computed_tokens(task) {
            put("_tokens", &tokens);
        }
        let mut clean =
            sanitize::sanitize_parts(task.as_str(), || task.to_value()).unwrap_or_default();
        for (key, value) in self.page_extras(task) {
            match value {
                Value::Object(parts) if key == "_clean" => clean.extend(parts),
                value => put(&key, &value),
            }
        }
        if !clean.is_empty() {
            put("_clean", &clean.into());
        }
        fields
    }

    /// Takes what a browser sent and gives the decision and the keys that are kept with it.
    ///
    /// Kept are the keys that the interface sets, the annotator's ([`own_keys::ANNOTATORS`])
    /// whether or not the task came with them, and others that the task does not have. Keys that
    /// begin with `_` are the system's, and what the browser says about the task's other keys does
    /// not matter.
    ///
    /// # Errors
    /// The first place that does not fit the interface or the task.
    pub fn receive(
        &self,
        task: &TaskJson,
        sent: &Map<String, Value>,
    ) -> Result<(Verdict, Map<String, Value>), AnswerError> {
        let verdict =
            sent.get("answer").and_then(Value::as_str).and_then(Verdict::from_text).ok_or_else(
                || AnswerError::new("answer", "expected \"accept\", \"reject\" or \"ignore\""),
            )?;
        let card = self.card(task);
        let sets = (self.spec.answer_keys)(&card);
        let own = card.fields();
        let mut data: Map<String, Value> = sent
            .iter()
            .filter(|(key, _)| {
                let key = key.as_str();
                key != "answer"
                    && !key.starts_with('_')
                    && (!RESERVED.contains(&key) || sets.iter().any(|set| set == key))
                    && (own_keys::is_annotators(key)
                        || sets.iter().any(|set| set == key)
                        || !own.contains_key(key))
            })
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        if depth_of_object(&data) > MAX_DEPTH {
            let found = format!("what it adds is nested more than {MAX_DEPTH} levels deep");
            return Err(AnswerError::new("answer", found));
        }
        let bytes = Value::Object(data.clone()).to_string().len();
        let most = room_for_an_answer(task);
        if bytes > most {
            return Err(AnswerError::new(
                "answer",
                format!("it adds {bytes} bytes to its task; at most {most} are kept"),
            ));
        }
        self.check(task, verdict, &mut data)?;
        Ok((verdict, data))
    }

    /// Checks what an answer adds against the task, and completes it.
    fn check(
        &self,
        task: &TaskJson,
        verdict: Verdict,
        data: &mut Map<String, Value>,
    ) -> Result<(), AnswerError> {
        let card = self.card(task);
        let sets = (self.spec.answer_keys)(&card);
        let untouched = accept_unchanged(&task.fields(), &sets, data);
        if untouched && !(self.spec.always_validates)(&card) {
            return Ok(());
        }
        // What is null is absent, unless the task came with it so and the annotator left it.
        data.retain(|key, value| !value.is_null() || !sets.contains(key));
        (self.spec.check)(&card, verdict, data)
    }
}

/// Whether an answer says again what the task came with and nothing else of its own: that is not
/// for the interface to judge, however odd it is. Each value then stands as the task has it.
fn accept_unchanged(own: &Fields, sets: &[String], data: &mut Map<String, Value>) -> bool {
    let mut back = Vec::new();
    for key in sets.iter().filter(|key| data.contains_key(*key)) {
        let of_task = own.get(key).and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok());
        match of_task {
            Some(value) if suggestion_index::same(&value, &data[key]) => {
                back.push((key.clone(), value));
            }
            _ => return false,
        }
    }
    let some = !back.is_empty();
    data.extend(back);
    some
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receive(task: &Value, sent: &Value) -> Result<(Verdict, Map<String, Value>), AnswerError> {
        let task = TaskJson::from_value(task).expect("a task");
        let interface = Interface::new("classification", Settings::default()).expect("it is there");
        interface.receive(&task, sent.as_object().expect("an object"))
    }

    #[test]
    fn the_tasks_own_keys_cannot_be_changed_and_own_remarks_are_kept() {
        let task = serde_json::json!({"text": "a", "label": "X", "meta": {"n": 1}});
        let sent = serde_json::json!({
            "text": "b", "label": "Y", "answer": "reject", "comment": "odd", "_task_hash": 3,
        });
        let (verdict, data) = receive(&task, &sent).expect("fits");
        assert_eq!(verdict, Verdict::Reject);
        assert_eq!(Value::Object(data), serde_json::json!({"comment": "odd"}));
    }

    #[test]
    fn a_remark_a_flag_and_a_reason_are_kept_although_the_task_came_with_some() {
        let task = serde_json::json!({
            "text": "a", "answer": "accept", "comment": "1", "flagged": true, "skip_reason": "1",
        });
        let sent = serde_json::json!({
            "text": "a", "answer": "ignore", "comment": "2", "flagged": false, "skip_reason": "2",
        });
        let (verdict, data) = receive(&task, &sent).expect("fits");
        assert_eq!(verdict, Verdict::Ignore);
        let kept = serde_json::json!({"comment": "2", "flagged": false, "skip_reason": "2"});
        assert_eq!(Value::Object(data), kept);
    }

    #[test]
    fn an_answer_needs_a_decision() {
        let task = serde_json::json!({"text": "a"});
        let misfit = receive(&task, &serde_json::json!({"answer": "yes"})).expect_err("a misfit");
        assert_eq!(misfit.to_string(), "answer: expected \"accept\", \"reject\" or \"ignore\"");
    }

    #[test]
    fn five_thousand_tags_fit_and_a_task_of_one_word_gets_no_megabytes() {
        let task = serde_json::json!({"text": "a ".repeat(5000)});
        let body = TaskJson::from_value(&task).expect("a task");
        let tag = |n: usize| {
            serde_json::json!({
                "start": 2 * n, "end": 2 * n + 1, "token_start": n, "token_end": n, "label": "NOUN",
            })
        };
        let tags: Vec<Value> = (0..5000).map(tag).collect();
        let settings = Settings { labels: vec!["NOUN".into()], ..Settings::default() };
        let interface = Interface::new("pos_manual", settings).expect("it is there");
        let mut sent = serde_json::json!({"answer": "accept", "spans": tags});
        let object = |sent: &Value| sent.as_object().expect("an object").clone();
        assert!(interface.receive(&body, &object(&sent)).is_ok());
        // With what else the tags of a model bring along, the task is larger, and so is the room.
        sent["spans"][0]["why"] = "x".repeat(300 << 10).into();
        let more = serde_json::json!({"text": "a ".repeat(5000), "spans": sent["spans"]});
        let more = TaskJson::from_value(&more).expect("a task");
        assert!(interface.receive(&more, &object(&sent)).is_ok());
        let small = TaskJson::from_value(&serde_json::json!({"text": "a"})).expect("a task");
        let long = serde_json::json!({"answer": "accept", "comment": "x".repeat(2 << 20)});
        let refused = interface.receive(&small, &object(&long)).expect_err("too large");
        assert!(refused.message.contains("at most 1049"), "{refused}");
    }

    #[test]
    fn no_two_interfaces_have_the_same_name() {
        let mut names = Interface::names();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn what_a_task_came_with_is_taken_back_however_odd_it_is() {
        for (view, task) in [
            ("choice", serde_json::json!({"text": "a", "accept": ["GONE"]})),
            ("choice", serde_json::json!({"text": "a", "accept": ["A", "B"]})),
            (
                "blocks",
                serde_json::json!({
                    "text": "a", "accept": ["GONE"], "spans": [{"start": 5}],
                    "config": {"blocks": [{"view_id": "choice"}, {"view_id": "spans_manual"}]},
                }),
            ),
            ("audio_manual", serde_json::json!({"audio": "a.wav", "audio_spans": null})),
            ("image_manual", serde_json::json!({"image": "a.png", "spans": 0})),
            ("spans_manual", serde_json::json!({"text": "a", "spans": [{"start": 5, "end": 1.0}]})),
        ] {
            let settings = Settings { labels: vec!["A".into(), "B".into()], ..Settings::default() };
            let interface = Interface::new(view, settings).expect("it is there");
            let body = TaskJson::from_value(&task).expect("a task");
            let mut sent = task.as_object().expect("an object").clone();
            sent.insert("answer".into(), "accept".into());
            sent.insert("comment".into(), "so it came".into());
            let (_, data) =
                interface.receive(&body, &sent).unwrap_or_else(|misfit| panic!("{view}: {misfit}"));
            for (key, value) in data.into_iter().filter(|(key, _)| key != "comment") {
                assert_eq!(value, task[&key], "{view}");
            }
        }
    }

    #[test]
    fn an_answer_adds_nothing_that_says_how_a_task_is_shown_or_given_out() {
        let task = serde_json::json!({"text": "a"});
        let sent = serde_json::json!({
            "answer": "accept", "mood": "good", "meta": {"gold": "accept"}, "config": {"x": 1},
            "html_template": "{{mood}}",
        });
        let (_, data) = receive(&task, &sent).expect("fits");
        assert_eq!(Value::Object(data), serde_json::json!({"mood": "good"}));
    }

    #[test]
    fn an_untouched_block_is_taken_back_beside_one_that_was_changed() {
        let task = serde_json::json!({
            "text": "a", "accept": ["GONE"],
            "config": {"blocks": [{"view_id": "choice"}, {"view_id": "text_input"}]},
        });
        let sent = serde_json::json!({"answer": "accept", "accept": ["GONE"], "user_input": "so"});
        let interface = Interface::new("blocks", Settings::default()).expect("it is there");
        let body = TaskJson::from_value(&task).expect("a task");
        let (_, data) =
            interface.receive(&body, sent.as_object().expect("an object")).expect("fits");
        assert_eq!(
            Value::Object(data),
            serde_json::json!({"accept": ["GONE"], "user_input": "so"})
        );
    }
}
