//! The promises of `balance.rs`, each with its constant.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn people(weights: &[f64]) -> Vec<PoolMember> {
    let name = |index| format!("p{index:02}");
    weights
        .iter()
        .enumerate()
        .map(|(index, weight)| PoolMember { name: name(index), weight: *weight, quota: None })
        .collect()
}

fn equals(count: usize) -> Vec<PoolMember> {
    people(&vec![1.0; count])
}

fn started(seed: u64, pool: &[PoolMember]) -> Balance {
    let mut balance = Balance::new(seed);
    balance.set_pool(pool);
    balance
}

fn next(balance: &mut Balance, answers: usize) -> Vec<String> {
    let named = balance.name(answers, |_| true, &[]);
    assert_eq!(named.missing, 0);
    let different: BTreeSet<_> = named.names.iter().collect();
    assert_eq!(different.len(), answers, "as many as wanted, no two alike");
    named.names
}

fn loads(balance: &Balance, pool: &[PoolMember]) -> Vec<u64> {
    pool.iter().map(|person| balance.given(&person.name)).collect()
}

fn supports(balance: &Balance, pool: &[PoolMember]) -> Vec<u64> {
    let pairs = pool.iter().enumerate().flat_map(|(index, one)| {
        pool[..index].iter().map(|other| balance.together(&one.name, &other.name))
    });
    pairs.collect()
}

fn spread(counts: &[u64]) -> u64 {
    counts.iter().max().unwrap_or(&0) - counts.iter().min().unwrap_or(&0)
}

#[test]
fn seven_people_two_answers_and_2100_tasks_are_100_for_each_pair() {
    let pool = equals(7);
    let mut balance = started(11, &pool);
    for cycle in 1..=100 {
        for _ in 0..21 {
            next(&mut balance, 2);
        }
        assert!(supports(&balance, &pool).iter().all(|met| *met == cycle));
    }
    assert!(loads(&balance, &pool).iter().all(|load| *load == 600));
}

#[test]
fn the_constants_do_not_grow_with_the_number_of_tasks() {
    for (count, answers) in [(6, 3), (7, 3), (8, 5), (9, 4), (10, 5), (12, 4)] {
        let pool = equals(count);
        let mut balance = started(5, &pool);
        for _ in 0..4_000 {
            next(&mut balance, answers);
            assert!(spread(&loads(&balance, &pool)) <= 1);
            let pairs = spread(&supports(&balance, &pool));
            assert!(pairs <= PAIR_SPREAD, "{answers} of {count}: {pairs}");
        }
    }
}

#[test]
fn another_seed_gives_another_order_and_the_same_seed_the_same() {
    let names = |seed| {
        let mut balance = started(seed, &equals(7));
        (0..30).map(|_| next(&mut balance, 2)).collect::<Vec<_>>()
    };
    assert_eq!(names(1), names(1));
    assert_ne!(names(1), names(2));
}

#[test]
fn half_the_weight_is_half_the_tasks() {
    let pool = people(&[1.0, 0.5, 0.5]);
    let mut balance = started(1, &pool);
    for _ in 0..400 {
        next(&mut balance, 1);
    }
    assert_eq!(loads(&balance, &pool), [200, 100, 100]);
}

#[test]
fn a_weight_beyond_one_task_in_each_is_one_in_each() {
    let pool = people(&[100.0, 1.0, 1.0]);
    let mut balance = started(1, &pool);
    for _ in 0..100 {
        next(&mut balance, 2);
    }
    assert_eq!(loads(&balance, &pool), [100, 50, 50]);
}

#[test]
fn an_annotator_at_quota_is_not_named() {
    let mut pool = equals(4);
    pool[1].quota = Some(10);
    let mut balance = started(1, &pool);
    for _ in 0..100 {
        next(&mut balance, 2);
    }
    let loads = loads(&balance, &pool);
    assert_eq!(loads[1], 10);
    assert!(spread(&[loads[0], loads[2], loads[3]]) <= 1, "{loads:?}");
}

#[test]
fn a_shortfall_is_returned() {
    let mut balance = started(1, &equals(2));
    let named = balance.name(3, |_| true, &[]);
    assert_eq!(named, Named { names: vec!["p00".into(), "p01".into()], missing: 1 });
    let named = balance.name(1, |_| false, &[]);
    assert_eq!(named, Named { names: vec![], missing: 1 });
    let mut empty = Balance::new(1);
    assert_eq!(empty.name(1, |_| true, &[]).missing, 1);
    assert_eq!(empty.name(0, |_| true, &[]), Named::default());
}

#[test]
fn a_participant_is_not_named_again_and_counts_for_pairs() {
    let pool = equals(3);
    let mut balance = started(1, &pool);
    for _ in 0..50 {
        let named = balance.name(1, |_| true, &["p00"]);
        assert_ne!(named.names, ["p00"]);
    }
    assert_eq!(balance.together("p00", "p01") + balance.together("p02", "p00"), 50);
    assert_eq!(balance.together("p01", "p02"), 0);
}

