//! Errors of the HTTP interface: one shape, for people and scripts.
//!
//! `{"error": {"code", "message", "request_id"}}`. The message says what to do; what went wrong
//! inside goes to the log under the same request id and never into the reply.

use std::fmt;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::response::{IntoResponse, Response};
use hyper::StatusCode;

/// The number of a request, in its reply's `x-request-id`, in errors and in the log.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A reply that says that something went wrong.
#[derive(Clone, Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl ApiError {
    /// The request makes no sense.
    pub fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, message: message.into() }
    }

    /// The request speaks for somebody else, or comes from elsewhere.
    pub fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::FORBIDDEN, code, message: message.into() }
    }

    /// There is no such thing here.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, code: "not_found", message: message.into() }
    }

    /// The path is right and the method is not.
    pub fn wrong_method() -> Self {
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            code: "wrong_method",
            message: "Method not allowed. Use POST for changes.".into(),
        }
    }

    /// Another status of the same shape.
    pub fn with_status(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// Something broke that should not.
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
    /// A reply without a body: the server, which knows the request's number, renders it.
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
            "The path cannot be read: what its percent signs stand for is no UTF-8.",
        )
    }
}
