//! `image`: a picture, perhaps with shapes on it, and the one question whether it is right.

use super::kind::{Kind, PLAIN};

pub(super) const KIND: Kind = Kind {
    name: "image",
    lacks: |card| card.lacks_all(&["image"], "a task with `image`"),
    ..PLAIN
};
