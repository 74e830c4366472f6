//! What the allocation would do with a roster and its tasks, before anybody has annotated one.
//!
//! A lead wants to know beforehand what a roster leads to: who gets how much, which pairs can be
//! compared, what an absence does, and when it would end. [`Simulation`] plans tasks with the real
//! [`Planner`], lets people who are made up (`model.rs`) take and answer them, settles the answers
//! with the real [`TaskState::settle`], looks over what is unfinished with the real replanner when people
//! come or go, and gives a [`Forecast`].
//!
//! It is a simulation by events (`run.rs`): at any time one person is the next who is free, answers
//! what is in hand, and takes the next task in order. Tasks are kept small (`task_table.rs`): some fifty
//! bytes each, and twelve for each answer, so that a million fit; a [`TaskState`] is made of these only
//! where a rule asks for one. Queues (`queue.rs`) find the next task in constant time, also for
//! somebody who is far ahead.
//!
//! The room is pure: it knows no clock, and all draws come from `allocation::seed`.
//!
//! What the model leaves out: batches (everybody takes one task at a time), leases that run out,
//! answers that are revised or come too late, days off. They change little of who answers what; but
//! that a few tasks lie in somebody's browser at the very end is not to be seen here.
//!
//! Rejected: running the daemon against a store in memory with simulated browsers. It tests more and
//! forecasts the same, a thousand times slower. Also rejected: a formula, which is exact for the
//! simple rules and says nothing about absence, disagreement and tags.
//!
//! [`Planner`]: crate::allocation::Planner
//! [`TaskState`]: crate::allocation::Ledger
//! [`TaskState::settle`]: crate::allocation::Ledger::settle

mod annotator_run;
mod forecast;
mod model;
mod queue;
mod run;
mod task_table;

use std::time::Duration;

use crate::allocation::check_schedule::CheckPolicy;
use crate::allocation::order::Order;
use crate::allocation::{Overrides, PlanError, PlanPolicy, Planner, SettlePolicy};
use crate::task::{Body, Task, TaskId};

pub use forecast::{
    AnnotatorForecast, Forecast, PairForecast, SimTime, TaskForecast, UnfinishedReason,
    UnfinishedTasks,
};
pub use model::{Model, WorkPattern};
use task_table::TaskTable;

/// The project's rules: all that the roster says about who gets what.
#[derive(Clone, Debug)]
pub struct SimulationPolicy {
    /// What is decided when a task enters, and the people.
    pub rules: PlanPolicy,
    /// What is decided when its answers are there.
    pub rule: SettlePolicy,
    /// Where tasks stand.
    pub order: Order,
    /// The shares of checks in everybody's stream.
    pub checks: CheckPolicy,
    /// After how long without a sign somebody's tasks go to others; never, if nothing is said.
    pub steal_after: Option<Duration>,
}

/// Tasks that have been planned, and people who will answer them.
pub struct Simulation {
    setting: SimulationPolicy,
    model: Model,
    planner: Planner,
    table: TaskTable,
}

impl Simulation {
    /// A project without tasks on its first day.
    ///
    /// The model's habits are those of `setting.rules.people`, in the same order; who has none is as
    /// [`WorkPattern::default`]. Whether somebody is active follows from their habits, and not from the
    /// roster.
    pub fn new(mut setting: SimulationPolicy, mut model: Model) -> Self {
        model.patterns.resize(setting.rules.people.len(), WorkPattern::default());
        for (person, patterns) in setting.rules.people.iter_mut().zip(&model.patterns) {
            person.active = patterns.is_on_the_roster(1);
        }
        setting.rule.people.clone_from(&setting.rules.people);
        let planner =
            Planner::new(setting.rules.clone(), &crate::allocation::AllocationCounters::default());
        let table = TaskTable::new(&setting.rules.people);
        Self { setting, model, planner, table }
    }

    /// Lets a task in. Nothing of it is kept but what the rules will ask about.
    ///
    /// # Errors
    /// If it cannot be planned; then nothing is counted.
    pub fn admit(&mut self, task: &Task) -> Result<(), PlanError> {
        let plan = self.planner.plan(&Overrides::default(), task)?;
        self.table.admit(task, &plan);
        Ok(())
    }

    /// Lets in this many tasks that are made up: with nothing in them, and a hash that is drawn.
    ///
    /// # Errors
    /// Never with rules that a roster can say, for nothing in such a task can be wrong.
    pub fn make_up(&mut self, tasks: u32) -> Result<(), PlanError> {
        let seed = self.model.seed ^ 0x7A5C;
        let mut task =
            Task { id: TaskId::from_text(""), input_hash: 0, task_hash: 0, body: Body::empty() };
        for n in 0..tasks {
            // 32 of the 64 bits.
            #[expect(clippy::cast_possible_truncation)]
            let hash = crate::allocation::seed::number(seed, n.into()) as i32;
            task.task_hash = hash.into();
            self.admit(&task)?;
        }
        Ok(())
    }

    /// Lets everybody work until nothing is left for anybody who comes.
    pub fn run(self) -> Forecast {
        run::run(self)
    }
}

#[cfg(test)]
mod tests;
