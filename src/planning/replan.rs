//! Replanning of unfinished tasks, after the annotators or the rules have changed.
//!
//! It is done at the start of the daemon, at a reload, and from time to time while tasks have a
//! shortfall.

use std::collections::HashSet;

use super::state::{AllocationState, PlanInputs};
use crate::allocation::{PlanPolicy, Planner, SequenceNumber};
use crate::store::{RecordFilter, RecordPages, StateUpdate, Store, StoreError, StorePolicy};
use crate::task::TaskId;

/// How often a change is tried again because another process changed the same task or the counters.
const RETRIES: usize = 5;

/// Replans unfinished tasks if the annotators or the rules have changed since the last time, or if
/// `short` says that tasks have a shortfall. Returns how many tasks were changed: they are for
/// other annotators, or want more or fewer answers.
///
/// # Errors
/// If the store fails. Changes that were made before stay; the next replanning does the rest.
pub async fn replan_unfinished(
    store: &dyn Store,
    policy: &PlanPolicy,
    terms: &StorePolicy,
    short: bool,
) -> Result<u64, StoreError> {
    let mut changed = 0;
    for _ in 0..RETRIES {
        let deal = store.allocation_record().await?;
        let mut state = AllocationState::read(&deal)?;
        let inputs = PlanInputs::of(policy, terms);
        let stale = state.replanned_for.as_ref() != Some(&inputs);
        // Without unfinished tasks there is nothing to replan, but the inputs are noted.
        let unfinished =
            !store.records(RecordFilter::Unfinished, SequenceNumber::START, 1).await?.is_empty();
        if unfinished && (stale || short) {
            let mut planner = Planner::new(policy.clone(), &state.counters);
            let joined = inputs.joined_since(state.replanned_for.as_ref());
            changed += replan_all(store, &mut planner, joined, terms).await?;
            if planner.is_stateful() {
                state.counters = planner.counters();
            }
        } else if !stale {
            return Ok(changed);
        }
        state.replanned_for = Some(inputs);
        if store.insert_with_counters(Vec::new(), deal.version, state.write()).await?.is_some() {
            return Ok(changed);
        }
        // Another load has changed the counters: these counts are out of date.
    }
    Ok(changed)
}

/// Walks over the unfinished tasks twice: to count what is pending for each annotator, and to
/// change the tasks.
async fn replan_all(
    store: &dyn Store,
    planner: &mut Planner,
    joined: HashSet<String>,
    terms: &StorePolicy,
) -> Result<u64, StoreError> {
    let mut replanner = planner.replanner(joined);
    let mut pages = RecordPages::new(store, RecordFilter::Unfinished);
    while let Some(page) = pages.next().await? {
        for record in &page {
            replanner.note(&record.state);
        }
    }
    let mut changed = 0;
    let mut pages = RecordPages::new(store, RecordFilter::Unfinished);
    while let Some(mut page) = pages.next().await? {
        for _ in 0..RETRIES {
            let mut amendments = Vec::new();
            for record in &page {
                let seen = record.state.clone();
                let position = terms.order.position(
                    record.position.priority(),
                    record.number.0,
                    seen.remaining(),
                );
                let mut now = match replanner.replan(&record.task, &seen) {
                    Some(now) => now,
                    // The store moves a task that is written to its position.
                    None if position != record.position => seen.clone(),
                    None => continue,
                };
                now.promote_late_answers(&terms.rule, &record.task.body);
                amendments.push(StateUpdate { task: record.task.id.clone(), seen, now });
            }
            let done = store.update_if_unchanged(amendments.clone()).await?;
            let again: Vec<TaskId> = amendments
                .into_iter()
                .zip(done)
                .filter(|(_, done)| {
                    changed += u64::from(*done);
                    !done
                })
                .map(|(amendment, _)| amendment.task)
                .collect();
            if again.is_empty() {
                break;
            }
            page = store.look_up(&again).await?.into_iter().flatten().collect();
        }
    }
    Ok(changed)
}
