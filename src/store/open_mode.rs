//! What a store is opened for. Both engines decide by it which formats and which unfinished
//! restores they accept.

/// What a store is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OpenMode {
    /// By the daemon: an embedded store of an older format is copied, then migrated.
    Run,
    /// To read: a store of an older format is read as it is, and not changed.
    Read,
    /// To write: an older format is refused.
    Write,
    /// To migrate a shared store of an older format.
    Migrate,
    /// To restore a backup into it. Only this mode opens a store whose restore is unfinished. An
    /// empty store of an older format is migrated.
    Restore,
}

impl OpenMode {
    /// Whether a store whose restore is unfinished is refused: it holds only a part of the project.
    pub(super) fn refuses_partial_restore(self) -> bool {
        self != Self::Restore
    }
}
