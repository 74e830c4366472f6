//! `annotd run`: the daemon.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use clap::Args;

use super::log::{self, LogFormat};
use super::{Failure, roster_file};
use crate::supervisor::{self, Commands, Daemon, InheritedSockets};

#[derive(Args, Debug, Default)]
#[command(
    after_help = "Example:\n  annotd run --roster annotators.toml\n\nSIGTERM and SIGINT finish \
                        what is under way and stop; a second one ends the process at once.\nANNOTD_LOG sets \
                        what is logged: error, warn, info (the default), debug."
)]
pub(super) struct Arguments {
    /// Listen on any free ports instead of the roster's, such as for a trial beside a running
    /// daemon
    #[arg(long)]
    any_port: bool,

    /// How the log is written [default: journal if standard error is connected to systemd's
    /// journal, otherwise text]
    #[arg(long, value_enum, value_name = "FORMAT")]
    log_format: Option<LogFormat>,

    /// How many seconds a stop may take
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

pub(super) fn run(roster: Option<&Path>, arguments: &Arguments) -> Result<(), Failure> {
    let file = roster_file::read(roster)?;
    log::start(arguments.log_format);
    let daemon = Daemon {
        store_url: roster_file::Chosen::store_override()?,
        file: file.0,
        any_port: arguments.any_port,
        stop_within: Duration::from_secs(arguments.stop_within.0),
        inherited: InheritedSockets::from_environment(),
    };
    // A port and its connections are files to the system, and 1024 of them are the usual first
    // limit.
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::other(format!("cannot start: {error}")))?;
    let done = runtime.block_on(async {
        let commands = Commands::from_signals()
            .map_err(|error| Failure::other(format!("cannot listen to signals: {error}")))?;
        supervisor::run(daemon, commands, announce).await.map_err(Failure::from)
    });
    // What is still under way after the deadline is not waited for.
    runtime.shutdown_background();
    done
}

/// One line per address. A daemon whose standard output is closed runs all the same.
fn announce(addresses: &supervisor::Addresses) {
    let width = addresses.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut out = std::io::stdout().lock();
    for (name, address) in addresses {
        let _ = writeln!(out, "{name:width$}  {address}");
    }
    let _ = out.flush();
}
