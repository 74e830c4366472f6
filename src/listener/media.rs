//! Sends the pictures, sound and video that tasks name by their paths, from the project's folder.
//!
//! [`crate::media`] finds the file. The policy that comes with it lets nothing run, whatever an SVG
//! contains.
//!
//! The file itself is sent by tower-http, which knows ranges (without them a browser cannot seek)
//! and conditional requests. It answers a malformed range as it answers one outside the file; so
//! each range is read here first, as RFC 9110 has it ([`ByteRange`]).
//!
//! Rejected: its `ServeDir`, which follows links out of the folder; and the crate with which it
//! reads ranges, which does not distinguish the two mistakes either.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path as UrlPath};
use axum::response::{IntoResponse, Response};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Request, StatusCode};
use tower::ServiceExt;
use tower_http::services::ServeFile;

use super::AnnotatorPort;
use crate::http::ApiError;
use crate::media;

/// Pictures may bring their own looks, and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; \
    frame-ancestors 'none'";

pub(super) async fn send(
    Extension(port): Extension<AnnotatorPort>,
    path: Result<UrlPath<String>, PathRejection>,
    mut request: Request<Body>,
) -> Result<Response, ApiError> {
    let UrlPath(path) = path?;
    let Some(folder) = port.project.media.clone() else {
        return Err(ApiError::not_found(
            "The project has no folder for pictures and sound. The roster may name one: media = \"media\" \
             under [project].",
        ));
    };
    let nothing =
        || ApiError::not_found(format!("There is no picture, sound or video {path:?} here."));
    let asked = path.clone();
    let found = tokio::task::spawn_blocking(move || media::find(&folder, &asked)).await;
    let (file, length) = found.ok().flatten().ok_or_else(nothing)?;
    match ByteRange::of(request.headers(), length) {
        ByteRange::Whole => {
            request.headers_mut().remove(header::RANGE);
        }
        ByteRange::Part(range) => {
            request.headers_mut().insert(header::RANGE, range);
        }
        ByteRange::Beyond => return Ok(unsatisfiable(length)),
    }
    let Ok(response) = ServeFile::new(&file).oneshot(request).await;
    if response.status() == StatusCode::NOT_FOUND {
        return Err(nothing());
    }
    let mut response = response.map(Body::new).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    // Long enough for a card that is shown again, short enough for a picture that is replaced.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=300"));
    Ok(response)
}

/// The part of a file that a request asks for.
#[derive(Debug, PartialEq, Eq)]
enum ByteRange {
    /// All of it: also for a malformed range, another unit, or several ranges, which no player
    /// needs.
    Whole,
    /// A range within the file, in the form that tower-http reads.
    Part(HeaderValue),
    /// A range beyond the end of the file.
    Beyond,
}

impl ByteRange {
    fn of(headers: &HeaderMap, length: u64) -> Self {
        let mut ranges = headers.get_all(header::RANGE).iter();
        let (Some(range), None) = (ranges.next(), ranges.next()) else { return Self::Whole };
        let Some((first, last)) = range.to_str().ok().and_then(parse_range) else {
            return Self::Whole;
        };
        let (from, to) = match (first, last) {
            (None, None) => return Self::Whole,
            (None, Some(suffix)) => (length - suffix.min(length), length.saturating_sub(1)),
            (Some(first), Some(last)) if last < first => return Self::Whole,
            (Some(first), last) => (first, last.unwrap_or(u64::MAX).min(length.saturating_sub(1))),
        };
        if from >= length {
            return Self::Beyond;
        }
        HeaderValue::try_from(format!("bytes={from}-{to}")).map_or(Self::Whole, Self::Part)
    }
}

/// The two numbers of a range of bytes, either of which may be missing; `None` if it is malformed.
fn parse_range(range: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (unit, set) = range.split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = set.trim_matches([' ', '\t']).split_once('-')?;
    let number = |digits: &str| match digits {
        "" => Some(None),
        _ if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            // A number that overflows is beyond the end of any file.
            Some(Some(digits.parse().unwrap_or(u64::MAX)))
        }
        _ => None,
    };
    Some((number(first)?, number(last)?))
}

fn unsatisfiable(length: u64) -> Response {
    let range = (header::CONTENT_RANGE, format!("bytes */{length}"));
    (StatusCode::RANGE_NOT_SATISFIABLE, [range]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_range_is_ignored_and_one_beyond_the_end_is_refused() {
        let part = |range: &'static str| ByteRange::Part(HeaderValue::from_static(range));
        for (range, expected) in [
            ("bytes=10-13", part("bytes=10-13")),
            ("Bytes=010-13", part("bytes=10-13")),
            ("bytes=990-", part("bytes=990-999")),
            ("bytes=0-99999999999999999999999", part("bytes=0-999")),
            ("bytes=-10", part("bytes=990-999")),
            ("bytes=-5000", part("bytes=0-999")),
            ("bytes=1000-", ByteRange::Beyond),
            ("bytes=99999999999999999999999-", ByteRange::Beyond),
            ("bytes=-0", ByteRange::Beyond),
            ("bytes=13-10", ByteRange::Whole),
            ("bytes=-", ByteRange::Whole),
            ("bytes=", ByteRange::Whole),
            ("bytes=a-b", ByteRange::Whole),
            ("bytes=+1-2", ByteRange::Whole),
            ("bytes=0-1,5-6", ByteRange::Whole),
            ("seconds=1-2", ByteRange::Whole),
            ("nonsense", ByteRange::Whole),
            ("", ByteRange::Whole),
        ] {
            let headers = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static(range))]);
            assert_eq!(ByteRange::of(&headers, 1000), expected, "{range:?}");
            let empty = ByteRange::of(&headers, 0);
            assert!(
                matches!(empty, ByteRange::Whole | ByteRange::Beyond),
                "{range:?} of nothing: {empty:?}"
            );
        }
    }
}
