//! `text`: a text, to be accepted or rejected.

use super::kind::{Kind, PLAIN};

pub(super) const KIND: Kind = Kind { name: "text", ..PLAIN };
