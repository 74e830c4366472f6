//! The daemon's log: as text, as JSON, or in systemd's journal.
//!
//! Every line is one event with its fields (`line.rs`): its own, and those of the request and the
//! port that it happened in, so that `annotator` and `request_id` are there wherever they make
//! sense. It is written to standard error as text for people or as JSON, or to systemd's journal
//! with fields of its own (`journal.rs`). Where standard error is the journal, the journal is the
//! default; systemd names it in `JOURNAL_STREAM`.
//!
//! Rejected: `tracing-journald`, whose messages are without the fields, so that `journalctl` shows
//! "the store is away" and not why, and which always writes to the one place where the journal
//! listens, out of reach of a test. And the text and JSON of `tracing-subscriber`, which put the
//! fields of a request in three different places.

mod journal;
mod line;
mod stderr;

use std::backtrace::BacktraceStatus;
use std::io;
use std::os::linux::fs::MetadataExt;
use std::path::Path;

use clap::ValueEnum;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use self::journal::Journal;
use self::line::{Fields, Line};
use self::stderr::LossyWriter;

/// Sets what is logged.
const LEVEL: &str = "ANNOTD_LOG";
/// Where systemd names the device and the inode of the journal's stream.
const STREAM: &str = "JOURNAL_STREAM";

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// LossyWriter for people
    Text,
    /// A JSON object a line
    Json,
    /// Straight to systemd's journal, with fields
    Journal,
}

/// Starts the log of this process. Without a format: the journal, if standard error is connected to
/// it, and text otherwise. `colour` says whether text may have colours.
pub fn start(format: Option<LogFormat>, colour: bool) {
    let format = format.unwrap_or_else(|| {
        let stream = std::env::var(STREAM).ok();
        if is_the_journal(Path::new("/dev/stderr"), stream.as_deref()) {
            LogFormat::Journal
        } else {
            LogFormat::Text
        }
    });
    let (sink, missed) = Sink::new(format, Path::new(journal::SOCKET), colour);
    let (filter, wrong) = filter(std::env::var(LEVEL).ok().as_deref());
    tracing_subscriber::registry().with(filter).with(LogLayer::new(sink)).init();
    std::panic::set_hook(Box::new(log_panic));
    if let Some(error) = missed {
        tracing::warn!(%error, "the journal cannot be reached; the log is text on standard error");
    }
    if let Some(error) = wrong {
        tracing::warn!(error, "ANNOTD_LOG cannot be understood; info and above are logged");
    }
}

/// Logs a panic as a line like any other, with the fields of its request.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let payload = panic.payload();
    let error = match payload.downcast_ref::<&str>() {
        Some(text) => text,
        None => payload.downcast_ref::<String>().map_or("no words", String::as_str),
    };
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    let trace = std::backtrace::Backtrace::capture();
    let trace = (trace.status() == BacktraceStatus::Captured).then(|| trace.to_string());
    tracing::error!(error, at, trace, "something broke that should not; please report it");
}

/// Whether a file is what `JOURNAL_STREAM` names.
fn is_the_journal(file: &Path, stream: Option<&str>) -> bool {
    let Some((device, inode)) = stream.and_then(|stream| stream.split_once(':')) else {
        return false;
    };
    let Ok(found) = std::fs::metadata(file) else { return false };
    device.parse() == Ok(found.st_dev()) && inode.parse() == Ok(found.st_ino())
}

/// The filter for a value of `ANNOTD_LOG`, and the error if it cannot be understood.
fn filter(wished: Option<&str>) -> (EnvFilter, Option<String>) {
    let usual = || EnvFilter::new("info");
    // To the library an unknown word is the name of a part of some program, of which nothing is
    // logged.
    let odd = |one: &&str| !one.contains('=') && one.parse::<LevelFilter>().is_err();
    let known = |one: &&str| one.is_empty() || one.starts_with("annotd");
    let mut parts = wished.unwrap_or_default().split(',').map(str::trim);
    if let Some(odd) = parts.find(|one| odd(one) && !known(one)) {
        let error =
            format!("there is no level {odd:?}; there are error, warn, info, debug and trace");
        return (usual(), Some(error));
    }
    match wished.filter(|wished| !wished.trim().is_empty()).map(EnvFilter::try_new) {
        None => (usual(), None),
        Some(Ok(filter)) => (filter, None),
        Some(Err(error)) => (usual(), Some(error.to_string())),
    }
}

/// Where lines go, and in which form.
enum Sink {
    Text { colour: bool },
    Json,
    Journal(Journal),
}

impl Sink {
    /// Falls back to text if the journal cannot be reached, and returns the error then.
    fn new(format: LogFormat, socket: &Path, colour: bool) -> (Self, Option<io::Error>) {
        let text = || Self::Text { colour };
        match format {
            LogFormat::Text => (text(), None),
            LogFormat::Json => (Self::Json, None),
            LogFormat::Journal => match Journal::at(socket) {
                Ok(journal) => (Self::Journal(journal), None),
                Err(error) => (text(), Some(error)),
            },
        }
    }

    fn write(&self, line: &Line, stderr: &LossyWriter<io::Stderr>) {
        let text = match self {
            Self::Text { colour } => line.to_text(*colour),
            Self::Json => line.to_json(),
            Self::Journal(journal) => match journal.send(line) {
                Ok(()) => return,
                // The journal is being restarted, or the line is too long for it.
                Err(_) => line.to_text(false),
            },
        };
        stderr.write(&text, |lost| match self {
            Self::Json => line::lost_as_json(lost),
            Self::Text { .. } | Self::Journal(_) => line::lost_as_text(lost),
        });
    }
}

/// The layer that turns events into lines.
struct LogLayer {
    sink: Sink,
    stderr: LossyWriter<io::Stderr>,
}

impl LogLayer {
    fn new(sink: Sink) -> Self {
        Self { sink, stderr: LossyWriter::new(io::stderr()) }
    }
}

impl<S> Layer<S> for LogLayer
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Line::new(event);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(fields) = span.extensions().get::<Fields>() {
                line.add(fields);
            }
        }
        self.sink.write(&line, &self.stderr);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_error_is_the_journal_if_systemd_named_it() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let about = file.as_file().metadata().expect("metadata");
        let named = format!("{}:{}", about.st_dev(), about.st_ino());
        assert!(is_the_journal(file.path(), Some(&named)));
        let other = format!("{}:{}", about.st_dev(), about.st_ino() + 1);
        for stream in [None, Some(""), Some("x:y"), Some(other.as_str())] {
            assert!(!is_the_journal(file.path(), stream), "{stream:?}");
        }
    }

    #[test]
    fn a_word_that_is_no_level_silences_nothing() {
        for right in ["warn", "ERROR", "off", "info,annotd::allocator=debug", "annotd", " debug "] {
            assert_eq!(filter(Some(right)).1, None, "{right}");
        }
        for wrong in ["warning", "inof", "loud,,", "info,verbose", "annotd=loud"] {
            let (level, error) = filter(Some(wrong));
            assert!(error.is_some() && level.to_string() == "info", "{wrong}: {level}");
        }
    }

    #[test]
    fn a_journal_that_is_not_there_is_text_instead() {
        let folder = tempfile::tempdir().expect("a folder");
        let (sink, error) = Sink::new(LogFormat::Journal, &folder.path().join("socket"), false);
        assert!(matches!(sink, Sink::Text { .. }) && error.is_some());
    }

    #[test]
    fn levels_that_make_no_sense_are_told() {
        assert!(filter(None).1.is_none() && filter(Some("debug")).1.is_none());
        assert!(filter(Some("annotd=noisy")).1.is_some());
    }
}
