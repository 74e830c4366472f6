//! The lead's port: the project's progress and everybody's.
//!
//! `status.rs` makes the figures, which `annotd status` prints, too; `metrics.rs` makes them into
//! what Prometheus reads. All of them come from one look at the store (`look.rs`) that never takes
//! longer than a few seconds: when the store hangs, the last known figures are given, and as of when.

pub mod checks;
mod look;
mod metrics;
pub mod status;

use std::sync::Arc;

use axum::Router;
use axum::extract::Extension;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::{StatusCode, header};
use serde_json::json;
use tokio::runtime::Handle;

use self::status::{Annotators, Reloads, Status};
use crate::allocation::SettlePolicy;
use crate::allocator::Allocator;
use crate::http::{self, Door, Guarded, Meter};
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
    pub rule: SettlePolicy,
}

/// What the lead's port knows.
#[derive(Clone)]
pub struct Office {
    /// The project's name.
    pub project: Arc<str>,
    /// What the roster says.
    pub about: Live<About>,
    /// Where the store is, without credentials; a file with its whole path.
    pub place: Arc<str>,
    /// The runtime in which the store is asked.
    pub runtime: Handle,
    /// Whom to ask for figures.
    pub allocator: Allocator,
    /// Whom to ask for ports.
    pub house: Arc<dyn House>,
    /// Everybody's checks, as they were last counted.
    pub checks: checks::Known,
    /// The counts of all ports.
    pub meter: Meter,
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
    let own = Router::new()
        .route("/ready", get(ready))
        .route("/metrics", get(prometheus))
        .route("/api/status", get(api_status));
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
    let store = look::ping(&office).await;
    let ready = down.is_empty() && store.is_ok();
    let body = http::to_json(&json!({
        "ready": ready,
        "store": store.err().unwrap_or_else(|| "ok".to_owned()),
        "down": down,
    }));
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, body).into_response()
}

async fn api_status(Extension(office): Extension<Office>) -> Response {
    let figures = look::look(&office).await;
    http::to_json(&Status::new(
        &office.project,
        office.about.get().interface,
        &figures,
        office.house.annotators(),
        office.house.problems(),
        Some(office.started_at),
        office.allocator.now(),
    ))
}

async fn prometheus(Extension(office): Extension<Office>) -> Response {
    let figures = look::look(&office).await;
    let about =
        [(header::CONTENT_TYPE, metrics::CONTENT_TYPE), (header::CACHE_CONTROL, "no-store")];
    (about, metrics::render(&office, &figures)).into_response()
}
