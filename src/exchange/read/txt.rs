//! Plain text: a task for each line, `{"text": "…"}`. The line is the text to the letter; blank lines are
//! passed over.

use std::sync::Arc;

use serde_json::json;

use super::source::{Line, Source};
use super::wrong::{END_OF_LINE, Piece};
use super::{Entry, WrongLine};
use crate::task::Body;

pub(super) struct Texts {
    file: Arc<str>,
    source: Source,
    line: u64,
    bytes: Vec<u8>,
}

impl Texts {
    pub(super) fn new(file: Arc<str>, source: Source) -> Self {
        Self { file, source, line: 0, bytes: Vec::new() }
    }
}

impl Iterator for Texts {
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
                Ok(Line::TooLong) => return Some(Err(piece.too_long("a line"))),
                Err(error) => return Some(Err(piece.broken(self.source.broken(&error)))),
                Ok(Line::Whole) => {}
            }
            let text = match piece.text() {
                Ok(text) if text.trim().is_empty() => continue,
                Ok(text) => text,
                Err(wrong) => return Some(Err(wrong)),
            };
            let body = Body::from_value(&json!({"text": text}));
            let body = body.map_err(|_| piece.wrong(0, "a text", END_OF_LINE));
            return Some(body.map(|body| Entry { line: self.line, body }));
        }
    }
}
