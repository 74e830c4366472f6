//! What has become of the tasks that a page shows: the page may have slept past its lease, or its
//! annotator has continued elsewhere.
//!
//! The rules of a claim do not matter here. The leases say which tasks are the annotator's, and the
//! task states say which they have answered.
//!
//! Rejected: telling the page (server-sent events). A page that sleeps hears nothing, so it would
//! have to ask all the same.

use std::collections::HashSet;

use super::Allocator;
use crate::store::StoreError;
use crate::task::TaskId;

/// The status of tasks that were handed out to an annotator, each list in the order asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaseStatus {
    /// The annotator still holds them.
    pub held: Vec<TaskId>,
    /// The lease expired or was released without an answer; others may have the task.
    pub moved: Vec<TaskId>,
    /// The annotator has answered them and does not hold them again.
    pub answered: Vec<TaskId>,
}

impl Allocator {
    /// Returns the status of tasks that an annotator has in view.
    ///
    /// With `doubted` the leases are read from the store and not from this process's memory:
    /// another process may have released them a moment ago.
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
        let leases = match remembered.as_ref().filter(|_| !doubted) {
            Some(leases) => leases.clone(),
            None => self.shared.store.held_by(annotator).await?,
        };
        let held: HashSet<&TaskId> = leases.iter().map(|held| &held.task.id).collect();
        if remembered.iter().flatten().any(|one| !held.contains(&one.task.id)) {
            // An answer that arrived in the meantime looks the same; then only a read is wasted.
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
        let mut status = LeaseStatus::default();
        for task in tasks {
            let list = if held.contains(task) {
                &mut status.held
            } else if answered.contains(task) {
                &mut status.answered
            } else {
                &mut status.moved
            };
            list.push(task.clone());
        }
        Ok(status)
    }
}
