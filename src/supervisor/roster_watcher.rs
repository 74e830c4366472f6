//! Notices that the roster was edited, for `watch = true`.
//!
//! It checks the files once a second. A change counts when the next check finds the file unchanged,
//! since an editor may write a file in several steps. This works on every file system, with network
//! mounts and replaced files, which is why the kernel's notifications were rejected.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::time::{Interval, MissedTickBehavior, interval};

const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// What a file's metadata say about a change.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FileStamp {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
}

impl FileStamp {
    /// `None` if there is no such file.
    fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        let modified = metadata.modified().ok();
        Some(Self { modified, length: metadata.len(), inode: metadata.ino() })
    }
}

/// Watches files for changes.
pub(super) struct RosterWatcher {
    paths: Vec<PathBuf>,
    /// The files as they were last reported, or at the start.
    reported: Vec<Option<FileStamp>>,
    /// The files at the last check.
    last: Vec<Option<FileStamp>>,
    checks: Interval,
}

impl RosterWatcher {
    /// Watches these files from now on.
    pub(super) fn new(paths: Vec<PathBuf>) -> Self {
        let mut checks = interval(CHECK_INTERVAL);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let reported = stamps(&paths);
        Self { paths, last: reported.clone(), reported, checks }
    }

    /// Reports a change since another watcher was made, too, of the files that both watch.
    #[must_use]
    pub(super) fn since(mut self, earlier: &Self) -> Self {
        for (path, reported) in self.paths.iter().zip(&mut self.reported) {
            if let Some(at) = earlier.paths.iter().position(|other| other == path) {
                reported.clone_from(&earlier.reported[at]);
            }
        }
        self
    }

    /// Returns when a file has changed and stays as it is; never if there are no files.
    pub(super) async fn changed(&mut self) {
        if self.paths.is_empty() {
            std::future::pending::<()>().await;
        }
        loop {
            self.checks.tick().await;
            let now = stamps(&self.paths);
            let is_settled = now == self.last;
            if is_settled && now != self.reported {
                self.reported = now;
                return;
            }
            self.last = now;
        }
    }
}

fn stamps(paths: &[PathBuf]) -> Vec<Option<FileStamp>> {
    paths.iter().map(|path| FileStamp::of(path)).collect()
}
