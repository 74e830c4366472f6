//! What was planned for a task by a load that has not said yet that the task is in, as it is
//! written down: in the record of the deal, and in a backup.

use serde::{Deserialize, Serialize};

use crate::allocation::{Lane, Plan, Purpose};
use crate::task::TaskId;

/// A task and its plan.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PendingPlan {
    /// Which task.
    pub(crate) task: TaskId,
    wanted: u32,
    lanes: Vec<String>,
    priority: i32,
    part: Option<u16>,
    bound: bool,
    purpose: Option<String>,
}

impl PendingPlan {
    /// Writes down a plan.
    pub(crate) fn of(task: &TaskId, plan: &Plan) -> Self {
        Self {
            task: task.clone(),
            wanted: plan.wanted,
            lanes: plan.lanes.iter().map(|lane| lane.to_text().into_owned()).collect(),
            priority: plan.priority,
            part: plan.part,
            bound: plan.bound,
            purpose: plan.purpose.to_text(),
        }
    }

    /// Reads what [`PendingPlan::of`] wrote.
    pub(crate) fn plan(self) -> (TaskId, Plan) {
        let plan = Plan {
            wanted: self.wanted,
            lanes: self.lanes.iter().map(|lane| Lane::from_text(lane)).collect(),
            priority: self.priority,
            part: self.part,
            bound: self.bound,
            purpose: Purpose::from_text(self.purpose.as_deref()),
        };
        (self.task, plan)
    }
}
