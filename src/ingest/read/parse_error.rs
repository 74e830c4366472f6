//! A place in a file that is wrong, in words that say what to do about it.
//!
//! serde_json says where it stopped and, tersely, why. Here the place becomes line and column of
//! the file, in characters, and the reason becomes what was expected and what was found. Where
//! its message is one that is not known here, it is passed on as it is.

use std::fmt;
use std::sync::Arc;

use super::source::Broken;
use super::{Form, MAX_TASK_BYTES, Written};
use crate::interface::Unfit;
use crate::task::task_json::place;
use crate::task::{MAX_DEPTH, TaskJson, TaskJsonError, own_keys};

/// The most of an overlong line that a message carries.
const KEPT_OF_OVERLONG: usize = 4096;
/// What comes behind a task in JSONL, and behind a row.
pub(super) const END_OF_LINE: &str = "the end of the line";
/// What every task is.
pub(super) const OBJECT: &str = "an object such as {\"text\": \"…\"}";
/// Characters of a line that an excerpt shows on each side of the caret.
const AROUND: usize = 40;
/// The longest word that is quoted as found, in characters.
const LONGEST_WORD: usize = 24;

/// A line, or a part of one, that is no task.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct LineError {
    /// The file.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u64,
    /// The column, from 1, in characters.
    pub column: u64,
    /// What would be right there.
    pub expected: Box<str>,
    /// What is there.
    pub found: Box<str>,
    /// What to do about it, where that is not plain.
    pub help: Option<Box<str>>,
    /// The text that is refused, with the place in it.
    pub refused: Box<RefusedText>,
    /// Whether reading ends here.
    pub fatal: bool,
}

/// A text that is refused: the line, the row, or the element of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedText {
    /// The whole text, unless it is longer than a task may be; what is not UTF-8 is replaced.
    pub text: Box<str>,
    /// The place within `text`, in bytes.
    pub at: usize,
    /// The place within the task, as a JSON pointer; empty for the whole one, and for what is no
    /// task.
    pub(super) pointer: Box<str>,
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, expected, found, .. } = self;
        write!(f, "{file}:{line}:{column}: expected {expected}, found {found}")?;
        self.help.as_ref().map_or(Ok(()), |help| write!(f, " ({help})"))
    }
}

impl LineError {
    /// Says that a task that was read cannot be shown or answered, and where in its text.
    pub fn of_task(file: &Arc<str>, line: u64, task: &TaskJson, unfit: Unfit) -> Self {
        let text = task.as_str();
        let at = place(text, &unfit.at).at;
        Self {
            file: Arc::clone(file),
            line,
            column: text[..at].chars().count() as u64 + 1,
            expected: unfit.expected.into(),
            found: unfit.found.into(),
            help: unfit.help.map(Into::into),
            refused: Box::new(RefusedText { text: text.into(), at, pointer: unfit.at.into() }),
            fatal: false,
        }
    }

    /// Says that a task that was read is not suitable as a whole, or for the value at a JSON
    /// pointer.
    pub fn of_value(
        file: &Arc<str>,
        line: u64,
        task: &TaskJson,
        pointer: String,
        [expected, found]: [&str; 2],
    ) -> Self {
        let text = task.as_str();
        let at = place(text, &pointer).at;
        Self {
            file: Arc::clone(file),
            line,
            column: text[..at].chars().count() as u64 + 1,
            expected: expected.into(),
            found: found.into(),
            help: None,
            refused: Box::new(RefusedText { text: text.into(), at, pointer: pointer.into() }),
            fatal: false,
        }
    }

    /// The same place as it is in the file. The text of a task has no white space between its
    /// parts, and neither cells nor the keys of an answer.
    #[must_use]
    pub fn at_written(self, written: Option<&Written>) -> Self {
        let Some(written) = written else { return self };
        let RefusedText { pointer, .. } = *self.refused;
        let at = written.place(&pointer);
        let before = &written.text.as_bytes()[..at];
        let (line, column) = advance((self.line, written.column), before);
        let refused = Box::new(RefusedText { text: written.text.clone(), at, pointer });
        Self { line, column, refused, ..self }
    }

    pub(super) fn with_help(mut self, help: &str) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn fatal(mut self) -> Self {
        self.fatal = true;
        self
    }

