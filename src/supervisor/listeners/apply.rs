//! The listeners under another roster, in three phases.
//!
//! [`ListenerRegistry::prepare`] binds the new sockets; if any of them fails, it closes those that
//! it has bound, and nothing has changed. [`ListenerRegistry::commit`] cannot fail: it transfers
//! sockets between slots and keeps removed listeners open for a grace period, so that unsent
//! answers still arrive. The caller then puts the new owners in force, and
//! [`ListenerRegistry::update_servers`] stops the servers of slots that are gone and starts those
//! of new ones. No phase touches a listener that both rosters have.

use std::time::Duration;

use super::diff::{
    CurrentListener, DesiredListener, ListenerDiff, ListenerOwner, addresses_conflict,
    diff_listeners,
};
use super::registry::{BindFailure, ListenerRegistry, desired_listeners, display_name};
use super::slot::{ListenerSlot, SocketState};
use super::sockets::Socket;
use crate::listener::{Membership, PortOwner, PreviousOwner};
use crate::roster::Roster;
use crate::task::Millis;

/// How long the old address of a removed, paused or moved annotator still takes answers.
const OLD_ADDRESS_GRACE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a transfer waits until the old server releases the socket. It does at once, unless its
/// thread is stuck; then two servers accept on the same socket until it is not.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(2);

/// A change whose sockets are bound, and that [`ListenerRegistry::commit`] carries out.
pub(in crate::supervisor) struct PreparedChange {
    desired: Vec<DesiredListener>,
    diff: ListenerDiff,
    bound: Vec<(usize, Socket)>,
    display_names: Vec<String>,
}

impl ListenerRegistry {
    /// Binds the sockets that the next roster needs and that are not there. Touches no listener,
    /// except one to be closed whose address conflicts with a new one: that is closed first, and
    /// bound again if the change fails.
    pub(in crate::supervisor) async fn prepare(
        &mut self,
        next: &Roster,
    ) -> Result<PreparedChange, Vec<BindFailure>> {
        let desired = desired_listeners(next, self.any_port);
        let current: Vec<CurrentListener> = self
            .slots
            .iter()
            .map(|slot| CurrentListener {
                owner: slot.owner.clone(),
                address: slot.desired_address,
                bound: matches!(slot.socket, SocketState::Bound { .. }),
            })
            .collect();
        let diff = diff_listeners(&current, &desired);
        let conflicts = |at: &usize| {
            let mut others = diff.conflicting.iter().map(|other| current[*other].address);
            others.any(|other| addresses_conflict(other, desired[*at].address))
        };
        let (last, first): (Vec<usize>, Vec<usize>) =
            diff.open.iter().partition(|at| conflicts(at));
        // Those without a conflict come first: if one fails, nothing has to be closed.
        let (mut bound, mut failures) = self.bind_all(&desired, first).await;
        if !failures.is_empty() {
            return Err(failures);
        }
        for at in &diff.conflicting {
            self.release_socket(*at).await;
        }
        let (more, failed) = self.bind_all(&desired, last).await;
        bound.extend(more);
        failures.extend(failed);
        if failures.is_empty() {
            let names = desired.iter().map(|desired| display_name(next, &desired.owner));
            let display_names = names.collect();
            return Ok(PreparedChange { desired, diff, bound, display_names });
        }
        drop(bound);
        for at in diff.conflicting {
            self.rebind(at).await;
        }
        Err(failures)
    }

    /// Binds the sockets of these desired listeners. Returns which worked and which did not.
    async fn bind_all(
        &self,
        desired: &[DesiredListener],
        which: Vec<usize>,
    ) -> (Vec<(usize, Socket)>, Vec<BindFailure>) {
        let (mut bound, mut failures) = (Vec::new(), Vec::new());
        for at in which {
            let DesiredListener { owner, address } = &desired[at];
            match self.binder.bind(owner, *address).await {
                Ok(socket) => bound.push((at, socket)),
                Err(reason) => {
                    let (owner, address) = (owner.clone(), *address);
                    failures.push(BindFailure { owner, address, reason });
                }
            }
        }
        (bound, failures)
    }

