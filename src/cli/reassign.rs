//! `annotd reassign`: moves tasks that are named for one annotator to others.

use std::collections::HashMap;
use std::path::Path;

use clap::Args;
use serde_json::json;

use super::{CommandError, block_on, selected_roster, terminal};
use crate::allocation::reassign::{can_replace, reassigned};
use crate::allocation::{AnnotatorProfile, TaskState};
use crate::config::policies;
use crate::store::{Record, RecordFilter, RecordPages, StateUpdate, Store};

/// How often a page is tried again after another process has changed its tasks.
const MAX_ATTEMPTS: usize = 5;

#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  annotd reassign --from andy --to zach,li\n\nAnswers of andy stay \
                  as they are. A task stays with andy if none of the others may have it, because of a \
                  tag or because they have it already."
)]
pub(super) struct Arguments {
    /// The annotator whose tasks are moved; also one who is not in the roster any more
    #[arg(long, value_name = "NAME")]
    from: String,

    /// The annotators who get them, in turn
    #[arg(long, value_name = "NAMES", value_delimiter = ',', required = true)]
    to: Vec<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How many tasks were moved.
#[derive(Default)]
struct Moves {
    /// Tasks by the annotator who got them.
    to: HashMap<String, u64>,
    /// Tasks that none of them may have.
    stayed: u64,
}

pub(super) fn run(roster: Option<&Path>, arguments: &Arguments) -> Result<(), CommandError> {
    let file = selected_roster::read(roster)?;
    let people = policies::annotator_profiles(&file.roster);
    let mut to: Vec<AnnotatorProfile> = Vec::new();
    for name in &arguments.to {
        let Some(person) = people.iter().find(|person| person.name == *name) else {
            return Err(CommandError::roster(format!(
                "--to names {name:?}, who is not in {}",
                file.path.display()
            ))
            .hint("`annotd check` lists the annotators"));
        };
        if !person.active {
            return Err(CommandError::roster(format!(
                "--to names {name:?}, who is not active in {}",
                file.path.display()
            ))
            .hint("set active = true for them first"));
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
        terminal::message(format_args!(
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
) -> Result<Moves, CommandError> {
    let mut moves = Moves::default();
    let mut pages = RecordPages::new(store, RecordFilter::Unfinished);
    while let Some(mut page) = pages.next().await? {
        for _ in 0..MAX_ATTEMPTS {
            let mut chosen = Vec::new();
            let mut stayed = 0;
            for record in &page {
                let Record { task, state, .. } = record;
                if !is_named_unanswered(state, from) {
                    continue;
                }
                // The one with the fewest so far; the first of several.
                let so_far = |name: &str| {
                    let now = chosen.iter().filter(|(other, _): &&(String, _)| other == name);
                    moves.to.get(name).copied().unwrap_or(0) + now.count() as u64
                };
                let replacement = to
                    .iter()
                    .filter(|person| can_replace(state, &task.body, person))
                    .min_by_key(|person| so_far(&person.name));
                let Some(person) = replacement else {
                    stayed += 1;
                    continue;
                };
                let now = reassigned(state, from, &person.name);
                let update = StateUpdate { task: task.id.clone(), seen: state.clone(), now };
                chosen.push((person.name.clone(), update));
            }
            let updates: Vec<_> = chosen.iter().map(|(_, update)| update.clone()).collect();
            let done = store.update_if_unchanged(updates).await?;
            let mut again = Vec::new();
            for ((name, update), done) in chosen.into_iter().zip(done) {
                if done {
                    *moves.to.entry(name).or_default() += 1;
                } else {
                    again.push(update.task);
                }
            }
            if again.is_empty() {
                moves.stayed += stayed;
                break;
            }
            // Another process was faster: these are read again, and the rest is counted again.
            page.retain(|record| {
                is_named_unanswered(&record.state, from)
                    && !to.iter().any(|p| can_replace(&record.state, &record.task.body, p))
            });
            page.extend(store.look_up(&again).await?.into_iter().flatten());
        }
    }
    Ok(moves)
}

/// Whether a task is named for an annotator who has not answered it.
fn is_named_unanswered(state: &TaskState, name: &str) -> bool {
    !state.finished && state.names().any(|named| named == name) && !state.has_answered(name)
}
