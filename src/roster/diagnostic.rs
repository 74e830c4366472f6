//! Mistakes in a roster, each with its place and remedy.
//!
//! Places are kept in bytes, as the parser gives them, and become lines and columns only when they
//! are printed. `annotate-snippets`, which Rust's own compiler uses, draws the line with the caret;
//! rejected: `miette` and `ariadne`, which need error types of their own.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// What some editors put before the first character of a file.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// One mistake in a roster.
///
/// The caller may add its own, for checks that need files or ports:
/// `Diagnostic::new("there is no file codebook.md", instructions.at.clone()).help("…")`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Diagnostic {
    /// What is wrong, in one plain sentence without a full stop.
    pub message: String,
    /// Where, in bytes of the text.
    pub at: Range<usize>,
    /// A few words to stand beside the caret.
    pub label: Option<String>,
    /// What to do.
    pub help: Option<String>,
    /// Another place that belongs to it, such as where a port was given out first, with a few
    /// words.
    pub also: Option<(Range<usize>, String)>,
}

impl Diagnostic {
    /// A problem at a place (in bytes of the text).
    pub fn new(message: impl Into<String>, at: Range<usize>) -> Self {
        Self { message: message.into(), at, label: None, help: None, also: None }
    }

    /// With a few words beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// With what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With another place that belongs to it (in bytes), and a few words there.
    #[must_use]
    pub fn also(mut self, at: Range<usize>, label: impl Into<String>) -> Self {
        self.also = Some((at, label.into()));
        self
    }

    /// The line and the column at which it begins, both from 1, the column in characters.
    pub fn line_column(&self, text: &str) -> (usize, usize) {
        line_column(text, self.at.start)
    }

    /// Moves the places into the text and onto character boundaries.
    pub(super) fn fit(&mut self, text: &str) {
        self.at = fit(text, &self.at);
        if let Some((at, _)) = &mut self.also {
            *at = fit(text, at);
        }
    }
}

/// The line and the column of a place in a text, both from 1, the column in characters.
///
/// `offset` is in bytes; one beyond the end, or inside a character, counts as the nearest before.
/// A byte order mark at the beginning of the text, which no editor shows, is not counted.
pub fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..boundary(text, offset)];
    let before = before.strip_prefix(BYTE_ORDER_MARK).unwrap_or(before);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.matches('\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}

/// All problems as a compiler would show them: what is wrong, `file:line:column`, the line itself
/// with a caret, and what to do.
///
/// `text` is the one in which the problems were found and `file` is what to call it. With `colour`,
/// the result has terminal escapes in it. Passwords in URLs are shown as asterisks: the result goes
/// to logs and dashboards.
pub fn explain(problems: &[Diagnostic], text: &str, file: &str, colour: bool) -> String {
    let bare = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mark = text.len() - bare.len();
    let place = |at: &Range<usize>| {
        visible(bare, &(at.start.saturating_sub(mark)..at.end.saturating_sub(mark)))
    };
    let text = without_passwords(bare);
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for problem in problems {
        if !out.is_empty() {
            out.push('\n');
        }
        let mut caret = AnnotationKind::Primary.span(place(&problem.at));
        if let Some(label) = &problem.label {
            caret = caret.label(label);
        }
        let mut snippet = Snippet::source(&text).path(file).annotation(caret);
        if let Some((at, label)) = &problem.also {
            snippet = snippet.annotation(AnnotationKind::Context.span(place(at)).label(label));
        }
        let mut group = Level::ERROR.primary_title(&problem.message).element(snippet);
        if let Some(help) = &problem.help {
            group = group.element(Level::HELP.message(help));
        }
        out.push_str(&renderer.render(&[group]));
        out.push('\n');
    }
    out
}

/// The text with the passwords of its URLs (`scheme://user:password@host`) overwritten by as many
/// asterisks as they have bytes, so that every place stays where it was.
pub(super) fn without_passwords(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = rest.find("://") {
        let (before, after) = rest.split_at(found + 3);
        out.push_str(before);
        // A careless password may have slashes in it; only a blank or a quotation mark ends it.
        let end = after
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\''))
            .unwrap_or(after.len());
        let (url, after) = after.split_at(end);
        match (url.find(':'), url.rfind('@')) {
            (Some(colon), Some(at)) if colon < at => {
                out.push_str(&url[..=colon]);
                out.extend(std::iter::repeat_n('*', at - colon - 1));
                out.push_str(&url[at..]);
            }
            _ => out.push_str(url),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// A value of the roster as a message shows it: in quotation marks, without control characters, cut
/// where it gets long.
pub(super) fn quoted(value: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown: String =
        value.chars().take(LONGEST).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if value.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    format!("\"{shown}\"")
}

/// A place inside the text that a caret can point at: on one line, and, where the line has
/// something there, at least one character wide.
fn visible(text: &str, at: &Range<usize>) -> Range<usize> {
    let at = fit(text, at);
    let line_end = text[at.start..].find(['\n', '\r']).map_or(text.len(), |n| at.start + n);
    let mut end = at.end.min(line_end);
    if end == at.start
        && end < line_end
        && let Some(c) = text[end..].chars().next()
    {
        end += c.len_utf8();
    }
    at.start..end
}

fn fit(text: &str, at: &Range<usize>) -> Range<usize> {
    let start = boundary(text, at.start);
    start..boundary(text, at.end).max(start)
}

fn boundary(text: &str, offset: usize) -> usize {
    // `str::floor_char_boundary` is younger than the oldest compiler that annotd supports.
    (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_in_characters_and_from_one() {
        let text = "a\n\u{e9}\u{1f600}x\r\n";
        assert_eq!(line_column(text, 0), (1, 1));
        assert_eq!(line_column(text, 2), (2, 1));
        assert_eq!(line_column(text, 8), (2, 3));
        // Inside a character, and beyond the end.
        assert_eq!(line_column(text, 5), (2, 2));
        assert_eq!(line_column(text, 999), (3, 1));
    }

    #[test]
    fn a_byte_order_mark_moves_no_column() {
        let text = "\u{feff}a = 1\nb = 2\n";
        assert_eq!(line_column(text, 3), (1, 1));
        assert_eq!(line_column(text, 9), (2, 1));
        let shown =
            explain(&[Diagnostic::new("no", 7..8), Diagnostic::new("no", 9..10)], text, "f", false);
        assert!(shown.contains("f:1:5") && shown.contains("f:2:1"), "{shown}");
    }

    #[test]
    fn passwords_are_not_shown() {
        let text = "url = \"mongodb://me:geh/e\u{ef}m@host/db\"\nx = \"http://host/\"";
        let shown = without_passwords(text);
        assert_eq!(shown.len(), text.len());
        assert!(shown.starts_with("url = \"mongodb://me:********@host/db\"\n"), "{shown}");
        assert!(shown.ends_with("x = \"http://host/\""));
        let problem = Diagnostic::new("no", 0..3);
        assert!(!explain(&[problem], text, "f", false).contains("geh"));
    }
}
