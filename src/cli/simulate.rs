//! `annotd simulate`: what the allocation would do with this roster and these tasks.
//!
//! It reads the roster and files of tasks, and nothing else: no store is opened or made, so answers
//! that exist do not matter. The command line says who is fast, absent, or joins later.

mod options;
mod report;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use self::options::{NameDay, Setpoint, agreement, share};
use super::{CommandError, load, selected_roster, terminal};
use crate::allocation::Overrides;
use crate::config::policies;
use crate::ingest::load::{LoadError, LoadPolicy, Loaded, Validator, find_files};
use crate::ingest::read;
use crate::roster::Roster;
use crate::simulation::{Forecast, Model, Simulation, SimulationPolicy, WorkPattern};
use crate::task::TaskId;

#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  annotd simulate\n  annotd simulate --tasks 2100 --seconds 15,li=40 \
                  --hours 3 --absent zach\n  annotd simulate -i more.jsonl --joins mara@3 --leaves \
                  andy@5 --json\n\nIt writes nothing and reads no store: it begins with an empty project on \
                  day 1. In the model all annotators work at the same hours, a task takes between half \
                  and one and a half times the seconds given, and an answer is yes or no."
)]
pub(super) struct Arguments {
    /// Tasks, as `load` takes them; several with several -i [default: those that the roster names]
    #[arg(short, long, value_name = "FILE", conflicts_with = "tasks")]
    input: Vec<PathBuf>,

    /// This many invented tasks instead of files
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    tasks: Option<u32>,

    /// Seconds for a task on average, for all or for one: 15,li=40
    #[arg(long, value_name = "SECONDS", value_delimiter = ',', default_value = "20")]
    seconds: Vec<Setpoint>,

    /// Hours of work a day, for all or for one: 4,li=2
    #[arg(long, value_name = "HOURS", value_delimiter = ',', default_value = "4")]
    hours: Vec<Setpoint>,

    /// The share of tasks on which two annotators agree: 0.5 (they guess) to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.8, value_parser = agreement)]
    agreement: f64,

    /// The share of tasks that annotators ignore: 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    ignores: f64,

    /// Annotators of the roster who never come
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    absent: Vec<String>,

    /// Annotators who join later, and on which day; the first day is 1
    #[arg(long, value_name = "NAME@DAY", value_delimiter = ',')]
    joins: Vec<NameDay>,

    /// Annotators who leave, and from which day on
    #[arg(long, value_name = "NAME@DAY", value_delimiter = ',')]
    leaves: Vec<NameDay>,

    /// Seed of all random choices: the same seed gives the same forecast
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(roster: Option<&Path>, arguments: &Arguments) -> Result<(), CommandError> {
    let file = selected_roster::read(roster)?;
    let model = model(&file.roster, arguments).map_err(|error| match error {
        OptionError::Name { option, name } => CommandError::roster(format!(
            "{option} names {name:?}, who is not in {}",
            file.path.display()
        ))
        .hint("`annotd check` lists the annotators"),
        OptionError::Number { message, hint } => CommandError::usage(message).hint(hint),
    })?;
    let store_policy = policies::store_policy(&file.roster);
    let allocator_policy = policies::allocator_policy(&file.roster, BTreeMap::new());
    let policy = SimulationPolicy {
        rules: policies::plan_policy(&file.roster),
        rule: store_policy.rule,
        order: store_policy.order,
        checks: allocator_policy.checks,
        steal_after: allocator_policy.steal_after,
    };
    let mut simulation = Simulation::new(policy, model);
    let bar = terminal::bar(None, "{spinner} {msg}, {elapsed}");
    bar.set_message("planning");
    let admitted = match arguments.tasks {
        Some(tasks) => simulation.add_invented(tasks).map_err(CommandError::other),
        None => {
            let files = files(&file, &arguments.input)?;
            files.iter().try_for_each({
                let mut known = HashSet::new();
                let simulation = &mut simulation;
                let roster = &file.roster;
                move |path| admit(path, roster, simulation, &mut known)
            })
        }
    };
    bar.set_message("simulating");
    let forecast = admitted.map(|()| simulation.run());
    bar.finish_and_clear();
    let forecast = forecast?;
    if arguments.json {
        #[derive(Serialize)]
        struct Printed<'a> {
            project: &'a str,
            seed: u64,
            #[serde(flatten)]
            forecast: &'a Forecast,
        }
        let project = &file.roster.project.name;
        return terminal::print_json(&Printed {
            project,
            seed: arguments.seed,
            forecast: &forecast,
        });
    }
    report::print(&file.roster.project.name, &forecast)
}

