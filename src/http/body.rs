//! Bodies in and out.

use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use hyper::{Request, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value};

use super::ApiError;

/// The largest body that is read, in bytes: the largest task, an answer to it, and some more.
const LARGEST: usize = 10 << 20;
/// How much of a body that is too large is read to its end, in bytes.
const PASSED_OVER: usize = 64 << 20;
/// How long a client may take to send its body.
const SLOWEST: Duration = Duration::from_secs(60);

/// The JSON object in a request's body; nothing at all counts as `{}`.
///
/// # Errors
/// If it is too large, too slow, or not a JSON object.
pub async fn json_body(request: Request<Body>) -> Result<Map<String, Value>, ApiError> {
    let bytes = match tokio::time::timeout(SLOWEST, whole(request.into_body())).await {
        Ok(Ok(Some(bytes))) => bytes,
        Ok(Ok(None)) => {
            return Err(ApiError::with_status(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                format!("The request is larger than {} MiB; send fewer answers.", LARGEST >> 20),
            ));
        }
        Ok(Err(_)) => {
            return Err(ApiError::bad_request("incomplete", "The request ended before its body."));
        }
        Err(_) => {
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
        Err(error) => {
            Err(ApiError::bad_request("not_json", format!("The body is not JSON: {error}.")))
        }
    }
}

/// A body to its end; nothing if it is too large.
///
/// What is too large is read on and thrown away for a while: who is still sending when the connection
/// ends does not see the reply, and a proxy would say that nobody is there.
async fn whole(mut body: Body) -> Result<Option<Vec<u8>>, axum::Error> {
    let mut bytes = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        length += data.len();
        if length > PASSED_OVER {
            break;
        }
        if length > LARGEST {
            bytes = Vec::new();
        } else {
            bytes.extend_from_slice(&data);
        }
    }
    Ok((length <= LARGEST).then_some(bytes))
}

/// A reply of JSON that no cache keeps.
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
            tracing::error!(%error, "a reply cannot be written");
            ApiError::internal().into_response()
        }
    }
}
