//! CSV and TSV: cells under a row of names; in CSV quoted as RFC 4180 says.
//!
//! A cell is a text, but for the keys of [`kinds`]. A name with points makes nested objects
//! (`meta.source` is `source` within `meta`), an empty cell is a key that the task does not have,
//! and a row of nothing but empty cells is passed over. A row ends with a newline, a carriage
//! return, or both.
//!
//! The rows are cut here, strictly: text behind a closing quote and a quote that is never closed
//! are mistakes with a place. Rejected: the csv crate, which takes both without a word (the second
//! swallows the rest of the file) and knows no columns. It serves where tables are written.

mod columns;
mod dialect;
mod kinds;

use std::io;
use std::sync::Arc;

pub(super) use self::columns::Cells;
use self::columns::{Cell, Columns};
use self::dialect::Dialect;
use super::parse_error::{END_OF_LINE, Piece, found_at};
use super::source::Source;
use super::{Entry, Form, LineError, MAX_TASK_BYTES, Notes, Written};
use crate::task::TaskJson;

pub(super) struct Rows {
    file: Arc<str>,
    source: Source,
    notes: Notes,
    dialect: Dialect,
    /// Whether the beginning of the file has been looked at, for how it is written.
    begun: bool,
    /// The line of the row that was read last.
    line: u64,
    /// The line of the next one.
    next_line: u64,
    /// Whether the byte before was a carriage return, which has ended a line.
    after_return: bool,
    columns: Option<Columns>,
    /// Whether a row has been read under the names.
    under_names: bool,
    row: Row,
}

/// A row: its text, and its cells with the place in the text where each begins.
#[derive(Default)]
struct Row {
    raw: Vec<u8>,
    cells: Vec<Cell>,
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
enum RecordEnd {
    Whole,
    /// Text behind the closing quote.
    AfterQuote(usize),
    Unclosed(usize),
    TooLong,
    NoMore,
}

impl Rows {
    /// `delimiter` is what the name of the file promises.
    pub(super) fn new(file: Arc<str>, source: Source, delimiter: u8, notes: Notes) -> Self {
        Self {
            file,
            source,
            notes,
            dialect: Dialect { delimiter, quotes: true, says: false },
            begun: false,
            line: 1,
            next_line: 1,
            after_return: false,
            columns: None,
            under_names: false,
            row: Row::default(),
        }
    }

    /// Finds out how the table is written, and passes over a line that says it.
    fn begin(&mut self) -> io::Result<()> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        let usual = self.dialect.delimiter;
        self.dialect = Dialect::of(self.source.fill()?, usual);
        if self.dialect.delimiter != usual && !self.dialect.says {
            self.notes.say(format!("the cells are separated by {}", self.dialect.mark()));
        }
        if self.dialect.says {
            self.read()?;
        }
        Ok(())
    }

    /// Reads the next row that is not blank into `row`.
    fn read(&mut self) -> io::Result<RecordEnd> {
        loop {
            self.line = self.next_line;
            let ended = self.read_any()?;
            let blank = self.row.raw.trim_ascii().is_empty() && self.row.cells.len() <= 1;
            if !(matches!(ended, RecordEnd::Whole) && blank) {
                return Ok(ended);
            }
        }
    }

