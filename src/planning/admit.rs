//! Planning a batch of tasks and inserting it, as one change of the counters.

use std::collections::{HashMap, HashSet};

use super::state::AllocationState;
use super::{MAX_TRIES, busy};
use crate::allocation::{AllocationCounters, Overrides, Plan, PlanError, PlanPolicy, Planner};
use crate::store::{InsertReport, NewTask, Store, StoreError};
use crate::task::{Task, TaskId};

/// Why a batch was not inserted.
#[derive(Debug, thiserror::Error)]
pub enum AdmitError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// One of the tasks cannot be planned.
    #[error("{error}")]
    Plan {
        /// The index of the task in the batch, from 0.
        nth: usize,
        /// Why.
        error: PlanError,
    },
}

/// Plans a batch of tasks and inserts it.
///
/// Only tasks that are new are planned. A task that is there already takes nothing from a share; a
/// task that an interrupted load has counted gets the plan that is pending for it.
///
/// # Errors
/// If the store fails, or a task cannot be planned. Then no task of the batch is inserted.
pub async fn admit(
    store: &dyn Store,
    policy: &PlanPolicy,
    overrides: &Overrides,
    batch: Vec<Task>,
) -> Result<InsertReport, AdmitError> {
    let mut planner = Planner::new(policy.clone(), &AllocationCounters::default());
    if planner.is_stateful() {
        return admit_counted(store, policy, overrides, &batch).await;
    }
    let mut admissions = Vec::with_capacity(batch.len());
    for (nth, task) in batch.into_iter().enumerate() {
        let plan =
            planner.plan(overrides, &task).map_err(|error| AdmitError::Plan { nth, error })?;
        admissions.push(NewTask { task, plan });
    }
    Ok(store.insert_tasks(admissions).await?)
}

/// The same where a plan depends on the plans before it.
async fn admit_counted(
    store: &dyn Store,
    policy: &PlanPolicy,
    overrides: &Overrides,
    batch: &[Task],
) -> Result<InsertReport, AdmitError> {
    for _ in 0..MAX_TRIES {
        // The counters first: a plan that is pending in them, and is gone when the identities are
        // read, belongs to a task that is stored by then.
        let deal = store.allocation_record().await?;
        let ids: Vec<TaskId> = batch.iter().map(|task| task.id.clone()).collect();
        let known = store.existing_ids(&ids).await?;
        let mut state = AllocationState::read(&deal)?;
        let mut planner = Planner::new(policy.clone(), &state.counters);
        let pending: HashMap<&TaskId, &Plan> =
            deal.pending_plans.iter().map(|(task, plan)| (task, plan)).collect();
        let mut admissions = Vec::new();
        let mut seen = HashSet::new();
        for (nth, task) in batch.iter().enumerate() {
            if known.contains(&task.id) || !seen.insert(&task.id) {
                continue;
            }
            let plan = match pending.get(&task.id) {
                Some(plan) => (*plan).clone(),
                None => planner
                    .plan(overrides, task)
                    .map_err(|error| AdmitError::Plan { nth, error })?,
            };
            admissions.push(NewTask { task: task.clone(), plan });
        }
        let same = (batch.len() - admissions.len()) as u64;
        if admissions.is_empty() {
            return Ok(InsertReport { new: 0, same });
        }
        state.counters = planner.counters();
        let admitted = store.insert_with_counters(admissions, deal.version, state.write()).await?;
        if let Some(InsertReport { new, same: there }) = admitted {
            return Ok(InsertReport { new, same: same + there });
        }
    }
    Err(AdmitError::Store(busy(store)))
}
