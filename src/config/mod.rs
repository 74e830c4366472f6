//! The configuration of a running process, as the roster gives it.

pub mod policies;
