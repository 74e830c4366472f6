//! `text`: a text, to be accepted or rejected.

use super::fits;
use super::spec::{InterfaceSpec, PLAIN};

pub(super) const SPEC: InterfaceSpec =
    InterfaceSpec { name: "text", fits: fits::own_content, judges: fits::spans_of_text, ..PLAIN };
