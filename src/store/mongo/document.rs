//! The one document that is one task: how it is written, and in `document/reading.rs` how it is read.
//! Its fields are told in `mongo/mod.rs`.
//!
//! Rejected: serde structures for it. The driver's deserialiser takes parts of somebody's task for
//! BSON's own notation, and would read the whole document where a few fields are looked at.

use mongodb::bson::{DateTime, RawArrayBuf, RawDocumentBuf, rawdoc};

use super::json;
use crate::allocation::{Lane, Ledger, Number, Plan, Position, Purpose};
use crate::store::Record;
use crate::task::{Answer, Task, Version};

mod reading;

pub(super) use reading::{Odd, Stored};

/// Keys of an answer that are annotd's. An interface's key of the same name would be mistaken for
/// them, so such data is kept as text.
const OWN: [&str; 7] =
    ["annotator", "answer", "time_loaded", "time_returned", "history", "stamp", "data_json"];

/// The document of a task that enters.
pub(super) fn of_task(
    task: &Task,
    plan: &Plan,
    number: Number,
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

/// The document of a task as it was in another store. `stamp` gives the stamp of an annotator's
/// answer.
pub(super) fn of_record(record: &Record, stamp: impl Fn(&str) -> i64) -> RawDocumentBuf {
    let Record { task, number, position, ledger } = record;
    let mut document = of_content(task);
    document.append("number", number.0);
    document.append("priority", position.priority());
    for element in &of_facts(ledger, *position, stamp) {
        let (key, value) = element.expect("it has just been written");
        document.append_ref(key, value);
    }
    append_origin(&mut document, ledger.part, ledger.bound, &ledger.purpose);
    document
}

/// What a task is, whatever becomes of it.
fn of_content(task: &Task) -> RawDocumentBuf {
    let (content, exact) = json::to_bson(&task.body.to_value());
    let mut document = rawdoc! { "_id": task.id.as_str(), "task": content };
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

/// The operators that make a task's state another one as a whole. `stamp` gives the stamp of an
/// annotator's answer; with `announce` those who hand out hear of it.
pub(super) fn of_state(
    ledger: &Ledger,
    position: Position,
    stamp: impl Fn(&str) -> i64,
    announce: bool,
) -> RawDocumentBuf {
    let set = of_facts(ledger, position, stamp);
    let mut update = rawdoc! { "$set": set, "$inc": { "rev": 1_i64 } };
    if announce {
        update.append("$currentDate", rawdoc! { "reopened": true });
    }
    update
}

/// Who may have a task, who holds it, who has answered what, and what follows from that.
fn of_facts(ledger: &Ledger, position: Position, stamp: impl Fn(&str) -> i64) -> RawDocumentBuf {
    let count = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let mut set = rawdoc! {
        "for": of_lanes(&ledger.lanes),
        "planned": count(ledger.planned),
        "wanted": count(ledger.wanted),
        "free": count(ledger.free()),
        "left": count(ledger.lacking()),
        "seen": i32::try_from(ledger.answers.len()).unwrap_or(i32::MAX),
        "finished": ledger.finished,
        "position": position.0,
    };
    let mut coders = RawArrayBuf::new();
    for annotator in ledger.coders() {
        coders.push(annotator);
    }
    set.append("coders", coders);
    let mut held = RawArrayBuf::new();
    for hold in &ledger.held {
        held.push(rawdoc! {
            "annotator": hold.annotator.as_str(),
            "since": DateTime::from_millis(hold.since.0),
            "until": DateTime::from_millis(hold.until.0),
        });
    }
    set.append("held", held);
    if !ledger.former.is_empty() {
        let mut former = RawArrayBuf::new();
        for name in &ledger.former {
            former.push(name.as_str());
        }
        set.append("former", former);
    }
    let lists =
        [("answers", &ledger.answers), ("skipped", &ledger.skipped), ("late", &ledger.late)];
    for (key, list) in lists {
        let mut answers = RawArrayBuf::new();
        for answer in list {
            answers.push(of_answer(answer, stamp(&answer.annotator)));
        }
        set.append(key, answers);
    }
    set
}

/// An annotator's answer. The stamp is the writer's own number, by which it recognises what it
/// wrote.
pub(super) fn of_answer(answer: &Answer, stamp: i64) -> RawDocumentBuf {
    let mut document = rawdoc! { "annotator": answer.annotator.as_str() };
    append_version(&mut document, &answer.current);
    let mut history = RawArrayBuf::new();
    for version in &answer.history {
        let mut earlier = RawDocumentBuf::new();
        append_version(&mut earlier, version);
        history.push(earlier);
    }
    document.append("history", history);
    document.append("stamp", stamp);
    document
}

fn append_version(document: &mut RawDocumentBuf, version: &Version) {
    let (data, exact) = json::to_bson(&version.data);
    let mut exact = exact;
    document.append("answer", version.verdict.as_str());
    for element in &data {
        let (key, value) = element.expect("it has just been written");
        if OWN.contains(&key) {
            exact = false;
        } else {
            document.append_ref(key, value);
        }
    }
    if !exact {
        let text = serde_json::to_string(&version.data).expect("an answer is JSON");
        document.append("data_json", text);
    }
    document.append("time_loaded", DateTime::from_millis(version.time_loaded.0));
    document.append("time_returned", DateTime::from_millis(version.time_returned.0));
}

#[cfg(test)]
mod tests;
