//! A project as one file, and back.
//!
//! - `format`: the lines of the file, and what of a record stands in them.
//! - [`create`]: the walk over a store at work, page by page, into a file.
//! - [`Backup`]: a file on its way back, checked from beginning to end before anything is written.
//! - [`restore`]: what it holds into an empty store, of either engine.
//!
//! The file is lines of JSON, compressed with zstd. The first says what it is and whose, the last
//! how many tasks and answers there are, and a checksum of everything before it; between them stand
//! the tasks, each whole, then what was dealt out and which files were loaded. So a file that is
//! cut short or damaged is recognised, and one can look into it with `zstdcat`. The reasons are in
//! `docs/decisions/0012-backup.md`.
//!
//! Rejected: a copy of SQLite's file or a dump of MongoDB's collections. Each goes back into its
//! own engine alone, and a copy that is made beside a daemon at work is whole only if it is made
//! with care (`docs/backup.md`).

mod create;
mod format;
mod read;
mod restore;

pub use create::{BackupError, BackupSummary, create};
pub use format::Head;
pub use read::{Backup, Contents, ReadError};
pub use restore::{RestoreError, begin, restore};
