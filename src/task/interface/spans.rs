//! `spans`: a text with suggested spans that may lie over each other, to be accepted or rejected.

use super::kind::{Kind, PLAIN};

pub(super) const KIND: Kind =
    Kind { name: "spans", lacks: |card| card.lacks_all(&["text"], "a task with `text`"), ..PLAIN };