    fn read_any(&mut self) -> io::Result<RecordEnd> {
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
                // The second half of a line break is no other one.
                let second = byte == b'\n' && std::mem::take(&mut self.after_return);
                self.after_return = byte == b'\r';
                let quoted = matches!(state, State::Quoted(_));
                if second && !quoted {
                    continue;
                }
                if matches!(byte, b'\n' | b'\r') && !second {
                    self.next_line += 1;
                    if !quoted {
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
                        return Ok(RecordEnd::Unclosed(open));
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
                    State::CellStart if byte == b'"' && self.dialect.quotes => State::Quoted(at),
                    _ if byte == self.dialect.delimiter => {
                        self.row.cells.push(std::mem::replace(&mut cell, (at + 1, Vec::new())));
                        State::CellStart
                    }
                    State::QuoteSeen(_) => State::Wrong(at),
                    State::CellStart | State::Plain => {
                        cell.1.push(byte);
                        State::Plain
                    }
                };
            }
            self.source.consume(used);
            if line_ended {
                self.row.cells.push(cell);
                return Ok(match state {
                    State::Wrong(at) => RecordEnd::AfterQuote(at),
                    State::TooLong => RecordEnd::TooLong,
                    _ => RecordEnd::Whole,
                });
            }
        }
        let nothing = self.row.raw.is_empty() && state == State::CellStart;
        self.row.cells.push(cell);
        Ok(match state {
            _ if nothing => RecordEnd::NoMore,
            State::Quoted(open) => RecordEnd::Unclosed(open),
            State::Wrong(at) => RecordEnd::AfterQuote(at),
            State::TooLong => RecordEnd::TooLong,
            _ => RecordEnd::Whole,
        })
    }

    fn piece(&self) -> Piece<'_> {
        Piece { file: &self.file, line: self.line, column: 1, bytes: &self.row.raw }
    }

    /// The next row, or what is wrong with it.
    fn row(&mut self) -> Option<Result<(), LineError>> {
        let ended = match self.read() {
            Ok(ended) => ended,
            Err(error) => return Some(Err(self.piece().broken(self.source.broken(&error)))),
        };
        let piece = self.piece();
        let wrong = match ended {
            RecordEnd::NoMore => return None,
            RecordEnd::Whole => return Some(piece.text().map(|_| ())),
            RecordEnd::TooLong => piece.too_long("a row"),
            RecordEnd::AfterQuote(at) => {
                let text = String::from_utf8_lossy(&piece.bytes[at..]);
                let found = found_at(&text, 0, END_OF_LINE);
                let expected =
                    format!("{} or {END_OF_LINE} after the closing quote", self.dialect.mark());
                piece
                    .wrong(at, &expected, &found)
                    .with_help("a quote within a quoted cell is written twice")
            }
            RecordEnd::Unclosed(open) => {
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

    /// The row as a task; nothing if all its cells are empty.
    fn task(&self, columns: &Columns) -> Result<Option<Entry>, LineError> {
        let cells = &self.row.cells;
        if cells.iter().all(|(_, cell)| cell.is_empty()) {
            return Ok(None);
        }
        let piece = self.piece();
        if cells.len() != columns.len() {
            let at = cells.get(columns.len()).map_or(piece.bytes.len(), |(at, _)| *at);
            let expected = format!("{} cells, as in the first row", columns.len());
            let wrong = piece.wrong(at, &expected, &cells.len().to_string());
            return Err(if !self.dialect.quotes {
                wrong.with_help(
                    "in TSV no cell has a tab or a line break; name a table with quotes .csv",
                )
            } else if cells.len() > columns.len() {
                wrong.with_help("a cell that holds the delimiter is put in double quotes")
            } else {
                wrong
            });
        }
        if !self.dialect.quotes && cells.iter().any(|(_, cell)| is_quoted(cell)) {
            self.notes.say(
                "some cells are in quotes; in TSV these are a part of the text (name a table with \
                 quotes .csv, also where tabs separate its cells)"
                    .into(),
            );
        }
        let task = columns.object(&piece, cells)?;
        if task.is_empty() {
            // There was a number of the row, and nothing else.
            return Ok(None);
        }
        let body = TaskJson::from_object(task).map_err(|error| {
            piece.wrong(0, "a row that makes a task", &error.to_string()).fatal()
        })?;
        let text = String::from_utf8_lossy(&self.row.raw).into();
        let form = Form::Row(Cells::of(columns, cells));
        Ok(Some(Entry { line: self.line, body, written: Some(Written { column: 1, text, form }) }))
    }

    /// R writes the names of rows before the first column, and no name for them.
    fn has_row_names(&self, columns: &Columns) -> bool {
        let cells = &self.row.cells;
        cells.len() == columns.len() + 1 && cells.first().is_some_and(|(_, cell)| cell == b"1")
    }
}

/// Whether a cell is written as CSV writes one with quotes in it.
fn is_quoted(cell: &[u8]) -> bool {
    let inner = cell.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    inner.is_some_and(|inner| inner.windows(2).any(|pair| pair == b"\"\""))
}

impl Iterator for Rows {
    type Item = Result<Entry, LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Err(error) = self.begin() {
            return Some(Err(self.piece().broken(self.source.broken(&error))));
        }
        loop {
            let row = self.row()?;
            let Some(mut columns) = self.columns.take() else {
                // Without names no row can be read.
                match row.and_then(|()| Columns::read(&self.piece(), &self.row.cells)) {
                    Ok(columns) => {
                        self.notes.set_columns(columns.names());
                        self.columns = Some(columns);
                    }
                    Err(wrong) => return Some(Err(wrong.fatal())),
                }
                continue;
            };
            if row.is_ok() && !std::mem::replace(&mut self.under_names, true) {
                if self.has_row_names(&columns) {
                    columns.add_row_names();
                }
                columns.notes.drain(..).for_each(|note| self.notes.say(note));
            }
            let task = row.and_then(|()| self.task(&columns));
            self.columns = Some(columns);
            match task {
                Ok(None) => {}
                Ok(Some(entry)) => return Some(Ok(entry)),
                Err(wrong) => return Some(Err(wrong)),
            }
        }
    }
}
