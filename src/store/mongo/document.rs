//! The one document that is one task: how it is written, and in `document/reading.rs` how it is
//! read. Its fields are told in `mongo/mod.rs`; what lies beside it, in `side_documents.rs`.
//!
//! Whatever writes an answer goes through [`of_answer`], which also says what has to be written
//! beside the document before.
//!
//! Rejected: serde structures for it. The driver's deserialiser takes parts of a task for
//! BSON's own notation, and would read the whole document where a few fields are looked at.

use mongodb::bson::{DateTime, RawArrayBuf, RawDocumentBuf, rawdoc};

use super::json;
use super::side_documents::{self, SideDocuments};
use crate::allocation::{Lane, Lease, Plan, Position, Purpose, SequenceNumber, TaskState};
use crate::store::Record;
use crate::task::{Answer, Basis, Task, TaskId, Version};

mod reading;

pub(super) use reading::{
    MalformedDocument, StoredAnswer, StoredVersion, TaskDocument, read_version,
};

/// The stored format as each task's document has it, in 32 bits. It shows which documents an older
/// annotd wrote.
#[expect(clippy::cast_possible_truncation, reason = "the format is a small number")]
pub(super) const FORMAT: i32 = crate::store::FORMAT as i32;

/// Keys of an answer that are annotd's. An interface's key of the same name would be mistaken for
/// them, so such data is kept as text. `shown` is for the suggestions that were shown.
const RESERVED_KEYS: [&str; 12] = [
    "annotator",
    "answer",
    "time_loaded",
    "time_returned",
    "edition",
    "tokenizer",
    "shown",
    "history",
    "revisions",
    "stamp",
    "data_json",
    "large",
];

/// What is known of an answer as it is stored, beside what it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AnswerStorage {
    /// The number of the one who wrote it, by which they recognise it.
    pub(super) stamp: i64,
    /// Earlier versions that lie in `<project>.history`.
    pub(super) revisions: usize,
    /// As many of its earlier versions, from the first, are those. Less than `revisions` where
    /// some of them are lost.
    pub(super) known: usize,
    /// Under which name its data lie in `<project>.large`, if they do.
    pub(super) large: Option<String>,
}

impl AnswerStorage {
    /// Where nothing of an answer is stored yet.
    pub(super) fn new(stamp: i64) -> Self {
        Self { stamp, ..Self::default() }
    }

    /// How many earlier versions are stored apart when this many are known.
    pub(super) fn revisions_with(&self, known: usize) -> usize {
        self.revisions + known.saturating_sub(self.known)
    }
}

/// The most that a task may take of the 16 MiB of a document, in bytes of BSON. The rest is for its
/// answers.
const MAX_TASK_BYTES: usize = 12 << 20;
/// JSON of fewer bytes is not measured. An item of a list may take seven times as much in BSON, and
/// text that BSON cannot hold exactly is there twice.
const UNMEASURED_JSON_BYTES: usize = MAX_TASK_BYTES / 8;

/// Whether a task fits into a document beside its answers; if not, why.
///
/// Keys with a NUL or a `$`, and numbers that BSON has not, are held exactly beside (`json.rs`),
/// and nothing is nested deeper than [`MAX_DEPTH`](crate::task::MAX_DEPTH), which MongoDB takes.
pub(super) fn can_hold(task: &Task) -> Result<(), String> {
    if task.body.as_str().len() < UNMEASURED_JSON_BYTES {
        return Ok(());
    }
    let bytes = of_content(task).as_bytes().len();
    if bytes <= MAX_TASK_BYTES {
        return Ok(());
    }
    #[expect(clippy::cast_precision_loss, reason = "it is shown to one decimal")]
    let megabytes = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    Err(format!(
        "it takes {:.1} MiB in MongoDB, where a task may take {:.0}; put large media into files that the \
         task names, or keep the project in a file (store.url = \"annotd.db\")",
        megabytes(bytes),
        megabytes(MAX_TASK_BYTES)
    ))
}

