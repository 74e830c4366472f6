//! A table for spreadsheets: a row for each answer.
//!
//! First come `date`, `coder`, `diff` (seconds from shown to answered), `id` and `answer`; then a
//! column for every key that an answer has, the remark, the flag and the reason for a skip; then
//! what the tasks have, `meta` a column for each of its keys; at the end `check`, which says `gold`
//! or `repeat`. So the columns are known once all answers have been looked at, and a table takes
//! two walks over them: memory grows with the names of columns and not with rows.
//!
//! A text stands as it is, numbers as they were written, everything else as JSON. Every cell is
//! quoted, and one that a spreadsheet would run gets a `'` before it (see [`cell`]).
//!
//! Rejected: rows in a temporary file while the names are gathered, which needs the table's room on
//! the disk twice; only the keys of the interface, which leaves out what a client adds; `a|b` for
//! lists, which says the same of `["a|b"]` and `["a", "b"]`.

mod columns;
mod formula_guard;

use self::columns::{Columns, Own};
use super::{Cells, Export, Format, Record, RecordWriter, check, rfc3339};
use crate::task::Answer;

pub(super) const FORMAT: Format = Format {
    name: "csv",
    about: "a table for spreadsheets: one row for each answer",
    extension: "csv",
    media_type: "text/csv; charset=utf-8",
    make: |export| Box::new(Csv::new(export.clone())),
};

/// The first columns. The last ones are `check` and, where late answers are asked for, `late`.
const FIRST: [&str; 5] = ["date", "coder", "diff", "id", "answer"];

struct Csv {
    export: Export,
    columns: Columns,
    left_out: u64,
}

impl Csv {
    fn new(export: Export) -> Self {
        let columns = Columns::new(&export.interface);
        Self { export, columns, left_out: 0 }
    }
}

/// Writes a row, every cell within quotes.
fn write(out: &mut Vec<u8>, cells: impl IntoIterator<Item = String>) {
    for (index, cell) in cells.into_iter().enumerate() {
        out.extend_from_slice(if index == 0 { "\"" } else { ",\"" }.as_bytes());
        out.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
        out.push(b'"');
    }
    out.push(b'\n');
}

impl RecordWriter for Csv {
    fn surveys(&self) -> bool {
        true
    }

    fn survey(&mut self, record: &Record) {
        let mut answers = self.export.filter.answers(record).peekable();
        if answers.peek().is_none() {
            return;
        }
        let own = Own::of(&record.task.body, &self.export.interface);
        self.columns.see(&own, answers.map(|(answer, _)| &answer.current.data));
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        let Cells { bom, raw } = self.export.cells;
        if bom {
            out.extend_from_slice("\u{feff}".as_bytes());
        }
        let mut last = vec!["check"];
        last.extend(self.export.filter.late.then_some("late"));
        let names = self.columns.settle(&FIRST, &last);
        write(out, names.into_iter().map(|name| formula_guard::escape_formulas(name, raw)));
    }

    fn record(&mut self, record: &Record, out: &mut Vec<u8>) -> u64 {
        let filter = &self.export.filter;
        let answers: Vec<(&Answer, bool)> = filter.answers(record).collect();
        if answers.is_empty() {
            return 0;
        }
        let own = Own::of(&record.task.body, &self.export.interface);
        let (mut count, mut left_out) = (0, 0);
        for (answer, late) in answers {
            let Some(values) = self.columns.row(&own, &answer.current.data, self.export.cells)
            else {
                left_out += 1;
                continue;
            };
            let raw = self.export.cells.raw;
            let mut cells = Vec::from(first(record, answer, raw));
            cells.extend(values);
            cells.push(check(record).unwrap_or_default().to_owned());
            if filter.late {
                cells.push(if late { "yes" } else { "" }.to_owned());
            }
            write(out, cells);
            count += 1;
        }
        self.left_out += left_out;
        count
    }

    fn left_out(&self) -> u64 {
        self.left_out
    }
}

fn first(record: &Record, answer: &Answer, raw: bool) -> [String; FIRST.len()] {
    let version = &answer.current;
    let seconds = version.time_returned.since(version.time_loaded).as_secs_f64();
    [
        rfc3339(version.time_returned),
        formula_guard::escape_formulas(answer.annotator.clone(), raw),
        format!("{seconds:.1}"),
        record.task.id.to_string(),
        version.verdict.to_string(),
    ]
}
