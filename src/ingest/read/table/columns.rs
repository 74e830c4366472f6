//! The columns of a table: what their names say.
//!
//! Data frames write their row numbers along: pandas and R in a first column without a name, R also
//! in rows that have one cell more than there are names. These are left out. Spreadsheets write
//! empty columns at the end. Prodigy's tables are called `Text`, `Label` and `Meta`. All of this is
//! read, and what was read otherwise than it is written is said ([`Columns::notes`]).

use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::LineError;
use super::super::parse_error::Piece;
use super::kinds::{self, Kind};

/// What the cells of one column are.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Column {
    /// Values under a key, whose name was cut at its points.
    Key(Vec<String>, Kind),
    /// The numbers of the rows.
    RowNumber,
    /// Nothing.
    Nameless,
}

pub(super) struct Columns {
    columns: Arc<Vec<Column>>,
    /// What was read otherwise than it is written, in words.
    pub(super) notes: Vec<String>,
}

/// A cell and the place in the row's text where it begins.
pub(super) type Cell = (usize, Vec<u8>);

const NAME_THEM: &str = "name the column in the first row, or write the table without its index: \
                         df.to_csv(path, index=False), write.csv(d, path, row.names = FALSE)";

/// How a table of answers begins that annotd has exported.
const OF_AN_EXPORT: [&str; 5] = ["date", "coder", "diff", "id", "answer"];

impl Columns {
    /// Reads the names in the first row.
    pub(super) fn read(piece: &Piece<'_>, cells: &[Cell]) -> Result<Self, LineError> {
        let names: Vec<String> =
            cells.iter().map(|(_, cell)| String::from_utf8_lossy(cell).trim().to_owned()).collect();
        if names.starts_with(&OF_AN_EXPORT.map(str::to_owned)) {
            let wrong = piece.wrong(0, "a table of tasks", "annotd's own table of answers");
            return Err(wrong
                .with_help("export with --format jsonl: that is loaded as the tasks it came from")
                .fatal());
        }
        let mut paths: Vec<Vec<String>> = Vec::new();
        let mut columns = Vec::with_capacity(names.len());
        let mut renamed = Vec::new();
        let mut notes = Vec::new();
        for (index, ((at, _), name)) in cells.iter().zip(&names).enumerate() {
            let refuse = |expected: &str, found: &str| piece.wrong(*at, expected, found).fatal();
            if index == 0 && is_index(name) && names.len() > 1 {
                notes.push("the first column has the numbers of the rows; it was left out".into());
                columns.push(Column::RowNumber);
                continue;
            }
            if name.is_empty() && names.iter().any(|name| !name.is_empty()) {
                columns.push(Column::Nameless);
                continue;
            }
            let mut path: Vec<String> = name.split('.').map(str::to_owned).collect();
            if path.iter().any(String::is_empty) {
                let found = if name.is_empty() { "an empty cell".into() } else { quoted(name) };
                return Err(refuse("a name for the column", &found)
                    .with_help("the first row has a name for each column"));
            }
            if let Some(meant) = kinds::meant(&path)
                && !names.contains(&meant.join("."))
            {
                renamed.push(format!("{} as {}", quoted(name), quoted(&meant.join("."))));
                path = meant;
            }
            if paths.contains(&path) {
                return Err(refuse("a name that no other column has", &quoted(name)));
            }
            if let Some(other) =
                paths.iter().find(|other| other.starts_with(&path) || path.starts_with(other))
            {
                let found = format!("{} beside {}", quoted(name), quoted(&other.join(".")));
                return Err(refuse("a value or an object under a key, not both", &found));
            }
            columns.push(Column::Key(path.clone(), kinds::of(&path)));
            paths.push(path);
        }
        if !renamed.is_empty() {
            notes.push(format!("read {}", renamed.join(", ")));
        }
        Ok(Self { columns: Arc::new(columns), notes })
    }

