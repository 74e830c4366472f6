//! Tasks in: from a file to the store.
//!
//! - [`read`] turns files into tasks: JSONL, JSON, CSV, TSV and TXT, plain or compressed, one task
//!   at a time, every wrong place with its line and column.
//! - [`load`] validates these tasks, identifies them, and inserts them in batches.
//!
//! Rejected: one trait for reading and writing. Loading reads tasks, and `export` writes answers;
//! they need different things: places of mistakes here, filters there.

pub mod load;
pub mod read;
