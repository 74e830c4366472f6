//! The allocation counters of a project: between the store, which keeps them, and the planner,
//! which counts.
//!
//! Mixtures and balanced routing depend on what was planned before. Their counts are kept in the
//! store, under a version (`state`). [`admit()`] plans a batch of tasks from the present counts
//! and inserts it only if no other load has changed them in the meantime. When annotators join or
//! leave, or the order of the project changes, [`replan_unfinished`] walks over the unfinished
//! tasks and names other annotators where that is needed.
//!
//! Rejected: counting what is in the store before each load. It reads every task, and two
//! concurrent loads would still give one share twice.

mod admit;
mod replan;
pub(crate) mod state;

pub use admit::{AdmitError, admit};
pub use replan::replan_unfinished;
pub use state::known_since;

use crate::store::{Store, StoreError};

/// How often a change of the counters is tried again because another load changed them first.
const MAX_TRIES: usize = 1000;

/// The error after [`MAX_TRIES`].
fn busy(store: &dyn Store) -> StoreError {
    StoreError::Unavailable {
        operation: "update the allocation counters",
        store: store.location().to_owned(),
        source: "others keep loading tasks".into(),
    }
}
