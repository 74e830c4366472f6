//! Whether the files of the store are still where they were opened, and whether another process has
//! them open.
//!
//! A file that is moved, removed or replaced stays open under the processes that had opened it. A
//! daemon would go on to write into a file that no path leads to, and lose all that it acknowledged
//! with its end. So the device and the inode of the three files (the database, `-wal`, `-shm`) are
//! compared with those at the opening: at each health check, and around each transaction, before
//! its changes are acknowledged. `rescue.rs` then saves what was acknowledged.
//!
//! A file that is put back is the same file, and work goes on. But if another `-wal` or `-shm` was
//! beside the database, another process has opened it without the former ones, and may have written
//! to it. Such a store stays closed to writes until annotd is restarted.
//!
//! Every connection in WAL mode keeps a shared lock on one byte of `-shm` as long as it is open, in
//! every version of annotd. The system lists such locks, so another process that has the file open
//! is known by its number. The lists are read, and the file is not opened: closing it would give up
//! the locks that SQLite holds in this process.
//!
//! Rejected: a lock of annotd's own, which an older daemon does not hold; and an exclusive lock of
//! SQLite's, which keeps every other command out. Rejected: comparing the number of links. A second
//! link harms nothing while the first is in its place, and backup programs make such links.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The byte of `-shm` that every connection locks: `UNIX_SHM_DMS` of SQLite.
const LOCKED_BYTE: u64 = 128;

/// Device and inode.
type Identity = (u64, u64);

/// What is at the path of a file that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileState {
    /// The file that was opened, or one of which the system says nothing.
    Same,
    /// Nothing.
    Missing,
    /// Another file, with its size in bytes.
    Other(u64),
}

/// One file of the store, as it was when it was opened.
struct Watched {
    path: PathBuf,
    identity: Option<Identity>,
}

impl Watched {
    fn of(path: PathBuf) -> Self {
        let identity = identity(&path).ok().flatten();
        Self { path, identity }
    }

    fn state(&self) -> FileState {
        if self.identity.is_none() {
            return FileState::Same;
        }
        match identity(&self.path) {
            Ok(now) if now == self.identity => FileState::Same,
            Ok(_) => FileState::Other(fs::metadata(&self.path).map_or(0, |about| about.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => FileState::Missing,
            // A folder that cannot be read now does not show that the file is gone.
            Err(_) => FileState::Same,
        }
    }

    /// The path of a descriptor of this file, and how many paths lead to the file.
    ///
    /// The process's own descriptors are listed. Opening another one would give up SQLite's locks
    /// when it is closed.
    #[cfg(target_os = "linux")]
    fn descriptor(&self) -> Option<(PathBuf, u64)> {
        use std::os::unix::fs::MetadataExt;
        let descriptors = fs::read_dir("/proc/self/fd").ok()?.flatten();
        descriptors.map(|entry| entry.path()).find_map(|path| {
            let about = fs::metadata(&path).ok()?;
            (Some((about.dev(), about.ino())) == self.identity).then(|| (path, about.nlink()))
        })
    }

    /// Elsewhere the system is not asked.
    #[cfg(not(target_os = "linux"))]
    fn descriptor(&self) -> Option<(PathBuf, u64)> {
        None
    }

    fn name(&self) -> String {
        self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy().into_owned()
    }
}

/// What was done about a file that is not in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rescue {
    /// The database has everything that was acknowledged, wherever it is now.
    InDatabase,
    /// This copy has.
    Copy(PathBuf),
    /// Not yet, for this reason; it is tried again.
    Failed(String),
}

/// The files of a store, as they were when they were opened.
pub(super) struct Presence {
    database: Watched,
    wal: Watched,
    shm: Watched,
    verdict: Mutex<Verdict>,
}

#[derive(Default)]
struct Verdict {
    /// The first reason for which the store stays closed to writes.
    lasting: Option<String>,
    rescue: Option<Rescue>,
}

impl Presence {
    /// Notes which files are there. The store is open.
    pub(super) fn of(path: &Path) -> Self {
        // SQLite follows a link, and has the other two beside its target.
        let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let beside = |suffix: &str| {
            let mut name = target.clone().into_os_string();
            name.push(suffix);
            Watched::of(PathBuf::from(name))
        };
        Self {
            database: Watched::of(path.to_owned()),
            wal: beside("-wal"),
            shm: beside("-shm"),
            verdict: Mutex::default(),
        }
    }

    /// The path of the database.
    pub(super) fn path(&self) -> &Path {
        &self.database.path
    }

    /// What is at the paths of the database, of `-wal` and of `-shm`.
    pub(super) fn states(&self) -> [FileState; 3] {
        [self.database.state(), self.wal.state(), self.shm.state()]
    }

