//! Files that have a task on each line. A wrong line does not keep the next one from being read.

use std::sync::Arc;

use super::parse_error::Piece;
use super::source::{Line, Source};
use super::{Entry, LineError, Notes};
use crate::task::TaskJson;

/// The lines of a file, each read as a task by [`Read`].
pub(super) struct Lines {
    file: Arc<str>,
    source: Source,
    line: u64,
    bytes: Vec<u8>,
    read: Read,
    notes: Notes,
}

/// Reads the task of a line, which comes without its line break. Nothing if the line is to be
/// passed over.
pub(super) type Read = fn(&Piece<'_>, &Notes) -> Option<Result<TaskJson, LineError>>;

impl Lines {
    pub(super) fn new(file: Arc<str>, source: Source, read: Read, notes: Notes) -> Self {
        Self { file, source, line: 0, bytes: Vec::new(), read, notes }
    }
}

impl Iterator for Lines {
    type Item = Result<Entry, LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.line += 1;
            let got = self.source.line(&mut self.bytes);
            let bytes = self.bytes.strip_suffix(b"\n").unwrap_or(&self.bytes);
            let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
            let piece = Piece { file: &self.file, line: self.line, column: 1, bytes };
            match got {
                Ok(Line::End) => return None,
                Ok(Line::TooLong) => return Some(Err(piece.too_long("a line"))),
                Err(error) => return Some(Err(piece.broken(self.source.broken(&error)))),
                Ok(Line::Whole) => {}
            }
            if let Some(task) = (self.read)(&piece, &self.notes) {
                return Some(task.map(|body| {
                    let written = piece.written(&body);
                    Entry { line: self.line, body, written }
                }));
            }
        }
    }
}
