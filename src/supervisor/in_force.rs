//! The configuration in force: one value, from which each request and each connection takes its
//! part.
//!
//! [`Snapshot`] has everything that follows from a roster and that a request can see. It is
//! replaced whole, by one store of a pointer. A port reads it once for each request
//! (`listeners/port_sources.rs`) and once for each connection, for its certificate. So a request
//! sees one roster from its arrival to its reply, however many reloads come in between.
//!
//! Two parts stay outside, for the reasons in decision 45: access keys, which are the store's and
//! change without a reload, and the policy of the store, which settles an answer when it is stored.
//!
//! Rejected: a part for each reader, each replaced on its own. A request between two of these steps
//! saw half of each roster.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;

use super::configuration::Configuration;
use crate::allocator::{AllocatorPolicy, PolicySource};
use crate::config::policies;
use crate::lead::ProjectInfo;
use crate::listener::{Membership, PortOwner, Project};
use crate::roster::Access;
use crate::task::Millis;

/// The number of a listener's slot; a slot keeps it for life, and none is used twice.
pub(super) type SlotId = u64;

/// The owner of each annotator's port.
pub(super) type PortOwners = HashMap<SlotId, Arc<PortOwner>>;

/// Everything that follows from one roster and that a request can see.
pub(super) struct Snapshot {
    pub(super) project: Arc<Project>,
    pub(super) project_info: Arc<ProjectInfo>,
    pub(super) allocator_policy: Arc<AllocatorPolicy>,
    pub(super) certificate: Option<Arc<ServerConfig>>,
    /// Whether no key is needed.
    pub(super) is_open: bool,
    port_owners: PortOwners,
}

impl Snapshot {
    /// The snapshot of a configuration. `known_since` is when each annotator joined the roster.
    pub(super) fn new(
        configuration: &Configuration,
        known_since: BTreeMap<String, Millis>,
        port_owners: PortOwners,
    ) -> Self {
        let roster = configuration.roster();
        Self {
            project: Arc::clone(&configuration.project),
            project_info: Arc::clone(&configuration.project_info),
            allocator_policy: Arc::new(policies::allocator_policy(roster, known_since)),
            certificate: configuration.certificate.as_ref().map(|one| Arc::clone(&one.config)),
            is_open: roster.server.access() == Access::Open,
            port_owners,
        }
    }

    /// The owner of this slot's port. A slot that is gone is a removed annotator's; its server
    /// still answers the last requests.
    pub(super) fn port_owner(&self, slot: SlotId, annotator: &str) -> Arc<PortOwner> {
        self.port_owners.get(&slot).cloned().unwrap_or_else(|| {
            let membership = Membership::Removed;
            Arc::new(PortOwner { membership, ..PortOwner::active(annotator) })
        })
    }
}

/// The snapshot in force; clones share it.
#[derive(Clone)]
pub(super) struct InForce(Arc<ArcSwap<Snapshot>>);

impl InForce {
    pub(super) fn new(snapshot: Snapshot) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(snapshot)))
    }

    /// The snapshot in force now. A request reads it once.
    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        self.0.load_full()
    }

    /// Puts another snapshot in force: requests and connections that arrive from now on see it.
    pub(super) fn replace(&self, next: Snapshot) {
        self.0.store(Arc::new(next));
    }

    /// Where the allocator reads its policy for work that no request has asked for.
    pub(super) fn policy_source(&self) -> PolicySource {
        let in_force = self.clone();
        Arc::new(move || Arc::clone(&in_force.snapshot().allocator_policy))
    }
}
