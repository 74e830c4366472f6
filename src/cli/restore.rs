//! `annotd restore`: a backup into an empty store.

use std::path::{Path, PathBuf};

use clap::Args;

use super::selected_roster::SelectedRoster;
use super::{CommandError, block_on, daemon_client, selected_roster, terminal};
use crate::backup::{self, Backup, Contents};
use crate::config::policies;
use crate::ingest::load::{self, rule};
use crate::store::{self, Store};
use crate::task::Millis;
use crate::verify::{self, VerifyOptions, VerifyReport};

#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  annotd restore -i newsroom-2026-03-01.zst\n  annotd --roster trial.toml \
                  restore -i newsroom-2026-03-01.zst --of newsroom\n\nThe roster's store must hold no \
                  tasks, and no daemon may run on it. The file is checked from beginning to end before \
                  anything is written. If a restore breaks off, no command opens the store until a \
                  restore is complete; the next one begins again."
)]
pub(super) struct Arguments {
    /// The backup; - for standard input
    #[arg(short, long, value_name = "FILE")]
    input: PathBuf,

    /// The project of the backup, if the roster's has another name
    #[arg(long, value_name = "PROJECT")]
    of: Option<String>,
}

pub(super) fn run(roster: Option<&Path>, arguments: &Arguments) -> Result<(), CommandError> {
    let file = selected_roster::read(roster)?;
    let backup = Backup::open(&arguments.input, std::io::stdin())?;
    let bar = terminal::bar(
        Some(backup.size()),
        "checking {wide_bar} {bytes} of {total_bytes}, {eta} to go",
    );
    let checked = backup.check(|bytes| bar.set_position(bytes));
    bar.finish_and_clear();
    let contents = checked?;
    check_project(&file, arguments, &contents)?;
    let (place, report) = block_on(async {
        refuse_beside_a_daemon(&file).await?;
        let store = file.open_store_for_restore().await?;
        let report = restore(&file, &*store, &backup, &contents).await;
        let place = store.location().to_owned();
        store.close().await;
        Ok((place, report?))
    })?;
    let Contents { head, tasks, answers } = contents;
    terminal::print(format_args!(
        "{tasks} tasks and {answers} answers restored into {place}, as they were at {}.",
        head.begun
    ))?;
    if report.remain() > 0 {
        terminal::warning(
            "the backup has contradictions that cannot be repaired; `annotd verify` lists them",
        );
    }
    Ok(())
}

fn check_project(
    file: &SelectedRoster,
    arguments: &Arguments,
    contents: &Contents,
) -> Result<(), CommandError> {
    let (own, theirs) = (&file.roster.project.name, &contents.head.project);
    if arguments.of.as_ref().unwrap_or(own) == theirs {
        return Ok(());
    }
    let input = arguments.input.display();
    Err(match &arguments.of {
        Some(of) => CommandError::data(format!(
            "{input} is a backup of the project {theirs:?}, not of {of:?}"
        ))
        .hint(format!("--of {theirs} restores it as {own:?}")),
        None => CommandError::data(format!(
            "{input} is a backup of the project {theirs:?}, and {} is the roster of {own:?}",
            file.path.display()
        ))
        .hint(format!(
            "name the roster of {theirs:?} with --roster, or restore it as {own:?} with --of {theirs}"
        )),
    })
}

/// Refuses to restore while a daemon uses this path, also if its file was moved away: it could
/// store nothing any more until it is restarted.
async fn refuse_beside_a_daemon(file: &SelectedRoster) -> Result<(), CommandError> {
    let url = file.store_url()?;
    let place = store::location_of(&url, file.base_dir());
    let user = match store::other_process(&url, file.base_dir()) {
        Some(process) => {
            format!("process {process} has {place} open, or the file that was there before")
        }
        None => {
            // Without a key: only the store could tell it.
            let status = daemon_client::get_from_lead(file, "/api/status", None).await.ok();
            let of_daemon = |path: &str| status.as_ref()?.pointer(path)?.as_str();
            let runs = of_daemon("/project") == Some(&file.roster.project.name)
                && of_daemon("/store/place") == Some(&place);
            if !runs {
                return Ok(());
            }
            format!("annotd runs on {place}, at {}", daemon_client::lead_address(&file.roster))
        }
    };
    Err(CommandError::output(user)
        .detail("Nothing was restored.")
        .hint("stop it (systemctl stop annotd), and run the same command again"))
}

async fn restore(
    file: &SelectedRoster,
    store: &dyn Store,
    backup: &Backup,
    contents: &Contents,
) -> Result<VerifyReport, CommandError> {
    let now = Millis(jiff::Timestamp::now().as_millisecond());
    if let Some(since) = backup::begin(store, now).await? {
        terminal::message(format_args!(
            "A restore that began at {since} broke off. Its part is removed, and the restore begins \
             again."
        ));
    }
    let incomplete = |error: CommandError| {
        error
            .detail("Only a part is restored, and no command opens the store until all of it is.")
            .hint("run the same command again; the restore begins again")
    };
    let bar = terminal::bar(
        Some(contents.tasks),
        "restoring {wide_bar} {pos} of {len} tasks, {eta} to go",
    );
    let restored = backup::restore(store, backup, contents, |tasks| bar.set_position(tasks)).await;
    bar.finish_and_clear();
    restored.map_err(|error| incomplete(error.into()))?;
    let (plan_policy, store_policy) =
        (policies::plan_policy(&file.roster), policies::store_policy(&file.roster));
    // The backup's rule has precedence over the roster's.
    let rule = rule::in_force(store, None).await?;
    let identity = load::identity(rule, &policies::interface(&file.roster), &plan_policy);
    let options = VerifyOptions {
        rules: &plan_policy,
        policy: &store_policy,
        identity: &identity,
        repair: true,
        now,
        shown: 0,
    };
    let bar = terminal::bar(
        Some(contents.tasks),
        "verifying {wide_bar} {pos} of {len} tasks, {eta} to go",
    );
    let report = verify::verify(store, options, |tasks| bar.inc(tasks)).await;
    bar.finish_and_clear();
    let report = report.map_err(|error| incomplete(error.into()))?;
    store.end_restore().await.map_err(|error| incomplete(error.into()))?;
    Ok(report)
}
