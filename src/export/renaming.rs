//! A pen before another one: it hands on each record with the present names of its answers' labels.
//!
//! So every format has them, and none knows of it. Tasks stay to the letter. A label that the task
//! brings along and the card asks about is a part of what was answered: its present name goes with
//! the answer, as if the annotator had written it there, so that a line keeps the task's own name
//! apart.

use serde_json::Value;

use super::{Export, Record, RecordWriter};
use crate::interface::Interface;
use crate::task::{Answer, Renamed, TaskJson};

/// The pen itself, where nothing was renamed.
pub(super) fn with_present_names(
    export: &Export,
    pen: Box<dyn RecordWriter>,
) -> Box<dyn RecordWriter> {
    let Export { renamed, interface, .. } = export;
    if renamed.is_empty() {
        return pen;
    }
    Box::new(Renaming { renamed: renamed.clone(), interface: interface.clone(), pen })
}

struct Renaming {
    renamed: Renamed,
    interface: Interface,
    pen: Box<dyn RecordWriter>,
}

impl Renaming {
    fn renamed(&self, record: &Record) -> Record {
        let mut record = record.clone();
        let body = &record.task.body;
        let asked = self.renamed.asked(body).filter(|_| self.interface.shows(body, "label"));
        let state = &mut record.state;
        for list in [&mut state.answers, &mut state.skipped, &mut state.late] {
            for answer in list.iter_mut() {
                rename(&self.renamed, body, asked.as_ref(), answer);
            }
        }
        record
    }
}

impl RecordWriter for Renaming {
    fn surveys(&self) -> bool {
        self.pen.surveys()
    }

    fn survey(&mut self, record: &Record) {
        let record = self.renamed(record);
        self.pen.survey(&record);
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        self.pen.begin(out);
    }

    fn record(&mut self, record: &Record, out: &mut Vec<u8>) -> u64 {
        let record = self.renamed(record);
        self.pen.record(&record, out)
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.pen.end(out);
    }

    fn left_out(&self) -> u64 {
        self.pen.left_out()
    }
}

fn rename(renamed: &Renamed, task: &TaskJson, asked: Option<&Value>, answer: &mut Answer) {
    for version in answer.history.iter_mut().chain([&mut answer.current]) {
        version.data = renamed.data(task, &version.data).into_owned();
        if let Some(label) = asked {
            version.data.entry("label").or_insert_with(|| label.clone());
        }
    }
}
