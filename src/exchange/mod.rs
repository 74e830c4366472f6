//! Formats in and out, a file each.
//!
//! - [`read`] turns files into tasks: JSONL, JSON, CSV and TSV, plain or compressed, one task at a
//!   time, every wrong place with its line and column.
//! - [`mod@write`] turns what a store knows into lines: pure functions of its records.
//! - [`output`] puts them into a file that is written whole or not at all.
//!
//! Rejected: one trait for both directions. What can be read (tasks) is not what is written
//! (answers), and the two need different things: places of mistakes here, filters there.

pub mod output;
pub mod read;
pub mod write;
