//! The listeners: a slot for each port of the roster, and how another roster changes them.
//!
//! `registry.rs` holds the slots (`slot.rs`), starts their servers and retries those that are down.
//! `diff.rs` compares two sets of listeners, `apply.rs` carries the difference out, and
//! `sockets.rs` binds sockets or takes those that systemd has passed.

mod apply;
pub(super) mod diff;
mod port_sources;
mod registry;
mod slot;
mod sockets;

pub(super) use self::registry::{BindFailure, ListenerRegistry, ServerContext, ServerExit};
pub use self::sockets::InheritedSockets;
pub(super) use self::sockets::{Binder, NO_SUCH_ADDRESS};
