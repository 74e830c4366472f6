//! A task's line, with the lines before it: earlier versions of its answers, and large data.

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::{Line, is_false, is_none};
use crate::allocation::{Lane, Lease, Position, Purpose, SequenceNumber, TaskState};
use crate::store::{LARGE_ANSWER_BYTES, Record};
use crate::task::{Answer, Basis, Millis, Task, TaskId, TaskJson, TaskJsonError, Verdict, Version};

/// Everything about a task.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::backup) struct TaskLine {
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
    /// Not in format 1, nor is the next.
    #[serde(default)]
    edition: Option<u32>,
    #[serde(default)]
    tokenizer: Option<u16>,
}

/// By what a task was handed out; where a line of format 1 does not say it, as it was then.
fn basis_of(edition: Option<u32>, tokenizer: Option<u16>) -> Basis {
    let then = Basis::default();
    Basis {
        edition: edition.unwrap_or(then.edition),
        tokenizer: tokenizer.unwrap_or(then.tokenizer),
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct AnswerLine {
    annotator: String,
    current: VersionLine,
    /// Earlier versions; those of format 2 stand in lines before the task.
    #[serde(default, skip_serializing_if = "is_none")]
    revisions: usize,
    /// The same in format 1.
    #[serde(default, skip_serializing)]
    history: Vec<VersionLine>,
}

#[derive(Debug, Serialize, Deserialize)]
struct VersionLine {
    answer: Verdict,
    /// What was added; left out if nothing was, or where it stands in a line before the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "is_false")]
    large: bool,
    time_loaded: Millis,
    time_returned: Millis,
    /// Not in format 1, nor is the next.
    #[serde(default)]
    edition: Option<u32>,
    #[serde(default)]
    tokenizer: Option<u16>,
}

/// An earlier version of an answer to the next task.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::backup) struct EarlierLine {
    annotator: String,
    /// From 1, which is what was said first.
    nth: usize,
    version: VersionLine,
}

/// What a version of an answer to the next task says, where it is much.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::backup) struct LargeLine {
    annotator: String,
    /// From 1; the present version has the last number.
    nth: usize,
    data: Map<String, Value>,
}

/// What has been read of the next task.
#[derive(Debug, Default)]
pub(in crate::backup) struct Parts {
    earlier: Vec<EarlierLine>,
    large: Vec<LargeLine>,
}

impl Parts {
    pub(in crate::backup) fn earlier(&mut self, line: EarlierLine) {
        self.earlier.push(line);
    }

    pub(in crate::backup) fn large(&mut self, line: LargeLine) {
        self.large.push(line);
    }

    /// Whether all of it belonged to the task.
    fn is_used_up(&self) -> bool {
        self.earlier.is_empty() && self.large.is_empty()
    }

    /// The earlier versions of an annotator's answer, in order.
    fn earlier_of(&mut self, annotator: &str) -> Result<Vec<Version>, TaskError> {
        let (own, others): (Vec<_>, Vec<_>) = std::mem::take(&mut self.earlier)
            .into_iter()
            .partition(|line| line.annotator == annotator);
        self.earlier = others;
        let mut versions = Vec::with_capacity(own.len());
        for line in own {
            if line.nth != versions.len() + 1 {
                return Err(TaskError::Earlier { annotator: annotator.to_owned() });
            }
            versions.push(line.version.version(annotator, line.nth, self)?);
        }
        Ok(versions)
    }

    fn large_of(&mut self, annotator: &str, nth: usize) -> Result<Map<String, Value>, TaskError> {
        let own = |line: &LargeLine| line.annotator == annotator && line.nth == nth;
        let found = self.large.iter().position(own);
        let found =
            found.ok_or_else(|| TaskError::Large { annotator: annotator.to_owned(), nth })?;
        Ok(self.large.swap_remove(found).data)
    }
}

