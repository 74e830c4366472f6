//! `annotd load`: tasks from a file into the store.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::{Failure, block_on, roster_file, terminal};
use crate::allocation::{MAX_PRIORITY, Overrides};
use crate::exchange::read;
use crate::loading::{self, Loaded, Rules};
use crate::roster::WhenShort;
use crate::{rules, supervisor};

#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  annotd load -i tasks.jsonl\n  zcat more.jsonl.gz | annotd load \
                        -i - --to andy,zach --priority 5\n\nLoading a file again adds nothing."
)]
pub(super) struct Arguments {
    /// JSONL, JSON, CSV or TSV, plain or .gz or .zst; - for standard input
    #[arg(short, long, value_name = "FILE")]
    input: PathBuf,

    /// The project in the store [default: the roster's]
    #[arg(short = 'c', long, value_name = "PROJECT")]
    project: Option<String>,

    /// Answers wanted for each of these tasks, instead of the roster's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    annotations: Option<u32>,

    /// The annotators whom these tasks are for, and nobody else
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    to: Vec<String>,

    /// How early these tasks come: higher is earlier, 0 is the rule
    #[arg(
        long, value_name = "P", allow_negative_numbers = true,
        value_parser = clap::value_parser!(i32).range(-i64::from(MAX_PRIORITY)..=i64::from(MAX_PRIORITY))
    )]
    priority: Option<i32>,

    /// Only look whether the file could be loaded
    #[arg(long)]
    dry_run: bool,

    /// Put wrong lines here, each with its reason, and load the rest
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(roster: Option<&Path>, arguments: &Arguments) -> Result<(), Failure> {
    let file = roster_file::read(roster)?;
    let tasks = read::open(&arguments.input)?;
    let planning = rules::planning(&file.roster);
    let is_there = |name: &&String| planning.people.iter().any(|person| person.name == **name);
    if let Some(stranger) = arguments.to.iter().find(|name| !is_there(name)) {
        return Err(Failure::roster(format!(
            "--to names {stranger:?}, who is not in {}",
            file.path.display()
        )));
    }
    let active = u32::try_from(file.roster.active().count()).unwrap_or(u32::MAX);
    if let Some(wanted) = arguments
        .annotations
        .filter(|n| arguments.to.is_empty() && *n > active)
        .filter(|_| file.roster.allocation.when_short == WhenShort::Hold)
    {
        return Err(Failure::roster(format!(
            "--annotations wants {wanted} answers, and {} has {active} active annotators; such \
             tasks would wait for ever",
            file.path.display()
        )));
    }
    let interface = supervisor::interface(&file.roster);
    let overrides = Overrides {
        annotations: arguments.annotations,
        to: arguments.to.clone(),
        priority: arguments.priority,
    };
    if let Some(rejects) = &arguments.rejects
        && let (Ok(from), Ok(to)) = (arguments.input.canonicalize(), rejects.canonicalize())
        && from == to
    {
        return Err(Failure::output(format!(
            "--rejects names the input itself, {}; name another file",
            from.display()
        )));
    }
    let meter = tasks.meter();
    let notes = tasks.notes();
    let bar =
        terminal::bar(meter.total(), "{msg} {wide_bar} {bytes} of {total_bytes}, {eta} to go");
    bar.set_message("loading");
    let loaded: Loaded = block_on(async {
        let store = if arguments.dry_run {
            None
        } else {
            let store = file.open_store(arguments.project.as_deref()).await?;
            store.follow(rules::terms(&file.roster));
            Some(store)
        };
        if let (Some(store), Some(project)) = (&store, &arguments.project)
            && *project != file.roster.project.name
            && store.progress().await?.tasks == 0
        {
            terminal::say(format_args!("{project:?} is a new project in the store."));
        }
        let rules = Rules { interface: &interface, planning: &planning, overrides: &overrides };
        // Made once it is clear that something will be loaded.
        let mut rejects = match &arguments.rejects {
            Some(path) => Some(std::fs::File::create(path).map_err(|error| {
                Failure::output(format!("cannot write {}: {error}", path.display()))
            })?),
            None => None,
        };
        let rejects = rejects.as_mut().map(|file| file as &mut (dyn Write + Send));
        let loading = loading::load(tasks, &rules, store.as_deref(), rejects);
        tokio::pin!(loading);
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(100));
        let loaded = loop {
            tokio::select! {
                loaded = &mut loading => break loaded,
                _ = tick.tick() => bar.set_position(meter.bytes_read()),
            }
        };
        if let Some(store) = &store {
            store.close().await;
        }
        loaded.map_err(|error| {
            let admitted = error.admitted();
            let mut failure = Failure::from(error);
            if !arguments.dry_run {
                failure.message = format!(
                    "{}\n{admitted}\nMend it and run the same command again: it goes on from there.",
                    failure.message
                );
            }
            failure
        })
    })
    .inspect_err(|_| bar.finish_and_clear())?;
    bar.finish_and_clear();
    for note in notes.all() {
        terminal::say(format_args!("{}: {note}.", arguments.input.display()));
    }
    report(arguments, loaded)
}

fn report(arguments: &Arguments, loaded: Loaded) -> Result<(), Failure> {
    let Loaded { new, same, rejected } = loaded;
    if arguments.json {
        return terminal::print_json(&json!({
            "new": new, "same": same, "rejected": rejected, "dry_run": arguments.dry_run,
        }));
    }
    let mut line = if arguments.dry_run {
        format!("{new} tasks could be loaded; nothing was")
    } else {
        format!("{new} new, {same} the same as before")
    };
    if let Some(path) = &arguments.rejects {
        line = format!("{line}, {rejected} wrong lines in {}", path.display());
    }
    terminal::print(line)
}
