//! The TLS handshake.
//!
//! It runs in the connection's task with a timeout, so that a silent client delays no other.
//!
//! People type addresses without `https://`. A handshake begins with a byte that no HTTP request
//! begins with, so a plain request gets the right address, or a redirect to it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The first byte of a TLS connection.
const HANDSHAKE_RECORD: u8 = 0x16;
/// The bytes that are read of a plain request: the host is in its first lines.
const MAX_PLAIN_REQUEST: usize = 8 << 10;

/// Does the handshake with a client, within ten seconds. A plain HTTP request gets the right
/// address.
///
/// # Errors
/// If the client does not, does so wrongly, or takes too long over it.
pub(super) async fn handshake(
    stream: TcpStream,
    config: Arc<ServerConfig>,
) -> io::Result<TlsStream<TcpStream>> {
    let shaken = async {
        let mut first = [0];
        if stream.peek(&mut first).await? == 1 && first[0] != HANDSHAKE_RECORD {
            answer_plain_http(stream).await?;
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it speaks plain HTTP"));
        }
        TlsAcceptor::from(config).accept(stream).await
    };
    match tokio::time::timeout(HANDSHAKE_TIMEOUT, shaken).await {
        Ok(shaken) => shaken,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the handshake took too long")),
    }
}

/// Answers in plain HTTP with the right address; a GET is redirected.
///
/// A key in the address has already been sent unencrypted, so the redirect omits it.
async fn answer_plain_http(mut stream: TcpStream) -> io::Result<()> {
    let mut request = vec![0; MAX_PLAIN_REQUEST];
    let mut length = 0;
    while length < request.len() && !request[..length].windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut request[length..]).await? {
            0 => break,
            more => length += more,
        }
    }
    let request = String::from_utf8_lossy(&request[..length]);
    let looks = request.starts_with("GET ") || request.starts_with("HEAD ");
    let (status, location, address) = match host(&request) {
        Some(host) if looks => {
            ("307 Temporary Redirect", format!("location: https://{host}/\r\n"), host)
        }
        Some(host) => ("400 Bad Request", String::new(), host),
        None => ("400 Bad Request", String::new(), "…"),
    };
    let body = format!("This address needs https: https://{address}/\n");
    let reply = format!(
        "HTTP/1.1 {status}\r\n{location}content-type: text/plain; charset=utf-8\r\n\
         x-content-type-options: nosniff\r\ncache-control: no-store\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(reply.as_bytes()).await?;
    stream.shutdown().await?;
    // Unread bytes would reset the connection, and the client would lose the reply.
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

/// The host that a plain request names, if it is one.
fn host(request: &str) -> Option<&str> {
    let named = request.lines().skip(1).take_while(|line| !line.is_empty()).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("host").then(|| value.trim())
    })?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    (!named.is_empty() && named.chars().all(plain)).then_some(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_a_plain_request_is_a_host_and_nothing_else() {
        let of = |line: &str| {
            host(&format!("GET / HTTP/1.1\r\naccept: */*\r\n{line}\r\n\r\n")).map(str::to_owned)
        };
        assert_eq!(of("Host: a-b.example:9010").as_deref(), Some("a-b.example:9010"));
        assert_eq!(of("host:[::1]:9010").as_deref(), Some("[::1]:9010"));
        assert_eq!(of("host: a/b"), None);
        assert_eq!(of("host: <b>"), None);
        assert_eq!(of("host:"), None);
        assert_eq!(of("x: y"), None);
    }
}
