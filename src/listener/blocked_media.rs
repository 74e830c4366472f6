//! Logs files that tasks name and the roster does not allow, with the line that would allow them:
//! once for each line until the roster changes.
//!
//! The page tells an annotator what they can do about it, which is to skip; the roster is the
//! lead's, and so is this line. Tasks are looked at as they are handed out, because the roster may
//! have changed since they were loaded.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use url::Url;

use crate::task::{Task, media};

/// The most lines that are logged; a task file may name a host for each task.
const MAX_LOGGED: usize = 100;

/// The media that the roster allows: paths, if it names a folder, and these origins.
#[derive(Clone, Copy, Debug)]
pub(super) struct AllowedMedia<'a> {
    pub(super) has_folder: bool,
    pub(super) origins: &'a [String],
}

/// The lines that were logged.
#[derive(Clone, Debug, Default)]
pub struct BlockedMediaLog(Arc<Mutex<HashSet<String>>>);

impl BlockedMediaLog {
    /// Logs the files of a task that are not allowed, unless it has logged them before.
    pub(super) fn check(&self, allowed: AllowedMedia<'_>, task: &Task) {
        for source in media::named(&task.body) {
            let Some(line) = missing_setting(&source, allowed) else { continue };
            if self.is_new(&line) {
                tracing::warn!(
                    task = %task.id,
                    file = %source.chars().take(200).collect::<String>(),
                    write = line,
                    "task names a file that the roster does not allow; annotators can only skip it"
                );
            }
        }
    }

    fn is_new(&self, line: &str) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.len() < MAX_LOGGED && told.insert(line.to_owned())
    }
}

/// The line of the roster that would allow this file; `None` if it is allowed, or never can be.
fn missing_setting(source: &str, allowed: AllowedMedia<'_>) -> Option<String> {
    let source = source.trim();
    let whole =
        if source.starts_with("//") { format!("https:{source}") } else { source.to_owned() };
    match Url::parse(&whole) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => {
            let origin = url.origin().ascii_serialization();
            let is_allowed = allowed.origins.contains(&origin);
            (!is_allowed).then(|| format!("media_from = [{origin:?}]"))
        }
        Ok(_) => None,
        Err(_) => {
            let is_path = !source.is_empty() && !source.starts_with('/') && !source.contains("://");
            (is_path && !allowed.has_folder).then(|| "media = \"media\"".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_allowed_is_told_with_the_line_that_would_allow_it() {
        let origins = ["https://a.example".to_owned()];
        let open = AllowedMedia { has_folder: true, origins: &origins };
        let closed = AllowedMedia { has_folder: false, origins: &[] };
        for (source, with, without) in [
            ("https://a.example/x.png", None, Some("media_from = [\"https://a.example\"]")),
            ("HTTPS://A.example:443/x.png", None, Some("media_from = [\"https://a.example\"]")),
            (
                "http://b.example:81/x.png?y",
                Some("media_from = [\"http://b.example:81\"]"),
                Some("media_from = [\"http://b.example:81\"]"),
            ),
            ("//a.example/x.png", None, Some("media_from = [\"https://a.example\"]")),
            ("cats/one.png", None, Some("media = \"media\"")),
            ("/etc/passwd", None, None),
            ("javascript:alert(1)", None, None),
            ("https://", None, None),
            ("", None, None),
        ] {
            assert_eq!(missing_setting(source, open).as_deref(), with, "{source}");
            assert_eq!(missing_setting(source, closed).as_deref(), without, "{source}");
        }
    }

    #[test]
    fn each_is_told_once_and_not_without_end() {
        let blocked_media = BlockedMediaLog::default();
        assert!(blocked_media.is_new("media_from = [\"https://a.example\"]"));
        assert!(!blocked_media.is_new("media_from = [\"https://a.example\"]"));
        let told = (0..1000).filter(|n| blocked_media.is_new(&n.to_string())).count();
        assert_eq!(told, MAX_LOGGED - 1);
    }
}
