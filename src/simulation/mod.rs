//! What the allocation would do with a roster and its tasks, before any task is annotated.
//!
//! A lead wants to know beforehand what a roster leads to: how much each annotator gets, which
//! pairs can be compared, what an absence does, and when the project would end. [`Simulation`]
//! plans tasks with the real [`Planner`], and lets invented annotators (`model.rs`) take and answer
//! them. It settles the answers with the real [`TaskState::settle`], and replans unfinished tasks
//! with the real replanner when annotators join or leave. The result is a [`Forecast`].
//!
//! It is a simulation by events (`run.rs`): at any time one annotator is the next who is free. They
//! answer their task and take the next one in order. Tasks are kept small (`task_table.rs`): some
//! fifty bytes each, and twelve for each answer, so that a million fit. A [`TaskState`] is built
//! from these only where a rule needs one. Queues (`queue.rs`) find the next task in constant time,
//! also for an annotator who is far ahead.
//!
//! The room is pure: it knows no clock, and all draws come from `allocation::seed`.
//!
//! The model leaves out batches (each annotator takes one task at a time), leases that expire,
//! answers that are revised or late, and days off. They change little of who answers what. But the
//! simulation does not show that a few tasks lie in a browser at the very end.
//!
//! Rejected: running the daemon against a store in memory with simulated browsers. It tests more
//! and forecasts the same, a thousand times slower. Also rejected: a formula. It is exact for the
//! simple rules and says nothing about absence, disagreement and tags.
//!
//! [`Planner`]: crate::allocation::Planner
//! [`TaskState`]: crate::allocation::TaskState
//! [`TaskState::settle`]: crate::allocation::TaskState::settle

mod annotator_run;
mod forecast;
mod model;
mod queue;
mod queues;
mod run;
mod task_table;

use std::time::Duration;

use crate::allocation::check_schedule::CheckPolicy;
use crate::allocation::order::Order;
use crate::allocation::{Overrides, PlanError, PlanPolicy, Planner, SettlePolicy};
use crate::task::{Task, TaskId, TaskJson};

pub use forecast::{
    AnnotatorForecast, Forecast, PairForecast, SimTime, TaskForecast, UnfinishedReason,
    UnfinishedTasks,
};
pub use model::{Model, WorkPattern};
use task_table::TaskTable;

/// The project's rules: all that the roster says about allocation.
#[derive(Clone, Debug)]
pub struct SimulationPolicy {
    /// The rules that are applied when a task is loaded, and the annotators.
    pub rules: PlanPolicy,
    /// The rules that are applied when an answer arrives.
    pub rule: SettlePolicy,
    /// The order of the queue.
    pub order: Order,
    /// The shares of checks among every annotator's tasks.
    pub checks: CheckPolicy,
    /// After how long without a sign an annotator's tasks may be taken over; `None` is never.
    pub steal_after: Option<Duration>,
}

/// Planned tasks, and invented annotators who will answer them.
pub struct Simulation {
    policy: SimulationPolicy,
    model: Model,
    planner: Planner,
    table: TaskTable,
}

impl Simulation {
    /// A project without tasks on its first day.
    ///
    /// The model's work patterns are those of the annotators of `policy.rules`, in the same order;
    /// missing ones are [`WorkPattern::default`]. Whether an annotator is active follows from their
    /// pattern, and not from the roster.
    pub fn new(mut policy: SimulationPolicy, mut model: Model) -> Self {
        model.patterns.resize(policy.rules.people.len(), WorkPattern::default());
        for (profile, pattern) in policy.rules.people.iter_mut().zip(&model.patterns) {
            profile.active = pattern.is_on_the_roster(1);
        }
        policy.rule.people.clone_from(&policy.rules.people);
        let planner =
            Planner::new(policy.rules.clone(), &crate::allocation::AllocationCounters::default());
        let table = TaskTable::new(&policy.rules.people);
        Self { policy, model, planner, table }
    }

    /// Adds a task. Of its content only what the rules read again is kept.
    ///
    /// # Errors
    /// If it cannot be planned; then nothing is counted.
    pub fn admit(&mut self, task: &Task) -> Result<(), PlanError> {
        let plan = self.planner.plan(&Overrides::default(), task)?;
        self.table.admit(task, &plan);
        Ok(())
    }

    /// Adds this many invented tasks: empty, with a random hash.
    ///
    /// # Errors
    /// Never with the rules of a roster: such a task has nothing that could be wrong.
    pub fn add_invented(&mut self, tasks: u32) -> Result<(), PlanError> {
        let seed = self.model.seed ^ 0x7A5C;
        let mut task = Task {
            id: TaskId::from_text(""),
            input_hash: 0,
            task_hash: 0,
            body: TaskJson::empty(),
        };
        for n in 0..tasks {
            // 32 of the 64 bits.
            #[expect(clippy::cast_possible_truncation)]
            let hash = crate::allocation::seed::number(seed, n.into()) as i32;
            task.task_hash = hash.into();
            self.admit(&task)?;
        }
        Ok(())
    }

    /// Runs until no annotator who comes has a task left.
    pub fn run(self) -> Forecast {
        run::run(self)
    }
}

#[cfg(test)]
mod tests;
