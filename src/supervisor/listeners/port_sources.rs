//! What each request to a port sees: its state, all of one snapshot of the configuration.

use std::sync::Arc;

use rustls::ServerConfig;

use crate::allocator::Allocator;
use crate::http::{PortAuth, PortSource};
use crate::lead::LeadPort;
use crate::listener::AnnotatorPort;
use crate::supervisor::in_force::{InForce, SlotId};

/// The source of an annotator's port.
#[derive(Clone)]
pub(super) struct AnnotatorPortSource {
    pub(super) in_force: InForce,
    pub(super) slot: SlotId,
    pub(super) annotator: Arc<str>,
    pub(super) allocator: Allocator,
    pub(super) auth: PortAuth,
}

impl PortSource for AnnotatorPortSource {
    type State = AnnotatorPort;

    fn certificate(&self) -> Option<Arc<ServerConfig>> {
        self.in_force.snapshot().certificate.clone()
    }

    fn state(&self) -> AnnotatorPort {
        let snapshot = self.in_force.snapshot();
        AnnotatorPort {
            project: Arc::clone(&snapshot.project),
            annotator: Arc::clone(&self.annotator),
            owner: snapshot.port_owner(self.slot, &self.annotator),
            allocator: self.allocator.with_policy(Arc::clone(&snapshot.allocator_policy)),
            is_open: snapshot.is_open,
            auth: self.auth.clone(),
        }
    }
}

/// The source of the lead's port.
#[derive(Clone)]
pub(super) struct LeadPortSource {
    pub(super) in_force: InForce,
    /// The parts that do not follow from the roster; the others are replaced for each request.
    pub(super) port: LeadPort,
}

impl PortSource for LeadPortSource {
    type State = LeadPort;

    fn certificate(&self) -> Option<Arc<ServerConfig>> {
        self.in_force.snapshot().certificate.clone()
    }

    fn state(&self) -> LeadPort {
        let snapshot = self.in_force.snapshot();
        LeadPort {
            project_info: Arc::clone(&snapshot.project_info),
            allocator: self.port.allocator.with_policy(Arc::clone(&snapshot.allocator_policy)),
            is_open: snapshot.is_open,
            ..self.port.clone()
        }
    }
}
