//! Whose a new file is.
//!
//! A sysadmin loads tasks as root before the daemon, which runs as another user, was ever started.
//! A file that root makes there belongs to the owner of the folder, who is meant to work with it;
//! SQLite itself does the same for the files that it lays beside (`-wal`, `-shm`).

use std::path::Path;

/// Makes the file if it is not there, and gives it to the user who should own it, and to no other:
/// the keys to the ports are in it.
///
/// What goes wrong here is left to SQLite, which makes the file itself or says why it cannot.
#[cfg(unix)]
pub(super) fn make(path: &Path) {
    use std::fs::{self, OpenOptions};
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};

    const ROOT: u32 = 0;
    // Nothing that is there, be it a link that leads nowhere, is opened.
    let Ok(file) = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) else {
        return;
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = fs::metadata(folder.unwrap_or(Path::new(".")));
    let (Ok(file_is), Ok(folder)) = (file.metadata(), folder) else { return };
    if file_is.uid() == ROOT && folder.uid() != ROOT {
        // By its handle: a user who may write to the folder could put a link in its place
        // meanwhile.
        if let Err(error) = fchown(&file, Some(folder.uid()), Some(folder.gid())) {
            tracing::warn!(file = %path.display(), %error, "the store's new file stays root's");
        }
    }
}

/// Elsewhere files have no such owners.
#[cfg(not(unix))]
pub(super) fn make(_: &Path) {}
