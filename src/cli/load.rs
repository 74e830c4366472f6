//! `annotd load`: tasks from a file into the store.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::selected_roster::SelectedRoster;
use super::{CommandError, block_on, protected_files, selected_roster, terminal, usage_hints};
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

    /// These tasks are for these annotators alone
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    to: Vec<String>,

    /// Tasks of a higher priority come earlier; 0 is the default
    #[arg(
        long, value_name = "P", allow_negative_numbers = true,
        value_parser = clap::value_parser!(i32).range(-i64::from(MAX_PRIORITY)..=i64::from(MAX_PRIORITY))
    )]
    priority: Option<i32>,

    /// Count the same and store nothing; a store that does not exist yet is not made
    #[arg(long)]
    dry_run: bool,

    /// Write a line of JSON for each duplicate to this file, with the line that it repeats
    #[arg(long, value_name = "FILE")]
    duplicates: Option<PathBuf>,

    /// Write rejected lines to this file, each with its reason, and load the rest
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(roster: Option<&Path>, arguments: &Arguments) -> Result<(), CommandError> {
    let file = selected_roster::read(roster)?;
    refuse_roster(&arguments.input)?;
    let tasks = read::open(&arguments.input)?;
    let planning = policies::plan_policy(&file.roster);
    check_annotators(arguments, &file, &planning)?;
    let interface = policies::interface(&file.roster);
    let overrides = Overrides {
        annotations: arguments.annotations,
        to: arguments.to.clone(),
        priority: arguments.priority,
    };
    let outputs = [
        protected_files::Output { option: "--rejects", path: arguments.rejects.as_deref() },
        protected_files::Output { option: "--duplicates", path: arguments.duplicates.as_deref() },
    ];
    protected_files::check(&file, &[&arguments.input], &outputs)?;
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
        // Made after the store is open: no file appears if nothing can be loaded.
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
            let (loaded, remedy) = (error.admitted(), error.what_to_do());
            let error = CommandError::from(error);
            if arguments.dry_run {
                return error;
            }
            error
                .detail(loaded)
                .hint(format!("{remedy} and run the command again; loading resumes there"))
        })?;
        for (path, file) in [(&arguments.rejects, rejects), (&arguments.duplicates, duplicates)] {
            if let (Some(path), Some(mut file)) = (path, file) {
                file.flush().map_err(|error| CommandError::cannot_write(path, &error))?;
            }
        }
        Ok((loaded, rule))
    })
    .inspect_err(|_| bar.finish_and_clear())?;
    bar.finish_and_clear();
    for note in notes.all() {
        terminal::message(format_args!("{}: {note}.", arguments.input.display()));
    }
    if let Some(words) = folder.and_then(|folder| missing.words(&folder)) {
        terminal::message(words);
    }
    report(arguments, loaded, &rule)
}

/// Refuses annotators who are not in the roster, and more answers than there are annotators.
fn check_annotators(
    arguments: &Arguments,
    file: &SelectedRoster,
    planning: &allocation::PlanPolicy,
) -> Result<(), CommandError> {
    let is_known = |name: &&String| planning.people.iter().any(|person| person.name == **name);
    if let Some(unknown) = arguments.to.iter().find(|name| !is_known(name)) {
        return Err(CommandError::roster(format!(
            "--to names {unknown:?}, who is not in {}",
            file.path.display()
        ))
        .hint("`annotd check` lists the annotators"));
    }
    let active = u32::try_from(file.roster.active().count()).unwrap_or(u32::MAX);
    if let Some(wanted) = arguments
        .annotations
        .filter(|n| arguments.to.is_empty() && *n > active)
        .filter(|_| file.roster.allocation.when_short == WhenShort::Hold)
    {
        return Err(CommandError::roster(format!(
            "--annotations wants {wanted} answers, and {} has {active} active annotators",
            file.path.display()
        ))
        .detail("Such tasks could never be finished.")
        .hint("want fewer answers, add annotators, or set when_short = \"partial\""));
    }
    Ok(())
}

/// Opens the store, with its rule of identity. A dry run only reads it, and makes no store.
async fn open(
    file: &SelectedRoster,
    arguments: &Arguments,
    named: Option<&Rule>,
) -> Result<(Option<Arc<dyn Store>>, Rule), CommandError> {
    if arguments.dry_run {
        let Some(store) = file.open_if_exists(arguments.project.as_deref()).await? else {
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
        terminal::message(format_args!("{project:?} is a new project in the store."));
    }
    let rule = rule::settle(&*store, named).await?;
    Ok((Some(store), rule))
}

/// A file that is truncated when the first byte is written, not when it is opened.
struct TruncateOnWrite(File, bool);

impl Write for TruncateOnWrite {
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

/// Opens a list, or makes it. The lines of an earlier load stay until the first new one.
fn create(path: Option<&Path>) -> Result<Option<BufWriter<TruncateOnWrite>>, CommandError> {
    let Some(path) = path else { return Ok(None) };
    let options = File::options().create(true).write(true).truncate(false).open(path);
    let file = options.map_err(|error| CommandError::cannot_write(path, &error))?;
    Ok(Some(BufWriter::new(TruncateOnWrite(file, false))))
}

fn report(arguments: &Arguments, loaded: Loaded, rule: &Rule) -> Result<(), CommandError> {
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
        1 => "1 of these tasks was loaded before and keeps its settings".to_owned(),
        n => format!("{n} of these tasks were loaded before and keep their settings"),
    };
    let apply = if given.len() == 1 { "applies" } else { "apply" };
    terminal::print(format_args!("{kept}: {} {apply} to new tasks only.", given.join(" and ")))
}

/// Refuses a roster in place of a file of tasks: its first line would be called a wrong task.
pub(super) fn refuse_roster(input: &Path) -> Result<(), CommandError> {
    let name = input.to_string_lossy();
    if !usage_hints::is_named_as_roster(&name) {
        return Ok(());
    }
    Err(CommandError::data(format!("{name} is a roster by its name, not a file of tasks"))
        .hint(format!("name the roster with --roster {name}, and the file of tasks with -i FILE")))
}
