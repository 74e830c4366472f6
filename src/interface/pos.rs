//! `pos`: a text with suggested labels on its tokens, to be accepted or rejected.

use super::fits;
use super::spec::{InterfaceSpec, PLAIN};

pub(super) const SPEC: InterfaceSpec = InterfaceSpec {
    name: "pos",
    fits: fits::text_to_read,
    content: &["text"],
    judges: fits::spans_of_text,
    ..PLAIN
};
