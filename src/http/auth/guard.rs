//! The check of the key at each request to a port.
//!
//! Every port has a [`PortAuth`]. Unless access is open ([`ProtectedState::is_open`]), it asks an
//! [`Authenticator`] whether a request has the key of the port's owner. The key comes in one of
//! three ways: in the personal link (`/?key=…`), which sets a cookie and redirects to the address
//! without the key, so that the key neither stays in the history nor leaks in a referrer; in that
//! cookie; or as `Authorization: Bearer`, for scripts.
//!
//! The cookie is `SameSite=Lax`. With `Strict` a browser omits it from a navigation that another
//! site began, and from its redirect: a link that is clicked in a mail or a chat would be refused.
//! `Lax` is safe here: from other sites only a GET that is a navigation carries the cookie, and
//! every change is a POST with JSON from the port's own page (`server.rs`).
//!
//! Cookies do not distinguish ports: a browser sends all cookies of a host to each of its ports. So
//! a cookie is named after the project and the owner, and a port reads only its own.
//!
//! Rejected: `Basic` authentication, whose dialogue asks for a name and a password that do not
//! exist; a key in each address, which would be in every log and referrer; a session behind each
//! key, which would have to be stored and expired without being safer than the key.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, StatusCode, Uri};

use super::super::{ApiError, assets};

/// The cookie's lifetime, in seconds: 400 days, the browsers' maximum. Opening the page renews it.
const COOKIE_MAX_AGE: u32 = 400 * 24 * 60 * 60;
/// The least time between two log lines about rejected keys, for each port.
const REJECTION_LOG_INTERVAL: Duration = Duration::from_secs(10);
/// Paths without a key: health checks, and below the prefix the page's files.
const PUBLIC_PATHS: [&str; 3] = ["/health", "/version", "/ready"];
const PUBLIC_PREFIX: &str = "/assets/";

/// Verifies keys.
#[async_trait]
pub trait Authenticator: Send + Sync + 'static {
    /// Whether this is the owner's key. An unknown key may take seconds, since another process may
    /// have created it a moment ago.
    async fn verify(&self, owner: &str, key: &str) -> bool;
}

/// The other end of a request's connection; the server adds it to the extensions.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// The address of the browser's machine, or of a proxy.
    pub address: SocketAddr,
    /// Whether annotd itself encrypts the connection.
    pub encrypted: bool,
}

/// The part of a port's state that the check of keys needs.
pub trait ProtectedState: Clone + Send + Sync + 'static {
    /// The port's check of keys.
    fn auth(&self) -> &PortAuth;

    /// Whether no key is needed.
    fn is_open(&self) -> bool;

    /// The page's policy, if it is not the default one.
    fn content_security_policy(&self) -> Option<HeaderValue> {
        None
    }

    /// Previous owners of the port, who may still send answers with their own keys. Requests carry
    /// the [`AuthenticatedNames`] then.
    fn previous_owners(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether a previous owner may make this request.
    fn is_handover_request(_method: &Method, _path: &str) -> bool {
        false
    }
}

/// The owners whose keys a request carries, at a port with previous owners.
#[derive(Clone, Debug)]
pub struct AuthenticatedNames(Vec<String>);

impl AuthenticatedNames {
    /// Whether the request carries this owner's key.
    pub fn contain(&self, owner: &str) -> bool {
        self.0.iter().any(|caller| caller == owner)
    }
}

/// The check of keys at one port; clones share their state.
#[derive(Clone)]
pub struct PortAuth(Arc<Inner>);

struct Inner {
    authenticator: Arc<dyn Authenticator>,
    owner: String,
    project: String,
    /// The name of the owner's cookie.
    cookie: String,
    /// Rejected attempts since the last log line, and its time.
    unlogged: AtomicU64,
    last_logged: Mutex<Option<Instant>>,
}

impl PortAuth {
    /// The check for a port of this project. `annotator` is the owner's name, or `None` for the
    /// lead. Names and projects consist of letters, digits, `-` and `_`, as in a roster.
    pub fn new(
        authenticator: Arc<dyn Authenticator>,
        owner: &str,
        project: &str,
        annotator: Option<&str>,
    ) -> Self {
        Self(Arc::new(Inner {
            authenticator,
            owner: owner.to_owned(),
            project: project.to_owned(),
            cookie: cookie_name(project, annotator),
            unlogged: AtomicU64::new(0),
            last_logged: Mutex::default(),
        }))
    }

