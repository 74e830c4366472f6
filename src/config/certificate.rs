//! The certificate that a roster names, with its mistakes as problems of the roster.

use std::path::Path;

use crate::http::tls;
use crate::roster::{Diagnostic, Server};

/// What the files of the roster's `server.cert` and `server.key` hold, or nothing if it names none.
/// Paths are relative to `page_extras`, the roster's folder.
///
/// # Errors
/// If they cannot be used: a problem at its place in the roster.
pub fn load(server: &Server, base_dir: &Path) -> Result<Option<tls::Loaded>, Box<Diagnostic>> {
    let (Some(cert), Some(key)) = (&server.cert, &server.key) else { return Ok(None) };
    match tls::load(&base_dir.join(&cert.value), &base_dir.join(&key.value)) {
        Ok(loaded) => Ok(Some(loaded)),
        Err(error) => {
            let at = if error.is_about_the_key() { &key.at } else { &cert.at };
            Err(Box::new(Diagnostic::new(error.to_string(), at.clone()).help(error.remedy())))
        }
    }
}
