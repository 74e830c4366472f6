//! `annotd simulate`: what the allocation would do with this roster and these tasks.
//!
//! It reads the roster and files of tasks, and nothing else: no store is opened or made, and what a
//! store has of answers is not looked at. Who is fast, absent or comes later is said on the command
//! line, and `simulation` does the rest.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use clap::Args;
use comfy_table::CellAlignment;
use serde::Serialize;

use super::{Failure, roster_file, terminal};
use crate::allocation::Overrides;
use crate::config::policies;
use crate::ingest::load::{self, LoadError, LoadPolicy, Loaded, Validator};
use crate::ingest::read;
use crate::roster::Roster;
use crate::simulation::{
    AnnotatorForecast, Forecast, Model, Simulation, SimulationPolicy, UnfinishedReason,
    UnfinishedTasks, WorkPattern,
};
use crate::task::TaskId;

/// More pairs than these are not printed one by one.
const PAIRS: usize = 45;
/// More names than these are not printed one by one.
const NAMES: usize = 3;
/// More reasons than these are not printed one by one.
const REASONS: usize = 10;

#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  annotd simulate\n  annotd simulate --tasks 2100 --seconds 15,li=40 \
                  --hours 3 --absent zach\n  annotd simulate -i more.jsonl --joins mara@3 --leaves \
                  andy@5 --json\n\nNothing is written and no store is looked at: it begins with an \
                  empty project on day 1. In the model everybody works at the same hours, a task takes \
                  between half and one and a half times the seconds given, and an answer is yes or no."
)]
pub(super) struct Arguments {
    /// Tasks, as `load` takes them; several with several -i [default: those that the roster names]
    #[arg(short, long, value_name = "FILE", conflicts_with = "tasks")]
    input: Vec<PathBuf>,

    /// So many tasks that are made up, instead of files
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    tasks: Option<u32>,

    /// Seconds for a task on average, for everybody or for one: 15,li=40
    #[arg(long, value_name = "SECONDS", value_delimiter = ',', default_value = "20")]
    seconds: Vec<Setpoint>,

    /// Hours of work on each day, for everybody or for one: 4,li=2
    #[arg(long, value_name = "HOURS", value_delimiter = ',', default_value = "4")]
    hours: Vec<Setpoint>,

    /// The share of tasks on which two annotators agree: 0.5 (they guess) to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.8, value_parser = agreement)]
    agreement: f64,

    /// The share of tasks that annotators ignore: 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    ignores: f64,

    /// Annotators who are on the roster and never come
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    absent: Vec<String>,

    /// Who is put on the roster later, and on which day; the first day is 1
    #[arg(long, value_name = "NAME@DAY", value_delimiter = ',')]
    joins: Vec<NameDay>,

    /// Who is taken off the roster, and from which day on they do not come
    #[arg(long, value_name = "NAME@DAY", value_delimiter = ',')]
    leaves: Vec<NameDay>,

    /// What all that is drawn follows from: the same seed gives the same forecast
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A number for everybody or for one person: `20` or `li=40`.
#[derive(Clone, Debug, PartialEq)]
struct Setpoint {
    name: Option<String>,
    number: f64,
}

impl FromStr for Setpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, number) = match text.split_once('=') {
            Some((name, number)) => (Some(name.trim().to_owned()), number),
            None => (None, text),
        };
        match number.trim().parse::<f64>() {
            Ok(number) if number > 0.0 && number.is_finite() => Ok(Self { name, number }),
            _ => Err("expected a number above 0, or one for somebody, such as 20 or li=40".into()),
        }
    }
}

/// A person and a day: `li@3`.
#[derive(Clone, Debug, PartialEq)]
struct NameDay {
    name: String,
    day: u32,
}

impl FromStr for NameDay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, day) = text.rsplit_once('@').unwrap_or((text, ""));
        match day.trim().parse() {
            Ok(day @ 1..) if !name.is_empty() => Ok(Self { name: name.trim().to_owned(), day }),
            _ => Err("expected a name and a day from 1 on, such as li@3".into()),
        }
    }
}

