//! `audio`: sound or a video, perhaps with stretches marked in it, and the one question whether it
//! is right.

use super::heard;
use super::spec::{InterfaceSpec, PLAIN};

pub(super) const SPEC: InterfaceSpec = InterfaceSpec {
    name: "audio",
    fits: heard::fits,
    content: &heard::CONTENT,
    context: &heard::CONTEXT,
    judges: |_| vec!["audio_spans"],
    ..PLAIN
};
