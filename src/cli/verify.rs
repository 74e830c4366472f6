//! `annotd verify`: checks the stored data against every invariant.

use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use super::{Failure, block_on, exit, roster_file, terminal};
use crate::config::policies;
use crate::ingest::load::{self, rule};
use crate::store::audit::{Finding, Outcome};
use crate::task::Millis;
use crate::verify::{self, VerifyOptions, VerifyReport};

/// Findings of each kind that are printed.
const SHOWN: usize = 20;
/// Findings of each kind that are given to scripts.
const IN_JSON: usize = 100_000;

#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  annotd verify\n  annotd verify --repair\n\nThe daemon may be running. \
                  A repair writes anew what follows from the answers and from who holds what: free \
                  places, the queue, figures. Answers are never touched."
)]
pub(super) struct Arguments {
    /// Write anew what can be derived from the answers and from who holds what
    #[arg(long)]
    repair: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(roster: Option<&Path>, arguments: &Arguments) -> Result<(), Failure> {
    let file = roster_file::read(roster)?;
    let (planning, terms) =
        (policies::plan_policy(&file.roster), policies::store_policy(&file.roster));
    let report = block_on(async {
        let store = if arguments.repair {
            file.open_existing_store().await?
        } else {
            file.open_store_to_read().await?
        };
        let rule = rule::in_force(&*store, policies::identity(&file.roster).as_ref()).await?;
        let identity = load::identity(rule, &policies::interface(&file.roster), &planning);
        let inquiry = VerifyOptions {
            rules: &planning,
            policy: &terms,
            identity: &identity,
            repair: arguments.repair,
            now: Millis(jiff::Timestamp::now().as_millisecond()),
            shown: if arguments.json { IN_JSON } else { SHOWN },
        };
        // Figures that cannot be read are a finding, and no reason to stop.
        let tasks = store.stats().await.ok().map(|progress| progress.tasks);
        let bar = terminal::bar(tasks, "verifying {wide_bar} {pos} of {len} tasks, {eta} to go");
        let report = verify::verify(&*store, inquiry, |tasks| bar.inc(tasks)).await?;
        bar.finish_and_clear();
        store.close().await;
        Ok(report)
    })?;
    if arguments.json {
        terminal::print_json(&to_json(&report))?;
    } else {
        print(&report)?;
    }
    terminal::say(summary(&report));
    if report.remain() == 0 { Ok(()) } else { Err(Failure::told(exit::OTHER)) }
}

fn print(report: &VerifyReport) -> Result<(), Failure> {
    for (name, kind) in &report.kinds {
        for finding in &kind.first {
            terminal::print(line(finding))?;
        }
        let more = kind.all.saturating_sub(kind.first.len() as u64);
        if more > 0 {
            terminal::print(format_args!("… and {} more of {name}", thousands(more)))?;
        }
    }
    Ok(())
}

fn line(finding: &Finding) -> String {
    let Finding { breaks, task, says, outcome } = finding;
    let subject =
        task.as_ref().map_or_else(|| "the project".to_owned(), |task| format!("task {task}"));
    match outcome {
        Outcome::Note => format!("{subject}, {breaks}: {says}"),
        Outcome::Repaired => format!("{subject} broke {breaks}: {says} (repaired)"),
        Outcome::Repairable | Outcome::Unrepairable => format!("{subject} breaks {breaks}: {says}"),
    }
}

fn summary(report: &VerifyReport) -> String {
    let looked = match report.tasks {
        1 => "1 task looked at".to_owned(),
        tasks => format!("{} tasks looked at", thousands(tasks)),
    };
    let (found, remain, repairable) = (report.found(), report.remain(), report.repairable());
    let repaired = found - remain;
    let things = |count: u64| match count {
        1 => "1 thing".to_owned(),
        count => format!("{} things", thousands(count)),
    };
    let mut summary = match (found, remain) {
        (0, _) => return format!("{looked}; everything is as it should be."),
        (_, 0) => return format!("{looked}; {} found, all repaired.", things(found)),
        _ if repaired > 0 => format!(
            "{looked}; {} found, {} repaired, {} left.",
            things(found),
            thousands(repaired),
            thousands(remain)
        ),
        _ => format!("{looked}; {} found.", things(found)),
    };
    if repairable > 0 {
        let how_much =
            if repairable == remain { "All of it".to_owned() } else { thousands(repairable) };
        summary += "\n";
        summary += &how_much;
        summary += " can be repaired: run `annotd verify --repair`.";
    }
    if remain > repairable {
        summary += "\nWhat people have answered, or what cannot be derived, is left as it is: look \
                    at these tasks with `annotd export --format tasks`.";
    }
    summary
}

/// A number with commas.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn to_json(report: &VerifyReport) -> Value {
    let findings: Vec<Value> = report
        .kinds
        .values()
        .flat_map(|kind| &kind.first)
        .map(|finding| {
            json!({
                "breaks": finding.breaks,
                "task": finding.task,
                "says": finding.says,
                "outcome": finding.outcome.as_str(),
            })
        })
        .collect();
    json!({
        "tasks": report.tasks,
        "found": report.found(),
        "remain": report.remain(),
        "repairable": report.repairable(),
        "findings": findings,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), text);
        }
    }
}
