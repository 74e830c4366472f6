//! One listener: its owner, its socket if that could be bound, and its server.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;

use super::diff::ListenerOwner;
use super::sockets::Socket;
use crate::http::ServerHandle;
use crate::listener::PortOwner;
use crate::supervisor::in_force::SlotId;
use crate::task::Millis;

/// The pause before the first retry of a listener; doubled after each failure…
pub(super) const FIRST_RETRY_DELAY: Duration = Duration::from_secs(1);
/// … up to this.
const LONGEST_RETRY_DELAY: Duration = Duration::from_secs(60);

/// One listener.
pub(super) struct ListenerSlot {
    pub(super) id: SlotId,
    pub(super) owner: ListenerOwner,
    /// Where the roster wants it. Port 0 is any free one.
    pub(super) desired_address: SocketAddr,
    /// What the port shows of its annotator. A change takes effect with the next snapshot.
    pub(super) port_owner: PortOwner,
    pub(super) socket: SocketState,
    /// How often it was bound again after a failure.
    pub(super) restarts: u64,
    /// Failures in a row.
    pub(super) failures: u32,
    /// Until then it only takes unsent answers: its annotator is removed, paused or moved.
    pub(super) grace_until: Option<Millis>,
}

pub(super) enum SocketState {
    /// It has a socket, and a server once there is something to serve.
    Bound { socket: Socket, server: Option<RunningServer> },
    /// It has none.
    Unbound { reason: String, retry_at: Instant },
}

pub(super) struct RunningServer {
    pub(super) id: u64,
    pub(super) handle: ServerHandle,
    pub(super) since: Instant,
}

impl ListenerSlot {
    pub(super) fn new(
        id: SlotId,
        owner: ListenerOwner,
        desired_address: SocketAddr,
        port_owner: PortOwner,
        socket: SocketState,
    ) -> Self {
        let failures = u32::from(matches!(socket, SocketState::Unbound { .. }));
        Self {
            id,
            owner,
            desired_address,
            port_owner,
            socket,
            restarts: 0,
            failures,
            grace_until: None,
        }
    }

    /// Whether it is this annotator's.
    pub(super) fn is_of(&self, name: &str) -> bool {
        matches!(&self.owner, ListenerOwner::Annotator(annotator) if annotator == name)
    }

    /// Where it is bound.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match &self.socket {
            SocketState::Bound { socket, .. } => Some(socket.address),
            SocketState::Unbound { .. } => None,
        }
    }

    /// Why it is unbound, if it is.
    pub(super) fn down_reason(&self) -> Option<&str> {
        match &self.socket {
            SocketState::Bound { .. } => None,
            SocketState::Unbound { reason, .. } => Some(reason),
        }
    }

    fn server(&self) -> Option<&RunningServer> {
        match &self.socket {
            SocketState::Bound { server, .. } => server.as_ref(),
            SocketState::Unbound { .. } => None,
        }
    }

    pub(super) fn runs_server(&self, id: u64) -> bool {
        self.server().is_some_and(|server| server.id == id)
    }

    /// Whether its server has released the socket without having been stopped.
    pub(super) fn is_released(&self) -> bool {
        self.server().is_some_and(|server| server.handle.is_released())
    }

    /// Takes its server out, which runs on.
    pub(super) fn take_server(&mut self) -> Option<RunningServer> {
        match &mut self.socket {
            SocketState::Bound { server, .. } => server.take(),
            SocketState::Unbound { .. } => None,
        }
    }

    /// Stops accepting. Open requests are finished.
    pub(super) fn stop(&mut self) {
        if let Some(server) = self.take_server() {
            server.handle.stop();
        }
    }

    /// Gives the socket up; it is bound again after a pause.
    pub(super) fn fail(&mut self, reason: String) {
        self.failures += 1;
        let pause = retry_delay(self.failures);
        tracing::error!(
            annotator = self.owner.name(),
            error = reason,
            again_in_seconds = pause.as_secs(),
            "listener is down"
        );
        self.socket = SocketState::Unbound { reason, retry_at: Instant::now() + pause };
    }
}

/// The pause after this many failures in a row.
pub(super) fn retry_delay(failures: u32) -> Duration {
    FIRST_RETRY_DELAY
        .saturating_mul(1 << failures.saturating_sub(1).min(10))
        .min(LONGEST_RETRY_DELAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_delays_grow_up_to_a_minute() {
        let seconds: Vec<u64> = (1..=8).map(|failures| retry_delay(failures).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(retry_delay(u32::MAX), LONGEST_RETRY_DELAY);
    }
}
