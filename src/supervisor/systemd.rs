//! What the service manager is told, if one has started the daemon: that it is ready, that it reloads,
//! how it is in a line, that it is alive.
//!
//! systemd's protocol, by datagrams to the socket of `NOTIFY_SOCKET`; without one all of this does
//! nothing. A reload is announced and ended in every case, also where the roster was refused: a
//! manager that waits for the end of a reload would otherwise wait for ever.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use sd_notify::NotifyState;

/// Messages that wait while the manager does not read. What comes beyond is dropped: they say how
/// things are, and the next one says it again.
const WAITING: usize = 64;

/// A message to the manager.
#[derive(Debug)]
enum Message {
    Ready(String),
    Reloading(NotifyState<'static>),
    Status(String),
    StillStarting(String, Duration),
    Alive,
    Stopping,
}

/// Whoever started the daemon.
///
/// Messages go out on a thread of their own, because to send one may block, and a manager that does
/// not read must not keep the daemon from its work.
#[derive(Clone, Debug)]
pub(super) struct SystemdNotifier(Option<SyncSender<Message>>);

impl SystemdNotifier {
    /// The manager, if there is one.
    pub(super) fn start() -> Self {
        if std::env::var_os("NOTIFY_SOCKET").is_none() {
            return Self(None);
        }
        let (sender, messages) = sync_channel(WAITING);
        let thread = std::thread::Builder::new().name("manager".into());
        match thread.spawn(move || send_all(&messages)) {
            Ok(_) => Self(Some(sender)),
            Err(error) => {
                tracing::warn!(%error, "the service manager cannot be told how things are");
                Self(None)
            }
        }
    }

    /// Everything serves.
    pub(super) fn ready(&self, line: &str) {
        self.send(Message::Ready(one_line(line)));
    }

    /// The roster is looked at. [`SystemdNotifier::ready`] has to follow.
    pub(super) fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => self.send(Message::Reloading(now)),
            Err(error) => tracing::debug!(%error, "there is no monotonic clock"),
        }
    }

    /// How it is, in a line.
    pub(super) fn status(&self, line: &str) {
        self.send(Message::Status(one_line(line)));
    }

    /// The start takes at least this much longer.
    pub(super) fn still_starting(&self, line: &str, longer: Duration) {
        self.send(Message::StillStarting(one_line(line), longer));
    }

    /// It is alive.
    pub(super) fn alive(&self) {
        self.send(Message::Alive);
    }

    /// It stops.
    pub(super) fn stopping(&self) {
        self.send(Message::Stopping);
    }

    /// How often it has to be told that the daemon is alive, if it wants to know: three times within
    /// the time after which it would end it.
    pub(super) fn watchdog_interval() -> Option<Duration> {
        // A time of nothing means that it does not want to know.
        let limit = sd_notify::watchdog_enabled().filter(|limit| !limit.is_zero());
        limit.map(|limit| (limit / 3).max(Duration::from_millis(100)))
    }

    fn send(&self, message: Message) {
        let Some(sender) = &self.0 else { return };
        match sender.try_send(message) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => {
                tracing::debug!("the service manager does not read what it is told");
            }
        }
    }
}

fn send_all(messages: &Receiver<Message>) {
    while let Ok(message) = messages.recv() {
        let told = match &message {
            Message::Ready(line) => {
                sd_notify::notify(&[NotifyState::Ready, NotifyState::Status(line)])
            }
            // Both in one message, as the protocol wants it.
            Message::Reloading(now) => sd_notify::notify(&[NotifyState::Reloading, now.clone()]),
            Message::Status(line) => sd_notify::notify(&[NotifyState::Status(line)]),
            Message::StillStarting(line, longer) => {
                let micros = u32::try_from(longer.as_micros()).unwrap_or(u32::MAX);
                let more = NotifyState::ExtendTimeoutUsec(micros);
                sd_notify::notify(&[more, NotifyState::Status(line)])
            }
            Message::Alive => sd_notify::notify(&[NotifyState::Watchdog]),
            Message::Stopping => {
                sd_notify::notify(&[NotifyState::Stopping, NotifyState::Status("Stopping")])
            }
        };
        if let Err(error) = told {
            tracing::debug!(%error, "the service manager cannot be told");
        }
    }
}

/// A status is one line; what follows a newline would be read as another word of the protocol.
fn one_line(text: &str) -> String {
    text.split('\n').map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_status_is_one_line() {
        assert_eq!(super::one_line("a\n\n  b\nREADY=1"), "a; b; READY=1");
    }
}
