//! All pairs of n annotators in an order that keeps their loads even.
//!
//! For two answers per task, the pairs of n annotators are a balanced incomplete block design:
//! after n (n − 1) / 2 tasks every pair has met once and each annotator has had n − 1 tasks. This
//! file gives the pairs in an order in which, after **any** number of them, no annotator has had
//! more than one task more than another. Each pair costs a few operations, whatever n.
//!
//! - n even: the rounds of a tournament (Kirkman's circle method). Each round is n / 2 pairs in
//!   which each annotator appears once.
//! - n odd: no round has each annotator once. The edges of the complete graph fall into (n − 1) / 2
//!   cycles through all people (Walecki, in Lucas, *Récréations mathématiques* II, 1883). Of each
//!   cycle first every second edge is taken, which gives all but one person one task; then the edge
//!   that joins this one to the first; then the rest, which gives the others their second.
//!
//! Rejected: larger blocks. Two lines of the Fano plane (seven people, three a task) always meet,
//! so that after two tasks one person would have had two while two have had none: designs of three
//! and more a task and even loads after every task exclude each other.

/// How many pairs of this many annotators there are.
pub(super) fn pairs(people: usize) -> u64 {
    let people = people as u64;
    people * people.saturating_sub(1) / 2
}

/// The pair at place `at` of the order, below [`pairs`], which repeats; two of the numbers below
/// `people`, which are at least 2.
pub(super) fn pair(people: usize, at: u64) -> (usize, usize) {
    let people = people.max(2);
    let at = usize::try_from(at % pairs(people)).unwrap_or(0);
    // The last one is the middle of the circle, the others are around it.
    let middle = people - 1;
    if people.is_multiple_of(2) {
        let (round, slot) = (at / (people / 2), at % (people / 2));
        return match slot {
            0 => (middle, round),
            _ => ((round + slot) % middle, (round + middle - slot) % middle),
        };
    }
    let (cycle, place) = (at / people, at % people);
    let half = middle / 2;
    let edge = match place {
        _ if place < half => 2 * place,
        _ if place == half => people - 1,
        _ => 2 * (place - half) - 1,
    };
    // The cycle: the middle, then back and forth across the circle.
    let vertex = |step: usize| match step % people {
        0 => middle,
        step if step % 2 == 0 => (middle - step / 2 + cycle) % middle,
        step => (step / 2 + cycle) % middle,
    };
    (vertex(edge), vertex(edge + 1))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_pair_comes_once_and_loads_are_even_after_each() {
        for people in 2..40 {
            let mut loads = vec![0; people];
            let mut met = BTreeSet::new();
            for at in 0..pairs(people) {
                let (one, other) = pair(people, at);
                assert!(met.insert((one.min(other), one.max(other))), "{people}: {one} {other}");
                loads[one] += 1;
                loads[other] += 1;
                let spread = loads.iter().max().unwrap_or(&0) - loads.iter().min().unwrap_or(&0);
                assert!(spread <= 1, "{people} after {at}: {loads:?}");
            }
            assert!(loads.iter().all(|load| *load == people - 1));
        }
    }
}