    /// Logs rejected keys, at most every `REJECTION_LOG_INTERVAL`.
    fn log_rejection(&self, peer: Option<Peer>) {
        let attempts = self.0.unlogged.fetch_add(1, Ordering::Relaxed) + 1;
        let mut last_logged = self.0.last_logged.lock().unwrap_or_else(PoisonError::into_inner);
        if last_logged.is_some_and(|at| at.elapsed() < REJECTION_LOG_INTERVAL) {
            return;
        }
        *last_logged = Some(Instant::now());
        self.0.unlogged.fetch_sub(attempts, Ordering::Relaxed);
        tracing::warn!(
            annotator = self.0.owner,
            peer = peer.map(|peer| tracing::field::display(peer.address)),
            attempts,
            "wrong key for this port, perhaps an old link"
        );
    }

    /// The owners whose keys a request carries: of the port's owner and the previous ones.
    async fn authenticated_names(
        &self,
        headers: &HeaderMap,
        previous_owners: &[String],
    ) -> AuthenticatedNames {
        let mut names = Vec::new();
        let named =
            previous_owners.iter().map(|name| (name, cookie_name(&self.0.project, Some(name))));
        let own = std::iter::once((&self.0.owner, self.0.cookie.clone()));
        // A key belongs to one owner, so it is not verified for others: that would take seconds.
        let mut bearer = bearer(headers);
        for (owner, name) in own.chain(named) {
            if let Some(key) = cookie(headers, &name)
                && self.0.authenticator.verify(owner, key).await
            {
                names.push(owner.clone());
            } else if let Some(key) = bearer
                && self.0.authenticator.verify(owner, key).await
            {
                names.push(owner.clone());
                bearer = None;
            }
        }
        AuthenticatedNames(names)
    }

    /// The cookie with this key, as a header.
    fn cookie(&self, key: &str, encrypted: bool) -> Option<HeaderValue> {
        let secure = if encrypted { "; Secure" } else { "" };
        let name = &self.0.cookie;
        HeaderValue::try_from(format!(
            "{name}={key}; Max-Age={COOKIE_MAX_AGE}; Path=/; HttpOnly; SameSite=Lax{secure}"
        ))
        .ok()
    }
}

fn cookie_name(project: &str, annotator: Option<&str>) -> String {
    match annotator {
        Some(annotator) => format!("annotd.{project}.{annotator}"),
        None => format!("annotd.{project}"),
    }
}

/// Passes a request on, or refuses it.
pub(in crate::http) async fn require_access_key<C: ProtectedState>(
    State(no_access_page): State<&'static str>,
    Extension(context): Extension<C>,
    mut request: Request,
    next: Next,
) -> Response {
    let auth = context.auth();
    let path = request.uri().path();
    let free = PUBLIC_PATHS.contains(&path) || path.starts_with(PUBLIC_PREFIX);
    if free || context.is_open() {
        return next.run(request).await;
    }
    let previous_owners = context.previous_owners();
    if !previous_owners.is_empty() && C::is_handover_request(request.method(), path) {
        let names = auth.authenticated_names(request.headers(), &previous_owners).await;
        if !names.0.is_empty() {
            request.extensions_mut().insert(names);
            return next.run(request).await;
        }
    }
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let peer = request.extensions().get::<Peer>().copied();
    let encrypted = is_encrypted(peer, request.headers());
    let mut wrong = false;

    if is_read && let Some(key) = access_key_of_link(request.uri()) {
        if auth.0.authenticator.verify(&auth.0.owner, &key).await {
            return redirect_without_key(request.uri(), auth.cookie(&key, encrypted));
        }
        wrong = true;
    }
    let candidates = [bearer(request.headers()), cookie(request.headers(), &auth.0.cookie)];
    let candidates = candidates.map(|key| key.map(str::to_owned));
    for (key, is_cookie) in candidates.into_iter().zip([false, true]) {
        let Some(key) = key else { continue };
        if !auth.0.authenticator.verify(&auth.0.owner, &key).await {
            wrong = true;
            continue;
        }
        if is_read && access_key_of_link(request.uri()).is_some() {
            // An old link in a browser that has the new key; keep it out of the history, too.
            return redirect_without_key(request.uri(), None);
        }
        let renew = is_cookie && is_read && request.uri().path() == "/";
        let mut response = next.run(request).await;
        if renew && let Some(cookie) = auth.cookie(&key, encrypted) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        return response;
    }
    if wrong {
        auth.log_rejection(peer);
    }
    refuse(&request, no_access_page, is_read, wrong)
}

