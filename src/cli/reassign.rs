//! `annotd reassign`: gives what was meant for somebody to others.

use std::collections::HashMap;
use std::path::Path;

use clap::Args;
use serde_json::json;

use super::{Failure, block_on, roster_file, terminal};
use crate::allocation::reassign::{can_replace, reassigned};
use crate::allocation::{AnnotatorProfile, SequenceNumber, TaskState};
use crate::config::policies;
use crate::store::{Record, RecordFilter, StateUpdate, Store};

/// Tasks looked at and changed at a time.
const PAGE: usize = 500;
/// How often a page is looked at again because somebody was faster.
const AGAIN: usize = 5;

#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  annotd reassign --from andy --to zach,li\n\nWhat andy has answered \
                  stays as it is. Where nobody of those named may have a task, because of a tag or \
                  because they have it already, it stays with andy."
)]
pub(super) struct Arguments {
    /// Whose tasks; also somebody who is not in the roster any more
    #[arg(long, value_name = "NAME")]
    from: String,

    /// Who gets them, in turn
    #[arg(long, value_name = "NAMES", value_delimiter = ',', required = true)]
    to: Vec<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was moved.
#[derive(Default)]
struct Moves {
    /// To whom, and how many.
    to: HashMap<String, u64>,
    /// Tasks for which nobody could stand in.
    stayed: u64,
}

pub(super) fn run(roster: Option<&Path>, arguments: &Arguments) -> Result<(), Failure> {
    let file = roster_file::read(roster)?;
    let people = policies::annotator_profiles(&file.roster);
    let mut to: Vec<AnnotatorProfile> = Vec::new();
    for name in &arguments.to {
        let Some(person) = people.iter().find(|person| person.name == *name) else {
            return Err(Failure::roster(format!(
                "--to names {name:?}, who is not in {}",
                file.path.display()
            )));
        };
        if !person.active {
            return Err(Failure::roster(format!(
                "--to names {name:?}, who is not active in {}; make them active first",
                file.path.display()
            )));
        }
        to.push(person.clone());
    }
    let moves = block_on(async {
        let store = file.open_existing_store().await?;
        store.set_policy(policies::store_policy(&file.roster));
        let moves = reassign(&*store, &arguments.from, &to).await?;
        store.close().await;
        Ok(moves)
    })?;
    let count = |name: &String| moves.to.get(name).copied().unwrap_or(0);
    if arguments.json {
        let to: HashMap<&String, u64> = arguments.to.iter().map(|n| (n, count(n))).collect();
        return terminal::print_json(
            &json!({"from": arguments.from, "to": to, "stayed": moves.stayed}),
        );
    }
    for name in &arguments.to {
        terminal::print(format_args!("{} tasks of {} go to {name}.", count(name), arguments.from))?;
    }
    if moves.stayed > 0 {
        terminal::say(format_args!(
            "{} of {}'s tasks cannot go to them, because of a tag or because they have them already.",
            moves.stayed, arguments.from
        ));
    }
    Ok(())
}

async fn reassign(
    store: &dyn Store,
    from: &str,
    to: &[AnnotatorProfile],
) -> Result<Moves, Failure> {
    let mut moves = Moves::default();
    let mut after = SequenceNumber::START;
    loop {
        let mut page = store.records(RecordFilter::Unfinished, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(moves) };
        after = last.number;
        for _ in 0..AGAIN {
            let mut chosen = Vec::new();
            let mut stayed = 0;
            for record in &page {
                let Record { task, state, .. } = record;
                if !waits_for(state, from) {
                    continue;
                }
                // Whoever has been given least so far, the first of those who are level.
                let so_far = |name: &str| {
                    let now = chosen.iter().filter(|(other, _): &&(String, _)| other == name);
                    moves.to.get(name).copied().unwrap_or(0) + now.count() as u64
                };
                let stands_in = to
                    .iter()
                    .filter(|person| can_replace(state, &task.body, person))
                    .min_by_key(|person| so_far(&person.name));
                let Some(person) = stands_in else {
                    stayed += 1;
                    continue;
                };
                let now = reassigned(state, from, &person.name);
                let amendment = StateUpdate { task: task.id.clone(), seen: state.clone(), now };
                chosen.push((person.name.clone(), amendment));
            }
            let amendments: Vec<_> =
                chosen.iter().map(|(_, amendment)| amendment.clone()).collect();
            let done = store.update_if_unchanged(amendments).await?;
            let mut again = Vec::new();
            for ((name, amendment), done) in chosen.into_iter().zip(done) {
                if done {
                    *moves.to.entry(name).or_default() += 1;
                } else {
                    again.push(amendment.task);
                }
            }
            if again.is_empty() {
                moves.stayed += stayed;
                break;
            }
            // Somebody was faster: these as they are now, and those that stay are counted again.
            page.retain(|record| {
                waits_for(&record.state, from)
                    && !to.iter().any(|p| can_replace(&record.state, &record.task.body, p))
            });
            page.extend(store.look_up(&again).await?.into_iter().flatten());
        }
    }
}

/// Whether this is named for somebody and not answered by them.
fn waits_for(state: &TaskState, name: &str) -> bool {
    !state.finished && state.names().any(|named| named == name) && !state.has_answered(name)
}
