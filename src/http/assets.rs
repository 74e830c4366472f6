//! The pages, styles and modules, embedded in the binary.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Write;
use std::sync::{LazyLock, Mutex, PoisonError};

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::{HeaderMap, StatusCode, header};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use super::{ApiError, gzip, module_preloads};

#[derive(RustEmbed)]
#[folder = "src/web/"]
struct Web;

/// The embedded pages, with links to the modules that they import.
static PAGES: LazyLock<HashMap<String, Vec<u8>>> = LazyLock::new(|| {
    let read = |path: &str| {
        let file = Web::get(path)?;
        std::str::from_utf8(&file.data).ok().map(ToOwned::to_owned)
    };
    let pages = Web::iter().filter(|path| path.ends_with(".html"));
    pages
        .filter_map(|path| {
            let page = module_preloads::with_preloads(&read(&path)?, read);
            Some((path.into_owned(), page.into_bytes()))
        })
        .collect()
});

/// The embedded files, compressed when first asked for and kept so.
static COMPRESSED: LazyLock<Mutex<HashMap<String, Bytes>>> = LazyLock::new(Mutex::default);

fn compressed(path: &str, data: &[u8]) -> Bytes {
    let mut known = COMPRESSED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(bytes) = known.get(path) {
        return bytes.clone();
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let bytes = encoder.write_all(&strip_comments(path, data)).and_then(|()| encoder.finish());
    let bytes = Bytes::from(bytes.expect("writing to memory does not fail"));
    known.insert(path.to_owned(), bytes.clone());
    bytes
}

/// A module or stylesheet without comments and indentation, which are half of its bytes. Lines
/// stay, so that an error's line number is that of the file. A file with a text of several lines
/// keeps its indentation; only comments between `/*` and `*/` that fill lines of their own are left
/// out.
fn strip_comments<'a>(path: &str, data: &'a [u8]) -> Cow<'a, [u8]> {
    let extension = path.rsplit('.').next();
    let is_module = extension == Some("js");
    let Some(text) =
        std::str::from_utf8(data).ok().filter(|_| is_module || extension == Some("css"))
    else {
        return Cow::Borrowed(data);
    };
    let mut kept = String::with_capacity(text.len());
    let mut inside = false;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        let ends = trimmed.find("*/").map(|at| at + 2 == trimmed.len());
        let begins = !inside && trimmed.starts_with("/*");
        match (inside || begins, ends) {
            (true, None) => inside = true,
            (true, Some(true)) => inside = false,
            (true, Some(false)) if inside => {
                inside = false;
                kept.push_str(trimmed.split_once("*/").map_or("", |(_, rest)| rest));
            }
            (true, Some(false)) | (false, _) => {
                kept.push_str(line);
                continue;
            }
        }
        kept.push('\n');
    }
    if kept.lines().any(|line| line.matches('`').count() % 2 == 1) {
        return Cow::Owned(kept.into_bytes());
    }
    let mut sent = String::with_capacity(kept.len());
    for line in kept.split_inclusive('\n') {
        let line = line.trim_start_matches(' ');
        match (is_module, line.starts_with("//")) {
            (true, true) => sent.push('\n'),
            (true, false) => without_types(line, &mut sent),
            (false, _) => sent.push_str(line),
        }
    }
    Cow::Owned(sent.into_bytes())
}

/// Adds a line without its types (`/** @type {…} */`), unless one might be part of a text.
fn without_types(line: &str, sent: &mut String) {
    let mut rest = line;
    while let Some(at) = rest.find("/** @") {
        let (before, comment) = rest.split_at(at);
        let in_text = |quote| before.matches(quote).count() % 2 == 1;
        let Some(length) =
            comment.find("*/").filter(|_| !['"', '\'', '`'].into_iter().any(in_text))
        else {
            break;
        };
        sent.push_str(before);
        rest = comment[length + 2..].trim_start_matches(' ');
    }
    sent.push_str(rest);
}

/// A text file below `src/web/`.
pub(super) fn text(path: &str) -> Option<String> {
    String::from_utf8(Web::get(path)?.data.into_owned()).ok()
}

