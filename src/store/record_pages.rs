//! All records of a store, a page at a time, in the order of loading.
//!
//! Pages rather than single records, since callers write back, look up and report by page.
//! Rejected: a `Stream`, which every caller would have to pin, for the same loop.

use super::error::Result;
use super::record::{Record, RecordFilter};
use super::traits::TaskStore;
use crate::allocation::SequenceNumber;

/// A walk over records. Tasks that are loaded during the walk are part of it.
pub struct RecordPages<'a> {
    store: &'a dyn TaskStore,
    which: RecordFilter,
    after: SequenceNumber,
}

impl<'a> RecordPages<'a> {
    /// Records of one page: few enough for memory, many enough to hide the round trip.
    const SIZE: usize = 500;

    /// Begins at the first task.
    pub fn new(store: &'a dyn TaskStore, which: RecordFilter) -> Self {
        Self::after(store, which, SequenceNumber::START)
    }

    /// Begins behind a sequence number.
    pub fn after(store: &'a dyn TaskStore, which: RecordFilter, after: SequenceNumber) -> Self {
        Self { store, which, after }
    }

    /// The next page; `None` if there are no more records now.
    ///
    /// # Errors
    /// If the store fails. The next call reads the same page.
    pub async fn next(&mut self) -> Result<Option<Vec<Record>>> {
        let page = self.store.records(self.which, self.after, Self::SIZE).await?;
        let Some(last) = page.last() else { return Ok(None) };
        self.after = last.number;
        Ok(Some(page))
    }
}
