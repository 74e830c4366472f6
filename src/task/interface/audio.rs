//! `audio`: sound or a film, perhaps with stretches marked in it, and the one question whether it is
//! right.

use super::kind::{Kind, PLAIN};

pub(super) const KIND: Kind = Kind {
    name: "audio",
    lacks: |card| card.lacks_all(&["audio", "video"], "a task with `audio` or `video`"),
    ..PLAIN
};
