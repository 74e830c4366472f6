//! The store as it should be: [`Ledger`]s in memory.

use annotd::allocation::{Ledger, Recorded, Rule, invariants};
use annotd::store::{Admission, Admitted, Claim, Record, Submission};
use annotd::task::{Millis, Task, TaskId};

/// All tasks, in the order of the queue.
#[derive(Default)]
pub struct Model {
    tasks: Vec<(i32, Task, Ledger)>,
}

impl Model {
    fn find(&mut self, id: &TaskId) -> Option<&mut Ledger> {
        self.tasks.iter_mut().find(|(_, task, _)| task.id == *id).map(|(.., ledger)| ledger)
    }

    /// See the trait, here and below.
    pub fn admit(&mut self, row: &[Admission]) -> Admitted {
        let mut admitted = Admitted::default();
        for Admission { task, plan } in row {
            if self.find(&task.id).is_some() {
                admitted.same += 1;
                continue;
            }
            admitted.new += 1;
            let behind = self.tasks.partition_point(|(priority, ..)| *priority >= plan.priority);
            let ledger = Ledger::new(plan.wanted, plan.lanes.clone());
            self.tasks.insert(behind, (plan.priority, task.clone(), ledger));
        }
        admitted
    }

    pub fn claim(&mut self, claims: &[Claim]) -> Vec<bool> {
        let each = |claim: &Claim| {
            self.find(&claim.task).is_some_and(|ledger| {
                ledger.held.iter().any(|hold| hold.annotator == claim.annotator)
                    || ledger.claim(&claim.annotator, claim.since, claim.until)
            })
        };
        claims.iter().map(each).collect()
    }

    pub fn record(&mut self, answers: &[Submission]) -> Vec<Recorded> {
        let each = |answer: &Submission| match self
            .tasks
            .iter_mut()
            .find(|t| t.1.id == answer.task)
            .map(|t| (&t.1, &mut t.2))
        {
            Some((task, ledger)) => ledger.record(
                &answer.annotator,
                answer.version.clone(),
                &Rule::default(),
                &task.body,
            ),
            None => Recorded::Unknown,
        };
        answers.iter().map(each).collect()
    }

    pub fn renew(&mut self, annotator: &str, until: Millis) {
        for (.., ledger) in &mut self.tasks {
            for hold in ledger.held.iter_mut().filter(|hold| hold.annotator == annotator) {
                hold.until = hold.until.max(until);
            }
        }
    }

    pub fn release(&mut self, annotator: &str) -> u64 {
        self.tasks.iter_mut().map(|(.., ledger)| u64::from(ledger.release(annotator))).sum()
    }

    pub fn sweep(&mut self, now: Millis) -> u64 {
        self.tasks.iter_mut().map(|(.., ledger)| ledger.expire(now).len() as u64).sum()
    }

    /// Holds a store's records against the model.
    ///
    /// # Errors
    /// What differs.
    pub fn compare(&self, records: &[Record]) -> Result<(), String> {
        if records.len() != self.tasks.len() {
            return Err(format!("{} tasks, not {}", records.len(), self.tasks.len()));
        }
        for ((_, task, ledger), record) in self.tasks.iter().zip(records) {
            if record.task.id != task.id {
                return Err(format!("{} stands where {} should", record.task.id, task.id));
            }
            // Who came first among those who hold a task means nothing.
            let sorted = |ledger: &Ledger| {
                let mut ledger = ledger.clone();
                ledger.held.sort_by(|a, b| a.annotator.cmp(&b.annotator));
                ledger
            };
            if sorted(&record.ledger) != sorted(ledger) {
                return Err(format!("stored: {:#?}\nshould be: {ledger:#?}", record.ledger));
            }
            let broken = invariants::check(&record.ledger);
            if !broken.is_empty() {
                return Err(format!("{broken:?} of {:#?}", record.ledger));
            }
        }
        Ok(())
    }
}
