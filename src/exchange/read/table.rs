//! CSV and TSV: cells under a row of names, quoted as RFC 4180 says.
//!
//! Every value is a string. A name with points makes nested objects (`meta.source` is `source`
//! within `meta`), an empty cell is a key that the task does not have, and a row of nothing but
//! empty cells is passed over.
//!
//! The rows are cut here, strictly: text behind a closing quote and a quote that is never closed
//! are mistakes with a place. Rejected: the csv crate, which takes both without a word (the second
//! swallows the rest of the file) and knows no columns. It serves where tables are written.

use std::io;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::source::Source;
use super::wrong::{END_OF_LINE, Piece, found_at};
use super::{Entry, MAX_TASK_BYTES, WrongLine};
use crate::task::Body;

pub(super) struct Rows {
    file: Arc<str>,
    source: Source,
    delimiter: u8,
    /// The line of the row that was read last.
    line: u64,
    /// The line of the next one.
    next_line: u64,
    names: Option<Vec<Vec<String>>>,
    row: Row,
}

/// A row: its text, and its cells with the place in the text where each begins.
#[derive(Default)]
struct Row {
    raw: Vec<u8>,
    cells: Vec<(usize, Vec<u8>)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    CellStart,
    Plain,
    /// Within quotes that were opened at this place.
    Quoted(usize),
    /// Behind a quote that closes the cell, or is the first of two.
    QuoteSeen(usize),
    /// Passing over the rest of a line that is wrong at this place.
    Wrong(usize),
    /// Passing over the rest of a line that is too long.
    TooLong,
}

/// How a row ended.
enum Ended {
    Whole,
    /// Text behind the closing quote.
    AfterQuote(usize),
    Unclosed(usize),
    TooLong,
    NoMore,
}

impl Rows {
    pub(super) fn new(file: Arc<str>, source: Source, delimiter: u8) -> Self {
        let row = Row::default();
        Self { file, source, delimiter, line: 0, next_line: 1, names: None, row }
    }

    /// Reads the next row that is not blank into `row`.
    fn read(&mut self) -> io::Result<Ended> {
        loop {
            self.line = self.next_line;
            let ended = self.read_any()?;
            let blank = self.row.raw.trim_ascii().is_empty() && self.row.cells.len() <= 1;
            if !(matches!(ended, Ended::Whole) && blank) {
                return Ok(ended);
            }
        }
    }

    fn read_any(&mut self) -> io::Result<Ended> {
        self.row.raw.clear();
        self.row.cells.clear();
        let mut cell = (0, Vec::new());
        let mut state = State::CellStart;
        loop {
            let buffer = self.source.fill()?;
            if buffer.is_empty() {
                break;
            }
            let mut used = 0;
            let mut line_ended = false;
            for byte in buffer.iter().copied() {
                used += 1;
                let at = self.row.raw.len();
                if byte == b'\n' {
                    self.next_line += 1;
                    if !matches!(state, State::Quoted(_)) {
                        line_ended = true;
                        break;
                    }
                }
                if state == State::TooLong {
                    continue;
                }
                self.row.raw.push(byte);
                if at >= MAX_TASK_BYTES {
                    if let State::Quoted(open) = state {
                        return Ok(Ended::Unclosed(open));
                    }
                    state = State::TooLong;
                    continue;
                }
                state = match state {
                    State::Wrong(_) | State::TooLong => state,
                    State::Quoted(open) if byte == b'"' => State::QuoteSeen(open),
                    State::Quoted(_) => {
                        cell.1.push(byte);
                        state
                    }
                    State::QuoteSeen(open) if byte == b'"' => {
                        cell.1.push(byte);
                        State::Quoted(open)
                    }
                    State::CellStart if byte == b'"' => State::Quoted(at),
                    _ if byte == self.delimiter => {
                        self.row.cells.push(std::mem::replace(&mut cell, (at + 1, Vec::new())));
                        State::CellStart
                    }
                    // It may be the first half of a line break; `finish` looks again.
                    State::QuoteSeen(_) if byte == b'\r' => state,
                    State::QuoteSeen(_) => State::Wrong(at),
                    State::CellStart | State::Plain => {
                        cell.1.push(byte);
                        State::Plain
                    }
                };
            }
            self.source.consume(used);
            if line_ended {
                self.finish(cell, state);
                return Ok(match state {
                    State::Wrong(at) => Ended::AfterQuote(at),
                    State::TooLong => Ended::TooLong,
                    _ => Ended::Whole,
                });
            }
        }
        let nothing = self.row.raw.is_empty() && state == State::CellStart;
        self.finish(cell, state);
        Ok(match state {
            _ if nothing => Ended::NoMore,
            State::Quoted(open) => Ended::Unclosed(open),
            State::Wrong(at) => Ended::AfterQuote(at),
            State::TooLong => Ended::TooLong,
            _ => Ended::Whole,
        })
    }

