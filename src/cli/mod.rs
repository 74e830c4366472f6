//! The command line: a file per command, thin.
//!
//! Results go to standard output, everything else to standard error. What goes wrong becomes a
//! [`Failure`] with an exit code here, at the edge, and nowhere else.

mod backup;
mod check;
mod daemon_client;
mod export;
mod failure;
mod generate;
mod link;
mod load;
mod log;
mod migrate;
mod pinned;
mod reassign;
mod release;
mod restore;
mod roster_file;
mod run;
mod simulate;
mod status;
mod targets;
mod terminal;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use failure::{Failure, exit};

/// One daemon for a team that annotates: a port for every annotator, exactly the answers wanted
/// for every task.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Example:\n  annotd --roster annotators.toml\n  annotd load -i tasks.jsonl\n  \
                  annotd export -o answers.jsonl",
    arg_required_else_help = false
)]
struct Arguments {
    /// The roster [default: ./annotators.toml, then /etc/annotd/annotators.toml]
    #[arg(long, global = true, value_name = "FILE")]
    roster: Option<PathBuf>,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon (what annotd does without a command)
    Run(run::Arguments),
    /// Look for mistakes in the roster, and show who gets which port
    Check(check::Arguments),
    /// Load tasks from a file
    Load(load::Arguments),
    /// Show how far everybody has come
    Status(status::Arguments),
    /// Write the answers to a file
    Export(export::Arguments),
    /// Write everything that the store holds into one file
    Backup(backup::Arguments),
    /// Put a backup into an empty store, of either engine
    Restore(restore::Arguments),
    /// Bring a shared store of an older format to the present one, after a backup
    Migrate(migrate::Arguments),
    /// Print somebody's bookmark, with their key if they need one
    Link(link::Arguments),
    /// Take back what somebody holds
    Release(release::Arguments),
    /// Give what was meant for somebody to others
    Reassign(reassign::Arguments),
    /// Check the stored data against every promise, and repair what can be derived
    Verify(verify::Arguments),
    /// Show what the allocation would do with this roster and these tasks; touches nothing
    Simulate(simulate::Arguments),
    /// Write the man pages and the shells' completions
    #[command(hide = true)]
    Generate(generate::Arguments),
}

/// Carries out the command line of this process.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let roster = arguments.roster.as_deref();
    let done = match arguments.command.unwrap_or_else(|| Command::Run(run::Arguments::default())) {
        Command::Run(arguments) => run::run(roster, &arguments),
        Command::Check(arguments) => check::run(roster, &arguments),
        Command::Load(arguments) => load::run(roster, &arguments),
        Command::Status(arguments) => status::run(roster, &arguments),
        Command::Export(arguments) => export::run(roster, &arguments),
        Command::Backup(arguments) => backup::run(roster, &arguments),
        Command::Restore(arguments) => restore::run(roster, &arguments),
        Command::Migrate(arguments) => migrate::run(roster, &arguments),
        Command::Link(arguments) => link::run(roster, &arguments),
        Command::Release(arguments) => release::run(roster, &arguments),
        Command::Reassign(arguments) => reassign::run(roster, &arguments),
        Command::Verify(arguments) => verify::run(roster, &arguments),
        Command::Simulate(arguments) => simulate::run(roster, &arguments),
        Command::Generate(arguments) => generate::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::complain(&failure.message);
            ExitCode::from(failure.code)
        }
    }
}

/// A small runtime for commands that only talk to the store.
fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::other(format!("cannot start: {error}")))?
        .block_on(work)
}
