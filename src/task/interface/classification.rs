//! `classification`: a text, some HTML or an image, with the one label in question.

use super::kind::{Kind, PLAIN};
use super::{fits, html};

pub(super) const KIND: Kind = Kind {
    name: "classification",
    context: &fits::LABEL_AND_CONTEXT,
    judges: fits::spans_of_content,
    beside: html::filled_in,
    ..PLAIN
};