    fn finish(&mut self, mut cell: (usize, Vec<u8>), state: State) {
        if self.row.raw.ends_with(b"\r") {
            self.row.raw.pop();
            if state == State::Plain {
                cell.1.pop();
            }
        }
        self.row.cells.push(cell);
    }

    fn piece(&self) -> Piece<'_> {
        Piece { file: &self.file, line: self.line, column: 1, bytes: &self.row.raw }
    }

    /// The next row, or what is wrong with it.
    fn row(&mut self) -> Option<Result<(), WrongLine>> {
        let ended = match self.read() {
            Ok(ended) => ended,
            Err(error) => return Some(Err(self.piece().broken(self.source.broken(&error)))),
        };
        let piece = self.piece();
        let wrong = match ended {
            Ended::NoMore => return None,
            Ended::Whole => return Some(piece.text().map(|_| ())),
            Ended::TooLong => piece.too_long("a row"),
            Ended::AfterQuote(at) => {
                let text = String::from_utf8_lossy(&piece.bytes[at..]);
                let found = found_at(&text, 0, END_OF_LINE);
                let expected = format!("{} or {END_OF_LINE} after the closing quote", self.mark());
                piece
                    .wrong(at, &expected, &found)
                    .with_help("a quote within a quoted cell is written twice")
            }
            Ended::Unclosed(open) => {
                let found = if piece.bytes.len() > MAX_TASK_BYTES {
                    format!("none within {} MiB", MAX_TASK_BYTES >> 20)
                } else {
                    "the end of the file".into()
                };
                piece.wrong(open, "a closing quote for the cell that begins here", &found).fatal()
            }
        };
        Some(Err(wrong))
    }

    fn mark(&self) -> &'static str {
        if self.delimiter == b'\t' { "a tab" } else { "`,`" }
    }

    /// The names in the first row, each cut at its points.
    fn header(&self) -> Result<Vec<Vec<String>>, WrongLine> {
        let mut names: Vec<Vec<String>> = Vec::new();
        for (at, cell) in &self.row.cells {
            let name = String::from_utf8_lossy(cell);
            let path: Vec<String> = name.trim().split('.').map(str::to_owned).collect();
            let refuse =
                |expected: &str, found: &str| self.piece().wrong(*at, expected, found).fatal();
            if path.iter().any(String::is_empty) {
                let found = if name.is_empty() { "an empty cell".into() } else { quoted(&name) };
                return Err(refuse("a name for the column", &found)
                    .with_help("the first row has a name for each column"));
            }
            if names.contains(&path) {
                return Err(refuse("a name that no other column has", &quoted(&name)));
            }
            if let Some(other) =
                names.iter().find(|other| other.starts_with(&path) || path.starts_with(other))
            {
                let found = format!("{} beside {}", quoted(&name), quoted(&other.join(".")));
                return Err(refuse("a value or an object under a key, not both", &found));
            }
            names.push(path);
        }
        Ok(names)
    }

    /// The row as a task; nothing if all its cells are empty.
    fn task(&self, names: &[Vec<String>]) -> Result<Option<Entry>, WrongLine> {
        let cells = &self.row.cells;
        if cells.iter().all(|(_, cell)| cell.is_empty()) {
            return Ok(None);
        }
        let piece = self.piece();
        if cells.len() != names.len() {
            let at = cells.get(names.len()).map_or(piece.bytes.len(), |(at, _)| *at);
            let expected = format!("{} cells, as in the first row", names.len());
            let wrong = piece.wrong(at, &expected, &cells.len().to_string());
            return Err(if cells.len() > names.len() {
                wrong.with_help("a cell that holds the delimiter is put in double quotes")
            } else {
                wrong
            });
        }
        let mut task = Map::new();
        for (path, (_, cell)) in names.iter().zip(cells) {
            if !cell.is_empty() {
                // The whole row is UTF-8, and cells are cut at ASCII characters.
                insert(&mut task, path, String::from_utf8_lossy(cell).into_owned());
            }
        }
        let body = Body::from_value(&Value::Object(task)).map_err(|error| {
            piece.wrong(0, "a row that makes a task", &error.to_string()).fatal()
        })?;
        Ok(Some(Entry { line: self.line, body }))
    }
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.trim())
}

fn insert(map: &mut Map<String, Value>, path: &[String], value: String) {
    match path {
        [] => {}
        [name] => {
            map.insert(name.clone(), Value::String(value));
        }
        [name, rest @ ..] => {
            // That no name is both a value and an object was seen to with the first row.
            let inner = map.entry(name.clone()).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

impl Iterator for Rows {
    type Item = Result<Entry, WrongLine>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let row = self.row()?;
            let Some(names) = &self.names else {
                // Without names no row can be read.
                match row.and_then(|()| self.header()) {
                    Ok(names) => self.names = Some(names),
                    Err(wrong) => return Some(Err(wrong.fatal())),
                }
                continue;
            };
            match row.and_then(|()| self.task(names)) {
                Ok(None) => {}
                Ok(Some(entry)) => return Some(Ok(entry)),
                Err(wrong) => return Some(Err(wrong)),
            }
        }
    }
}
