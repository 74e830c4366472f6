//! `classification`: a text, some HTML or an image, with the one label in question.

use super::kind::{Kind, PLAIN};

pub(super) const KIND: Kind = Kind { name: "classification", ..PLAIN };
