//! Every listener that runs, and what happens when one fails.
//!
//! A [`ListenerSlot`] is an entry of the roster with its socket, if that could be bound. A slot
//! whose server exits, or whose socket cannot be bound, is retried with growing pauses; no other
//! slot is touched. `apply.rs` changes the slots when the roster changes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use super::diff::{DesiredListener, ListenerOwner};
use super::port_sources::{AnnotatorPortSource, LeadPortSource};
use super::slot::{FIRST_RETRY_DELAY, ListenerSlot, RunningServer, SocketState, retry_delay};
use super::sockets::{Binder, InheritedSockets};
use crate::allocator::Allocator;
use crate::config::public_url;
use crate::http::auth::AccessKeyCache;
use crate::http::{self, HttpMetrics, PortKind, ServerHandle};
use crate::lead::LeadPort;
use crate::lead::status::{ListenerState, ListenerStatus};
use crate::listener::PortOwner;
use crate::roster::{Roster, Server};
use crate::supervisor::in_force::{InForce, PortOwners, SlotId};
use crate::task::Millis;

/// After serving for this long a listener has recovered: its next pause is the first again.
const BACKOFF_RESET_AFTER: Duration = Duration::from_secs(600);

/// What every listener's server is built from.
pub(in crate::supervisor) struct ServerContext {
    pub(in crate::supervisor) annotator_routes: Router,
    pub(in crate::supervisor) lead_routes: Router,
    pub(in crate::supervisor) in_force: InForce,
    pub(in crate::supervisor) allocator: Allocator,
    pub(in crate::supervisor) lead_port: LeadPort,
    pub(in crate::supervisor) http_metrics: HttpMetrics,
    pub(in crate::supervisor) access_keys: AccessKeyCache,
}

/// A port that could not be bound.
#[derive(Debug)]
pub(in crate::supervisor) struct BindFailure {
    pub(in crate::supervisor) owner: ListenerOwner,
    pub(in crate::supervisor) address: SocketAddr,
    pub(in crate::supervisor) reason: String,
}

/// The result of a health check.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::supervisor) struct HealthReport {
    /// Whether any listener is up again, or closed.
    pub(in crate::supervisor) changed: bool,
    /// Annotators' servers that were pinged…
    pinged: usize,
    /// … and those that answered the ping before.
    answered: usize,
}

impl HealthReport {
    /// Whether any listener is alive. A single one may be silent, since it may have just begun.
    pub(in crate::supervisor) fn is_alive(self) -> bool {
        self.pinged == 0 || self.answered > 0
    }
}

/// A server's number and how it exited.
pub(in crate::supervisor) type ServerExit = (u64, std::io::Result<()>);

/// All listeners.
pub(in crate::supervisor) struct ListenerRegistry {
    pub(super) binder: Binder,
    pub(super) any_port: bool,
    /// The part of the roster that URLs follow from.
    pub(super) server: Server,
    pub(super) slots: Vec<ListenerSlot>,
    /// Servers of slots that are gone, until [`ListenerRegistry::update_servers`] stops them.
    pub(super) replaced_servers: Vec<RunningServer>,
    context: Option<ServerContext>,
    servers: JoinSet<ServerExit>,
    next_server_id: u64,
    pub(super) next_slot_id: SlotId,
}