#[test]
fn only_annotators_with_the_tags_are_named() {
    let pool = equals(5);
    let mut balance = started(1, &pool);
    for _ in 0..60 {
        let named = balance.name(2, |name| name < "p03", &[]);
        assert!(named.names.iter().all(|name| name.as_str() < "p03"));
    }
    assert_eq!(loads(&balance, &pool), [40, 40, 40, 0, 0]);
}

#[test]
fn a_withdrawn_task_is_not_made_up_for() {
    let pool = equals(3);
    let mut balance = started(1, &pool);
    let names = next(&mut balance, 2);
    balance.withdraw(&names[0], &[&names[1]]);
    assert_eq!(balance.given(&names[0]), 0);
    assert_eq!(balance.together(&names[0], &names[1]), 0);
    for _ in 0..30 {
        next(&mut balance, 2);
    }
    assert!((20..=21).contains(&(balance.given(&names[0]) + 1)));
    balance.withdraw("stranger", &["p00", "stranger"]);
}

#[test]
fn an_annotator_who_joins_gets_a_fair_share_of_later_tasks_and_no_flood() {
    let mut balance = started(3, &equals(6));
    for _ in 0..1_000 {
        next(&mut balance, 3);
    }
    let pool = equals(8);
    let before = {
        balance.set_pool(&pool);
        loads(&balance, &pool)
    };
    let met_before = supports(&balance, &pool);
    for n in 1..=800_u64 {
        next(&mut balance, 3);
        let since: Vec<u64> =
            loads(&balance, &pool).iter().zip(&before).map(|(now, then)| now - then).collect();
        assert!(spread(&since) <= 2, "after {n}: {since:?}");
    }
    let met: Vec<u64> =
        supports(&balance, &pool).iter().zip(&met_before).map(|(now, then)| now - then).collect();
    assert!(spread(&met) <= 2 * PAIR_SPREAD, "the two who joined are not thrown together: {met:?}");
}

#[test]
fn an_annotator_who_leaves_blocks_nothing_and_returns_level() {
    let pool = equals(5);
    let mut balance = started(3, &pool);
    for _ in 0..101 {
        next(&mut balance, 2);
    }
    balance.set_pool(&pool[1..]);
    for _ in 0..100 {
        assert!(!next(&mut balance, 2).contains(&"p00".to_owned()));
    }
    let before = loads(&balance, &pool);
    assert!(spread(&before[1..]) <= 1);
    balance.set_pool(&pool);
    for _ in 0..100 {
        next(&mut balance, 2);
    }
    let since: Vec<u64> =
        loads(&balance, &pool).iter().zip(&before).map(|(now, then)| now - then).collect();
    assert!(since.iter().all(|tasks| (39..=41).contains(tasks)), "{since:?}");
}

#[test]
fn damaged_counts_are_made_usable() {
    let mut counts = started(1, &equals(4)).counts().clone();
    counts.pairs.pop();
    counts.pairs[1].clear();
    let mut balance = Balance::resume(1, counts);
    next(&mut balance, 3);
}

/// Dues by another way: in floating point, filling up from the heaviest.
fn due(weights: &[f64], answers: usize, tasks: u32) -> Vec<f64> {
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by(|one, other| weights[*other].total_cmp(&weights[*one]));
    let mut dues = vec![0.0; weights.len()];
    let mut left = f64::from(u32::try_from(answers).expect("few"));
    let mut sum: f64 = weights.iter().sum();
    for who in order {
        let share = (left * weights[who] / sum).min(1.0);
        dues[who] = share * f64::from(tasks);
        left -= share;
        sum -= weights[who];
    }
    dues
}

fn sizes() -> impl Strategy<Value = (usize, usize)> {
    (1_usize..=12).prop_flat_map(|count| (Just(count), 1..=count.min(5)))
}

