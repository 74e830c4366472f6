//! One port: accepts connections, serves requests, and stops without cutting off requests.

use std::any::Any;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::{Layer, ServiceExt};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;

use super::tls;
use super::{ApiError, Peer, PortMetrics, RequestId, gzip};

/// How long a client may take to send its headers, and how long a connection may be idle.
const HEADER_TIMEOUT: Duration = Duration::from_secs(75);
/// How long a client may read nothing of its reply. Without a timeout, clients that never read
/// would hold all connections of a port for ever.
const WRITE_TIMEOUT: Duration = Duration::from_secs(75);
/// The pause after a failed `accept`, such as without free file descriptors.
const ACCEPT_RETRY_PAUSE: Duration = Duration::from_millis(100);

/// The policy of a page: it may run its own modules and styles, call its own port, and load media
/// from there and from these origins. Whatever a task contains, nothing else is loaded and nothing
/// else runs.
pub fn content_security_policy(media_from: &[String]) -> String {
    let others: String = media_from.iter().flat_map(|origin| [" ", origin]).collect();
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; \
         img-src 'self' data: blob:{others}; media-src 'self' data: blob:{others}; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// The policy of replies that set none.
static DEFAULT_CSP: LazyLock<HeaderValue> = LazyLock::new(|| {
    HeaderValue::from_str(&content_security_policy(&[])).expect("it is plain text")
});

/// The most connections of a port. Further ones wait, so that one port cannot exhaust the file
/// descriptors of all.
const MAX_CONNECTIONS: usize = 512;

/// Stops a port and checks whether it is alive.
///
/// A stopped port accepts no connections and releases its socket; it ends when the open requests
/// are answered.
#[derive(Clone, Debug, Default)]
pub struct ServerHandle {
    stop: CancellationToken,
    released: CancellationToken,
    pinged: Arc<Notify>,
    answered: Arc<AtomicBool>,
}

impl ServerHandle {
    /// Stops accepting. Requests in flight are finished.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Returns when the port has released its socket.
    pub async fn released(&self) {
        self.released.cancelled().await;
    }

    /// Whether the port has released its socket.
    pub fn is_released(&self) -> bool {
        self.released.is_cancelled()
    }

    /// Pings the port. Returns whether it has answered the ping before.
    pub fn heartbeat(&self) -> bool {
        let there = self.answered.swap(false, Ordering::Relaxed);
        self.pinged.notify_one();
        there
    }
}

/// Where a port reads the configuration in force.
pub trait PortSource: Clone + Send + Sync + 'static {
    /// What a request carries in its extensions from its arrival to its reply.
    type State: Clone + Send + Sync + 'static;

    /// The certificate for a new connection; `None` serves plain HTTP.
    fn certificate(&self) -> Option<Arc<ServerConfig>>;

    /// The state of a request that has arrived; all of its parts are of one configuration.
    fn state(&self) -> Self::State;
}

/// Serves a port until it is stopped, and finishes the requests in flight.
///
/// `source` gives each connection its certificate and each request its state; `metrics` counts, and
/// has the port's name.
///
/// # Errors
/// If the socket is broken. Other errors of `accept` (no file descriptors, no memory, a client that
/// has gone) are retried after a pause.
pub async fn serve<S: PortSource>(
    listener: Arc<TcpListener>,
    routes: Router,
    source: S,
    metrics: PortMetrics,
    handle: ServerHandle,
) -> io::Result<()> {
    // Signals the release of the socket however this function ends.
    let released = handle.released.clone().drop_guard();
    let connections = GracefulShutdown::new();
    let connection_limit = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    // Spans are at the level of errors, so that what is logged at any level has their fields.
    let span = tracing::error_span!("port", annotator = metrics.name());
    handle.answered.store(true, Ordering::Relaxed);
    let ended = loop {
        let accepted = tokio::select! {
            biased;
            // First, so that nothing is accepted after the stop: the socket may have another owner.
            () = handle.stop.cancelled() => break Ok(()),
            () = handle.pinged.notified() => {
                handle.answered.store(true, Ordering::Relaxed);
                continue;
            }
            accepted = accept(&listener, &connection_limit) => accepted,
        };
        match accepted {
            Ok((stream, address, permit)) => {
                // Taken before the task starts, so that a stop cannot miss the connection.
                let watcher = connections.watcher();
                let incoming =
                    IncomingConnection { stream, address, watcher, stop: handle.stop.clone() };
                let connected = connect(incoming, routes.clone(), source.clone(), metrics.clone());
                let connected = async move {
                    connected.await;
                    drop(permit);
                };
                tokio::spawn(connected.instrument(span.clone()));
            }
            Err(error) if is_transient(&error) => {
                tracing::warn!(%error, annotator = metrics.name(), "cannot accept a connection");
                tokio::select! {
                    () = tokio::time::sleep(ACCEPT_RETRY_PAUSE) => {}
                    () = handle.stop.cancelled() => break Ok(()),
                }
            }
            Err(error) => break Err(error),
        }
    };
    drop(listener);
    drop(released);
    connections.shutdown().await;
    ended
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    connection_limit: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(connection_limit).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    Ok((stream, address, permit))
}

