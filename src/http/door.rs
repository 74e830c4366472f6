//! Who may come in at a port.
//!
//! Every port has a [`Door`], which a [`Keyring`] opens: to everybody, or to whoever has the key of
//! the person whose port it is. The key comes in one of three ways: with the bookmark (`/?key=…`),
//! which makes it a cookie and sends the browser on to the address without it, so that it neither
//! stays in the history nor goes out in a referrer; with that cookie; or as `Authorization: Bearer`,
//! for scripts.
//!
//! The cookie is `SameSite=Lax`. With `Strict` a browser leaves it out of a navigation that another
//! site began, the redirect included, so that a bookmark that is pressed in a mail or a chat on the
//! web would end at a closed door. What `Strict` would guard more than `Lax` is guarded otherwise:
//! only GETs bring a `Lax` cookie along from elsewhere, and then only as a navigation; what changes
//! something is a POST with JSON from the port's own page (`server.rs`).
//!
//! Cookies know no ports: a browser sends all of a host's to each of its ports. So each is named
//! after the project and the person, and one door asks only for its own.
//!
//! Rejected: HTTP's own sign-in (`Basic`), whose dialogue asks for a name and a password that nobody
//! has; a key in each address, which would be in every log and referrer; a session of its own behind
//! each key, which would have to be stored and ended without being any safer than the key.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::body::Body;
use axum::extract::{Extension, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, StatusCode, Uri};

use super::ApiError;

/// How long a cookie lasts, in seconds: 400 days, the most that browsers keep one. Each look at the
/// page renews it.
const LASTS: u32 = 400 * 24 * 60 * 60;
/// Failed attempts are told of at most this often, at each port.
const TELL: Duration = Duration::from_secs(10);
/// What nobody needs a key for: a port's own files, and what watches over a daemon.
const OPEN_PATHS: [&str; 3] = ["/health", "/version", "/ready"];
const OPEN_FOLDER: &str = "/assets/";

/// Who knows the keys.
#[async_trait]
pub trait Keyring: Send + Sync + 'static {
    /// Whether everybody may come in without one.
    fn is_open(&self) -> bool;

    /// Whether this is that person's key. The answer to a key that is not known may take seconds: it
    /// may have been made a moment ago by another process.
    async fn fits(&self, person: &str, key: &str) -> bool;
}

/// From where a request comes; the server puts it into the extensions.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// The other end of the connection: a browser's machine, or a proxy's.
    pub address: SocketAddr,
    /// Whether the connection is encrypted by annotd itself.
    pub encrypted: bool,
}

/// What a port's context has, so that every request can be asked at the door.
pub trait Guarded: Clone + Send + Sync + 'static {
    /// The port's door.
    fn door(&self) -> &Door;

    /// What the port's page may do, if that differs from what every page may.
    fn policy(&self) -> Option<HeaderValue> {
        None
    }

    /// Others who may come in with their own keys, as far as their errand goes: whoever had this port
    /// before may still have answers to bring. Requests carry the [`Callers`] then.
    fn guests(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether that is a guest's errand.
    fn is_errand(_method: &Method, _path: &str) -> bool {
        false
    }
}

/// Whose keys a request has brought, where guests may come in.
#[derive(Clone, Debug)]
pub struct Callers(Vec<String>);

impl Callers {
    /// Whether the request has this person's key.
    pub fn include(&self, person: &str) -> bool {
        self.0.iter().any(|caller| caller == person)
    }
}

/// The door of one port; clones are the same.
#[derive(Clone)]
pub struct Door(Arc<Inner>);

struct Inner {
    keyring: Arc<dyn Keyring>,
    person: String,
    project: String,
    /// Its own cookie's name.
    cookie: String,
    /// Attempts that were not told of yet, and when one was.
    untold: AtomicU64,
    told: Mutex<Option<Instant>>,
}

impl Door {
    /// The door of this person's port, in this project; `annotator` is their name if they are one.
    /// Names and projects are of letters, digits, `-` and `_`, as in a roster.
    pub fn new(
        keyring: Arc<dyn Keyring>,
        person: &str,
        project: &str,
        annotator: Option<&str>,
    ) -> Self {
        Self(Arc::new(Inner {
            keyring,
            person: person.to_owned(),
            project: project.to_owned(),
            cookie: cookie_name(project, annotator),
            untold: AtomicU64::new(0),
            told: Mutex::default(),
        }))
    }

    /// Says, now and then, that somebody came with a key that does not fit.
    fn tell(&self, peer: Option<Peer>) {
        let attempts = self.0.untold.fetch_add(1, Ordering::Relaxed) + 1;
        let mut told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_some_and(|told| told.elapsed() < TELL) {
            return;
        }
        *told = Some(Instant::now());
        self.0.untold.fetch_sub(attempts, Ordering::Relaxed);
        tracing::warn!(
            annotator = self.0.person,
            peer = peer.map(|peer| tracing::field::display(peer.address)),
            attempts,
            "somebody came with a key that is not the one of this port, perhaps an old link"
        );
    }

