//! A line for each task with everything that is known of it: the task untouched under `task`, the
//! answers that count under `answers`, ignores that count for none under `skipped`, those that came
//! too late under `late`, each with its history. Gold tasks have `"check": "gold"`, and repeats
//! `"check": "repeat"` and the `_id` of the first one under `repeat_of`.
//!
//! An answer has `annotator`, `answer`, the keys that the annotator added, `time_loaded`,
//! `time_returned` (RFC 3339 in UTC, to the millisecond) and `history`. Should an annotator's key
//! have one of these names, it is written with `_` behind it. `seen` and `coders` are those of the
//! task, whatever is filtered out of `answers`; where answers are asked for by annotator or time,
//! tasks that have none of them are left out.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::{Filter, Format, Record, RecordWriter, check, rfc3339};
use crate::allocation::Purpose;
use crate::task::{Answer, Version};

pub(super) const FORMAT: Format = Format {
    name: "tasks",
    about: "one line for each task, with all its answers and their history",
    extension: "jsonl",
    media_type: "application/x-ndjson",
    make: |export| Box::new(Tasks(export.filter.clone())),
};

/// The names that an answer's own facts have.
const FACTS: [&str; 5] = ["annotator", "answer", "time_loaded", "time_returned", "history"];

struct Tasks(Filter);

#[derive(Serialize)]
struct Line<'a> {
    _id: &'a str,
    _input_hash: i64,
    _task_hash: i64,
    task: &'a RawValue,
    wanted: u32,
    seen: usize,
    coders: Vec<&'a str>,
    finished: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat_of: Option<&'a str>,
    answers: Vec<Whole<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skipped: Vec<Whole<'a>>,
    late: Vec<Whole<'a>>,
}

impl RecordWriter for Tasks {
    fn record(&mut self, record: &Record, out: &mut Vec<u8>) -> u64 {
        let filter = &self.0;
        if !filter.admits_task(record) {
            return 0;
        }
        let wanted = |answers: &'_ [Answer]| -> Vec<usize> {
            (0..answers.len()).filter(|index| filter.admits(&answers[*index])).collect()
        };
        let state = &record.state;
        let (counting, late) = (wanted(&state.answers), wanted(&state.late));
        let skipped = wanted(&state.skipped);
        if !filter.is_open() && counting.is_empty() && skipped.is_empty() && late.is_empty() {
            return 0;
        }
        let line = Line {
            _id: record.task.id.as_str(),
            _input_hash: record.task.input_hash,
            _task_hash: record.task.task_hash,
            task: serde_json::from_str(record.task.body.as_str())
                .expect("a body is JSON by construction"),
            wanted: state.wanted,
            seen: state.answers.len(),
            coders: state.counted_annotators().collect(),
            finished: state.finished,
            check: check(record),
            repeat_of: match &state.purpose {
                Purpose::Repeat(task) => Some(task.as_str()),
                _ => None,
            },
            skipped: skipped.into_iter().map(|index| Whole(&state.skipped[index])).collect(),
            answers: counting.into_iter().map(|index| Whole(&state.answers[index])).collect(),
            late: late.into_iter().map(|index| Whole(&state.late[index])).collect(),
        };
        serde_json::to_writer(&mut *out, &line).expect("writing to memory does not fail");
        out.push(b'\n');
        1
    }
}

/// An answer with its history.
struct Whole<'a>(&'a Answer);

impl Serialize for Whole<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("annotator", &self.0.annotator)?;
        facts(&mut map, &self.0.current)?;
        let history: Vec<_> = self.0.history.iter().map(Earlier).collect();
        map.serialize_entry("history", &history)?;
        map.end()
    }
}

/// An earlier version of an answer.
struct Earlier<'a>(&'a Version);

impl Serialize for Earlier<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        facts(&mut map, self.0)?;
        map.end()
    }
}

fn facts<M: SerializeMap>(map: &mut M, version: &Version) -> Result<(), M::Error> {
    map.serialize_entry("answer", version.verdict.as_str())?;
    for (key, value) in &version.data {
        if FACTS.contains(&key.as_str()) {
            map.serialize_entry(&format!("{key}_"), value)?;
        } else {
            map.serialize_entry(key, value)?;
        }
    }
    map.serialize_entry("time_loaded", &rfc3339(version.time_loaded))?;
    map.serialize_entry("time_returned", &rfc3339(version.time_returned))
}
