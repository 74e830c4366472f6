//! The lines of a backup.
//!
//! Every line but the first is an object with one key, which says what the line is: `task`, `deal`,
//! `file`, `key`, `end`. Within it, keys that are not known are passed over, so what is added there
//! later can be read by older versions; a new kind of line, or a change that they could not live with,
//! raises [`FORMAT`].
//!
//! A task's own JSON stands there to the letter, as it was loaded. Times are milliseconds since 1970,
//! as in the stores.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::allocation::{Hold, Lane, Ledger, Number, Plan, Position, Purpose};
use crate::store::planned::Planned;
use crate::store::{Deal, Record};
use crate::task::{Answer, Basis, Body, BodyError, Millis, Task, TaskId, Verdict, Version};

/// The version of the format.
pub(super) const FORMAT: u64 = 1;
/// What the first line calls the file.
pub(super) const KIND: &str = "backup";

/// The first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Head {
    /// Which of annotd's files it is.
    pub(super) annotd: String,
    /// The version of the format.
    pub(super) format: u64,
    /// The project.
    pub project: String,
    /// The version of the annotd that wrote it.
    pub version: String,
    /// The engine that it was taken from.
    pub store: String,
    /// When it was begun, RFC 3339.
    pub begun: String,
}

impl Head {
    /// The head of a backup that begins now.
    pub fn new(project: &str, store: &str, now: Millis) -> Self {
        Self {
            annotd: KIND.to_owned(),
            format: FORMAT,
            project: project.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            store: store.to_owned(),
            begun: now.to_string(),
        }
    }
}

/// A line behind the first.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Line {
    Task(Box<TaskLine>),
    Deal(DealLine),
    File(FileLine),
    Key(KeyLine),
    End(End),
}

/// Everything about a task.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TaskLine {
    number: i64,
    position: i64,
    id: TaskId,
    input_hash: i64,
    task_hash: i64,
    planned: u32,
    wanted: u32,
    finished: bool,
    lanes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    part: Option<u16>,
    #[serde(default, skip_serializing_if = "is_false")]
    bound: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    purpose: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    held: Vec<HoldLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    answers: Vec<AnswerLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    skipped: Vec<AnswerLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    late: Vec<AnswerLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    former: Vec<String>,
    task: Box<RawValue>,
}

#[derive(Debug, Serialize, Deserialize)]
struct HoldLine {
    annotator: String,
    since: Millis,
    until: Millis,
}

#[derive(Debug, Serialize, Deserialize)]
struct AnswerLine {
    annotator: String,
    current: VersionLine,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    history: Vec<VersionLine>,
}

#[derive(Debug, Serialize, Deserialize)]
struct VersionLine {
    answer: Verdict,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    data: Map<String, Value>,
    time_loaded: Millis,
    time_returned: Millis,
}

/// What was dealt out.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct DealLine {
    version: i64,
    state: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    promised: Vec<Planned>,
}

/// A file of tasks that was loaded whole.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FileLine {
    pub(super) name: String,
    pub(super) fingerprint: String,
}

/// Somebody's key to their port.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct KeyLine {
    pub(super) name: String,
    pub(super) key: String,
}

/// The last line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct End {
    pub(super) tasks: u64,
    /// Answers of every kind: those that count, skips, and those that came too late.
    pub(super) answers: u64,
    /// SHA-256 of all lines before, line breaks included, in hexadecimal digits.
    pub(super) sha256: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
fn is_false(truth: &bool) -> bool {
    !truth
}

/// Answers of every kind.
pub(super) fn answers_of(ledger: &Ledger) -> u64 {
    (ledger.answers.len() + ledger.skipped.len() + ledger.late.len()) as u64
}

impl TaskLine {
    pub(super) fn of(record: &Record) -> Self {
        let Record { task, number, position, ledger } = record;
        let answers = |answers: &[Answer]| answers.iter().map(AnswerLine::of).collect();
        Self {
            number: number.0,
            position: position.0,
            id: task.id.clone(),
            input_hash: task.input_hash,
            task_hash: task.task_hash,
            planned: ledger.planned,
            wanted: ledger.wanted,
            finished: ledger.finished,
            lanes: ledger.lanes.iter().map(|lane| lane.to_text().into_owned()).collect(),
            part: ledger.part,
            bound: ledger.bound,
            purpose: ledger.purpose.to_text(),
            held: ledger.held.iter().map(HoldLine::of).collect(),
            answers: answers(&ledger.answers),
            skipped: answers(&ledger.skipped),
            late: answers(&ledger.late),
            former: ledger.former.clone(),
            task: raw(&task.body),
        }
    }

    /// The record, if the task in it is one.
    pub(super) fn record(self) -> Result<Record, BodyError> {
        let answers = |answers: Vec<AnswerLine>| answers.into_iter().map(AnswerLine::answer);
        let task = Task {
            id: self.id,
            input_hash: self.input_hash,
            task_hash: self.task_hash,
            body: Body::from_stored(self.task.get())?,
        };
        let lanes = self.lanes.iter().map(|lane| Lane::from_text(lane)).collect();
        let ledger = Ledger {
            purpose: Purpose::from_text(self.purpose.as_deref()),
            part: self.part,
            bound: self.bound,
            planned: self.planned,
            held: self.held.into_iter().map(HoldLine::hold).collect(),
            answers: answers(self.answers).collect(),
            skipped: answers(self.skipped).collect(),
            late: answers(self.late).collect(),
            former: self.former,
            finished: self.finished,
            ..Ledger::new(self.wanted, lanes)
        };
        let (number, position) = (Number(self.number), Position(self.position));
        Ok(Record { task: task.into(), number, position, ledger })
    }
}