/// The document of a task that enters.
pub(super) fn of_task(
    task: &Task,
    plan: &Plan,
    number: SequenceNumber,
    position: Position,
    reopened: Option<i64>,
) -> RawDocumentBuf {
    let mut document = of_content(task);
    let wanted = i32::try_from(plan.wanted).unwrap_or(i32::MAX);
    document.append("number", number.0);
    document.append("position", position.0);
    document.append("priority", plan.priority);
    document.append("for", of_lanes(&plan.lanes));
    document.append("planned", wanted);
    document.append("wanted", wanted);
    document.append("free", wanted);
    document.append("left", wanted);
    document.append("seen", 0);
    document.append("finished", false);
    for list in ["coders", "held", "answers", "skipped", "late"] {
        document.append(list, RawArrayBuf::new());
    }
    append_origin(&mut document, plan.part, plan.bound, &plan.purpose);
    if let Some(at) = reopened {
        document.append("reopened", DateTime::from_millis(at));
    }
    document
}

/// The document of a task as it was in another store.
pub(super) fn of_record(record: &Record, side_documents: &mut SideDocuments) -> RawDocumentBuf {
    let Record { task, number, position, state } = record;
    let mut document = of_content(task);
    document.append("number", number.0);
    document.append("priority", position.priority());
    // A stamp is looked for by the one who gave it, while their write is under way.
    let facts = of_facts(&task.id, state, *position, |_| AnswerStorage::default(), side_documents);
    for element in &facts {
        let (key, value) = element.expect("it has just been written");
        document.append_ref(key, value);
    }
    append_origin(&mut document, state.part, state.bound, &state.purpose);
    document
}

/// What a task is, whatever becomes of it.
fn of_content(task: &Task) -> RawDocumentBuf {
    let (content, exact) = json::to_bson(&task.body.to_value());
    let mut document = rawdoc! { "_id": task.id.as_str(), "format": FORMAT, "task": content };
    if !exact {
        document.append("task_json", task.body.as_str());
    }
    document.append("input_hash", task.input_hash);
    document.append("task_hash", task.task_hash);
    document
}

/// What was said of a task when it entered and never changes; and no writes yet.
fn append_origin(document: &mut RawDocumentBuf, part: Option<u16>, bound: bool, purpose: &Purpose) {
    if let Some(part) = part {
        document.append("part", i32::from(part));
    }
    if bound {
        document.append("bound", true);
    }
    if let Some(purpose) = purpose.to_text() {
        document.append("purpose", purpose);
    }
    document.append("rev", 0_i64);
}

fn of_lanes(lanes: &[Lane]) -> RawArrayBuf {
    let mut array = RawArrayBuf::new();
    for lane in lanes {
        array.push(lane.to_text().as_ref());
    }
    array
}

/// The operators that make a task's state another one as a whole. `storage` says what is known of
/// an annotator's answer as it is stored; with `announce` those who hand out hear of it.
pub(super) fn of_state(
    task: &TaskId,
    state: &TaskState,
    position: Position,
    storage: impl Fn(&str) -> AnswerStorage,
    announce: bool,
    side_documents: &mut SideDocuments,
) -> RawDocumentBuf {
    let set = of_facts(task, state, position, storage, side_documents);
    let mut update = rawdoc! { "$set": set, "$inc": { "rev": 1_i64 } };
    if announce {
        update.append("$currentDate", rawdoc! { "reopened": true });
    }
    update
}