impl ListenerRegistry {
    /// Binds every port of the roster, or takes an inherited socket. Returns those that failed,
    /// too.
    pub(in crate::supervisor) async fn bind(
        roster: &Roster,
        any_port: bool,
        binder: Binder,
        mut inherited: InheritedSockets,
    ) -> (Self, Vec<BindFailure>) {
        let names: Vec<&str> = roster.annotators.iter().map(|a| a.name.as_str()).collect();
        let names: Vec<&str> = names.into_iter().chain([ListenerOwner::Lead.name()]).collect();
        let mut failures = Vec::new();
        let mut slots = Vec::new();
        let mut next_slot_id = 0;
        for DesiredListener { owner, address } in desired_listeners(roster, any_port) {
            let display = display_name(roster, &owner);
            let socket = match binder.open(&owner, address, &mut inherited, &names).await {
                Ok(socket) => SocketState::Bound { socket, server: None },
                Err(reason) => {
                    let (owner, reason_for_log) = (owner.clone(), reason.clone());
                    failures.push(BindFailure { owner, address, reason: reason_for_log });
                    SocketState::Unbound { reason, retry_at: Instant::now() + FIRST_RETRY_DELAY }
                }
            };
            let port_owner = PortOwner::active(display);
            slots.push(ListenerSlot::new(next_slot_id, owner, address, port_owner, socket));
            next_slot_id += 1;
        }
        inherited.close_unclaimed();
        let (server, servers) = (roster.server.clone(), JoinSet::new());
        let registry = Self {
            binder,
            any_port,
            server,
            slots,
            replaced_servers: Vec::new(),
            context: None,
            servers,
            next_server_id: 0,
            next_slot_id,
        };
        (registry, failures)
    }

    /// Starts a server on every bound socket.
    pub(in crate::supervisor) fn start_all(&mut self, context: ServerContext) {
        self.context = Some(context);
        for at in 0..self.slots.len() {
            self.serve(at);
        }
    }

    /// The owner of each annotator's port, for the next snapshot.
    pub(in crate::supervisor) fn port_owners(&self) -> PortOwners {
        let of_annotators =
            self.slots.iter().filter(|slot| matches!(slot.owner, ListenerOwner::Annotator(_)));
        of_annotators.map(|slot| (slot.id, Arc::new(slot.port_owner.clone()))).collect()
    }

    /// Name and URL of every listener, the lead's last.
    pub(in crate::supervisor) fn addresses(&self) -> Vec<(String, String)> {
        let mut all: Vec<_> = self
            .slots
            .iter()
            .filter(|slot| slot.grace_until.is_none())
            .filter_map(|slot| Some((slot, self.public_url(&slot.owner, slot.address()?))))
            .collect();
        all.sort_by_key(|(slot, _)| slot.owner == ListenerOwner::Lead);
        all.into_iter().map(|(slot, url)| (slot.owner.name().to_owned(), url)).collect()
    }

    /// The URL of a port. With `any_port` no reverse proxy knows it, so it is the socket's own.
    pub(super) fn public_url(&self, owner: &ListenerOwner, address: SocketAddr) -> String {
        if self.any_port {
            public_url::socket_url(&self.server, address)
        } else {
            public_url::public_url(&self.server, owner.name(), address)
        }
    }

    /// The URL of a slot; empty if it is unbound.
    pub(super) fn slot_url(&self, slot: &ListenerSlot) -> String {
        slot.address().map(|address| self.public_url(&slot.owner, address)).unwrap_or_default()
    }

    /// Starts a slot's server, if it has a socket and no server yet.
    pub(super) fn serve(&mut self, at: usize) {
        let slot = &mut self.slots[at];
        let Some(context) = &self.context else { return };
        let SocketState::Bound { socket, server: server @ None } = &mut slot.socket else { return };
        let handle = ServerHandle::default();
        let id = self.next_server_id;
        self.next_server_id += 1;
        *server = Some(RunningServer { id, handle: handle.clone(), since: Instant::now() });
        let listener = Arc::clone(&socket.listener);
        let metrics = context.http_metrics.port(port_kind(&slot.owner), slot.owner.name());
        let runtime = self.binder.runtime(&slot.owner);
        match &slot.owner {
            ListenerOwner::Annotator(annotator) => {
                let source = AnnotatorPortSource {
                    in_force: context.in_force.clone(),
                    slot: slot.id,
                    annotator: annotator.as_str().into(),
                    allocator: context.allocator.clone(),
                    auth: context.access_keys.port_auth(&context.lead_port.project, annotator),
                };
                let routes = context.annotator_routes.clone();
                let server = http::serve(listener, routes, source, metrics, handle);
                self.servers.spawn_on(async move { (id, server.await) }, runtime);
            }
            ListenerOwner::Lead => {
                let (in_force, port) = (context.in_force.clone(), context.lead_port.clone());
                let (routes, source) =
                    (context.lead_routes.clone(), LeadPortSource { in_force, port });
                let server = http::serve(listener, routes, source, metrics, handle);
                self.servers.spawn_on(async move { (id, server.await) }, runtime);
            }
        }
    }

