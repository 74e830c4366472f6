//! `annotd run`: the daemon.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use clap::Args;

use super::{CommandError, selected_roster, terminal};
use crate::logging::{self, LogFormat};
use crate::supervisor::{self, Commands, Daemon, InheritedSockets};

#[derive(Args, Debug, Default)]
#[command(
    after_help = "Example:\n  annotd run --roster annotators.toml\n\nSIGTERM and SIGINT stop \
                  the daemon after the requests in flight; a second one ends the process at \
                  once.\nANNOTD_LOG sets the level of the log: error, warn, info (the default) or \
                  debug."
)]
pub(super) struct Arguments {
    /// Take free ports instead of the roster's, for a trial in parallel to a running daemon; the
    /// store is the roster's own
    #[arg(long)]
    any_port: bool,

    /// The format of the log [default: journal if standard error is systemd's journal, otherwise
    /// text]
    #[arg(long, value_enum, value_name = "FORMAT")]
    log_format: Option<LogFormat>,

    /// How many seconds a shutdown may take
    #[arg(long, value_name = "SECONDS", default_value_t = Seconds(30))]
    stop_within: Seconds,
}

#[derive(Clone, Copy, Debug)]
struct Seconds(u64);

impl Default for Seconds {
    fn default() -> Self {
        Self(30)
    }
}

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Seconds {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

pub(super) fn run(roster: Option<&Path>, arguments: &Arguments) -> Result<(), CommandError> {
    let file = selected_roster::read(roster)?;
    logging::start(arguments.log_format, terminal::stderr_has_colour());
    let daemon = Daemon {
        store_url: selected_roster::SelectedRoster::store_override()?,
        file: file.0,
        any_port: arguments.any_port,
        stop_within: Duration::from_secs(arguments.stop_within.0),
        inherited: InheritedSockets::from_environment(),
    };
    // Ports and connections are open files to the system, whose usual soft limit is 1024.
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::other(format!("cannot start the runtime: {error}")))?;
    let done = runtime.block_on(async {
        let commands = Commands::from_signals()
            .map_err(|error| CommandError::other(format!("cannot handle signals: {error}")))?;
        supervisor::run(daemon, commands, announce).await.map_err(CommandError::from)
    });
    // Work that goes on after the deadline is abandoned.
    runtime.shutdown_background();
    done
}

/// Prints a line for each address. A closed standard output does not stop the daemon.
fn announce(addresses: &supervisor::Addresses) {
    let width = addresses.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut out = std::io::stdout().lock();
    for (name, address) in addresses {
        let _ = writeln!(out, "{name:width$}  {address}");
    }
    let _ = out.flush();
}