    /// The part of the line around the place, with a caret under it.
    pub fn excerpt(&self) -> String {
        let RefusedText { text, at, .. } = &*self.refused;
        let at = floor(text, *at);
        let start = text[..at].rfind('\n').map_or(0, |place| place + 1);
        let end = text[at..].find(['\n', '\r']).map_or(text.len(), |place| at + place);
        let before: Vec<char> = text[start..at].chars().rev().take(AROUND + 1).collect();
        let after: Vec<char> = text[at..end].chars().take(AROUND + 1).collect();
        let mut shown = String::new();
        let mut width = 0;
        if before.len() > AROUND {
            shown.push('…');
            width += 1;
        }
        for c in before.iter().take(AROUND).rev() {
            shown.push(visible(*c));
            width += 1;
        }
        shown.extend(after.iter().take(AROUND).map(|c| visible(*c)));
        if after.len() > AROUND {
            shown.push('…');
        }
        let gutter = self.line.to_string();
        let pad = " ".repeat(gutter.len());
        format!("{gutter} | {shown}\n{pad} | {}^", " ".repeat(width))
    }

    /// The line of a file of rejects: where, why, and the refused text, as one JSON object.
    pub fn reject(&self) -> String {
        serde_json::json!({
            "file": &*self.file,
            "line": self.line,
            "column": self.column,
            "reason": self.to_string(),
            "text": &*self.refused.text,
        })
        .to_string()
    }
}

fn visible(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|place| text.is_char_boundary(*place)).unwrap_or(0)
}

/// A stretch of a file and where it begins.
#[derive(Clone, Copy)]
pub(super) struct Piece<'a> {
    pub(super) file: &'a Arc<str>,
    /// The line of its first byte, from 1.
    pub(super) line: u64,
    /// The column of its first byte, from 1, in characters.
    pub(super) column: u64,
    pub(super) bytes: &'a [u8],
}

impl Piece<'_> {
    /// Says what is wrong at a byte of the piece.
    pub(super) fn wrong(&self, at: usize, expected: &str, found: &str) -> LineError {
        let at = at.min(self.bytes.len());
        let (line, column) = advance((self.line, self.column), &self.bytes[..at]);
        let kept = if self.bytes.len() > MAX_TASK_BYTES {
            &self.bytes[..KEPT_OF_OVERLONG]
        } else {
            self.bytes
        };
        let text = String::from_utf8_lossy(kept);
        LineError {
            file: Arc::clone(self.file),
            line,
            column,
            expected: expected.into(),
            found: found.into(),
            help: None,
            // Up to `at` nothing was replaced, or it would have been the place.
            refused: Box::new(RefusedText {
                at: at.min(text.len()),
                pointer: "".into(),
                text: text.into(),
            }),
            fatal: false,
        }
    }

    /// Says that the piece is longer than a task may be.
    pub(super) fn too_long(&self, what: &str) -> LineError {
        let mib = MAX_TASK_BYTES >> 20;
        self.wrong(MAX_TASK_BYTES, &format!("{what} of at most {mib} MiB"), "a longer one")
            .with_help("keep large content elsewhere and give its address")
    }

    /// Says that reading failed behind the piece.
    pub(super) fn broken(&self, Broken { expected, found, help }: Broken) -> LineError {
        let mut wrong = self.wrong(self.bytes.len(), &expected, &found);
        wrong.help = help.map(Into::into);
        wrong.fatal()
    }

    /// The piece as text.
    pub(super) fn text(&self) -> Result<&str, LineError> {
        std::str::from_utf8(self.bytes).map_err(|error| {
            let at = error.valid_up_to();
            let found = self.bytes.get(at).map_or_else(String::new, |b| format!("byte 0x{b:02X}"));
            self.wrong(at, "UTF-8", &found).with_help("save the file as UTF-8")
        })
    }

    /// The piece as a task. `end` is what comes behind it, such as "the end of the line".
    ///
    /// Says too whether the text is JSON at all, only not a task.
    pub(super) fn task(&self, end: &str) -> Result<TaskJson, (LineError, Fault)> {
        let text = self.text().map_err(|wrong| (wrong, Fault::Syntax))?;
        let begin = text.len() - text.trim_start().len();
        TaskJson::parse(text).map_err(|error| match error {
            TaskJsonError::Syntax { message, line, column } => {
                let at = offset(text, line, column);
                self.syntax(text, &message, at, end)
            }
            TaskJsonError::NotAnObject { found } => {
                let mut wrong = self.wrong(begin, OBJECT, found);
                if found == "an array" && end == END_OF_LINE {
                    wrong = wrong.with_help("a file that is one array is named .json");
                }
                (wrong, Fault::Shape)
            }
            TaskJsonError::TooDeep => (self.too_deep(text), Fault::Shape),
        })
    }

    /// The piece as it is written, if it is not the text of this body alone in its line.
    pub(super) fn written(&self, body: &TaskJson) -> Option<Written> {
        let text = std::str::from_utf8(self.bytes).ok()?;
        let is_json = text.trim_start().starts_with('{');
        let form = if is_json { Form::Json } else { Form::Text };
        (self.column != 1 || text.len() != body.as_str().len()).then(|| Written {
            column: self.column,
            text: text.into(),
            form,
        })
    }

    fn too_deep(&self, text: &str) -> LineError {
        let at = depth_exceeded_at(text);
        self.wrong(at, &format!("at most {MAX_DEPTH} levels of nesting"), "more")
    }

    fn syntax(&self, text: &str, message: &str, at: usize, end: &str) -> (LineError, Fault) {
        if message.starts_with("recursion limit") {
            return (self.too_deep(text), Fault::Syntax);
        }
        if let Some(inside) = message.strip_prefix("EOF while parsing ") {
            let expected = match inside {
                "a string" => "the rest of the string up to `\"`",
                "a list" => "the rest of the list up to `]`",
                "an object" => "the rest of the object up to `}`",
                _ => "a value",
            };
            let mut wrong = self.wrong(text.len(), expected, end);
            if end == END_OF_LINE && matches!(text.trim(), "[" | "{") {
                wrong = wrong.with_help("each line is an object; other JSON is named .json");
            }
            return (wrong, Fault::Unfinished);
        }
        let words = words(text, message, at, end);
        let mut wrong = self.wrong(words.at, &words.expected, &words.found);
        wrong.help = words.help.map(Into::into);
        (wrong, Fault::Syntax)
    }
}

