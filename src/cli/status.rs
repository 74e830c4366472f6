//! `annotd status`: how far everybody has come.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;
use comfy_table::CellAlignment;

use super::{Failure, block_on, roster_file, terminal};
use crate::lead::checks;
use crate::lead::status::{Member, Status};
use crate::task::interface::Interface;
use crate::{address, rules, supervisor};

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  annotd status --json")]
pub(super) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(roster: Option<&Path>, arguments: &Arguments) -> Result<(), Failure> {
    let file = roster_file::read(roster)?;
    let roster = &file.roster;
    let (kind, progress, checks) = block_on(async {
        let store = file.open_existing_store().await?;
        let progress = store.progress().await?;
        let checks = if progress.checks > 0 {
            checks::count(&*store, &rules::terms(roster).rule).await?
        } else {
            BTreeMap::new()
        };
        store.close().await;
        Ok((store.kind(), progress, checks))
    })?;
    let members = roster
        .annotators
        .iter()
        .map(|annotator| Member {
            name: annotator.name.clone(),
            display: annotator.display_name().to_owned(),
            port: annotator.port,
            url: address::of(&roster.server, &annotator.name, annotator.port),
            state: if annotator.active { "unknown" } else { "away" },
            active: annotator.active,
            restarts: 0,
            detail: None,
        })
        .collect();
    let interface = Interface::from_name(&roster.project.interface).map_or("", Interface::name);
    let now = (supervisor::system_clock())();
    let status = Status::new(
        &roster.project.name,
        interface,
        (kind, Ok(&progress), &checks),
        members,
        Vec::new(),
        None,
        now,
    );
    if arguments.json {
        return terminal::print_json(&status);
    }
    let checked = progress.checks > 0;
    let mut head = vec!["annotator", "port", "answered", "in hand", "left", "seconds per task"];
    if checked {
        head.extend(["gold right", "repeats the same"]);
    }
    head.push("last seen");
    let mut table = terminal::table(head);
    for line in &status.annotators {
        let mut row = vec![
            line.name.clone(),
            line.port.to_string(),
            line.answered.to_string(),
            line.in_hand.to_string(),
            line.left.to_string(),
            line.seconds_per_task.map(|seconds| format!("{seconds:.1}")).unwrap_or_default(),
        ];
        if checked {
            row.extend([line.checks.gold.in_words(), line.checks.repeats.in_words()]);
        }
        row.push(line.last_seen.clone().unwrap_or_default());
        table.add_row(row);
    }
    for column in 1..table.column_count().saturating_sub(1) {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    terminal::print(&table)?;
    let total = &status.total;
    let mut line = format!(
        "{}: {} of {} answers, {} of {} tasks finished, {} in hand",
        status.project, total.answers, total.wanted, total.finished, total.tasks, total.in_hand
    );
    for problem in &status.problems {
        terminal::say(problem);
    }
    if let Some(eta) = &total.eta {
        line = format!("{line}, done about {eta} at this pace");
    }
    terminal::print(line)
}
