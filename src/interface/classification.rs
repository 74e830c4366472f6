//! `classification`: a text, some HTML or an image, with the one label in question.

use super::spec::{InterfaceSpec, PLAIN};
use super::{fits, html};

pub(super) const SPEC: InterfaceSpec = InterfaceSpec {
    name: "classification",
    context: &fits::LABEL_AND_CONTEXT,
    judges: fits::spans_of_content,
    page_extras: html::filled_in,
    ..PLAIN
};