/// Which kind of wrong a text is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is JSON, but not a task.
    Shape,
    /// It is not JSON.
    Syntax,
    /// It is the beginning of JSON.
    Unfinished,
}

/// The place behind these bytes; a line break ends a line, and a character counts once.
pub(super) fn advance((mut line, mut column): (u64, u64), bytes: &[u8]) -> (u64, u64) {
    for (index, byte) in bytes.iter().enumerate() {
        // A carriage return ends a line where no newline does.
        let alone = || bytes.get(index + 1).is_some_and(|next| *next != b'\n');
        if *byte == b'\n' || (*byte == b'\r' && alone()) {
            (line, column) = (line + 1, 1);
        } else if *byte & 0xC0 != 0x80 {
            column += 1;
        }
    }
    (line, column)
}

/// The byte that serde_json means by a line and a column, both from 1; a column of 0 is the line
/// break before.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start = match line {
        0 | 1 => 0,
        _ => text.match_indices('\n').nth(line - 2).map_or(text.len(), |(place, _)| place + 1),
    };
    floor(text, (start + column).saturating_sub(1))
}

/// The bracket that opens one level too many. What an export kept under `_task` counts as it stood
/// in the task.
fn depth_exceeded_at(text: &str) -> usize {
    let (mut depth, mut in_string, mut escaped, mut kept) = (0, false, false, 0);
    // The last string, which is the key before a bracket on the first level.
    let mut last = (0, 0);
    for (at, byte) in text.bytes().enumerate() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            last.1 = at + 1;
            continue;
        }
        match byte {
            b'"' => {
                in_string = true;
                last = (at, at + 1);
            }
            b'{' | b'[' => {
                if depth == 1 {
                    let key = serde_json::from_str::<String>(&text[last.0..last.1]);
                    let is_kept = key.is_ok_and(|key| key == own_keys::DISPLACED);
                    kept = usize::from(byte == b'{' && is_kept);
                }
                depth += 1;
            }
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        if depth > MAX_DEPTH + kept {
            return at;
        }
    }
    0
}

