//! `[store]`, `[server]` and `[lead]`: where things are kept and where they can be reached.

use std::net::{IpAddr, SocketAddr};

use mongodb::error::ErrorKind;
use mongodb::options::ConnectionString;

use super::diagnostic::{Diagnostic, quoted};
use super::reader::{Reader, Section};
use super::schema::{LEAD, SERVER, STORE};
use super::settings::{Access, Lead, Server, StoreSettings};
use super::source_positions::Located;
use super::suggest::closest;

/// Which kind of store a URL names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// A file: the embedded store.
    File,
    /// A MongoDB.
    Mongo,
}

/// Which kind of store this is the URL or the path of.
///
/// For the roster's own `url` the answer is always `Ok`; this is here for a URL that comes from
/// elsewhere, such as the environment, and gets the same treatment.
///
/// # Errors
///
/// A problem (at 0..0) with a remedy. Neither repeats the URL, which may hold a password.
pub fn store_kind(url: &str) -> Result<StoreKind, Box<Diagnostic>> {
    const SCHEMES: [&str; 2] = ["mongodb", "mongodb+srv"];
    let wrong =
        |message: String, help: String| Err(Box::new(Diagnostic::new(message, 0..0).help(help)));
    let scheme = url.split_once(':').filter(|(scheme, rest)| {
        let mut letters = scheme.chars();
        let starts = letters.next().is_some_and(|c| c.is_ascii_alphabetic());
        let goes_on = letters.all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        // A file may have a colon in its name; only these forms mean a URL.
        let url_like = rest.starts_with('/') || SCHEMES.contains(scheme);
        starts && goes_on && (url_like || matches!(*scheme, "sqlite" | "file"))
    });
    match scheme {
        None if url.trim().is_empty() => {
            wrong("the store has no name".into(), "write for example: url = \"annotd.db\"".into())
        }
        None => Ok(StoreKind::File),
        Some((scheme, rest)) if SCHEMES.contains(&scheme) => {
            let host = rest.strip_prefix("//").unwrap_or_default();
            if host.is_empty() || host.starts_with(['/', '?']) {
                return wrong(
                    "this MongoDB URL names no server".into(),
                    format!("write for example: url = \"{scheme}://127.0.0.1:27017/annotd\""),
                );
            }
            match ConnectionString::parse(url) {
                Ok(_) => Ok(StoreKind::Mongo),
                // The driver's words might hold a password.
                Err(_) if url.contains('@') => wrong(
                    "this MongoDB URL cannot be read".into(),
                    "in names and passwords, each of : / ? # [ ] @ % is written as its code: %40 for @".into(),
                ),
                Err(error) => wrong("this MongoDB URL cannot be read".into(), said(&error)),
            }
        }
        Some(("sqlite" | "file", _)) => wrong(
            "a store in a file needs its path only".into(),
            "write for example: url = \"annotd.db\"".into(),
        ),
        Some((scheme, _)) => wrong(
            format!("there is no store for {scheme}: URLs"),
            match closest(scheme, SCHEMES.into_iter()) {
                Some(near) => format!("did you mean {near}://?"),
                None => "write a file name such as \"annotd.db\", or a mongodb:// URL".into(),
            },
        ),
    }
}

/// The driver's words, without what it names its errors.
fn said(error: &mongodb::error::Error) -> String {
    match &*error.kind {
        ErrorKind::InvalidArgument { message, .. } => message.trim_end_matches('.').to_owned(),
        other => other.to_string(),
    }
}

pub(super) fn read_store(reader: &mut Reader, top: &Section<'_>) -> StoreSettings {
    let section = reader.table(top, "store", &STORE);
    let Some(url) = reader.text(&section, "url") else {
        return StoreSettings::default();
    };
    if let Err(problem) = store_kind(&url) {
        reader.report(Diagnostic { at: url.at, ..*problem });
        return StoreSettings::default();
    }
    StoreSettings { url: url.value }
}

