//! JSONL: an object on each line. Blank lines are passed over, and a wrong line does not keep the
//! next one from being read.

use std::sync::Arc;

use super::source::{Line, Source};
use super::wrong::{END_OF_LINE, Piece};
use super::{Entry, WrongLine};

pub(super) struct Lines {
    file: Arc<str>,
    source: Source,
    line: u64,
    bytes: Vec<u8>,
}

impl Lines {
    pub(super) fn new(file: Arc<str>, source: Source) -> Self {
        Self { file, source, line: 0, bytes: Vec::new() }
    }
}

impl Iterator for Lines {
    type Item = Result<Entry, WrongLine>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.line += 1;
            let read = self.source.line(&mut self.bytes);
            let bytes = self.bytes.strip_suffix(b"\n").unwrap_or(&self.bytes);
            let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
            let piece = Piece { file: &self.file, line: self.line, column: 1, bytes };
            match read {
                Ok(Line::End) => return None,
                Ok(Line::Whole) if bytes.trim_ascii().is_empty() => {}
                Ok(Line::Whole) => {
                    let task = piece.task(END_OF_LINE).map_err(|(wrong, _)| wrong);
                    return Some(task.map(|body| Entry { line: self.line, body }));
                }
                Ok(Line::TooLong) => return Some(Err(piece.too_long("a line"))),
                Err(error) => return Some(Err(piece.broken(self.source.broken(&error)))),
            }
        }
    }
}
