//! Prodigy's shape: an object for each answer, the task with what was said about it.
//!
//! First the task's own keys in their order and to the letter; then, where an interface works on
//! tokens that the task does not have, `tokens` as they were computed, so that the token offsets of
//! its spans mean something; then what the annotator added; then the system's keys. A key that is
//! there twice keeps the place of the first and takes the value of the last: an annotator's `spans`
//! replace the suggested ones, and the system's keys replace those that the task came with. (The
//! format `tasks` has both.) What the task had under the answer's keys stands under `_task`, to the
//! letter ([`own_keys`]), and a remark that the task came with is never the annotator's. Times are
//! whole seconds.
//!
//! Answers that came too late are left out; where they are asked for, they carry `"_late": true`.
//! Answers to gold tasks and repeats carry `"_check": "gold"` or `"repeat"`, and the task's
//! identity is then that of the repeat.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Export, Format, Record, RecordWriter, check};
use crate::task::{Fields, hashes, own_keys};

pub(super) const FORMAT: Format = Format {
    name: "jsonl",
    about: "Prodigy's format: one line for each answer",
    extension: "jsonl",
    media_type: "application/x-ndjson",
    make: |export| Box::new(Jsonl(export.clone())),
};

struct Jsonl(Export);

impl RecordWriter for Jsonl {
    fn record(&mut self, record: &Record, out: &mut Vec<u8>) -> u64 {
        let Export { project, interface, filter, .. } = &self.0;
        let mut answers = filter.answers(record).peekable();
        if answers.peek().is_none() {
            return 0;
        }
        let task = &record.task;
        // What an answer's token numbers mean depends on the version under which it was given.
        let mut with_tokens: BTreeMap<u16, Fields> = BTreeMap::new();
        let sets = interface.answer_keys(&task.body);
        let mut count = 0;
        for (answer, late) in answers {
            let version = answer.current.basis.tokenizer;
            let own = with_tokens.entry(version).or_insert_with(|| {
                let mut own = task.body.fields();
                let interface = interface.with_tokenizer(version);
                if let Some(tokens) = interface.missing_tokens(&task.body) {
                    own.insert("tokens".to_owned(), raw(&tokens));
                }
                own
            });
            let mut line = own.clone();
            let displaced = own_keys::displace(&mut line, &answer.current, &sets);
            if !displaced.is_empty() {
                line.insert(own_keys::DISPLACED.to_owned(), raw(&displaced));
            }
            let session = format!("{project}-{}", answer.annotator);
            let system: [(&str, Value); 8] = [
                ("_input_hash", task.input_hash.into()),
                ("_task_hash", task.task_hash.into()),
                ("_view_id", interface.name().into()),
                ("answer", answer.current.verdict.as_str().into()),
                ("_timestamp", answer.current.time_returned.seconds().into()),
                ("_annotator_id", session.as_str().into()),
                ("_session_id", session.as_str().into()),
                ("_id", task.id.as_str().into()),
            ];
            for (key, value) in &system {
                if !hashes::came_with(&line, key) {
                    set(&mut line, key, value);
                }
            }
            if let Some(check) = check(record) {
                set(&mut line, "_check", &check.into());
            }
            if late {
                set(&mut line, "_late", &Value::Bool(true));
            }
            serde_json::to_writer(&mut *out, &line).expect("writing to memory does not fail");
            out.push(b'\n');
            count += 1;
        }
        count
    }
}

fn set(fields: &mut Fields, key: &str, value: &Value) {
    fields.insert(key.to_owned(), raw(value));
}

fn raw(value: &impl Serialize) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).expect("plain values always serialise")
}
