//! Asks the daemon that runs, at the lead's port of the roster.
//!
//! One function for all commands that prefer its word to the store's. Whoever does not answer soon
//! is taken as not there, and the command looks into the store itself.
//!
//! How the lead's port is reached (its address, TLS, a key) is decided in `connect` and `request`
//! alone. Over TLS the daemon is known by the very certificate that the roster names: it need not
//! be one that this machine trusts, nor one for the address that is bound.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::pinned;
use crate::config::certificate;
use crate::config::file::RosterFile;
use crate::roster::Roster;

/// How long the daemon may take, from the connection to the last byte.
const PATIENCE: Duration = Duration::from_secs(2);
/// The largest reply that is read, in bytes: the status of ten thousand annotators has a few
/// million.
const LARGEST: usize = 64 << 20;

/// Why there is no word from the daemon.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoWord {
    /// Nobody listens, or whoever does is silent.
    #[error("The daemon does not answer at {0}")]
    NoAnswer(String),
    /// Somebody answers who is not annotd.
    #[error("What answers at {0} is not annotd")]
    Stranger(String),
}

/// Where the lead's port of a roster is.
pub(super) fn lead_address(roster: &Roster) -> String {
    let scheme = if roster.server.cert.is_some() { "https" } else { "http" };
    format!("{scheme}://{}/", socket_address(roster))
}

fn socket_address(roster: &Roster) -> SocketAddr {
    let ip = match roster.server.bind {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, roster.lead.port)
}

/// What the lead's port says at a path, as JSON. `key` is the lead's, where access needs one.
pub(super) async fn ask_lead(
    file: &RosterFile,
    path: &str,
    key: Option<&str>,
) -> Result<Value, NoWord> {
    let address = lead_address(&file.roster);
    match tokio::time::timeout(PATIENCE, get(file, path, key)).await {
        Ok(Ok(Some(value))) => Ok(value),
        Ok(Ok(None)) => Err(NoWord::Stranger(address)),
        // Why it does not is of no use to anybody: it is the store's turn.
        Ok(Err(_)) | Err(_) => Err(NoWord::NoAnswer(address)),
    }
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Nothing if whoever answers does not speak as annotd does.
async fn get(file: &RosterFile, path: &str, key: Option<&str>) -> Result<Option<Value>, Failed> {
    let stream = connect(file).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
    let talk = tokio::spawn(connection);
    let reply = sender.send_request(request(&file.roster, path, key)?).await;
    let said = match reply {
        Ok(reply) if reply.status() == StatusCode::OK => {
            let body = Limited::new(reply.into_body(), LARGEST).collect().await?.to_bytes();
            serde_json::from_slice(&body).ok()
        }
        Ok(_) => None,
        // Something that does not speak HTTP.
        Err(error) if error.is_parse() => None,
        Err(error) => return Err(error.into()),
    };
    talk.abort();
    Ok(said)
}

/// A connection, with or without TLS.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

async fn connect(file: &RosterFile) -> Result<TokioIo<Box<dyn Stream>>, Failed> {
    let address = socket_address(&file.roster);
    let stream = TcpStream::connect(address).await?;
    let Some(certificate) = &file.roster.server.cert else {
        return Ok(TokioIo::new(Box::new(stream)));
    };
    let certificate = certificate::own_certificate(&file.base_dir().join(&certificate.value))?;
    let config = pinned::client(certificate)?;
    let name = ServerName::IpAddress(address.ip().into());
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    Ok(TokioIo::new(Box::new(stream)))
}

fn request(
    roster: &Roster,
    path: &str,
    key: Option<&str>,
) -> Result<Request<Empty<Bytes>>, Failed> {
    let mut request = Request::get(path).header(header::HOST, socket_address(roster).to_string());
    if let Some(key) = key {
        request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
    }
    Ok(request.body(Empty::new())?)
}
