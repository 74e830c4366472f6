//! A table for spreadsheets: a row for each answer, with the little that fits in cells.
//!
//! `seconds` is the time from shown to answered. The choices in `accept` are joined by `|`, spans
//! are `start-end:LABEL` joined by `;`. `check` says `gold` or `repeat` of answers to these.
//!
//! A cell that begins with `=`, `+`, `-`, `@`, a tab or a line break is a formula to a spreadsheet
//! program, and texts come from strangers: such a cell gets a `'` before it. So this table is for
//! looking at; the other formats have the texts untouched.

use serde_json::Value;

use super::{Export, Format, Pen, Record, check, rfc3339};
use crate::task::{Answer, Body};

pub(super) const FORMAT: Format = Format {
    name: "csv",
    about: "a table for spreadsheets: one row for each answer",
    extension: "csv",
    media_type: "text/csv; charset=utf-8",
    make: |export| Box::new(Csv(export.clone())),
};

const COLUMNS: [&str; 10] =
    ["date", "annotator", "seconds", "_id", "answer", "label", "accept", "spans", "text", "check"];

struct Csv(Export);

impl Pen for Csv {
    fn begin(&mut self, out: &mut Vec<u8>) {
        let late = self.0.filter.late.then_some("late");
        rows(out, |writer| writer.write_record(COLUMNS.into_iter().chain(late)));
    }

    fn record(&mut self, record: &Record, out: &mut Vec<u8>) -> u64 {
        let filter = &self.0.filter;
        let mut answers = filter.answers(record).peekable();
        if answers.peek().is_none() {
            return 0;
        }
        let shown = Shown::of(&record.task.body);
        let mut count = 0;
        rows(out, |writer| {
            for (answer, late) in answers {
                let cells = row(&shown, record, answer);
                let late = filter.late.then(|| if late { "yes" } else { "" }.to_owned());
                writer.write_record(cells.into_iter().chain(late).map(harmless))?;
                count += 1;
            }
            Ok(())
        });
        count
    }
}

/// Writes rows to the end of a buffer.
fn rows(out: &mut Vec<u8>, write: impl FnOnce(&mut csv::Writer<&mut Vec<u8>>) -> csv::Result<()>) {
    let mut writer = csv::WriterBuilder::new().buffer_capacity(1 << 10).from_writer(out);
    write(&mut writer).expect("rows of one length, written to memory");
    writer.flush().expect("writing to memory does not fail");
}

/// The parts of a task that stand in cells.
struct Shown {
    text: String,
    label: Option<Value>,
    accept: Option<Value>,
    spans: Option<Value>,
}

impl Shown {
    fn of(body: &Body) -> Self {
        let fields = body.fields();
        let get = |key: &str| -> Option<Value> {
            fields.get(key).and_then(|raw| serde_json::from_str(raw.get()).ok())
        };
        Self {
            text: get("text").as_ref().map(plain).unwrap_or_default(),
            label: get("label"),
            accept: get("accept"),
            spans: get("spans"),
        }
    }
}

fn row(shown: &Shown, record: &Record, answer: &Answer) -> [String; COLUMNS.len()] {
    let version = &answer.current;
    let seconds = version.time_returned.since(version.time_loaded).as_secs_f64();
    // What the annotator says goes before what the task said.
    let part = |key: &str, own: &Option<Value>, write: fn(&Value) -> String| {
        version.data.get(key).or(own.as_ref()).map(write).unwrap_or_default()
    };
    [
        rfc3339(version.time_returned),
        answer.annotator.clone(),
        format!("{seconds:.1}"),
        record.task.id.to_string(),
        version.verdict.to_string(),
        part("label", &shown.label, plain),
        part("accept", &shown.accept, choices),
        part("spans", &shown.spans, spans),
        shown.text.clone(),
        check(record).unwrap_or_default().to_owned(),
    ]
}

/// A string as it is, anything else as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn choices(accept: &Value) -> String {
    let Some(chosen) = accept.as_array() else {
        return plain(accept);
    };
    chosen.iter().map(plain).collect::<Vec<_>>().join("|")
}

fn spans(spans: &Value) -> String {
    let Some(list) = spans.as_array() else {
        return plain(spans);
    };
    let part = |span: &Value, key: &str| span.get(key).map(plain).unwrap_or_default();
    list.iter()
        .map(|span| {
            format!("{}-{}:{}", part(span, "start"), part(span, "end"), part(span, "label"))
        })
        .collect::<Vec<_>>()
        .join(";")
}

/// A cell that no spreadsheet program takes for a formula.
fn harmless(cell: String) -> String {
    let dangerous = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    if cell.starts_with(dangerous) { format!("'{cell}") } else { cell }
}
