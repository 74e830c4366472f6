//! annotd: one daemon for a team that annotates.
//!
//! The rooms, and who may know whom, are drawn in `docs/architecture.md`.

pub mod allocation;
pub mod exchange;
pub mod store;
pub mod task;
