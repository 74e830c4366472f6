//! `spans`: a text with suggested spans that may lie over each other, to be accepted or rejected.

use super::fits;
use super::spec::{InterfaceSpec, PLAIN};

pub(super) const SPEC: InterfaceSpec = InterfaceSpec {
    name: "spans",
    fits: fits::text_to_read,
    content: &["text"],
    judges: fits::spans_of_text,
    ..PLAIN
};
