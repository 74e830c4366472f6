//! JSON: an array of objects, one object, or objects one after the other.
//!
//! The array is not parsed as a whole: a scanner that knows strings and brackets and nothing else
//! cuts it into its elements, and each element is parsed alone. So a task is in memory at a time,
//! and a mistake has its place in the file. The scanner trusts brackets; where they do not match,
//! the parser reports it at the right place, and reading ends there, since what follows could be
//! cut anywhere.
//!
//! Rejected: serde's `SeqAccess` on a thread of its own with a channel. It streams as well, but
//! knows neither the line's text nor columns in characters, and a reader that is dropped early
//! leaves a thread to be ended.

use std::io;
use std::sync::Arc;

use super::parse_error::{Fault, OBJECT, Piece, advance, found_at};
use super::source::Source;
use super::{Entry, LineError, MAX_TASK_BYTES};

const END: &str = "the end of the file";

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing has been read.
    Start,
    /// `[` has been read.
    FirstElement,
    /// `,` has been read.
    Element,
    /// An element has been read.
    AfterElement,
    /// An object has been read that stands in no array.
    AfterObject,
    /// `]` has been read.
    AfterArray,
}

pub(super) struct Values {
    file: Arc<str>,
    source: Source,
    place: (u64, u64),
    state: State,
    bytes: Vec<u8>,
}

impl Values {
    pub(super) fn new(file: Arc<str>, source: Source) -> Self {
        Self { file, source, place: (1, 1), state: State::Start, bytes: Vec::new() }
    }

    /// The next byte that is no white space, not yet passed over.
    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            let buffer = self.source.fill()?;
            if buffer.is_empty() {
                return Ok(None);
            }
            let blank = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let next = buffer.get(blank).copied();
            self.place = advance(self.place, &buffer[..blank]);
            self.source.consume(blank);
            if next.is_some() {
                return Ok(next);
            }
        }
    }

    fn pass(&mut self) {
        self.source.consume(1);
        self.place.1 += 1;
    }

    /// Reads the value that begins here into `bytes`, as much of it as a task may have and one
    /// byte more.
    fn value(&mut self) -> io::Result<()> {
        self.bytes.clear();
        let mut scanner = Scanner::default();
        loop {
            let buffer = self.source.fill()?;
            let (count, ended) = scanner.scan(buffer);
            let over = buffer.is_empty();
            let room = (MAX_TASK_BYTES + 1).saturating_sub(self.bytes.len());
            self.bytes.extend_from_slice(&buffer[..count.min(room)]);
            self.place = advance(self.place, &buffer[..count]);
            self.source.consume(count);
            if ended || over {
                return Ok(());
            }
        }
    }

    fn broken(&self, error: &io::Error) -> LineError {
        let (line, column) = self.place;
        let piece = Piece { file: &self.file, line, column, bytes: &[] };
        piece.broken(self.source.broken(error))
    }

    /// Says that something else should stand here. What is shown is the little that the next
    /// bytes in memory tell.
    fn unexpected(&mut self, expected: &str) -> LineError {
        let (line, column) = self.place;
        let buffer = self.source.fill().unwrap_or_default();
        let rest = &buffer[..buffer.len().min(200)];
        let rest = String::from_utf8_lossy(rest);
        let rest = rest.lines().next().unwrap_or_default();
        let found = found_at(rest, 0, END);
        let piece = Piece { file: &self.file, line, column, bytes: rest.as_bytes() };
        piece.wrong(0, expected, &found).fatal()
    }

    fn element(&mut self) -> Result<Entry, LineError> {
        let (line, column) = self.place;
        if let Err(error) = self.value() {
            return Err(self.broken(&error));
        }
        let piece = Piece { file: &self.file, line, column, bytes: &self.bytes };
        let too_long = self.bytes.len() > MAX_TASK_BYTES;
        match piece.task(END) {
            Ok(body) if !too_long => {
                let written = piece.written(&body);
                Ok(Entry { line, body, written })
            }
            // A bracket or quote that is never closed makes a long element too; then the mistake
            // is what should be shown.
            Err((wrong, Fault::Syntax)) => Err(wrong.fatal()),
            _ if too_long => Err(piece.too_long("an object")),
            Err((_, Fault::Unfinished)) if !self.bytes.starts_with(b"{") => {
                let text = String::from_utf8_lossy(&self.bytes);
                Err(piece.wrong(0, OBJECT, &found_at(&text, 0, END)).fatal())
            }
            Err((wrong, Fault::Unfinished)) => Err(wrong.fatal()),
            Err((wrong, Fault::Shape)) => Err(wrong),
            Ok(body) => {
                let written = piece.written(&body);
                Ok(Entry { line, body, written })
            }
        }
    }
}

impl Iterator for Values {
    type Item = Result<Entry, LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let byte = match self.peek() {
                Ok(byte) => byte,
                Err(error) => return Some(Err(self.broken(&error))),
            };
            let next = match (self.state, byte) {
                (State::Start, Some(b'[')) => {
                    self.pass();
                    State::FirstElement
                }
                (State::Start | State::AfterObject, Some(b'{')) => {
                    self.state = State::AfterObject;
                    return Some(self.element());
                }
                (State::FirstElement | State::AfterElement, Some(b']')) => {
                    self.pass();
                    State::AfterArray
                }
                (State::AfterElement, Some(b',')) => {
                    self.pass();
                    State::Element
                }
                (State::FirstElement | State::Element, Some(byte))
                    if !matches!(byte, b',' | b']' | b'}' | b':') =>
                {
                    self.state = State::AfterElement;
                    return Some(self.element());
                }
                (State::AfterArray | State::AfterObject, None) => return None,
                (State::Start, _) => return Some(Err(self.unexpected("`[` or `{`"))),
                (State::FirstElement, _) => {
                    return Some(Err(self.unexpected("an object or `]`")));
                }
                (State::Element, _) => {
                    return Some(Err(self.unexpected("an object after the comma")));
                }
                (State::AfterElement, _) => return Some(Err(self.unexpected("`,` or `]`"))),
                (State::AfterObject, _) => {
                    return Some(Err(self.unexpected("another object or the end of the file")));
                }
                (State::AfterArray, _) => return Some(Err(self.unexpected(END))),
            };
            self.state = next;
        }
    }
}

/// Finds where a JSON value ends, knowing no more than strings and brackets.
#[derive(Default)]
struct Scanner {
    begun: bool,
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Scanner {
    /// How many of these bytes belong to the value, and whether it ends with them.
    fn scan(&mut self, bytes: &[u8]) -> (usize, bool) {
        for (index, byte) in bytes.iter().enumerate() {
            if self.in_string {
                self.in_string = self.escaped || *byte != b'"';
                self.escaped = !self.escaped && *byte == b'\\';
                if !self.in_string && self.depth == 0 {
                    return (index + 1, true);
                }
                continue;
            }
            match byte {
                b'"' if self.depth > 0 || !self.begun => self.in_string = true,
                b'{' | b'[' if self.depth > 0 || !self.begun => self.depth += 1,
                b'}' | b']' if self.depth > 0 => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return (index + 1, true);
                    }
                }
                // A word or a number ends where something else begins.
                b',' | b']' | b'}' | b'{' | b'[' | b'"' if self.depth == 0 => return (index, true),
                byte if self.depth == 0 && byte.is_ascii_whitespace() => return (index, true),
                _ => {}
            }
            self.begun = true;
        }
        (bytes.len(), false)
    }
}
