//! `diff`: what sets the task's `accept` apart from its `reject`, drawn as one text.

use super::compare;
use super::kind::{Kind, PLAIN};

pub(super) const KIND: Kind =
    Kind { name: "diff", fits: compare::fits, judges: compare::judges, ..PLAIN };
