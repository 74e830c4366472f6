//! What is read of a task's document, field by field: a query may leave any of them out, and other
//! tools may have written numbers of another width.
//!
//! Answers of format 2 are read as well, since a project may be looked at before it is migrated and
//! while it is. Their earlier versions stand in a list `history`, by which they are told: in an
//! answer without one, those keys are annotd's that format 3 has added, and in one with it they are
//! the interface's.

use std::collections::HashMap;
use std::sync::Arc;

use mongodb::bson::{RawArray, RawBsonRef, RawDocument};
use serde_json::{Map, Value};

use super::super::json::{self, NotJson};
use super::{AnswerStorage, FORMAT};
use crate::allocation::{Lane, Lease, Position, Purpose, SequenceNumber, TaskState};
use crate::task::{Answer, Basis, Millis, Task, TaskId, TaskJson, Verdict, Version};

/// Why a document is not one of annotd's.
#[derive(Debug, thiserror::Error)]
pub(in crate::store::mongo) enum MalformedDocument {
    /// A field is not there.
    #[error("{0:?} is missing")]
    Missing(&'static str),
    /// A field holds something else.
    #[error("{0:?} is not what annotd puts there")]
    Wrong(&'static str),
    /// Something that should lie beside is not there.
    #[error("the data of an answer of {annotator:?} are not in the collection for large answers")]
    Lost {
        /// Whose answer.
        annotator: String,
    },
    /// A part that should be JSON is not.
    #[error("{0}")]
    NotJson(#[from] NotJson),
    /// Not even BSON.
    #[error("{0}")]
    Broken(#[from] mongodb::bson::raw::Error),
}

/// An answer as it is stored. What lies beside is filled in by `side_documents.rs`.
pub(in crate::store::mongo) struct StoredAnswer {
    pub(in crate::store::mongo) answer: Answer,
    pub(in crate::store::mongo) storage: AnswerStorage,
    /// Its data lie beside and have not been read.
    pub(in crate::store::mongo) lacks_data: bool,
}

/// A version as it is stored.
pub(in crate::store::mongo) struct StoredVersion {
    pub(in crate::store::mongo) version: Version,
    /// Under which name its data lie beside, if they do; they are not read then.
    pub(in crate::store::mongo) large: Option<String>,
}

/// In which shape a version stands there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Of format 2.
    Old,
    /// Of format 3.
    New,
}

/// What was read of a task. What the query left out is empty.
pub(in crate::store::mongo) struct TaskDocument {
    pub(in crate::store::mongo) id: TaskId,
    pub(in crate::store::mongo) number: SequenceNumber,
    pub(in crate::store::mongo) position: Position,
    pub(in crate::store::mongo) planned: u32,
    pub(in crate::store::mongo) wanted: u32,
    pub(in crate::store::mongo) free: u32,
    pub(in crate::store::mongo) left: u32,
    pub(in crate::store::mongo) finished: bool,
    pub(in crate::store::mongo) lanes: Vec<Lane>,
    pub(in crate::store::mongo) coders: Vec<String>,
    pub(in crate::store::mongo) held: Vec<Lease>,
    pub(in crate::store::mongo) answers: Vec<StoredAnswer>,
    pub(in crate::store::mongo) skipped: Vec<StoredAnswer>,
    pub(in crate::store::mongo) late: Vec<StoredAnswer>,
    pub(in crate::store::mongo) part: Option<u16>,
    pub(in crate::store::mongo) bound: bool,
    pub(in crate::store::mongo) purpose: Purpose,
    pub(in crate::store::mongo) former: Vec<String>,
    /// The format of the document; 2 where it says none.
    pub(in crate::store::mongo) format: i32,
    /// Counts the writes to this document.
    pub(in crate::store::mongo) rev: i64,
    /// When it last became open out of its turn.
    pub(in crate::store::mongo) reopened: Option<i64>,
    input_hash: i64,
    task_hash: i64,
    content: Option<String>,
    exact: Option<String>,
}

impl TaskDocument {
    /// Reads a document.
    pub(in crate::store::mongo) fn read(document: &RawDocument) -> Result<Self, MalformedDocument> {
        let mut id = None;
        let mut position = None;
        let mut wanted = None;
        let mut stored = Self {
            id: TaskId::from_text(""),
            number: SequenceNumber::START,
            position: Position::START,
            planned: 0,
            wanted: 0,
            free: 0,
            left: 0,
            finished: false,
            lanes: Vec::new(),
            coders: Vec::new(),
            held: Vec::new(),
            answers: Vec::new(),
            skipped: Vec::new(),
            late: Vec::new(),
            part: None,
            bound: false,
            purpose: Purpose::Regular,
            former: Vec::new(),
            format: FORMAT - 1,
            rev: 0,
            reopened: None,
            input_hash: 0,
            task_hash: 0,
            content: None,
            exact: None,
        };
        for element in document {
            let (key, value) = element?;
            match key {
                "_id" => id = Some(TaskId::from_text(text(value, "_id")?)),
                "format" => stored.format = whole(value, "format")?,
                "task" => {
                    let document = value.as_document().ok_or(MalformedDocument::Wrong("task"))?;
                    let mut json = String::new();
                    json::write_document(&mut json, document)?;
                    stored.content = Some(json);
                }
                "task_json" => stored.exact = Some(text(value, "task_json")?.to_owned()),
                "input_hash" => stored.input_hash = whole(value, "input_hash")?,
                "task_hash" => stored.task_hash = whole(value, "task_hash")?,
                "position" => position = Some(Position(whole(value, "position")?)),
                "number" => stored.number = SequenceNumber(whole(value, "number")?),
                "planned" => stored.planned = whole(value, "planned")?,
                "part" => stored.part = Some(whole(value, "part")?),
                "bound" => {
                    stored.bound = value.as_bool().ok_or(MalformedDocument::Wrong("bound"))?;
                }
                "purpose" => stored.purpose = Purpose::from_text(Some(text(value, "purpose")?)),
                "former" => {
                    stored.former = texts(value, "former")?;
                    stored.former.sort_unstable();
                }
                "rev" => stored.rev = whole(value, "rev")?,
                "skipped" => stored.skipped = each(value, "skipped", read_answer)?,
                "wanted" => wanted = Some(whole(value, "wanted")?),
                "free" => stored.free = whole(value, "free")?,
                "left" => stored.left = whole(value, "left")?,
                "finished" => {
                    stored.finished =
                        value.as_bool().ok_or(MalformedDocument::Wrong("finished"))?;
                }
                "for" => {
                    stored.lanes =
                        texts(value, "for")?.iter().map(|lane| Lane::from_text(lane)).collect();
                }
                "coders" => stored.coders = texts(value, "coders")?,
                "held" => stored.held = each(value, "held", read_hold)?,
                "answers" => stored.answers = each(value, "answers", read_answer)?,
                "late" => stored.late = each(value, "late", read_answer)?,
                "reopened" => stored.reopened = Some(moment(value, "reopened")?.0),
                // A field that annotd does not write is left alone.
                _ => {}
            }
        }
        stored.id = id.ok_or(MalformedDocument::Missing("_id"))?;
        stored.position = position.ok_or(MalformedDocument::Missing("position"))?;
        stored.wanted = wanted.ok_or(MalformedDocument::Missing("wanted"))?;
        Ok(stored)
    }

    /// The task itself.
    pub(in crate::store::mongo) fn task(&mut self) -> Result<Arc<Task>, MalformedDocument> {
        let content = self.exact.take().or_else(|| self.content.take());
        let content = content.ok_or(MalformedDocument::Missing("task"))?;
        Ok(Arc::new(Task {
            id: self.id.clone(),
            input_hash: self.input_hash,
            task_hash: self.task_hash,
            body: TaskJson::from_stored(&content)
                .map_err(|_| MalformedDocument::Wrong("task_json"))?,
        }))
    }

    /// Its state.
    ///
    /// Fails where the data of an answer are not there.
    pub(in crate::store::mongo) fn state(&self) -> Result<TaskState, MalformedDocument> {
        if let Some(lost) = self.all_answers().find(|answer| answer.lacks_data) {
            return Err(MalformedDocument::Lost { annotator: lost.answer.annotator.clone() });
        }
        let plain = |answers: &[StoredAnswer]| answers.iter().map(|a| a.answer.clone()).collect();
        Ok(TaskState {
            purpose: self.purpose.clone(),
            part: self.part,
            bound: self.bound,
            planned: self.planned,
            skipped: plain(&self.skipped),
            previous_holders: self.former.clone(),
            held: self.held.clone(),
            answers: plain(&self.answers),
            late: plain(&self.late),
            finished: self.finished,
            ..TaskState::new(self.wanted, self.lanes.clone())
        })
    }

    /// All answers, whatever became of them.
    pub(in crate::store::mongo) fn all_answers(&self) -> impl Iterator<Item = &StoredAnswer> {
        self.answers.iter().chain(&self.skipped).chain(&self.late)
    }

    /// The same, to fill in what lies beside.
    pub(in crate::store::mongo) fn all_answers_mut(
        &mut self,
    ) -> impl Iterator<Item = &mut StoredAnswer> {
        self.answers.iter_mut().chain(&mut self.skipped).chain(&mut self.late)
    }

    /// Whether something with this stamp is among the answers.
    pub(in crate::store::mongo) fn has_stamp(&self, stamp: i64) -> bool {
        self.all_answers().any(|answer| answer.storage.stamp == stamp)
    }

    /// What is known of the answers as they are stored, by annotator.
    pub(in crate::store::mongo) fn storage(&self) -> HashMap<String, AnswerStorage> {
        let entry =
            |stored: &StoredAnswer| (stored.answer.annotator.clone(), stored.storage.clone());
        self.all_answers().map(entry).collect()
    }

    /// Whether this annotator holds it.
    pub(in crate::store::mongo) fn is_held_by(&self, annotator: &str) -> bool {
        self.held.iter().any(|hold| hold.annotator == annotator)
    }

    /// Those who hold it or have answered it.
    pub(in crate::store::mongo) fn participants(&self) -> Vec<String> {
        let held = self.held.iter().map(|hold| &hold.annotator);
        let others = self.skipped.iter().chain(&self.late).map(|other| &other.answer.annotator);
        held.chain(&self.coders).chain(others).cloned().collect()
    }
}

fn text<'a>(value: RawBsonRef<'a>, field: &'static str) -> Result<&'a str, MalformedDocument> {
    value.as_str().ok_or(MalformedDocument::Wrong(field))
}

/// A whole number of whatever width: other tools like to write doubles.
fn whole<T: TryFrom<i64>>(
    value: RawBsonRef<'_>,
    field: &'static str,
) -> Result<T, MalformedDocument> {
    let number = match value {
        RawBsonRef::Int32(number) => i64::from(number),
        RawBsonRef::Int64(number) => number,
        #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
        RawBsonRef::Double(number) if number.fract() == 0.0 && number.abs() < 9e15 => number as i64,
        _ => return Err(MalformedDocument::Wrong(field)),
    };
    T::try_from(number).map_err(|_| MalformedDocument::Wrong(field))
}

fn moment(value: RawBsonRef<'_>, field: &'static str) -> Result<Millis, MalformedDocument> {
    let moment = value.as_datetime().ok_or(MalformedDocument::Wrong(field))?;
    Ok(Millis(moment.timestamp_millis()))
}

fn array<'a>(
    value: RawBsonRef<'a>,
    field: &'static str,
) -> Result<&'a RawArray, MalformedDocument> {
    value.as_array().ok_or(MalformedDocument::Wrong(field))
}

fn texts(value: RawBsonRef<'_>, field: &'static str) -> Result<Vec<String>, MalformedDocument> {
    array(value, field)?.into_iter().map(|item| Ok(text(item?, field)?.to_owned())).collect()
}

fn each<T>(
    value: RawBsonRef<'_>,
    field: &'static str,
    read: impl Fn(&RawDocument) -> Result<T, MalformedDocument>,
) -> Result<Vec<T>, MalformedDocument> {
    array(value, field)?
        .into_iter()
        .map(|item| read(item?.as_document().ok_or(MalformedDocument::Wrong(field))?))
        .collect()
}

fn read_hold(document: &RawDocument) -> Result<Lease, MalformedDocument> {
    let mut hold = Lease {
        annotator: String::new(),
        since: Millis(0),
        until: Millis(0),
        basis: Basis::default(),
    };
    for element in document {
        let (key, value) = element?;
        match key {
            "annotator" => text(value, "held")?.clone_into(&mut hold.annotator),
            "since" => hold.since = moment(value, "held")?,
            "until" => hold.until = moment(value, "held")?,
            "edition" => hold.basis.edition = whole(value, "held")?,
            "tokenizer" => hold.basis.tokenizer = whole(value, "held")?,
            _ => {}
        }
    }
    Ok(hold)
}

pub(super) fn read_answer(document: &RawDocument) -> Result<StoredAnswer, MalformedDocument> {
    let mut storage = AnswerStorage::default();
    let mut annotator = String::new();
    let mut history = Vec::new();
    let mut shape = Shape::New;
    for element in document {
        let (key, value) = element?;
        match key {
            "annotator" => text(value, "annotator")?.clone_into(&mut annotator),
            "stamp" => storage.stamp = whole(value, "stamp")?,
            "history" => {
                shape = Shape::Old;
                let earlier = each(value, "history", |version| read_shape(version, Shape::Old))?;
                history = earlier.into_iter().map(|earlier| earlier.version).collect();
            }
            _ => {}
        }
    }
    if shape == Shape::New
        && let Some(revisions) = document.get("revisions")?
    {
        storage.revisions = usize::try_from(whole::<u32>(revisions, "revisions")?).unwrap_or(0);
    }
    let StoredVersion { version, large } = read_shape(document, shape)?;
    let lacks_data = large.is_some();
    storage.large = large;
    Ok(StoredAnswer {
        answer: Answer { annotator, current: version, history },
        storage,
        lacks_data,
    })
}

/// Reads a version of an answer that lies in `<project>.history`.
pub(in crate::store::mongo) fn read_version(
    document: &RawDocument,
) -> Result<StoredVersion, MalformedDocument> {
    read_shape(document, Shape::New)
}

fn read_shape(document: &RawDocument, shape: Shape) -> Result<StoredVersion, MalformedDocument> {
    let mut version = Version {
        verdict: Verdict::Ignore,
        data: Map::new(),
        time_loaded: Millis(0),
        time_returned: Millis(0),
        basis: Basis::default(),
    };
    let mut exact: Option<Map<String, Value>> = None;
    let mut large = None;
    for element in document {
        let (key, value) = element?;
        match (key, shape) {
            ("answer", _) => {
                // A query may leave out everything but who answered.
                version.verdict = Verdict::from_text(text(value, "answer")?)
                    .ok_or(MalformedDocument::Wrong("answer"))?;
            }
            ("time_loaded", _) => version.time_loaded = moment(value, "time_loaded")?,
            ("time_returned", _) => version.time_returned = moment(value, "time_returned")?,
            ("data_json", _) => {
                let text = text(value, "data_json")?;
                exact = Some(
                    serde_json::from_str(text)
                        .map_err(|_| MalformedDocument::Wrong("data_json"))?,
                );
            }
            ("edition", Shape::New) => version.basis.edition = whole(value, "edition")?,
            ("tokenizer", Shape::New) => version.basis.tokenizer = whole(value, "tokenizer")?,
            ("large", Shape::New) => large = Some(text(value, "large")?.to_owned()),
            ("annotator" | "history" | "stamp", _) | ("revisions" | "shown", Shape::New) => {}
            _ => {
                version.data.insert(key.to_owned(), json::to_value(key, value)?);
            }
        }
    }
    if let Some(exact) = exact {
        version.data = exact;
    }
    Ok(StoredVersion { version, large })
}
