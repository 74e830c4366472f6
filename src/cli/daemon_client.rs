//! Asks the running daemon, at the lead's port of the roster.
//!
//! One function for all commands that ask the daemon before the store. If the daemon does not
//! answer within [`TIMEOUT`], the command reads the store itself.
//!
//! Only `connect` and `request` decide how the lead's port is reached: its address, TLS, a key.
//! Over TLS the daemon is recognised by the certificate that the roster names. This machine need
//! not trust it, and it need not name the bound address.
//!
//! Rejected: a client with a pool of connections, for one request (decision 44).

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

use super::pinned_tls;
use crate::config::certificate;
use crate::config::file::RosterFile;
use crate::roster::Roster;

/// Limit of the whole request, from the connection to the last byte.
const TIMEOUT: Duration = Duration::from_secs(2);
/// The largest reply, in bytes; the status of ten thousand annotators has a few million.
const MAX_REPLY_BYTES: usize = 64 << 20;

/// Why the daemon gave no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum DaemonError {
    /// No program listens at this address, or it is silent.
    #[error("The daemon does not answer at {0}")]
    NoAnswer(String),
    /// Another program answers.
    #[error("Another program than annotd answers at {0}")]
    NotAnnotd(String),
}

/// The URL of the lead's port.
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

/// The JSON that the lead's port returns for a path. `key` is the lead's, if keys are on.
pub(super) async fn get_from_lead(
    file: &RosterFile,
    path: &str,
    key: Option<&str>,
) -> Result<Value, DaemonError> {
    let address = lead_address(&file.roster);
    match tokio::time::timeout(TIMEOUT, get(file, path, key)).await {
        Ok(Ok(Some(value))) => Ok(value),
        Ok(Ok(None)) => Err(DaemonError::NotAnnotd(address)),
        // The reason does not matter: the command reads the store next.
        Ok(Err(_)) | Err(_) => Err(DaemonError::NoAnswer(address)),
    }
}

type AnyError = Box<dyn Error + Send + Sync>;

/// Sends one request. None if the reply is not annotd's.
async fn get(file: &RosterFile, path: &str, key: Option<&str>) -> Result<Option<Value>, AnyError> {
    let stream = connect(file).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
    let driver = tokio::spawn(connection);
    let reply = sender.send_request(request(&file.roster, path, key)?).await;
    let value = match reply {
        Ok(reply) if reply.status() == StatusCode::OK => {
            let body = Limited::new(reply.into_body(), MAX_REPLY_BYTES).collect().await?.to_bytes();
            serde_json::from_slice(&body).ok()
        }
        Ok(_) => None,
        // The other side does not speak HTTP.
        Err(error) if error.is_parse() => None,
        Err(error) => return Err(error.into()),
    };
    driver.abort();
    Ok(value)
}

/// A connection, with or without TLS.
type Stream = Either<TcpStream, TlsStream<TcpStream>>;

async fn connect(file: &RosterFile) -> Result<TokioIo<Stream>, AnyError> {
    let address = socket_address(&file.roster);
    let stream = TcpStream::connect(address).await?;
    let Some(certificate) = &file.roster.server.cert else {
        return Ok(TokioIo::new(Either::Left(stream)));
    };
    let certificate = certificate::own_certificate(&file.base_dir().join(&certificate.value))?;
    let config = pinned_tls::client(certificate)?;
    let name = ServerName::IpAddress(address.ip().into());
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    Ok(TokioIo::new(Either::Right(stream)))
}

fn request(
    roster: &Roster,
    path: &str,
    key: Option<&str>,
) -> Result<Request<Empty<Bytes>>, AnyError> {
    let mut request = Request::get(path).header(header::HOST, socket_address(roster).to_string());
    if let Some(key) = key {
        request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
    }
    Ok(request.body(Empty::new())?)
}
