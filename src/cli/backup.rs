//! `annotd backup`: everything that the store holds, in one file.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{CommandError, block_on, protected_files, selected_roster, terminal};
use crate::backup::{self, BackupSummary, Head};
use crate::export::atomic_file::Output;
use crate::roster::NeededPart;
use crate::task::Millis;

#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  annotd backup -o newsroom-2026-03-01.zst\n  annotd backup -o - | ssh \
                  elsewhere 'cat > newsroom.zst'\n\nThe daemon may be running. The backup has \
                  everything that was acknowledged before it began. `annotd restore -i FILE` puts \
                  it into an empty store, SQLite or MongoDB."
)]
pub(super) struct Arguments {
    /// The file, written whole or not at all; - for standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

pub(super) fn run(roster: Option<&Path>, arguments: &Arguments) -> Result<(), CommandError> {
    let needs = "the store's URL and the project's name";
    let file = selected_roster::read_partly(roster, NeededPart::Store, needs)?;
    let to_standard = arguments.output.as_os_str() == "-";
    if to_standard && std::io::stdout().is_terminal() {
        return Err(CommandError::usage(
            "a backup is compressed, so it is not printed to a terminal",
        )
        .hint("name a file with -o, or pipe the backup into another program"));
    }
    let output = protected_files::Output { option: "-o", path: Some(&arguments.output) };
    protected_files::check(&file, &[], &[output])?;
    let BackupSummary { tasks, answers } = block_on(async {
        let store = file.open_store_to_read().await?;
        let now = Millis(jiff::Timestamp::now().as_millisecond());
        let head = Head::new(&file.roster.project.name, store.engine().as_str(), now);
        // Opened after the store: no file appears where there is nothing to back up.
        // The keys to the ports are in it.
        let output = Output::private(Some(&arguments.output), Box::new(std::io::stdout()))?;
        // Only for the progress bar: a store that cannot count reports its error when it is read.
        let total = store.count().await.ok();
        let bar = terminal::bar(total, "backing up {wide_bar} {pos} of {len} tasks, {eta} to go");
        let taken = backup::create(&*store, &head, output, |tasks| {
            bar.set_length(tasks.max(bar.length().unwrap_or(0)));
            bar.set_position(tasks);
        });
        let taken = taken.await;
        bar.finish_and_clear();
        store.close().await;
        Ok(taken?)
    })?;
    let place =
        if to_standard { "the backup".to_owned() } else { arguments.output.display().to_string() };
    let (tasks, answers) = (terminal::counted(tasks, "task"), terminal::counted(answers, "answer"));
    terminal::message(format_args!("{tasks} and {answers} in {place}"));
    Ok(())
}
