//! A store into which a backup is restored: what it may hold before, and the mark that it bears
//! meanwhile.
//!
//! A restore marks the store, fills it, and takes the mark away at its end. A store that bears the
//! mark is opened by nothing but another restore, which empties it and begins again. So half a
//! project is never taken for a whole one, however a restore ended.
//!
//! Rejected: one transaction over everything, which MongoDB has not for so much; and a file or
//! collection beside, put in place at the end, which each engine would do in its own way, and which
//! would pull the store away from under a daemon that runs on the empty one.

use super::StoreError;
use crate::task::Millis;

/// What a store holds that a backup is to be restored into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreTarget {
    /// No tasks.
    Empty,
    /// This many tasks.
    Occupied {
        /// How many.
        tasks: u64,
    },
    /// What a restore has left that did not come to its end.
    Partial {
        /// When it began.
        since: Millis,
    },
}

/// Why a store that bears the mark is not opened.
pub(super) fn partial_restore(what: &str, since: Option<Millis>) -> StoreError {
    let since = since.map_or_else(String::new, |since| format!(", begun at {since}"));
    StoreError::Unreadable {
        operation: "open the store",
        what: format!(
            "{what} is being restored{since}, or that was broken off and only a part is there; if no \
             restore is running, run `annotd restore -i FILE` again: it begins from the start"
        ),
    }
}

/// Why a restore does not begin.
pub(super) fn occupied(place: &str) -> StoreError {
    StoreError::Unreadable {
        operation: "restore a backup",
        what: format!("{place} holds tasks by now; see whether a daemon or a load is running"),
    }
}
