//! Errors of the store as replies.

use hyper::StatusCode;

use crate::http::ApiError;
use crate::store::StoreError;

impl From<&StoreError> for ApiError {
    fn from(error: &StoreError) -> Self {
        if error.is_unavailable() {
            // The supervisor has logged it already, once.
            tracing::debug!(%error, "a request finds the store away");
            return Self::with_status(
                StatusCode::SERVICE_UNAVAILABLE,
                "store_away",
                "The store cannot be reached right now. Nothing is lost; the page retries \
                 automatically.",
            );
        }
        tracing::error!(%error, "the store failed");
        Self::internal()
    }
}
