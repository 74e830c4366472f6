//! What was meant for somebody who does not come.
//!
//! A task that names its annotators waits for them. Where one of them has given no sign for
//! `steal_after`, somebody who has nothing else left takes their place on it: they are named instead.
//! So on a Monday morning the first to come does their own part first, and only then that of
//! somebody who is really away; and nothing moves while nobody needs it.
//!
//! Tasks that were named by the task itself or by a load are not taken: they are meant for nobody
//! else, and only a lead moves them. Tags bind here as everywhere.
//!
//! Rejected: opening everything of somebody absent to anyone at once, which hands a weekend's work of
//! a whole team to whoever comes first.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::checks::open;
use super::claim_loop::{Chosen, ClaimLoop};
use super::queue_cache::PAGE;
use crate::allocation::reassign::{can_take_over, reassigned};
use crate::allocation::{AnnotatorProfile, Lane, Position};
use crate::store::{Amendment, QueuedTask, Record, StoreError};
use crate::task::Millis;

/// Pages of somebody's lane that are looked through for one who has nothing left.
const PAGES: usize = 20;
/// Who has found nothing to take looks again after this long.
const PAUSE: Duration = Duration::from_secs(10);

/// What is known of taking others' tasks.
#[derive(Default)]
pub(super) struct Reassignment {
    /// When somebody may look again.
    next_look: HashMap<String, Millis>,
    /// How far the lane of the second has been looked through for the first.
    places: HashMap<(String, String), Position>,
}

impl ClaimLoop {
    /// A task that was meant for somebody who does not come.
    pub(super) async fn reassign(
        &mut self,
        annotator: &str,
        now: Millis,
    ) -> Result<Option<Chosen>, StoreError> {
        let policy = self.shared.policy();
        let Some(steal_after) = policy.steal_after else { return Ok(None) };
        let Some(claimant) = policy.profile(annotator).cloned() else { return Ok(None) };
        if self.reassignment.next_look.get(annotator).is_some_and(|next| *next > now) {
            return Ok(None);
        }
        let progress = self.shared.store.progress().await?;
        for absent in policy.people.iter().filter(|person| person.name != annotator) {
            let share = progress.annotators.get(&absent.name);
            if share.is_none_or(|share| share.named == 0) {
                continue;
            }
            let known = policy.known_since.get(&absent.name).copied();
            let answered = share.and_then(|share| share.last_seen);
            let sign = self.shared.last_seen(&absent.name).max(answered).max(known);
            if sign.is_some_and(|sign| now.since(sign) < steal_after) {
                continue;
            }
            if let Some(chosen) = self.take_from(&absent.name, &claimant).await? {
                tracing::debug!(
                    annotator,
                    instead_of = absent.name,
                    task = %chosen.0.id,
                    "a task goes to somebody else: nobody has seen the one it was meant for"
                );
                return Ok(Some(chosen));
            }
        }
        self.reassignment.next_look.insert(annotator.to_owned(), now + PAUSE);
        Ok(None)
    }

    async fn take_from(
        &mut self,
        absent: &str,
        claimant: &AnnotatorProfile,
    ) -> Result<Option<Chosen>, StoreError> {
        let store = Arc::clone(&self.shared.store);
        let lane = Lane::Of(absent.to_owned());
        let key = (claimant.name.clone(), absent.to_owned());
        let mut after = self.reassignment.places.get(&key).copied().unwrap_or(Position::START);
        for _ in 0..PAGES {
            let page: Vec<QueuedTask> = store.open_tasks(&lane, after, PAGE).await?;
            let Some(last) = page.last().map(|open| open.position) else {
                // The next look begins at the beginning: something may have come back.
                self.reassignment.places.remove(&key);
                return Ok(None);
            };
            let ids: Vec<_> = page.iter().map(|open| open.task.id.clone()).collect();
            for record in store.look_up(&ids).await?.into_iter().flatten() {
                let Record { task, state, .. } = &record;
                if !can_take_over(state, &task.body, absent, claimant) {
                    continue;
                }
                let now = reassigned(state, absent, &claimant.name);
                let amendment =
                    Amendment { task: task.id.clone(), seen: state.clone(), now: now.clone() };
                if store.amend(vec![amendment]).await? == [true] {
                    self.reassignment.places.insert(key, Position(record.position.0 - 1));
                    let chosen = (Arc::clone(task), record.position);
                    self.queue.remember(open(Record { state: now, ..record }));
                    return Ok(Some(chosen));
                }
            }
            after = last;
            self.reassignment.places.insert(key.clone(), after);
        }
        Ok(None)
    }
}
