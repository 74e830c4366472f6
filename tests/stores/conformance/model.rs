//! The store as it should be: [`TaskState`]s in memory.

use annotd::allocation::{AnswerOutcome, Position, TaskState, invariants};
use annotd::store::{Claim, InsertReport, NewTask, Record, StateUpdate, StorePolicy, Submission};
use annotd::task::{Millis, Task, TaskId};

/// A task of the model.
struct Row {
    task: Task,
    priority: i32,
    state: TaskState,
}

/// All tasks, in the order of loading.
#[derive(Default)]
pub struct Model {
    policy: StorePolicy,
    tasks: Vec<Row>,
}

impl Model {
    /// Goes by these rules.
    pub fn new(policy: StorePolicy) -> Self {
        Self { policy, tasks: Vec::new() }
    }

    fn find(&mut self, id: &TaskId) -> Option<&mut Row> {
        self.tasks.iter_mut().find(|row| row.task.id == *id)
    }

    /// All tasks.
    pub fn all(&self) -> Vec<Task> {
        self.tasks.iter().map(|row| row.task.clone()).collect()
    }

    /// The state of a task.
    pub fn state(&self, id: &TaskId) -> Option<&TaskState> {
        self.tasks.iter().find(|row| row.task.id == *id).map(|row| &row.state)
    }

    /// See the trait, here and below.
    pub fn insert_tasks(&mut self, admissions: &[NewTask]) -> InsertReport {
        let mut admitted = InsertReport::default();
        for NewTask { task, plan } in admissions {
            if self.find(&task.id).is_some() {
                admitted.same += 1;
                continue;
            }
            admitted.new += 1;
            let state = TaskState::of(plan);
            self.tasks.push(Row { task: task.clone(), priority: plan.priority, state });
        }
        admitted
    }

    pub fn claim(&mut self, claims: &[Claim]) -> Vec<bool> {
        let each = |claim: &Claim| {
            self.find(&claim.task).is_some_and(|row| {
                row.state.held.iter().any(|hold| hold.annotator == claim.annotator)
                    || row.state.claim(&claim.annotator, claim.since, claim.until, claim.basis)
            })
        };
        claims.iter().map(each).collect()
    }

    pub fn record(&mut self, answers: &[Submission]) -> Vec<AnswerOutcome> {
        let rule = self.policy.rule.clone();
        let each = |answer: &Submission| match self.find(&answer.task) {
            Some(Row { task, state, .. }) => {
                state.record(&answer.annotator, answer.version.clone(), &rule, &task.body)
            }
            None => AnswerOutcome::Unknown,
        };
        answers.iter().map(each).collect()
    }

    pub fn renew(&mut self, annotator: &str, until: Millis) {
        for Row { state, .. } in &mut self.tasks {
            for hold in state.held.iter_mut().filter(|hold| hold.annotator == annotator) {
                hold.until = hold.until.max(until);
            }
        }
    }

    pub fn release(&mut self, annotator: &str) -> u64 {
        self.take_back(|state| u64::from(state.release(annotator)))
    }

    pub fn expire_leases(&mut self, now: Millis) -> u64 {
        self.take_back(|state| state.expire(now).len() as u64)
    }

    fn take_back(&mut self, from: impl Fn(&mut TaskState) -> u64) -> u64 {
        let mut taken = 0;
        for Row { task, state, .. } in &mut self.tasks {
            taken += from(state);
            state.promote_late_answers(&self.policy.rule, &task.body);
        }
        taken
    }

    pub fn update_if_unchanged(&mut self, amendments: &[StateUpdate]) {
        for StateUpdate { task, now, .. } in amendments {
            let row = self.find(task).expect("it was looked at before");
            row.state = now.clone();
        }
    }

    /// Holds a store's records against the model.
    ///
    /// # Errors
    /// What differs.
    pub fn compare(&self, records: &[Record]) -> Result<(), String> {
        if records.len() != self.tasks.len() {
            return Err(format!("{} tasks, not {}", records.len(), self.tasks.len()));
        }
        for (Row { task, priority, state }, record) in self.tasks.iter().zip(records) {
            if record.task.id != task.id {
                return Err(format!("{} stands where {} should", record.task.id, task.id));
            }
            let order = self.policy.order;
            let place = order.position(*priority, record.number.0, state.remaining());
            if place != record.position {
                return Err(format!("{} stands at {:?}, not {place:?}", task.id, record.position));
            }
            // Who came first among those who hold a task means nothing.
            let sorted = |state: &TaskState| {
                let mut state = state.clone();
                state.held.sort_by(|a, b| a.annotator.cmp(&b.annotator));
                state
            };
            if sorted(&record.state) != sorted(state) {
                return Err(format!("stored: {:#?}\nshould be: {state:#?}", record.state));
            }
            let broken = invariants::check(&record.state);
            if !broken.is_empty() {
                return Err(format!("{broken:?} of {:#?}", record.state));
            }
        }
        Ok(())
    }

    /// The place of the first task that this annotator could be handed in the lane of anyone.
    pub fn first_queued_for(records: &[Record], annotator: &str) -> Option<Position> {
        records
            .iter()
            .filter(|record| record.state.is_open_to(annotator))
            .filter(|record| record.state.lanes.contains(&annotd::allocation::Lane::Anyone))
            .map(|record| record.position)
            .min()
    }
}