/// The text of a task, on one line: somebody may have changed it in the database.
fn raw(body: &Body) -> Box<RawValue> {
    let text = body.as_str();
    // Within a string a line break is written as \n, so these are white space.
    let text =
        if text.contains(['\n', '\r']) { text.replace(['\n', '\r'], " ") } else { text.to_owned() };
    RawValue::from_string(text).expect("a body is an object by construction")
}

impl HoldLine {
    fn of(hold: &Hold) -> Self {
        Self { annotator: hold.annotator.clone(), since: hold.since, until: hold.until }
    }

    fn hold(self) -> Hold {
        Hold {
            annotator: self.annotator,
            since: self.since,
            until: self.until,
            basis: Basis::default(),
        }
    }
}

impl AnswerLine {
    fn of(answer: &Answer) -> Self {
        Self {
            annotator: answer.annotator.clone(),
            current: VersionLine::of(&answer.current),
            history: answer.history.iter().map(VersionLine::of).collect(),
        }
    }

    fn answer(self) -> Answer {
        Answer {
            annotator: self.annotator,
            current: self.current.version(),
            history: self.history.into_iter().map(VersionLine::version).collect(),
        }
    }
}

impl VersionLine {
    fn of(version: &Version) -> Self {
        Self {
            answer: version.verdict,
            data: version.data.clone(),
            time_loaded: version.time_loaded,
            time_returned: version.time_returned,
        }
    }

    fn version(self) -> Version {
        Version {
            verdict: self.answer,
            data: self.data,
            time_loaded: self.time_loaded,
            time_returned: self.time_returned,
            basis: Basis::default(),
        }
    }
}

impl DealLine {
    pub(super) fn of(deal: &Deal) -> Self {
        let plan = |(task, plan): &(TaskId, Plan)| Planned::of(task, plan);
        Self {
            version: deal.version,
            state: deal.state.clone(),
            promised: deal.promised.iter().map(plan).collect(),
        }
    }

    pub(super) fn deal(self) -> Deal {
        Deal {
            version: self.version,
            state: self.state,
            promised: self.promised.into_iter().map(Planned::plan).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(data: &str, at: i64) -> Version {
        Version {
            verdict: Verdict::Reject,
            data: serde_json::from_str(data).expect("an object"),
            time_loaded: Millis(at - 7),
            time_returned: Millis(at),
            basis: Basis::default(),
        }
    }

    fn there_and_back(record: &Record) -> Record {
        let text =
            serde_json::to_string(&Line::Task(Box::new(TaskLine::of(record)))).expect("JSON");
        assert!(!text.contains('\n'), "{text}");
        let Ok(Line::Task(line)) = serde_json::from_str(&text) else { panic!("{text}") };
        line.record().expect("a task")
    }

    #[test]
    fn a_record_comes_back_to_the_letter() {
        let text = r#"{"text":"ü\n","n":1e3,"$a":1.10,"":{"a.b":123456789012345678901234567890}}"#;
        let task = Task::new(Body::parse(text).expect("an object"));
        let answer = |annotator: &str, at| Answer {
            annotator: annotator.into(),
            current: version(r#"{"spans":[{"start":0,"w":1.50}],"annotator":"x"}"#, at),
            history: vec![version("{}", at - 20)],
        };
        let hold = Hold {
            annotator: "eve".into(),
            since: Millis(-1),
            until: Millis(i64::MAX),
            basis: Basis::default(),
        };
        let ledger = Ledger {
            purpose: Purpose::Repeat(TaskId::from_text("0123")),
            part: Some(1),
            bound: true,
            planned: 2,
            held: vec![hold],
            answers: vec![answer("ann", 50)],
            skipped: vec![answer("bob", 60)],
            late: vec![answer("cyd", 70)],
            former: vec!["dan".into()],
            finished: true,
            ..Ledger::new(3, vec![Lane::Of("ann".into()), Lane::GoldOf("bob".into())])
        };
        let (number, position) = (Number(7), Position::new(-3, 9));
        let record = Record { task: task.into(), number, position, ledger };
        let back = there_and_back(&record);
        assert_eq!((back.number, back.position), (record.number, record.position));
        assert_eq!((&back.task, &back.ledger), (&record.task, &record.ledger));
        let plain = Record { ledger: Ledger::new(1, vec![Lane::Anyone]), ..record };
        assert_eq!(there_and_back(&plain).ledger, plain.ledger);
    }

    #[test]
    fn a_task_that_somebody_has_laid_out_in_lines_stays_one_line() {
        let body = Body::from_stored("{\n  \"text\": \"a\\nb\"\r\n}").expect("an object");
        let raw = raw(&body);
        assert_eq!(raw.get(), "{   \"text\": \"a\\nb\"  }");
    }
}
