//! `annotd migrate`: brings a shared store of an older format to the present one, after a backup.

use std::path::{Path, PathBuf};

use clap::Args;

use super::selected_roster::SelectedRoster;
use super::{CommandError, block_on, protected_files, selected_roster, terminal};
use crate::backup::{self, BackupSummary, Head};
use crate::export::atomic_file::Output;
use crate::roster::{self, StoreKind};
use crate::store::mongo::{Migrated, MongoStore};
use crate::store::{AdminStore, TaskStore};
use crate::task::Millis;

#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  systemctl stop annotd\n  annotd migrate --backup before.zst\n  systemctl \
                  start annotd\n\nStop every annotd on that database first. One that still runs can store \
                  nothing any more: answers wait in the browsers until the newer annotd runs. If a \
                  migration breaks off, the same command resumes it. A store in a file needs no such \
                  command: `annotd run` migrates it, after a copy."
)]
pub(super) struct Arguments {
    /// The file for a backup of everything, written before anything is changed
    #[arg(long, value_name = "FILE")]
    backup: PathBuf,
}

pub(super) fn run(roster: Option<&Path>, arguments: &Arguments) -> Result<(), CommandError> {
    let file = selected_roster::read(roster)?;
    let url = file.store_url()?;
    if matches!(roster::store_kind(&url), Ok(StoreKind::File)) {
        return Err(CommandError::usage(format!(
            "{} is a file, and this command is for MongoDB",
            file.base_dir().join(&url).display()
        ))
        .hint("`annotd run` migrates a file, after a copy of it"));
    }
    let output = protected_files::Output { option: "--backup", path: Some(&arguments.backup) };
    protected_files::check(&file, &[], &[output])?;
    let (place, saved, migrated) = block_on(async {
        let store = MongoStore::open_to_migrate(&url, &file.roster.project.name).await?;
        let place = store.location().to_owned();
        let done = if store.needs_migration().await? {
            let saved = back_up(&file, &store, &arguments.backup).await?;
            Some((saved, migrate(&store).await?))
        } else {
            None
        };
        store.close().await;
        let (saved, migrated) = done.unzip();
        Ok((place, saved, migrated))
    })?;
    let name = &file.roster.project.name;
    let (Some(BackupSummary { tasks, answers }), Some(migrated)) = (saved, migrated) else {
        return terminal::print(format_args!(
            "{name} in {place} has the present format already. Nothing was changed, and no backup was \
             written."
        ));
    };
    let Migrated { from, to, unreadable, .. } = migrated;
    terminal::print(format_args!(
        "{name} in {place} had format {from} and has format {to} now. {tasks} tasks and {answers} \
         answers, as they were before, are in {}.",
        arguments.backup.display()
    ))?;
    if unreadable > 0 {
        terminal::warning(format_args!(
            "{unreadable} documents cannot be read and are as they were; `annotd verify` names them"
        ));
    }
    terminal::message(
        "An older annotd that still runs can store nothing any more (its log has \"Document failed \
         validation\"): stop it, and start the newer one. Answers wait in the browsers.",
    );
    Ok(())
}

async fn back_up(
    file: &SelectedRoster,
    store: &MongoStore,
    path: &Path,
) -> Result<BackupSummary, CommandError> {
    let now = Millis(jiff::Timestamp::now().as_millisecond());
    let head = Head::new(&file.roster.project.name, store.engine().as_str(), now);
    // The keys to the ports are in it.
    let output = Output::private(Some(path), Box::new(std::io::stdout()))?;
    let total = store.count().await.ok();
    let bar = terminal::bar(total, "backing up {wide_bar} {pos} of {len} tasks, {eta} to go");
    let taken = backup::create(store, &head, output, |tasks| bar.set_position(tasks)).await;
    bar.finish_and_clear();
    Ok(taken?)
}

async fn migrate(store: &MongoStore) -> Result<Migrated, CommandError> {
    let total = store.count().await.ok();
    let bar = terminal::bar(total, "migrating {wide_bar} {pos} of {len} tasks, {eta} to go");
    let migrated = store.migrate(|tasks| bar.set_position(tasks)).await;
    bar.finish_and_clear();
    migrated.map_err(|error| {
        CommandError::from(error)
            .detail(
                "The store is between two formats, or still has the old one. No annotd works with \
                 it until the migration is complete.",
            )
            .hint("run the same command again; the migration resumes where it stopped")
    })
}
