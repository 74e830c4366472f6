//! The project as a page sees it: interface, instructions, media, and where other pages are.

use std::collections::BTreeMap;
use std::path::PathBuf;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Extension, Path, Query};
use axum::response::Response;
use hyper::header::HeaderValue;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::blocked_media::{AllowedMedia, BlockedMediaLog};
use super::{AnnotatorPort, Membership};
use crate::http::{self, ApiError};
use crate::interface::Interface;
use crate::interface::html::sanitize;
use crate::task::Task;

/// The part of the project that ports show.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its name in the store.
    pub name: String,
    /// How its tasks are shown, with labels and settings.
    pub interface: Interface,
    /// The codebook, as cleaned HTML.
    pub instructions: Option<String>,
    /// Tasks that a page asks for at a time.
    pub batch_size: usize,
    /// Annotators who work on it.
    pub people: usize,
    /// The folder of the pictures, sound and video that tasks name by their paths.
    pub media: Option<PathBuf>,
    /// The other origins from which pictures, sound and video may come.
    pub media_from: Vec<String>,
    /// The URL of each annotator's page, by name. Empty under key access, so that a port does not
    /// reveal the other annotators and their addresses.
    pub page_urls: BTreeMap<String, String>,
    /// Which blocked media were logged.
    pub blocked_media: BlockedMediaLog,
    /// A hash of everything that a page shows of the project; it changes with any of it.
    pub edition: String,
}

impl Project {
    /// Sets the edition from the other fields.
    #[must_use]
    pub fn with_version(mut self) -> Self {
        let told = serde_json::json!([
            self.name,
            self.interface.name(),
            self.interface.settings().labels,
            self.interface.settings().config,
            self.instructions,
            self.batch_size,
            self.media.is_some(),
            self.media_from,
            env!("CARGO_PKG_VERSION"),
        ]);
        self.edition = hex::encode(&Sha256::digest(told.to_string())[..8]);
        self
    }
}

impl Project {
    /// Logs the media of a task that the roster does not allow.
    pub(super) fn log_blocked_media(&self, task: &Task) {
        let allowed = AllowedMedia { has_folder: self.media.is_some(), origins: &self.media_from };
        self.blocked_media.check(allowed, task);
    }

    /// The policy of its pages; projects differ only in the origins of pictures and sound.
    pub(super) fn content_security_policy(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&http::content_security_policy(&self.media_from)).ok()
    }
}

/// Markdown as sanitized HTML, without scripts, forms or styles.
pub fn instructions_to_html(markdown: &str) -> String {
    use pulldown_cmark::{Options, Parser, html};
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES;
    let mut out = String::new();
    html::push_html(&mut out, Parser::new_ext(markdown, options));
    sanitize::sanitize(&out)
}

/// The annotator whom the page's address names, as in `/?session=mara`.
#[derive(Default, Deserialize)]
pub(super) struct ProjectQuery {
    session: Option<String>,
}

/// Another annotator whom the page's address names, and the URL of their page if access is open.
/// The page then shows a notice instead of handing one annotator's tasks to another.
fn asked_for(port: &AnnotatorPort, project: &Project, asked: &ProjectQuery) -> Value {
    let Some(named) = asked.session.as_deref().filter(|named| !named.is_empty()) else {
        return Value::Null;
    };
    if port.check_session_name(named).is_ok() {
        return Value::Null;
    }
    let prefix = format!("{}-", project.name);
    let name = named.strip_prefix(&prefix).unwrap_or(named);
    let url = project.page_urls.get(name).or_else(|| project.page_urls.get(named));
    json!({"session": named, "url": url})
}

pub(super) async fn project(
    Extension(port): Extension<AnnotatorPort>,
    asked: Result<Query<ProjectQuery>, QueryRejection>,
) -> Response {
    // An unreadable query names no annotator.
    let asked = asked.map(|Query(asked)| asked).unwrap_or_default();
    project_reply(&port, &asked).await
}

async fn project_reply(port: &AnnotatorPort, asked: &ProjectQuery) -> Response {
    // While the store is away this is unknown; the page then sends the edition of each task.
    let roster_edition = port.allocator.basis().await.ok().map(|basis| basis.edition);
    let (project, owner) = (&port.project, &port.owner);
    let moved_to = match &owner.membership {
        Membership::Moved { url } => Some(url),
        _ => None,
    };
    http::to_json(&json!({
        "project": project.name,
        "annotator": &*port.annotator,
        "display": owner.display,
        "edition": project.edition,
        "roster_edition": roster_edition.filter(|edition| *edition > 0),
        "standing": owner.membership.as_str(),
        "moved_to": moved_to,
        "asked": asked_for(port, project, asked),
        "session_id": port.session_id(),
        "view_id": project.interface.name(),
        "labels": project.interface.settings().labels,
        "batch_size": project.batch_size,
        "instructions": project.instructions,
        "config": project.interface.settings().config,
        "media": project.media.is_some(),
        "media_from": project.media_from,
        "lease_seconds": port.allocator.lease().as_secs(),
        "version": env!("CARGO_PKG_VERSION"),
    }))
}

pub(super) async fn project_of_session(
    Extension(port): Extension<AnnotatorPort>,
    session: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let Path(session) = session?;
    port.check_session_name(&session)?;
    Ok(project_reply(&port, &ProjectQuery::default()).await)
}
