//! The one document that is one task: how it is written and read. Its fields are told in
//! `mongo/mod.rs`.
//!
//! Rejected: serde structures for it. The driver's deserialiser takes parts of somebody's task for
//! BSON's own notation, and would read the whole document where a few fields are looked at.

use std::collections::HashMap;
use std::sync::Arc;

use mongodb::bson::{
    DateTime, RawArray, RawArrayBuf, RawBsonRef, RawDocument, RawDocumentBuf, rawdoc,
};
use serde_json::{Map, Value};

use super::json::{self, NotJson};
use crate::allocation::{Hold, Lane, Ledger, Number, Plan, Position, Purpose};
use crate::store::Record;
use crate::task::{Answer, Body, Millis, Task, TaskId, Verdict, Version};

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

/// Why a document is not one of annotd's.
#[derive(Debug, thiserror::Error)]
pub(super) enum Odd {
    /// A field is not there.
    #[error("{0:?} is missing")]
    Missing(&'static str),
    /// A field holds something else.
    #[error("{0:?} is not what annotd puts there")]
    Wrong(&'static str),
    /// A part that should be JSON is not.
    #[error("{0}")]
    NotJson(#[from] NotJson),
    /// Not even BSON.
    #[error("{0}")]
    Broken(#[from] mongodb::bson::raw::Error),
}

/// An answer as it is stored.
pub(super) struct StoredAnswer {
    pub(super) answer: Answer,
    pub(super) stamp: i64,
}

/// What was read of a task. What the query left out is empty.
pub(super) struct Stored {
    pub(super) id: TaskId,
    pub(super) number: Number,
    pub(super) position: Position,
    pub(super) planned: u32,
    pub(super) wanted: u32,
    pub(super) free: u32,
    pub(super) left: u32,
    pub(super) finished: bool,
    pub(super) lanes: Vec<Lane>,
    pub(super) coders: Vec<String>,
    pub(super) held: Vec<Hold>,
    pub(super) answers: Vec<StoredAnswer>,
    pub(super) skipped: Vec<StoredAnswer>,
    pub(super) late: Vec<StoredAnswer>,
    pub(super) part: Option<u16>,
    pub(super) bound: bool,
    pub(super) purpose: Purpose,
    pub(super) former: Vec<String>,
    /// Counts the writes to this document.
    pub(super) rev: i64,
    /// When it last became open out of its turn.
    pub(super) reopened: Option<i64>,
    input_hash: i32,
    task_hash: i32,
    content: Option<String>,
    exact: Option<String>,
}

impl Stored {
    /// Reads a document.
    pub(super) fn read(document: &RawDocument) -> Result<Self, Odd> {
        let mut id = None;
        let mut position = None;
        let mut wanted = None;
        let mut stored = Self {
            id: TaskId::from_text(""),
            number: Number::START,
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
                "task" => {
                    let document = value.as_document().ok_or(Odd::Wrong("task"))?;
                    let mut json = String::new();
                    json::write_document(&mut json, document)?;
                    stored.content = Some(json);
                }
                "task_json" => stored.exact = Some(text(value, "task_json")?.to_owned()),
                "input_hash" => stored.input_hash = whole(value, "input_hash")?,
                "task_hash" => stored.task_hash = whole(value, "task_hash")?,
                "position" => position = Some(Position(whole(value, "position")?)),
                "number" => stored.number = Number(whole(value, "number")?),
                "planned" => stored.planned = whole(value, "planned")?,
                "part" => stored.part = Some(whole(value, "part")?),
                "bound" => stored.bound = value.as_bool().ok_or(Odd::Wrong("bound"))?,
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
                "finished" => stored.finished = value.as_bool().ok_or(Odd::Wrong("finished"))?,
                "for" => {
                    stored.lanes =
                        texts(value, "for")?.iter().map(|lane| Lane::from_text(lane)).collect();
                }
                "coders" => stored.coders = texts(value, "coders")?,
                "held" => stored.held = each(value, "held", read_hold)?,
                "answers" => stored.answers = each(value, "answers", read_answer)?,
                "late" => stored.late = each(value, "late", read_answer)?,
                "reopened" => stored.reopened = Some(moment(value, "reopened")?.0),
                // Somebody's own field is none of our business.
                _ => {}
            }
        }
        stored.id = id.ok_or(Odd::Missing("_id"))?;
        stored.position = position.ok_or(Odd::Missing("position"))?;
        stored.wanted = wanted.ok_or(Odd::Missing("wanted"))?;
        Ok(stored)
    }

    /// The task itself.
    pub(super) fn task(&mut self) -> Result<Arc<Task>, Odd> {
        let content = self.exact.take().or_else(|| self.content.take());
        let content = content.ok_or(Odd::Missing("task"))?;
        Ok(Arc::new(Task {
            id: self.id.clone(),
            input_hash: self.input_hash,
            task_hash: self.task_hash,
            body: Body::from_stored(&content).map_err(|_| Odd::Wrong("task_json"))?,
        }))
    }

    /// Its state.
    pub(super) fn ledger(&self) -> Ledger {
        let plain = |answers: &[StoredAnswer]| answers.iter().map(|a| a.answer.clone()).collect();
        Ledger {
            purpose: self.purpose.clone(),
            part: self.part,
            bound: self.bound,
            planned: self.planned,
            skipped: plain(&self.skipped),
            former: self.former.clone(),
            held: self.held.clone(),
            answers: plain(&self.answers),
            late: plain(&self.late),
            finished: self.finished,
            ..Ledger::new(self.wanted, self.lanes.clone())
        }
    }

    fn everyones(&self) -> impl Iterator<Item = &StoredAnswer> {
        self.answers.iter().chain(&self.skipped).chain(&self.late)
    }

    /// Whether something with this stamp is among the answers.
    pub(super) fn bears(&self, stamp: i64) -> bool {
        self.everyones().any(|answer| answer.stamp == stamp)
    }

    /// The stamps of the answers, by annotator.
    pub(super) fn stamps(&self) -> HashMap<String, i64> {
        self.everyones().map(|stored| (stored.answer.annotator.clone(), stored.stamp)).collect()
    }

    /// Whether this annotator holds it.
    pub(super) fn is_held_by(&self, annotator: &str) -> bool {
        self.held.iter().any(|hold| hold.annotator == annotator)
    }

    /// Those who hold it or have answered it.
    pub(super) fn takers(&self) -> Vec<String> {
        let held = self.held.iter().map(|hold| &hold.annotator);
        let others = self.skipped.iter().chain(&self.late).map(|other| &other.answer.annotator);
        held.chain(&self.coders).chain(others).cloned().collect()
    }
}

fn text<'a>(value: RawBsonRef<'a>, field: &'static str) -> Result<&'a str, Odd> {
    value.as_str().ok_or(Odd::Wrong(field))
}

/// A whole number of whatever width: other tools like to write doubles.
fn whole<T: TryFrom<i64>>(value: RawBsonRef<'_>, field: &'static str) -> Result<T, Odd> {
    let number = match value {
        RawBsonRef::Int32(number) => i64::from(number),
        RawBsonRef::Int64(number) => number,
        #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
        RawBsonRef::Double(number) if number.fract() == 0.0 && number.abs() < 9e15 => number as i64,
        _ => return Err(Odd::Wrong(field)),
    };
    T::try_from(number).map_err(|_| Odd::Wrong(field))
}

fn moment(value: RawBsonRef<'_>, field: &'static str) -> Result<Millis, Odd> {
    let moment = value.as_datetime().ok_or(Odd::Wrong(field))?;
    Ok(Millis(moment.timestamp_millis()))
}

fn array<'a>(value: RawBsonRef<'a>, field: &'static str) -> Result<&'a RawArray, Odd> {
    value.as_array().ok_or(Odd::Wrong(field))
}

fn texts(value: RawBsonRef<'_>, field: &'static str) -> Result<Vec<String>, Odd> {
    array(value, field)?.into_iter().map(|item| Ok(text(item?, field)?.to_owned())).collect()
}

fn each<T>(
    value: RawBsonRef<'_>,
    field: &'static str,
    read: impl Fn(&RawDocument) -> Result<T, Odd>,
) -> Result<Vec<T>, Odd> {
    array(value, field)?
        .into_iter()
        .map(|item| read(item?.as_document().ok_or(Odd::Wrong(field))?))
        .collect()
}

fn read_hold(document: &RawDocument) -> Result<Hold, Odd> {
    let mut hold = Hold { annotator: String::new(), since: Millis(0), until: Millis(0) };
    for element in document {
        let (key, value) = element?;
        match key {
            "annotator" => text(value, "held")?.clone_into(&mut hold.annotator),
            "since" => hold.since = moment(value, "held")?,
            "until" => hold.until = moment(value, "held")?,
            _ => {}
        }
    }
    Ok(hold)
}

fn read_answer(document: &RawDocument) -> Result<StoredAnswer, Odd> {
    let mut stamp = 0;
    let mut annotator = String::new();
    let mut history = Vec::new();
    for element in document {
        let (key, value) = element?;
        match key {
            "annotator" => text(value, "annotator")?.clone_into(&mut annotator),
            "stamp" => stamp = whole(value, "stamp")?,
            "history" => history = each(value, "history", read_version)?,
            _ => {}
        }
    }
    let current = read_version(document)?;
    Ok(StoredAnswer { answer: Answer { annotator, current, history }, stamp })
}

fn read_version(document: &RawDocument) -> Result<Version, Odd> {
    let mut version = Version {
        verdict: Verdict::Ignore,
        data: Map::new(),
        time_loaded: Millis(0),
        time_returned: Millis(0),
    };
    let mut exact: Option<Map<String, Value>> = None;
    for element in document {
        let (key, value) = element?;
        match key {
            "answer" => {
                // A query may leave out everything but who answered.
                version.verdict =
                    Verdict::from_text(text(value, "answer")?).ok_or(Odd::Wrong("answer"))?;
            }
            "time_loaded" => version.time_loaded = moment(value, "time_loaded")?,
            "time_returned" => version.time_returned = moment(value, "time_returned")?,
            "data_json" => {
                let text = text(value, "data_json")?;
                exact = Some(serde_json::from_str(text).map_err(|_| Odd::Wrong("data_json"))?);
            }
            "annotator" | "history" | "stamp" => {}
            _ => {
                version.data.insert(key.to_owned(), json::to_value(key, value)?);
            }
        }
    }
    if let Some(exact) = exact {
        version.data = exact;
    }
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(data: &str) -> Version {
        Version {
            verdict: Verdict::Accept,
            data: serde_json::from_str(data).expect("an object"),
            time_loaded: Millis(1),
            time_returned: Millis(-2),
        }
    }

    #[test]
    fn an_answer_comes_back_whatever_its_keys() {
        for data in [
            r"{}",
            r#"{"spans":[{"start":0,"end":3,"label":"A"}],"note":"ü"}"#,
            r#"{"annotator":"eve","history":3,"$each":[1],"a.b":1}"#,
            r#"{"weight":1.10}"#,
            r#"{"data_json":"{}"}"#,
        ] {
            let answer = Answer {
                annotator: "andy".into(),
                current: version(data),
                history: vec![version(r#"{"first":true}"#), version(data)],
            };
            let stored = read_answer(&of_answer(&answer, i64::MIN)).expect("an answer");
            assert_eq!((stored.answer, stored.stamp), (answer, i64::MIN));
        }
    }

    #[test]
    fn a_task_comes_back_to_the_letter() {
        for text in [
            r#"{"text":"a","meta":{"n":[1,2.5,null]}}"#,
            r#"{"text":"a","n":1e3,"$a":1.10,"":{"a.b":123456789012345678901234567890}}"#,
        ] {
            let task = Task::new(Body::parse(text).expect("an object"));
            let plan = Plan { priority: 1, ..Plan::new(3, vec![Lane::Anyone]) };
            let document = of_task(&task, &plan, Number(7), Position::new(1, 7), Some(5));
            assert_eq!(document.get("task_json").expect("BSON").is_some(), text.contains("1e3"));
            let mut stored = Stored::read(&document).expect("a task");
            assert_eq!(*stored.task().expect("a task"), task);
            assert_eq!(stored.ledger(), Ledger::new(3, vec![Lane::Anyone]));
            assert_eq!((stored.free, stored.left, stored.reopened), (3, 3, Some(5)));
        }
    }

    #[test]
    fn what_is_not_annotds_is_named() {
        let odd = Stored::read(&rawdoc! { "_id": "a", "position": "first" });
        assert_eq!(
            odd.err().map(|odd| odd.to_string()).as_deref(),
            Some("\"position\" is not what annotd puts there")
        );
    }
}
