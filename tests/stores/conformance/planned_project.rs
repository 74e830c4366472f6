//! Whatever happens under whatever rule, the store is as the planner and the ledgers say.
//!
//! `random.rs` changes tasks as it likes; here they are loaded, looked over and moved as annotd
//! does it, under a rule that the case draws, while people come and go. The model runs the same
//! pure functions in memory, so whatever the store does beside them shows.

use std::collections::HashSet;

use annotd::allocation::mixture::Mixture;
use annotd::allocation::order::Order;
use annotd::allocation::reassign::{can_replace, reassigned};
use annotd::allocation::{
    AllocationCounters, AnnotatorProfile, AnswersWanted, EscalationRule, Ignore, Overrides,
    PlanPolicy, Planner, Route, SettlePolicy, Split, TaskState, WhenShort,
};
use annotd::identity::Identity;
use annotd::planning;
use annotd::store::{NewTask, StateUpdate, Store, StorePolicy};
use annotd::task::{Millis, Task, TaskJson};
use annotd::verify::{self, VerifyOptions};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::backup;
use super::model::Model;
use super::restarts;
use super::store_under_test::{Engine, Faults, StoreUnderTest, all};
use super::work_steps::{Cast, WorkStep, assert_stats, work_step};

const PEOPLE: [&str; 5] = ["ann", "bob", "cyd", "dan", "eve"];
const TASKS: usize = 12;
const CAST: Cast = Cast { task, people: &PEOPLE };

#[derive(Clone, Debug)]
enum Step {
    Load(Vec<usize>),
    Work(WorkStep),
    /// Who is there from now on, and who has the tag.
    Roster(u8, u8),
    Reassign(usize, usize),
    OpenAgain,
}

fn step() -> impl Strategy<Value = Step> {
    let person = 0..PEOPLE.len();
    let task = 0..TASKS;
    prop_oneof![
        3 => prop::collection::vec(task, 1..6).prop_map(Step::Load),
        14 => work_step(TASKS, PEOPLE.len()).prop_map(Step::Work),
        2 => (0..32_u8, 0..32_u8).prop_map(|(there, tagged)| Step::Roster(there, tagged)),
        1 => (person.clone(), person).prop_map(|(from, to)| Step::Reassign(from, to)),
        1 => Just(Step::OpenAgain),
    ]
}

/// A rule for planning and one for settling.
fn rules() -> impl Strategy<Value = (PlanPolicy, StorePolicy)> {
    let each = |n: u32| AnswersWanted::Mixture(Mixture::each(n).expect("a number of answers"));
    let answers = prop_oneof![
        2 => (1..4_u32).prop_map(each),
        2 => Just(AnswersWanted::Mixture(Mixture::mix(&[(0.6, 1), (0.4, 3)]).expect("a mixture"))),
        1 => Just(AnswersWanted::Mixture(Mixture::average(1.5).expect("an average"))),
        1 => Just(AnswersWanted::All),
    ];
    let route = prop_oneof![Just(Route::Open), Just(Route::Balanced), Just(Route::Hash)];
    let order = prop_oneof![Just(Order::Loaded), Just(Order::Random(3)), Just(Order::FinishFirst)];
    let escalation = prop_oneof![
        Just(None),
        Just(Some(EscalationRule { extra: 1, max: 4, by: Vec::new() })),
        Just(Some(EscalationRule { extra: 1, max: 4, by: vec!["dan".into(), "eve".into()] })),
    ];
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (answers, route, order, escalation, flags, 0..3_u64).prop_map(
        |(answers, route, order, escalation, (hash, partial, skip), seed)| {
            let rules = PlanPolicy {
                route: if answers == AnswersWanted::All { Route::Open } else { route },
                answers,
                split: if hash { Split::Hash } else { Split::Exact },
                average: None,
                assign_field: Some("meta.for".into()),
                when_short: if partial { WhenShort::Partial } else { WhenShort::Hold },
                seed,
                people: staff(31, 31),
            };
            let ignore = if skip { Ignore::Skip } else { Ignore::Answer };
            let rule = SettlePolicy {
                ignore,
                escalation,
                people: staff(31, 31),
                ..SettlePolicy::default()
            };
            (rules, StorePolicy { rule, order })
        },
    )
}

