//! What the rules promise, seen through a whole project.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::allocation::mixture::Mixture;
use crate::allocation::{AnnotatorProfile, AnswersWanted, EscalationRule, Route, Split, WhenShort};

fn people(count: usize) -> Vec<AnnotatorProfile> {
    (b'a'..)
        .take(count)
        .map(|letter| AnnotatorProfile::new(&char::from(letter).to_string()))
        .collect()
}

fn policy(answers: Mixture, route: Route, people: Vec<AnnotatorProfile>) -> SimulationPolicy {
    let rule = SettlePolicy { people: people.clone(), ..SettlePolicy::default() };
    let rules = PlanPolicy {
        answers: AnswersWanted::Mixture(answers),
        split: Split::Exact,
        route,
        average: None,
        assign_field: Some("meta.for".into()),
        when_short: WhenShort::Hold,
        seed: 0,
        people,
    };
    let day = Duration::from_secs(24 * 3600);
    let checks = CheckPolicy::default();
    SimulationPolicy { rules, rule, order: Order::Loaded, checks, steal_after: Some(day) }
}

fn each(answers: u32, route: Route, count: usize) -> SimulationPolicy {
    policy(Mixture::each(answers).expect("a number of answers"), route, people(count))
}

fn model(patterns: &[(usize, WorkPattern)], count: usize) -> Model {
    let mut all = vec![WorkPattern::default(); count];
    for (who, patterns) in patterns {
        all[*who] = patterns.clone();
    }
    Model { patterns: all, ..Model::default() }
}

fn absent() -> WorkPattern {
    WorkPattern { absent: true, ..WorkPattern::default() }
}

fn forecast(policy: SimulationPolicy, model: Model, tasks: u32) -> Forecast {
    let mut simulation = Simulation::new(policy, model);
    simulation.add_invented(tasks).expect("nothing is wrong with these");
    let forecast = simulation.run();
    let by_people: u64 = forecast.annotators.iter().map(|person| person.answers).sum();
    let by_tasks: u64 =
        forecast.tasks.by_answers.iter().map(|(n, tasks)| u64::from(*n) * tasks).sum();
    assert_eq!((by_people, by_tasks), (forecast.answers, forecast.answers));
    let stuck: u64 = forecast.tasks.unfinished.iter().map(|stuck| stuck.tasks).sum();
    assert_eq!(forecast.tasks.finished + stuck, forecast.tasks.all);
    forecast
}

fn answers(forecast: &Forecast) -> Vec<u64> {
    forecast.annotators.iter().map(|person| person.answers).collect()
}

#[test]
fn balanced_pairs_come_out_even() {
    let forecast = forecast(each(2, Route::Balanced, 7), model(&[], 7), 2_100);
    assert_eq!(answers(&forecast), [600; 7]);
    assert_eq!(forecast.pairs.len(), 21);
    assert!(forecast.pairs.iter().all(|pair| pair.tasks == 100), "{:?}", forecast.pairs);
    assert_eq!(forecast.tasks.finished, 2_100);
}

#[test]
fn a_mixture_gives_the_answers_that_it_promises() {
    let parts = Mixture::mix(&[(0.7, 1), (0.3, 3)]).expect("a mixture");
    let forecast = forecast(policy(parts, Route::Open, people(5)), model(&[], 5), 10_000);
    assert_eq!(forecast.answers, 16_000);
    assert_eq!(forecast.tasks.by_answers, BTreeMap::from([(1, 7_000), (3, 3_000)]));
    assert_eq!(forecast.tasks.by_planned, forecast.tasks.by_answers);
    // 16,000 tasks of 20 seconds on average: 4,444 minutes' work of people who work 1,200 a day.
    assert_eq!(forecast.end.expect("an end").day, 5);
    let worked: f64 = forecast.annotators.iter().map(|person| person.hours_worked).sum();
    assert!((worked - 16_000.0 * 20.0 / 3600.0).abs() < 1.5, "{worked}");
}

