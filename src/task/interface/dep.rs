//! `dep`: a text with arcs between its tokens, of which the annotator says whether they are right.

use super::kind::{Kind, PLAIN};

pub(super) const KIND: Kind = Kind {
    name: "dep",
    lacks: |card| card.lacks_all(&["text"], "a task with `text`"),
    tokens: |_| true,
    ..PLAIN
};
