//! The bytes of a file, unpacked, with a count of how many have been read.
//!
//! What a file is packed with is told by its first bytes. A byte order mark is passed over, and one
//! of UTF-16 says how the rest is read. An error, at whatever place, is kept until the bytes before
//! it have been used, so that what could be read is read.

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::MAX_TASK_BYTES;
use super::line_ends::LineEnds;
use super::utf16::{self, Utf16};

type Reader = Box<dyn Read + Send>;

/// How far the reading of a file has come, in bytes as they lie on the disk.
#[derive(Clone, Debug)]
pub struct ReadProgress {
    read: Arc<AtomicU64>,
    total: Option<u64>,
}

impl ReadProgress {
    /// Bytes read so far.
    pub fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// The counter itself, for a thread that draws a progress bar.
    pub fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.read)
    }

    /// Bytes in all, where that can be known.
    pub fn total(&self) -> Option<u64> {
        self.total
    }
}

struct Counted {
    inner: Reader,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read.fetch_add(u64::try_from(count).unwrap_or(0), Ordering::Relaxed);
        Ok(count)
    }
}

/// An error that waits for its turn.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Compression {
    Plain,
    Gzip,
    Zstd,
}

/// What became of one line.
pub(super) enum Line {
    /// It is there whole, with its line break if it had one.
    Whole,
    /// It was longer than [`MAX_TASK_BYTES`]: its beginning is there, the rest was passed over.
    TooLong,
    /// There are no more.
    End,
}

/// What is wrong with the bytes themselves, in the words of a message.
pub(super) struct Broken {
    pub(super) expected: String,
    pub(super) found: String,
    pub(super) help: Option<&'static str>,
}

/// The unpacked bytes of a file.
pub(super) struct Source {
    reader: BufReader<Reader>,
    packing: Compression,
    first: Option<u8>,
}

impl Source {
    /// `lone` says whether a carriage return alone is a line break, wherever it stands.
    pub(super) fn new(reader: Reader, total: Option<u64>, lone: bool) -> (Self, ReadProgress) {
        let read = Arc::new(AtomicU64::new(0));
        let counted = Counted { inner: reader, read: Arc::clone(&read) };
        let (head, reader) = peek(Box::new(counted), 4);
        let (packing, reader) = unpacked(&head, reader);
        let (head, reader) = peek(reader, 512);
        let (head, reader) = match utf16::decoder(&head) {
            Some(decoder) => peek(Box::new(Utf16::new(reader, decoder)), 512),
            None => (head, reader),
        };
        let (head, reader): (_, Reader) = if let Some(rest) = head.strip_prefix(b"\xEF\xBB\xBF") {
            let mut reader = reader;
            let mut mark = [0; 3];
            // The three bytes have just been seen, so they are in memory.
            let reader = match reader.read_exact(&mut mark) {
                Ok(()) => reader,
                Err(error) => Box::new(Failing(Some(error))),
            };
            (rest, reader)
        } else {
            match unreadable(&head) {
                Some(what) => (&[], refused(what)),
                None => (&head[..], reader),
            }
        };
        let first = head.iter().copied().find(|byte| !byte.is_ascii_whitespace());
        let reader: Reader = Box::new(LineEnds::new(reader, lone));
        let reader = BufReader::with_capacity(1 << 16, reader);
        (Self { reader, packing, first }, ReadProgress { read, total })
    }

    /// The first byte that is no white space, if there is one near the beginning.
    pub(super) fn begins_with(&self) -> Option<u8> {
        self.first
    }

