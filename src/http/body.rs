//! Request bodies and JSON replies.

use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use hyper::{Request, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::ApiError;

/// The largest body that is read, in bytes: the largest task, the largest answer to it, which may
/// say all of it again (`room_for_an_answer`), and some more.
const MAX_BODY_BYTES: usize = 20 << 20;
/// How much of an oversized body is read and discarded, in bytes.
const MAX_DISCARDED_BYTES: usize = 64 << 20;
/// How long a client may take to send its body, plus the time for its bytes…
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
/// … at this rate.
const MIN_BYTES_PER_SECOND: u32 = 16 << 10;

/// The JSON object in a request's body; nothing at all counts as `{}`.
///
/// # Errors
/// If it is too large, too slow, or not a JSON object.
pub async fn json_body(request: Request<Body>) -> Result<Map<String, Value>, ApiError> {
    let bytes = match read_to_end(request.into_body()).await {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            return Err(ApiError::with_status(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                format!(
                    "The request is larger than {} MiB; send fewer answers.",
                    MAX_BODY_BYTES >> 20
                ),
            ));
        }
        Err(BodyError::Disconnected) => {
            return Err(ApiError::bad_request("incomplete", "The request ended before its body."));
        }
        Err(BodyError::TimedOut) => {
            return Err(ApiError::with_status(
                StatusCode::REQUEST_TIMEOUT,
                "too_slow",
                "The request's body did not arrive in time; send it again.",
            ));
        }
    };
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(ApiError::bad_request("not_an_object", "Expected a JSON object.")),
        // serde_json has no kind of its own for this.
        Err(error) if error.to_string().starts_with("recursion limit exceeded") => {
            Err(ApiError::bad_request("too_deep", "The JSON is nested more than 127 levels deep."))
        }
        Err(error) => {
            Err(ApiError::bad_request("not_json", format!("The body is not JSON: {error}.")))
        }
    }
}

/// Why a body could not be read.
enum BodyError {
    /// The client went away.
    Disconnected,
    /// It did not come in time.
    TimedOut,
}

/// Reads a body to its end; `None` if it is too large.
///
/// It discards oversized bodies for a while: a client that is still sending when the connection
/// ends would never read the 413, and a proxy would report a bad gateway.
async fn read_to_end(mut body: Body) -> Result<Option<Vec<u8>>, BodyError> {
    let began = Instant::now();
    let mut bytes = Vec::new();
    let mut length = 0;
    loop {
        let needed = Duration::from_secs(1) * u32::try_from(length).unwrap_or(u32::MAX)
            / MIN_BYTES_PER_SECOND;
        let frame = tokio::time::timeout_at(began + BODY_TIMEOUT + needed, body.frame());
        let Some(frame) = frame.await.map_err(|_| BodyError::TimedOut)? else { break };
        let Ok(data) = frame.map_err(|_| BodyError::Disconnected)?.into_data() else { continue };
        length += data.len();
        if length > MAX_DISCARDED_BYTES {
            break;
        }
        if length > MAX_BODY_BYTES {
            bytes = Vec::new();
        } else {
            bytes.extend_from_slice(&data);
        }
    }
    Ok((length <= MAX_BODY_BYTES).then_some(bytes))
}

/// A JSON reply that is not cached.
pub fn to_json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => (
            [
                (header::CONTENT_TYPE, "application/json; charset=utf-8"),
                (header::CACHE_CONTROL, "no-store"),
            ],
            body,
        )
            .into_response(),
        Err(error) => {
            tracing::error!(%error, "cannot encode a reply");
            ApiError::internal().into_response()
        }
    }
}
