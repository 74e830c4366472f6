//! `pos`: a text with suggested labels on its tokens, to be accepted or rejected.

use super::kind::{Kind, PLAIN};

pub(super) const KIND: Kind =
    Kind { name: "pos", lacks: |card| card.lacks_all(&["text"], "a task with `text`"), ..PLAIN };