    /// The next bytes; none at the end.
    pub(super) fn fill(&mut self) -> io::Result<&[u8]> {
        loop {
            match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(_) => break,
            }
        }
        Ok(self.reader.buffer())
    }

    /// Passes over bytes that [`Source::fill`] gave.
    pub(super) fn consume(&mut self, count: usize) {
        self.reader.consume(count);
    }

    /// Puts the next line into `line`. On an error, what came before it is there.
    pub(super) fn line(&mut self, line: &mut Vec<u8>) -> io::Result<Line> {
        line.clear();
        // One more than the longest line, and two for its line break.
        let limit = MAX_TASK_BYTES + 3;
        self.reader.by_ref().take(limit as u64).read_until(b'\n', line)?;
        if line.is_empty() {
            return Ok(Line::End);
        }
        let ended = line.ends_with(b"\n");
        let content = line.strip_suffix(b"\n").unwrap_or(line);
        let content = content.strip_suffix(b"\r").unwrap_or(content);
        if content.len() <= MAX_TASK_BYTES {
            return Ok(Line::Whole);
        }
        if !ended {
            self.skip_line()?;
        }
        Ok(Line::TooLong)
    }

    /// Passes over the rest of a line.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.fill()?;
            if buffer.is_empty() {
                return Ok(());
            }
            let (count, ended) = match buffer.iter().position(|byte| *byte == b'\n') {
                Some(place) => (place + 1, true),
                None => (buffer.len(), false),
            };
            self.consume(count);
            if ended {
                return Ok(());
            }
        }
    }

    /// Words for an error of reading.
    pub(super) fn broken(&self, error: &io::Error) -> Broken {
        let name = match self.packing {
            Compression::Plain => {
                return Broken {
                    expected: "readable text".into(),
                    found: error.to_string(),
                    help: None,
                };
            }
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
        };
        if error.kind() == io::ErrorKind::UnexpectedEof {
            Broken {
                expected: format!("the rest of the {name} data"),
                found: "the end of the file".into(),
                help: Some("the file was cut short, perhaps while it was copied"),
            }
        } else {
            Broken {
                expected: format!("whole {name} data"),
                found: error.to_string(),
                help: Some("the file is damaged from here on"),
            }
        }
    }
}

/// The first bytes, at most `count`, and a reader that still has them before it.
fn peek(mut reader: Reader, count: u64) -> (Vec<u8>, Reader) {
    let mut head = Vec::new();
    let result = reader.by_ref().take(count).read_to_end(&mut head);
    let failing = Failing(result.err());
    (head.clone(), Box::new(Cursor::new(head).chain(failing).chain(reader)))
}

fn unpacked(head: &[u8], reader: Reader) -> (Compression, Reader) {
    match head {
        [0x1f, 0x8b, ..] => {
            (Compression::Gzip, Box::new(flate2::read::MultiGzDecoder::new(reader)))
        }
        // A frame, or a skippable one, which may come first.
        [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => {
            match zstd::stream::read::Decoder::new(reader) {
                Ok(decoder) => (Compression::Zstd, Box::new(decoder)),
                Err(error) => (Compression::Zstd, Box::new(Failing(Some(error)))),
            }
        }
        _ => (Compression::Plain, reader),
    }
}

/// What a file is that annotd does not read, by its first bytes, and what to do.
fn unreadable(head: &[u8]) -> Option<&'static str> {
    match head {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("UTF-32 (save the file as UTF-8)"),
        // An ASCII character and half of a code unit.
        [0, 1..=0x7f, ..] | [1..=0x7f, 0, ..] => {
            Some("UTF-16 without its byte order mark (save the file as UTF-8)")
        }
        [b'P', b'K', 3, 4, ..] => {
            Some("a ZIP archive or a spreadsheet (unpack it, or save as CSV)")
        }
        [0xfd, b'7', b'z', b'X', b'Z', ..] => Some("an xz file (unpack it, or use .gz or .zst)"),
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some("a bzip2 file (unpack it, or use .gz or .zst)"),
        [b'P', b'A', b'R', b'1', ..] => Some("a Parquet file (save it as JSONL)"),
        _ => None,
    }
}

fn refused(what: &'static str) -> Reader {
    Box::new(Failing(Some(io::Error::new(io::ErrorKind::InvalidData, what))))
}
