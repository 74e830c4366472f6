//! `compare`: which of two is better? The task's `accept` and `reject` stand side by side beneath its
//! `input`; each is a text or an object with `text`, `html` or `image`.
//!
//! `mapping` says who made which of the two. It travels through and is not shown: whoever compares
//! should not know.

use super::kind::{Card, Kind, PLAIN};

pub(super) const KIND: Kind = Kind { name: "compare", lacks, ..PLAIN };

/// What both interfaces for two things need.
pub(super) fn lacks(card: &Card<'_>) -> Option<&'static str> {
    let fields = card.task.fields();
    let both = fields.contains_key("accept") && fields.contains_key("reject");
    (!both).then_some("a task with both `accept` and `reject`")
}
