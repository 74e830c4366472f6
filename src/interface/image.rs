//! `image`: a picture, perhaps with shapes on it, and the one question whether it is right.

use super::pictured;
use super::spec::{InterfaceSpec, PLAIN};

pub(super) const SPEC: InterfaceSpec = InterfaceSpec {
    name: "image",
    fits: pictured::fits,
    content: &pictured::CONTENT,
    context: &pictured::CONTEXT,
    // The shapes count in a picture of this size.
    judges: |_| vec!["spans", "width", "height"],
    page_extras: pictured::page_extras,
    ..PLAIN
};
