//! `classification`: a text, some HTML or an image, with the one label in question.

use super::html;
use super::kind::{Kind, PLAIN};

pub(super) const KIND: Kind = Kind { name: "classification", beside: html::filled_in, ..PLAIN };
