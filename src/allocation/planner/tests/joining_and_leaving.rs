//! Planning and replanning when annotators join and leave.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::allocation::{Ignore, SettlePolicy, invariants, profile};
use crate::task::{Basis, Millis, Verdict, Version};

/// A project in memory: what is planned, and what becomes of it.
struct Project {
    planner: Planner,
    tasks: Vec<(Task, TaskState)>,
}

impl Project {
    fn new(policy: PlanPolicy, tasks: Vec<Task>) -> Self {
        let mut planner = planner(policy);
        let planned = tasks
            .into_iter()
            .map(|task| {
                let plan = planner.plan(&Overrides::default(), &task).expect("a plan");
                (task, TaskState::of(&plan))
            })
            .collect();
        Self { planner, tasks: planned }
    }

    fn replan(&mut self, people: Vec<AnnotatorProfile>) {
        let before = &self.planner.policy.people;
        let joined = people.iter().filter(|person| person.active && !before.contains(person));
        let joined = joined.map(|person| person.name.clone()).collect();
        let policy = PlanPolicy { people, ..self.planner.policy.clone() };
        self.planner = Planner::new(policy, &self.planner.counters());
        let mut replanner = self.planner.replanner(joined);
        for (_, state) in &self.tasks {
            if !state.finished {
                replanner.note(state);
            }
        }
        for (task, state) in &mut self.tasks {
            if let Some(now) = replanner.replan(task, state) {
                *state = now;
            }
        }
    }

    fn answer(&mut self, n: usize, who: &str, verdict: Verdict) {
        let (task, state) = &mut self.tasks[n];
        if !state.claim(who, Millis(0), Millis(9), Basis::default()) {
            return;
        }
        let version = Version {
            verdict,
            data: serde_json::Map::new(),
            time_loaded: Millis(0),
            time_returned: Millis(1),
            basis: Basis::default(),
        };
        let rule = SettlePolicy { ignore: Ignore::Skip, ..SettlePolicy::default() };
        state.record(who, version, &rule, &task.body);
    }

    /// Tasks that still wait for each person.
    fn pending_named(&self) -> BTreeMap<String, u64> {
        let mut pending_named = BTreeMap::new();
        for (_, state) in self.tasks.iter().filter(|(_, state)| !state.finished) {
            for name in state.pending_named() {
                *pending_named.entry(name.to_owned()).or_default() += 1;
            }
        }
        pending_named
    }
}

#[test]
fn an_annotator_who_joins_half_way_gets_a_fair_share_of_what_is_left() {
    let balanced = PlanPolicy { route: Route::Balanced, ..each(2, team(4)) };
    let mut project = Project::new(balanced, (0..400).map(nth).collect());
    for n in 0..200 {
        let names: Vec<String> = project.tasks[n].1.names().map(str::to_owned).collect();
        for name in names {
            project.answer(n, &name, Verdict::Accept);
        }
    }
    project.replan(team(5));
    let pending_named = project.pending_named();
    // 400 answers are left, for five.
    assert!(pending_named.values().all(|left| (79..=81).contains(left)), "{pending_named:?}");
    project.replan(team(5));
    assert_eq!(project.pending_named(), pending_named, "a second look changes nothing");
}

#[test]
fn an_annotator_who_leaves_blocks_nothing_and_the_others_share_their_tasks() {
    let balanced = PlanPolicy { route: Route::Balanced, ..each(2, team(5)) };
    let mut project = Project::new(balanced, (0..500).map(nth).collect());
    let mut people = team(5);
    people[2].active = false;
    project.replan(people);
    let pending_named = project.pending_named();
    assert_eq!(pending_named.get("c"), None);
    assert!(pending_named.values().all(|left| (249..=251).contains(left)), "{pending_named:?}");
    assert!(project.tasks.iter().all(|(_, state)| state.shortfall() == 0));
}

#[test]
fn replanning_without_a_change_changes_nothing() {
    for route in [Route::Open, Route::Balanced, Route::Hash] {
        let mut project =
            Project::new(PlanPolicy { route, ..each(2, team(5)) }, (0..60).map(nth).collect());
        for n in 0..30 {
            let first = project.tasks[n].1.names().next().unwrap_or("a").to_owned();
            project.answer(n, &first, Verdict::Accept);
        }
        let before: Vec<TaskState> = project.tasks.iter().map(|(_, state)| state.clone()).collect();
        project.replan(team(5));
        let after: Vec<TaskState> = project.tasks.iter().map(|(_, state)| state.clone()).collect();
        assert!(before == after, "{route:?}");
    }
}

#[test]
fn pending_tasks_of_a_slow_annotator_stay_when_another_joins() {
    let balanced = PlanPolicy { route: Route::Balanced, ..each(1, team(3)) };
    let mut project = Project::new(balanced, (0..300).map(nth).collect());
    // Two are done with everything, the third has done nothing.
    for n in 0..300 {
        let name = project.tasks[n].1.names().next().expect("a name").to_owned();
        if name != "c" {
            project.answer(n, &name, Verdict::Accept);
        }
    }
    project.replan(team(4));
    let pending_named = project.pending_named();
    assert_eq!((pending_named.get("a"), pending_named.get("b")), (None, None));
    assert_eq!((pending_named["c"], pending_named["d"]), (75, 25), "a quarter of what is left");
}

