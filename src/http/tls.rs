//! TLS for the ports: a certificate and its key from files, and the handshake.
//!
//! All ports share a [`Certificate`] and read it at each connection: a renewed one takes effect at
//! once, and touches neither listeners nor open connections. The handshake runs in the connection's
//! task with a timeout, so that a silent client delays no other.
//!
//! People type addresses without `https://`. A handshake begins with a byte that no HTTP request
//! begins with, so a plain request gets the right address, or a redirect to it.
//!
//! The cryptography is *ring*'s, which the driver of MongoDB brings along; two of them would be one
//! to watch too many. Rejected: reading dates with a parser of certificates; webpki, which rustls
//! needs anyway, says whether one has expired.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::read_regular_file;

/// How long a handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The first byte of a TLS connection.
const HANDSHAKE_RECORD: u8 = 0x16;
/// The bytes that are read of a plain request: the host is in its first lines.
const MAX_PLAIN_REQUEST: usize = 8 << 10;
/// The largest file of certificates or of a key, in bytes.
const MAX_PEM_BYTES: u64 = 1 << 20;
/// How long before its expiry a certificate gives a warning.
const EXPIRY_WARNING: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The certificate that all ports serve, or none; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Certificate(Arc<ArcSwapOption<ServerConfig>>);

impl Certificate {
    /// Serves this from the next connection on.
    pub fn set(&self, config: Option<Arc<ServerConfig>>) {
        self.0.store(config);
    }

    /// What is served now.
    pub fn now(&self) -> Option<Arc<ServerConfig>> {
        self.0.load_full()
    }
}

/// What two files hold, ready to be served.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// For [`Certificate::set`].
    pub config: Arc<ServerConfig>,
    /// What browsers will complain of, or soon will: a certificate that is not valid now.
    pub warning: Option<String>,
}

/// Why two files are no certificate with its key.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of the certificate cannot be read.
    #[error("cannot read the certificate {}: {source}", path.display())]
    ReadCertificate {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It holds no certificate.
    #[error("there is no certificate in {}{}", path.display(), because(.why.as_ref()))]
    NoCertificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, if it is more than that.
        why: Option<String>,
    },
    /// The file of the key cannot be read.
    #[error("cannot read the key {}: {source}", path.display())]
    ReadKey {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It holds no key.
    #[error("there is no private key in {}{}", path.display(), because(.why.as_ref()))]
    NoKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, if it is more than that.
        why: Option<String>,
    },
    /// The key has a passphrase.
    #[error("the key in {} needs a passphrase, which annotd cannot ask for", path.display())]
    Encrypted {
        /// The file.
        path: PathBuf,
    },
    /// The key is another certificate's.
    #[error("the key in {} does not belong to the certificate", path.display())]
    Mismatch {
        /// The file of the key.
        path: PathBuf,
    },
    /// The key is of a kind that cannot be used.
    #[error("the key in {} cannot be used: {source}", path.display())]
    KeyKind {
        /// The file of the key.
        path: PathBuf,
        /// What rustls says.
        source: rustls::Error,
    },
    /// The certificate is of a kind that cannot be used.
    #[error("the certificate in {} cannot be used: {source}", path.display())]
    CertificateKind {
        /// The file of the certificate.
        path: PathBuf,
        /// What rustls says.
        source: rustls::Error,
    },
}

fn because(why: Option<&String>) -> String {
    why.map(|why| format!(": {why}")).unwrap_or_default()
}

impl TlsError {
    /// Whether it is the key that has to be mended, and not the certificate.
    pub fn is_about_the_key(&self) -> bool {
        match self {
            Self::ReadKey { .. }
            | Self::NoKey { .. }
            | Self::Encrypted { .. }
            | Self::Mismatch { .. }
            | Self::KeyKind { .. } => true,
            Self::ReadCertificate { .. }
            | Self::NoCertificate { .. }
            | Self::CertificateKind { .. } => false,
        }
    }

    /// What to do.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::ReadCertificate { .. } | Self::ReadKey { .. } => {
                "paths are relative to the roster's folder, and annotd has to be allowed to read them"
            }
            Self::NoCertificate { .. } => {
                "name a PEM file with the whole chain, the server's own certificate first"
            }
            Self::NoKey { .. } => {
                "name a PEM file with a line such as -----BEGIN PRIVATE KEY----- in it"
            }
            Self::Encrypted { .. } => {
                "take the passphrase off: openssl pkey -in OLD -out NEW, readable for annotd alone"
            }
            Self::Mismatch { .. } => {
                "name the key that the certificate was made with; the server's own certificate comes \
                 first"
            }
            Self::KeyKind { .. } => "use an ECDSA key (P-256, P-384), Ed25519, or RSA of 2048 bits",
            Self::CertificateKind { .. } => "ask for a new one, of version 3, such as with certbot",
        }
    }
}

