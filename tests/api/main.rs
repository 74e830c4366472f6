//! The library from outside, and commands that need no server.
#![allow(unreachable_pub, reason = "the modules of a test binary are its own")]

mod allocation_guide;
mod commands;
#[path = "../common/mod.rs"]
mod common;
mod documents;
mod exchange;
mod generated_files;
mod http_server;
mod model_check;
mod names;
mod offsets;
mod rooms;
mod roster;
mod round_trip;
mod words;
