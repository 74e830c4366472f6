//! The certificate and its private key, from the files that the roster names.
//!
//! The cryptography is *ring*'s, which the driver of MongoDB needs anyway; a second library would
//! be another one to watch. Rejected: reading dates with a parser of certificates; webpki, which
//! rustls needs anyway, knows whether a certificate has expired.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};

use super::regular_file::read_regular_file;
use crate::roster::{Diagnostic, Server};

/// The largest file of certificates or of a key, in bytes.
const MAX_PEM_BYTES: u64 = 1 << 20;
/// How long before its expiry a certificate gives a warning.
const EXPIRY_WARNING: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A certificate and its private key, ready to be served.
#[derive(Clone, Debug)]
pub struct LoadedCertificate {
    /// For the ports.
    pub config: Arc<ServerConfig>,
    /// Why browsers reject the certificate, or soon will: its dates.
    pub warning: Option<String>,
}

/// Why two files cannot serve as a certificate and its private key.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The file of the certificate cannot be read.
    #[error("cannot read the certificate {}: {source}", path.display())]
    ReadCertificate {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file has no certificate.
    #[error("there is no certificate in {}{}", path.display(), because(.why.as_ref()))]
    NoCertificate {
        /// The file.
        path: PathBuf,
        /// More about the damage, if it is known.
        why: Option<String>,
    },
    /// The file of the key cannot be read.
    #[error("cannot read the key {}: {source}", path.display())]
    ReadPrivateKey {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file has no private key.
    #[error("there is no private key in {}{}", path.display(), because(.why.as_ref()))]
    NoPrivateKey {
        /// The file.
        path: PathBuf,
        /// More about the damage, if it is known.
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
    PrivateKeyKind {
        /// The file of the key.
        path: PathBuf,
        /// The error of rustls.
        source: rustls::Error,
    },
    /// The certificate is of a kind that cannot be used.
    #[error("the certificate in {} cannot be used: {source}", path.display())]
    CertificateKind {
        /// The file of the certificate.
        path: PathBuf,
        /// The error of rustls.
        source: rustls::Error,
    },
}

fn because(why: Option<&String>) -> String {
    why.map(|why| format!(": {why}")).unwrap_or_default()
}

impl CertificateError {
    /// Whether the private key has to be replaced, and not the certificate.
    pub fn is_about_the_private_key(&self) -> bool {
        match self {
            Self::ReadPrivateKey { .. }
            | Self::NoPrivateKey { .. }
            | Self::Encrypted { .. }
            | Self::Mismatch { .. }
            | Self::PrivateKeyKind { .. } => true,
            Self::ReadCertificate { .. }
            | Self::NoCertificate { .. }
            | Self::CertificateKind { .. } => false,
        }
    }

    /// What to do.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::ReadCertificate { .. } | Self::ReadPrivateKey { .. } => {
                "paths are relative to the roster's folder, and annotd has to be allowed to read them"
            }
            Self::NoCertificate { .. } => {
                "name a PEM file with the whole chain, the server's own certificate first"
            }
            Self::NoPrivateKey { .. } => {
                "name a PEM file with a line such as -----BEGIN PRIVATE KEY----- in it"
            }
            Self::Encrypted { .. } => {
                "take the passphrase off: openssl pkey -in OLD -out NEW, readable for annotd alone"
            }
            Self::Mismatch { .. } => {
                "name the key that the certificate was made with; the server's own certificate comes \
                 first"
            }
            Self::PrivateKeyKind { .. } => {
                "use an ECDSA key (P-256, P-384), Ed25519, or RSA of 2048 bits"
            }
            Self::CertificateKind { .. } => "ask for a new one, of version 3, such as with certbot",
        }
    }
}

/// Reads a certificate (PEM, the chain with the server's own first) and its key (PEM).
///
/// # Errors
/// If they cannot be read or used together. A certificate that has expired can be used; it is in
/// [`LoadedCertificate::warning`].
pub fn read_pair(certificate: &Path, key: &Path) -> Result<LoadedCertificate, CertificateError> {
    let chain = read_chain(certificate)?;
    let secret = read_private_key(key)?;
    let warning = not_valid_now(&chain[0]).map(|why| format!("the certificate {why}"));
    let provider = Arc::new(ring::default_provider());
    let key_error = |source| CertificateError::PrivateKeyKind { path: key.to_owned(), source };
    // First, so that a later error is about the certificate.
    provider.key_provider.load_private_key(secret.clone_key()).map_err(key_error)?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(key_error)?
        .with_no_client_auth()
        .with_single_cert(chain, secret);
    let mut config = config.map_err(|source| match source {
        rustls::Error::InconsistentKeys(_) => CertificateError::Mismatch { path: key.to_owned() },
        source => CertificateError::CertificateKind { path: certificate.to_owned(), source },
    })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(LoadedCertificate { config: Arc::new(config), warning })
}

/// The server's own certificate in a file (PEM): the first of the chain.
///
/// # Errors
/// If there is none.
pub fn own_certificate(path: &Path) -> Result<CertificateDer<'static>, CertificateError> {
    Ok(read_chain(path)?.swap_remove(0))
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let bytes = read_regular_file(path, MAX_PEM_BYTES)
        .map_err(|source| CertificateError::ReadCertificate { path: path.to_owned(), source })?;
    let nothing = |why| CertificateError::NoCertificate { path: path.to_owned(), why };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err(nothing(None)),
        Ok(chain) => Ok(chain),
        Err(error) => Err(nothing(what_is_wrong(&error))),
    }
}

fn read_private_key(path: &Path) -> Result<PrivateKeyDer<'static>, CertificateError> {
    let bytes = read_regular_file(path, MAX_PEM_BYTES)
        .map_err(|source| CertificateError::ReadPrivateKey { path: path.to_owned(), source })?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| {
        let path = path.to_owned();
        if String::from_utf8_lossy(&bytes).contains("ENCRYPTED") {
            return CertificateError::Encrypted { path };
        }
        CertificateError::NoPrivateKey { path, why: what_is_wrong(&error) }
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

/// Why browsers reject a certificate by its dates, now or soon.
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
    // This fails in any case, since nothing is trusted here; dates are checked first.
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

/// Reads the files of `server.cert` and `server.key`; `None` if the roster names none. Paths are
/// relative to `base_dir`, the roster's folder.
///
/// # Errors
/// If they cannot be used: a diagnostic with its place in the roster.
pub fn load(
    server: &Server,
    base_dir: &Path,
) -> Result<Option<LoadedCertificate>, Box<Diagnostic>> {
    let (Some(cert), Some(key)) = (&server.cert, &server.key) else { return Ok(None) };
    match read_pair(&base_dir.join(&cert.value), &base_dir.join(&key.value)) {
        Ok(loaded) => Ok(Some(loaded)),
        Err(error) => {
            let at = if error.is_about_the_private_key() { &key.at } else { &cert.at };
            Err(Box::new(Diagnostic::new(error.to_string(), at.clone()).help(error.remedy())))
        }
    }
}