    /// Closes a slot's socket, and waits until it is released.
    pub(super) async fn release_socket(&mut self, at: usize) {
        let slot = &mut self.slots[at];
        let reason = "it gives way to another address".to_owned();
        let unbound = SocketState::Unbound { reason, retry_at: Instant::now() };
        if let SocketState::Bound { socket, server } = std::mem::replace(&mut slot.socket, unbound)
        {
            drop(socket);
            if let Some(server) = server {
                server.handle.stop();
                server.handle.released().await;
            }
        }
    }

    /// Binds an unbound slot and starts its server. Returns whether that worked.
    pub(super) async fn rebind(&mut self, at: usize) -> bool {
        let slot = &mut self.slots[at];
        match self.binder.bind(&slot.owner, slot.desired_address).await {
            Ok(socket) => {
                slot.socket = SocketState::Bound { socket, server: None };
                self.serve(at);
                true
            }
            Err(reason) => {
                slot.failures += 1;
                let retry_at = Instant::now() + retry_delay(slot.failures);
                slot.socket = SocketState::Unbound { reason, retry_at };
                false
            }
        }
    }

    /// Waits until a server exits; for ever if there is none.
    pub(in crate::supervisor) async fn next_exit(&mut self) -> Result<ServerExit, JoinError> {
        match self.servers.join_next().await {
            Some(exit) => exit,
            None => std::future::pending().await,
        }
    }

    /// Marks the slot of a server that exited as down, unless it was stopped.
    pub(in crate::supervisor) fn on_server_exit(&mut self, exit: Result<ServerExit, JoinError>) {
        let (id, result) = match exit {
            Ok(exit) => exit,
            // A JoinError does not name the server; its socket is released.
            Err(error) => {
                for slot in self.slots.iter_mut().filter(|slot| slot.is_released()) {
                    slot.fail(format!("server task panicked: {error}"));
                }
                return;
            }
        };
        let Some(slot) = self.slots.iter_mut().find(|slot| slot.runs_server(id)) else { return };
        slot.fail(match result {
            Ok(()) => "server task exited unexpectedly".to_owned(),
            Err(error) => format!("its socket is broken: {error}"),
        });
    }

    /// Pings every server, retries unbound slots that are due, and closes those whose grace is
    /// over.
    pub(in crate::supervisor) async fn check_health(&mut self, now: Millis) -> HealthReport {
        let mut report = HealthReport::default();
        let is_over = |slot: &ListenerSlot| slot.grace_until.is_some_and(|until| until <= now);
        for slot in self.slots.iter_mut().filter(|slot| is_over(slot)) {
            tracing::info!(annotator = slot.owner.name(), "old address closed");
            slot.stop();
            report.changed = true;
        }
        self.slots.retain(|slot| !is_over(slot));
        for at in 0..self.slots.len() {
            let slot = &mut self.slots[at];
            match &slot.socket {
                SocketState::Bound { server: Some(server), .. } => {
                    let answered = server.handle.heartbeat();
                    if server.since.elapsed() > BACKOFF_RESET_AFTER {
                        slot.failures = 0;
                    }
                    if matches!(slot.owner, ListenerOwner::Annotator(_)) {
                        report.pinged += 1;
                        report.answered += usize::from(answered);
                    }
                }
                SocketState::Unbound { retry_at, .. } if *retry_at <= Instant::now() => {
                    let (name, restarts) = (slot.owner.name().to_owned(), slot.restarts + 1);
                    if self.rebind(at).await {
                        self.slots[at].restarts = restarts;
                        tracing::info!(annotator = name, restarts, "listener is up again");
                        report.changed = true;
                    }
                }
                _ => {}
            }
        }
        report
    }

