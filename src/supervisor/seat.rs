//! One listener's place: whose it is, its socket if that could be had, and whether it serves.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;

use super::difference::{Wanted, Who};
use super::sockets::Socket;
use crate::http::Handle;
use crate::listener::Person;
use crate::live::Live;
use crate::task::Millis;

/// The pause before a listener is tried again; doubled each time…
pub(super) const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// … up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// One listener.
pub(super) struct Seat {
    pub(super) who: Who,
    /// Where the roster wants it.
    pub(super) asked: SocketAddr,
    pub(super) person: Live<Person>,
    pub(super) door: Door,
    pub(super) restarts: u64,
    /// Failures in a row.
    pub(super) failures: u32,
    /// It takes what is left until then, and nothing else.
    pub(super) lingers_until: Option<Millis>,
}

pub(super) enum Door {
    /// It has a socket, and serves on it once there is something to serve.
    Open { socket: Socket, serving: Option<Serving> },
    /// It has none.
    Shut { why: String, again: Instant },
}

pub(super) struct Serving {
    pub(super) id: u64,
    pub(super) handle: Handle,
    pub(super) since: Instant,
}

impl Seat {
    pub(super) fn new(wanted: &Wanted, person: Person, socket: Socket) -> Self {
        Self {
            who: wanted.who.clone(),
            asked: wanted.address,
            person: Live::new(person),
            door: Door::Open { socket, serving: None },
            restarts: 0,
            failures: 0,
            lingers_until: None,
        }
    }

    pub(super) fn is_of(&self, name: &str) -> bool {
        matches!(&self.who, Who::Annotator(annotator) if annotator == name)
    }

    pub(super) fn address(&self) -> Option<SocketAddr> {
        match &self.door {
            Door::Open { socket, .. } => Some(socket.address),
            Door::Shut { .. } => None,
        }
    }

    pub(super) fn why_shut(&self) -> Option<&str> {
        match &self.door {
            Door::Open { .. } => None,
            Door::Shut { why, .. } => Some(why),
        }
    }

    pub(super) fn serves_as(&self, id: u64) -> bool {
        matches!(&self.door, Door::Open { serving: Some(serving), .. } if serving.id == id)
    }

    /// Whether whatever served here is gone without having been told to.
    pub(super) fn is_gone(&self) -> bool {
        matches!(&self.door, Door::Open { serving: Some(s), .. } if s.handle.is_gone())
    }

    /// Stops accepting. Requests under way are finished.
    pub(super) fn stop(&mut self) {
        if let Door::Open { serving, .. } = &mut self.door
            && let Some(serving) = serving.take()
        {
            serving.handle.stop();
        }
    }

    /// Gives the socket up, to be opened again after a pause.
    pub(super) fn fail(&mut self, why: String) {
        self.failures += 1;
        let pause = pause(self.failures);
        tracing::error!(
            annotator = self.who.name(),
            error = why,
            again_in_seconds = pause.as_secs(),
            "a listener is down"
        );
        self.door = Door::Shut { why, again: Instant::now() + pause };
    }
}

/// The pause after so many failures in a row.
pub(super) fn pause(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_minute() {
        let seconds: Vec<u64> = (1..=8).map(|failures| pause(failures).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }
}
