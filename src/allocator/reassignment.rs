//! Tasks that wait for an annotator who does not come go to another.
//!
//! A task that names its annotators waits for them. When one of them has given no sign for
//! `steal_after`, an annotator with nothing else left is named on the task instead. So on a Monday
//! morning the first annotators to arrive do their own tasks first, and only then those of an
//! annotator who is really away. No task moves while no annotator needs one.
//!
//! Tasks whose annotators were named by the task itself or by a load are not reassigned: only a
//! lead moves them. Tags apply here too.
//!
//! Rejected: opening all tasks of an absent annotator to everyone at once. That hands a weekend's
//! work of a whole team to the first who arrives.

use std::collections::HashMap;
use std::time::Duration;

use super::policy::AllocatorPolicy;
use super::queue_cache::PAGE;
use super::shared_state::SharedState;
use crate::allocation::reassign::{can_take_over, reassigned};
use crate::allocation::{AnnotatorProfile, Lane, Position};
use crate::store::{QueuedTask, Record, StateUpdate, StoreError};
use crate::task::Millis;

/// Pages of one lane that are read for one request.
const PAGES: usize = 20;
/// An annotator for whom no task was found looks again after this long.
const PAUSE: Duration = Duration::from_secs(10);

/// How far each claimant has looked.
#[derive(Default)]
pub(super) struct Reassignment {
    /// When a claimant may look again.
    next_look: HashMap<String, Millis>,
    /// How far a claimant (the first name) has read the lane of another annotator (the second).
    cursors: HashMap<(String, String), Position>,
}

impl Reassignment {
    /// Reassigns a task of an absent annotator to this one and returns it in its new state.
    pub(super) async fn next(
        &mut self,
        shared: &SharedState,
        policy: &AllocatorPolicy,
        annotator: &str,
        now: Millis,
    ) -> Result<Option<Record>, StoreError> {
        let Some(steal_after) = policy.steal_after else { return Ok(None) };
        let Some(claimant) = policy.profile(annotator) else { return Ok(None) };
        if self.next_look.get(annotator).is_some_and(|next| *next > now) {
            return Ok(None);
        }
        let stats = shared.store.stats().await?;
        for absent in policy.people.iter().filter(|profile| profile.name != annotator) {
            let share = stats.annotators.get(&absent.name);
            if share.is_none_or(|share| share.named == 0) {
                continue;
            }
            let joined = policy.known_since.get(&absent.name).copied();
            let answered = share.and_then(|share| share.last_seen);
            let last_seen = shared.last_seen(&absent.name).max(answered).max(joined);
            if last_seen.is_some_and(|last_seen| now.since(last_seen) < steal_after) {
                continue;
            }
            if let Some(record) = self.take_over(shared, &absent.name, claimant).await? {
                tracing::debug!(
                    annotator,
                    instead_of = absent.name,
                    task = %record.task.id,
                    "task reassigned: its annotator has given no sign for `steal_after`"
                );
                return Ok(Some(record));
            }
        }
        self.next_look.insert(annotator.to_owned(), now + PAUSE);
        Ok(None)
    }

    async fn take_over(
        &mut self,
        shared: &SharedState,
        absent: &str,
        claimant: &AnnotatorProfile,
    ) -> Result<Option<Record>, StoreError> {
        let store = &shared.store;
        let lane = Lane::Of(absent.to_owned());
        let key = (claimant.name.clone(), absent.to_owned());
        let mut after = self.cursors.get(&key).copied().unwrap_or(Position::START);
        for _ in 0..PAGES {
            let page: Vec<QueuedTask> = store.queued_tasks(&lane, after, PAGE).await?;
            let Some(last) = page.last().map(|queued| queued.position) else {
                // The next look begins at the start of the lane: tasks may have been reopened.
                self.cursors.remove(&key);
                return Ok(None);
            };
            let ids: Vec<_> = page.iter().map(|queued| queued.task.id.clone()).collect();
            for record in store.look_up(&ids).await?.into_iter().flatten() {
                if !can_take_over(&record.state, &record.task.body, absent, claimant) {
                    continue;
                }
                let now = reassigned(&record.state, absent, &claimant.name);
                let amendment = StateUpdate {
                    task: record.task.id.clone(),
                    seen: record.state.clone(),
                    now: now.clone(),
                };
                if store.update_if_unchanged(vec![amendment]).await? == [true] {
                    self.cursors.insert(key, record.position.just_before());
                    return Ok(Some(Record { state: now, ..record }));
                }
            }
            after = last;
            self.cursors.insert(key.clone(), after);
        }
        Ok(None)
    }
}
