//! `[project.renamed]`: labels that were renamed during the work, `OLD = "NEW"`.
//!
//! A name is looked up once. So no new name may be an old one in turn, which would make the result
//! depend on how often one looks; and no old name may still be a label, since answers that bear it
//! would then come out under another one than their annotator chose.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::problem::{Problem, quoted};
use super::reader::{Reader, Section};

/// The renamed labels, those left out that are wrong. `labels` and `config` are the project's.
pub(super) fn read(
    reader: &mut Reader,
    project: &Section<'_>,
    labels: &[String],
    config: &Table,
) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    let Some((value, at)) = project.get("renamed") else { return names };
    let DeValue::Table(table) = value else {
        reader.wrong_type(project, "renamed", "a table", value, at);
        return names;
    };
    reader.note(project, "renamed", at);
    for (key, value) in table {
        let (old, value_at): (&str, _) = (key.get_ref(), value.span());
        let DeValue::String(new) = value.get_ref() else {
            let message = format!("renamed: expected the new name of {} as text", quoted(old));
            reader
                .report(Problem::new(message, value_at).help("write renamed = { OLD = \"NEW\" }"));
            continue;
        };
        let problem = if old.trim().is_empty() || new.trim().is_empty() {
            Problem::new("renamed has an empty name", value_at)
                .help("write both names, or delete it")
        } else if is_label(old, labels, config) {
            Problem::new(format!("{} is renamed, and is still a label", quoted(old)), key.span())
                .label("the old name")
                .help("take it out of the labels, or delete it here")
        } else if let Some(end) = end_of(table, old, new) {
            end_problem(old, new, end, value_at)
        } else {
            names.insert(old.to_owned(), new.to_string());
            continue;
        };
        reader.report(problem);
    }
    names
}

/// Where a new name leads that is an old one in turn.
enum End {
    /// Back to itself.
    Circle,
    /// To this name, at last.
    Name(String),
}

/// Follows a new name; nothing if it is no old one.
fn end_of(table: &DeTable<'_>, old: &str, new: &str) -> Option<End> {
    let next = |name: &str| match table.get(name).map(toml::Spanned::get_ref) {
        Some(DeValue::String(next)) => Some(next.to_string()),
        _ => None,
    };
    if new == old {
        return Some(End::Circle);
    }
    let mut name = next(new)?;
    // A circle that does not lead back to the old name has its own message at each of its names.
    for _ in 0..table.len() {
        if name == old || name == new {
            return Some(End::Circle);
        }
        match next(&name) {
            Some(after) => name = after,
            None => break,
        }
    }
    Some(End::Name(name))
}

fn end_problem(old: &str, new: &str, end: End, at: Range<usize>) -> Problem {
    match end {
        End::Circle if old == new => {
            Problem::new(format!("{} is renamed to itself", quoted(old)), at)
                .help("delete it, or write the name that it has now")
        }
        End::Circle => Problem::new(format!("{} is renamed in a circle", quoted(old)), at)
            .help("keep only the lines that lead to a present label"),
        End::Name(name) => {
            let message = format!("the new name {} is itself renamed", quoted(new));
            Problem::new(message, at).help(format!("write the name it has now: {}", quoted(&name)))
        }
    }
}

/// Whether the project gives this label: among its own, those of spans in relations, or a block's.
fn is_label(name: &str, labels: &[String], config: &Table) -> bool {
    let among = |list: Option<&Value>| {
        let list = list.and_then(Value::as_array).into_iter().flatten();
        list.into_iter().any(|label| label.as_str() == Some(name))
    };
    let blocks = config.get("blocks").and_then(Value::as_array);
    labels.iter().any(|label| label == name)
        || among(config.get("relations_span_labels"))
        || blocks.into_iter().flatten().any(|block| among(block.get("labels")))
}
