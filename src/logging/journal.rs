//! Lines for systemd's journal, in its own protocol: a datagram of fields for each.
//!
//! `MESSAGE` is what the line would be as text, so that `journalctl` and `systemctl status` show
//! all of it; the fields stand beside it under their names in capitals, so that `journalctl
//! ANNOTATOR=andy` finds them.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tracing::Level;

use super::line::Line;

/// Where the journal listens.
pub(super) const SOCKET: &str = "/run/systemd/journal/socket";

/// A socket to the journal.
pub(super) struct Journal {
    socket: UnixDatagram,
    at: PathBuf,
}

impl Journal {
    /// Checks that a journal listens there.
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        UnixDatagram::unbound()?.connect(path)?;
        // Not connected, so that a journal that is restarted is found again.
        let socket = UnixDatagram::unbound()?;
        // A journal that does not read must not block the daemon; the line is text then.
        socket.set_nonblocking(true)?;
        Ok(Self { socket, at: path.to_owned() })
    }

    pub(super) fn send(&self, line: &Line) -> io::Result<()> {
        self.socket.send_to(&datagram(line), &self.at).map(drop)
    }
}

fn datagram(line: &Line) -> Vec<u8> {
    let priority = match *line.about.level() {
        Level::ERROR => "3",
        Level::WARN => "4",
        Level::INFO => "6",
        _ => "7",
    };
    let mut out = Vec::with_capacity(512);
    put(&mut out, "MESSAGE", &line.words());
    put(&mut out, "PRIORITY", priority);
    put(&mut out, "SYSLOG_IDENTIFIER", "annotd");
    if let Some(file) = line.about.file() {
        put(&mut out, "CODE_FILE", file);
    }
    if let Some(number) = line.about.line() {
        put(&mut out, "CODE_LINE", &number.to_string());
    }
    for (name, value) in line.fields() {
        let Some(name) = field_name(name) else { continue };
        match value {
            Value::String(text) => put(&mut out, &name, text),
            other => put(&mut out, &name, &other.to_string()),
        }
    }
    out
}

/// A name that the journal takes and that is not one of its own; none if there is no such.
fn field_name(name: &str) -> Option<String> {
    let name: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
        .collect();
    let taken = ["MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "CODE_FILE", "CODE_LINE"];
    let fits = name.starts_with(|c: char| c.is_ascii_uppercase()) && name.len() <= 64;
    (fits && !taken.contains(&name.as_str())).then_some(name)
}

fn put(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(name.as_bytes());
    if value.contains('\n') {
        out.push(b'\n');
        out.extend_from_slice(&(value.len() as u64).to_le_bytes());
    } else {
        out.push(b'=');
    }
    out.extend_from_slice(value.as_bytes());
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tracing_subscriber::layer::SubscriberExt;

    use super::super::{LogFormat, LogLayer, Sink};
    use super::*;

    /// Reads a datagram as the journal does.
    fn parse(mut data: &[u8]) -> BTreeMap<String, String> {
        let mut fields = BTreeMap::new();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        while let Some(end) = data.iter().position(|byte| *byte == b'\n') {
            let line = &data[..end];
            data = &data[end + 1..];
            let (name, value) = match line.iter().position(|byte| *byte == b'=') {
                Some(at) => (text(&line[..at]), text(&line[at + 1..])),
                None => {
                    let length = u64::from_le_bytes(data[..8].try_into().expect("eight bytes"));
                    let end = 8 + usize::try_from(length).expect("a length");
                    let value = text(&data[8..end]);
                    assert_eq!(data[end], b'\n');
                    data = &data[end + 1..];
                    (text(line), value)
                }
            };
            assert!(fields.insert(name, value).is_none(), "a field is there twice");
        }
        assert!(data.is_empty());
        fields
    }

    #[test]
    fn a_line_reaches_the_journal_with_its_fields_and_those_of_its_request() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("socket");
        let journal = UnixDatagram::bind(&path).expect("a socket");
        let (sink, missed) = Sink::new(LogFormat::Journal, &path, false);
        assert!(missed.is_none());
        let subscriber = tracing_subscriber::registry().with(LogLayer::new(sink));
        tracing::subscriber::with_default(subscriber, || {
            let _port = tracing::info_span!("port", annotator = "andy").entered();
            let _request =
                tracing::info_span!("request", request_id = "1-2", path = "/x").entered();
            tracing::warn!(task = 7, error = "one\ntwo", "an answer was not kept");
            tracing::info!(annotator = "li", "serving");
        });
        let mut buffer = [0; 4096];
        let mut next = || {
            let length = journal.recv(&mut buffer).expect("a line");
            parse(&buffer[..length])
        };
        let line = next();
        let words =
            "an answer was not kept task=7 request_id=1-2 path=/x annotator=andy\n    one\n    two";
        for (name, value) in [
            ("MESSAGE", words),
            ("PRIORITY", "4"),
            ("SYSLOG_IDENTIFIER", "annotd"),
            ("ANNOTATOR", "andy"),
            ("REQUEST_ID", "1-2"),
            ("TASK", "7"),
            ("ERROR", "one\ntwo"),
            ("CODE_FILE", "src/logging/journal.rs"),
        ] {
            assert_eq!(line.get(name).map(String::as_str), Some(value), "{name} of {line:?}");
        }
        let line = next();
        assert_eq!((line["ANNOTATOR"].as_str(), line["PRIORITY"].as_str()), ("li", "6"));
    }

    #[test]
    fn names_that_the_journal_has_itself_are_left_to_it() {
        assert_eq!(field_name("request_id").as_deref(), Some("REQUEST_ID"));
        assert_eq!(field_name("log.target").as_deref(), Some("LOG_TARGET"));
        assert_eq!(field_name("_pid"), None);
        assert_eq!(field_name("message"), None);
    }
}
