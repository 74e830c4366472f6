//! annotd: one daemon for a team that annotates.
//!
//! The rooms, and who may know whom, are drawn in `docs/architecture.md`.

pub mod access;
pub mod address;
pub mod allocation;
pub mod allocator;
pub mod backup;
pub mod cli;
pub mod config;
pub mod exchange;
pub mod http;
pub mod lead;
pub mod listener;
pub mod live;
pub mod loading;
pub mod planning;
pub mod roster;
pub mod roster_file;
pub mod simulation;
pub mod store;
pub mod supervisor;
pub mod task;
pub mod verifying;
