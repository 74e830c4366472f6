//! Reads a file that a person wrote: a certificate, a key, a roster, a codebook.

use std::io::{Error, ErrorKind, Result};
use std::path::Path;

/// Reads a regular file of at most `max_bytes`. Reading a pipe or a device could block for ever,
/// and with it the running daemon.
///
/// # Errors
/// If it cannot be read, is not a regular file, or is larger.
pub(super) fn read_regular_file(path: &Path, max_bytes: u64) -> Result<Vec<u8>> {
    let metadata = std::fs::metadata(path)?;
    let refuse = |reason: String| Err(Error::new(ErrorKind::InvalidInput, reason));
    if metadata.is_dir() {
        return refuse("it is a folder".to_owned());
    }
    if !metadata.is_file() {
        return refuse("it is not a regular file".to_owned());
    }
    if metadata.len() > max_bytes {
        let length = metadata.len();
        return refuse(format!("it has {length} bytes; at most {max_bytes} are read"));
    }
    std::fs::read(path)
}