#[test]
fn no_annotator_gets_a_task_twice_in_any_order_and_with_skips() {
    for order in [Order::Loaded, Order::Random(3), Order::FinishFirst] {
        for route in [Route::Open, Route::Balanced, Route::Hash] {
            let mut policy = SimulationPolicy { order, ..each(3, route, 6) };
            policy.rule.ignore = crate::allocation::Ignore::Skip;
            policy.rule.escalation = Some(EscalationRule { extra: 1, max: 5, by: Vec::new() });
            let fast = WorkPattern { seconds: 2.0, ..WorkPattern::default() };
            let model = Model { ignores: 0.1, ..model(&[(2, fast)], 6) };
            let mut simulation = Simulation::new(policy, model);
            simulation.add_invented(500).expect("nothing is wrong with these");
            let table = run::table_after(simulation);
            for task in 0..500 {
                let state = table.state(task);
                let broken = crate::allocation::invariants::check(&state);
                assert_eq!(broken, [], "{order:?} {route:?} {state:?}");
                assert!(state.held.is_empty());
            }
        }
    }
}

#[test]
fn an_absent_annotator_delays_nothing_on_an_open_route() {
    let forecast = forecast(each(2, Route::Open, 4), model(&[(1, absent())], 4), 1_000);
    assert_eq!(forecast.tasks.finished, 1_000);
    assert_eq!(answers(&forecast)[1], 0);
    assert_eq!(forecast.pairs.len(), 3, "who never comes has no pairs");
}

#[test]
fn tasks_of_an_absent_annotator_are_reported_if_no_other_may_take_them() {
    let never = SimulationPolicy { steal_after: None, ..each(2, Route::Balanced, 4) };
    let waits = forecast(never, model(&[(1, absent())], 4), 1_200);
    assert_eq!(waits.tasks.finished, 600);
    assert_eq!(waits.annotators[1].left, 600);
    let reason = UnfinishedTasks {
        reason: UnfinishedReason::NotThere,
        waits_for: vec!["b".into()],
        tasks: 600,
    };
    assert_eq!(waits.tasks.unfinished, [reason]);
    let taken = forecast(each(2, Route::Balanced, 4), model(&[(1, absent())], 4), 1_200);
    assert_eq!(taken.tasks.finished, 1_200);
    let taken_over: u64 = taken.annotators.iter().map(|person| person.taken_over).sum();
    assert_eq!((answers(&taken)[1], taken_over), (0, 600));
    assert!(taken.end.expect("an end").day >= 2, "not before a day is over");
}

#[test]
fn disagreement_asks_for_thirds_as_often_as_people_disagree() {
    for agreement in [0.6, 0.8, 1.0] {
        let mut policy = each(2, Route::Balanced, 5);
        policy.rule.escalation = Some(EscalationRule { extra: 1, max: 3, by: Vec::new() });
        let truthful = Model::truthful_for(agreement);
        let forecast = forecast(policy, Model { truthful, ..model(&[], 5) }, 20_000);
        assert_eq!(forecast.tasks.finished, 20_000);
        #[expect(clippy::cast_precision_loss)]
        let share = forecast.tasks.further as f64 / 20_000.0;
        // The standard deviation is 0.0035 at most.
        assert!((share - (1.0 - agreement)).abs() < 0.015, "{share} at {agreement}");
        assert_eq!(forecast.tasks.by_answers.get(&3).copied().unwrap_or(0), forecast.tasks.further);
    }
}

#[test]
fn adjudicators_answer_what_is_disputed() {
    let mut policy = each(2, Route::Open, 5);
    policy.rule.escalation = Some(EscalationRule { extra: 1, max: 3, by: vec!["e".into()] });
    let forecast = forecast(policy, model(&[], 5), 2_000);
    assert_eq!(forecast.tasks.finished, 2_000);
    assert!(forecast.tasks.further > 200);
}

#[test]
fn one_seed_gives_one_forecast() {
    let once = |seed| {
        let mut policy = each(2, Route::Open, 6);
        policy.rule.escalation = Some(EscalationRule { extra: 1, max: 3, by: Vec::new() });
        forecast(policy, Model { seed, ..model(&[], 6) }, 3_000)
    };
    assert_eq!(once(1), once(1));
    assert_ne!(once(1), once(2));
}

#[test]
fn an_annotator_who_joins_gets_a_share_and_one_who_leaves_blocks_nothing() {
    let joins = WorkPattern { from: Some(2), ..WorkPattern::default() };
    let leaves = WorkPattern { until: Some(2), ..WorkPattern::default() };
    let mut policy = each(2, Route::Balanced, 5);
    policy.steal_after = None;
    // Each has time for some 720 tasks a day.
    let forecast = forecast(policy, model(&[(0, joins), (1, leaves)], 5), 4_000);
    assert_eq!(forecast.tasks.finished, 4_000, "{:?}", forecast.tasks.unfinished);
    let got = answers(&forecast);
    assert!(got[0] > 1_000, "{got:?}");
    assert!((650..800).contains(&got[1]), "{got:?}");
}

