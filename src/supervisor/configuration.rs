//! The configuration: everything that follows from one roster, as one value.
//!
//! [`Configuration::prepare`] does what can fail. `in_force.rs` has the part of it that requests
//! see.

use std::path::PathBuf;
use std::sync::Arc;

use super::project;
use crate::allocation::PlanPolicy;
use crate::config::certificate::{self, LoadedCertificate};
use crate::config::file::RosterFile;
use crate::config::policies;
use crate::lead::ProjectInfo;
use crate::listener::Project;
use crate::roster::{Diagnostic, Roster};
use crate::store::StorePolicy;

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

    /// Logs a certificate that is not valid now, or not for much longer.
    pub(super) fn log_certificate_warning(&self) {
        if let Some(warning) = self.certificate.as_ref().and_then(|one| one.warning.as_ref()) {
            tracing::warn!(error = warning, "the certificate is not valid now, or expires soon");
        }
    }
}