#[test]
fn a_waiting_task_gets_its_annotators_when_they_join() {
    for route in [Route::Open, Route::Balanced, Route::Hash] {
        let mut project = Project::new(PlanPolicy { route, ..each(3, team(2)) }, vec![nth(0)]);
        project.answer(0, "a", Verdict::Accept);
        assert_eq!(project.tasks[0].1.shortfall(), 1);
        project.replan(team(3));
        assert_eq!(project.tasks[0].1.shortfall(), 0, "{route:?}");
        for who in ["b", "c"] {
            project.answer(0, who, Verdict::Accept);
        }
        assert!(project.tasks[0].1.finished, "{route:?}");
    }
}

#[test]
fn all_includes_annotators_who_join_and_excludes_those_who_left() {
    let mut project = Project::new(
        PlanPolicy { answers: AnswersWanted::All, ..each(1, team(3)) },
        vec![nth(0), nth(1)],
    );
    for who in ["a", "b"] {
        project.answer(0, who, Verdict::Accept);
    }
    project.replan(team(4));
    assert_eq!(project.tasks[0].1.wanted, 4);
    let mut people = team(4);
    people[2].active = false;
    people[3].active = false;
    project.replan(people);
    let wanted: Vec<u32> = project.tasks.iter().map(|(_, state)| state.wanted).collect();
    assert_eq!((wanted, project.tasks[0].1.finished), (vec![2, 2], true));
}

fn any_rules() -> impl Strategy<Value = PlanPolicy> {
    let answers = prop_oneof![
        (1..4_u32).prop_map(|n| AnswersWanted::Mixture(Mixture::each(n).expect("a number"))),
        Just(AnswersWanted::Mixture(Mixture::mix(&[(0.5, 1), (0.5, 3)]).expect("a mixture"))),
        Just(AnswersWanted::All),
    ];
    let route = prop_oneof![Just(Route::Open), Just(Route::Balanced), Just(Route::Hash)];
    (answers, route, any::<bool>(), any::<bool>(), 0..5_u64).prop_map(
        |(answers, route, hash, partial, seed)| PlanPolicy {
            route: if answers == AnswersWanted::All { Route::Open } else { route },
            answers,
            split: if hash { Split::Hash } else { Split::Exact },
            average: None,
            assign_field: Some("meta.for".into()),
            when_short: if partial { WhenShort::Partial } else { WhenShort::Hold },
            seed,
            people: Vec::new(),
        },
    )
}

/// Six people, of whom the bits say who is there and who has the tag.
fn staff(there: u8, tagged: u8) -> Vec<AnnotatorProfile> {
    team(6)
        .into_iter()
        .enumerate()
        .map(|(bit, person)| AnnotatorProfile {
            // One annotator has the tag, active or not.
            tags: if bit == 5 || tagged & (1 << bit) != 0 { vec!["es".into()] } else { vec![] },
            active: there & (1 << bit) != 0,
            ..person
        })
        .collect()
}

proptest! {
    #[test]
    fn joining_and_leaving_break_no_invariant_and_no_task_waits_in_vain(
        policy in any_rules(),
        there in 0..64_u8,
        tagged in 0..64_u8,
        tasks in prop::collection::vec(0..4_u8, 1..12),
        changes in prop::collection::vec(
            (0..64_u8, prop::collection::vec((0..12_usize, 0..6_usize, 0..3_u8), 0..10)), 1..5
        ),
    ) {
        let text = |(n, kind): (usize, &u8)| match kind {
            0 => format!(r#"{{"text":"{n}","meta":{{"requires":"es"}}}}"#),
            1 => format!(r#"{{"text":"{n}","meta":{{"gold":"accept"}}}}"#),
            2 => format!(r#"{{"text":"{n}","meta":{{"for":["a","b"]}}}}"#),
            _ => format!(r#"{{"text":"{n}"}}"#),
        };
        let tasks: Vec<Task> = tasks.iter().enumerate().map(text).map(|t| task(&t)).collect();
        let policy = PlanPolicy { people: staff(there, tagged), ..policy };
        let again = Project::new(policy.clone(), tasks.clone());
        let mut project = Project::new(policy.clone(), tasks);
        let same = |(one, other): (&(Task, TaskState), &(Task, TaskState))| one.1 == other.1;
        prop_assert!(again.tasks.iter().zip(&project.tasks).all(same), "deterministic");
        for (there, answers) in changes {
            let people = staff(there, tagged);
            for (n, who, verdict) in answers {
                let n = n % project.tasks.len();
                let name = project.planner.policy.people[who].name.clone();
                if project.planner.policy.people[who].active {
                    project.answer(n, &name, Verdict::ALL[usize::from(verdict)]);
                }
            }
            let before: Vec<TaskState> = project.tasks.iter().map(|(_, l)| l.clone()).collect();
            project.replan(people.clone());
            for ((task, state), before) in project.tasks.iter().zip(&before) {
                prop_assert_eq!(invariants::check(state), vec![], "{:?}", state);
                if before.finished {
                    prop_assert_eq!(state, before, "a finished task stays as it is");
                    continue;
                }
                let requires = profile::requires(&task.body);
                for name in state.pending_named() {
                    let person = people.iter().find(|p| p.name == name).expect("in the roster");
                    prop_assert!(state.bound || person.may(&requires), "{name}: {state:?}");
                }
                let can = people.iter().any(|p| p.active && state.is_open_to(&p.name));
                prop_assert!(
                    state.finished || state.bound || state.shortfall() > 0 || can
                        || state.free() == 0 || state.lanes.iter().any(|l| l.name().is_none()),
                    "waits in vain: {state:?}"
                );
            }
        }
    }
}
