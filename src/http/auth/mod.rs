//! Who may use a port: the keys and their cache ([`access_keys`]), and the check at each request
//! (`guard`).

pub mod access_keys;
pub(super) mod guard;

pub use access_keys::{AccessKeyCache, LEAD_KEY_OWNER, PendingAccessKeys, new_access_key};
pub use guard::{AuthenticatedNames, Authenticator, Peer, PortAuth, ProtectedState};
