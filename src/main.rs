//! The annotd command.
fn main() {}
