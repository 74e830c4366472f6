//! What a page is told about its project.

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

/// The project, as far as ports know it.
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
    /// Where the pictures, sound and films are that tasks name by their paths.
    pub media: Option<PathBuf>,
    /// Where else pictures, sound and films may come from, as origins.
    pub media_from: Vec<String>,
    /// Where each annotator's page is, by name. Empty where a key is needed to come in: then nobody
    /// is told who else works here, nor where.
    pub page_urls: BTreeMap<String, String>,
    /// What was told of files that come from elsewhere.
    pub blocked_media: BlockedMediaLog,
    /// Another one whenever a page would be told something else about the project.
    pub edition: String,
}

impl Project {
    /// The same, with the edition that follows from it.
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

    /// What its pages may do, which is the same for every page but for where pictures and sound may
    /// come from.
    pub(super) fn content_security_policy(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&http::content_security_policy(&self.media_from)).ok()
    }
}

/// Markdown, as HTML that can do nothing but be read.
pub fn instructions_to_html(markdown: &str) -> String {
    use pulldown_cmark::{Options, Parser, html};
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES;
    let mut out = String::new();
    html::push_html(&mut out, Parser::new_ext(markdown, options));
    sanitize::sanitize(&out)
}

/// Whom the page's address asks for, as in `/?session=mara`.
#[derive(Default, Deserialize)]
pub(super) struct ProjectQuery {
    session: Option<String>,
}

/// Somebody else than this port's annotator whom a page was opened for, and where their page is, if
/// that may be told. The page then says so, rather than hand one person's tasks to another.
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
    // What cannot be read asks for nobody.
    let asked = asked.map(|Query(asked)| asked).unwrap_or_default();
    project_reply(&port, &asked).await
}

async fn project_reply(port: &AnnotatorPort, asked: &ProjectQuery) -> Response {
    // A page that is opened while the store is away says with its answers what it was handed out
    // by.
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
