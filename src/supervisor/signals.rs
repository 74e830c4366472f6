//! Signals, as commands that tests send, too.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// What the daemon can be told from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Look at the roster's files again.
    Reload,
    /// Stop; told twice, stop at once.
    Stop,
}

/// The commands, in their order.
pub struct Commands(mpsc::UnboundedReceiver<Command>);

impl Commands {
    /// Commands that are sent from within.
    pub fn new() -> (mpsc::UnboundedSender<Command>, Self) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (sender, Self(receiver))
    }

    /// SIGHUP as reload, SIGTERM and SIGINT as stop.
    ///
    /// # Errors
    /// If the system does not let us listen to signals.
    pub fn of_signals() -> io::Result<Self> {
        let (sender, commands) = Self::new();
        let mut hangup = signal(SignalKind::hangup())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::spawn(async move {
            loop {
                let command = tokio::select! {
                    _ = hangup.recv() => Command::Reload,
                    _ = terminate.recv() => Command::Stop,
                    _ = interrupt.recv() => Command::Stop,
                };
                if sender.send(command).is_err() {
                    return;
                }
            }
        });
        Ok(commands)
    }

    /// The next command; waits for ever once nobody can send one.
    pub(super) async fn next(&mut self) -> Command {
        match self.0.recv().await {
            Some(command) => command,
            None => std::future::pending().await,
        }
    }
}