/// Whether `accept` may work again in a moment after this error. A broken socket gives one of three
/// errors (closed, shut down, not a socket); all others concern one connection or the system's
/// limits.
fn is_transient(error: &io::Error) -> bool {
    !matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotConnected)
        && error.raw_os_error() != Some(BAD_DESCRIPTOR)
}

/// EBADF, for which the standard library has no name.
const BAD_DESCRIPTOR: i32 = 9;

/// A connection that was accepted.
struct IncomingConnection {
    stream: TcpStream,
    address: SocketAddr,
    watcher: Watcher,
    /// Cancelled when the port is stopped.
    stop: CancellationToken,
}

/// Does the TLS handshake, if there is a certificate, and serves the connection.
async fn connect<S: PortSource>(
    incoming: IncomingConnection,
    routes: Router,
    source: S,
    metrics: PortMetrics,
) {
    let IncomingConnection { stream, address, watcher, stop } = incoming;
    // Small replies go out at once. A socket that refuses this works all the same.
    let _ = stream.set_nodelay(true);
    let open = metrics.connection();
    let Some(config) = source.certificate() else {
        let peer = Peer { address, encrypted: false };
        serve_connection(stream, peer, routes, source, metrics, watcher).await;
        return drop(open);
    };
    let shaken = tokio::select! {
        shaken = tls::handshake(stream, config) => shaken,
        // There is no request yet.
        () = stop.cancelled() => return,
    };
    match shaken {
        Ok(stream) => {
            let peer = Peer { address, encrypted: true };
            serve_connection(stream, peer, routes, source, metrics, watcher).await;
        }
        Err(error) => tracing::debug!(%error, peer = %address, "no handshake"),
    }
    drop(open);
}

/// Serves the requests of one connection.
async fn serve_connection<S: PortSource>(
    stream: impl AsyncRead + AsyncWrite + Send + 'static,
    peer: Peer,
    routes: Router,
    source: S,
    metrics: PortMetrics,
    watcher: Watcher,
) {
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        let (routes, state, metrics) = (routes.clone(), source.state(), metrics.clone());
        request.extensions_mut().insert(peer);
        async move { Ok::<_, Infallible>(answer(request, routes, state, &metrics).await) }
    });
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_TIMEOUT));
    let stream = Box::pin(stream);
    let connection = hyper::server::conn::http1::Builder::new()
        // Without a timer the timeout is not kept.
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn answer<T: Clone + Send + Sync + 'static>(
    request: Request<Incoming>,
    routes: Router,
    state: T,
    metrics: &PortMetrics,
) -> Response {
    let id = next_id();
    let counted = metrics.request();
    let span = tracing::error_span!("request", request_id = %id, method = %request.method(), path = request.uri().path());
    let takes_gzip = request.method() != Method::HEAD && gzip::is_taken(request.headers());
    let mut request = request.map(Body::new);
    let refused = reject_cross_origin(request.method(), request.headers());
    let mut response = match refused {
        Some(error) => error.into_response(),
        None => {
            request.extensions_mut().insert(state);
            request.extensions_mut().insert(id.clone());
            request.extensions_mut().insert(counted.route());
            let routes = CatchPanicLayer::custom(on_panic).layer(routes);
            let Ok(response) = routes.oneshot(request).instrument(span).await;
            response.map(Body::new)
        }
    };
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        response = error.render(&id);
    }
    if takes_gzip {
        response = gzip::compressed(response);
    }
    let headers = response.headers_mut();
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert_with(|| DEFAULT_CSP.clone());
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
    counted.replied(response.status());
    response
}

/// The reply for a request whose handler panicked; the panic itself is logged by its hook.
fn on_panic(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("request handler panicked");
    ApiError::internal().into_response()
}

/// Refuses requests that another site makes in an annotator's browser. Every change is a POST with
/// JSON, which a plain form cannot send.
fn reject_cross_origin(method: &Method, headers: &HeaderMap) -> Option<ApiError> {
    if method == Method::GET || method == Method::HEAD {
        return None;
    }
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let json = text(header::CONTENT_TYPE).is_some_and(|kind| {
        kind.split(';')
            .next()
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
    });
    if !json {
        return Some(ApiError::with_status(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not_json",
            "Send JSON, with the header content-type: application/json.",
        ));
    }
    let origin = text(header::ORIGIN)?;
    let own = text(header::HOST).unwrap_or_default();
    let from = origin.split_once("://").map_or(origin, |(_, host)| host);
    (!from.eq_ignore_ascii_case(own)).then(|| {
        let message = format!(
            "{origin} may not act for the annotator at {own:?}. (If both are the same page, a proxy \
             between them does not pass the Host header on.)"
        );
        ApiError::forbidden("foreign_origin", message)
    })
}

/// The next request id: unique across runs, and ascending within one.
fn next_id() -> RequestId {
    static RUN: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let run = RUN.get_or_init(|| {
        use std::hash::{BuildHasher, Hasher};
        // The standard library seeds its hasher randomly in each process.
        let seed = std::collections::hash_map::RandomState::new().build_hasher().finish();
        u32::try_from(seed & 0xffff_ffff).unwrap_or(0)
    });
    RequestId(format!("{run:08x}-{:x}", NEXT.fetch_add(1, Ordering::Relaxed)))
}
