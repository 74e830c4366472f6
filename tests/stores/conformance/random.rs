//! Whatever happens, in whatever order, the store is as the ledgers say.

use annotd::allocation::order::Order;
use annotd::allocation::{
    AnnotatorProfile, EscalationRule, Ignore, Lane, Plan, Position, Purpose, SettlePolicy,
    TaskState,
};
use annotd::store::{NewTask, StateUpdate, Store, StorePolicy};
use annotd::task::{Millis, Task};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::backup;
use super::model::Model;
use super::restarts;
use super::store_under_test::{Engine, Faults, StoreUnderTest, all, nth};
use super::work_steps::{Cast, WorkStep, assert_stats, work_step};

const PEOPLE: [&str; 4] = ["ann", "bob", "cyd", "dan"];
const TASKS: usize = 5;
const CAST: Cast = Cast { task: nth, people: &PEOPLE };

#[derive(Clone, Debug)]
enum Step {
    Admit(Vec<(usize, u32, u8, i32)>),
    Work(WorkStep),
    Renew(usize, i64),
    Amend(Vec<(usize, usize, u8, u32)>),
    OpenAgain,
}

/// Rules under which a project may stand.
fn terms() -> impl Strategy<Value = StorePolicy> {
    let escalation = prop_oneof![
        3 => Just(None),
        2 => (1..3_u32, 2..5_u32).prop_map(|(extra, max)| Some((extra, max, Vec::new()))),
        1 => (1..3_u32, 2..5_u32).prop_map(|(extra, max)| {
            Some((extra, max, vec!["cyd".to_owned(), "dan".to_owned()]))
        }),
    ];
    let orders = prop_oneof![
        2 => Just(Order::Loaded),
        1 => any::<u64>().prop_map(Order::Random),
        1 => Just(Order::FinishFirst),
    ];
    (escalation, any::<bool>(), orders).prop_map(|(escalation, skip, order)| StorePolicy {
        rule: SettlePolicy {
            ignore: if skip { Ignore::Skip } else { Ignore::Answer },
            escalation: escalation.map(|(extra, max, by)| EscalationRule { extra, max, by }),
            people: PEOPLE.iter().map(|name| AnnotatorProfile::new(name)).collect(),
            ..SettlePolicy::default()
        },
        order,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let task = 0..TASKS;
    let person = 0..PEOPLE.len();
    let admission = (task, 1..4_u32, 0..16_u8, -1..2);
    prop_oneof![
        3 => prop::collection::vec(admission, 1..5).prop_map(Step::Admit),
        14 => work_step(TASKS, PEOPLE.len()).prop_map(Step::Work),
        1 => (person, 0..5_i64).prop_map(|(who, more)| Step::Renew(who, more)),
        2 => prop::collection::vec((0..TASKS, 0..PEOPLE.len(), 0..16_u8, 1..4_u32), 1..4)
            .prop_map(Step::Amend),
        1 => Just(Step::OpenAgain),
    ]
}

/// A task for anyone, or for the people whose bits are set.
fn admission((task, wanted, bits, priority): (usize, u32, u8, i32)) -> NewTask {
    let lanes: Vec<Lane> = PEOPLE
        .iter()
        .enumerate()
        .filter(|(bit, _)| bits < 12 && bits & (1 << bit) != 0)
        .map(|(_, name)| Lane::Of((*name).to_owned()))
        .collect();
    let plan = if lanes.is_empty() {
        Plan { priority, ..Plan::new(wanted, vec![Lane::Anyone]) }
    } else {
        let all = u32::try_from(lanes.len()).expect("a few");
        Plan { priority, ..Plan::new(wanted.min(all), lanes) }
    };
    // Some are gold, and some were named by the task itself.
    let purpose = if bits == 13 { Purpose::Gold } else { Purpose::Regular };
    NewTask { task: nth(task), plan: Plan { bound: bits % 2 == 1, purpose, ..plan } }
}

/// A state update: a lease ends, and the task is for other annotators and wants more or
/// fewer answers.
fn amended(state: &TaskState, (who, bits, wanted): (usize, u8, u32)) -> TaskState {
    let mut now = state.clone();
    if now.finished {
        return now;
    }
    now.release(PEOPLE[who]);
    let there = u32::try_from(now.answers.len() + now.held.len()).expect("a few");
    now.wanted = wanted.max(there).max(1);
    now.planned = now.planned.min(now.wanted);
    now.finished = now.answers.len() >= now.wanted as usize;
    let chosen = PEOPLE.iter().enumerate().filter(|(bit, _)| bits & (1 << bit) != 0);
    let chosen = chosen.map(|(_, name)| *name).chain(now.participants());
    let names: std::collections::BTreeSet<String> = chosen.map(str::to_owned).collect();
    now.lanes = names.into_iter().map(Lane::Of).collect();
    if bits == 0 {
        now.lanes = vec![Lane::Anyone];
    }
    now
}

async fn live(
    place: &StoreUnderTest,
    terms: &StorePolicy,
    steps: &[Step],
) -> Result<(), TestCaseError> {
    let mut store = place.open().await;
    store.set_policy(terms.clone());
    let mut model = Model::new(terms.clone());
    for (time, step) in (0_i64..).zip(steps) {
        let now = time * 1000;
        let failed = |error: annotd::store::StoreError| TestCaseError::fail(error.to_string());
        match step.clone() {
            Step::Admit(row) => {
                let row: Vec<NewTask> = row.into_iter().map(admission).collect();
                let admitted = store.insert_tasks(row.clone()).await.map_err(failed)?;
                prop_assert_eq!(admitted, model.insert_tasks(&row));
            }
            Step::Work(step) => CAST.take(step, now, store.as_ref(), &mut model).await?,
            Step::Renew(who, more) => {
                let until = Millis(now + more * 1000);
                store.renew(vec![(PEOPLE[who].to_owned(), until)]).await.map_err(failed)?;
                model.renew(PEOPLE[who], until);
            }
            Step::Amend(changes) => {
                let mut amendments: Vec<StateUpdate> = Vec::new();
                for (task, who, bits, wanted) in changes {
                    let Task { id: task, body, .. } = nth(task);
                    let Some(seen) = model.state(&task).cloned() else { continue };
                    if amendments.iter().any(|other| other.task == task) {
                        continue;
                    }
                    let mut now = amended(&seen, (who, bits, wanted));
                    now.promote_late_answers(&terms.rule, &body);
                    amendments.push(StateUpdate { task, seen, now });
                }
                let done = store.update_if_unchanged(amendments.clone()).await.map_err(failed)?;
                prop_assert_eq!(done, vec![true; amendments.len()]);
                model.update_if_unchanged(&amendments);
                // What is not as it was seen is left alone.
                for amendment in &mut amendments {
                    amendment.seen.wanted += 10;
                }
                let done = store.update_if_unchanged(amendments.clone()).await.map_err(failed)?;
                prop_assert_eq!(done, vec![false; amendments.len()]);
            }
            Step::OpenAgain => {
                store.close().await;
                store = place.open().await;
                store.set_policy(terms.clone());
            }
        }
        check(store.as_ref(), &model, time).await?;
    }
    let differences = super::verify::differences(store.as_ref(), terms.order).await;
    prop_assert_eq!(differences, Vec::<String>::new());
    backup::round_trip(place, store.as_ref(), &backup::rules(&PEOPLE), terms).await?;
    store.close().await;
    Ok(())
}

async fn check(store: &dyn Store, model: &Model, time: i64) -> Result<(), TestCaseError> {
    let records = all(store).await;
    model.compare(&records).map_err(TestCaseError::fail)?;
    // Not always, so that the figures also have to be right after several steps.
    if time % 2 == 0 {
        assert_stats(store, &records).await?;
    }
    for who in PEOPLE {
        let expected = Model::first_queued_for(&records, who);
        let first = store.first_queued_for(who, &Lane::Anyone, Position::START).await;
        prop_assert_eq!(first.map_err(|e| TestCaseError::fail(e.to_string()))?, expected);
    }
    Ok(())
}

fn run(engine: Engine, faults: Faults) {
    let lives = (terms(), prop::collection::vec(step(), 1..30));
    let regressions = "tests/stores/conformance/random.proptest-regressions";
    restarts::all(engine, faults, 12, regressions, lives, &async |place, (terms, steps)| {
        live(place, terms, steps).await
    });
}

#[test]
fn sqlite_is_as_the_ledgers_say() {
    run(Engine::Sqlite, Faults::None);
}

#[test]
fn sqlite_is_as_the_ledgers_say_although_it_fails() {
    run(Engine::Sqlite, Faults::Some);
}

#[test]
fn mongo_is_as_the_ledgers_say() {
    run(Engine::Mongo, Faults::None);
}

#[test]
fn mongo_is_as_the_ledgers_say_although_it_fails() {
    run(Engine::Mongo, Faults::Some);
}
