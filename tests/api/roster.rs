//! The roster as a lead meets it: small files, each with the messages it must give.
//!
//! `tests/rosters/` has a file for every rule. It begins with what it expects, in the order of the
//! text, and a file that expects nothing is a roster in good order:
//!
//! ```toml
//! # expect: 7:9 part of the message
//! # help: part of the remedy
//! ```
//!
//! The place is line and column, both from 1. A file must show exactly what it expects, no less and
//! no more: a second complaint about the same mistake is a fault.

mod any_text;
mod changes;
mod partial;
mod values;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use annotd::roster::{Diagnostic, Roster, explain, read};

const KNOWN: [&str; 5] = ["text", "classification", "choice", "ner_manual", "blocks"];

/// All sample files, by name without extension.
fn samples() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rosters");
    let mut samples = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("the folder of sample rosters") {
        let path = entry.expect("a sample roster").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        samples.insert(name, fs::read_to_string(&path).expect("a readable sample roster"));
    }
    samples
}

fn valid(text: &str) -> Roster {
    match read(text, &KNOWN) {
        Ok(roster) => roster,
        Err(problems) => panic!("\n{}", explain(&problems, text, "roster.toml", false)),
    }
}

fn wrong(text: &str) -> Vec<Diagnostic> {
    read(text, &KNOWN).expect_err("a roster with mistakes")
}

const SMALL: &str = r#"
[project]
name = "demo"
interface = "classification"

[[annotator]]
name = "andy"
port = 9010

[[annotator]]
name = "zach"
port = 9011
"#;

#[test]
fn every_rule_has_its_message_its_place_and_its_remedy() {
    let mut faults = String::new();
    let samples = samples();
    assert!(samples.len() > 100, "the samples are not all there: {}", samples.len());
    for (name, text) in &samples {
        let expected: Vec<&str> =
            text.lines().filter_map(|l| l.strip_prefix("# expect: ")).collect();
        let helps: Vec<&str> = text.lines().filter_map(|l| l.strip_prefix("# help: ")).collect();
        assert_eq!(expected.len(), helps.len(), "{name}: every expectation needs a remedy");
        assert_eq!(expected.is_empty(), name.starts_with("valid-"), "{name}: valid or not?");
        let problems = read(text, &KNOWN).err().unwrap_or_default();
        let file = format!("{name}.toml");
        let as_expected = problems.len() == expected.len()
            && problems.iter().zip(&expected).zip(&helps).all(|((problem, expected), help)| {
                let (line, column) = problem.line_column(text);
                let (place, message) = expected.split_once(' ').expect("a place and a message");
                let shown = explain(std::slice::from_ref(problem), text, &file, false);
                place == format!("{line}:{column}")
                    && problem.message.contains(message)
                    && problem.help.as_deref().is_some_and(|h| h.contains(help))
                    && shown.contains(&format!("{file}:{line}:{column}"))
            });
        if !as_expected {
            let _ = writeln!(faults, "==== {name}: expected {expected:#?} {helps:#?}, found\n");
            let _ = writeln!(faults, "{}", explain(&problems, text, &file, false));
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[test]
fn five_mistakes_are_shown_as_five_with_a_caret_and_a_remedy_each() {
    let text = &samples()["five-mistakes"];
    let problems = wrong(text);
    let shown = explain(&problems, text, "annotators.toml", false);
    println!("{shown}");
    assert_eq!(shown.matches("error: ").count(), 5);
    assert_eq!(shown.matches("help: ").count(), 5);
    assert_eq!(shown.lines().filter(|l| l.contains("^^")).count(), 5);
    assert!(explain(&problems, text, "annotators.toml", true).contains("\u{1b}["));
}

#[test]
fn messages_are_plain_and_short() {
    for (name, text) in samples() {
        for problem in read(&text, &KNOWN).err().unwrap_or_default() {
            let help = problem.help.as_deref().unwrap_or_default();
            assert!(problem.message.chars().count() <= 110, "{name}: {}", problem.message);
            // The row of all keys that a table has is as long as it is.
            let row = help.contains(" has: ");
            assert!(row || help.chars().count() <= 110, "{name}: {help}");
            assert!(!problem.message.ends_with('.') && !help.ends_with('.'), "{name}: {help}");
        }
    }
}

#[test]
fn a_thousand_people_and_as_many_broken_lines_are_read_at_once() {
    let mut text = "[project]\nname = \"demo\"\ninterface = \"text\"\n".to_owned();
    for i in 0..1000 {
        let port = 10_000 + i;
        let _ =
            writeln!(text, "[[annotator]]\nname = \"p{i}\"\nport = {port}\ntags = es\nquota = 0");
    }
    let begin = Instant::now();
    assert_eq!(wrong(&text).len(), 2000);
    // Milliseconds in fact. The work once grew with the square of the number of broken lines, and
    // this took minutes.
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}
