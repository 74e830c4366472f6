//! What every port shares: the accept loop, TLS, who may come in, limits, counts, errors, embedded
//! files, headers.
//!
//! A port is a listening socket and a context that goes with each request; the routes are one
//! axum `Router` that all ports of a kind share, so that a thousand ports cost a thousand sockets
//! and little else.
//!
//! Rejected: `axum::serve`, which has no timeout for a client that never finishes its headers and
//! no deadline when it stops.

mod body;
mod door;
mod error;
mod files;
mod gzip;
mod meter;
mod routes;
mod server;
pub mod tls;

pub use body::{json_body, to_json};
pub use door::{Callers, Door, Guarded, Keyring, Peer};
pub use error::{ApiError, RequestId};
pub use meter::{Busy, Gauge, Kind, Meter};
pub use routes::with_shared_routes;
pub use server::{Handle, policy, serve};
