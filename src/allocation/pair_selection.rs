//! Selects the annotators who have shared the fewest tasks.
//!
//! This is the greedy part of `balance.rs`. It knows annotators as numbers and asks how many tasks
//! two of them have in common ("met").
//!
//! Up to [`SETS`] sets are compared as wholes. The pair that has met most decides first, then the
//! sum over all pairs; the sum alone lets single pairs run ahead by one or two more. If there are
//! more sets, annotators are taken one after the other.
//!
//! Rejected: linear programming and local search, which come closer where one task more or less
//! makes no difference.

use super::seed;

/// Sets that are compared at most.
const SETS: usize = 1_000;

/// Selects `wanted` of the `level` annotators who have met each other and the `fixed` ones least.
///
/// `support` is how often two have met; it is symmetric. `drawn` decides between equal sets.
pub(super) fn least_met(
    level: &[usize],
    wanted: usize,
    fixed: &[usize],
    support: impl Fn(usize, usize) -> f64,
    drawn: u64,
) -> Vec<usize> {
    if sets(level.len(), wanted) <= SETS {
        best_set(level, wanted, fixed, support, drawn)
    } else {
        one_by_one(level.to_vec(), wanted, fixed.to_vec(), support, drawn)
    }
}

/// Of all sets of `wanted` among the `level`, the one whose pairs have met least. The pair that has
/// met most decides first, then the sum. If all the others must be named next, their pairs count,
/// too.
fn best_set(
    level: &[usize],
    wanted: usize,
    fixed: &[usize],
    support: impl Fn(usize, usize) -> f64,
    drawn: u64,
) -> Vec<usize> {
    let n = level.len();
    // Ties go to the first in a drawn order.
    let mut level = level.to_vec();
    for last in (1..n).rev() {
        let place = seed::below(seed::number(drawn, last as u64), last as u64 + 1);
        level.swap(last, usize::try_from(place).unwrap_or(0));
    }
    let among: Vec<f64> = (0..n * n)
        .map(|i| if i / n == i % n { 0.0 } else { support(level[i / n], level[i % n]) })
        .collect();
    let fixed_pairs: Vec<Vec<f64>> =
        level.iter().map(|who| fixed.iter().map(|other| support(*who, *other)).collect()).collect();
    let look_further = fixed.is_empty() && n - wanted <= wanted;
    let cost = |set: &[usize]| {
        let (mut most, mut sum) = (f64::MIN, 0.0);
        let mut add = |support: f64| {
            most = most.max(support);
            sum += support;
        };
        for (index, &one) in set.iter().enumerate() {
            set[..index].iter().for_each(|other| add(among[one * n + other]));
            fixed_pairs[one].iter().for_each(|support| add(*support));
        }
        if look_further {
            let rest: Vec<usize> = (0..n).filter(|i| !set.contains(i)).collect();
            for (index, &one) in rest.iter().enumerate() {
                rest[..index].iter().for_each(|other| add(among[one * n + other]));
            }
        }
        (most, sum)
    };
    let mut set: Vec<usize> = (0..wanted).collect();
    let mut best = (cost(&set), set.clone());
    while next_set(&mut set, n) {
        let found = cost(&set);
        if found < best.0 {
            best = (found, set.clone());
        }
    }
    best.1.into_iter().map(|i| level[i]).collect()
}

/// The same for many annotators: one after the other, each the one who has met those before least.
fn one_by_one(
    mut level: Vec<usize>,
    wanted: usize,
    mut met_with: Vec<usize>,
    support: impl Fn(usize, usize) -> f64,
    drawn: u64,
) -> Vec<usize> {
    let mut added = Vec::with_capacity(wanted);
    for _ in 0..wanted {
        let cost = |who: usize| met_with.iter().map(|other| support(who, *other)).sum::<f64>();
        let draw = |who: usize| seed::number(drawn, who as u64);
        let costs: Vec<(f64, u64)> = level.iter().map(|who| (cost(*who), draw(*who))).collect();
        let least = (0..level.len()).min_by(|one, other| {
            costs[*one].0.total_cmp(&costs[*other].0).then(costs[*one].1.cmp(&costs[*other].1))
        });
        let Some(least) = least else { break };
        let who = level.swap_remove(least);
        met_with.push(who);
        added.push(who);
    }
    added
}

/// How many sets of `k` there are among `n`; some number above [`SETS`] if there are more.
fn sets(n: usize, k: usize) -> usize {
    let k = k.min(n.saturating_sub(k));
    let mut count: usize = 1;
    for i in 0..k {
        count = count.saturating_mul(n - i) / (i + 1);
        if count > SETS {
            return count;
        }
    }
    count
}

/// Moves to the next set of whole numbers below `n`, in lexicographic order. Returns whether there
/// is one.
fn next_set(set: &mut [usize], n: usize) -> bool {
    let k = set.len();
    let Some(place) = (0..k).rev().find(|i| set[*i] < n - k + i) else { return false };
    set[place] += 1;
    for i in place + 1..k {
        set[i] = set[i - 1] + 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_set_is_compared_once() {
        for n in 1..9 {
            for k in 1..=n {
                let mut set: Vec<usize> = (0..k).collect();
                let mut seen = BTreeSet::from([set.clone()]);
                while next_set(&mut set, n) {
                    assert!(seen.insert(set.clone()));
                }
                assert_eq!(seen.len(), sets(n, k), "{k} of {n}");
            }
        }
        assert!(sets(usize::MAX / 2, 2) > SETS);
    }

    #[test]
    fn the_least_met_are_selected_among_few_or_many() {
        // All have met often, except the first, the third and the fifth.
        let support = |one: usize, other: usize| {
            if [0, 2, 4].contains(&one) && [0, 2, 4].contains(&other) { 0.0 } else { 5.0 }
        };
        for drawn in 0..10 {
            let few: Vec<usize> = (0..8).collect();
            let mut chosen = least_met(&few, 3, &[], support, drawn);
            chosen.sort_unstable();
            assert_eq!(chosen, [0, 2, 4]);
            let many: Vec<usize> = (1..60).collect();
            let mut chosen = least_met(&many, 2, &[0], support, drawn);
            chosen.sort_unstable();
            assert_eq!(chosen, [2, 4]);
            let chosen = least_met(&many, 5, &[0], support, drawn);
            assert_eq!(chosen.iter().collect::<BTreeSet<_>>().len(), 5);
        }
    }
}
