//! Messages in plain words for text that is not TOML.
//!
//! The parser recovers from mistakes and goes on. Some mistakes leave the lines around them intact:
//! a value without quotation marks, a key given twice. Those are reported together with the
//! roster's other mistakes. After all others (a bracket or a quotation mark that is never closed)
//! the parser only guesses at the rest, and messages about a guess help no reader: then the first
//! mistake is reported alone.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::DeTable;

use super::diagnostic::{Diagnostic, quoted};
use super::reader::SINGLE_QUOTES;

/// The mistakes that the parser found.
pub(super) struct Mistakes {
    pub(super) problems: Vec<Diagnostic>,
    /// Whether the tree agrees with the text, apart from the lines of these problems.
    pub(super) readable: bool,
    /// Where the lines with problems begin, in bytes.
    pub(super) lines: BTreeSet<usize>,
}

/// Parses a text as far as that is possible.
pub(super) fn parse(text: &str) -> (Spanned<DeTable<'_>>, Mistakes) {
    let (document, mut errors) = DeTable::parse_recoverable(text);
    errors.sort_by_key(|e| e.span().map_or(0, |s| s.start));
    let local = |e: &toml::de::Error| LOCAL.iter().any(|l| e.message().starts_with(l));
    let readable = errors.iter().all(local);
    let mut problems = Vec::new();
    let mut lines = BTreeSet::new();
    let first_bad = errors.iter().position(|e| !local(e));
    let reported = match first_bad {
        Some(bad) => &errors[bad..=bad],
        None => &errors[..],
    };
    for error in reported {
        let problem = in_plain_words(error.message(), error.span().unwrap_or(0..0), text);
        // One mistake may upset the parser twice.
        if lines.insert(line_start(text, &problem)) {
            problems.push(problem);
        }
    }
    (document, Mistakes { problems, readable, lines })
}

/// Where the line of a problem begins, in bytes.
pub(super) fn line_start(text: &str, problem: &Diagnostic) -> usize {
    let before = text.get(..problem.at.start).unwrap_or(text);
    before.rfind('\n').map_or(0, |newline| newline + 1)
}

/// The beginnings of the parser's messages about mistakes that stay where they are.
const LOCAL: [&str; 4] =
    ["string values must be quoted", "duplicate key", "unexpected leading zero", "invalid boolean"];

fn in_plain_words(message: &str, at: Range<usize>, text: &str) -> Diagnostic {
    let found = text.get(at.clone()).unwrap_or_default();
    let problem = |words: &str| Diagnostic::new(words, at.clone());
    if message.starts_with("string values must be quoted") {
        if found.is_empty() {
            return problem("there is no value after the =")
                .help("write a value, or delete the line");
        }
        if found.starts_with(['“', '”', '„', '«', '‘', '’']) {
            return problem("these are typographic quotation marks").help("use straight ones: \"");
        }
        return problem("text must stand in quotation marks")
            .help("put \" before and after it; only numbers, true and false do without");
    }
    if message.starts_with("duplicate key") {
        return problem(&format!("`{}` is given twice", found.trim()))
            .label("the second time")
            .help("keep one of the two and delete the other");
    }
    if message.starts_with("unexpected leading zero") {
        return problem("a number cannot begin with 0").help("leave the 0 out");
    }
    if message.starts_with("invalid boolean") {
        return problem("this is neither true nor false")
            .help("write true or false, in small letters");
    }
    if message.starts_with("unclosed table") || message.starts_with("unclosed array table") {
        return problem("the heading is not closed")
            .help("write [project] in single brackets, [[annotator]] in double ones");
    }
    if message.starts_with("unclosed array") || message.contains("in array") {
        return problem("the list is not closed, or something in it is not a value")
            .help("write lists as [\"one\", \"two\"], with a ] at the end");
    }
    if message.starts_with("missing comma") {
        // The parser notices a list without an end only on the next line, where nothing is wrong.
        let before = text.get(..at.start).unwrap_or_default();
        let end = before.trim_end();
        if before[end.len()..].contains('\n') {
            return Diagnostic::new(
                "the list does not end here, but no comma follows",
                end.len()..end.len(),
            )
            .help("close it with ], or put a comma before the next line");
        }
        return problem("a comma is missing").help("put a comma between the two");
    }
    if message.contains("escape") || message.contains("unicode") {
        return problem("a backslash between double quotes begins a special character")
            .help(SINGLE_QUOTES);
    }
    if message.contains("basic string") || message.contains("literal string") {
        return problem("the text is not closed, or has a character that cannot stand in it")
            .help("close it with a quotation mark on the same line; write \\\\ for a backslash");
    }
    if message.starts_with("key with no value") || message.starts_with("missing value for key") {
        return problem("an = is missing").help("write one setting per line: key = value");
    }
    if message.starts_with("invalid unquoted key") {
        return if found.starts_with(':') {
            problem("an = is missing").help("write = instead of the colon: key = value")
        } else {
            problem(&format!("{} cannot stand in a key", quoted(found)))
                .help("write one setting per line: key = value; comments begin with #")
        };
    }
    if message.starts_with("unexpected key or value") {
        return problem("there is something after the value")
            .help("write one setting per line: key = value");
    }
    problem(&format!("this is not TOML: {}", message.lines().next().unwrap_or_default()))
        .help("write one setting per line: key = value, with text in quotation marks")
}
