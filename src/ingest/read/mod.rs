//! Tasks from files, one after the other, in memory that does not grow with the file.
//!
//! [`open`] finds out what a file is: its format by the ending of its name, its compression by its
//! first bytes (a file that a browser has unpacked on the way keeps its `.gz`). [`Tasks`] then
//! gives a task or a [`LineError`] at a time. After a wrong line the next one is tried, unless it
//! is `fatal`: where the rest cannot be told apart any more, or cannot be read. An exported answer
//! is given as the task that it answers ([`own_keys::restore`]).
//!
//! Rejected: reading a file to its end before anything is loaded, to report all wrong lines at
//! once. Files are larger than memory, and standard input may not end.

mod columnwise;
mod json;
mod jsonl;
mod line_ends;
mod lines;
mod notes;
mod parse_error;
mod source;
mod table;
mod txt;
mod utf16;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

pub use notes::Notes;
pub use parse_error::LineError;
pub use source::ReadProgress;

use crate::task::task_json::{may_have_key, place};
use crate::task::{TaskJson, own_keys};
use source::Source;
use table::Cells;

/// The longest task, in bytes of its text: half of what MongoDB allows a document to have.
pub const MAX_TASK_BYTES: usize = 8 << 20;

/// What standard input is called in messages.
pub const STANDARD_INPUT: &str = "standard input";

/// How tasks are written down in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// An object on each line.
    Jsonl,
    /// An array of objects, or objects one after the other.
    Json,
    /// Comma-separated cells under a row of names.
    Csv,
    /// The same with tabs, and without quotes.
    Tsv,
    /// A text on each line. A file that begins with `{` or `[` is JSONL or JSON.
    Txt,
}

impl Format {
    /// The format that a file's name tells, with or without `.gz` or `.zst` behind it.
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
        match name.rsplit_once('.')?.1 {
            "jsonl" | "ndjson" | "jl" => Some(Self::Jsonl),
            "json" => Some(Self::Json),
            "csv" => Some(Self::Csv),
            "tsv" | "tab" => Some(Self::Tsv),
            "txt" => Some(Self::Txt),
            _ => None,
        }
    }
}

/// A task as it stands in a file.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The line of the file on which it begins, from 1.
    pub line: u64,
    /// The task.
    pub body: TaskJson,
    /// How the task is written in the file, where that is not the text of its body alone in a line:
    /// with white space between its parts, in a list, or in cells.
    pub written: Option<Written>,
}

/// The text of a task as it stands in a file.
#[derive(Clone, Debug)]
pub struct Written {
    /// The column of its first byte, from 1, in characters.
    column: u64,
    text: Box<str>,
    form: Form,
}

/// How the keys of a task are written.
#[derive(Clone, Debug)]
enum Form {
    Json,
    Row(Cells),
    /// The whole text is the task's.
    Text,
}

impl Written {
    /// Where the value of a JSON pointer into the task begins, in bytes.
    fn place(&self, pointer: &str) -> usize {
        match &self.form {
            Form::Text => 0,
            Form::Row(cells) => cells.place(pointer),
            Form::Json => {
                // What an export kept apart is a part of the task.
                let kept = (!pointer.is_empty() && may_have_key(&self.text, own_keys::DISPLACED))
                    .then(|| place(&self.text, &format!("/{}{pointer}", own_keys::DISPLACED)));
                kept.filter(|kept| kept.found).unwrap_or_else(|| place(&self.text, pointer)).at
            }
        }
    }
}

/// Why a file cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system does not let us.
    #[error("cannot open {file}: {source}")]
    Open {
        /// The file.
        file: String,
        /// What the system says.
        source: io::Error,
    },
    /// It is a directory.
    #[error("cannot read {file}: it is a directory; name the files in it")]
    Directory {
        /// The directory.
        file: String,
    },
}

/// The tasks of a file, in its order.
pub struct Tasks {
    file: Arc<str>,
    parts: Box<dyn Iterator<Item = Result<Entry, LineError>> + Send>,
    meter: ReadProgress,
    notes: Notes,
    begun: bool,
    /// What to say with a first line that is wrong, where neither name nor beginning tells the
    /// format.
    untold: Option<&'static str>,
    over: bool,
}

