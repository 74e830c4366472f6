//! `annotd load`: tasks from a file into the store.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::roster_file::Chosen;
use super::{Failure, block_on, roster_file, targets, terminal};
use crate::allocation::{self, MAX_PRIORITY, Overrides, WhenShort};
use crate::config::policies;
use crate::identity::Rule;
use crate::ingest::load::missing_media::MissingMedia;
use crate::ingest::load::{self, Aside, LoadPolicy, Loaded, Target, rule};
use crate::ingest::read;
use crate::store::Store;

#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  annotd load -i tasks.jsonl\n  zcat more.jsonl.gz | annotd load \
                        -i - --to andy,zach --priority 5\n\nLoading a file again adds nothing."
)]
pub(super) struct Arguments {
    /// JSONL, JSON, CSV, TSV or TXT, plain or .gz or .zst; - for standard input
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

    /// Only look what would be loaded; nothing is written, and a store that is not there is not
    /// made
    #[arg(long)]
    dry_run: bool,

    /// Put a line of JSON for each duplicate here, with what it repeats
    #[arg(long, value_name = "FILE")]
    duplicates: Option<PathBuf>,

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
    let planning = policies::plan_policy(&file.roster);
    check_people(arguments, &file, &planning)?;
    let interface = policies::interface(&file.roster);
    let overrides = Overrides {
        annotations: arguments.annotations,
        to: arguments.to.clone(),
        priority: arguments.priority,
    };
    let outputs = [
        targets::Output { option: "--rejects", path: arguments.rejects.as_deref() },
        targets::Output { option: "--duplicates", path: arguments.duplicates.as_deref() },
    ];
    targets::check(&file, &[&arguments.input], &outputs)?;
    let folder = file.roster.project.media.as_ref().map(|named| file.base_dir().join(&named.value));
    let missing = MissingMedia::default();
    let tasks = match &folder {
        Some(folder) => missing.watch(tasks, folder, &interface),
        None => tasks,
    };
    let meter = tasks.meter();
    let notes = tasks.notes();
    let bar =
        terminal::bar(meter.total(), "{msg} {wide_bar} {bytes} of {total_bytes}, {eta} to go");
    bar.set_message("loading");
    let named = policies::identity(&file.roster);
    let (loaded, rule) = block_on(async {
        let (store, rule) = open(&file, arguments, named.as_ref()).await?;
        let policy = LoadPolicy {
            renamed: policies::renamed(&file.roster),
            ..LoadPolicy::new(rule.clone(), &interface, &planning, overrides)
        };
        let into = match &store {
            Some(store) if !arguments.dry_run => Target::Store(&**store),
            store => Target::Nowhere(store.as_deref()),
        };
        // Made once it is clear that something will be loaded.
        let mut rejects = create(arguments.rejects.as_deref())?;
        let mut duplicates = create(arguments.duplicates.as_deref())?;
        let loaded = {
            let aside = Aside {
                rejects: rejects.as_mut().map(|file| file as &mut (dyn Write + Send)),
                duplicates: duplicates.as_mut().map(|file| file as &mut (dyn Write + Send)),
            };
            let loading = load::load(tasks, policy, into, aside);
            tokio::pin!(loading);
            let mut tick = tokio::time::interval(std::time::Duration::from_millis(100));
            loop {
                tokio::select! {
                    loaded = &mut loading => break loaded,
                    _ = tick.tick() => bar.set_position(meter.bytes_read()),
                }
            }
        };
        if let Some(store) = &store {
            store.close().await;
        }
        let loaded = loaded.map_err(|error| {
            let admitted = error.admitted();
            let what = error.what_to_do();
            let mut failure = Failure::from(error);
            if !arguments.dry_run {
                failure.message = format!(
                    "{}\n{admitted}\n{what} and run the command again; loading resumes there.",
                    failure.message
                );
            }
            failure
        })?;
        for (path, file) in [(&arguments.rejects, rejects), (&arguments.duplicates, duplicates)] {
            if let (Some(path), Some(mut file)) = (path, file) {
                file.flush().map_err(|error| cannot_write(path, &error))?;
            }
        }
        Ok((loaded, rule))
    })
    .inspect_err(|_| bar.finish_and_clear())?;
    bar.finish_and_clear();
    for note in notes.all() {
        terminal::say(format_args!("{}: {note}.", arguments.input.display()));
    }
    if let Some(words) = folder.and_then(|folder| missing.words(&folder)) {
        terminal::say(words);
    }
    report(arguments, loaded, &rule)
}

