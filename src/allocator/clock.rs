//! The clock that the allocator reads: the system's, or one that a test sets.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::task::Millis;

/// Returns the present time.
pub type Clock = Arc<dyn Fn() -> Millis + Send + Sync>;

/// The system's clock.
pub fn system_clock() -> Clock {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    })
}
