//! What must hold, by the names of the project's invariants.

use std::collections::HashSet;

use annotd::allocation::invariants::{self, Invariant};
use annotd::task::{Answer, Version};
use stateright::Property;

use super::steps::Setting;
use super::store;
use super::world::{NAMES, World};

/// Happens some time: every task is finished.
pub const FINISHED: &str = "everything is finished";
/// Happens some time: everything has gone wrong that can, and nothing is left to do.
pub const RESTS: &str = "it comes to rest after all troubles";
/// Happens some time: an answer comes too late.
pub const LATE: &str = "an answer comes too late";

pub fn all() -> Vec<Property<Setting>> {
    let promises: Vec<Property<Setting>> = vec![
        Property::always("exact", |_, world| keeps(world, Invariant::Exact)),
        Property::always("once", |_, world: &World| {
            keeps(world, Invariant::Once) && !world.noted.handed_again
        }),
        Property::always("held-once", |_, world| keeps(world, Invariant::HeldOnce)),
        Property::always("eligible", |_, world| keeps(world, Invariant::Eligible)),
        Property::always("finished", |_, world: &World| {
            keeps(world, Invariant::Finished) && !world.noted.reopened
        }),
        Property::always("durable", durable),
        Property::always("idempotent", idempotent),
        Property::always("alive", alive),
        // The writes say what the ledger says.
        Property::always("as decided", |_, world: &World| !world.noted.astray),
        Property::always("counted", |_, world: &World| {
            world.rows.iter().all(|row| i64::from(row.free) == i64::from(row.state.free()))
        }),
        // An answer to a task that was handed out is never rejected.
        Property::always("kept", |_, world: &World| {
            world.cards.iter().flatten().all(|card| card.refused == 0)
        }),
        // The world is not empty.
        Property::sometimes(FINISHED, |_, world: &World| {
            world.rows.iter().all(|row| row.state.finished)
        }),
        Property::sometimes(RESTS, |setting: &Setting, world: &World| {
            world.troubles == 0 && setting.is_at_rest(world)
        }),
        Property::sometimes(LATE, |_, world: &World| {
            world.rows.iter().any(|row| !row.state.late.is_empty())
        }),
    ];
    promises
}

/// All of them, on every task.
fn keeps(world: &World, invariant: Invariant) -> bool {
    world.rows.iter().all(|row| !invariants::check(&row.state).contains(&invariant))
}

/// Every acknowledged answer is stored, in the name of its annotator.
fn durable(setting: &Setting, world: &World) -> bool {
    each_card(world).all(|(annotator, task, acknowledged)| {
        let versions = kept(world, annotator, task);
        (0..8).filter(|said| acknowledged & (1 << said) != 0).all(|said| {
            let version = store::version(setting, said);
            versions.iter().any(|kept| kept.same_content(&version))
        })
    })
}

/// No answer is stored twice.
fn idempotent(_: &Setting, world: &World) -> bool {
    each_card(world).all(|(annotator, task, _)| {
        let mut moments = HashSet::new();
        kept(world, annotator, task).iter().all(|version| moments.insert(version.time_returned))
    })
}

/// Who has said something about which task, and what of it they have been told is stored.
fn each_card(world: &World) -> impl Iterator<Item = (usize, usize, u8)> + '_ {
    world.cards.iter().enumerate().flat_map(|(annotator, cards)| {
        let said = cards.iter().enumerate().filter(|(_, card)| card.said != 0);
        said.map(move |(task, card)| (annotator, task, card.acknowledged))
    })
}

fn kept(world: &World, annotator: usize, task: usize) -> Vec<&Version> {
    let state = &world.rows[task].state;
    let answers = state.answers.iter().chain(&state.skipped).chain(&state.late);
    let own = answers.filter(|answer: &&Answer| answer.annotator == NAMES[annotator]);
    own.flat_map(|answer| std::iter::once(&answer.current).chain(&answer.history)).collect()
}

/// When nothing more can happen, no unfinished task is left that an annotator could take.
fn alive(setting: &Setting, world: &World) -> bool {
    let stuck = world.rows.iter().filter(|row| !row.state.finished).any(|row| {
        let people = NAMES.iter().take(usize::from(setting.people()));
        // Its holder would give an answer, or the lease would end.
        !row.state.held.is_empty()
            || people.into_iter().any(|annotator| row.state.is_open_to(annotator))
    });
    !stuck || !setting.is_at_rest(world)
}
