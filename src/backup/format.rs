//! The lines of a backup.
//!
//! Every line but the first is an object with one key, which says what the line is: `task`,
//! `earlier`, `large`, `deal`, `file`, `key`, `identity`, `edition`, `end`. Within it, keys that
//! are not known are passed over, so what is added there later can be read by older versions; a new
//! kind of line, or a change that they could not live with, raises [`FORMAT`].
//!
//! What a task's answers said before they were changed, and what they say where it is much, stands
//! in lines of its own before the task (`earlier`, `large`), so no line grows with revisions.
//! Format 1 has both in the task's line, and is read as well.
//!
//! A task's own JSON stands there to the letter, as it was loaded. Times are milliseconds since
//! 1970, as in the stores.

mod task_line;

use serde::{Deserialize, Serialize};

pub(super) use self::task_line::{EarlierLine, LargeLine, Parts, TaskLine};
use crate::allocation::{Plan, TaskState};
use crate::store::pending_plan::PendingPlan;
use crate::store::{AllocationRecord, legacy};
use crate::task::{Millis, TaskId};

/// The version of the format.
pub(super) const FORMAT: u64 = 2;

/// The format that has no rule of identity: its tasks are told apart by [`legacy::IDENTITY`].
pub(super) const WITHOUT_IDENTITY: u64 = 1;

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
    Earlier(EarlierLine),
    Large(LargeLine),
    Task(Box<TaskLine>),
    #[serde(rename = "deal")]
    AllocationRecord(AllocationRecordLine),
    File(FileLine),
    Key(KeyLine),
    Identity(IdentityLine),
    Edition(EditionLine),
    End(End),
}

/// What was dealt out.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct AllocationRecordLine {
    version: i64,
    state: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    promised: Vec<PendingPlan>,
}

/// A file of tasks that was loaded whole.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FileLine {
    pub(super) name: String,
    pub(super) fingerprint: String,
}

/// A key to a port.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct KeyLine {
    pub(super) name: String,
    pub(super) key: String,
}

/// The rule by which tasks are told apart.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct IdentityLine {
    pub(super) rule: String,
}

/// An edition of the roster.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct EditionLine {
    pub(super) number: u32,
    pub(super) text: String,
}

/// The last line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct End {
    pub(super) tasks: u64,
    /// Answers of every kind: those that count, skips, and those that came too late.
    pub(super) answers: u64,
    /// What answers were before they were changed; in format 1 they are not counted.
    #[serde(default)]
    pub(super) earlier: u64,
    /// SHA-256 of all lines before, line breaks included, in hexadecimal digits.
    pub(super) sha256: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
fn is_false(truth: &bool) -> bool {
    !truth
}

/// Answers of every kind.
pub(super) fn answers_of(state: &TaskState) -> u64 {
    (state.answers.len() + state.skipped.len() + state.late.len()) as u64
}

impl AllocationRecordLine {
    pub(super) fn of(allocation_record: &AllocationRecord) -> Self {
        let plan = |(task, plan): &(TaskId, Plan)| PendingPlan::of(task, plan);
        Self {
            version: allocation_record.version,
            state: allocation_record.state.clone(),
            promised: allocation_record.pending_plans.iter().map(plan).collect(),
        }
    }

    pub(super) fn allocation_record(self) -> AllocationRecord {
        AllocationRecord {
            version: self.version,
            // Of format 1 it has the words of an older store.
            state: legacy::allocation_record(&self.state).into_owned(),
            pending_plans: self.promised.into_iter().map(PendingPlan::plan).collect(),
        }
    }
}
