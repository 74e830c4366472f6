//! docs/logs-and-metrics.md knows every line of the log that is worth acting on, and every metric.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn guide() -> String {
    std::fs::read_to_string(root().join("docs/logs-and-metrics.md")).expect("the guide")
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The messages of the calls of these macros: their last string, or their first where it is alone.
fn messages(source: &str) -> Vec<String> {
    // Messages of tests are not part of the log.
    let source = source.split("#[cfg(test)]").next().unwrap_or(source);
    let mut found = Vec::new();
    for level in ["info", "warn", "error"] {
        for call in source.split(&format!("tracing::{level}!(")).skip(1) {
            found.push(last_string(call));
        }
    }
    found
}

/// The last string before the parenthesis that closes the call.
fn last_string(call: &str) -> String {
    let (mut depth, mut last, mut characters) = (1, String::new(), call.chars());
    while let Some(c) = characters.next() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            '"' => {
                last.clear();
                while let Some(c) = characters.next().filter(|c| *c != '"') {
                    match c {
                        // A line that goes on below.
                        '\\' => match characters.next() {
                            Some('\n') => {
                                let rest = characters.as_str().trim_start();
                                characters = rest.chars();
                            }
                            Some(escaped) => last.push(escaped),
                            None => {}
                        },
                        c => last.push(c),
                    }
                }
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    last
}

#[test]
fn every_line_of_the_log_is_in_the_guide() {
    let guide = guide();
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    let mut missing = BTreeSet::new();
    let mut all = BTreeSet::new();
    for file in files {
        let source = std::fs::read_to_string(&file).expect("a source");
        for message in messages(&source) {
            if !guide.contains(&format!("`{message}`")) {
                missing.insert(format!("{}: {message}", file.display()));
            }
            all.insert(message);
        }
    }
    assert!(missing.is_empty(), "docs/logs-and-metrics.md says nothing of {missing:#?}");
    assert!(all.len() > 15, "the messages are found: {all:#?}");
}

/// Every family of metrics has its row.
pub(crate) fn knows_all<'a>(families: impl Iterator<Item = &'a String>) {
    let guide = guide();
    let missing: Vec<_> = families
        .filter(|name| {
            !guide.contains(&format!("`{name}`")) && !guide.contains(&format!("`{name}{{"))
        })
        .collect();
    assert!(missing.is_empty(), "docs/logs-and-metrics.md says nothing of {missing:#?}");
}

#[test]
fn every_metric_of_the_alerts_is_one_that_is_explained() {
    let guide = guide();
    let (before, alerts) = guide.split_once("groups:").expect("the alert rules");
    let alerts = alerts.split("```").next().unwrap_or(alerts);
    let names = alerts.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let names: BTreeSet<&str> = names.filter(|name| name.starts_with("annotd_")).collect();
    assert!(names.len() >= 4, "{names:?}");
    for name in names {
        assert!(before.contains(&format!("`{name}")), "{name} has no row");
    }
}