/// Whether the browser uses TLS, with annotd or with a proxy. A client that lies about it only gets
/// a cookie that does not work.
fn is_encrypted(peer: Option<Peer>, headers: &HeaderMap) -> bool {
    let proxy = headers.get("x-forwarded-proto");
    // Behind several proxies the first is the one that the browser spoke with.
    let proxy = proxy.is_some_and(|value| value.as_bytes().starts_with(b"https"));
    proxy || peer.is_some_and(|peer| peer.encrypted)
}

fn access_key_of_link(uri: &Uri) -> Option<String> {
    // Keys are letters and digits, which nothing encodes.
    let mut pairs = uri.query()?.split('&');
    pairs.find_map(|pair| pair.strip_prefix("key=")).map(str::to_owned)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// Redirects to the same address without the key. It is relative: a proxy may add a path.
fn redirect_without_key(uri: &Uri, cookie: Option<HeaderValue>) -> Response {
    let last = uri.path().rsplit('/').next().unwrap_or_default();
    let query = uri.query().unwrap_or_default();
    let rest: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("key=")).collect();
    let question = if rest.is_empty() { "" } else { "?" };
    let to = format!("./{last}{question}{}", rest.join("&"));
    let mut response = (
        StatusCode::SEE_OTHER,
        [(header::LOCATION, to), (header::CACHE_CONTROL, "no-store".to_owned())],
    )
        .into_response();
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// A page for browsers, an error for scripts.
fn refuse(request: &Request<Body>, page: &str, is_read: bool, wrong: bool) -> Response {
    let path = request.uri().path();
    let accepts = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let wants_page = path == "/" || accepts.is_some_and(|kinds| kinds.contains("text/html"));
    // The page names its style relative to the root.
    let at_the_root = path.rfind('/') == Some(0);
    let page = assets::text(page).filter(|_| is_read && wants_page && at_the_root);
    let mut response = if let Some(page) = page {
        (
            StatusCode::UNAUTHORIZED,
            [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CACHE_CONTROL, "no-store"),
            ],
            fill_page(&page, wrong),
        )
            .into_response()
    } else {
        let message = if wrong {
            "This key does not open this port. Use the link that `annotd link` prints now."
        } else {
            "This needs a key: open the personal link that `annotd link` prints, or send it as \
             Authorization: Bearer."
        };
        ApiError::with_status(StatusCode::UNAUTHORIZED, "no_key", message).into_response()
    };
    let challenge = HeaderValue::from_static("Bearer realm=\"annotd\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    response
}

fn fill_page(page: &str, wrong: bool) -> String {
    let (title, link) = if wrong {
        ("This link does not work any more.", "the new one")
    } else {
        ("This page needs your personal link.", "it")
    };
    page.replace("{title}", title).replace("{link}", link)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent_on(to: &str) -> String {
        let uri: Uri = to.parse().expect("an address");
        let response = redirect_without_key(&uri, None);
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        response.headers()[header::LOCATION].to_str().expect("text").to_owned()
    }

    #[test]
    fn the_key_is_taken_out_of_the_address_and_nothing_else() {
        assert_eq!(sent_on("/?key=abc"), "./");
        assert_eq!(sent_on("/?a=1&key=abc&b=%20"), "./?a=1&b=%20");
        assert_eq!(sent_on("/api/status?key=abc"), "./status");
        // What looks like an address elsewhere stays a path here.
        assert_eq!(sent_on("//evil.example?key=abc"), "./evil.example");
        assert_eq!(sent_on("/x:y?key=abc"), "./x:y");
    }

    #[test]
    fn a_cookie_is_found_among_others_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        let add = |headers: &mut HeaderMap, line: &'static str| {
            headers.append(header::COOKIE, HeaderValue::from_static(line));
        };
        add(&mut headers, "annotd.p.andy2=no; xannotd.p.andy=no");
        assert_eq!(cookie(&headers, "annotd.p.andy"), None);
        add(&mut headers, "a=b;annotd.p.andy=yes ; annotd.p=lead");
        assert_eq!(cookie(&headers, "annotd.p.andy"), Some("yes"));
        assert_eq!(cookie(&headers, "annotd.p"), Some("lead"));
    }
}