pub(super) fn read_server(reader: &mut Reader, top: &Section<'_>) -> Server {
    let section = reader.table(top, "server", &SERVER);
    let bind = reader.text(&section, "bind").and_then(|bind| address(reader, &bind));
    let access = reader.choice(&section, "access", &[("open", Access::Open), ("key", Access::Key)]);
    let cert = reader.text(&section, "cert");
    let key = reader.text(&section, "key");
    for (name, value, other) in [("cert", &cert, "key"), ("key", &key, "cert")] {
        if let Some(value) = value
            && section.lacks(other)
        {
            reader.report(
                Diagnostic::new(format!("there is a {name} without a {other}"), value.at.clone())
                    .help(format!("add {other} = \"{other}.pem\", or delete {name}")),
            );
        }
    }
    let url = reader.text(&section, "url").and_then(|url| shown_url(reader, &url));
    let watch = reader.boolean(&section, "watch").unwrap_or(false);
    let bind = bind.map_or(Server::default().bind, |bind| bind.value);
    Server { bind, access, cert, key, watch, url }
}

/// The address that people see, as a pattern.
fn shown_url(reader: &mut Reader, url: &Located<String>) -> Option<String> {
    const EXAMPLE: &str = "write for example: url = \"https://{name}.annotate.example.org/\"";
    let bare = url.replace("{name}", "x").replace("{port}", "1");
    let host = bare.strip_prefix("https://").or_else(|| bare.strip_prefix("http://"));
    let wrong = if host.is_none_or(|host| host.is_empty() || host.starts_with(['/', ':'])) {
        Some(format!("{} is not the URL of a page", quoted(url)))
    } else if bare.contains(['{', '}']) {
        Some("only {name} and {port} can be filled in here".to_owned())
    } else if bare.contains(['?', '#', '"', '<', '>', '\\', '@'])
        || bare.contains(|c: char| c.is_whitespace() || c.is_control())
    {
        Some("there is something in this URL that does not belong there".to_owned())
    } else if bare == **url {
        Some("this URL gives all annotators the same address".to_owned())
    } else {
        None
    };
    if let Some(message) = wrong {
        reader.report(Diagnostic::new(message, url.at.clone()).help(EXAMPLE));
        return None;
    }
    let slash = if url.ends_with('/') { "" } else { "/" };
    Some(format!("{}{slash}", url.value))
}

pub(super) fn read_lead(reader: &mut Reader, top: &Section<'_>) -> Lead {
    let section = reader.table(top, "lead", &LEAD);
    let port = port(reader, &section).map_or(Lead::default().port, |p| p.value);
    Lead { port }
}

/// A TCP port.
pub(super) fn port(reader: &mut Reader, section: &Section<'_>) -> Option<Located<u16>> {
    let port = reader.integer(section, "port", 1..=u32::from(u16::MAX))?;
    u16::try_from(port.value).ok().map(|value| Located::new(value, port.at))
}

fn address(reader: &mut Reader, bind: &Located<String>) -> Option<Located<IpAddr>> {
    if let Ok(address) = bind.parse() {
        return Some(Located::new(address, bind.at.clone()));
    }
    let bare = bind.trim().trim_start_matches('[').trim_end_matches(']');
    let help = if let Ok(with_port) = bind.parse::<SocketAddr>() {
        format!("leave out the port: bind = \"{}\"; every annotator has one", with_port.ip())
    } else if let Ok(address) = bare.parse::<IpAddr>() {
        format!("write bind = \"{address}\"")
    } else if bare.eq_ignore_ascii_case("localhost") {
        "write bind = \"127.0.0.1\"".to_owned()
    } else {
        "write \"127.0.0.1\" for this machine alone, \"0.0.0.0\" for all its addresses".to_owned()
    };
    reader.report(
        Diagnostic::new(format!("{} is not an IP address", quoted(bind)), bind.at.clone())
            .help(help),
    );
    None
}
