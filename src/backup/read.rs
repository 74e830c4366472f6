//! A backup as a file that is read: what it is, whether it is whole, and line by line.
//!
//! It is read twice: once from beginning to end to see that it is whole, before the store is
//! touched, and once to restore it. What cannot be read twice (standard input, a pipe) is put into
//! a temporary file first, compressed as it is. The second time everything is checked again, for it
//! is another reading of the disk.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::format::{End, FORMAT, Head, KIND, Line, Parts, WITHOUT_IDENTITY, answers_of};
use crate::store::{AllocationRecord, Record};

/// The longest line. A task has 8 MiB at most, and so has an answer.
const LONGEST: u64 = 1 << 30;
/// How zstd's data begins.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// What is wrong with a backup.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system does not give it.
    #[error("cannot read {name}: {source}")]
    Open {
        /// The file, or "standard input".
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// It is something else.
    #[error(
        "{name} is no backup of annotd's; one is written by `annotd backup -o FILE` (task files are \
         loaded with `annotd load`)"
    )]
    Other {
        /// The file.
        name: String,
    },
    /// It is of a later format.
    #[error(
        "{name} was written by a newer annotd (format {format}, this one knows {FORMAT}); restore it \
         with the newer one"
    )]
    Newer {
        /// The file.
        name: String,
        /// Its format.
        format: u64,
    },
    /// Its end is missing.
    #[error(
        "{name} is cut short: it ends after {tasks} tasks, without its last line; copy it again from \
         where it was made, or take another backup"
    )]
    Short {
        /// The file.
        name: String,
        /// Tasks before the end.
        tasks: u64,
    },
    /// It is not what was written.
    #[error(
        "{name} is damaged: {why}, in line {line}; copy it again from where it was made, or take \
         another backup"
    )]
    Damaged {
        /// The file.
        name: String,
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        why: String,
    },
}

/// What is in a backup that is whole.
#[derive(Clone, Debug)]
pub struct Contents {
    /// Whose it is, and from when.
    pub head: Head,
    /// Tasks.
    pub tasks: u64,
    /// Answers of every kind.
    pub answers: u64,
}

/// A backup that can be read from its beginning any number of times.
#[derive(Debug)]
pub struct Backup {
    name: String,
    file: File,
    size: u64,
    read: Arc<AtomicU64>,
}

impl Backup {
    /// Opens a file; for `-`, or something that is no plain file, what comes from there is kept in
    /// a temporary one.
    ///
    /// # Errors
    /// If it cannot be read, or not be kept.
    pub fn open(path: &Path, standard: impl Read) -> Result<Self, ReadError> {
        let is_standard = path.as_os_str() == "-";
        let name =
            if is_standard { "standard input".to_owned() } else { path.display().to_string() };
        let opened = if is_standard { spooled(standard) } else { opened(path) };
        let opened = opened.and_then(|file| Ok((file.metadata()?.len(), file)));
        match opened {
            Ok((size, file)) => Ok(Self { name, file, size, read: Arc::default() }),
            Err(source) => Err(ReadError::Open { name, source }),
        }
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Reads it from beginning to end, and says what is in it. `seen` hears from time to time how
    /// many bytes have been read.
    ///
    /// # Errors
    /// If it is not whole, or something else.
    pub fn check(&self, mut seen: impl FnMut(u64)) -> Result<Contents, ReadError> {
        let mut reader = self.reader()?;
        while reader.next()?.is_some() {
            seen(self.read.load(Ordering::Relaxed));
        }
        Ok(Contents { head: reader.head, tasks: reader.tasks, answers: reader.answers })
    }

    /// Begins to read it.
    pub(super) fn reader(&self) -> Result<Reader, ReadError> {
        let failed = |source| ReadError::Open { name: self.name.clone(), source };
        let mut file = self.file.try_clone().map_err(failed)?;
        file.rewind().map_err(failed)?;
        let mut begin = Vec::new();
        file.by_ref().take(ZSTD.len() as u64).read_to_end(&mut begin).map_err(failed)?;
        file.rewind().map_err(failed)?;
        self.read.store(0, Ordering::Relaxed);
        let counted = Counted { file, read: Arc::clone(&self.read) };
        let source: Box<dyn BufRead + Send> = if begin == ZSTD {
            let unpacked = zstd::stream::read::Decoder::new(counted).map_err(failed)?;
            Box::new(BufReader::with_capacity(1 << 17, unpacked))
        } else {
            // It was unpacked.
            Box::new(BufReader::with_capacity(1 << 17, counted))
        };
        Reader::begin(self.name.clone(), source)
    }
}

fn opened(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { spooled(file) }
}

fn spooled(mut from: impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut from, &mut file)?;
    Ok(file)
}

struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Something that a backup holds.
pub(super) enum Item {
    Task(Box<Record>),
    AllocationRecord(AllocationRecord),
    File { name: String, fingerprint: String },
    Key { name: String, key: String },
    Identity { rule: String },
    Edition { number: u32, text: String },
}

/// Reads line by line, and holds what it reads against the last line.
pub(super) struct Reader {
    name: String,
    source: Box<dyn BufRead + Send>,
    head: Head,
    line: Vec<u8>,
    /// The number of the line.
    nth: u64,
    sum: Sha256,
    tasks: u64,
    answers: u64,
    earlier: u64,
}