    /// Whether all files are in their places.
    ///
    /// # Errors
    /// What has happened, what was saved, and what to do, in words.
    pub(super) fn check(&self) -> Result<(), String> {
        let states = self.states();
        let mut verdict = self.verdict();
        let needs_copy = matches!(verdict.rescue, Some(Rescue::Copy(_)));
        if states == [FileState::Same; 3] && verdict.lasting.is_none() && !needs_copy {
            verdict.rescue = None;
            return Ok(());
        }
        if let Some(what) = &verdict.lasting {
            return Err(format!("{what}; {}", self.advice(states[0], verdict.rescue.as_ref())));
        }
        let [database, wal, shm] = states;
        let (file, state) = if database != FileState::Same {
            (&self.database, database)
        } else if wal != FileState::Same {
            (&self.wal, wal)
        } else {
            (&self.shm, shm)
        };
        let is_foreign = |state| matches!(state, FileState::Other(_));
        let what = match (database, state) {
            (FileState::Same, FileState::Same) => {
                "other files were at its paths for a while".into()
            }
            (FileState::Same, FileState::Missing) => {
                format!("its file {} was moved or removed while annotd had it open", file.name())
            }
            (FileState::Same, FileState::Other(_)) => {
                format!("another file is at the path of its {}", file.name())
            }
            (FileState::Missing, _) => {
                "its file was moved or removed while annotd had it open".to_owned()
            }
            (FileState::Other(_), _) => {
                "another file is at its path since annotd opened it".to_owned()
            }
        };
        let says = format!("{what}; {}", self.advice(database, verdict.rescue.as_ref()));
        if database == FileState::Same && (is_foreign(wal) || is_foreign(shm)) {
            verdict.lasting = Some(what);
        }
        Err(says)
    }

    /// What was saved, and what to do.
    fn advice(&self, database: FileState, rescue: Option<&Rescue>) -> String {
        let name = self.database.name();
        match (rescue, database) {
            (None, _) => "what it holds is being saved".to_owned(),
            (Some(Rescue::Failed(why)), _) => format!(
                "acknowledged answers are not saved yet ({why}), and annotd tries again: do not stop it"
            ),
            (Some(Rescue::Copy(copy)), _) => format!(
                "all acknowledged answers are in {0}: stop annotd, remove {name}, {name}-wal and \
                 {name}-shm, rename {0} to {name}, and start annotd",
                copy.file_name().unwrap_or(copy.as_os_str()).to_string_lossy()
            ),
            (Some(Rescue::InDatabase), FileState::Same) => {
                format!("all acknowledged answers are in {name}: restart annotd")
            }
            (Some(Rescue::InDatabase), FileState::Missing) => {
                "put it back, or restart annotd".to_owned()
            }
            (Some(Rescue::InDatabase), FileState::Other(_)) => {
                "put the former file back, or restart annotd to work with this one".to_owned()
            }
        }
    }

    /// What was done about the last change.
    pub(super) fn rescue(&self) -> Option<Rescue> {
        self.verdict().rescue.clone()
    }

    /// Notes what was done.
    pub(super) fn note(&self, rescue: Rescue) {
        self.verdict().rescue = Some(rescue);
    }

    /// Whether no path leads to the database any more. False where the system does not tell.
    pub(super) fn is_unlinked(&self) -> bool {
        self.database.descriptor().is_some_and(|(_, links)| links == 0)
    }

    /// Paths of this process's descriptors of the database and of `-wal`, as far as the system has
    /// such paths.
    pub(super) fn descriptors(&self) -> Option<(PathBuf, PathBuf)> {
        Some((self.database.descriptor()?.0, self.wal.descriptor()?.0))
    }

    fn verdict(&self) -> MutexGuard<'_, Verdict> {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> io::Result<Option<Identity>> {
    use std::os::unix::fs::MetadataExt;
    let about = fs::metadata(path)?;
    Ok(Some((about.dev(), about.ino())))
}

/// Elsewhere a file that is open cannot be moved.
#[cfg(not(unix))]
fn identity(_: &Path) -> io::Result<Option<Identity>> {
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
        let (path, away) = (folder.path().join("a.db"), folder.path().join("b.db"));
        fs::write(&path, "one").expect("written");
        let presence = Presence::of(&path);
        assert_eq!(presence.check(), Ok(()));
        fs::rename(&path, &away).expect("moved");
        assert!(presence.check().is_err_and(|why| why.starts_with("its file was moved")));
        fs::write(&path, "two").expect("written");
        assert!(presence.check().is_err_and(|why| why.starts_with("another file")));
        fs::rename(&away, &path).expect("put back");
        assert_eq!(presence.check(), Ok(()));
    }

    #[test]
    fn a_database_stays_closed_to_writes_once_another_log_was_beside_it() {
        for suffix in ["-wal", "-shm"] {
            let folder = tempfile::tempdir().expect("a folder");
            let at = |name: &str| folder.path().join(name);
            for name in ["a.db", "a.db-wal", "a.db-shm"] {
                fs::write(at(name), "one").expect("written");
            }
            let presence = Presence::of(&at("a.db"));
            let file = format!("a.db{suffix}");
            fs::rename(at(&file), at("away")).expect("moved");
            let says = presence.check().expect_err("it is noticed");
            assert!(says.starts_with(&format!("its file {file} was moved")), "{says}");
            fs::rename(at("away"), at(&file)).expect("put back");
            assert_eq!(presence.check(), Ok(()));
            fs::rename(at(&file), at("away")).expect("moved");
            fs::write(at(&file), "two").expect("written");
            let says = presence.check().expect_err("it is noticed");
            assert!(says.starts_with("another file is at the path of its"), "{says}");
            fs::rename(at("away"), at(&file)).expect("put back");
            assert_eq!(presence.check(), Err(says));
        }
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

    #[cfg(target_os = "linux")]
    #[test]
    fn a_database_that_is_removed_has_no_links_and_one_that_is_moved_has_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, away) = (folder.path().join("a.db"), folder.path().join("b.db"));
        let _open = fs::File::create(&path).expect("made");
        let presence = Presence::of(&path);
        fs::rename(&path, &away).expect("moved");
        assert!(!presence.is_unlinked());
        fs::remove_file(&away).expect("removed");
        assert!(presence.is_unlinked());
    }
}
