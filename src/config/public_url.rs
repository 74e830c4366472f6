//! The URL of a port, as people open it.
//!
//! The bound address is not always one that people can open: not `0.0.0.0`, and not behind a
//! reverse proxy. So every URL that is shown comes from here: the roster's `server.url` if there is
//! one, otherwise the bound address, or the machine's name if all addresses are bound.

use std::net::SocketAddr;

use crate::roster::Server;

/// The public URL of a port, with a slash at its end. `address` is where it is bound, or is to be.
pub fn public_url(server: &Server, name: &str, address: SocketAddr) -> String {
    match &server.url {
        Some(url) => url.replace("{name}", name).replace("{port}", &address.port().to_string()),
        None => socket_url(server, address),
    }
}

/// The public URL of a port of the roster.
pub fn for_port(server: &Server, name: &str, port: u16) -> String {
    public_url(server, name, SocketAddr::new(server.bind, port))
}

/// The address of a socket that was bound, with a slash at its end; `server.url` has no part in it.
pub fn socket_url(server: &Server, address: SocketAddr) -> String {
    let scheme = if server.cert.is_some() { "https" } else { "http" };
    if address.ip().is_unspecified() {
        let host = gethostname::gethostname();
        // A hostname that is not UTF-8 is useless in a URL; use localhost.
        let host = host.to_str().filter(|host| !host.is_empty()).unwrap_or("localhost");
        return format!("{scheme}://{host}:{}/", address.port());
    }
    format!("{scheme}://{address}/")
}

/// The personal link: the URL with the key, if there is one.
pub fn link_with_key(address: &str, key: Option<&str>) -> String {
    match key {
        Some(key) => format!("{address}?key={key}"),
        None => address.to_owned(),
    }
}

/// The warning for servers that are [`is_unencrypted`].
pub const UNENCRYPTED_WARNING: &str = "keys and answers go over the network unencrypted; name a certificate with \
    cert and key under [server], or put a reverse proxy with TLS in front and say its address with url";

/// Whether keys are sent over the network unencrypted.
pub fn is_unencrypted(server: &Server) -> bool {
    let encrypted =
        server.cert.is_some() || server.url.as_ref().is_some_and(|url| url.starts_with("https://"));
    !encrypted && !server.bind.to_canonical().is_loopback()
}
