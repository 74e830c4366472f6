//! The start: bind every port, open the store, load the task files, serve.
//!
//! A stop at any point ends it; a reload that is requested meanwhile comes as soon as everything
//! serves.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::configuration::Configuration;
use super::in_force::{InForce, Snapshot};
use super::lead_runtime::LeadRuntime;
use super::listeners::{BindFailure, Binder, InheritedSockets, ListenerRegistry, ServerContext};
use super::reconciler::AllocationReconciler;
use super::roster_watcher::RosterWatcher;
use super::run::{Supervisor, watched_files};
use super::status::DaemonStatus;
use super::systemd::SystemdNotifier;
use super::task_loader::{self, TaskLoader};
use super::{BindFailures, Command, Commands, Daemon, ListenerOwner, StartError, store_monitor};
use crate::allocator::{self, Allocator};
use crate::config::{policies, public_url};
use crate::http::HttpMetrics;
use crate::http::auth::AccessKeyCache;
use crate::ingest::load::rule;
use crate::lead::{self, LeadPort};
use crate::listener;
use crate::planning;
use crate::roster::{self, Roster};
use crate::store::{self, Store};
use crate::task::Millis;

/// How often the start asks systemd for more time…
const START_EXTENSION_INTERVAL: Duration = Duration::from_secs(10);
/// … and for how much each time.
const START_EXTENSION: Duration = Duration::from_secs(60);

/// A daemon that serves.
pub(super) struct Started {
    pub(super) supervisor: Supervisor,
    pub(super) store: Arc<dyn Store>,
    /// The allocator's tasks that write to the store; they end when its last handle is dropped.
    pub(super) store_tasks: Vec<JoinHandle<()>>,
    pub(super) http_metrics: HttpMetrics,
    /// Whether a reload was requested during the start.
    pub(super) reload: bool,
    /// The lead's port ends with it, so it is dropped last.
    pub(super) lead_runtime: LeadRuntime,
}

/// Starts everything. `None` if a stop came first.
///
/// # Errors
/// If anything that the daemon cannot run without is missing; nothing is left running then.
pub(super) async fn start(
    daemon: Daemon,
    commands: &mut Commands,
) -> Result<Option<Started>, StartError> {
    let Daemon { file, store_url, any_port, stop_within: _, inherited } = daemon;
    let configuration = Configuration::prepare(Arc::new(file))?;
    let (file, roster) = (Arc::clone(&configuration.file), &configuration.file.roster);
    let lead_runtime = LeadRuntime::start().map_err(StartError::Thread)?;
    let mut listeners = bind_listeners(roster, any_port, &lead_runtime, inherited).await?;

    let clock = allocator::system_clock();
    let started_at = clock();
    let url = store_url.as_deref().unwrap_or(&roster.store.url);
    let systemd = SystemdNotifier::start();
    let opening = open_store(url, &configuration, clock());
    let opened = run_interruptible(opening, "Opening the store", &systemd, commands).await;
    let ControlFlow::Continue((opened, reload_while_opening)) = opened else {
        tracing::info!("stopped before the store was open");
        return Ok(None);
    };
    let (store, known_since, access_keys) = opened?;
    log_access_mode(roster);
    let status = Arc::new(DaemonStatus::default());
    let loading = task_loader::load_task_files(&file, &*store, &status);
    let loaded = run_interruptible(loading, "Loading task files", &systemd, commands).await;
    let ControlFlow::Continue(((), reload_while_loading)) = loaded else {
        store.close().await;
        tracing::info!("stopped before all task files were loaded; loaded tasks stay");
        return Ok(None);
    };

    let snapshot = Snapshot::new(&configuration, known_since.clone(), listeners.port_owners());
    let in_force = InForce::new(snapshot);
    let (allocator, store_tasks) =
        Allocator::start(Arc::clone(&store), Arc::clone(&clock), in_force.policy_source());
    configuration.log_certificate_warning();
    let http_metrics = HttpMetrics::new();
    let lead_port = LeadPort {
        project: roster.project.name.as_str().into(),
        project_info: Arc::clone(&configuration.project_info),
        place: store::location_of(url, file.base_dir()).into(),
        runtime: Handle::current(),
        allocator: allocator.clone(),
        daemon: Arc::<DaemonStatus>::clone(&status),
        quality: lead::quality::CachedQuality::default(),
        http_metrics: http_metrics.clone(),
        started_at,
        is_open: roster.server.access() == roster::Access::Open,
        auth: access_keys.lead_auth(&roster.project.name),
    };
    listeners.start_all(ServerContext {
        annotator_routes: listener::routes(),
        lead_routes: lead::routes(),
        in_force: in_force.clone(),
        allocator: allocator.clone(),
        lead_port,
        http_metrics: http_metrics.clone(),
        access_keys: access_keys.clone(),
    });
    let reconciler = AllocationReconciler::new(&configuration);
    let supervisor = Supervisor {
        // Runs beside everything else: a large project takes a while.
        reconciler: tokio::spawn(reconciler.run(allocator.clone())),
        task_loader: TaskLoader::start(Arc::clone(&file), allocator.clone(), Arc::clone(&status)),
        store_monitor: tokio::spawn(store_monitor::run(Arc::clone(&store))),
        roster_watcher: RosterWatcher::new(watched_files(&file)),
        systemd,
        known_since,
        listeners,
        status,
        store_url,
        configuration,
        in_force,
        allocator,
        access_keys,
    };
    let reload = reload_while_opening || reload_while_loading;
    Ok(Some(Started { supervisor, store, store_tasks, http_metrics, reload, lead_runtime }))
}

