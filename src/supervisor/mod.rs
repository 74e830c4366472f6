//! The daemon's life: makes the running listeners match the roster, and keeps them so.
//!
//! [`run`] has three parts. `bootstrap.rs` binds every port, opens the store and loads the task
//! files. `run.rs` serves until a stop: it reloads an edited roster (`reload.rs`), retries
//! listeners that are down (`listeners/`), and reports to systemd (`systemd.rs`) and the lead
//! (`status.rs`). `shutdown.rs` finishes open requests within a deadline and closes the store.
//!
//! Addresses are announced only when everything serves. A port that fails to bind is logged and
//! retried; the others start. annotd refuses to start only if no annotator port, or not the lead's,
//! can be bound: then most likely another annotd runs with this roster.

mod bootstrap;
mod configuration;
mod in_force;
mod lead_runtime;
mod listeners;
mod project;
mod reconciler;
mod reload;
mod roster_watcher;
mod run;
mod shutdown;
mod signals;
mod status;
mod store_monitor;
mod systemd;
mod task_loader;

use std::path::PathBuf;
use std::time::Duration;

use self::configuration::ConfigurationError;
use self::listeners::BindFailure;
pub use self::listeners::InheritedSockets;
pub use self::listeners::diff::{
    CurrentListener, DesiredListener, ListenerDiff, ListenerOwner, diff_listeners,
};
pub use self::signals::{Command, Commands};
use crate::config::file::RosterFile;
use crate::ingest::load::rule::RuleError;
use crate::roster::Diagnostic;
use crate::store::StoreError;

/// What the daemon is started with.
pub struct Daemon {
    /// The roster and its file, which a reload reads again.
    pub file: RosterFile,
    /// The store's URL if it is not the roster's.
    pub store_url: Option<String>,
    /// Bind any free ports instead of the roster's.
    pub any_port: bool,
    /// How long a shutdown may take.
    pub stop_within: Duration,
    /// Sockets that the process inherited.
    pub inherited: InheritedSockets,
}

/// Why the daemon did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Ports cannot be bound.
    #[error(transparent)]
    Ports(#[from] BindFailures),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store's identity rule is not the roster's.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The instructions cannot be read.
    #[error("cannot read the instructions {}: {source}", path.display())]
    Instructions {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The certificate cannot be used.
    #[error("{}; {}", .0, .0.help.as_deref().unwrap_or_default())]
    Certificate(Box<Diagnostic>),
    /// The thread of the lead's port cannot be started.
    #[error("cannot start a thread for the lead's port: {0}")]
    Thread(std::io::Error),
}

impl From<ConfigurationError> for StartError {
    fn from(error: ConfigurationError) -> Self {
        match error {
            ConfigurationError::Instructions { path, source } => {
                Self::Instructions { path, source }
            }
            ConfigurationError::Certificate(problem) => Self::Certificate(problem),
        }
    }
}

/// Every port that could not be bound.
#[derive(Debug, thiserror::Error)]
#[error(
    "{}\nNothing was started. Stop what holds the ports (ss -ltnp shows it), or give other ports \
     in the roster.",
    .0.iter().map(|one| format!("{} cannot have port {}: {}", one.owner.name(), one.address, one.reason)).collect::<Vec<_>>().join("\n")
)]
pub struct BindFailures(Vec<BindFailure>);

/// Name and URL of every port of a running daemon, the lead's last.
pub type Addresses = Vec<(String, String)>;

/// Runs until a stop. Calls `announce` once, when everything serves.
///
/// # Errors
/// If it could not start; nothing is left running then.
pub async fn run(
    daemon: Daemon,
    mut commands: Commands,
    announce: impl FnOnce(&Addresses),
) -> Result<(), StartError> {
    let stop_within = daemon.stop_within;
    let Some(started) = bootstrap::start(daemon, &mut commands).await? else { return Ok(()) };
    let bootstrap::Started {
        mut supervisor,
        store,
        store_tasks,
        http_metrics,
        reload,
        lead_runtime,
    } = started;
    announce(&supervisor.announced());
    if reload {
        supervisor.reload().await;
    }
    supervisor.work(&mut commands).await;
    let servers = supervisor.stop().await;
    shutdown::shut_down(servers, store_tasks, &*store, stop_within, &http_metrics).await;
    drop(lead_runtime);
    Ok(())
}