    /// Whose keys a request brings along, of the port's own person and the guests.
    async fn callers(&self, headers: &HeaderMap, guests: &[String]) -> Callers {
        let mut callers = Vec::new();
        let named = guests.iter().map(|guest| (guest, cookie_name(&self.0.project, Some(guest))));
        let own = std::iter::once((&self.0.person, self.0.cookie.clone()));
        // A key is one person's: whose it is, is asked no further. To ask about one that does not fit takes
        // its time.
        let mut bearer = bearer(headers);
        for (person, name) in own.chain(named) {
            if let Some(key) = cookie(headers, &name)
                && self.0.keyring.fits(person, key).await
            {
                callers.push(person.clone());
            } else if let Some(key) = bearer
                && self.0.keyring.fits(person, key).await
            {
                callers.push(person.clone());
                bearer = None;
            }
        }
        Callers(callers)
    }

    /// The cookie with this key, as a header.
    fn cookie(&self, key: &str, encrypted: bool) -> Option<HeaderValue> {
        let secure = if encrypted { "; Secure" } else { "" };
        let name = &self.0.cookie;
        HeaderValue::try_from(format!(
            "{name}={key}; Max-Age={LASTS}; Path=/; HttpOnly; SameSite=Lax{secure}"
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

/// Lets a request through, or answers it at the door.
pub(super) async fn guard<C: Guarded>(
    Extension(context): Extension<C>,
    mut request: Request,
    next: Next,
) -> Response {
    let door = context.door();
    let path = request.uri().path();
    let free = OPEN_PATHS.contains(&path) || path.starts_with(OPEN_FOLDER);
    if free || door.0.keyring.is_open() {
        return next.run(request).await;
    }
    let guests = context.guests();
    if !guests.is_empty() && C::is_errand(request.method(), path) {
        let callers = door.callers(request.headers(), &guests).await;
        if !callers.0.is_empty() {
            request.extensions_mut().insert(callers);
            return next.run(request).await;
        }
    }
    let looks = matches!(*request.method(), Method::GET | Method::HEAD);
    let peer = request.extensions().get::<Peer>().copied();
    let encrypted = is_encrypted(peer, request.headers());
    let mut wrong = false;

    if looks && let Some(key) = key_of_the_link(request.uri()) {
        if door.0.keyring.fits(&door.0.person, &key).await {
            return send_on(request.uri(), door.cookie(&key, encrypted));
        }
        wrong = true;
    }
    let carried = [bearer(request.headers()), cookie(request.headers(), &door.0.cookie)];
    let carried = carried.map(|key| key.map(str::to_owned));
    for (key, is_cookie) in carried.into_iter().zip([false, true]) {
        let Some(key) = key else { continue };
        if !door.0.keyring.fits(&door.0.person, &key).await {
            wrong = true;
            continue;
        }
        if looks && key_of_the_link(request.uri()).is_some() {
            // An old link in a browser that has the new key: it need not stay in the history either.
            return send_on(request.uri(), None);
        }
        let renew = is_cookie && looks && request.uri().path() == "/";
        let mut response = next.run(request).await;
        if renew && let Some(cookie) = door.cookie(&key, encrypted) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        return response;
    }
    if wrong {
        door.tell(peer);
    }
    refuse(&request, looks, wrong)
}

/// Whether the browser speaks TLS, with annotd or with the proxy in front of it. A client that lies
/// about it has a cookie of its own that does not work.
fn is_encrypted(peer: Option<Peer>, headers: &HeaderMap) -> bool {
    let proxy = headers.get("x-forwarded-proto");
    // Behind several proxies the first is the one that the browser spoke with.
    let proxy = proxy.is_some_and(|value| value.as_bytes().starts_with(b"https"));
    proxy || peer.is_some_and(|peer| peer.encrypted)
}

fn key_of_the_link(uri: &Uri) -> Option<String> {
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

/// Sends the browser to the same place without the key. The address is relative: a proxy may have
/// given the port a path.
fn send_on(uri: &Uri, cookie: Option<HeaderValue>) -> Response {
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

/// A page for people, an error for scripts.
fn refuse(request: &Request<Body>, looks: bool, wrong: bool) -> Response {
    let path = request.uri().path();
    let accepts = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let wants_page = path == "/" || accepts.is_some_and(|kinds| kinds.contains("text/html"));
    // The page names its style relative to the root.
    let at_the_root = path.rfind('/') == Some(0);
    let mut response = if looks && wants_page && at_the_root {
        (
            StatusCode::UNAUTHORIZED,
            [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CACHE_CONTROL, "no-store"),
            ],
            page(wrong),
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

fn page(wrong: bool) -> String {
    const PAGE: &str = include_str!("../web/no_access/index.html");
    let (title, link) = if wrong {
        ("This link does not work any more.", "the new one")
    } else {
        ("This page needs your personal link.", "it")
    };
    PAGE.replace("{title}", title).replace("{link}", link)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent_on(to: &str) -> String {
        let uri: Uri = to.parse().expect("an address");
        let response = send_on(&uri, None);
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
