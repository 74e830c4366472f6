//! Where tasks and answers are kept.
//!
//! [`Store`] speaks of the domain (insert, claim, record, renew, release, expire), never of get and
//! put. It is the sum of five traits (`traits.rs`). What a store is given is in `requests.rs`, what
//! it returns in `record.rs`. Both engines pass one conformance suite
//! (`tests/stores/conformance.rs`).
//!
//! Rejected: transactions over several tasks. One task is one document (or one row with its
//! dependants), so that a guarded write keeps it true on a single server, a replica set and a
//! sharded cluster alike.

pub mod audit;
mod connect;
mod error;
pub(crate) mod legacy;
pub mod mongo;
mod open_mode;
pub(crate) mod pending_plan;
mod record;
mod record_pages;
mod requests;
mod restore_target;
pub mod sqlite;
pub mod stats;
mod traits;

pub use connect::{
    exists, file_of, has_older_format, location_of, open, open_for_restore, open_to_read,
    open_to_run, other_process,
};
pub use error::{Result, StoreError};
pub use record::{
    HeldTask, HistoryCursor, PastAnswer, QueuedTask, Record, RecordFilter, ReopenCursor,
};
pub use record_pages::RecordPages;
pub use requests::{
    AllocationRecord, Claim, InsertReport, NewTask, StateUpdate, StorePolicy, Submission,
};
pub use restore_target::RestoreTarget;
pub use stats::{AnnotatorStats, BREAK_THRESHOLD_MS, ProjectStats};
pub use traits::{AdminStore, AnswerStore, KeyStore, LeaseStore, Store, StoreEngine, TaskStore};

/// The stored format. A store of a newer one is refused, one of an older one migrated.
pub const FORMAT: i64 = 3;

/// The data of a version that is longer than this, in bytes of JSON, are stored apart from the
/// task. So reading a task's answers costs the same whatever their size.
pub(crate) const LARGE_ANSWER_BYTES: usize = 65_536;
