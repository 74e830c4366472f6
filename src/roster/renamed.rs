//! `[project.renamed]`: labels that were renamed during the work, `OLD = "NEW"`.
//!
//! A name is looked up once. So no new name may be an old one in turn, which would make the result
//! depend on how often one looks; and no old name may still be a label, since answers that bear it
//! would then come out under another one than their annotator chose. A new name that is no label is
//! most often a slip, and may be meant: the label is gone since. It is told and taken.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::diagnostic::{Diagnostic, quoted};
use super::reader::{Reader, Section};
use super::suggest::closest;

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
    let all = all_labels(labels, config);
    for (key, value) in table {
        let (old, value_at): (&str, _) = (key.get_ref(), value.span());
        let DeValue::String(new) = value.get_ref() else {
            let message = format!("renamed: expected the new name of {} as text", quoted(old));
            reader.report(
                Diagnostic::new(message, value_at).help("write renamed = { OLD = \"NEW\" }"),
            );
            continue;
        };
        let problem = if old.trim().is_empty() || new.trim().is_empty() {
            Diagnostic::new("renamed has an empty name", value_at)
                .help("write both names, or delete it")
        } else if all.contains(&old) {
            Diagnostic::new(format!("{} is renamed, and is still a label", quoted(old)), key.span())
                .label("the old name")
                .help("take it out of the labels, or delete it here")
        } else if let Some(end) = end_of(table, old, new) {
            end_problem(old, new, end, value_at)
        } else {
            names.insert(old.to_owned(), new.to_string());
            if !all.is_empty() && !all.contains(&&**new) {
                reader.warn(no_label(old, new, &all, value_at));
            }
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

fn end_problem(old: &str, new: &str, end: End, at: Range<usize>) -> Diagnostic {
    match end {
        End::Circle if old == new => {
            Diagnostic::new(format!("{} is renamed to itself", quoted(old)), at)
                .help("delete it, or write the name that it has now")
        }
        End::Circle => Diagnostic::new(format!("{} is renamed in a circle", quoted(old)), at)
            .help("keep only the lines that lead to a present label"),
        End::Name(name) => {
            let message = format!("the new name {} is itself renamed", quoted(new));
            Diagnostic::new(message, at)
                .help(format!("write the name it has now: {}", quoted(&name)))
        }
    }
}

/// A new name that is no label now. It may have been one, and be gone: answers still come out under
/// it.
fn no_label(old: &str, new: &str, all: &[&str], at: Range<usize>) -> Diagnostic {
    let message = format!("{} is renamed to {}, which is no label", quoted(old), quoted(new));
    let help = match closest(new, all.iter().copied()) {
        Some(near) => format!("did you mean {}?", quoted(near)),
        None => "if it is no label any more, all is well: answers come out under it".to_owned(),
    };
    Diagnostic::new(message, at).help(help)
}

/// The labels that the project gives: its own, those of spans in relations, those of its blocks.
fn all_labels<'a>(labels: &'a [String], config: &'a Table) -> Vec<&'a str> {
    let mut all: Vec<&str> = labels.iter().map(String::as_str).collect();
    of_settings(config, &mut all);
    all
}

/// The labels in settings: of the project, of a block, and of a block's own `config`.
fn of_settings<'a>(settings: &'a Table, all: &mut Vec<&'a str>) {
    let list = |key: &str| settings.get(key).and_then(Value::as_array).into_iter().flatten();
    all.extend(list("labels").chain(list("relations_span_labels")).filter_map(Value::as_str));
    all.extend(settings.get("label").and_then(Value::as_str));
    let inner = list("blocks").chain(settings.get("config"));
    inner.filter_map(Value::as_table).for_each(|inner| of_settings(inner, all));
}
