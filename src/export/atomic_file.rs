//! A file that is written whole or not at all.
//!
//! The lines go into a temporary file beside the target, which is synced and takes the target's
//! place when everything is there. Whatever fails before, the target is as it was and nothing is
//! left beside it. A target that is no ordinary file (a pipe, `/dev/null`) is written to directly,
//! and a link keeps pointing to where it pointed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Bytes gathered before they are written.
const BUFFER: usize = 1 << 17;

/// Why something could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {place}: {source}")]
pub struct OutputError {
    /// The file, or "standard output".
    pub place: String,
    /// What the system says.
    pub source: io::Error,
}

impl OutputError {
    /// Whether the reader at the other end has gone, as `head` does; no reason to complain.
    pub fn is_closed_pipe(&self) -> bool {
        self.source.kind() == io::ErrorKind::BrokenPipe
    }
}

/// Where an export goes.
pub struct Output {
    place: String,
    sink: Sink,
}

enum Sink {
    File { temporary: BufWriter<NamedTempFile>, target: PathBuf },
    Stream(Box<dyn Write + Send>),
}

impl Output {
    /// Opens a target: a file, or, for `-` or nothing, the stream that is handed in.
    ///
    /// # Errors
    /// If nothing can be written there.
    pub fn to(target: Option<&Path>, standard: Box<dyn Write + Send>) -> Result<Self, OutputError> {
        // As any new file, less the umask.
        Self::with_mode(target, standard, 0o666)
    }

    /// The same for a secret file: a new one is readable by its owner alone.
    ///
    /// # Errors
    /// As [`Output::to`].
    pub fn private(
        target: Option<&Path>,
        standard: Box<dyn Write + Send>,
    ) -> Result<Self, OutputError> {
        Self::with_mode(target, standard, 0o600)
    }

    fn with_mode(
        target: Option<&Path>,
        standard: Box<dyn Write + Send>,
        mode: u32,
    ) -> Result<Self, OutputError> {
        match target {
            Some(path) if path.as_os_str() != "-" => Self::to_file(path, mode).map_err(|source| {
                OutputError { place: path.to_string_lossy().into_owned(), source }
            }),
            _ => {
                let stream = BufWriter::with_capacity(BUFFER, standard);
                Ok(Self { place: "standard output".into(), sink: Sink::Stream(Box::new(stream)) })
            }
        }
    }

    fn to_file(path: &Path, mode: u32) -> io::Result<Self> {
        let place = path.to_string_lossy().into_owned();
        // The end of the links, so that the file is replaced and not the link.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let existing = match fs::metadata(&target) {
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if let Some(metadata) = &existing {
            if metadata.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            if !metadata.is_file() {
                let file = OpenOptions::new().write(true).open(&target)?;
                let stream = Box::new(BufWriter::with_capacity(BUFFER, file));
                return Ok(Self { place, sink: Sink::Stream(stream) });
            }
        }
        let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let mut prefix = std::ffi::OsString::from(".");
        prefix.push(name);
        prefix.push(".");
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(".part");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(mode));
        }
        let temporary = builder.tempfile_in(parent_of(&target))?;
        if let Some(metadata) = existing {
            temporary.as_file().set_permissions(metadata.permissions())?;
        }
        let temporary = BufWriter::with_capacity(BUFFER, temporary);
        Ok(Self { place, sink: Sink::File { temporary, target } })
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// If they cannot be written; nothing is left of the file then.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), OutputError> {
        let written = match &mut self.sink {
            Sink::File { temporary, .. } => temporary.write_all(bytes),
            Sink::Stream(stream) => stream.write_all(bytes),
        };
        written.map_err(|source| OutputError { place: self.place.clone(), source })
    }

    /// Puts the file in its place, once everything is on the disk.
    ///
    /// # Errors
    /// If that does not succeed; the target is as it was then.
    pub fn finish(self) -> Result<(), OutputError> {
        let finished = match self.sink {
            Sink::Stream(mut stream) => stream.flush(),
            Sink::File { temporary, target } => put_in_place(temporary, &target),
        };
        finished.map_err(|source| OutputError { place: self.place, source })
    }
}

fn put_in_place(temporary: BufWriter<NamedTempFile>, target: &Path) -> io::Result<()> {
    let temporary = temporary.into_inner().map_err(io::IntoInnerError::into_error)?;
    temporary.as_file().sync_all()?;
    temporary.persist(target).map_err(|error| error.error)?;
    // The new name, too, is to survive a power cut. Not every file system can sync a directory,
    // and the file is whole in any case.
    if let Ok(directory) = File::open(parent_of(target)) {
        let _ = directory.sync_all();
    }
    Ok(())
}

fn parent_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).expect("a directory");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_file_is_there_when_it_is_whole_and_not_before() {
        let directory = tempfile::tempdir().expect("a directory");
        let target = directory.path().join("answers.jsonl");
        fs::write(&target, "old").expect("written");
        let mut output = Output::to(Some(&target), Box::new(io::sink())).expect("opened");
        output.write(b"new").expect("written");
        assert_eq!(fs::read_to_string(&target).expect("read"), "old");
        output.finish().expect("finished");
        assert_eq!(fs::read_to_string(&target).expect("read"), "new");
        assert_eq!(names(directory.path()), ["answers.jsonl"]);
    }

    #[test]
    fn an_export_that_is_broken_off_leaves_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        let target = directory.path().join("answers.jsonl");
        let mut output = Output::to(Some(&target), Box::new(io::sink())).expect("opened");
        output.write(&vec![b'x'; BUFFER * 2]).expect("written");
        drop(output);
        assert!(names(directory.path()).is_empty());
    }

    #[test]
    fn a_place_that_is_none_is_named() {
        let directory = tempfile::tempdir().expect("a directory");
        let target = directory.path().join("nowhere/answers.jsonl");
        let error = Output::to(Some(&target), Box::new(io::sink())).err().expect("an error");
        assert!(error.to_string().starts_with("cannot write "), "{error}");
        assert!(error.to_string().contains("nowhere/answers.jsonl: "), "{error}");
        let error = Output::to(Some(directory.path()), Box::new(io::sink())).err();
        assert!(error.expect("an error").to_string().ends_with("is a directory"));
    }

    #[cfg(unix)]
    #[test]
    fn links_devices_and_permissions_stay_what_they_are() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let directory = tempfile::tempdir().expect("a directory");
        let (target, link) = (directory.path().join("a"), directory.path().join("b"));
        fs::write(&target, "old").expect("written");
        fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).expect("set");
        symlink(&target, &link).expect("linked");
        let mut output = Output::to(Some(&link), Box::new(io::sink())).expect("opened");
        output.write(b"new").expect("written");
        output.finish().expect("finished");
        assert!(fs::symlink_metadata(&link).expect("a link").is_symlink());
        assert_eq!(fs::read_to_string(&target).expect("read"), "new");
        assert_eq!(fs::metadata(&target).expect("a file").permissions().mode() & 0o777, 0o640);
        let mut null = Output::to(Some(Path::new("/dev/null")), Box::new(io::sink())).expect("it");
        null.write(b"gone").expect("written");
        null.finish().expect("finished");
    }
}
