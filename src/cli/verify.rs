//! `annotd verify`: checks the stored data against every invariant.

use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use super::{CommandError, ErrorKind, block_on, selected_roster, terminal};
use crate::config::policies;
use crate::ingest::load::{self, rule};
use crate::store::audit::{Finding, Outcome};
use crate::task::Millis;
use crate::verify::{self, VerifyOptions, VerifyReport};

/// Findings of each kind that are printed.
const MAX_PRINTED: usize = 20;
/// Findings of each kind in JSON.
const MAX_IN_JSON: usize = 100_000;

#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  annotd verify\n  annotd verify --repair\n\nThe daemon may be running. \
                  --repair recomputes what follows from answers and leases: free slots, the queue, \
                  stats. It never changes an answer."
)]
pub(super) struct Arguments {
    /// Recompute derived data; never changes an answer
    #[arg(long)]
    repair: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(roster: Option<&Path>, arguments: &Arguments) -> Result<(), CommandError> {
    let file = selected_roster::read(roster)?;
    let (plan_policy, store_policy) =
        (policies::plan_policy(&file.roster), policies::store_policy(&file.roster));
    let report = block_on(async {
        let store = if arguments.repair {
            file.open_existing_store().await?
        } else {
            file.open_store_to_read().await?
        };
        let rule = rule::in_force(&*store, policies::identity(&file.roster).as_ref()).await?;
        let identity = load::identity(rule, &policies::interface(&file.roster), &plan_policy);
        let options = VerifyOptions {
            rules: &plan_policy,
            policy: &store_policy,
            identity: &identity,
            repair: arguments.repair,
            now: Millis(jiff::Timestamp::now().as_millisecond()),
            shown: if arguments.json { MAX_IN_JSON } else { MAX_PRINTED },
        };
        // Stats that cannot be read are a finding, and no reason to stop.
        let tasks = store.stats().await.ok().map(|progress| progress.tasks);
        let bar = terminal::bar(tasks, "verifying {wide_bar} {pos} of {len} tasks, {eta} to go");
        let report = verify::verify(&*store, options, |tasks| bar.inc(tasks)).await?;
        bar.finish_and_clear();
        store.close().await;
        Ok(report)
    })?;
    if arguments.json {
        terminal::print_json(&to_json(&report))?;
    } else {
        print(&report)?;
    }
    terminal::message(summary(&report));
    if report.remain() == 0 { Ok(()) } else { Err(CommandError::printed(ErrorKind::Other)) }
}

fn print(report: &VerifyReport) -> Result<(), CommandError> {
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
    let checked = match report.tasks {
        1 => "1 task checked".to_owned(),
        tasks => format!("{} tasks checked", thousands(tasks)),
    };
    let (found, remain, repairable) = (report.found(), report.remain(), report.repairable());
    let repaired = found - remain;
    let contradictions = |count: u64| match count {
        1 => "1 contradiction".to_owned(),
        count => format!("{} contradictions", thousands(count)),
    };
    let mut summary = match (found, remain) {
        (0, _) => return format!("{checked}; no contradictions."),
        (_, 0) => return format!("{checked}; {} found, all repaired.", contradictions(found)),
        _ if repaired > 0 => format!(
            "{checked}; {} found, {} repaired, {} left.",
            contradictions(found),
            thousands(repaired),
            thousands(remain)
        ),
        _ => format!("{checked}; {} found.", contradictions(found)),
    };
    if repairable > 0 {
        let how_much =
            if repairable == remain { "All of it".to_owned() } else { thousands(repairable) };
        summary += "\n";
        summary += &how_much;
        summary += " can be repaired: run `annotd verify --repair`.";
    }
    if remain > repairable {
        summary += "\nAnswers, and data that cannot be recomputed, are left as they are: see these \
                    tasks with `annotd export --format tasks`.";
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
