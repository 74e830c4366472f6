//! `ner`: a text with spans that were suggested, to be accepted or rejected.

use super::kind::{Kind, PLAIN};

pub(super) const KIND: Kind =
    Kind { name: "ner", lacks: |card| card.lacks_all(&["text"], "a task with `text`"), ..PLAIN };
