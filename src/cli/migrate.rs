//! `annotd migrate`: brings a shared store of an older format to the present one, after a backup.

use std::path::{Path, PathBuf};

use clap::Args;

use super::roster_file::Chosen;
use super::{Failure, block_on, roster_file, targets, terminal};
use crate::backup::{self, BackupSummary, Head};
use crate::export::atomic_file::Output;
use crate::roster::{self, StoreKind};
use crate::store::Store;
use crate::store::mongo::{Migrated, MongoStore};
use crate::task::Millis;

#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  systemctl stop annotd\n  annotd migrate --backup before.zst\n  systemctl \
                  start annotd\n\nStop every annotd that runs on the database before. One that still runs \
                  can store nothing any more: answers wait in the browsers until the newer annotd runs. A \
                  migration that breaks off is gone on with by the same command. A store in a file needs no \
                  such command: `annotd run` does it, after a copy."
)]
pub(super) struct Arguments {
    /// Where everything that the store holds is written before anything is changed
    #[arg(long, value_name = "FILE")]
    backup: PathBuf,
}

pub(super) fn run(roster: Option<&Path>, arguments: &Arguments) -> Result<(), Failure> {
    let file = roster_file::read(roster)?;
    let url = file.store_url()?;
    if matches!(roster::store_kind(&url), Ok(StoreKind::File)) {
        return Err(Failure::usage(format!(
            "{} is a file, and `annotd run` brings it to the present format itself, after a copy of it; \
             this command is for MongoDB",
            file.base_dir().join(&url).display()
        )));
    }
    let output = targets::Output { option: "--backup", path: Some(&arguments.backup) };
    targets::check(&file, &[], &[output])?;
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
            "{name} in {place} is of the present format already. Nothing was changed, and no backup was \
             written."
        ));
    };
    let Migrated { from, to, unreadable, .. } = migrated;
    terminal::print(format_args!(
        "{name} in {place} was of format {from} and is of format {to} now. {tasks} tasks and {answers} \
         answers, as they were before, are in {}.",
        arguments.backup.display()
    ))?;
    if unreadable > 0 {
        terminal::say(format_args!(
            "{unreadable} documents could not be read and are as they were: `annotd verify` names them."
        ));
    }
    terminal::say(
        "A daemon of an older annotd that still runs can store nothing any more (its log says \"Document \
         failed validation\"): stop it, and start the newer one. Answers wait in the browsers.",
    );
    Ok(())
}

async fn back_up(file: &Chosen, store: &MongoStore, path: &Path) -> Result<BackupSummary, Failure> {
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

async fn migrate(store: &MongoStore) -> Result<Migrated, Failure> {
    let total = store.count().await.ok();
    let bar = terminal::bar(total, "migrating {wide_bar} {pos} of {len} tasks, {eta} to go");
    let migrated = store.migrate(|tasks| bar.set_position(tasks)).await;
    bar.finish_and_clear();
    migrated.map_err(|error| {
        let failure = Failure::from(error);
        let message = format!(
            "{}\nThe store is between two formats, or still of the old one, and no annotd works with it \
             until the migration is done: run the same command again; it goes on where it was.",
            failure.message
        );
        Failure { message, ..failure }
    })
}