/// Reads a certificate (PEM, the chain with the server's own first) and its key (PEM).
///
/// # Errors
/// If they cannot be read or used together. A certificate that has expired can be used; it is in
/// [`Loaded::warning`].
pub fn load(certificate: &Path, key: &Path) -> Result<Loaded, TlsError> {
    let chain = read_chain(certificate)?;
    let secret = read_key(key)?;
    let warning = not_valid_now(&chain[0]).map(|why| format!("the certificate {why}"));
    let provider = Arc::new(ring::default_provider());
    let key_error = |source| TlsError::KeyKind { path: key.to_owned(), source };
    // Asked first, so that what is said next is about the certificate.
    provider.key_provider.load_private_key(secret.clone_key()).map_err(key_error)?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(key_error)?
        .with_no_client_auth()
        .with_single_cert(chain, secret);
    let mut config = config.map_err(|source| match source {
        rustls::Error::InconsistentKeys(_) => TlsError::Mismatch { path: key.to_owned() },
        source => TlsError::CertificateKind { path: certificate.to_owned(), source },
    })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Loaded { config: Arc::new(config), warning })
}

/// The server's own certificate in a file (PEM): the first of the chain.
///
/// # Errors
/// If there is none.
pub fn own_certificate(path: &Path) -> Result<CertificateDer<'static>, TlsError> {
    Ok(read_chain(path)?.swap_remove(0))
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bytes = read_regular_file(path, MAX_PEM_BYTES)
        .map_err(|source| TlsError::ReadCertificate { path: path.to_owned(), source })?;
    let nothing = |why| TlsError::NoCertificate { path: path.to_owned(), why };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err(nothing(None)),
        Ok(chain) => Ok(chain),
        Err(error) => Err(nothing(what_is_wrong(&error))),
    }
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let bytes = read_regular_file(path, MAX_PEM_BYTES)
        .map_err(|source| TlsError::ReadKey { path: path.to_owned(), source })?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| {
        let path = path.to_owned();
        if String::from_utf8_lossy(&bytes).contains("ENCRYPTED") {
            return TlsError::Encrypted { path };
        }
        TlsError::NoKey { path, why: what_is_wrong(&error) }
    })
}

/// For people; quotes nothing of the file, since it may be a key.
fn what_is_wrong(error: &pem::Error) -> Option<String> {
    match error {
        pem::Error::NoItemsFound => None,
        pem::Error::MissingSectionEnd { .. } => Some("its last line is missing".to_owned()),
        _ => Some("it is damaged".to_owned()),
    }
}

/// Why browsers will not take a certificate, or soon will not any more, as far as its dates go.
fn not_valid_now(certificate: &CertificateDer<'_>) -> Option<String> {
    let now = UnixTime::now();
    let soon = UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs()) + EXPIRY_WARNING);
    match out_of_time(certificate, now) {
        Some(why) => Some(why),
        None => out_of_time(certificate, soon),
    }
}

fn out_of_time(certificate: &CertificateDer<'_>, at: UnixTime) -> Option<String> {
    let parsed = webpki::EndEntityCert::try_from(certificate).ok()?;
    // Nothing is trusted here, so it fails in any case; the dates are looked at first.
    let usage = webpki::KeyUsage::server_auth();
    let verified = parsed.verify_for_usage(&[], &[], &[], at, usage, None, None);
    let day = |time: UnixTime| {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        jiff::Timestamp::from_second(seconds).map_or_else(|_| "?".to_owned(), |t| t.to_string())
    };
    match verified.err()? {
        webpki::Error::CertExpired { not_after, .. } if not_after < UnixTime::now() => {
            Some(format!("expired at {}", day(not_after)))
        }
        webpki::Error::CertExpired { not_after, .. } => {
            Some(format!("expires at {}", day(not_after)))
        }
        webpki::Error::CertNotValidYet { not_before, .. } => {
            Some(format!("is not valid before {}", day(not_before)))
        }
        _ => None,
    }
}

/// Does the handshake with a client, within ten seconds. A plain HTTP request gets the right
/// address.
///
/// # Errors
/// If the client does not, does so wrongly, or takes too long over it.
pub async fn handshake(
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