    /// The keys of the columns that have one.
    pub(super) fn names(&self) -> Vec<String> {
        let keys = self.columns.iter().filter_map(|column| match column {
            Column::Key(path, _) => Some(path.join(".")),
            Column::RowNumber | Column::Nameless => None,
        });
        keys.collect()
    }

    /// How many cells a row has.
    pub(super) fn len(&self) -> usize {
        self.columns.len()
    }

    /// Takes the names of rows into account, which stand before the first column.
    pub(super) fn add_row_names(&mut self) {
        Arc::make_mut(&mut self.columns).insert(0, Column::RowNumber);
        self.notes.push("the rows begin with their numbers, which were left out".into());
    }

    /// A row as an object.
    pub(super) fn object(
        &self,
        piece: &Piece<'_>,
        cells: &[Cell],
    ) -> Result<Map<String, Value>, LineError> {
        let mut object = Map::new();
        for (column, (at, cell)) in self.columns.iter().zip(cells) {
            if cell.is_empty() {
                continue;
            }
            // The whole row is UTF-8, and cells are cut at ASCII characters.
            let cell = String::from_utf8_lossy(cell);
            match column {
                Column::Key(path, kind) => match kinds::value(*kind, &cell) {
                    Ok(None) => {}
                    Ok(Some(value)) => insert(&mut object, path, value),
                    Err(unfit) => {
                        let expected =
                            format!("{} in the column {}", unfit.expected, quoted(&path.join(".")));
                        let wrong = piece.wrong(*at, &expected, &short(&cell));
                        return Err(match unfit.help {
                            Some(help) => wrong.with_help(help),
                            None => wrong,
                        });
                    }
                },
                Column::RowNumber if cell.trim().bytes().all(|byte| byte.is_ascii_digit()) => {}
                Column::Nameless if cell.trim().is_empty() => {}
                Column::RowNumber | Column::Nameless => {
                    let found = format!("{} in a column without a name", short(&cell));
                    return Err(piece.wrong(*at, "an empty cell", &found).with_help(NAME_THEM));
                }
            }
        }
        Ok(object)
    }
}

/// Where the keys of a task are in its row.
#[derive(Clone, Debug)]
pub(in super::super) struct Cells {
    /// Where each cell begins, in bytes.
    starts: Vec<usize>,
    columns: Arc<Vec<Column>>,
}

impl Cells {
    pub(super) fn of(columns: &Columns, cells: &[Cell]) -> Self {
        let starts = cells.iter().map(|(at, _)| *at).collect();
        Self { starts, columns: Arc::clone(&columns.columns) }
    }

    /// Where the cell begins that has the value of a JSON pointer, or the first one that has a part
    /// of it; the beginning of the row if there is none.
    pub(in super::super) fn place(&self, pointer: &str) -> usize {
        let steps: Vec<&str> = pointer.split('/').skip(1).collect();
        let mut best = (0, 0);
        for (column, start) in self.columns.iter().zip(&self.starts) {
            let Column::Key(path, _) = column else { continue };
            let common = path.iter().zip(&steps).take_while(|(name, step)| name == *step).count();
            if common == path.len().min(steps.len()) && common > best.0 {
                best = (common, *start);
            }
        }
        best.1
    }
}

/// Whether a name is that of a data frame's index: none, or what pandas calls such a column.
fn is_index(name: &str) -> bool {
    let unnamed = name.strip_prefix("Unnamed: ");
    name.is_empty() || unnamed.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
}

fn quoted(name: &str) -> String {
    format!("`{name}`")
}

/// The beginning of a cell, for a message.
fn short(cell: &str) -> String {
    let mut chars = cell.chars().map(|c| if c.is_control() { ' ' } else { c });
    let beginning: String = chars.by_ref().take(24).collect();
    if chars.next().is_some() { format!("`{beginning}…`") } else { format!("`{beginning}`") }
}

fn insert(map: &mut Map<String, Value>, path: &[String], value: Value) {
    match path {
        [] => {}
        [name] => {
            map.insert(name.clone(), value);
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
