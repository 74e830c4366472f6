//! Spans of time as people write them: `90s`, `30m`, `1h30m`, `2 days`.
//!
//! The reading is jiff's friendly format (ISO 8601 comes with it). A day has 24 hours and a week
//! seven days; months and years have no fixed length and are refused. Rejected: a parser of our
//! own, which would know fewer spellings and more mistakes.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo};

/// Reads a span of time; `None` for anything else, also for one that runs backwards.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let span: Span = text.trim().parse().ok()?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    Duration::try_from(length).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time_are_read_as_people_write_them() {
        for (text, seconds) in [
            ("90s", 90),
            ("30m", 1_800),
            ("2h", 7_200),
            ("1d", 86_400),
            ("1h30m", 5_400),
            ("1h 30m", 5_400),
            ("30 minutes", 1_800),
            ("1w", 604_800),
        ] {
            assert_eq!(parse(text), Some(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_span_of_time_is_refused() {
        for text in ["", "30", "1h30", "-5m", "5m ago", "1mo", "30x", "999999999999h", "never"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
