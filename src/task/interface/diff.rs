//! `diff`: what sets the task's `accept` apart from its `reject`, drawn as one text.

use super::compare;
use super::kind::Kind;

pub(super) const KIND: Kind = Kind { name: "diff", ..compare::KIND };
