//! Compresses text replies while they are sent.
//!
//! A body is compressed a slice at a time, as fast as the client reads it, and each slice is
//! flushed: a page that reads a batch of tasks one by one does not wait for the bytes of later
//! ones. Media are compressed already, and the page's files are kept compressed (`assets.rs`).
//!
//! Rejected: `tower-http`'s layer and `async-compression` beneath it. They end a block when a
//! buffer of their own is full, and would have to be kept from events, media and ranges one by one,
//! where this begins with the few types that gain by it. `flate2`, which compresses here,
//! compresses there, too.

use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::response::Response;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::Frame;
use hyper::{HeaderMap, header};

/// Shorter replies, in bytes, are not compressed: they fit into one packet anyway.
const SHORT: u64 = 1024;
/// How much is compressed at a time, in bytes.
const SLICE: usize = 64 << 10;

/// Whether a client takes gzip.
pub(super) fn is_taken(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT_ENCODING).iter();
    accepted.filter_map(|value| value.to_str().ok()).flat_map(|list| list.split(',')).any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let refused = parts
            .filter_map(|part| part.strip_prefix("q="))
            .any(|weight| weight.parse::<f32>().is_ok_and(|weight| weight <= 0.0));
        is_gzip && !refused
    })
}

/// The reply compressed, if it is of text and long enough; for a client that takes gzip.
pub(super) fn compressed(reply: Response) -> Response {
    let headers = reply.headers();
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    // Events are for reading at once, and short; what has a range is a part of something else.
    let gains =
        kind == "application/json" || kind.starts_with("text/") && kind != "text/event-stream";
    let whole = !headers.contains_key(header::CONTENT_ENCODING)
        && !headers.contains_key(header::CONTENT_RANGE);
    let short = reply.body().size_hint().upper().is_some_and(|length| length < SHORT);
    if !gains || !whole || short {
        return reply;
    }
    let mut reply = reply.map(|body| Body::new(Gzip::of(body)));
    let headers = reply.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_ENCODING, header::HeaderValue::from_static("gzip"));
    headers.append(header::VARY, header::HeaderValue::from_static("accept-encoding"));
    reply
}

/// A body that is compressed as it is read.
struct Gzip {
    body: Body,
    /// Bytes that are read and not compressed yet.
    rest: Bytes,
    /// `None` once everything was sent.
    encoder: Option<GzEncoder<Vec<u8>>>,
}

impl Gzip {
    fn of(body: Body) -> Self {
        let encoder = GzEncoder::new(Vec::new(), Compression::fast());
        Self { body, rest: Bytes::new(), encoder: Some(encoder) }
    }
}

impl HttpBody for Gzip {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        while this.rest.is_empty() {
            let Some(encoder) = this.encoder.take() else { return Poll::Ready(None) };
            let frame = match Pin::new(&mut this.body).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => frame,
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => {
                    let end = encoder.finish().map(|end| Frame::data(Bytes::from(end)));
                    return Poll::Ready(Some(end.map_err(axum::Error::new)));
                }
                Poll::Pending => {
                    this.encoder = Some(encoder);
                    return Poll::Pending;
                }
            };
            this.encoder = Some(encoder);
            // annotd sends no trailers.
            this.rest = frame.into_data().unwrap_or_default();
        }
        let Some(encoder) = &mut this.encoder else { return Poll::Ready(None) };
        let slice = this.rest.split_to(this.rest.len().min(SLICE));
        let written = encoder.write_all(&slice).and_then(|()| encoder.flush());
        let out = written.map(|()| Frame::data(Bytes::from(std::mem::take(encoder.get_mut()))));
        Poll::Ready(Some(out.map_err(axum::Error::new)))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use axum::response::IntoResponse;
    use flate2::read::GzDecoder;
    use http_body_util::BodyExt;
    use hyper::HeaderMap;

    use super::*;

    fn accepting(list: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, list.parse().expect("a header"));
        headers
    }

    #[test]
    fn gzip_is_taken_where_it_is_named_and_not_refused() {
        for list in ["gzip", "br, GZIP", "deflate,gzip;q=0.5", "gzip; q=1"] {
            assert!(is_taken(&accepting(list)), "{list}");
        }
        for list in ["", "br", "gzip;q=0", "x-gzip", "gzip; q=0.000, br"] {
            assert!(!is_taken(&accepting(list)), "{list}");
        }
        assert!(!is_taken(&HeaderMap::new()));
    }

    #[tokio::test]
    async fn received_bytes_can_be_decompressed_before_the_rest_arrives() {
        let text = format!("{{\"tasks\":[{:?}]}}", "é".repeat(150_000));
        let reply = ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], text.clone());
        let mut reply = compressed(reply.into_response());
        assert_eq!(reply.headers()[header::CONTENT_ENCODING], "gzip");
        assert!(!reply.headers().contains_key(header::CONTENT_LENGTH));
        let mut received = Vec::new();
        let mut frames = 0;
        while let Some(frame) = reply.body_mut().frame().await {
            received.extend(frame.expect("it is read").into_data().expect("data"));
            frames += 1;
            let mut so_far = Vec::new();
            // It ends early until the last frame.
            let _ = GzDecoder::new(&*received).read_to_end(&mut so_far);
            assert_eq!(so_far, text.as_bytes()[..so_far.len()]);
            assert_eq!(so_far.len(), text.len().min(frames * SLICE), "after {frames} frames");
        }
        assert!(received.len() < text.len() / 10);
    }

    #[test]
    fn replies_that_would_not_shrink_are_not_compressed() {
        let long = "x".repeat(5000);
        let of = |kind: &'static str, text: &str| {
            compressed(([(header::CONTENT_TYPE, kind)], text.to_owned()).into_response())
        };
        for kind in ["image/png", "audio/mpeg", "text/event-stream", "application/octet-stream"] {
            assert!(!of(kind, &long).headers().contains_key(header::CONTENT_ENCODING), "{kind}");
        }
        assert!(!of("application/json", "{}").headers().contains_key(header::CONTENT_ENCODING));
        let plain = of("text/plain; version=0.0.4; charset=utf-8", &long);
        assert!(plain.headers().contains_key(header::CONTENT_ENCODING));
        let kept = [(header::CONTENT_TYPE, "text/css"), (header::CONTENT_ENCODING, "gzip")];
        let kept = compressed((kept, long.clone()).into_response());
        assert_eq!(kept.headers().get_all(header::CONTENT_ENCODING).iter().count(), 1);
        let range = [(header::CONTENT_TYPE, "text/plain"), (header::CONTENT_RANGE, "bytes 0-9/90")];
        let range = compressed((range, long).into_response());
        assert!(!range.headers().contains_key(header::CONTENT_ENCODING));
    }
}
