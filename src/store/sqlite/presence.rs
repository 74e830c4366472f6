//! Whether the file is still where it was opened, and whether another process has it open.
//!
//! A file that is moved, removed or replaced stays open under the processes that had opened it. A
//! daemon would write on into a file that no path leads to, and lose with its end all that it
//! acknowledged. So the device and the number of the file at the path are compared with those at
//! the opening: at each look at the store's health, and around each transaction, before its changes
//! are acknowledged.
//!
//! Every connection in WAL mode keeps a shared lock on one byte of `-shm` as long as it is open, in
//! every version of annotd. The system lists such locks, so another process that has the file open
//! is known by its number. The lists are read, and the file is not opened: closing it would give up
//! the locks that SQLite holds in this process.
//!
//! Rejected: a lock of annotd's own, which an older daemon does not hold; and an exclusive lock of
//! SQLite's, which keeps every other command out.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The byte of `-shm` that every connection locks: `UNIX_SHM_DMS` of SQLite.
const LOCKED_BYTE: u64 = 128;

/// A file as it was when it was opened.
pub(super) struct Presence {
    path: PathBuf,
    number: Option<(u64, u64)>,
}

impl Presence {
    /// Notes which file is at this path.
    pub(super) fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), number: number(path).ok().flatten() }
    }

    /// Whether the same file is there still.
    ///
    /// # Errors
    /// What has become of it, and what to do, in words.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.number.is_none() {
            return Ok(());
        }
        match number(&self.path) {
            Ok(now) if now == self.number => Ok(()),
            Ok(_) => {
                Err("another file is at its path since annotd opened it; put the former file \
                          back, or restart annotd to work with this one"
                    .to_owned())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err("its file was moved or removed while annotd had it open; put it back, or \
                     restart annotd"
                    .to_owned())
            }
            // That the folder cannot be looked at just now says nothing of the file.
            Err(_) => Ok(()),
        }
    }
}

/// The device of a file and its number there.
#[cfg(unix)]
fn number(path: &Path) -> io::Result<Option<(u64, u64)>> {
    use std::os::unix::fs::MetadataExt;
    let about = fs::metadata(path)?;
    Ok(Some((about.dev(), about.ino())))
}

/// Elsewhere a file that is open cannot be moved.
#[cfg(not(unix))]
fn number(_: &Path) -> io::Result<Option<(u64, u64)>> {
    Ok(None)
}

/// Another process that has the store at this path open, or had it open before its file was moved
/// and `-shm` was left. Nothing if there is none, or the system does not tell.
#[cfg(target_os = "linux")]
pub(super) fn other_process(path: &Path) -> Option<i32> {
    use std::os::unix::fs::MetadataExt;

    use procfs::LockType;

    let mut shared = path.canonicalize().unwrap_or_else(|_| path.to_owned()).into_os_string();
    shared.push("-shm");
    let inode = fs::metadata(PathBuf::from(shared)).ok()?.ino();
    let own = i32::try_from(std::process::id()).ok();
    let locks = procfs::locks().ok()?;
    let found = locks.into_iter().find(|lock| {
        matches!(lock.lock_type, LockType::Posix)
            && lock.inode == inode
            && lock.offset_first <= LOCKED_BYTE
            && lock.offset_last.is_none_or(|last| last >= LOCKED_BYTE)
            && lock.pid != own
    });
    found.and_then(|lock| lock.pid)
}

/// Elsewhere the system is not asked.
#[cfg(not(target_os = "linux"))]
pub(super) fn other_process(_: &Path) -> Option<i32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_moved_removed_or_replaced_is_noticed_and_one_that_is_back_is_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, unavailable) = (folder.path().join("a.db"), folder.path().join("b.db"));
        fs::write(&path, "one").expect("written");
        let presence = Presence::of(&path);
        assert_eq!(presence.check(), Ok(()));
        fs::rename(&path, &unavailable).expect("moved");
        assert!(presence.check().is_err_and(|why| why.starts_with("its file was moved")));
        fs::write(&path, "two").expect("written");
        assert!(presence.check().is_err_and(|why| why.starts_with("another file")));
        fs::rename(&unavailable, &path).expect("put back");
        assert_eq!(presence.check(), Ok(()));
    }

    #[test]
    fn what_this_process_has_open_is_its_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.db");
        let connection = rusqlite::Connection::open(&path).expect("opened");
        connection.pragma_update(None, "journal_mode", "WAL").expect("set");
        connection.execute_batch("CREATE TABLE a (b)").expect("made");
        assert_eq!(other_process(&path), None);
    }
}