fn number_between(text: &str, least: f64) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if (least..=1.0).contains(&number) => Ok(number),
        _ => Err(format!("expected a share from {least} to 1, such as 0.8")),
    }
}

fn agreement(text: &str) -> Result<f64, String> {
    number_between(text, 0.5)
}

fn share(text: &str) -> Result<f64, String> {
    number_between(text, 0.0)
}

pub(super) fn run(roster: Option<&Path>, arguments: &Arguments) -> Result<(), Failure> {
    let file = roster_file::read(roster)?;
    let model = model(&file.roster, arguments).map_err(|problem| match problem {
        Wrong::Name { option, name } => Failure::roster(format!(
            "{option} names {name:?}, who is not in {}",
            file.path.display()
        )),
        Wrong::Number(message) => Failure::usage(message),
    })?;
    let terms = policies::store_policy(&file.roster);
    let conduct = policies::allocator_policy(&file.roster, BTreeMap::new());
    let setting = SimulationPolicy {
        rules: policies::plan_policy(&file.roster),
        rule: terms.rule,
        order: terms.order,
        checks: conduct.checks,
        steal_after: conduct.steal_after,
    };
    let mut simulation = Simulation::new(setting, model);
    let bar = terminal::bar(None, "{spinner} {msg}, {elapsed}");
    bar.set_message("planning");
    let admitted = match arguments.tasks {
        Some(tasks) => {
            simulation.add_invented(tasks).map_err(|error| Failure::other(error.to_string()))
        }
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
    print(&file.roster.project.name, &forecast)
}

/// What is wrong with an option.
#[derive(Debug, PartialEq)]
enum Wrong {
    /// It names a stranger.
    Name { option: &'static str, name: String },
    /// A number that makes no sense.
    Number(String),
}

/// Sets one of somebody's habits.
type Set = fn(&mut WorkPattern, f64);

/// The people as the command line has them.
fn model(roster: &Roster, arguments: &Arguments) -> Result<Model, Wrong> {
    let first = |active: bool| active.then_some(1);
    let mut patterns: Vec<WorkPattern> = roster
        .annotators
        .iter()
        .map(|annotator| WorkPattern { from: first(annotator.active), ..WorkPattern::default() })
        .collect();
    let who = |option: &'static str, name: &str| {
        let place = roster.annotators.iter().position(|annotator| annotator.name == name);
        place.ok_or_else(|| Wrong::Name { option, name: name.to_owned() })
    };
    let numbers: [(&'static str, &[Setpoint], f64, Set); 2] = [
        ("--seconds", &arguments.seconds, 86_400.0, |patterns, seconds| patterns.seconds = seconds),
        ("--hours", &arguments.hours, 24.0, |patterns, hours| patterns.hours = hours),
    ];
    for (option, setpoints, most, set) in numbers {
        // What is said of one goes before what is said of all, in whatever order it is said.
        let mut sorted: Vec<&Setpoint> = setpoints.iter().collect();
        sorted.sort_by_key(|setpoint| setpoint.name.is_some());
        for Setpoint { name, number } in sorted {
            if *number > most {
                return Err(Wrong::Number(format!(
                    "{option} {number} is more than a day has: {most} at most"
                )));
            }
            match name {
                Some(name) => set(&mut patterns[who(option, name)?], *number),
                None => patterns.iter_mut().for_each(|patterns| set(patterns, *number)),
            }
        }
    }
    for name in &arguments.absent {
        patterns[who("--absent", name)?].absent = true;
    }
    for NameDay { name, day } in &arguments.joins {
        patterns[who("--joins", name)?].from = Some(*day);
    }
    for NameDay { name, day } in &arguments.leaves {
        patterns[who("--leaves", name)?].until = Some(*day);
    }
    for (annotator, patterns) in roster.annotators.iter().zip(&patterns) {
        if patterns.seconds > patterns.hours * 3600.0 {
            return Err(Wrong::Number(format!(
                "{} takes {} seconds for a task and works {} hours a day, which is less; nobody \
                 would ever end one. Give more --hours or fewer --seconds",
                annotator.name, patterns.seconds, patterns.hours
            )));
        }
    }
    Ok(Model {
        patterns,
        truthful: Model::truthful_for(arguments.agreement),
        ignores: arguments.ignores,
        seed: arguments.seed,
    })
}

/// The files with the tasks: those that were named, or the roster's.
fn files(file: &roster_file::Chosen, named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    if !named.is_empty() {
        return Ok(named.to_vec());
    }
    if file.roster.project.tasks.is_empty() {
        return Err(Failure::usage(format!(
            "there are no tasks: {} names none. Name a file with -i FILE, or have some made up with \
             --tasks N",
            file.path.display()
        )));
    }
    file.check_files()?;
    let mut paths: Vec<PathBuf> = Vec::new();
    for pattern in &file.roster.project.tasks {
        let found = load::find_files(&pattern.value, file.base_dir()).map_err(Failure::roster)?;
        paths.extend(found.into_iter().map(|file| file.path));
    }
    Ok(paths)
}

/// Lets the tasks of a file in, as `load` would: each once, and none that could not be given to
/// anybody.
fn admit(
    path: &Path,
    roster: &Roster,
    simulation: &mut Simulation,
    known: &mut HashSet<TaskId>,
) -> Result<(), Failure> {
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
            // What can be wrong with it has been looked for.
            simulation.admit(&task).map_err(|error| Failure::other(error.to_string()))?;
        }
    }
    Ok(())
}

