//! Notifies systemd, if it has started the daemon: ready, reloading, a status line, watchdog pings.
//!
//! Messages are datagrams to the socket of `NOTIFY_SOCKET`; without one, nothing is sent. Every
//! reload that was announced is also ended, even if the roster was rejected: systemd would
//! otherwise wait for the end of the reload for ever.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use sd_notify::NotifyState;

/// Messages that wait while systemd does not read. Further ones are dropped: each is a state, which
/// the next one repeats.
const QUEUE_LENGTH: usize = 64;

/// A message to systemd.
#[derive(Debug)]
enum Message {
    Ready(String),
    Reloading(NotifyState<'static>),
    Status(String),
    StillStarting(String, Duration),
    Alive,
    Stopping,
}

/// Sends messages to systemd, if systemd has started the daemon.
///
/// A separate thread sends them: sending may block, and a systemd that does not read must not block
/// the daemon.
#[derive(Clone, Debug)]
pub(super) struct SystemdNotifier(Option<SyncSender<Message>>);

impl SystemdNotifier {
    /// Starts the sending thread, if there is a socket to send to.
    pub(super) fn start() -> Self {
        if std::env::var_os("NOTIFY_SOCKET").is_none() {
            return Self(None);
        }
        let (sender, messages) = sync_channel(QUEUE_LENGTH);
        let thread = std::thread::Builder::new().name("manager".into());
        match thread.spawn(move || send_all(&messages)) {
            Ok(_) => Self(Some(sender)),
            Err(error) => {
                tracing::warn!(%error, "cannot start the systemd notifier");
                Self(None)
            }
        }
    }

    /// Everything serves; ends a reload.
    pub(super) fn ready(&self, line: &str) {
        self.send(Message::Ready(one_line(line)));
    }

    /// A reload begins. [`SystemdNotifier::ready`] has to follow.
    pub(super) fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => self.send(Message::Reloading(now)),
            Err(error) => tracing::debug!(%error, "there is no monotonic clock"),
        }
    }

    /// The status line.
    pub(super) fn status(&self, line: &str) {
        self.send(Message::Status(one_line(line)));
    }

    /// The start may take this much longer from now on.
    pub(super) fn still_starting(&self, line: &str, longer: Duration) {
        self.send(Message::StillStarting(one_line(line), longer));
    }

    /// A watchdog ping.
    pub(super) fn alive(&self) {
        self.send(Message::Alive);
    }

    /// The shutdown begins.
    pub(super) fn stopping(&self) {
        self.send(Message::Stopping);
    }

    /// How often systemd's watchdog needs a ping: three times within its timeout. `None` without
    /// one.
    pub(super) fn watchdog_interval() -> Option<Duration> {
        // A timeout of zero means that there is no watchdog.
        let limit = sd_notify::watchdog_enabled().filter(|limit| !limit.is_zero());
        limit.map(|limit| (limit / 3).max(Duration::from_millis(100)))
    }

    fn send(&self, message: Message) {
        let Some(sender) = &self.0 else { return };
        match sender.try_send(message) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => {
                tracing::debug!("systemd does not read its messages");
            }
        }
    }
}

fn send_all(messages: &Receiver<Message>) {
    while let Ok(message) = messages.recv() {
        let sent = match &message {
            Message::Ready(line) => {
                sd_notify::notify(&[NotifyState::Ready, NotifyState::Status(line)])
            }
            // The protocol requires both in one message.
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
        if let Err(error) = sent {
            tracing::debug!(%error, "cannot send a message to systemd");
        }
    }
}

/// Joins lines: systemd would read what follows a newline as another assignment.
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