/// Why a line is no task.
#[derive(Debug, thiserror::Error)]
pub(in crate::backup) enum TaskError {
    /// Its JSON is not.
    #[error(transparent)]
    TaskJson(#[from] TaskJsonError),
    /// What an answer adds is no object.
    #[error("what an answer adds cannot be read: {0}")]
    Data(#[from] serde_json::Error),
    /// Some of what was said before is not there.
    #[error("the earlier versions of {annotator}'s answer are not all there")]
    Earlier {
        /// Whose answer.
        annotator: String,
    },
    /// What a version says is not there.
    #[error("what version {nth} of {annotator}'s answer says is not there")]
    Large {
        /// Whose answer.
        annotator: String,
        /// Which version.
        nth: usize,
    },
    /// Lines before it belong to nothing.
    #[error("lines before the task are not about its answers")]
    Stray,
}

impl TaskLine {
    /// A task's line, and those that stand before it.
    pub(in crate::backup) fn of(record: &Record) -> (Vec<Line>, Self) {
        let Record { task, number, position, state } = record;
        let mut before = Vec::new();
        let mut answers = |answers: &[Answer]| -> Vec<AnswerLine> {
            answers.iter().map(|answer| AnswerLine::of(answer, &mut before)).collect()
        };
        let (counted, skipped, late) =
            (answers(&state.answers), answers(&state.skipped), answers(&state.late));
        let line = Self {
            number: number.0,
            position: position.0,
            id: task.id.clone(),
            input_hash: task.input_hash,
            task_hash: task.task_hash,
            planned: state.planned,
            wanted: state.wanted,
            finished: state.finished,
            lanes: state.lanes.iter().map(|lane| lane.to_text().into_owned()).collect(),
            part: state.part,
            bound: state.bound,
            purpose: state.purpose.to_text(),
            held: state.held.iter().map(HoldLine::of).collect(),
            answers: counted,
            skipped,
            late,
            former: state.previous_holders.clone(),
            task: raw(&task.body),
        };
        (before, line)
    }

    /// The record, if the task in it is one, with the parts that stood before it.
    pub(in crate::backup) fn record(self, mut parts: Parts) -> Result<Record, TaskError> {
        let mut answers = |answers: Vec<AnswerLine>| -> Result<Vec<Answer>, TaskError> {
            answers.into_iter().map(|answer| answer.answer(&mut parts)).collect()
        };
        let (counted, skipped, late) =
            (answers(self.answers)?, answers(self.skipped)?, answers(self.late)?);
        if !parts.is_used_up() {
            return Err(TaskError::Stray);
        }
        let task = Task {
            id: self.id,
            input_hash: self.input_hash,
            task_hash: self.task_hash,
            body: TaskJson::from_stored(self.task.get())?,
        };
        let lanes = self.lanes.iter().map(|lane| Lane::from_text(lane)).collect();
        let state = TaskState {
            purpose: Purpose::from_text(self.purpose.as_deref()),
            part: self.part,
            bound: self.bound,
            planned: self.planned,
            held: self.held.into_iter().map(HoldLine::hold).collect(),
            answers: counted,
            skipped,
            late,
            previous_holders: self.former,
            finished: self.finished,
            ..TaskState::new(self.wanted, lanes)
        };
        let (number, position) = (SequenceNumber(self.number), Position(self.position));
        Ok(Record { task: task.into(), number, position, state })
    }
}

/// The text of a task, on one line: it may have been changed in the database.
fn raw(body: &TaskJson) -> Box<RawValue> {
    let text = body.as_str();
    // Within a string a line break is written as \n, so these are white space.
    let text =
        if text.contains(['\n', '\r']) { text.replace(['\n', '\r'], " ") } else { text.to_owned() };
    RawValue::from_string(text).expect("a body is an object by construction")
}

impl HoldLine {
    fn of(hold: &Lease) -> Self {
        let Lease { annotator, since, until, basis } = hold;
        Self {
            annotator: annotator.clone(),
            since: *since,
            until: *until,
            edition: Some(basis.edition),
            tokenizer: Some(basis.tokenizer),
        }
    }

    fn hold(self) -> Lease {
        Lease {
            annotator: self.annotator,
            since: self.since,
            until: self.until,
            basis: basis_of(self.edition, self.tokenizer),
        }
    }
}

impl AnswerLine {
    fn of(answer: &Answer, before: &mut Vec<Line>) -> Self {
        let Answer { annotator, current, history } = answer;
        for (nth, version) in history.iter().enumerate() {
            let version = VersionLine::of(version, annotator, nth + 1, before);
            let (annotator, nth) = (annotator.clone(), nth + 1);
            before.push(Line::Earlier(EarlierLine { annotator, nth, version }));
        }
        Self {
            annotator: annotator.clone(),
            current: VersionLine::of(current, annotator, history.len() + 1, before),
            revisions: history.len(),
            history: Vec::new(),
        }
    }

    fn answer(self, parts: &mut Parts) -> Result<Answer, TaskError> {
        let Self { annotator, current, revisions, history: of_format_1 } = self;
        let mut history = parts.earlier_of(&annotator)?;
        if history.len() != revisions {
            return Err(TaskError::Earlier { annotator });
        }
        for version in of_format_1 {
            let nth = history.len() + 1;
            history.push(version.version(&annotator, nth, parts)?);
        }
        let current = current.version(&annotator, history.len() + 1, parts)?;
        Ok(Answer { annotator, current, history })
    }
}

impl VersionLine {
    fn of(version: &Version, annotator: &str, nth: usize, before: &mut Vec<Line>) -> Self {
        let data = (!version.data.is_empty())
            .then(|| to_raw_value(&version.data).expect("an answer is JSON"));
        let large = data.as_ref().is_some_and(|data| data.get().len() > LARGE_ANSWER_BYTES);
        if large {
            let (annotator, data) = (annotator.to_owned(), version.data.clone());
            before.push(Line::Large(LargeLine { annotator, nth, data }));
        }
        Self {
            answer: version.verdict,
            data: data.filter(|_| !large),
            large,
            time_loaded: version.time_loaded,
            time_returned: version.time_returned,
            edition: Some(version.basis.edition),
            tokenizer: Some(version.basis.tokenizer),
        }
    }

    fn version(self, annotator: &str, nth: usize, parts: &mut Parts) -> Result<Version, TaskError> {
        let data = match self.data {
            Some(data) => serde_json::from_str(data.get())?,
            None if self.large => parts.large_of(annotator, nth)?,
            None => Map::new(),
        };
        Ok(Version {
            verdict: self.answer,
            data,
            time_loaded: self.time_loaded,
            time_returned: self.time_returned,
            basis: basis_of(self.edition, self.tokenizer),
        })
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
            basis: Basis { edition: 3, tokenizer: 2 },
        }
    }

    fn much(letter: &str) -> String {
        format!(r#"{{"x":"{}"}}"#, letter.repeat(LARGE_ANSWER_BYTES))
    }

    fn there_and_back(record: &Record) -> Record {
        let (before, task) = TaskLine::of(record);
        let mut parts = Parts::default();
        for line in before.into_iter().chain([Line::Task(Box::new(task))]) {
            let text = serde_json::to_string(&line).expect("JSON");
            assert!(!text.contains('\n'), "{text}");
            match serde_json::from_str(&text).expect("a line") {
                Line::Earlier(line) => parts.earlier(line),
                Line::Large(line) => parts.large(line),
                Line::Task(line) => return line.record(parts).expect("a task"),
                other => panic!("{other:?}"),
            }
        }
        panic!("the task comes last")
    }

    #[test]
    fn a_record_comes_back_to_the_letter() {
        let text = r#"{"text":"ü\n","n":1e3,"$a":1.10,"":{"a.b":123456789012345678901234567890}}"#;
        let task = Task::new(TaskJson::parse(text).expect("an object"));
        let answer = |annotator: &str, at| Answer {
            annotator: annotator.into(),
            current: version(r#"{"spans":[{"start":0,"w":1.50}],"annotator":"x"}"#, at),
            history: vec![version("{}", at - 20), version(&much("a"), at - 10)],
        };
        let hold = Lease {
            annotator: "eve".into(),
            since: Millis(-1),
            until: Millis(i64::MAX),
            basis: Basis { edition: 4, tokenizer: 2 },
        };
        let state = TaskState {
            purpose: Purpose::Repeat(TaskId::from_text("0123")),
            part: Some(1),
            bound: true,
            planned: 2,
            held: vec![hold],
            answers: vec![answer("ann", 50)],
            skipped: vec![Answer { current: version(&much("b"), 60), ..answer("bob", 60) }],
            late: vec![answer("cyd", 70)],
            previous_holders: vec!["dan".into()],
            finished: true,
            ..TaskState::new(3, vec![Lane::Of("ann".into()), Lane::GoldOf("bob".into())])
        };
        let (number, position) = (SequenceNumber(7), Position::new(-3, 9));
        let record = Record { task: task.into(), number, position, state };
        let back = there_and_back(&record);
        assert_eq!((back.number, back.position), (record.number, record.position));
        assert_eq!((&back.task, &back.state), (&record.task, &record.state));
        let plain = Record { state: TaskState::new(1, vec![Lane::Anyone]), ..record };
        assert_eq!(there_and_back(&plain).state, plain.state);
    }

    #[test]
    fn a_task_that_somebody_has_laid_out_in_lines_stays_one_line() {
        let body = TaskJson::from_stored("{\n  \"text\": \"a\\nb\"\r\n}").expect("an object");
        let raw = raw(&body);
        assert_eq!(raw.get(), "{   \"text\": \"a\\nb\"  }");
    }
}
