//! Why a store fails.

/// Why a store could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It does not answer; it may be back later.
    #[error("cannot {operation}: {store} cannot be reached: {source}")]
    Unavailable {
        /// What was being done, as in "record answers".
        operation: &'static str,
        /// The store, without credentials.
        store: String,
        /// What its client says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It answers with an error.
    #[error("cannot {operation}: {store} says: {source}")]
    Failed {
        /// What was being done.
        operation: &'static str,
        /// The store, without credentials.
        store: String,
        /// What its client says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What it holds is not what annotd put there.
    #[error("cannot {operation}: {what}")]
    Unreadable {
        /// What was being done.
        operation: &'static str,
        /// Which part cannot be read, and what to do.
        what: String,
    },
    /// It is of an older format, and this is not the command that changes it.
    #[error("cannot {operation}: {what}")]
    OlderFormat {
        /// What was being done.
        operation: &'static str,
        /// Which format it is of, and which command brings it to the present one.
        what: String,
    },
}

impl StoreError {
    /// Whether trying again later may help.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

/// A result of a store.
pub type Result<T> = std::result::Result<T, StoreError>;