/// Opens a file of tasks by its name; `-` is standard input.
///
/// A name that tells no format is read as JSONL, or as JSON if its first character is `[`.
///
/// # Errors
/// If the file cannot be opened. What is wrong inside it comes from the iterator.
pub fn open(name: impl AsRef<Path>) -> Result<Tasks, ReadError> {
    let path = name.as_ref();
    if path.as_os_str() == "-" {
        return Ok(from_reader(STANDARD_INPUT, None, Box::new(io::stdin())));
    }
    let name = path.to_string_lossy();
    let cannot = |source| ReadError::Open { file: name.clone().into_owned(), source };
    let file = File::open(path).map_err(cannot)?;
    let metadata = file.metadata().map_err(cannot)?;
    if metadata.is_dir() {
        return Err(ReadError::Directory { file: name.into_owned() });
    }
    // Of a pipe or a device the length says nothing.
    let total = metadata.is_file().then_some(metadata.len());
    Ok(tasks(&name, Format::of_name(&name), Box::new(file), total))
}

/// Reads tasks from anywhere; `name` is for messages. Without a format it is JSONL, or JSON if
/// the first character is `[`.
pub fn from_reader(name: &str, format: Option<Format>, reader: Box<dyn Read + Send>) -> Tasks {
    tasks(name, format, reader, None)
}

fn tasks(
    name: &str,
    format: Option<Format>,
    reader: Box<dyn Read + Send>,
    total: Option<u64>,
) -> Tasks {
    let file: Arc<str> = name.into();
    let name = Arc::clone(&file);
    // Within a quoted cell a carriage return is a part of the text.
    let (source, meter) = Source::new(reader, total, format != Some(Format::Csv));
    let untold = (format.is_none() && !matches!(source.begins_with(), Some(b'{' | b'['))).then_some(
        "without a name that tells the format it is read as JSONL; a table is loaded from a file named \
         .csv or .tsv, lines of text from one named .txt",
    );
    let format = match (format, source.begins_with()) {
        (None | Some(Format::Txt), Some(b'[')) => Format::Json,
        (None, _) | (Some(Format::Txt), Some(b'{')) => Format::Jsonl,
        (Some(format), _) => format,
    };
    let notes = Notes::default();
    let parts: Box<dyn Iterator<Item = _> + Send> = match format {
        Format::Jsonl => Box::new(lines::Lines::new(file, source, jsonl::read, notes.clone())),
        Format::Json => Box::new(json::Values::new(file, source)),
        Format::Csv => Box::new(table::Rows::new(file, source, b',', notes.clone())),
        Format::Tsv => Box::new(table::Rows::new(file, source, b'\t', notes.clone())),
        Format::Txt => Box::new(lines::Lines::new(file, source, txt::read, notes.clone())),
    };
    Tasks { file: name, parts, meter, notes, begun: false, untold, over: false }
}

impl Tasks {
    /// The file's name, for messages.
    pub fn file(&self) -> Arc<str> {
        Arc::clone(&self.file)
    }

    /// How far reading has come; a handle that stays true while the tasks are read elsewhere.
    pub fn meter(&self) -> ReadProgress {
        self.meter.clone()
    }

    /// What is read otherwise than it is written; a handle that stays true while the tasks are read
    /// elsewhere.
    pub fn notes(&self) -> Notes {
        self.notes.clone()
    }
}

impl Tasks {
    /// Has each task looked at when it is read. What is found wrong makes its line a wrong one.
    #[must_use]
    pub fn looked_at(
        self,
        mut look: impl FnMut(&Arc<str>, &Entry) -> Option<LineError> + Send + 'static,
    ) -> Self {
        let file = Arc::clone(&self.file);
        let looked_at = self.parts.map(move |part| {
            let entry = part?;
            match look(&file, &entry) {
                Some(wrong) => Err(wrong.at_written(entry.written.as_ref())),
                None => Ok(entry),
            }
        });
        Self { parts: Box::new(looked_at), ..self }
    }
}

impl Iterator for Tasks {
    type Item = Result<Entry, LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let next = self.parts.next().map(|part| {
            let untold = self.untold.take();
            let entry = part.map_err(|wrong| match untold {
                Some(help) if !wrong.fatal => wrong.with_help(help),
                _ => wrong,
            })?;
            if !std::mem::replace(&mut self.begun, true)
                && let Some(wrong) = columnwise::refuse(&self.file, &entry)
            {
                return Err(wrong);
            }
            let line = entry.body.clone();
            let body = own_keys::restore(entry.body);
            // An exported line is in the file with the answer's keys.
            let written = entry.written.or_else(|| {
                (body != line).then(|| Written {
                    column: 1,
                    text: line.as_str().into(),
                    form: Form::Json,
                })
            });
            Ok(Entry { body, written, ..entry })
        });
        self.over = match &next {
            None => true,
            Some(Err(wrong)) => wrong.fatal,
            Some(Ok(_)) => false,
        };
        next
    }
}
