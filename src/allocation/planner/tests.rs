//! Every rule through the planner, on entry.

use std::collections::BTreeMap;

use super::super::TaskState;
use super::*;
use crate::outside_data::outside_data;

mod joining_and_leaving;

fn task(text: &str) -> Task {
    Task::new(TaskJson::parse(text).expect("a task"))
}

fn nth(n: usize) -> Task {
    task(&format!(r#"{{"text":"{n}"}}"#))
}

fn people(names: &[&str]) -> Vec<AnnotatorProfile> {
    names.iter().map(|name| AnnotatorProfile::new(name)).collect()
}

/// Annotators named by the first letters.
fn team(size: usize) -> Vec<AnnotatorProfile> {
    ('a'..='z').take(size).map(|letter| AnnotatorProfile::new(&letter.to_string())).collect()
}

fn policy(parts: Mixture, people: Vec<AnnotatorProfile>) -> PlanPolicy {
    PlanPolicy {
        answers: AnswersWanted::Mixture(parts),
        split: Split::Exact,
        route: Route::Open,
        average: None,
        assign_field: None,
        when_short: WhenShort::Hold,
        seed: 3,
        people,
    }
}

fn each(annotations: u32, people: Vec<AnnotatorProfile>) -> PlanPolicy {
    let parts = Mixture::each(annotations).expect("a number of answers");
    PlanPolicy { average: Some(f64::from(annotations)), ..policy(parts, people) }
}

fn planner(policy: PlanPolicy) -> Planner {
    Planner::new(policy, &AllocationCounters::default())
}

fn plan(policy: PlanPolicy, text: &str, overrides: &Overrides) -> Result<Plan, PlanError> {
    planner(policy).plan(overrides, &task(text))
}

fn of(names: &[&str]) -> Vec<Lane> {
    names.iter().map(|name| Lane::Of((*name).to_owned())).collect()
}

fn names(plan: &Plan) -> Vec<String> {
    plan.lanes.iter().filter_map(Lane::name).map(str::to_owned).collect()
}

#[test]
fn a_task_without_names_is_for_anyone() {
    let policy = PlanPolicy { assign_field: Some("meta.for".into()), ..each(3, team(4)) };
    let plan = plan(policy, r#"{"text":"a"}"#, &Overrides::default()).expect("a plan");
    assert_eq!(plan, Plan { part: Some(0), ..Plan::new(3, vec![Lane::Anyone]) });
}

#[test]
fn a_task_with_names_wants_one_answer_of_each_and_a_load_overrides_it() {
    let policy = PlanPolicy { assign_field: Some("meta.for".into()), ..each(3, team(4)) };
    let bound = |wanted, names: &[&str]| Plan { bound: true, ..Plan::new(wanted, of(names)) };
    let planned = |text: &str, overrides: &Overrides| plan(policy.clone(), text, overrides);
    let none = Overrides::default();
    assert_eq!(planned(r#"{"meta":{"for":"c"}}"#, &none), Ok(bound(1, &["c"])));
    assert_eq!(planned(r#"{"meta":{"for":["c","d","c"]}}"#, &none), Ok(bound(2, &["c", "d"])));
    let load =
        Overrides { annotations: Some(1), to: vec!["a".into(), "b".into()], priority: Some(5) };
    let expected = Plan { priority: 5, ..bound(1, &["a", "b"]) };
    assert_eq!(planned(r#"{"meta":{"for":"c"}}"#, &load), Ok(expected));
}

#[test]
fn a_task_for_no_one_is_rejected_with_a_remedy() {
    let mut people = team(3);
    people[0].tags = vec!["es".into()];
    let policy = PlanPolicy { assign_field: Some("meta.for".into()), ..each(1, people) };
    let wrong = [
        (r#"{"meta":{"for":"eve"}}"#, "add them to annotators.toml"),
        (r#"{"meta":{"for":3}}"#, "a list of names, found 3"),
        (r#"{"meta":{"requires":"fr"}}"#, "a tag that no annotator in the roster has"),
        (r#"{"meta":{"requires":[1]}}"#, "a list of tags"),
        (r#"{"meta":{"requires":"es","for":"b"}}"#, "does not have the tag"),
        (r#"{"meta":{"priority":"high"}}"#, "a whole number"),
    ];
    for (text, words) in wrong {
        let mut planner = planner(policy.clone());
        let before = planner.counters();
        let body = TaskJson::parse(text).expect("a task");
        let checked = planner.check(&Overrides::default(), &body).expect_err("refused");
        let planned = planner.plan(&Overrides::default(), &task(text)).expect_err("refused");
        assert_eq!(checked, planned);
        assert!(planned.to_string().contains(words), "{planned}");
        assert_eq!(planner.counters(), before, "nothing is counted");
    }
}

#[test]
fn a_mixture_is_exact_at_every_prefix_over_several_loads() {
    let parts = Mixture::mix(&[(0.7, 1), (0.3, 3)]).expect("a mixture");
    let policy = policy(parts, team(5));
    let mut dealt = AllocationCounters::default();
    let mut thrice = 0_u32;
    let mut n = 0_u32;
    for load in [1, 2500, 7, 5000, 2492] {
        // Kept and read again between two loads.
        let text = serde_json::to_string(&dealt).expect("JSON");
        let kept: AllocationCounters = serde_json::from_str(&text).expect("as it was written");
        let mut planner = Planner::new(policy.clone(), &kept);
        assert!(planner.is_stateful());
        for _ in 0..load {
            let plan = planner.plan(&Overrides::default(), &nth(n as usize)).expect("a plan");
            n += 1;
            thrice += u32::from(plan.wanted == 3);
            assert_eq!(plan.part, Some(u16::from(plan.wanted == 3)));
            assert!((f64::from(thrice) - f64::from(n) * 0.3).abs() < 1.0, "{thrice} of {n}");
        }
        dealt = planner.counters();
    }
    assert_eq!((n, thrice), (10_000, 3_000));
}

#[test]
fn tasks_that_bypass_the_mixture_take_nothing_from_it() {
    let parts = Mixture::mix(&[(0.7, 1), (0.3, 3)]).expect("a mixture");
    let mixed = PlanPolicy { assign_field: Some("meta.for".into()), ..policy(parts, team(5)) };
    let plain: Vec<u32> = {
        let mut planner = planner(mixed.clone());
        (0..50)
            .map(|n| planner.plan(&Overrides::default(), &nth(n)).expect("a plan").wanted)
            .collect()
    };
    let mut planner = planner(mixed);
    let once = Overrides { annotations: Some(2), ..Overrides::default() };
    let among: Vec<u32> = (0..50)
        .map(|n| {
            for bypass in [r#"{"meta":{"for":"a"}}"#, r#"{"text":"g","meta":{"gold":"accept"}}"#] {
                let plan = planner.plan(&Overrides::default(), &task(bypass)).expect("a plan");
                assert_eq!(plan.part, None);
            }
            assert_eq!(planner.plan(&once, &nth(n)).expect("a plan").part, None);
            planner.plan(&Overrides::default(), &nth(n)).expect("a plan").wanted
        })
        .collect();
    assert_eq!(among, plain);
}

#[test]
fn balanced_gives_seven_people_every_pair_a_hundred_times() {
    let policy = PlanPolicy { route: Route::Balanced, ..each(2, team(7)) };
    let mut dealt = AllocationCounters::default();
    let mut pairs: BTreeMap<Vec<String>, u32> = BTreeMap::new();
    let mut loads: BTreeMap<String, u32> = BTreeMap::new();
    for load in 0..7 {
        let mut planner = Planner::new(policy.clone(), &dealt);
        for n in 0..300 {
            let plan = planner.plan(&Overrides::default(), &nth(load * 300 + n)).expect("a plan");
            let mut pair = names(&plan);
            pair.sort();
            for name in &pair {
                *loads.entry(name.clone()).or_default() += 1;
            }
            *pairs.entry(pair).or_default() += 1;
        }
        dealt = planner.counters();
    }
    assert_eq!(pairs.len(), 21);
    assert!(pairs.values().all(|count| *count == 100), "{pairs:?}");
    assert!(loads.values().all(|count| *count == 600), "{loads:?}");
}

#[test]
fn all_and_gold_are_for_every_eligible_annotator() {
    let mut people = team(4);
    people[1].tags = vec!["es".into()];
    people[2].tags = vec!["es".into()];
    people[3].active = false;
    let all = PlanPolicy { answers: AnswersWanted::All, ..each(1, people) };
    let planned = |text: &str| plan(all.clone(), text, &Overrides::default()).expect("a plan");
    let for_all = |plan: Plan| Plan { part: Some(ALL_ANNOTATORS), ..plan };
    assert_eq!(planned(r#"{"text":"a"}"#), for_all(Plan::new(3, vec![Lane::Anyone])));
    assert_eq!(planned(r#"{"meta":{"requires":"es"}}"#), for_all(Plan::new(2, of(&["b", "c"]))));
    let gold = planned(r#"{"meta":{"gold":"accept"}}"#);
    assert_eq!(gold, Plan { purpose: Purpose::Gold, ..Plan::new(3, vec![Lane::Gold]) });
    let spanish = planned(r#"{"meta":{"gold":"accept","requires":["es"]}}"#);
    assert_eq!(names(&spanish), ["b", "c"]);
    assert!(spanish.lanes.iter().all(|lane| matches!(lane, Lane::GoldOf(_))));
}

#[test]
fn with_too_few_annotators_a_task_waits_or_wants_fewer_answers() {
    for route in [Route::Open, Route::Balanced, Route::Hash] {
        let hold = PlanPolicy { route, ..each(3, team(2)) };
        let held = plan(hold.clone(), r#"{"text":"a"}"#, &Overrides::default()).expect("a plan");
        assert_eq!((held.wanted, TaskState::of(&held).shortfall()), (3, 1), "{route:?}");
        assert_eq!(names(&held).len(), 2);
        let partial = PlanPolicy { when_short: WhenShort::Partial, ..hold };
        let cut = plan(partial, r#"{"text":"a"}"#, &Overrides::default()).expect("a plan");
        assert_eq!((cut.wanted, TaskState::of(&cut).shortfall()), (2, 0), "{route:?}");
    }
}

#[test]
fn prodigys_published_vectors_come_out_of_the_planner() {
    let pool = ["alice", "bob", "carol"];
    let vectors: [(i32, f64, &[&str]); 8] = [
        (-130_688_452, 1.0, &["carol"]),
        (-130_688_452, 1.5, &["carol"]),
        (-130_688_452, 2.0, &["carol", "alice"]),
        (-130_688_452, 3.0, &["carol", "alice", "bob"]),
        (-1_280_357_114, 1.0, &["bob"]),
        (-1_280_357_114, 2.0, &["bob", "alice"]),
        (-1_280_357_114, 2.5, &["bob", "alice"]),
        (-1_280_357_114, 3.0, &["bob", "alice", "carol"]),
    ];
    for (hash, n, expected) in vectors {
        let parts = Mixture::average(n).expect("an average");
        let policy = PlanPolicy {
            route: Route::Hash,
            split: Split::Hash,
            average: Some(n),
            ..policy(parts, people(&pool))
        };
        let text = format!(r#"{{"text":"a","_task_hash":{hash}}}"#);
        let planned = plan(policy, &text, &Overrides::default()).expect("a plan");
        assert_eq!(
            (names(&planned), planned.wanted as usize),
            (expected.iter().map(|name| (*name).to_owned()).collect(), expected.len())
        );
    }
}

/// The tasks of real, public data, each once, in the order of the file; none if it is not there.
fn real_tasks() -> Option<Vec<Task>> {
    let path = outside_data("pydata-ams-2023.jsonl")?;
    let text = std::fs::read_to_string(path).expect("the file");
    let mut seen = HashSet::new();
    let all = text.lines().map(task);
    Some(all.filter(|task| seen.insert(task.task_hash)).collect())
}

#[test]
fn real_tasks_are_routed_as_prodigy_routes_them() {
    let Some(tasks) = real_tasks() else { return };
    assert_eq!(tasks.len(), 117);
    let counts = |n: f64| {
        let policy = PlanPolicy {
            route: Route::Hash,
            split: Split::Hash,
            average: Some(n),
            ..policy(Mixture::average(n).expect("an average"), team(4))
        };
        let mut planner = planner(policy);
        let mut counts = [0_u32; 4];
        for task in &tasks {
            let plan = planner.plan(&Overrides::default(), task).expect("a plan");
            assert_eq!(plan.wanted as usize, plan.lanes.len());
            for name in names(&plan) {
                counts[usize::from(name.as_bytes()[0] - b'a')] += 1;
            }
        }
        counts
    };
    let (once, twice, often) = (counts(1.0), counts(2.0), counts(1.5));
    println!("by place in the pool: {once:?} {twice:?}");
    let sorted = |mut counts: [u32; 4]| {
        counts.sort_by_key(|count| std::cmp::Reverse(*count));
        counts
    };
    assert_eq!(sorted(once), [31, 30, 30, 26]);
    assert_eq!(sorted(twice), [64, 60, 55, 55]);
    assert_eq!(often.iter().sum::<u32>(), 182, "a mean of 1.556");
}
