//! The forecast of `annotd simulate` as tables and lines for people.

use comfy_table::CellAlignment;

use crate::cli::{CommandError, terminal};
use crate::simulation::{AnnotatorForecast, Forecast, UnfinishedReason, UnfinishedTasks};

/// More pairs than these are summed up.
const MAX_PAIRS: usize = 45;
/// More names than these are counted.
const MAX_NAMES: usize = 3;
/// More reasons than these are summed up.
const MAX_REASONS: usize = 10;

/// A column of the table of annotators.
type Column = (&'static str, fn(&AnnotatorForecast) -> u64);

pub(super) fn print(project: &str, forecast: &Forecast) -> Result<(), CommandError> {
    // Columns that are empty are left out.
    let counts: [Column; 3] = [
        ("taken over", |annotator| annotator.taken_over),
        ("named, not done", |annotator| annotator.left),
        ("checks", |annotator| annotator.checks),
    ];
    let counts = counts.iter().filter(|(_, of)| forecast.annotators.iter().any(|p| of(p) > 0));
    let counts: Vec<&Column> = counts.collect();
    let mut head = vec!["annotator", "answers", "hours", "idle hours"];
    head.extend(counts.iter().map(|(name, _)| *name));
    let mut table = terminal::table(head);
    for annotator in &forecast.annotators {
        let mut row = vec![
            annotator.name.clone(),
            annotator.answers.to_string(),
            format!("{:.1}", annotator.hours_worked),
            format!("{:.1}", annotator.hours_idle),
        ];
        row.extend(counts.iter().map(|(_, of)| of(annotator).to_string()));
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
        line = format!("{line}, {} ignored answers that do not count", forecast.skipped);
    }
    if let Some(end) = forecast.end {
        let day = end.day;
        line = format!("{line}; the last comes on day {day}, after {:.1} hours of it", end.hours);
    }
    terminal::print(line)
}

fn print_pairs(forecast: &Forecast) -> Result<(), CommandError> {
    let pairs = &forecast.pairs;
    if pairs.is_empty() {
        return Ok(());
    }
    if pairs.len() > MAX_PAIRS {
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

fn print_tasks(forecast: &Forecast) -> Result<(), CommandError> {
    let tasks = &forecast.tasks;
    let mut table =
        terminal::table(["answers", "tasks that want as many", "share", "tasks that get as many"]);
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
        terminal::print(format_args!("and {} gold tasks, mixed in", tasks.gold))?;
    }
    if tasks.further > 0 {
        terminal::print(format_args!(
            "{} got more answers because annotators disagreed",
            tasks.further
        ))?;
    }
    for stuck in tasks.unfinished.iter().take(MAX_REASONS) {
        terminal::print(in_words(stuck))?;
    }
    if tasks.unfinished.len() > MAX_REASONS {
        let rest: u64 = tasks.unfinished.iter().skip(MAX_REASONS).map(|stuck| stuck.tasks).sum();
        terminal::print(format_args!("{rest} more stay unfinished; --json says why"))?;
    }
    Ok(())
}

/// Why tasks stay unfinished, and the remedy.
fn in_words(stuck: &UnfinishedTasks) -> String {
    let UnfinishedTasks { reason, waits_for, tasks } = stuck;
    let stay = if *tasks == 1 { "1 task stays".to_owned() } else { format!("{tasks} tasks stay") };
    let mut names = waits_for.iter().take(MAX_NAMES).cloned().collect::<Vec<_>>().join(", ");
    if waits_for.len() > MAX_NAMES {
        names = format!("{names} and {} more", waits_for.len() - MAX_NAMES);
    }
    let why = match reason {
        UnfinishedReason::TooFewPeople => {
            "too few annotators may answer; add annotators, or set when_short = \"partial\""
                .to_owned()
        }
        UnfinishedReason::NotThere => format!(
            "waiting for {names}; a shorter steal_after or `annotd reassign` gives them to others"
        ),
        UnfinishedReason::Quota if names.is_empty() => {
            "all annotators who could answer have reached their quotas; raise them".to_owned()
        }
        UnfinishedReason::Quota => format!("{names} reached their quota; raise it"),
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
