//! Standard output, standard error, and progress bars.

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::CommandError;

/// Prints a result to standard output.
pub(super) fn print(text: impl Display) -> Result<(), CommandError> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Ok(()) => Ok(()),
        // The reader has seen enough, as `head` does.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => {
            Err(CommandError::output(format!("cannot write to standard output: {error}")))
        }
    }
}

/// Prints a result as JSON for scripts.
pub(super) fn print_json(value: &impl Serialize) -> Result<(), CommandError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| CommandError::other(format!("cannot write JSON: {error}")))?;
    print(text)
}

/// Prints a message for people to standard error.
pub(super) fn message(text: impl Display) {
    // If standard error cannot be written to, there is no other place to report that.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Prints a warning to standard error: the command does its work all the same.
pub(super) fn warning(text: impl Display) {
    message(format_args!("warning: {text}"));
}

/// Prints to standard error what people may do next.
pub(super) fn hint(text: impl Display) {
    message(format_args!("hint: {text}"));
}

/// Whether messages on standard error may have colours.
pub(super) fn stderr_has_colour() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// A bar on standard error while it is a terminal; hidden otherwise. `total` is in bytes or tasks.
pub(super) fn bar(total: Option<u64>, template: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// A plain table under these headings.
pub(super) fn table<'a>(headings: impl IntoIterator<Item = &'a str>) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::NOTHING);
    table.set_header(headings.into_iter().collect::<Vec<_>>());
    table
}

/// `1 task`, `2 tasks`.
pub(super) fn counted(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
