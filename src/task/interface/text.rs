//! `text`: a text, to be accepted or rejected.

use super::fits;
use super::kind::{Kind, PLAIN};

pub(super) const KIND: Kind =
    Kind { name: "text", fits: fits::own_content, judges: fits::spans_of_text, ..PLAIN };
