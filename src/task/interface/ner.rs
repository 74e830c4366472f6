//! `ner`: a text with spans that were suggested, to be accepted or rejected.

use super::fits;
use super::kind::{Kind, PLAIN};

pub(super) const KIND: Kind = Kind {
    name: "ner",
    fits: fits::text_to_read,
    content: &["text"],
    judges: fits::spans_of_text,
    ..PLAIN
};
