//! `audio`: sound or a film, perhaps with stretches marked in it, and the one question whether it
//! is right.

use super::heard;
use super::kind::{Kind, PLAIN};

pub(super) const KIND: Kind = Kind {
    name: "audio",
    fits: heard::fits,
    content: &heard::CONTENT,
    context: &heard::CONTEXT,
    judges: |_| vec!["audio_spans"],
    ..PLAIN
};
