//! The start: bind every port, open the store, load the task files, serve.
//!
//! A stop at any point ends it; a reload that is requested meanwhile comes as soon as everything serves.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

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
use crate::config::{certificate, policies, project, public_url};
use crate::http::HttpMetrics;
use crate::http::auth::KeyCache;
use crate::http::tls::{Certificate, Loaded};
use crate::lead::{self, LeadPort, ProjectInfo};
use crate::listener;
use crate::loading::rule;
use crate::planning;
use crate::roster::{self, Roster};
use crate::roster_file::RosterFile;
use crate::store::{self, Store, Terms};
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
    let file = Arc::new(file);
    let roster = &file.roster;
    let project = project::from_roster(&file)
        .map_err(|(path, source)| StartError::Instructions { path, source })?;
    let certificate = Certificate::default();
    let loaded = certificate::load(&roster.server, file.beside());
    use_certificate(&certificate, loaded.map_err(StartError::Certificate)?);
    let lead_runtime = LeadRuntime::start().map_err(StartError::Thread)?;
    let mut listeners = bind_listeners(roster, any_port, &lead_runtime, inherited).await?;

    let clock = allocator::system_clock();
    let started_at = clock();
    let url = store_url.as_deref().unwrap_or(&roster.store.url);
    let terms = policies::store_policy(roster);
    let systemd = SystemdNotifier::start();
    let opening = open_store(url, &file, &terms, clock());
    let opened = run_interruptible(opening, "Opening the store", &systemd, commands).await;
    let ControlFlow::Continue((opened, reload_while_opening)) = opened else {
        tracing::info!("stopped before the store was open");
        return Ok(None);
    };
    let (store, known_since, keys) = opened?;
    log_access_mode(roster);
    let status = Arc::new(DaemonStatus::default());
    let loading = task_loader::load_task_files(&file, &*store, &status);
    let loaded = run_interruptible(loading, "Loading task files", &systemd, commands).await;
    let ControlFlow::Continue(((), reload_while_loading)) = loaded else {
        store.close().await;
        tracing::info!("stopped before all task files were loaded; what was admitted stays");
        return Ok(None);
    };

    let (allocator, store_tasks) = Allocator::start(
        Arc::clone(&store),
        Arc::clone(&clock),
        policies::allocator_policy(roster, known_since.clone()),
    );
    let project_info = Arc::new(ArcSwap::from_pointee(ProjectInfo {
        interface: project.interface.name(),
        rule: terms.rule.clone(),
    }));
    let project = Arc::new(ArcSwap::from_pointee(project));
    let http_metrics = HttpMetrics::new();
    let lead_port = LeadPort {
        project: roster.project.name.as_str().into(),
        project_info: Arc::clone(&project_info),
        place: store::place_of(url, file.beside()).into(),
        runtime: Handle::current(),
        allocator: allocator.clone(),
        daemon: Arc::<DaemonStatus>::clone(&status),
        quality: lead::quality::CachedQuality::default(),
        http_metrics: http_metrics.clone(),
        started_at,
        auth: keys.lead_auth(&roster.project.name),
    };
    listeners.start_all(ServerContext {
        annotator_routes: listener::routes(),
        lead_routes: lead::routes(),
        project: Arc::clone(&project),
        allocator: allocator.clone(),
        lead_port,
        http_metrics: http_metrics.clone(),
        keys: keys.clone(),
        certificate: certificate.clone(),
    });
    let supervisor = Supervisor {
        // Runs beside everything else: a large project takes a while.
        reconciler: tokio::spawn(AllocationReconciler::new(roster, terms).run(allocator.clone())),
        task_loader: TaskLoader::start(Arc::clone(&file), allocator.clone(), Arc::clone(&status)),
        store_monitor: tokio::spawn(store_monitor::run(Arc::clone(&store))),
        roster_watcher: RosterWatcher::new(watched_files(&file)),
        systemd,
        known_since,
        listeners,
        project,
        project_info,
        allocator,
        keys,
        certificate,
        status,
        store_url,
        file,
    };
    let reload = reload_while_opening || reload_while_loading;
    Ok(Some(Started { supervisor, store, store_tasks, http_metrics, reload, lead_runtime }))
}

/// Opens the store and reads from it since when each annotator is known, and the keys.
async fn open_store(
    url: &str,
    file: &RosterFile,
    terms: &Terms,
    now: Millis,
) -> Result<(Arc<dyn Store>, BTreeMap<String, Millis>, KeyCache), StartError> {
    let (roster, beside) = (&file.roster, file.beside());
    let (name, named) = (&roster.project.name, policies::identity(roster));
    let is_older = store::is_older(url, beside).await;
    if is_older && named.is_some() {
        // A store with another identity rule must not be migrated.
        let unmigrated = store::open_to_read(url, beside, name).await?;
        rule::in_force(&*unmigrated, named.as_ref()).await?;
        unmigrated.close().await;
    }
    let store = store::open_to_run(url, beside, name).await?;
    tracing::info!(store = store.place(), kind = store.kind().as_str(), "the store is open");
    let rule = rule::in_force(&*store, named.as_ref()).await?;
    tracing::debug!(%rule, "the identity rule");
    store.follow(terms.clone());
    let known_since = planning::known_since(&*store, &policies::plan_policy(roster), now).await?;
    let keys = KeyCache::for_roster(Arc::clone(&store), roster).await?;
    Ok((store, known_since, keys))
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
            "a port cannot be had; the others serve, and it is tried again"
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

/// Serves this certificate, or none, from the next connection on.
pub(super) fn use_certificate(certificate: &Certificate, loaded: Option<Loaded>) {
    if let Some(warning) = loaded.as_ref().and_then(|loaded| loaded.warning.as_ref()) {
        tracing::warn!(error = warning, "browsers complain of the certificate, or will soon");
    }
    certificate.set(loaded.map(|loaded| loaded.config));
}

pub(super) fn log_access_mode(roster: &Roster) {
    if roster.server.access() == roster::Access::Open {
        return;
    }
    tracing::info!("everybody needs their key; `annotd link` prints their bookmarks");
    if public_url::is_unencrypted(&roster.server) {
        tracing::warn!(error = public_url::UNENCRYPTED_WARNING, "keys can be read on the way");
    }
}