#[test]
fn tasks_with_a_shortfall_wait_for_annotators_who_join() {
    let joins = WorkPattern { from: Some(3), ..WorkPattern::default() };
    let held = forecast(each(3, Route::Open, 3), model(&[(2, joins)], 3), 100);
    assert_eq!(held.tasks.finished, 100);
    assert_eq!(held.end.expect("an end").day, 3);
    let never = WorkPattern { from: None, ..WorkPattern::default() };
    let short = forecast(each(3, Route::Open, 3), model(&[(2, never)], 3), 100);
    assert_eq!(short.tasks.finished, 0);
    assert_eq!(short.tasks.unfinished[0].reason, UnfinishedReason::TooFewPeople);
}

#[test]
fn quotas_are_kept() {
    let mut team = people(2);
    team[0].quota = Some(10);
    let one = Mixture::each(1).expect("one");
    let kept = forecast(policy(one, Route::Open, team.clone()), model(&[], 2), 100);
    assert_eq!(answers(&kept), [10, 90]);
    team[1].quota = Some(20);
    let one = Mixture::each(1).expect("one");
    let short = forecast(policy(one, Route::Open, team), model(&[], 2), 100);
    assert_eq!(short.tasks.unfinished[0].reason, UnfinishedReason::Quota);
    assert_eq!(short.tasks.finished, 30);
}

#[test]
fn gold_repeats_names_tags_and_priorities_are_followed() {
    let mut team = people(3);
    team[2].tags = vec!["es".into()];
    let mut policy = policy(Mixture::each(1).expect("one"), Route::Open, team);
    policy.checks = CheckPolicy { gold: 0.1, repeat: 0.1, after: 5 };
    let mut simulation = Simulation::new(policy, model(&[], 3));
    let task = |value: &serde_json::Value| Task::new(TaskJson::from_value(value).expect("a task"));
    for n in 0..30 {
        let gold = json!({"text": n, "meta": {"gold": "accept"}});
        simulation.admit(&task(&gold)).expect("gold");
        let spanish = json!({"text": n, "es": true, "meta": {"requires": "es"}});
        simulation.admit(&task(&spanish)).expect("a task with a tag");
        let named = json!({"text": n, "b": true, "meta": {"for": "b", "priority": 3}});
        simulation.admit(&task(&named)).expect("a task with a name");
    }
    let wrong = json!({"text": "x", "meta": {"for": "eve"}});
    assert!(simulation.admit(&task(&wrong)).is_err());
    let forecast = simulation.run();
    assert_eq!((forecast.tasks.all, forecast.tasks.gold, forecast.tasks.finished), (60, 30, 60));
    assert_eq!(answers(&forecast), [0, 30, 30]);
    let checks: Vec<u64> = forecast.annotators.iter().map(|person| person.checks).collect();
    assert!(checks[0] == 0 && (4..=9).contains(&checks[1]), "{checks:?}");
}

#[test]
fn time_at_work_follows_the_calendar() {
    let hour = model::HOUR;
    let day = model::DAY;
    let patterns = WorkPattern { from: Some(2), until: Some(4), ..WorkPattern::default() };
    assert_eq!(patterns.begins(0, hour), Some(day));
    assert_eq!(patterns.begins(day + 3 * hour, hour), Some(day + 3 * hour));
    assert_eq!(patterns.begins(day + 3 * hour + 1, hour), Some(2 * day));
    assert_eq!(patterns.begins(2 * day + 4 * hour, 1), None);
    assert_eq!(patterns.at_work(day), 0);
    assert_eq!(patterns.at_work(day + 2 * hour), 2 * hour);
    assert_eq!(patterns.at_work(2 * day + 20 * hour), 8 * hour);
    assert_eq!(patterns.at_work(9 * day), 8 * hour);
    assert_eq!(absent().begins(0, 0), None);
}

/// Not a test of speed: the cost must not grow with how far ahead an annotator is.
#[test]
fn a_hundred_thousand_tasks_with_one_annotator_far_ahead() {
    let fast = WorkPattern { seconds: 1.0, hours: 24.0, ..WorkPattern::default() };
    let began = std::time::Instant::now();
    let forecast = forecast(each(2, Route::Open, 10), model(&[(4, fast)], 10), 100_000);
    println!("100,000 tasks: {:?}", began.elapsed());
    assert_eq!(forecast.answers, 200_000);
    assert!(forecast.annotators[4].answers > 60_000);
}
