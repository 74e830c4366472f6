//! Keys of `meta` that steer annotd. What a load takes them for is said at its end.

use crate::allocation::profile::{meta, requires};
use crate::task::{Body, gold};

/// Keys of `meta` that steer annotd.
#[derive(Clone, Copy, Default)]
pub(super) struct Steers {
    pub(super) gold: bool,
    pub(super) priority: bool,
    pub(super) requires: bool,
}

impl Steers {
    /// Whether a look at the keys can find any; most tasks have none.
    pub(super) fn may(task: &Body) -> bool {
        let text = task.as_str();
        text.contains("\"meta\"")
            && ["\"gold\"", "\"priority\"", "\"requires\""].iter().any(|key| text.contains(key))
    }

    pub(super) fn of(task: &Body) -> Self {
        if !Self::may(task) {
            return Self::default();
        }
        let gold = matches!(gold::gold(task), Ok(Some(_)));
        let priority = meta(task, "priority").is_some_and(|priority| !priority.is_null());
        Self { gold, priority, requires: !requires(task).is_empty() }
    }
}