/// As much of the first line as every format will have.
#[derive(Deserialize)]
struct AnyHead {
    annotd: String,
    format: u64,
}

impl Reader {
    fn begin(name: String, source: Box<dyn BufRead + Send>) -> Result<Self, ReadError> {
        let head = Head::new("", "", crate::task::Millis(0));
        let (line, sum) = (Vec::new(), Sha256::new());
        let (tasks, answers, earlier) = (0, 0, 0);
        let mut reader = Self { name, source, head, line, nth: 0, sum, tasks, answers, earlier };
        // A file of something else may have neither lines nor an end.
        let begin = match reader.source.fill_buf() {
            Ok(begin) => Ok(begin.first().copied()),
            Err(error) => Err(error),
        };
        match begin {
            Ok(Some(b'{')) => reader.read_line().map(drop)?,
            Ok(Some(_)) => return Err(ReadError::Other { name: reader.name }),
            Ok(None) => return Err(reader.short()),
            Err(error) => return Err(reader.broken(&error)),
        }
        match serde_json::from_slice::<AnyHead>(&reader.line) {
            Ok(any) if any.annotd != KIND => return Err(ReadError::Other { name: reader.name }),
            Ok(AnyHead { format, .. }) if format > FORMAT => {
                return Err(ReadError::Newer { name: reader.name, format });
            }
            Ok(_) => {}
            Err(_) => return Err(ReadError::Other { name: reader.name }),
        }
        reader.head =
            serde_json::from_slice(&reader.line).map_err(|error| reader.damaged(&error))?;
        reader.sum.update(&reader.line);
        Ok(reader)
    }

    /// Whether it is of a format that says by which rule tasks are told apart.
    pub(super) fn says_the_rule(&self) -> bool {
        self.head.format > WITHOUT_IDENTITY
    }

    /// Bytes of the line that was read last.
    pub(super) fn line_bytes(&self) -> usize {
        self.line.len()
    }

    /// The next thing; none at the end of a backup that is whole.
    pub(super) fn next(&mut self) -> Result<Option<Item>, ReadError> {
        let mut parts = Parts::default();
        loop {
            return Ok(Some(match self.next_line()? {
                Line::Earlier(line) => {
                    parts.earlier(line);
                    self.earlier += 1;
                    continue;
                }
                Line::Large(line) => {
                    parts.large(line);
                    continue;
                }
                Line::Task(task) => {
                    let record = task.record(parts).map_err(|error| self.damaged(&error))?;
                    self.tasks += 1;
                    self.answers += answers_of(&record.state);
                    Item::Task(Box::new(record))
                }
                Line::AllocationRecord(allocation_record) => {
                    Item::AllocationRecord(allocation_record.allocation_record())
                }
                Line::File(file) => Item::File { name: file.name, fingerprint: file.fingerprint },
                Line::Key(key) => Item::Key { name: key.name, key: key.key },
                Line::Identity(line) => Item::Identity { rule: line.rule },
                Line::Edition(line) => Item::Edition { number: line.number, text: line.text },
                Line::End(end) => {
                    self.close(&end)?;
                    return Ok(None);
                }
            }));
        }
    }

    fn next_line(&mut self) -> Result<Line, ReadError> {
        if !self.read_line()? {
            return Err(self.short());
        }
        let line = serde_json::from_slice(&self.line);
        // A line without an end is the last that was copied.
        let line = match line {
            Err(_) if !self.line.ends_with(b"\n") => return Err(self.short()),
            line => line.map_err(|error| self.damaged(&error))?,
        };
        if !matches!(line, Line::End(_)) {
            self.sum.update(&self.line);
        }
        Ok(line)
    }

    /// Whether everything is as the last line says.
    fn close(&mut self, end: &End) -> Result<(), ReadError> {
        let sum = hex::encode(std::mem::take(&mut self.sum).finalize());
        if (end.tasks, end.answers, end.earlier) != (self.tasks, self.answers, self.earlier) {
            let End { tasks, answers, earlier, .. } = end;
            let why = format!(
                "it says {tasks} tasks, {answers} answers and {earlier} earlier versions, and has {}, \
                 {} and {}",
                self.tasks, self.answers, self.earlier
            );
            return Err(self.damaged(&why));
        }
        if end.sha256 != sum {
            return Err(self.damaged(&"its checksum is not that of its lines"));
        }
        if self.read_line()? {
            return Err(self.damaged(&"it goes on behind its last line"));
        }
        Ok(())
    }

    /// Puts the next line into `line`; says whether there was one.
    fn read_line(&mut self) -> Result<bool, ReadError> {
        self.line.clear();
        self.nth += 1;
        let read = self.source.by_ref().take(LONGEST).read_until(b'\n', &mut self.line);
        match read {
            Ok(_) if self.line.len() as u64 == LONGEST => Err(self.damaged(&"it has no end")),
            Ok(count) => Ok(count > 0),
            Err(error) => Err(self.broken(&error)),
        }
    }

    /// What it means that the bytes cannot be read.
    fn broken(&self, error: &io::Error) -> ReadError {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return self.short();
        }
        self.damaged(error)
    }

    fn short(&self) -> ReadError {
        ReadError::Short { name: self.name.clone(), tasks: self.tasks }
    }

    fn damaged(&self, why: &dyn std::fmt::Display) -> ReadError {
        ReadError::Damaged { name: self.name.clone(), line: self.nth.max(1), why: why.to_string() }
    }
}