/// Opens the store and reads from it since when each annotator is known, and the keys.
async fn open_store(
    url: &str,
    configuration: &Configuration,
    now: Millis,
) -> Result<(Arc<dyn Store>, BTreeMap<String, Millis>, AccessKeyCache), StartError> {
    let (roster, base_dir) = (configuration.roster(), configuration.file.base_dir());
    let (name, named) = (&roster.project.name, policies::identity(roster));
    let is_older = store::has_older_format(url, base_dir).await;
    if is_older && named.is_some() {
        // A store with another identity rule must not be migrated.
        let unmigrated = store::open_to_read(url, base_dir, name).await?;
        rule::in_force(&*unmigrated, named.as_ref()).await?;
        unmigrated.close().await;
    }
    let store = store::open_to_run(url, base_dir, name).await?;
    tracing::info!(store = store.location(), kind = store.engine().as_str(), "the store is open");
    let rule = rule::in_force(&*store, named.as_ref()).await?;
    tracing::debug!(%rule, "the identity rule");
    store.set_policy(configuration.store_policy.clone());
    let known_since = planning::known_since(&*store, &configuration.plan_policy, now).await?;
    let access_keys = AccessKeyCache::new(Arc::<dyn Store>::clone(&store));
    if roster.server.access() == roster::Access::Key {
        access_keys.apply(access_keys.prepare(roster.names()).await?);
    }
    Ok((store, known_since, access_keys))
}

/// Binds all ports. Fails only if no annotator's port, or not the lead's, can be bound.
async fn bind_listeners(
    roster: &Roster,
    any_port: bool,
    lead: &LeadRuntime,
    inherited: InheritedSockets,
) -> Result<ListenerRegistry, BindFailures> {
    let binder = Binder { annotators: Handle::current(), lead: lead.handle().clone() };
    let (listeners, failures) = ListenerRegistry::bind(roster, any_port, binder, inherited).await;
    let of_lead = failures.iter().any(|failure| failure.owner == ListenerOwner::Lead);
    let of_annotators = failures.len() - usize::from(of_lead);
    if of_lead || (!failures.is_empty() && of_annotators == roster.active().count()) {
        return Err(BindFailures(failures));
    }
    for BindFailure { owner, address, reason } in failures {
        tracing::error!(
            annotator = owner.name(),
            %address,
            error = reason,
            "cannot bind port; will retry (other ports are serving)"
        );
    }
    Ok(listeners)
}

/// Runs a part of the start unless a stop comes first. Returns its result and whether a reload was
/// requested meanwhile. Asks systemd for more time as long as it lasts.
async fn run_interruptible<T>(
    part: impl Future<Output = T>,
    line: &str,
    systemd: &SystemdNotifier,
    commands: &mut Commands,
) -> ControlFlow<(), (T, bool)> {
    let mut extension = interval(START_EXTENSION_INTERVAL);
    extension.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut reload = false;
    tokio::pin!(part);
    loop {
        tokio::select! {
            done = &mut part => return ControlFlow::Continue((done, reload)),
            _ = extension.tick() => systemd.still_starting(line, START_EXTENSION),
            command = commands.next() => match command {
                Command::Reload => reload = true,
                Command::Stop => return ControlFlow::Break(()),
            },
        }
    }
}

pub(super) fn log_access_mode(roster: &Roster) {
    if roster.server.access() == roster::Access::Open {
        return;
    }
    tracing::info!("key access is on; print the links with `annotd link`");
    if public_url::is_unencrypted(&roster.server) {
        tracing::warn!(error = public_url::UNENCRYPTED_WARNING, "keys are sent unencrypted");
    }
}
