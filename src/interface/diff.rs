//! `diff`: what sets the task's `accept` apart from its `reject`, drawn as one text.

use super::compare;
use super::spec::InterfaceSpec;

pub(super) const SPEC: InterfaceSpec = InterfaceSpec { name: "diff", ..compare::SPEC };