fn staff(there: u8, tagged: u8) -> Vec<AnnotatorProfile> {
    let person = |(bit, name): (usize, &&str)| AnnotatorProfile {
        // An annotator with the tag is there in any case.
        tags: if bit == 0 || tagged & (1 << bit) != 0 { vec!["es".into()] } else { Vec::new() },
        active: there & (1 << bit) != 0,
        ..AnnotatorProfile::new(name)
    };
    PEOPLE.iter().enumerate().map(person).collect()
}

/// Of every four tasks one requires a tag, and of every six one is gold and one names people.
fn task(n: usize) -> Task {
    let meta = match n % 6 {
        0 => r#"{"requires":"es"}"#,
        1 => r#"{"gold":"accept"}"#,
        2 => r#"{"for":["ann","bob"],"priority":1}"#,
        _ => "{}",
    };
    let text = format!(r#"{{"text":"{n}","label":"X","meta":{meta}}}"#);
    Task::new(TaskJson::parse(&text).expect("a task"))
}

/// What is planned, beside the ledgers of the model.
struct PendingPlan {
    rules: PlanPolicy,
    policy: StorePolicy,
    dealt: AllocationCounters,
    looked_over: Option<Vec<AnnotatorProfile>>,
    model: Model,
}

impl PendingPlan {
    fn load(&mut self, tasks: &[Task]) -> u64 {
        let mut planner = Planner::new(self.rules.clone(), &self.dealt);
        let mut admissions: Vec<NewTask> = Vec::new();
        for task in tasks {
            let there = admissions.iter().any(|other| other.task.id == task.id);
            if there || self.model.state(&task.id).is_some() {
                continue;
            }
            let plan = planner.plan(&Overrides::default(), task).expect("it can be planned");
            admissions.push(NewTask { task: task.clone(), plan });
        }
        if planner.is_stateful() && !admissions.is_empty() {
            self.dealt = planner.counters();
        }
        self.model.insert_tasks(&admissions).new
    }

    fn replan_unfinished(&mut self) {
        let people = &self.rules.people;
        if self.looked_over.as_ref() == Some(people) {
            return;
        }
        let joined: HashSet<String> = self.looked_over.as_ref().map_or_else(HashSet::new, |were| {
            let new = people.iter().filter(|person| person.active && !were.contains(person));
            new.map(|person| person.name.clone()).collect()
        });
        self.looked_over = Some(people.clone());
        let unfinished = |task: &Task| self.model.state(&task.id).is_some_and(|l| !l.finished);
        if !self.model.all().iter().any(unfinished) {
            return;
        }
        let mut planner = Planner::new(self.rules.clone(), &self.dealt);
        let mut replanner = planner.replanner(joined);
        for n in self.model.all() {
            let state = self.model.state(&n.id).expect("it is there");
            if !state.finished {
                replanner.note(state);
            }
        }
        for n in self.model.all() {
            let state = self.model.state(&n.id).expect("it is there").clone();
            if let Some(mut now) = replanner.replan(&n, &state) {
                now.promote_late_answers(&self.policy.rule, &n.body);
                self.model.update_if_unchanged(&[StateUpdate {
                    task: n.id.clone(),
                    seen: state,
                    now,
                }]);
            }
        }
        if planner.is_stateful() {
            self.dealt = planner.counters();
        }
    }

    /// As `annotd reassign` does it.
    fn reassignments(&self, from: &str, to: &str) -> Vec<StateUpdate> {
        let to = self.rules.people.iter().find(|person| person.name == to).expect("on the roster");
        let waits = |state: &TaskState| {
            !state.finished && state.names().any(|name| name == from) && !state.has_answered(from)
        };
        let mut amendments = Vec::new();
        for task in self.model.all() {
            let seen = self.model.state(&task.id).expect("it is there").clone();
            if !waits(&seen) || !can_replace(&seen, &task.body, to) {
                continue;
            }
            let mut now = reassigned(&seen, from, &to.name);
            now.promote_late_answers(&self.policy.rule, &task.body);
            amendments.push(StateUpdate { task: task.id, seen, now });
        }
        amendments
    }
}

async fn live(
    place: &StoreUnderTest,
    rules: &PlanPolicy,
    policy: &StorePolicy,
    steps: &[Step],
) -> Result<(), TestCaseError> {
    let mut store = place.open().await;
    store.set_policy(policy.clone());
    let mut planned = PendingPlan {
        rules: rules.clone(),
        policy: policy.clone(),
        dealt: AllocationCounters::default(),
        looked_over: None,
        model: Model::new(policy.clone()),
    };
    let failed = |error: &dyn std::fmt::Display| TestCaseError::fail(error.to_string());
    for (time, step) in (0_i64..).zip(steps) {
        let now = time * 1000;
        match step.clone() {
            Step::Load(numbers) => {
                let batch: Vec<Task> = numbers.into_iter().map(task).collect();
                let overrides = Overrides::default();
                let admitted =
                    planning::admit(store.as_ref(), &planned.rules, &overrides, batch.clone())
                        .await;
                let admitted = admitted.map_err(|error| failed(&error))?;
                prop_assert_eq!(admitted.new, planned.load(&batch));
            }
            Step::Work(mut step) => {
                if let WorkStep::Claim(claims) = &mut step {
                    claims.retain(|(_, who)| planned.rules.people[*who].active);
                }
                CAST.take(step, now, store.as_ref(), &mut planned.model).await?;
            }
            Step::Roster(there, tagged) => {
                planned.rules.people = staff(there, tagged);
                let looked =
                    planning::replan_unfinished(store.as_ref(), &planned.rules, policy, false);
                looked.await.map_err(|error| failed(&error))?;
                planned.replan_unfinished();
            }
            Step::Reassign(from, to) => {
                let amendments = planned.reassignments(PEOPLE[from], PEOPLE[to]);
                let done = store
                    .update_if_unchanged(amendments.clone())
                    .await
                    .map_err(|error| failed(&error))?;
                prop_assert_eq!(done, vec![true; amendments.len()]);
                planned.model.update_if_unchanged(&amendments);
            }
            Step::OpenAgain => {
                store.close().await;
                store = place.open().await;
                store.set_policy(policy.clone());
            }
        }
        check(store.as_ref(), &planned).await?;
    }
    // And `annotd verify` says the same.
    let (rules, shown) = (&planned.rules, 20);
    let identity = &Identity::plain();
    let options = VerifyOptions { rules, policy, identity, repair: false, now: Millis(0), shown };
    let report = verify::verify(store.as_ref(), options, |_| ()).await;
    let report = report.map_err(|error| failed(&error))?;
    prop_assert_eq!(report.found(), 0, "{:?}", report);
    backup::round_trip(place, store.as_ref(), rules, policy).await?;
    store.close().await;
    Ok(())
}

async fn check(store: &dyn Store, planned: &PendingPlan) -> Result<(), TestCaseError> {
    let records = all(store).await;
    planned.model.compare(&records).map_err(TestCaseError::fail)?;
    assert_stats(store, &records).await?;
    // Every part of a mixture is within one task of its due.
    if let (AnswersWanted::Mixture(parts), Split::Exact) =
        (&planned.rules.answers, planned.rules.split)
    {
        let mut given = vec![0_u64; parts.len()];
        for part in records.iter().filter_map(|record| record.state.part) {
            given[usize::from(part)] += 1;
        }
        for part in 0..parts.len() {
            let excess = parts.excess(part, &given);
            prop_assert!(excess.unsigned_abs() < u128::from(parts.period()), "split: {:?}", given);
        }
    }
    Ok(())
}

fn run(engine: Engine, faults: Faults) {
    let lives = (rules(), prop::collection::vec(step(), 1..30));
    let regressions = "tests/stores/conformance/planned_project.proptest-regressions";
    restarts::all(
        engine,
        faults,
        20,
        regressions,
        lives,
        &async |place, ((rules, terms), steps)| live(place, rules, terms, steps).await,
    );
}

#[test]
fn sqlite_follows_every_rule() {
    run(Engine::Sqlite, Faults::None);
}

#[test]
fn sqlite_follows_every_rule_although_it_fails() {
    run(Engine::Sqlite, Faults::Some);
}

#[test]
fn mongo_follows_every_rule() {
    run(Engine::Mongo, Faults::None);
}

#[test]
fn mongo_follows_every_rule_although_it_fails() {
    run(Engine::Mongo, Faults::Some);
}
