//! Which columns a table has, and what of a task and its answer stands in them.

use std::collections::{BTreeSet, HashSet};

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::Cells;
use super::formula_guard;
use crate::interface::Interface;
use crate::task::own_keys::is_annotators;
use crate::task::{Fields, TaskJson};

/// The annotator's own columns, which every table has.
const REMARKS: [&str; 3] = ["comment", "flagged", "skip_reason"];

/// Keys of a task that are no content: how it is drawn, and the words that its text consists of.
const NO_CONTENT: [&str; 2] = ["config", "tokens"];

/// Names in one group that have a column each. Where there are more, as where a key is a date or an
/// identity, the group is one column of JSON; a spreadsheet has no more than 16,384 columns.
const MOST: usize = 1000;

/// The largest data URI that is written whole, in bytes. Beyond that the cell says only what it is.
const LONGEST_DATA_URI: usize = 256;

/// A task's keys, as a table sees them.
pub(super) struct Own {
    fields: Fields,
    meta: Fields,
    answer_keys: Vec<String>,
}

impl Own {
    pub(super) fn of(task: &TaskJson, interface: &Interface) -> Self {
        let mut fields = task.fields();
        let sets = interface.answer_keys(task);
        fields.retain(|key, _| {
            let annotators = is_annotators(key) && !sets.contains(key);
            !key.starts_with('_') && !annotators && !NO_CONTENT.contains(&&**key)
        });
        let meta = fields.get("meta").and_then(|meta| serde_json::from_str(meta.get()).ok());
        if meta.is_some() {
            fields.shift_remove("meta");
        }
        Self { fields, meta: meta.unwrap_or_default(), answer_keys: sets }
    }
}

/// The names of one group of columns.
#[derive(Default)]
struct Group {
    names: BTreeSet<String>,
    /// Whether there are too many of them.
    is_one: bool,
}

impl Group {
    fn see(&mut self, name: &str) {
        if !self.is_one && !self.names.contains(name) {
            self.names.insert(name.to_owned());
            self.is_one = self.names.len() > MOST;
        }
    }

    fn has(&self, name: &str) -> bool {
        self.is_one || self.names.contains(name)
    }

    /// A column for each name, those in `first` first and the others in the order of their names;
    /// or one for all.
    fn columns(&self, first: &[&str], each: fn(String) -> Column, all: Column) -> Vec<Column> {
        if self.is_one {
            return vec![all];
        }
        let rank = |name: &&String| first.iter().position(|key| key == *name);
        let mut names: Vec<&String> = self.names.iter().collect();
        names.sort_by_key(|name| rank(name).unwrap_or(first.len()));
        names.into_iter().map(|name| each(name.clone())).collect()
    }
}

/// A column between the first ones and the last.
enum Column {
    /// A key of answers or of tasks.
    Key(String),
    /// A key within `meta`.
    Meta(String),
    AllOfAnswer,
    AllOfTask,
    AllOfMeta,
}

impl Column {
    fn name(&self) -> String {
        match self {
            Self::Key(key) => key.clone(),
            Self::Meta(key) => format!("meta.{key}"),
            Self::AllOfAnswer => "added".to_owned(),
            Self::AllOfTask => "task".to_owned(),
            Self::AllOfMeta => "meta".to_owned(),
        }
    }
}

/// The columns between the first ones and the last.
pub(super) struct Columns {
    /// The keys that cards show, in the order in which they stand in the table.
    shown: Vec<&'static str>,
    answers: Group,
    tasks: Group,
    meta: Group,
    /// Empty until all answers have been seen.
    order: Vec<Column>,
}

impl Columns {
    /// None yet, for tasks of this interface.
    pub(super) fn new(interface: &Interface) -> Self {
        Self {
            shown: interface.shown(),
            answers: Group::default(),
            tasks: Group::default(),
            meta: Group::default(),
            order: Vec::new(),
        }
    }