    /// Every annotator of the roster and the state of their port; then removed ones in their grace.
    pub(in crate::supervisor) fn statuses(&self, roster: &Roster) -> Vec<ListenerStatus> {
        let mut statuses: Vec<ListenerStatus> = Vec::new();
        for annotator in &roster.annotators {
            let mut slots = self.slots.iter().filter(|slot| slot.grace_until.is_none());
            let slot = slots.find(|slot| slot.is_of(&annotator.name));
            statuses.push(ListenerStatus {
                name: annotator.name.clone(),
                display: annotator.display_name().to_owned(),
                port: slot.and_then(ListenerSlot::address).map_or(annotator.port, |a| a.port()),
                url: slot.map(|slot| self.slot_url(slot)).unwrap_or_default(),
                state: match slot {
                    _ if !annotator.active => ListenerState::Paused,
                    Some(slot) if slot.down_reason().is_none() => ListenerState::Listening,
                    _ => ListenerState::Down,
                },
                active: annotator.active,
                restarts: slot.map_or(0, |slot| slot.restarts),
                detail: slot.and_then(ListenerSlot::down_reason).map(str::to_owned),
            });
        }
        for slot in self.slots.iter().filter(|slot| slot.grace_until.is_some()) {
            if roster.annotators.iter().any(|annotator| slot.is_of(&annotator.name)) {
                continue;
            }
            statuses.push(ListenerStatus {
                name: slot.owner.name().to_owned(),
                display: slot.port_owner.display.clone(),
                port: slot.address().map_or(slot.desired_address.port(), |a| a.port()),
                url: self.slot_url(slot),
                state: ListenerState::Removed,
                active: false,
                restarts: slot.restarts,
                detail: None,
            });
        }
        statuses
    }

    /// Why the lead's port is down, if it is.
    pub(in crate::supervisor) fn lead_down_reason(&self) -> Option<&str> {
        let lead = self.slots.iter().find(|slot| slot.owner == ListenerOwner::Lead);
        lead.and_then(ListenerSlot::down_reason)
    }

    /// Stops accepting everywhere. Returns the servers, which finish open requests. Drops the
    /// context, and with it the registry's handles to the allocator.
    pub(in crate::supervisor) fn stop_all(mut self) -> JoinSet<ServerExit> {
        for slot in &mut self.slots {
            slot.stop();
        }
        self.servers
    }
}

fn port_kind(owner: &ListenerOwner) -> PortKind {
    match owner {
        ListenerOwner::Annotator(_) => PortKind::Annotator,
        ListenerOwner::Lead => PortKind::Lead,
    }
}

/// The owner's name as people see it.
pub(super) fn display_name(roster: &Roster, owner: &ListenerOwner) -> String {
    let annotator = roster.annotator(owner.name());
    annotator.map_or(owner.name(), |annotator| annotator.display_name()).to_owned()
}

/// The listeners that a roster asks for.
pub(super) fn desired_listeners(roster: &Roster, any_port: bool) -> Vec<DesiredListener> {
    let at = |port: u16| SocketAddr::new(roster.server.bind, if any_port { 0 } else { port });
    let annotators = roster.active().map(|annotator| DesiredListener {
        owner: ListenerOwner::Annotator(annotator.name.clone()),
        address: at(annotator.port),
    });
    let lead = DesiredListener { owner: ListenerOwner::Lead, address: at(roster.lead.port) };
    annotators.chain([lead]).collect()
}
