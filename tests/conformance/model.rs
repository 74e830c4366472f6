//! The store as it should be: [`Ledger`]s in memory.

use annotd::allocation::{Ledger, Position, Recorded, invariants};
use annotd::store::{Admission, Admitted, Amendment, Claim, Record, Submission, Terms};
use annotd::task::{Millis, Task, TaskId};

/// A task of the model.
struct Row {
    task: Task,
    priority: i32,
    ledger: Ledger,
}

/// All tasks, in the order of loading.
#[derive(Default)]
pub struct Model {
    terms: Terms,
    tasks: Vec<Row>,
}

impl Model {
    /// Goes by these rules.
    pub fn new(terms: Terms) -> Self {
        Self { terms, tasks: Vec::new() }
    }

    fn find(&mut self, id: &TaskId) -> Option<&mut Row> {
        self.tasks.iter_mut().find(|row| row.task.id == *id)
    }

    /// All tasks.
    pub fn all(&self) -> Vec<Task> {
        self.tasks.iter().map(|row| row.task.clone()).collect()
    }

    /// The state of a task.
    pub fn ledger(&self, id: &TaskId) -> Option<&Ledger> {
        self.tasks.iter().find(|row| row.task.id == *id).map(|row| &row.ledger)
    }

    /// See the trait, here and below.
    pub fn admit(&mut self, admissions: &[Admission]) -> Admitted {
        let mut admitted = Admitted::default();
        for Admission { task, plan } in admissions {
            if self.find(&task.id).is_some() {
                admitted.same += 1;
                continue;
            }
            admitted.new += 1;
            let ledger = Ledger::of(plan);
            self.tasks.push(Row { task: task.clone(), priority: plan.priority, ledger });
        }
        admitted
    }

    pub fn claim(&mut self, claims: &[Claim]) -> Vec<bool> {
        let each = |claim: &Claim| {
            self.find(&claim.task).is_some_and(|row| {
                row.ledger.held.iter().any(|hold| hold.annotator == claim.annotator)
                    || row.ledger.claim(&claim.annotator, claim.since, claim.until, claim.basis)
            })
        };
        claims.iter().map(each).collect()
    }

    pub fn record(&mut self, answers: &[Submission]) -> Vec<Recorded> {
        let rule = self.terms.rule.clone();
        let each = |answer: &Submission| match self.find(&answer.task) {
            Some(Row { task, ledger, .. }) => {
                ledger.record(&answer.annotator, answer.version.clone(), &rule, &task.body)
            }
            None => Recorded::Unknown,
        };
        answers.iter().map(each).collect()
    }

    pub fn renew(&mut self, annotator: &str, until: Millis) {
        for Row { ledger, .. } in &mut self.tasks {
            for hold in ledger.held.iter_mut().filter(|hold| hold.annotator == annotator) {
                hold.until = hold.until.max(until);
            }
        }
    }

    pub fn release(&mut self, annotator: &str) -> u64 {
        self.take_back(|ledger| u64::from(ledger.release(annotator)))
    }

    pub fn sweep(&mut self, now: Millis) -> u64 {
        self.take_back(|ledger| ledger.expire(now).len() as u64)
    }

    fn take_back(&mut self, from: impl Fn(&mut Ledger) -> u64) -> u64 {
        let mut taken = 0;
        for Row { task, ledger, .. } in &mut self.tasks {
            taken += from(ledger);
            ledger.fill(&self.terms.rule, &task.body);
        }
        taken
    }

    pub fn amend(&mut self, amendments: &[Amendment]) {
        for Amendment { task, now, .. } in amendments {
            let row = self.find(task).expect("it was looked at before");
            row.ledger = now.clone();
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
        for (Row { task, priority, ledger }, record) in self.tasks.iter().zip(records) {
            if record.task.id != task.id {
                return Err(format!("{} stands where {} should", record.task.id, task.id));
            }
            let order = self.terms.order;
            let place = order.position(*priority, record.number.0, ledger.lacking());
            if place != record.position {
                return Err(format!("{} stands at {:?}, not {place:?}", task.id, record.position));
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

    /// The place of the first task that this annotator could be handed in the lane of anyone.
    pub fn first_open_to(records: &[Record], annotator: &str) -> Option<Position> {
        records
            .iter()
            .filter(|record| record.ledger.is_open_to(annotator))
            .filter(|record| record.ledger.lanes.contains(&annotd::allocation::Lane::Anyone))
            .map(|record| record.position)
            .min()
    }
}