/// A column of the table of annotators.
type Column = (&'static str, fn(&AnnotatorForecast) -> u64);

fn print(project: &str, forecast: &Forecast) -> Result<(), Failure> {
    // Only columns in which something stands.
    let counts: [Column; 3] = [
        ("taken over", |person| person.taken_over),
        ("named, not done", |person| person.left),
        ("checks", |person| person.checks),
    ];
    let counts = counts.iter().filter(|(_, of)| forecast.annotators.iter().any(|p| of(p) > 0));
    let counts: Vec<&Column> = counts.collect();
    let mut head = vec!["annotator", "answers", "hours", "idle hours"];
    head.extend(counts.iter().map(|(name, _)| *name));
    let mut table = terminal::table(head);
    for person in &forecast.annotators {
        let mut row = vec![
            person.name.clone(),
            person.answers.to_string(),
            format!("{:.1}", person.hours_worked),
            format!("{:.1}", person.hours_idle),
        ];
        row.extend(counts.iter().map(|(_, of)| of(person).to_string()));
        table.add_row(row);
    }
    let columns = table.column_count();
    align(&mut table, 1..columns);
    terminal::print(&table)?;
    print_pairs(forecast)?;
    print_tasks(forecast)?;
    let mut line = format!(
        "\n{project}: {} answers, {} of {} tasks finished",
        forecast.answers, forecast.tasks.finished, forecast.tasks.all
    );
    if forecast.skipped > 0 {
        line = format!("{line}, {} ignored that count for nothing", forecast.skipped);
    }
    if let Some(end) = forecast.end {
        let day = end.day;
        line = format!("{line}; the last comes on day {day}, after {:.1} hours of it", end.hours);
    }
    terminal::print(line)
}

fn print_pairs(forecast: &Forecast) -> Result<(), Failure> {
    let pairs = &forecast.pairs;
    if pairs.is_empty() {
        return Ok(());
    }
    if pairs.len() > PAIRS {
        let tasks = || pairs.iter().map(|pair| pair.tasks);
        let sum: u64 = tasks().sum();
        // Counts of tasks: far below 2⁵³.
        #[expect(clippy::cast_precision_loss)]
        let mean = sum as f64 / pairs.len() as f64;
        return terminal::print(format_args!(
            "\n{} pairs, with {} to {} tasks in common, {mean:.1} on average; --json lists them",
            pairs.len(),
            tasks().min().unwrap_or(0),
            tasks().max().unwrap_or(0)
        ));
    }
    let mut table = terminal::table(["pair", "", "tasks in common"]);
    for pair in pairs {
        table.add_row([pair.one.clone(), pair.other.clone(), pair.tasks.to_string()]);
    }
    align(&mut table, 2..3);
    terminal::print(format_args!("\n{table}"))
}

fn print_tasks(forecast: &Forecast) -> Result<(), Failure> {
    let tasks = &forecast.tasks;
    let mut table =
        terminal::table(["answers", "tasks that want so many", "share", "tasks that get so many"]);
    let mut counts: Vec<u32> =
        tasks.by_planned.keys().chain(tasks.by_answers.keys()).copied().collect();
    counts.sort_unstable();
    counts.dedup();
    for answers in counts {
        let planned = tasks.by_planned.get(&answers).copied().unwrap_or(0);
        // Counts of tasks: far below 2⁵³.
        #[expect(clippy::cast_precision_loss)]
        let share = 100.0 * planned as f64 / tasks.all.max(1) as f64;
        table.add_row([
            answers.to_string(),
            planned.to_string(),
            format!("{share:.1} %"),
            tasks.by_answers.get(&answers).copied().unwrap_or(0).to_string(),
        ]);
    }
    align(&mut table, 0..4);
    terminal::print(format_args!("\n{table}"))?;
    if tasks.gold > 0 {
        terminal::print(format_args!("and {} gold tasks, shown in between", tasks.gold))?;
    }
    if tasks.further > 0 {
        terminal::print(format_args!(
            "{} were asked about again because answers disagreed",
            tasks.further
        ))?;
    }
    for stuck in tasks.unfinished.iter().take(REASONS) {
        terminal::print(in_words(stuck))?;
    }
    if tasks.unfinished.len() > REASONS {
        let rest: u64 = tasks.unfinished.iter().skip(REASONS).map(|stuck| stuck.tasks).sum();
        terminal::print(format_args!("{rest} more stay unfinished; --json says why"))?;
    }
    Ok(())
}

/// Why tasks stay unfinished, and what can be done about it.
fn in_words(stuck: &UnfinishedTasks) -> String {
    let UnfinishedTasks { reason, waits_for, tasks } = stuck;
    let stay = if *tasks == 1 { "1 task stays".to_owned() } else { format!("{tasks} tasks stay") };
    let mut who = waits_for.iter().take(NAMES).cloned().collect::<Vec<_>>().join(", ");
    if waits_for.len() > NAMES {
        who = format!("{who} and {} more", waits_for.len() - NAMES);
    }
    let why = match reason {
        UnfinishedReason::TooFewPeople => {
            "there are too few people who may answer; add annotators, or set \
                                 when_short = \"partial\""
                .to_owned()
        }
        UnfinishedReason::NotThere => format!(
            "waiting for {who}; a shorter steal_after or `annotd reassign` gives them to others"
        ),
        UnfinishedReason::Quota if who.is_empty() => {
            "whoever could answer has reached their quota; raise it".to_owned()
        }
        UnfinishedReason::Quota => format!("{who} reached their quota; raise it"),
    };
    format!("{stay} unfinished: {why}")
}

fn align(table: &mut comfy_table::Table, columns: std::ops::Range<usize>) {
    for column in columns {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_days_are_read_with_and_without_names() {
        let all = Setpoint { name: None, number: 20.0 };
        assert_eq!("20".parse(), Ok(all));
        let one = Setpoint { name: Some("li".into()), number: 7.5 };
        assert_eq!("li=7.5".parse(), Ok(one));
        for wrong in ["", "li", "0", "-3", "inf", "NaN", "li=", "li=x"] {
            assert!(wrong.parse::<Setpoint>().is_err(), "{wrong}");
        }
        assert_eq!("li@3".parse(), Ok(NameDay { name: "li".into(), day: 3 }));
        for wrong in ["", "li", "li@", "@3", "li@0", "li@-1", "li@x"] {
            assert!(wrong.parse::<NameDay>().is_err(), "{wrong}");
        }
    }
}
