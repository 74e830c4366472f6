//! The running daemon: serves until a stop, and reacts to reloads, edits and listeners that fail.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::configuration::Configuration;
use super::in_force::InForce;
use super::listeners::{ListenerRegistry, ServerExit};
use super::reconciler::AllocationReconciler;
use super::roster_watcher::RosterWatcher;
use super::status::DaemonStatus;
use super::systemd::SystemdNotifier;
use super::task_loader::TaskLoader;
use super::{Addresses, Command, Commands};
use crate::allocator::Allocator;
use crate::config::file::RosterFile;
use crate::http::auth::AccessKeyCache;
use crate::task::Millis;

/// How often the listeners are checked, unless systemd's watchdog needs to hear more often.
const HEALTH_CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// The running daemon.
pub(super) struct Supervisor {
    pub(super) configuration: Configuration,
    pub(super) in_force: InForce,
    pub(super) allocator: Allocator,
    pub(super) access_keys: AccessKeyCache,
    /// The store's URL if it is not the roster's.
    pub(super) store_url: Option<String>,
    pub(super) listeners: ListenerRegistry,
    /// Since when each annotator is known.
    pub(super) known_since: BTreeMap<String, Millis>,
    pub(super) status: Arc<DaemonStatus>,
    pub(super) reconciler: JoinHandle<()>,
    pub(super) store_monitor: JoinHandle<()>,
    pub(super) task_loader: TaskLoader,
    pub(super) roster_watcher: RosterWatcher,
    pub(super) systemd: SystemdNotifier,
}

impl Supervisor {
    /// Reports that everything serves. Returns the addresses.
    pub(super) fn announced(&mut self) -> Addresses {
        let addresses = self.listeners.addresses();
        let project = &self.configuration.roster().project.name;
        tracing::info!(listeners = addresses.len(), project, "serving");
        self.publish_status();
        self.systemd.ready(&self.status.summary());
        addresses
    }

    /// Works until a stop.
    pub(super) async fn work(&mut self, commands: &mut Commands) {
        let mut health_check = health_check_interval();
        loop {
            tokio::select! {
                command = commands.next() => match command {
                    Command::Reload => self.reload().await,
                    Command::Stop => return,
                },
                () = self.roster_watcher.changed() => self.reload().await,
                exit = self.listeners.next_exit() => {
                    self.listeners.on_server_exit(exit);
                    self.publish_status();
                }
                _ = health_check.tick() => self.check_listeners().await,
            }
        }
    }

    /// Checks the listeners, and pings systemd's watchdog only if any of them is alive.
    async fn check_listeners(&mut self) {
        let report = self.listeners.check_health(self.allocator.now()).await;
        if report.changed {
            self.publish_status();
        }
        if report.is_alive() {
            self.systemd.alive();
        } else {
            tracing::warn!("no listener responds; skipping the watchdog ping");
        }
    }

    /// Updates the status that the lead's port and systemd show.
    pub(super) fn publish_status(&mut self) {
        let statuses = self.listeners.statuses(self.configuration.roster());
        self.status.set_listeners(statuses, self.listeners.lead_down_reason());
        self.systemd.status(&self.status.summary());
    }

    /// Checks the unfinished tasks against the configuration in force, from the beginning.
    pub(super) fn restart_reconciler(&mut self) {
        self.reconciler.abort();
        let reconciler = AllocationReconciler::new(&self.configuration);
        self.reconciler = tokio::spawn(reconciler.run(self.allocator.clone()));
    }

    /// Stops accepting, and all background work. Returns the servers, which finish open requests.
    pub(super) async fn stop(self) -> JoinSet<ServerExit> {
        self.systemd.stopping();
        // The next start reconciles and loads what they did not come to.
        self.reconciler.abort();
        self.store_monitor.abort();
        let _ = self.reconciler.await;
        self.task_loader.stop().await;
        // The allocator's tasks end when its last handle is dropped; by then everything is stored.
        self.listeners.stop_all()
    }
}

fn health_check_interval() -> Interval {
    let watchdog = SystemdNotifier::watchdog_interval();
    let period = watchdog.map_or(HEALTH_CHECK_INTERVAL, |needed| needed.min(HEALTH_CHECK_INTERVAL));
    // The first check waits one period, so that the listeners have begun.
    let mut interval = interval_at(Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// The files that `watch = true` watches; none without it.
pub(super) fn watched_files(file: &RosterFile) -> Vec<PathBuf> {
    if !file.roster.server.watch {
        return Vec::new();
    }
    let named = file.roster.project.instructions.iter();
    let named = named.chain(&file.roster.server.cert).chain(&file.roster.server.key);
    let named = named.map(|path| file.base_dir().join(&path.value));
    [file.path.clone()].into_iter().chain(named).collect()
}