struct Words {
    at: usize,
    expected: String,
    found: String,
    help: Option<&'static str>,
}

const KEY: &str = "a key in double quotes";

fn words(text: &str, message: &str, at: usize, end: &str) -> Words {
    let word_start = text[..at].trim_end_matches(is_word).len();
    let escape_start = text[..at].rfind('\\').unwrap_or(at);
    let (at, expected) = match message {
        "expected value" => (at, "a value"),
        "expected ident" => (word_start, "a value"),
        "invalid number" => (word_start, "a number"),
        "key must be a string" => (at, KEY),
        "trailing comma" if text[at..].starts_with(']') => (at, "a value after the comma"),
        "trailing comma" => (at, "a key in double quotes after the comma"),
        "trailing characters" => (at, end),
        "invalid escape" => (escape_start, "an escape such as `\\n`, `\\\\` or `\\u00e9`"),
        "lone leading surrogate in hex escape"
        | "lone trailing surrogate in hex escape"
        | "unexpected end of hex escape" => {
            (surrogate_start(text, at), "a pair of surrogates such as `\\ud83d\\ude00`")
        }
        _ if message.starts_with("control character") => (at, "`\\n`, `\\t` or `\\u00…`"),
        _ => (at, message.strip_prefix("expected ").unwrap_or(message)),
    };
    let found = found_at(text, at, end);
    let help = help_for(message, &found);
    Words { at, expected: expected.to_owned(), found, help }
}

fn help_for(message: &str, found: &str) -> Option<&'static str> {
    if message.starts_with("control character") {
        return Some("control characters within a string are escaped");
    }
    if message.ends_with("hex escape") {
        return Some("a character such as an emoji was cut in half; write it whole, or `\\ufffd`");
    }
    if message == "trailing characters" {
        return Some("one object on each line");
    }
    match found {
        "`NaN`" | "`nan`" | "`Infinity`" | "`-Infinity`" | "`inf`" => {
            Some("JSON has no such number; write null, or leave the key out")
        }
        "`None`" | "`undefined`" => Some("JSON writes null"),
        "`True`" | "`TRUE`" => Some("JSON writes true"),
        "`False`" | "`FALSE`" => Some("JSON writes false"),
        "`'`" => Some("JSON has double quotes only"),
        _ if message == "invalid number" => {
            Some("no leading zeros, and digits on both sides of the point")
        }
        _ => None,
    }
}

/// The surrogate that lacks its other half. serde_json notices behind the escape after a first
/// half, if there is one.
fn surrogate_start(text: &str, at: usize) -> usize {
    let Some(last) = text[..at].rfind("\\u") else {
        return at;
    };
    let is_first_half = |place: usize| {
        let escape = text.get(place..place + 4).unwrap_or_default().to_ascii_lowercase();
        matches!(&*escape, "\\ud8" | "\\ud9" | "\\uda" | "\\udb")
    };
    last.checked_sub(6).filter(|before| is_first_half(*before)).unwrap_or(last)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '.')
}

/// What stands at a place, for people.
pub(super) fn found_at(text: &str, at: usize, end: &str) -> String {
    let rest = &text[at..];
    let Some(first) = rest.chars().next() else {
        return end.to_owned();
    };
    let length = match first {
        '\n' | '\r' => return "a line break".into(),
        '\t' => return "a tab".into(),
        c if c.is_control() || c.is_whitespace() && c != ' ' => {
            return format!("the character U+{:04X}", u32::from(c));
        }
        ' ' => return "a space".into(),
        // A whole escape.
        '\\' if rest.starts_with("\\u") => {
            let digits = rest[2..].chars().take(4).take_while(|c| *c != '"');
            2 + digits.map(char::len_utf8).sum::<usize>()
        }
        '\\' => rest.chars().take(2).map(char::len_utf8).sum(),
        // A whole short string.
        '"' => rest[1..].find('"').map_or(1, |close| close + 2),
        c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
        c => c.len_utf8(),
    };
    let word = &rest[..length];
    if word.chars().count() <= LONGEST_WORD {
        format!("`{word}`")
    } else {
        let beginning: String = word.chars().take(LONGEST_WORD).collect();
        format!("`{beginning}…`")
    }
}
