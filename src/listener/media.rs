//! Pictures, sound and films that tasks name by their paths, from the folder that the roster names.
//!
//! A path is followed to where it really leads, and what leads out of the folder is not there: no `..`,
//! no link to elsewhere, nothing hidden, no lists of what a folder holds. Sent are pictures, sound and
//! films alone, by the endings of their names, because a folder of media often holds the task files as
//! well, with the gold answers in them. Whatever an SVG may contain, the policy that comes with it lets
//! nothing run.
//!
//! The file itself is sent by tower-http, which knows ranges (without them no browser can seek) and
//! what has not been modified since.
//!
//! Rejected: its `ServeDir`, which follows links out of the folder.

use std::io;
use std::path::{Component, Path, PathBuf};

use axum::body::Body;
use axum::extract::{Extension, Path as UrlPath};
use axum::response::{IntoResponse, Response};
use hyper::header::{self, HeaderValue};
use hyper::{Request, StatusCode};
use tower::ServiceExt;
use tower_http::services::ServeFile;

use super::Desk;
use crate::http::ApiError;

/// Pictures may bring their own looks, and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; \
    frame-ancestors 'none'";

/// The folder of this path, as it really is.
///
/// # Errors
/// If it is not there, may not be read, or is no folder.
pub fn folder(path: &Path) -> io::Result<PathBuf> {
    let real = path.canonicalize()?;
    std::fs::read_dir(&real)?;
    Ok(real)
}

pub(super) async fn send(
    Extension(desk): Extension<Desk>,
    UrlPath(path): UrlPath<String>,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let Some(media) = desk.project.get().media.clone() else {
        return Err(ApiError::not_found(
            "The project has no folder for pictures and sound. The roster may name one: media = \"media\" \
             under [project].",
        ));
    };
    let nothing =
        || ApiError::not_found(format!("There is no picture, sound or film {path:?} here."));
    let asked = path.clone();
    let found = tokio::task::spawn_blocking(move || find(&media, &asked)).await;
    let file = found.ok().flatten().ok_or_else(nothing)?;
    let Ok(response) = ServeFile::new(&file).oneshot(request).await;
    if response.status() == StatusCode::NOT_FOUND {
        return Err(nothing());
    }
    let mut response = response.map(Body::new).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    // Long enough for a card that comes back, short enough for a picture that was mended.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=300"));
    Ok(response)
}

/// The file of this path below the folder, if it is one that may be sent.
fn find(folder: &Path, path: &str) -> Option<PathBuf> {
    let plain = |path: &Path| {
        path.components().all(|part| match part {
            Component::Normal(name) => !name.as_encoded_bytes().starts_with(b"."),
            _ => false,
        })
    };
    if !plain(Path::new(path)) || !is_media(Path::new(path)) {
        return None;
    }
    let folder = folder.canonicalize().ok()?;
    let file = folder.join(path).canonicalize().ok()?;
    let inside = plain(file.strip_prefix(&folder).ok()?);
    // A pipe or a device might never end.
    (inside && is_media(&file) && file.metadata().ok()?.is_file()).then_some(file)
}

fn is_media(path: &Path) -> bool {
    let kind = mime_guess::from_path(path).first();
    kind.is_some_and(|kind| {
        [mime_guess::mime::IMAGE, mime_guess::mime::AUDIO, mime_guess::mime::VIDEO]
            .contains(&kind.type_())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_media_inside_the_folder_are_found() {
        let top = tempfile::tempdir().expect("a folder");
        let folder = top.path().join("media");
        std::fs::create_dir_all(folder.join("in ner/.hidden")).expect("folders");
        for name in [
            "media/a.png",
            "media/in ner/ü.wav",
            "media/.b.png",
            "media/in ner/.hidden/c.png",
            "media/tasks.jsonl",
            "media/page.html",
            "media/none",
            "secret.png",
            "media/film.mp4",
        ] {
            std::fs::write(top.path().join(name), "x").expect("a file");
        }
        let link = |to: &str, name: &str| {
            std::os::unix::fs::symlink(to, folder.join(name)).expect("a link");
        };
        link("../secret.png", "out.png");
        link("a.png", "also-a.png");
        link("tasks.jsonl", "tasks.png");
        link(".b.png", "b.png");
        link("..", "up");
        for (path, there) in [
            ("a.png", true),
            ("in ner/ü.wav", true),
            ("film.mp4", true),
            ("also-a.png", true),
            ("out.png", false),
            ("tasks.png", false),
            ("b.png", false),
            ("up/secret.png", false),
            ("up/media/a.png", true),
            ("../secret.png", false),
            ("in ner/../a.png", false),
            (".b.png", false),
            ("in ner/.hidden/c.png", false),
            ("tasks.jsonl", false),
            ("page.html", false),
            ("none", false),
            ("in ner", false),
            ("", false),
            ("/etc/passwd", false),
            ("a.png\0", false),
        ] {
            assert_eq!(find(&folder, path).is_some(), there, "{path:?}");
        }
        assert!(super::folder(&folder.join("a.png")).is_err());
    }
}
