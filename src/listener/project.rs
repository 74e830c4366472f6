//! What a page is told about its project.

use axum::extract::{Extension, Path};
use axum::response::Response;
use serde_json::json;

use super::Desk;
use crate::http::{self, ApiError};
use crate::task::clean;
use crate::task::interface::{Interface, Settings};

/// The project, as far as ports know it.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its name in the store.
    pub name: String,
    /// How its tasks are shown.
    pub interface: Interface,
    /// Labels and settings.
    pub settings: Settings,
    /// The codebook, as cleaned HTML.
    pub instructions: Option<String>,
    /// Tasks that a page asks for at a time.
    pub batch_size: usize,
    /// Annotators who work on it.
    pub people: usize,
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
    let project = &desk.project;
    http::to_json(&json!({
        "project": project.name,
        "annotator": &*desk.annotator,
        "display": &*desk.display,
        "session_id": desk.session_id(),
        "view_id": project.interface.name(),
        "labels": project.settings.labels,
        "batch_size": project.batch_size,
        "instructions": project.instructions,
        "config": project.settings.config,
        "lease_seconds": desk.allocator.lease().as_secs(),
        "version": env!("CARGO_PKG_VERSION"),
    }))
}

pub(super) async fn project_of_session(
    desk: Extension<Desk>,
    Path(session): Path<String>,
) -> Result<Response, ApiError> {
    desk.check_session_name(&session)?;
    Ok(project(desk).await)
}
