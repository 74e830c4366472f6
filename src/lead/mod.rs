//! The lead's port: the project's progress and everybody's.
//!
//! `status.rs` makes the figures, which `annotd status` prints, too; `metrics.rs` makes them into
//! what Prometheus reads. All of them come from one look at the store (`look.rs`) that never takes
//! longer than a few seconds: when the store hangs, the last known figures are given, and as of when.

mod metrics;
pub mod quality;
pub mod status;
mod store_probe;

use std::sync::Arc;

use axum::Router;
use axum::extract::Extension;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::{StatusCode, header};
use serde_json::json;
use tokio::runtime::Handle;

use self::status::{ListenerStatus, Reloads, Status};
use crate::allocation::SettlePolicy;
use crate::allocator::Allocator;
use crate::http::{self, HttpMetrics, PortAuth, ProtectedState};
use crate::task::Millis;
use arc_swap::ArcSwap;

/// What the supervisor tells the lead's port, anew at each request.
pub trait DaemonStatusSource: Send + Sync + 'static {
    /// Everybody on the roster, and how their ports are.
    fn annotators(&self) -> Vec<ListenerStatus>;
    /// What the lead should know, in words.
    fn problems(&self) -> Vec<String>;
    /// How often the roster was looked at again.
    fn reloads(&self) -> Reloads;
}

/// What the roster says that the lead's port has to know; replaced when it says something else.
#[derive(Clone, Debug)]
pub struct ProjectInfo {
    /// The project's interface.
    pub interface: &'static str,
    /// What makes two answers agree.
    pub rule: SettlePolicy,
}

/// What the lead's port knows.
#[derive(Clone)]
pub struct LeadPort {
    /// The project's name.
    pub project: Arc<str>,
    /// What the roster says.
    pub project_info: Arc<ArcSwap<ProjectInfo>>,
    /// Where the store is, without credentials; a file with its whole path.
    pub place: Arc<str>,
    /// The runtime in which the store is asked.
    pub runtime: Handle,
    /// Whom to ask for figures.
    pub allocator: Allocator,
    /// Whom to ask for ports.
    pub daemon: Arc<dyn DaemonStatusSource>,
    /// Everybody's checks, as they were last counted.
    pub quality: quality::CachedQuality,
    /// The counts of all ports.
    pub http_metrics: HttpMetrics,
    /// When the daemon started.
    pub started_at: Millis,
    /// Who may come in.
    pub auth: PortAuth,
}

impl ProtectedState for LeadPort {
    fn auth(&self) -> &PortAuth {
        &self.auth
    }
}

/// The routes of the lead's port. Requests carry a [`LeadPort`] in their extensions.
pub fn routes() -> Router {
    let own = Router::new()
        .route("/ready", get(ready))
        .route("/metrics", get(prometheus))
        .route("/api/status", get(api_status));
    http::with_common_routes::<LeadPort>(own, "lead/index.html", "no_access/index.html")
}

async fn ready(Extension(port): Extension<LeadPort>) -> Response {
    let down: Vec<String> = port
        .daemon
        .annotators()
        .into_iter()
        .filter(|annotator| annotator.state == "down")
        .map(|annotator| annotator.name)
        .collect();
    let store = store_probe::ping(&port).await;
    let ready = down.is_empty() && store.is_ok();
    let body = http::to_json(&json!({
        "ready": ready,
        "store": store.err().unwrap_or_else(|| "ok".to_owned()),
        "down": down,
    }));
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, body).into_response()
}

async fn api_status(Extension(port): Extension<LeadPort>) -> Response {
    let snapshot = store_probe::read_with_timeout(&port).await;
    http::to_json(&Status::new(
        &port.project,
        port.project_info.load_full().interface,
        &snapshot,
        port.daemon.annotators(),
        port.daemon.problems(),
        Some(port.started_at),
        port.allocator.now(),
    ))
}

async fn prometheus(Extension(port): Extension<LeadPort>) -> Response {
    let snapshot = store_probe::read_with_timeout(&port).await;
    let headers =
        [(header::CONTENT_TYPE, metrics::CONTENT_TYPE), (header::CACHE_CONTROL, "no-store")];
    (headers, metrics::render(&port, &snapshot)).into_response()
}
