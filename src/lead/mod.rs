//! The lead's port: progress of the project and of each annotator.
//!
//! `status.rs` builds the status, which `annotd status` prints, too; `metrics.rs` writes it for
//! Prometheus. Both rest on one read of the store with a timeout (`store_probe.rs`): when the store
//! hangs, they show the last known stats and their time.

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

use self::status::{ListenerState, ListenerStatus, Reloads, Status};
use crate::allocation::SettlePolicy;
use crate::allocator::Allocator;
use crate::http::{self, HttpMetrics, PortAuth, ProtectedState};
use crate::task::Millis;

/// The supervisor's side of the status, read at each request.
pub trait DaemonStatusSource: Send + Sync + 'static {
    /// Every annotator of the roster and the state of their port.
    fn annotators(&self) -> Vec<ListenerStatus>;
    /// Problems that the lead should know about.
    fn problems(&self) -> Vec<String>;
    /// The number of reloads.
    fn reloads(&self) -> Reloads;
}

/// What the lead's port needs from the roster; replaced when the roster changes.
#[derive(Clone, Debug)]
pub struct ProjectInfo {
    /// The project's interface.
    pub interface: &'static str,
    /// What makes two answers agree.
    pub rule: SettlePolicy,
}

/// The lead's port, as one request sees it.
#[derive(Clone)]
pub struct LeadPort {
    /// The project's name.
    pub project: Arc<str>,
    /// What the roster says.
    pub project_info: Arc<ProjectInfo>,
    /// Where the store is, without credentials; a file with its whole path.
    pub place: Arc<str>,
    /// The runtime in which the store is asked.
    pub runtime: Handle,
    /// The source of the stats.
    pub allocator: Allocator,
    /// The source of the ports' states.
    pub daemon: Arc<dyn DaemonStatusSource>,
    /// Each annotator's quality, as last counted.
    pub quality: quality::CachedQuality,
    /// The metrics of all ports.
    pub http_metrics: HttpMetrics,
    /// When the daemon started.
    pub started_at: Millis,
    /// Whether no key is needed.
    pub is_open: bool,
    /// The check of keys.
    pub auth: PortAuth,
}

impl ProtectedState for LeadPort {
    fn auth(&self) -> &PortAuth {
        &self.auth
    }

    fn is_open(&self) -> bool {
        self.is_open
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
        .filter(|annotator| annotator.state == ListenerState::Down)
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
        port.project_info.interface,
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