    /// Changes the slots. Returns in words which listener has which address now. Servers run on
    /// until [`ListenerRegistry::update_servers`].
    pub(in crate::supervisor) fn commit(
        &mut self,
        prepared: PreparedChange,
        next: &Roster,
        now: Millis,
    ) -> Vec<String> {
        let PreparedChange { desired, diff, bound, display_names } = prepared;
        self.server = next.server.clone();
        let until = now + OLD_ADDRESS_GRACE;
        let mut changes = Vec::new();
        let mut opened = Vec::new();
        let mut next_slot_id = self.next_slot_id;
        let mut new_slot = |at: usize, port_owner: PortOwner, socket: Socket| {
            let DesiredListener { owner, address } = desired[at].clone();
            let socket = SocketState::Bound { socket, server: None };
            next_slot_id += 1;
            ListenerSlot::new(next_slot_id - 1, owner, address, port_owner, socket)
        };
        for (from, to) in &diff.transfer {
            let slot = &mut self.slots[*from];
            let mut port_owner = PortOwner::active(display_names[*to].as_str());
            port_owner.previous_owners = previous_owners(slot, &desired[*to].owner, now, until);
            self.replaced_servers.extend(slot.take_server());
            let SocketState::Bound { socket, .. } = &slot.socket else { continue };
            let (owner, socket) = (&desired[*to].owner, socket.clone());
            changes.push(format!(
                "{} has {}",
                owner.name(),
                self.public_url(owner, socket.address)
            ));
            opened.push(new_slot(*to, port_owner, socket));
        }
        for (at, socket) in bound {
            let owner = &desired[at].owner;
            changes.push(format!(
                "{} has {}",
                owner.name(),
                self.public_url(owner, socket.address)
            ));
            opened.push(new_slot(at, PortOwner::active(display_names[at].as_str()), socket));
        }
        let mut back = Vec::new();
        for (at, to) in &diff.keep {
            let slot = &mut self.slots[*at];
            if slot.grace_until.take().is_some() {
                back.push(*at);
            }
            let previous_owners = std::mem::take(&mut slot.port_owner.previous_owners);
            let name = display_names[*to].as_str();
            slot.port_owner = PortOwner { previous_owners, ..PortOwner::active(name) };
        }
        for slot in back.into_iter().map(|at| &self.slots[at]) {
            changes.push(format!("{} has {}", slot.owner.name(), self.slot_url(slot)));
        }
        let mut removed: Vec<usize> = diff.transfer.iter().map(|(from, _)| *from).collect();
        for at in &diff.close {
            let has_socket = !diff.conflicting.contains(at);
            if !self.begin_grace(*at, next, &opened, has_socket, until) {
                removed.push(*at);
            }
        }
        removed.sort_unstable();
        for at in removed.into_iter().rev() {
            self.slots.remove(at);
        }
        self.slots.append(&mut opened);
        self.next_slot_id = next_slot_id;
        self.sort_slots(next);
        changes
    }

    /// Stops the servers of slots that are gone, which finish their open requests, and starts those
    /// of new slots.
    pub(in crate::supervisor) async fn update_servers(&mut self) {
        for server in &self.replaced_servers {
            server.handle.stop();
        }
        for server in self.replaced_servers.drain(..) {
            // After that a new server accepts every connection of the socket.
            let _ = tokio::time::timeout(RELEASE_TIMEOUT, server.handle.released()).await;
        }
        for at in 0..self.slots.len() {
            self.serve(at);
        }
    }

    /// Sets what a listener that is to be closed says of its annotator, and keeps it for the grace
    /// period if it is an annotator's and has a socket. Returns whether it stays.
    fn begin_grace(
        &mut self,
        at: usize,
        next: &Roster,
        opened: &[ListenerSlot],
        has_socket: bool,
        until: Millis,
    ) -> bool {
        let moved_to = self.new_url(at, opened);
        let slot = &mut self.slots[at];
        let ListenerOwner::Annotator(name) = slot.owner.clone() else {
            self.replaced_servers.extend(slot.take_server());
            return false;
        };
        let membership = match (moved_to, next.annotator(&name)) {
            (Some(url), _) => Membership::Moved { url },
            (None, Some(annotator)) if !annotator.active => Membership::Paused,
            (None, _) => Membership::Removed,
        };
        slot.port_owner.membership = membership;
        if !has_socket || slot.address().is_none() {
            self.replaced_servers.extend(slot.take_server());
            return false;
        }
        slot.grace_until.get_or_insert(until);
        true
    }

    /// The URL of another slot of the same owner, if there is one.
    fn new_url(&self, at: usize, opened: &[ListenerSlot]) -> Option<String> {
        let owner = &self.slots[at].owner;
        let others = self.slots.iter().enumerate().filter(|(other, _)| *other != at);
        let kept = others.map(|(_, slot)| slot).filter(|slot| slot.grace_until.is_none());
        let slot = opened.iter().chain(kept).find(|slot| slot.owner == *owner)?;
        Some(self.public_url(owner, slot.address()?))
    }

    /// Sorts the slots by the roster; those in their grace period come last.
    fn sort_slots(&mut self, roster: &Roster) {
        let position = |slot: &ListenerSlot| match &slot.owner {
            ListenerOwner::Lead => usize::MAX,
            ListenerOwner::Annotator(name) => {
                roster.annotators.iter().position(|a| a.name == *name).unwrap_or(usize::MAX)
            }
        };
        self.slots.sort_by_key(|slot| (slot.grace_until.is_some(), position(slot)));
    }
}

/// Whose answers the new owner of a slot's port still takes: those of its owner and of earlier
/// ones.
fn previous_owners(
    slot: &ListenerSlot,
    new_owner: &ListenerOwner,
    now: Millis,
    until: Millis,
) -> Vec<PreviousOwner> {
    let mut previous = slot.port_owner.previous_owners.clone();
    if let ListenerOwner::Annotator(name) = &slot.owner {
        previous.push(PreviousOwner { annotator: name.clone(), until });
    }
    previous.retain(|owner| owner.until > now && owner.annotator != new_owner.name());
    previous
}
