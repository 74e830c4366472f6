//! A roster whose mistakes do not matter to a command that needs only a part of it.
//!
//! The daemon keeps the roster in force while the file has a mistake. `annotd export` and `annotd
//! backup` read the file on their own, so a slip in an annotator's line would stop the nightly
//! backup. They need the store's URL, the project's name and, for an export, the rest of [project].
//!
//! How it works: a mistake is ignored if the table of its line is one that the command does not
//! need. Mistakes elsewhere, in unknown tables or without a place count, since the store's URL may
//! be meant there. So does every mistake in a text with multi-line values, where a line that looks
//! like a heading may be none.
//!
//! Rejected: to read the needed keys with a second, smaller parser, which would judge values
//! differently; and to ask the running daemon, which may be another project's, or not running.

use super::diagnostic::Diagnostic;

/// What a command needs of a roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeededPart {
    /// The store's URL and the project's name.
    Store,
    /// The store's URL and all of `[project]`.
    StoreAndProject,
}

/// Whether a command that needs this part may ignore a mistake.
pub(super) fn can_ignore(text: &str, mistake: &Diagnostic, needed: NeededPart) -> bool {
    if text.contains("\"\"\"") || text.contains("'''") {
        return false;
    }
    let line_end = text[mistake.at.start..].find('\n').map_or(text.len(), |n| mistake.at.start + n);
    let before = &text[..line_end];
    let table = before.lines().rev().find_map(heading);
    let table = table.and_then(|path| path.split('.').next());
    match table {
        Some("server" | "lead" | "annotator" | "allocation") => true,
        Some("project") if needed == NeededPart::Store => {
            let line = before.lines().next_back().unwrap_or_default();
            !line.trim_start().trim_start_matches('"').starts_with("name")
        }
        _ => false,
    }
}

/// The path in the heading of a table, if a line is one.
fn heading(line: &str) -> Option<&str> {
    let rest = line.trim_start().trim_start_matches('\u{feff}').strip_prefix('[')?;
    let rest = rest.strip_prefix('[').unwrap_or(rest).trim_start();
    let is_path = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let end = rest.find(|c| !is_path(c)).unwrap_or(rest.len());
    (end > 0).then(|| &rest[..end])
}
