//! Keys of `meta` that steer annotd. What a load takes them for is said at its end.

use crate::allocation::profile::{meta, requires};
use crate::task::{TaskJson, gold, own_keys};

/// Keys of `meta` that steer annotd.
#[derive(Clone, Copy, Default)]
pub(super) struct Steering {
    pub(super) gold: bool,
    pub(super) priority: bool,
    pub(super) requires: bool,
}

impl Steering {
    /// Whether a look at the keys can find any; most tasks have none.
    pub(super) fn may(task: &TaskJson) -> bool {
        task.may_have_key("meta") && own_keys::STEERING.iter().any(|key| task.may_have_key(key))
    }

    pub(super) fn of(task: &TaskJson) -> Self {
        if !Self::may(task) {
            return Self::default();
        }
        let gold = matches!(gold::gold(task), Ok(Some(_)));
        let priority = meta(task, "priority").is_some_and(|priority| !priority.is_null());
        Self { gold, priority, requires: !requires(task).is_empty() }
    }
}

/// Whether a line is an exported answer, of annotd's or of Prodigy's: it says whose it is.
pub(super) fn is_exported(task: &TaskJson) -> bool {
    // Most lines are none: a look at the text is cheaper than a look at the keys.
    if !["_annotator_id", "_session_id"].iter().any(|key| task.may_have_key(key)) {
        return false;
    }
    let fields = task.fields();
    let names_annotator = |key| fields.get(key).is_some_and(|raw| raw.get().starts_with('"'));
    names_annotator("_annotator_id") || names_annotator("_session_id")
}
