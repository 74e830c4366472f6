//! Signals, as commands that tests send, too.
//!
//! SIGHUP is a reload, SIGTERM and SIGINT are a stop. The second stop signal ends the process in
//! the signal handler itself ([`signal_hook`]), so that it works even if every thread of the
//! runtime is blocked: nothing more is logged, and the exit status is 128 and the signal's number,
//! as shells report it.
//!
//! Rejected: to read the second signal from the runtime, like the first. A runtime that is stuck is
//! the reason for most second signals.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// A command to the daemon from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Read the roster's files again.
    Reload,
    /// Stop, within the deadline.
    Stop,
}

/// The commands, in the order of their arrival.
pub struct Commands(mpsc::UnboundedReceiver<Command>);

impl Commands {
    /// Commands that this process sends to itself.
    pub fn new() -> (mpsc::UnboundedSender<Command>, Self) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (sender, Self(receiver))
    }

    /// Commands from signals. From the first SIGTERM or SIGINT on, another one ends the process.
    ///
    /// # Errors
    /// If the system refuses a signal handler.
    pub fn from_signals() -> io::Result<Self> {
        let (sender, commands) = Self::new();
        let stop_requested = Arc::new(AtomicBool::new(false));
        for number in [SIGTERM, SIGINT] {
            // Actions run in the order of their registration: the first signal finds the flag
            // unset.
            let status = 128 + number;
            flag::register_conditional_shutdown(number, status, Arc::clone(&stop_requested))?;
            flag::register(number, Arc::clone(&stop_requested))?;
        }
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

    /// The next command; waits for ever when no sender is left.
    pub(super) async fn next(&mut self) -> Command {
        match self.0.recv().await {
            Some(command) => command,
            None => std::future::pending().await,
        }
    }
}
