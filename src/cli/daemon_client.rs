//! Asks the daemon that runs, at the lead's port of the roster.
//!
//! One function for all commands that prefer its word to the store's. Whoever does not answer soon is
//! taken as not there, and the command looks into the store itself.
//!
//! How the lead's port is reached (its address, TLS, a key) is decided in `connect` and `request` alone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::roster::Roster;

/// How long the daemon may take, from the connection to the last byte.
const PATIENCE: Duration = Duration::from_secs(2);
/// The largest reply that is read, in bytes: the status of ten thousand annotators has a few million.
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
    format!("http://{}/", socket_address(roster))
}

fn socket_address(roster: &Roster) -> SocketAddr {
    let ip = match roster.server.bind {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, roster.lead.port)
}

/// What the lead's port says at a path, as JSON.
pub(super) async fn ask_lead(roster: &Roster, path: &str) -> Result<Value, NoWord> {
    let address = lead_address(roster);
    match tokio::time::timeout(PATIENCE, get(roster, path)).await {
        Ok(Ok(Some(value))) => Ok(value),
        Ok(Ok(None)) => Err(NoWord::Stranger(address)),
        // Why it does not is of no use to anybody: it is the store's turn.
        Ok(Err(_)) | Err(_) => Err(NoWord::NoAnswer(address)),
    }
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Nothing if whoever answers does not speak as annotd does.
async fn get(roster: &Roster, path: &str) -> Result<Option<Value>, Failed> {
    let stream = connect(roster).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
    let talk = tokio::spawn(connection);
    let reply = sender.send_request(request(roster, path)?).await;
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

async fn connect(roster: &Roster) -> Result<TokioIo<TcpStream>, Failed> {
    Ok(TokioIo::new(TcpStream::connect(socket_address(roster)).await?))
}

fn request(roster: &Roster, path: &str) -> Result<Request<Empty<Bytes>>, Failed> {
    let request = Request::get(path).header(header::HOST, socket_address(roster).to_string());
    Ok(request.body(Empty::new())?)
}