/// Why an option cannot be used.
#[derive(Debug, PartialEq)]
enum OptionError {
    /// It names an annotator who is not in the roster.
    Name { option: &'static str, name: String },
    /// A number is impossible.
    Number { message: String, hint: String },
}

/// Sets one value of a work pattern.
type Set = fn(&mut WorkPattern, f64);

/// The model of the annotators, as the command line describes them.
fn model(roster: &Roster, arguments: &Arguments) -> Result<Model, OptionError> {
    let first = |active: bool| active.then_some(1);
    let mut patterns: Vec<WorkPattern> = roster
        .annotators
        .iter()
        .map(|annotator| WorkPattern { from: first(annotator.active), ..WorkPattern::default() })
        .collect();
    let index_of = |option: &'static str, name: &str| {
        let index = roster.annotators.iter().position(|annotator| annotator.name == name);
        index.ok_or_else(|| OptionError::Name { option, name: name.to_owned() })
    };
    let numbers: [(&'static str, &[Setpoint], f64, Set); 2] = [
        ("--seconds", &arguments.seconds, 86_400.0, |pattern, seconds| pattern.seconds = seconds),
        ("--hours", &arguments.hours, 24.0, |pattern, hours| pattern.hours = hours),
    ];
    for (option, setpoints, most, set) in numbers {
        // A value for one annotator has precedence over one for all, in any order.
        let mut sorted: Vec<&Setpoint> = setpoints.iter().collect();
        sorted.sort_by_key(|setpoint| setpoint.name.is_some());
        for Setpoint { name, number } in sorted {
            if *number > most {
                return Err(OptionError::Number {
                    message: format!("{option} {number} is more than a day has"),
                    hint: format!("write {most} at most"),
                });
            }
            match name {
                Some(name) => set(&mut patterns[index_of(option, name)?], *number),
                None => patterns.iter_mut().for_each(|pattern| set(pattern, *number)),
            }
        }
    }
    for name in &arguments.absent {
        patterns[index_of("--absent", name)?].absent = true;
    }
    for NameDay { name, day } in &arguments.joins {
        patterns[index_of("--joins", name)?].from = Some(*day);
    }
    for NameDay { name, day } in &arguments.leaves {
        patterns[index_of("--leaves", name)?].until = Some(*day);
    }
    for (annotator, pattern) in roster.annotators.iter().zip(&patterns) {
        if pattern.seconds > pattern.hours * 3600.0 {
            return Err(OptionError::Number {
                message: format!(
                    "{} takes {} seconds for a task and works {} hours a day, which is less, so no \
                     task would ever be finished",
                    annotator.name, pattern.seconds, pattern.hours
                ),
                hint: "give more --hours or fewer --seconds".into(),
            });
        }
    }
    Ok(Model {
        patterns,
        truthful: Model::truthful_for(arguments.agreement),
        ignores: arguments.ignores,
        seed: arguments.seed,
    })
}

/// The files of tasks: those that were named, or the roster's.
fn files(
    file: &selected_roster::SelectedRoster,
    named: &[PathBuf],
) -> Result<Vec<PathBuf>, CommandError> {
    if !named.is_empty() {
        named.iter().try_for_each(|path| load::refuse_roster(path))?;
        return Ok(named.to_vec());
    }
    if file.roster.project.tasks.is_empty() {
        return Err(CommandError::usage(format!(
            "there are no tasks: {} names none",
            file.path.display()
        ))
        .hint("name a file with -i FILE, or invent tasks with --tasks N"));
    }
    file.check_files()?;
    let mut paths: Vec<PathBuf> = Vec::new();
    for pattern in &file.roster.project.tasks {
        let found = find_files(&pattern.value, file.base_dir()).map_err(CommandError::roster)?;
        paths.extend(found.into_iter().map(|file| file.path));
    }
    Ok(paths)
}

/// Adds the tasks of a file as `load` would: each once, and none that no annotator could get.
fn admit(
    path: &Path,
    roster: &Roster,
    simulation: &mut Simulation,
    known: &mut HashSet<TaskId>,
) -> Result<(), CommandError> {
    let planning = policies::plan_policy(roster);
    let interface = policies::interface(roster);
    let rule = policies::identity(roster).unwrap_or_default();
    let policy = LoadPolicy::new(rule, &interface, &planning, Overrides::default());
    let tasks = read::open(path)?;
    let validator = Validator::new(tasks.file(), Arc::new(policy));
    let refused = |wrong| LoadError::Wrong { wrong: Box::new(wrong), loaded: Loaded::default() };
    for entry in tasks {
        let entry = entry.map_err(refused)?;
        let task = validator.task(entry).map_err(refused)?.task;
        if known.insert(task.id.clone()) {
            // The validator has refused what cannot be planned.
            simulation.admit(&task).map_err(CommandError::other)?;
        }
    }
    Ok(())
}
