//! The common part of all ports: accept loop, TLS, keys, limits, metrics, errors, the page's files,
//! headers.
//!
//! A port is a listening socket and a state that each request carries. All ports of a kind share
//! one axum `Router`, so that a thousand ports cost a thousand sockets and little else.
//!
//! Rejected: `axum::serve`, which has no timeout for a client that never finishes its headers and
//! no deadline when it stops.

mod assets;
pub mod auth;
mod body;
mod error;
mod gzip;
mod metrics;
mod module_preloads;
mod routes;
mod server;
mod tls;

pub use auth::{AuthenticatedNames, Authenticator, Peer, PortAuth, ProtectedState};
pub use body::{json_body, to_json};
pub use error::{ApiError, RequestId};
pub use metrics::{ActivePort, HttpMetrics, PortKind, PortMetrics};
pub use routes::with_common_routes;
pub use server::{PortSource, ServerHandle, content_security_policy, serve};
