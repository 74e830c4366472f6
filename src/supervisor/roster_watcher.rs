//! Notices that the roster was edited, for `watch = true`.
//!
//! The files are looked at once a second, and a change counts once the next look finds it as it was:
//! an editor may write a file in several goes. Looking works on every file system, network mounts
//! and replaced files included, which is why the kernel's notifications were rejected.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::time::{Interval, MissedTickBehavior, interval};

const RHYTHM: Duration = Duration::from_secs(1);

/// What can be seen of a file without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FileStamp {
    changed: Option<SystemTime>,
    length: u64,
    inode: u64,
}

/// Looks at files.
pub(super) struct RosterWatcher {
    paths: Vec<PathBuf>,
    known: Vec<Option<FileStamp>>,
    before: Vec<Option<FileStamp>>,
    rhythm: Interval,
}

impl RosterWatcher {
    /// Looks at these files, as they are now.
    pub(super) fn new(paths: Vec<PathBuf>) -> Self {
        let mut rhythm = interval(RHYTHM);
        rhythm.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let known: Vec<_> = paths.iter().map(|path| stamp(path)).collect();
        Self { paths, before: known.clone(), known, rhythm }
    }

    /// What was seen of files counts as known as it was then, and not as it is now: a change in between
    /// is still one.
    #[must_use]
    pub(super) fn since(mut self, then: &Self) -> Self {
        for (path, known) in self.paths.iter().zip(&mut self.known) {
            if let Some(at) = then.paths.iter().position(|other| other == path) {
                known.clone_from(&then.known[at]);
            }
        }
        self
    }

    /// Returns once any of them has changed and stays as it is; never if there are none.
    pub(super) async fn changed(&mut self) {
        if self.paths.is_empty() {
            std::future::pending::<()>().await;
        }
        loop {
            self.rhythm.tick().await;
            let now: Vec<_> = self.paths.iter().map(|path| stamp(path)).collect();
            let settled = now == self.before;
            if settled && now != self.known {
                self.known = now;
                return;
            }
            self.before = now;
        }
    }
}

fn stamp(path: &Path) -> Option<FileStamp> {
    use std::os::unix::fs::MetadataExt;
    let about = std::fs::metadata(path).ok()?;
    Some(FileStamp { changed: about.modified().ok(), length: about.len(), inode: about.ino() })
}
