//! The lead's port: the project's progress and everybody's.
//!
//! `status.rs` makes the figures, which `annotd status` prints, too.

pub mod checks;
pub mod status;

use std::sync::Arc;

use axum::Router;
use axum::extract::Extension;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::StatusCode;
use serde_json::json;

use self::status::{Annotators, Reloads, Status};
use crate::allocation::Rule;
use crate::allocator::Allocator;
use crate::http::{self, Door, Guarded};
use crate::live::Live;
use crate::task::Millis;

/// What the supervisor tells the lead's port, anew at each request.
pub trait House: Send + Sync + 'static {
    /// Everybody on the roster, and how their ports are.
    fn annotators(&self) -> Annotators;
    /// What the lead should know, in words.
    fn problems(&self) -> Vec<String>;
    /// How often the roster was looked at again.
    fn reloads(&self) -> Reloads;
}

/// What the roster says that the lead's port has to know; replaced when it says something else.
#[derive(Clone, Debug)]
pub struct About {
    /// The project's interface.
    pub interface: &'static str,
    /// What makes two answers agree.
    pub rule: Rule,
}

/// What the lead's port knows.
#[derive(Clone)]
pub struct Office {
    /// The project's name.
    pub project: Arc<str>,
    /// What the roster says.
    pub about: Live<About>,
    /// Whom to ask for figures.
    pub allocator: Allocator,
    /// Whom to ask for ports.
    pub house: Arc<dyn House>,
    /// Everybody's checks, as they were last counted.
    pub checks: checks::Known,
    /// When the daemon started.
    pub started_at: Millis,
    /// Who may come in.
    pub door: Door,
}

impl Guarded for Office {
    fn door(&self) -> &Door {
        &self.door
    }
}

/// The routes of the lead's port. Requests carry an [`Office`] in their extensions.
pub fn routes() -> Router {
    let own = Router::new().route("/ready", get(ready)).route("/api/status", get(api_status));
    http::with_shared_routes::<Office>(own, "lead/index.html")
}

async fn ready(Extension(office): Extension<Office>) -> Response {
    let down: Vec<String> = office
        .house
        .annotators()
        .into_iter()
        .filter(|annotator| annotator.state == "down")
        .map(|annotator| annotator.name)
        .collect();
    let store = office.allocator.store().ping().await;
    let ready = down.is_empty() && store.is_ok();
    let body = http::to_json(&json!({
        "ready": ready,
        "store": store.map_or_else(|error| error.to_string(), |()| "ok".to_owned()),
        "down": down,
    }));
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, body).into_response()
}

async fn api_status(Extension(office): Extension<Office>) -> Response {
    let store = office.allocator.store();
    // Figures may be those of a moment ago; whether the store answers is asked now.
    let progress = match store.ping().await {
        Ok(()) => office.allocator.progress().await,
        Err(error) => Err(error),
    };
    let about = office.about.get();
    let checks = match &progress {
        Ok(progress) => office.checks.now(&**store, &about.rule, progress).await,
        Err(_) => office.checks.last(),
    };
    http::to_json(&Status::new(
        &office.project,
        about.interface,
        (store.kind(), progress.as_ref().map_err(ToString::to_string), &checks),
        office.house.annotators(),
        office.house.problems(),
        Some(office.started_at),
        office.allocator.now(),
    ))
}