proptest! {
    #[test]
    fn equal_weights_keep_loads_within_one_and_pairs_within_the_constants(
        (count, answers) in sizes(), weight in 0.1..10.0_f64, seed: u64,
    ) {
        let pool = people(&vec![weight; count]);
        let mut balance = started(seed, &pool);
        for n in 0..250 {
            next(&mut balance, answers);
            prop_assert!(spread(&loads(&balance, &pool)) <= 1, "after {}", n);
            let most = if answers == 2 { 1 } else { PAIR_SPREAD };
            prop_assert!(spread(&supports(&balance, &pool)) <= most, "after {}", n);
        }
    }

    #[test]
    fn weights_keep_each_annotator_within_one_task_of_their_due(
        (count, answers) in sizes(), weights in prop::collection::vec(1_u32..40, 12), seed: u64,
    ) {
        let weights: Vec<f64> = weights[..count].iter().map(|w| f64::from(*w) / 4.0).collect();
        let pool = people(&weights);
        let mut balance = started(seed, &pool);
        for n in 1..=300 {
            next(&mut balance, answers);
            for (load, due) in loads(&balance, &pool).iter().zip(due(&weights, answers, n)) {
                let load = f64::from(u32::try_from(*load).expect("few"));
                prop_assert!((load - due).abs() < 1.0 + 1e-6, "after {}: {} of {}", n, load, due);
            }
        }
    }

    #[test]
    fn tasks_that_want_different_numbers_keep_loads_within_one(
        count in 3_usize..=12, wanted in prop::collection::vec(1_usize..=3, 250), seed: u64,
    ) {
        let pool = equals(count);
        let mut balance = started(seed, &pool);
        for answers in wanted {
            next(&mut balance, answers);
            // Pairs have no such bound here: tasks for one person move the loads, and evening them
            // out binds who may be paired next.
            prop_assert!(spread(&loads(&balance, &pool)) <= 1);
        }
    }

    #[test]
    fn quotas_are_never_exceeded_and_the_others_stay_even(
        quotas in prop::collection::vec(prop::option::of(1_u64..40), 3..9),
        answers in 1_usize..=3, seed: u64,
    ) {
        let mut pool = equals(quotas.len());
        for (person, quota) in pool.iter_mut().zip(&quotas) {
            person.quota = *quota;
        }
        let mut balance = started(seed, &pool);
        for _ in 0..120 {
            let named = balance.name(answers, |_| true, &[]);
            let loads = loads(&balance, &pool);
            let full = |index: usize| quotas[index].is_some_and(|most| loads[index] >= most);
            prop_assert!(loads.iter().zip(&quotas).all(|(load, most)| most.is_none_or(|most| *load <= most)));
            let free: Vec<u64> = (0..loads.len()).filter(|i| !full(*i)).map(|i| loads[i]).collect();
            prop_assert!(spread(&free) <= 1, "{:?}", loads);
            prop_assert!(named.missing == 0 || free.len() < answers);
        }
    }

    #[test]
    fn several_loads_are_one_load(
        (count, answers) in sizes(), weights in prop::collection::vec(1_u32..4, 12),
        cut in 0_usize..80, seed: u64,
    ) {
        let weights: Vec<f64> = weights[..count].iter().map(|w| f64::from(*w)).collect();
        let pool = people(&weights);
        let mut whole = started(seed, &pool);
        let one: Vec<_> = (0..80).map(|_| next(&mut whole, answers)).collect();
        let mut first = started(seed, &pool);
        let mut two: Vec<_> = (0..cut).map(|_| next(&mut first, answers)).collect();
        let kept = serde_json::to_string(first.counts()).expect("JSON");
        let mut second = Balance::resume(seed, serde_json::from_str(&kept).expect("counts"));
        second.set_pool(&pool);
        two.extend((cut..80).map(|_| next(&mut second, answers)));
        prop_assert_eq!(one, two);
        prop_assert_eq!(whole.counts(), second.counts());
    }

    #[test]
    fn coming_and_going_keeps_those_who_are_there_level(
        changes in prop::collection::vec((0_usize..10, 1_usize..30), 1..12),
        answers in 1_usize..=3, seed: u64,
    ) {
        let team = equals(10);
        let mut here: BTreeSet<usize> = (0..5).collect();
        let mut balance = Balance::new(seed);
        for (who, tasks) in changes {
            if !here.remove(&who) || here.len() < answers {
                here.insert(who);
            }
            let pool: Vec<PoolMember> = here.iter().map(|i| team[*i].clone()).collect();
            balance.set_pool(&pool);
            let before = loads(&balance, &pool);
            for _ in 0..tasks {
                next(&mut balance, answers);
            }
            let since: Vec<u64> =
                loads(&balance, &pool).iter().zip(before).map(|(now, then)| now - then).collect();
            prop_assert!(spread(&since) <= 2, "{:?}", since);
        }
    }
}

#[test]
fn restored_counts_know_all_loads_and_begin_level() {
    let mut pool = equals(4);
    pool[0].quota = Some(30);
    let mut lost = started(5, &pool);
    let named: Vec<Vec<String>> = (0..50).map(|_| next(&mut lost, 2)).collect();
    let mut restored = Balance::new(5);
    for names in &named {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        restored.note(&names);
    }
    let names: Vec<String> = pool.iter().map(|person| person.name.clone()).collect();
    for (index, one) in names.iter().enumerate() {
        assert_eq!(restored.given(one), lost.given(one));
        for other in &names[..index] {
            assert_eq!(restored.together(one, other), lost.together(one, other));
        }
    }
    restored.set_pool(&pool);
    for _ in 0..60 {
        next(&mut restored, 2);
    }
    assert_eq!(restored.given(&names[0]), 30, "the quota counts what was given before");
    let given: Vec<u64> = names[1..].iter().map(|name| restored.given(name)).collect();
    assert!(given.iter().max() <= given.iter().min().map(|least| least + 2).as_ref(), "{given:?}");
}
