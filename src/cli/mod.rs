//! The command line: a file for each command, thin.
//!
//! Results go to standard output, everything else to standard error. Errors become a
//! [`CommandError`] with an exit code here, at the edge, and nowhere else; [`main`] prints it.

mod backup;
mod check;
mod daemon_client;
mod error;
mod export;
mod generate;
mod link;
mod load;
mod migrate;
mod pinned_tls;
mod protected_files;
mod reassign;
mod release;
mod restore;
mod run;
mod selected_roster;
mod simulate;
mod status;
mod terminal;
mod usage_hints;
mod verify;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

pub use error::{CommandError, ErrorKind};

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
    /// Run the daemon (also without a command)
    Run(run::Arguments),
    /// Find mistakes in the roster, and show who gets which port
    Check(check::Arguments),
    /// Load tasks from a file
    Load(load::Arguments),
    /// Show progress by annotator
    Status(status::Arguments),
    /// Write the answers to a file
    Export(export::Arguments),
    /// Write everything that the store holds into one file
    Backup(backup::Arguments),
    /// Put a backup into an empty store, SQLite or MongoDB
    Restore(restore::Arguments),
    /// Bring MongoDB to the present stored format, after a backup
    Migrate(migrate::Arguments),
    /// Print annotators' links, with their keys
    Link(link::Arguments),
    /// End an annotator's leases
    Release(release::Arguments),
    /// Move tasks that are named for one annotator to others
    Reassign(reassign::Arguments),
    /// Check stored data for contradictions, and repair what can be derived
    Verify(verify::Arguments),
    /// Show what the allocation would do with this roster and these tasks; changes nothing
    Simulate(simulate::Arguments),
    /// Write the man pages and the shells' completions
    #[command(hide = true)]
    Generate(generate::Arguments),
}

/// Runs the command line of this process, and prints its error.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return print_usage_error(&error),
    };
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
        Err(error) => {
            if !error.is_printed() {
                terminal::message(format_args!("annotd: {error}"));
            }
            ExitCode::from(error.exit_code())
        }
    }
}

/// Prints clap's error, or the help that was asked for, and a hint at the command line that was
/// probably meant.
fn print_usage_error(error: &clap::Error) -> ExitCode {
    // If standard error cannot be written to, there is no other place to report that.
    let _ = error.print();
    let typed: Vec<OsString> = std::env::args_os().skip(1).collect();
    if let Some(hint) = usage_hints::hint(error, &Arguments::command(), &typed) {
        terminal::message(format_args!("\nhint: {hint}"));
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(ErrorKind::Usage.exit_code()))
}

/// Runs a command that only talks to the store, on one thread.
fn block_on<T>(work: impl Future<Output = Result<T, CommandError>>) -> Result<T, CommandError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CommandError::other(format!("cannot start the runtime: {error}")))?
        .block_on(work)
}