    /// Makes room for a task and answers to it.
    pub(super) fn see<'a>(
        &mut self,
        own: &'a Own,
        answers: impl Iterator<Item = &'a Map<String, Value>>,
    ) {
        let added = answers.flat_map(Map::keys);
        for key in added.chain(&own.answer_keys).filter(|key| !is_annotators(key)) {
            self.answers.see(key);
        }
        own.fields.keys().for_each(|key| self.tasks.see(key));
        own.meta.keys().for_each(|key| self.meta.see(key));
    }

    /// Puts the columns in order, once all has been seen, and gives their names, no two of them the
    /// same: a key that has the name of another column gets a `_` behind it.
    pub(super) fn settle(&mut self, first: &[&str], last: &[&str]) -> Vec<String> {
        self.order = self.answers.columns(&self.shown, Column::Key, Column::AllOfAnswer);
        self.order.extend(REMARKS.map(|key| Column::Key(key.to_owned())));
        let of_tasks = self.tasks.columns(&self.shown, Column::Key, Column::AllOfTask);
        // A key that answers have, too, has one column: the answer's word, or else the task's.
        self.order.extend(of_tasks.into_iter().filter(|column| match column {
            Column::Key(key) => !self.answers.names.contains(key) && !is_annotators(key),
            _ => true,
        }));
        self.order.extend(self.meta.columns(&self.shown, Column::Meta, Column::AllOfMeta));
        let mut taken: HashSet<String> =
            first.iter().chain(last).map(|name| (*name).to_owned()).collect();
        let mut names: Vec<String> = first.iter().map(|name| (*name).to_owned()).collect();
        for column in &self.order {
            let mut name = column.name();
            while !taken.insert(name.clone()) {
                name.push('_');
            }
            names.push(name);
        }
        names.extend(last.iter().map(|name| (*name).to_owned()));
        names
    }

    /// The cells of an answer; nothing if one of its keys, or of its task's, has not been seen.
    pub(super) fn row(
        &self,
        own: &Own,
        data: &Map<String, Value>,
        cells: Cells,
    ) -> Option<Vec<String>> {
        let known = data.keys().all(|key| is_annotators(key) || self.answers.has(key))
            && own.fields.keys().all(|key| is_annotators(key) || self.tasks.has(key))
            && own.meta.keys().all(|key| self.meta.has(key));
        if !known {
            return None;
        }
        let of_task = |fields: &Fields, key: &str| {
            fields.get(key).map(|raw| of_raw(raw, cells)).unwrap_or_default()
        };
        let cell = |column: &Column| match column {
            // What an interface sets is the task's until it is answered.
            Column::Key(key) => match data.get(key) {
                Some(value) => of_value(value, cells),
                None => of_task(&own.fields, key),
            },
            Column::Meta(key) => of_task(&own.meta, key),
            Column::AllOfAnswer => {
                let mut added = data.clone();
                added.retain(|key, _| !is_annotators(key));
                of_value(&Value::Object(added), cells)
            }
            Column::AllOfTask => json(&own.fields, cells),
            Column::AllOfMeta => json(&own.meta, cells),
        };
        Some(self.order.iter().map(cell).collect())
    }
}

fn json(fields: &Fields, cells: Cells) -> String {
    formula_guard::escape_formulas(
        serde_json::to_string(fields).expect("JSON parts make JSON"),
        cells.raw,
    )
}

fn of_value(value: &Value, cells: Cells) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => of_text(text.clone(), cells),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(_) | Value::Object(_) => {
            formula_guard::escape_formulas(value.to_string(), cells.raw)
        }
    }
}

/// A text as it is, anything else as the JSON that it is written as.
fn of_raw(raw: &RawValue, cells: Cells) -> String {
    match raw.get() {
        "null" => String::new(),
        text if text.starts_with('"') => {
            of_text(serde_json::from_str(text).unwrap_or_default(), cells)
        }
        text if text.starts_with(['[', '{']) => {
            formula_guard::escape_formulas(text.to_owned(), cells.raw)
        }
        other => other.to_owned(),
    }
}

fn of_text(text: String, cells: Cells) -> String {
    let begins = text.get(..5).is_some_and(|begin| begin.eq_ignore_ascii_case("data:"));
    if begins && text.len() > LONGEST_DATA_URI && !cells.raw {
        let end = text.find(',').filter(|end| *end < LONGEST_DATA_URI).unwrap_or(5);
        return formula_guard::escape_formulas(format!("{}…", &text[..end]), false);
    }
    formula_guard::escape_formulas(text, cells.raw)
}
