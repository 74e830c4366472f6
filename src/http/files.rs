//! The pages, styles and modules, embedded in the binary.

use axum::response::{IntoResponse, Response};
use hyper::{HeaderMap, StatusCode, header};
use rust_embed::RustEmbed;

use super::ApiError;

#[derive(RustEmbed)]
#[folder = "src/web/"]
struct Web;

/// The page of this name, below `src/web/`.
pub fn page(name: &str, headers: &HeaderMap) -> Response {
    send(name, headers)
}

/// The file behind `/assets/…`.
pub fn asset(path: &str, headers: &HeaderMap) -> Response {
    send(path, headers)
}

fn send(path: &str, headers: &HeaderMap) -> Response {
    let Some(file) = Web::get(path) else {
        return ApiError::not_found(format!("There is no file {path:?} here.")).into_response();
    };
    // The browser asks each time and is told that nothing changed: after an upgrade nobody works
    // with half of the old page.
    let tag = format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..8]));
    let known =
        headers.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let caching = [(header::ETAG, tag), (header::CACHE_CONTROL, "no-cache".to_owned())];
    if known {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (caching, [(header::CONTENT_TYPE, content_type(path))], file.data).into_response()
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}
