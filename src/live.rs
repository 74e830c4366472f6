//! A value that many read and one replaces while they do.
//!
//! Ports hold what they go by (the project's labels, somebody's name, a certificate) in such a place,
//! so that an edited roster takes effect at the next request without the port being touched.
//!
//! Rejected: a lock around the value. A request would hold it while it waits for the store, or copy
//! the value each time.

use std::sync::Arc;

use arc_swap::ArcSwap;

/// A place for a value; clones are the same place.
#[derive(Debug)]
pub struct Live<T>(Arc<ArcSwap<T>>);

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Live<T> {
    /// A place with this value.
    pub fn new(value: T) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(value)))
    }

    /// The value as it is now. Who keeps it keeps what it was.
    pub fn get(&self) -> Arc<T> {
        self.0.load_full()
    }

    /// Puts another value there.
    pub fn set(&self, value: T) {
        self.0.store(Arc::new(value));
    }
}
