//! Steps of annotators' work that the tests of random projects share: claims, answers, and leases
//! that end. Each step is taken by the store and by the model, and both must report the same.

use annotd::store::{Claim, Store, StoreError, Submission};
use annotd::task::{Basis, Millis, Task, Verdict, Version};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::model::Model;

/// One step. Tasks and people are given by their numbers.
#[derive(Clone, Debug)]
pub enum WorkStep {
    /// Each of these: a task, and who claims it.
    Claim(Vec<(usize, usize)>),
    /// Each of these: a task, whose answer, and the verdict.
    Record(Vec<(usize, usize, u8)>),
    /// All leases of one annotator end.
    Release(usize),
    /// Leases expire that end within this many seconds from now.
    Expire(i64),
}

/// Mostly claims and answers.
pub fn work_step(tasks: usize, people: usize) -> impl Strategy<Value = WorkStep> {
    let (task, person) = (0..tasks, 0..people);
    let claims = prop::collection::vec((task.clone(), person.clone()), 1..8);
    let answers = prop::collection::vec((task, person.clone(), 0..3_u8), 1..8);
    prop_oneof![
        6 => claims.prop_map(WorkStep::Claim),
        6 => answers.prop_map(WorkStep::Record),
        1 => person.prop_map(WorkStep::Release),
        1 => (0..5_i64).prop_map(WorkStep::Expire),
    ]
}

/// A project's tasks and people, by their numbers.
#[derive(Clone, Copy)]
pub struct Cast {
    pub task: fn(usize) -> Task,
    pub people: &'static [&'static str],
}

impl Cast {
    /// Takes a step at this time, in milliseconds.
    pub async fn take(
        self,
        step: WorkStep,
        now: i64,
        store: &dyn Store,
        model: &mut Model,
    ) -> Result<(), TestCaseError> {
        let failed = |error: StoreError| TestCaseError::fail(error.to_string());
        match step {
            WorkStep::Claim(claims) => {
                let claim = |(task, who): (usize, usize)| Claim {
                    task: (self.task)(task).id,
                    annotator: self.people[who].to_owned(),
                    since: Millis(now),
                    until: Millis(now + 4000),
                    basis: Basis::default(),
                };
                let claims: Vec<Claim> = claims.into_iter().map(claim).collect();
                let granted = store.claim(claims.clone()).await.map_err(failed)?;
                prop_assert_eq!(granted, model.claim(&claims));
            }
            WorkStep::Record(answers) => {
                // No annotator answers twice in the same millisecond.
                let answers: Vec<Submission> = (now..)
                    .zip(answers)
                    .map(|(at, (task, who, verdict))| Submission {
                        task: (self.task)(task).id,
                        annotator: self.people[who].to_owned(),
                        version: Version {
                            verdict: Verdict::ALL[usize::from(verdict)],
                            data: serde_json::Map::new(),
                            time_loaded: Millis(at - 5),
                            time_returned: Millis(at),
                            basis: Basis::default(),
                        },
                    })
                    .collect();
                let recorded = store.record(answers.clone()).await.map_err(failed)?;
                prop_assert_eq!(recorded, model.record(&answers));
            }
            WorkStep::Release(who) => {
                let who = self.people[who];
                let released = store.release(who).await.map_err(failed)?;
                prop_assert_eq!(released, model.release(who));
            }
            WorkStep::Expire(seconds) => {
                let at = Millis(now + seconds * 1000);
                let expired = store.expire_leases(at).await.map_err(failed)?;
                prop_assert_eq!(expired, model.expire_leases(at));
            }
        }
        Ok(())
    }
}

/// Compares the stats with a count over all records.
pub async fn assert_stats(
    store: &dyn Store,
    records: &[annotd::store::Record],
) -> Result<(), TestCaseError> {
    let stats = store.stats().await.map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(
        super::store_under_test::with_work(stats),
        super::store_under_test::recount(records)
    );
    Ok(())
}
