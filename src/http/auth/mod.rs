//! Who may use a port: the keys and their cache ([`keys`]), and the check at each request
//! (`guard`).

pub(super) mod guard;
pub mod keys;

pub use guard::{AuthenticatedNames, Authenticator, Peer, PortAuth, ProtectedState};
pub use keys::{KeyCache, LEAD_KEY, PendingKeys, new_key};
