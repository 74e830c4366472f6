//! Origins of the web, `https://images.example.org`: a scheme, a host and perhaps a port.
//!
//! They end up in the Content-Security-Policy and are compared with what a browser says of an
//! address, so they are kept as browsers write them: in lower case, without the usual port.
//! Rejected: paths, which a redirection gets around, and `*`, which allows hosts that the lead does
//! not know.

use std::net::Ipv6Addr;

use super::diagnostic::{Diagnostic, quoted};
use super::reader::{Reader, Section};
use super::source_positions::Located;

const EXAMPLE: &str = "write for example: media_from = [\"https://images.example.org\"]";

pub(super) fn read(reader: &mut Reader, section: &Section<'_>, key: &str) -> Vec<String> {
    let mut origins = Vec::new();
    for written in reader.string_list(section, key).map(|list| list.value).unwrap_or_default() {
        match origin(&written) {
            Ok(value) => origins.push(Located::new(value, written.at)),
            Err((message, help)) => reader.report(Diagnostic::new(message, written.at).help(help)),
        }
    }
    reader.unique("origin", origins)
}

/// The origin as browsers write it, or what is wrong and what would be right.
fn origin(written: &str) -> Result<String, (String, String)> {
    let shown = quoted(written);
    let lower = written.to_ascii_lowercase();
    let (scheme, usual) = match lower.split_once("://") {
        Some(("https", _)) => ("https", 443),
        Some(("http", _)) => ("http", 80),
        _ => {
            let bare = lower.split_once("://").map_or(&*lower, |(_, rest)| rest);
            let help = match origin(&format!("https://{bare}")) {
                Ok(right) if !bare.is_empty() => format!("write \"{right}\""),
                _ => EXAMPLE.to_owned(),
            };
            return Err((format!("{shown} does not begin with https:// or http://"), help));
        }
    };
    let rest = &lower[scheme.len() + "://".len()..];
    if let Some(end) = rest.find(['/', '?', '#']) {
        let help = match origin(&format!("{scheme}://{}", &rest[..end])) {
            Ok(right) => format!("write \"{right}\": a host is allowed as a whole"),
            Err(_) => EXAMPLE.to_owned(),
        };
        return Err((format!("{shown} has more than a host"), help));
    }
    if rest.contains('*') {
        let help = "name each host: a * also allows hosts that you do not know".to_owned();
        return Err((format!("{shown} is not one host"), help));
    }
    let no_host = || (format!("{shown} is not the address of a host"), EXAMPLE.to_owned());
    let (host, port) = match rest.rfind(':') {
        Some(colon) if !rest[colon..].contains(']') => (&rest[..colon], Some(&rest[colon + 1..])),
        _ => (rest, None),
    };
    if !is_host(host) {
        return Err(if host.is_ascii() {
            no_host()
        } else {
            let help = "write it as browsers send it, beginning with xn--".to_owned();
            (format!("{shown} has a name with other letters than a to z"), help)
        });
    }
    match port {
        None => Ok(format!("{scheme}://{host}")),
        Some(port) => match port.parse::<u16>() {
            Ok(port) if port == usual => Ok(format!("{scheme}://{host}")),
            Ok(port) if port > 0 => Ok(format!("{scheme}://{host}:{port}")),
            _ => Err(no_host()),
        },
    }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let part = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    host.split('.').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_as_browsers_write_them() {
        for (written, expected) in [
            ("https://images.example.org", "https://images.example.org"),
            ("HTTPS://Images.Example.org:443", "https://images.example.org"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:80", "http://[::1]"),
        ] {
            assert_eq!(origin(written).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn nothing_but_an_origin_gets_into_the_policy() {
        for written in [
            "",
            "https://",
            "https:// a",
            "https://a; script-src *",
            "https://a'",
            "data:",
            "*",
            "https://*",
            "https://a:0",
            "https://a:b",
            "https://a..b",
            "https://user@a",
            "javascript://a",
        ] {
            assert!(origin(written).is_err(), "{written}");
        }
    }
}