/// Who may have a task, who holds it, who has answered what, and what follows from that.
fn of_facts(
    task: &TaskId,
    state: &TaskState,
    position: Position,
    storage: impl Fn(&str) -> AnswerStorage,
    side_documents: &mut SideDocuments,
) -> RawDocumentBuf {
    let count = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let mut set = rawdoc! {
        "for": of_lanes(&state.lanes),
        "planned": count(state.planned),
        "wanted": count(state.wanted),
        "free": count(state.free()),
        "left": count(state.remaining()),
        "seen": i32::try_from(state.answers.len()).unwrap_or(i32::MAX),
        "finished": state.finished,
        "position": position.0,
    };
    let mut coders = RawArrayBuf::new();
    for annotator in state.counted_annotators() {
        coders.push(annotator);
    }
    set.append("coders", coders);
    set.append("held", of_holds(&state.held));
    if !state.previous_holders.is_empty() {
        let mut former = RawArrayBuf::new();
        for name in &state.previous_holders {
            former.push(name.as_str());
        }
        set.append("former", former);
    }
    let lists = [("answers", &state.answers), ("skipped", &state.skipped), ("late", &state.late)];
    for (key, list) in lists {
        let mut answers = RawArrayBuf::new();
        for answer in list {
            answers.push(of_answer(task, answer, &storage(&answer.annotator), side_documents));
        }
        set.append(key, answers);
    }
    set
}

/// Those who hold a task.
pub(super) fn of_holds(holds: &[Lease]) -> RawArrayBuf {
    let mut held = RawArrayBuf::new();
    for hold in holds {
        held.push(of_hold(hold));
    }
    held
}

/// One who holds a task.
pub(super) fn of_hold(hold: &Lease) -> RawDocumentBuf {
    let mut document = rawdoc! {
        "annotator": hold.annotator.as_str(),
        "since": DateTime::from_millis(hold.since.0),
        "until": DateTime::from_millis(hold.until.0),
    };
    append_basis(&mut document, hold.basis);
    document
}

/// An annotator's answer, where this is known of it as it is stored. What has to lie beside the
/// document before is added to `side_documents`: its large data, and those earlier versions that
/// are not there yet.
pub(super) fn of_answer(
    task: &TaskId,
    answer: &Answer,
    storage: &AnswerStorage,
    side_documents: &mut SideDocuments,
) -> RawDocumentBuf {
    let mut document = rawdoc! { "annotator": answer.annotator.as_str() };
    append_version(&mut document, task, &answer.current, storage.large.as_deref(), side_documents);
    for (nth, earlier) in (storage.revisions + 1..).zip(answer.history.iter().skip(storage.known)) {
        let mut version = RawDocumentBuf::new();
        // The first of them may be what was current, whose data lie beside already.
        append_version(&mut version, task, earlier, storage.large.as_deref(), side_documents);
        side_documents.add_earlier(task, &answer.annotator, nth, version);
    }
    let revisions = storage.revisions_with(answer.history.len());
    document.append("revisions", i32::try_from(revisions).unwrap_or(i32::MAX));
    document.append("stamp", storage.stamp);
    document
}

/// What a version says and when. Data that lie beside under the name `there` are not written again.
fn append_version(
    document: &mut RawDocumentBuf,
    task: &TaskId,
    version: &Version,
    there: Option<&str>,
    side_documents: &mut SideDocuments,
) {
    let (data, mut exact) = json::to_bson(&version.data);
    document.append("answer", version.verdict.as_str());
    let text = || serde_json::to_string(&version.data).expect("an answer is JSON");
    if let Some(text) = side_documents::large(&version.data, data.as_bytes().len(), text) {
        let name = side_documents::name_of(&text);
        if there != Some(&name) {
            side_documents.add_large(task, &name, &text);
        }
        document.append("large", name);
    } else {
        for element in &data {
            let (key, value) = element.expect("it has just been written");
            if RESERVED_KEYS.contains(&key) {
                exact = false;
            } else {
                document.append_ref(key, value);
            }
        }
        if !exact {
            document.append("data_json", text());
        }
    }
    document.append("time_loaded", DateTime::from_millis(version.time_loaded.0));
    document.append("time_returned", DateTime::from_millis(version.time_returned.0));
    append_basis(document, version.basis);
}

fn append_basis(document: &mut RawDocumentBuf, basis: Basis) {
    document.append("edition", i32::try_from(basis.edition).unwrap_or(i32::MAX));
    document.append("tokenizer", i32::from(basis.tokenizer));
}

#[cfg(test)]
mod tests;
