//! `annotd restore`: a backup into an empty store.

use std::path::{Path, PathBuf};

use clap::Args;

use super::roster_file::Chosen;
use super::{Failure, block_on, daemon_client, exit, roster_file, terminal};
use crate::backup::{self, Backup, Contents};
use crate::config::policies;
use crate::ingest::load::{self, rule};
use crate::store::{self, Store};
use crate::task::Millis;
use crate::verify::{self, VerifyOptions, VerifyReport};

#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  annotd restore -i newsroom-2026-03-01.zst\n  annotd --roster trial.toml \
                  restore -i newsroom-2026-03-01.zst --of newsroom\n\nThe store that the roster names \
                  must hold no tasks, and no daemon may be running on it. The file is checked from \
                  beginning to end before anything is written. A restore that breaks off leaves a \
                  store that nothing opens; the next restore begins anew."
)]
pub(super) struct Arguments {
    /// What `annotd backup` wrote; - for standard input
    #[arg(short, long, value_name = "FILE")]
    input: PathBuf,

    /// The project that the backup is of, where the roster calls it something else
    #[arg(long, value_name = "PROJECT")]
    of: Option<String>,
}

pub(super) fn run(roster: Option<&Path>, arguments: &Arguments) -> Result<(), Failure> {
    let file = roster_file::read(roster)?;
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
        terminal::say(
            "Some of it was not as it should be when it was backed up, and cannot be derived: \
             `annotd verify` says what.",
        );
    }
    Ok(())
}

fn check_project(file: &Chosen, arguments: &Arguments, contents: &Contents) -> Result<(), Failure> {
    let (own, theirs) = (&file.roster.project.name, &contents.head.project);
    if arguments.of.as_ref().unwrap_or(own) == theirs {
        return Ok(());
    }
    let input = arguments.input.display();
    let message = match &arguments.of {
        Some(of) => format!("{input} is a backup of the project {theirs:?}, not of {of:?}"),
        None => format!(
            "{input} is a backup of the project {theirs:?}, and {} is of {own:?}; name the roster of \
             {theirs:?} with --roster, or say `--of {theirs}` to restore it as {own:?}",
            file.path.display()
        ),
    };
    Err(Failure { code: exit::DATA, message })
}

/// Refuses to restore while a daemon works at this path, also where its file was moved away before:
/// it would store nothing any more until it is restarted.
async fn refuse_beside_a_daemon(file: &Chosen) -> Result<(), Failure> {
    let url = file.store_url()?;
    let place = store::location_of(&url, file.base_dir());
    let who = match store::other_process(&url, file.base_dir()) {
        Some(process) => {
            format!("process {process} has {place} open, or the file that was there before")
        }
        None => {
            // Without a key: where one is needed, the store would have to say it.
            let told = daemon_client::ask_lead(file, "/api/status", None).await.ok();
            let of_daemon = |path: &str| told.as_ref()?.pointer(path)?.as_str();
            let runs = of_daemon("/project") == Some(&file.roster.project.name)
                && of_daemon("/store/place") == Some(&place);
            if !runs {
                return Ok(());
            }
            format!(
                "annotd runs on {place}, and answers at {}",
                daemon_client::lead_address(&file.roster)
            )
        }
    };
    Err(Failure::output(format!(
        "{who}. Stop it (systemctl stop annotd) and run the same command again; nothing was restored"
    )))
}

async fn restore(
    file: &Chosen,
    store: &dyn Store,
    backup: &Backup,
    contents: &Contents,
) -> Result<VerifyReport, Failure> {
    let now = Millis(jiff::Timestamp::now().as_millisecond());
    if let Some(since) = backup::begin(store, now).await? {
        terminal::say(format_args!(
            "A restore that was begun at {since} broke off. What it left is removed, and it begins \
             anew."
        ));
    }
    let begun_anew = |failure: Failure| Failure {
        message: format!(
            "{}\nOnly a part is restored, and nothing opens the store until the rest is, too: run the \
             same command again; it begins anew.",
            failure.message
        ),
        ..failure
    };
    let bar = terminal::bar(
        Some(contents.tasks),
        "restoring {wide_bar} {pos} of {len} tasks, {eta} to go",
    );
    let restored = backup::restore(store, backup, contents, |tasks| bar.set_position(tasks)).await;
    bar.finish_and_clear();
    restored.map_err(|error| begun_anew(error.into()))?;
    let (planning, terms) =
        (policies::plan_policy(&file.roster), policies::store_policy(&file.roster));
    // The backup's rule goes before the roster's.
    let rule = rule::in_force(store, None).await?;
    let identity = load::identity(rule, &policies::interface(&file.roster), &planning);
    let inquiry = VerifyOptions {
        rules: &planning,
        policy: &terms,
        identity: &identity,
        repair: true,
        now,
        shown: 0,
    };
    let bar = terminal::bar(
        Some(contents.tasks),
        "verifying {wide_bar} {pos} of {len} tasks, {eta} to go",
    );
    let report = verify::verify(store, inquiry, |tasks| bar.inc(tasks)).await;
    bar.finish_and_clear();
    let report = report.map_err(|error| begun_anew(error.into()))?;
    store.end_restore().await.map_err(|error| begun_anew(error.into()))?;
    Ok(report)
}
