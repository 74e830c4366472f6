//! What has become of the tasks that a page shows: it may have slept past its lease, or its annotator
//! has gone on elsewhere.
//!
//! A claim's rules are not asked again here. What an annotator holds says what is theirs, and what the
//! ledger has of them says whether they have answered.
//!
//! Rejected: to tell pages by themselves (server-sent events). A page that sleeps hears nothing, so it
//! would have to ask all the same.

use std::collections::HashSet;

use super::Allocator;
use crate::store::StoreError;
use crate::task::TaskId;

/// What has become of tasks that were handed out to an annotator, each list in the order asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaseStatus {
    /// Still theirs.
    pub held: Vec<TaskId>,
    /// Not theirs any more, and not answered by them: the lease is over or it was taken back, and others
    /// may have it.
    pub moved: Vec<TaskId>,
    /// Answered by them, and not theirs once more.
    pub answered: Vec<TaskId>,
}

impl Allocator {
    /// Says of tasks that an annotator has in view what has become of them.
    ///
    /// `doubted` has the store asked what they hold, and not what this process remembers: another
    /// process may have taken it back a moment ago.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn lease_status(
        &self,
        annotator: &str,
        tasks: &[TaskId],
        doubted: bool,
    ) -> Result<LeaseStatus, StoreError> {
        let cache = &self.shared.held;
        let remembered = cache.of(annotator, self.now());
        let hand = match remembered.as_ref().filter(|_| !doubted) {
            Some(hand) => hand.clone(),
            None => self.shared.store.in_hand(annotator).await?,
        };
        let held: HashSet<&TaskId> = hand.iter().map(|held| &held.task.id).collect();
        if remembered.iter().flatten().any(|one| !held.contains(&one.task.id)) {
            // An answer that came in meanwhile looks the same, and then nothing is lost by a second look.
            cache.forget(annotator);
        }
        let others: Vec<TaskId> =
            tasks.iter().filter(|task| !held.contains(task)).cloned().collect();
        let records =
            if others.is_empty() { Vec::new() } else { self.shared.store.look_up(&others).await? };
        let answered: HashSet<TaskId> = others
            .iter()
            .zip(records)
            .filter(|(_, record)| {
                record.as_ref().is_some_and(|record| record.state.has_answered(annotator))
            })
            .map(|(task, _)| task.clone())
            .collect();
        let mut lease_status = LeaseStatus::default();
        for task in tasks {
            let list = if held.contains(task) {
                &mut lease_status.held
            } else if answered.contains(task) {
                &mut lease_status.answered
            } else {
                &mut lease_status.moved
            };
            list.push(task.clone());
        }
        Ok(lease_status)
    }
}
