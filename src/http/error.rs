//! Errors of the HTTP interface: one shape for people and scripts.
//!
//! `{"error": {"code", "message", "request_id"}}`. The message says what to do. Internal
//! causes are logged under the same request id and never sent.

use std::fmt;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::response::{IntoResponse, Response};
use hyper::StatusCode;

/// The id of a request, in its reply's `x-request-id`, in errors and in the log.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An error reply.
#[derive(Clone, Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl ApiError {
    /// A malformed request.
    pub fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, message: message.into() }
    }

    /// A request for another annotator, or from another origin.
    pub fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::FORBIDDEN, code, message: message.into() }
    }

    /// An unknown path, file or task.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, code: "not_found", message: message.into() }
    }

    /// A known path with a wrong method.
    pub fn wrong_method() -> Self {
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            code: "wrong_method",
            message: "Method not allowed. Use POST for changes.".into(),
        }
    }

    /// Any other status.
    pub fn with_status(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// An internal error.
    pub fn internal() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "internal",
            message: "Something went wrong in annotd. Your answers are kept in this browser; the \
                      log says more under this request id."
                .into(),
        }
    }

    /// The whole reply, with the request's number.
    pub(super) fn render(&self, id: &RequestId) -> Response {
        let body = serde_json::json!({
            "error": {"code": self.code, "message": self.message, "request_id": id.0},
        });
        (self.status, Json(body)).into_response()
    }
}

impl IntoResponse for ApiError {
    /// A reply without a body: the server renders it with the request id.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<PathRejection> for ApiError {
    fn from(_: PathRejection) -> Self {
        Self::bad_request(
            "bad_path",
            "The path cannot be read: its percent-encoded bytes are not UTF-8.",
        )
    }
}