/// The file of this path below `src/web/`.
pub(super) fn send(path: &str, headers: &HeaderMap) -> Response {
    let (data, hash) = if let Some(page) = PAGES.get(path) {
        (Cow::Borrowed(page.as_slice()), Sha256::digest(page).into())
    } else if let Some(file) = Web::get(path) {
        let hash = file.metadata.sha256_hash();
        (file.data, hash)
    } else {
        return ApiError::not_found(format!("There is no file {path:?} here.")).into_response();
    };
    // The browser revalidates each time (304), so that no page after an upgrade is half old.
    let tag = format!("\"{}\"", hex::encode(&hash[..8]));
    let known =
        headers.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let caching = [(header::ETAG, tag), (header::CACHE_CONTROL, "no-cache".to_owned())];
    if known {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    let about = [(header::CONTENT_TYPE, content_type(path)), (header::VARY, "accept-encoding")];
    if gzip::is_taken(headers) {
        let body = compressed(path, &data);
        return (caching, about, [(header::CONTENT_ENCODING, "gzip")], body).into_response();
    }
    (caching, about, strip_comments(path, &data).into_owned()).into_response()
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::interface::Interface;

    #[test]
    fn a_page_names_the_modules_that_it_imports_and_all_of_them_are_there() {
        for page in ["annotate/index.html", "lead/index.html"] {
            let text = std::str::from_utf8(&PAGES[page]).expect("UTF-8");
            let linked: Vec<&str> = text
                .split("modulepreload\" href=\"assets/")
                .skip(1)
                .filter_map(|rest| rest.split('"').next())
                .collect();
            assert!(linked.contains(&"shared/dom.js"), "{page}: {linked:?}");
            for path in linked {
                assert!(Web::get(path).is_some(), "{page} names {path}");
            }
        }
    }

    /// What a file is on the wire: its bytes, and about as much for its headers as browsers count.
    fn weight(path: &str) -> usize {
        let data = PAGES.get(path).cloned();
        let data = data.unwrap_or_else(|| Web::get(path).expect(path).data.into_owned());
        compressed(path, &data).len() + 300
    }

    /// The files of an interface, by the line of it in the page's list.
    fn files_of(interface: &str) -> BTreeSet<String> {
        let list = text("annotate/interfaces/registry.js").expect("the list of interfaces");
        let begin = format!("  {interface}: {{ module:");
        let line = list.lines().find(|line| line.starts_with(&begin)).expect("a line of the list");
        let mut named = line.split('"').skip(1).step_by(2);
        let module = named.next().expect("a module").trim_start_matches("./");
        let module = format!("annotate/interfaces/{module}");
        let mut files = module_preloads::imported(&module, text);
        files.insert(module);
        files.extend(named.map(|style| format!("annotate/styles/{style}.css")));
        files
    }

    #[test]
    fn the_page_of_each_interface_weighs_less_than_120_kb() {
        let page = std::str::from_utf8(&PAGES["annotate/index.html"]).expect("UTF-8");
        let linked: BTreeSet<String> = page
            .split("=\"assets/")
            .skip(1)
            .filter_map(|rest| rest.split('"').next().map(ToOwned::to_owned))
            .collect();
        for interface in Interface::names() {
            let mut files = linked.clone();
            files.insert("annotate/index.html".to_owned());
            files.extend(files_of(interface));
            // An interface that is made of others weighs what they weigh: here of two or three.
            let parts: &[&str] = match interface {
                "blocks" => &["text", "choice", "text_input"],
                "pages" => &["choice", "text_input"],
                _ => &[],
            };
            files.extend(parts.iter().flat_map(|part| files_of(part)));
            let bytes: usize = files.iter().map(|path| weight(path)).sum();
            // With the project and the first tasks.
            let whole = bytes + 3_000;
            assert!((20_000..120_000).contains(&whole), "{interface}: {whole} bytes");
        }
    }

    #[test]
    fn comments_stay_at_home_and_lines_keep_their_numbers() {
        let source = "/**\n * What it is.\n */\nconst a = 1;\n  /** @type {X} */\n  \
            /** @type {Y} */ (a).b();\nconst c = \"/* no */\"; // why\n/* one\n two */ d();\n";
        let sent = strip_comments("a.js", source.as_bytes());
        let sent = std::str::from_utf8(&sent).expect("UTF-8");
        assert_eq!(
            sent,
            "\n\n\nconst a = 1;\n\n(a).b();\nconst c = \"/* no */\"; // why\n\nd();\n"
        );
        let types =
            b"f(/** @type {A} */ (a), /** @type {B} */ (b));\n// why\nconst t = \"/** @x */\";\n";
        assert_eq!(&*strip_comments("a.js", types), b"f((a), (b));\n\nconst t = \"/** @x */\";\n");
        assert_eq!(&*strip_comments("a.css", b"  // b\n"), b"// b\n", "which is no comment there");
        let long = b"const a = `\n  b`;\n";
        assert_eq!(
            &*strip_comments("a.js", long),
            long,
            "a text over several lines stays as it is"
        );
        assert_eq!(&*strip_comments("a.html", b"/*\n*/"), b"/*\n*/");
    }
}
