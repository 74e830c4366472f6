//! The configuration: everything that follows from one roster, as one value.
//!
//! [`Configuration::prepare`] does what can fail; [`InForce::replace`] cannot fail and is the one
//! place that tells every reader. So no part can be forgotten, and none runs ahead of another by
//! more than the moment that the call takes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::project;
use crate::allocation::PlanPolicy;
use crate::allocator::Allocator;
use crate::config::certificate::{self, LoadedCertificate};
use crate::config::file::RosterFile;
use crate::config::policies;
use crate::http::auth::{AccessKeyCache, PendingAccessKeys};
use crate::http::tls::Certificate;
use crate::lead::ProjectInfo;
use crate::listener::Project;
use crate::roster::{Diagnostic, Roster};
use crate::store::StorePolicy;
use crate::task::Millis;

/// Everything that follows from one roster.
pub(super) struct Configuration {
    pub(super) file: Arc<RosterFile>,
    pub(super) project: Arc<Project>,
    pub(super) project_info: Arc<ProjectInfo>,
    pub(super) certificate: Option<LoadedCertificate>,
    pub(super) plan_policy: PlanPolicy,
    pub(super) store_policy: StorePolicy,
}

/// Why a roster that can be read cannot take effect.
#[derive(Debug)]
pub(super) enum ConfigurationError {
    Instructions { path: PathBuf, source: std::io::Error },
    Certificate(Box<Diagnostic>),
}

impl Configuration {
    /// Reads the instructions and the certificate, and derives the rest.
    ///
    /// # Errors
    /// If one of these files cannot be used.
    pub(super) fn prepare(file: Arc<RosterFile>) -> Result<Self, ConfigurationError> {
        let roster = &file.roster;
        let project = project::from_roster(&file)
            .map_err(|(path, source)| ConfigurationError::Instructions { path, source })?;
        let certificate = certificate::load(&roster.server, file.base_dir())
            .map_err(ConfigurationError::Certificate)?;
        let (plan_policy, store_policy) =
            (policies::plan_policy(roster), policies::store_policy(roster));
        let rule = store_policy.rule.clone();
        let project_info = ProjectInfo { interface: project.interface.name(), rule };
        Ok(Self {
            project: Arc::new(project),
            project_info: Arc::new(project_info),
            certificate,
            plan_policy,
            store_policy,
            file,
        })
    }

    pub(super) fn roster(&self) -> &Roster {
        &self.file.roster
    }
}

/// Where the ports, the allocator and the store read the configuration in force.
pub(super) struct InForce {
    pub(super) project: Arc<ArcSwap<Project>>,
    pub(super) project_info: Arc<ArcSwap<ProjectInfo>>,
    pub(super) certificate: Certificate,
    pub(super) keys: AccessKeyCache,
    pub(super) allocator: Allocator,
}

impl InForce {
    /// Puts another configuration in force; requests and connections from now on go by it.
    pub(super) fn replace(
        &self,
        next: &Configuration,
        keys: PendingAccessKeys,
        known_since: BTreeMap<String, Millis>,
    ) {
        self.keys.apply(keys);
        use_certificate(&self.certificate, next.certificate.clone());
        self.project.store(Arc::clone(&next.project));
        self.project_info.store(Arc::clone(&next.project_info));
        self.allocator.store().set_policy(next.store_policy.clone());
        self.allocator.set_policy(policies::allocator_policy(next.roster(), known_since));
    }
}

/// Serves this certificate, or none, from the next connection on.
pub(super) fn use_certificate(certificate: &Certificate, loaded: Option<LoadedCertificate>) {
    if let Some(warning) = loaded.as_ref().and_then(|loaded| loaded.warning.as_ref()) {
        tracing::warn!(error = warning, "the certificate is not valid now, or expires soon");
    }
    certificate.set(loaded.map(|loaded| loaded.config));
}