/// Refuses annotators that the roster does not have, and more answers than there are annotators.
fn check_people(
    arguments: &Arguments,
    file: &Chosen,
    planning: &allocation::PlanPolicy,
) -> Result<(), Failure> {
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
    Ok(())
}

/// Opens the store, and finds out by which rule it tells tasks apart. A dry run looks at it, and
/// makes none where none is.
async fn open(
    file: &Chosen,
    arguments: &Arguments,
    named: Option<&Rule>,
) -> Result<(Option<Arc<dyn Store>>, Rule), Failure> {
    if arguments.dry_run {
        let Some(store) = file.open_to_look(arguments.project.as_deref()).await? else {
            return Ok((None, named.cloned().unwrap_or_default()));
        };
        let rule = rule::in_force(&*store, named).await?;
        return Ok((Some(store), rule));
    }
    let store = file.open_store(arguments.project.as_deref()).await?;
    store.set_policy(policies::store_policy(&file.roster));
    if let Some(project) = &arguments.project
        && *project != file.roster.project.name
        && store.stats().await?.tasks == 0
    {
        terminal::say(format_args!("{project:?} is a new project in the store."));
    }
    let rule = rule::settle(&*store, named).await?;
    Ok((Some(store), rule))
}

/// A file that keeps what it had until the first byte is written.
struct Replaced(File, bool);

impl Write for Replaced {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if !self.1 {
            self.0.set_len(0)?;
            self.1 = true;
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// Opens a list, or makes it. What an earlier load has put there stays until there is something
/// new.
fn create(path: Option<&Path>) -> Result<Option<BufWriter<Replaced>>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let options = File::options().create(true).write(true).truncate(false).open(path);
    let file = options.map_err(|error| cannot_write(path, &error))?;
    Ok(Some(BufWriter::new(Replaced(file, false))))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::output(format!("cannot write {}: {error}", path.display()))
}

fn report(arguments: &Arguments, loaded: Loaded, rule: &Rule) -> Result<(), Failure> {
    if arguments.json {
        return terminal::print_json(&json!({
            "new": loaded.new,
            "same": loaded.same(),
            "duplicates": {
                "within_file": loaded.repeated,
                "loaded_before": loaded.known,
                "differing": loaded.differing,
                "first": loaded.first_repeat.map(|repeat| {
                    json!({"line": repeat.line, "repeats_line": repeat.first})
                }),
            },
            "gold": loaded.gold,
            "priority": loaded.prioritised,
            "requires": loaded.requiring,
            "answers_not_loaded": loaded.answered,
            "rejected": loaded.rejected,
            "identity": rule.as_str(),
            "dry_run": arguments.dry_run,
        }));
    }
    let mut line = loaded.counts();
    if let Some(path) = &arguments.rejects {
        let lines = terminal::counted(loaded.rejected, "line");
        line = format!("{line}, {lines} rejected");
        if loaded.rejected > 0 {
            line = format!("{line} (see {})", path.display());
        }
    }
    if arguments.dry_run {
        line = format!("{line} (a dry run: nothing was loaded)");
    }
    terminal::print(line)?;
    loaded.remarks(rule).iter().try_for_each(terminal::print)?;
    let options = [
        ("--annotations", arguments.annotations.is_some()),
        ("--to", !arguments.to.is_empty()),
        ("--priority", arguments.priority.is_some()),
    ];
    let given: Vec<&str> =
        options.iter().filter(|(_, given)| *given).map(|(option, _)| *option).collect();
    if given.is_empty() || loaded.known == 0 {
        return Ok(());
    }
    let kept = match loaded.known {
        1 => "1 of these tasks was there already and keeps what it had".to_owned(),
        n => format!("{n} of these tasks were there already and keep what they had"),
    };
    let count = if given.len() == 1 { "counts" } else { "count" };
    terminal::print(format_args!("{kept}: {} {count} only for new ones.", given.join(" and ")))
}
