//! What a page is told about its project.

use std::path::PathBuf;

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path};
use axum::response::Response;
use hyper::header::HeaderValue;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Desk, Standing, Strangers};
use crate::http::{self, ApiError};
use crate::task::clean;
use crate::task::interface::Interface;

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
    /// What was told of files that come from elsewhere.
    pub strangers: Strangers,
    /// Another one whenever a page would be told something else about the project.
    pub edition: String,
}

impl Project {
    /// The same, with the edition that follows from it.
    #[must_use]
    pub fn in_its_edition(mut self) -> Self {
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
    /// What its pages may do, which is the same for every page but for where pictures and sound may
    /// come from.
    pub(super) fn policy(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&http::policy(&self.media_from)).ok()
    }
}

/// Markdown, as HTML that can do nothing but be read.
pub fn instructions_to_html(markdown: &str) -> String {
    use pulldown_cmark::{Options, Parser, html};
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES;
    let mut out = String::new();
    html::push_html(&mut out, Parser::new_ext(markdown, options));
    clean::clean(&out)
}

pub(super) async fn project(Extension(desk): Extension<Desk>) -> Response {
    let (project, person) = (desk.project.get(), desk.person.get());
    let moved_to = match &person.standing {
        Standing::Moved { url } => Some(url),
        _ => None,
    };
    http::to_json(&json!({
        "project": project.name,
        "annotator": &*desk.annotator,
        "display": person.display,
        "edition": project.edition,
        "standing": person.standing.as_str(),
        "moved_to": moved_to,
        "session_id": desk.session_id(),
        "view_id": project.interface.name(),
        "labels": project.interface.settings().labels,
        "batch_size": project.batch_size,
        "instructions": project.instructions,
        "config": project.interface.settings().config,
        "media": project.media.is_some(),
        "media_from": project.media_from,
        "lease_seconds": desk.allocator.lease().as_secs(),
        "version": env!("CARGO_PKG_VERSION"),
    }))
}

pub(super) async fn project_of_session(
    desk: Extension<Desk>,
    session: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let Path(session) = session?;
    desk.check_session_name(&session)?;
    Ok(project(desk).await)
}
