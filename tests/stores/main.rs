//! SQLite and MongoDB against what a store promises; MongoDB is a real server.
#![allow(unreachable_pub, reason = "the modules of a test binary are its own")]

mod allocator;
#[path = "../common/mod.rs"]
mod common;
mod conformance;
mod mongo_driver;
mod mongo_stored;
mod planning;
mod sqlite_stored;
mod stored_format;
