//! What the store knows, as lines of a file.
//!
//! A [`Format`] is one file here and one line in [`FORMATS`]. It makes a [`RecordWriter`], which is
//! handed the records in the order of the queue and appends what it makes of each to a buffer: no
//! disk, no network, no clock, so the same code serves the command and the lead's port, in memory
//! that does not grow with the project.

pub mod atomic_file;
mod csv;
mod jsonl;
mod renaming;
mod tasks;

use crate::allocation::Purpose;
use crate::interface::Interface;
use crate::store::Record;
use crate::task::{Answer, Millis, Renamed};

/// All formats, the default one first.
pub const FORMATS: &[Format] = &[jsonl::FORMAT, csv::FORMAT, tasks::FORMAT];

/// A way to write answers down.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is, for `--help`.
    pub about: &'static str,
    /// The usual ending of its files.
    pub extension: &'static str,
    /// Its content type.
    pub media_type: &'static str,
    make: fn(&Export) -> Box<dyn RecordWriter>,
}

impl Format {
    /// The names of all formats.
    pub fn names() -> Vec<&'static str> {
        FORMATS.iter().map(|format| format.name).collect()
    }

    /// The format of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        FORMATS.iter().copied().find(|format| format.name == name)
    }

    /// A pen that writes this format, with the present names of labels.
    pub fn pen(&self, export: &Export) -> Box<dyn RecordWriter> {
        renaming::with_present_names(export, (self.make)(export))
    }
}

/// What is to be exported.
#[derive(Clone, Debug)]
pub struct Export {
    /// The project's name.
    pub project: String,
    /// The interface that the answers were given through.
    pub interface: Interface,
    /// Labels that were renamed.
    pub renamed: Renamed,
    /// Which answers.
    pub filter: Filter,
    /// How the cells of a table are written.
    pub cells: Cells,
}

/// How the cells of a table are written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cells {
    /// With a byte order mark, by which Excel on Windows knows UTF-8.
    pub bom: bool,
    /// As the texts are, also those that a spreadsheet would run.
    pub raw: bool,
}

/// Which answers are wanted; by default all that count.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those of these annotators; of all if none is named.
    pub annotators: Vec<String>,
    /// Those given at this time or later.
    pub since: Option<Millis>,
    /// Those to finished tasks.
    pub only_finished: bool,
    /// Also those that came too late and do not count.
    pub late: bool,
}

impl Filter {
    fn admits(&self, answer: &Answer) -> bool {
        let of_annotator =
            self.annotators.is_empty() || self.annotators.contains(&answer.annotator);
        let in_time = self.since.is_none_or(|since| answer.current.time_returned >= since);
        of_annotator && in_time
    }

    /// Whether every answer is wanted, and so every task.
    fn is_open(&self) -> bool {
        self.annotators.is_empty() && self.since.is_none()
    }

    fn admits_task(&self, record: &Record) -> bool {
        !self.only_finished || record.state.finished
    }

    /// The wanted answers to a task, each with whether it came too late. Skips are among them: they
    /// are an annotator's ignores, although they fill no slot.
    fn answers<'a>(&'a self, record: &'a Record) -> impl Iterator<Item = (&'a Answer, bool)> {
        let wanted = self.admits_task(record);
        let state = &record.state;
        let counting = state.answers.iter().chain(&state.skipped).map(|answer| (answer, false));
        let late = record.state.late.iter().map(|answer| (answer, true));
        counting
            .chain(late.filter(|_| self.late))
            .filter(move |(answer, _)| wanted && self.admits(answer))
    }
}

/// Writes records in one format.
pub trait RecordWriter: Send {
    /// Whether the records have to be looked at before they are written.
    fn surveys(&self) -> bool {
        false
    }

    /// Looks at a record: every one, before all else, where [`RecordWriter::surveys`] is true.
    fn survey(&mut self, _record: &Record) {}

    /// Appends what comes before all records.
    fn begin(&mut self, _out: &mut Vec<u8>) {}

    /// Appends what is to be said about a record, and gives the number of lines that were added.
    fn record(&mut self, record: &Record, out: &mut Vec<u8>) -> u64;

    /// Appends what comes after all records.
    fn end(&mut self, _out: &mut Vec<u8>) {}

    /// Answers that came between the survey and their record and have no place in what it found.
    fn left_out(&self) -> u64 {
        0
    }
}

/// What a task checks, in one word; nothing for one that is to be annotated.
fn check(record: &Record) -> Option<&'static str> {
    match record.state.purpose {
        Purpose::Regular => None,
        Purpose::Gold => Some("gold"),
        Purpose::Repeat(_) => Some("repeat"),
    }
}

/// A moment as RFC 3339 in UTC, to the millisecond.
fn rfc3339(moment: Millis) -> String {
    // A time that no calendar has comes from a damaged store; it is shown as it is.
    jiff::Timestamp::from_millisecond(moment.0)
        .map_or_else(|_| moment.to_string(), |timestamp| format!("{timestamp:.3}"))
}
