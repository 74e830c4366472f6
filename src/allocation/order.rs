//! A task's position: first by priority, then by the project's order.
//!
//! A [`Position`] is one whole number, computed when the task enters, so that "the next task" is
//! one lookup in one index. Each order fills the 40 bits below the priority in its own way, always
//! from the task's sequence number. So **no two tasks of one priority have the same position**:
//! stores rely on that.
//!
//! - loaded: the number itself.
//! - random: a permutation of the 40-bit numbers that the seed chooses. A task keeps its position
//!   whatever is loaded later, and tasks that are loaded later mix with those that are left.
//! - finish-first: the answers that remain (6 bits), then the number (34 bits). It is the one order
//!   in which a task moves: the write that stores an answer gives the task its new position.
//!
//! Rejected: a hash of the task's identity for the random order. In one project of a million tasks
//! out of three, two tasks have the same 40 bits of it, and the second would have no position. Also
//! rejected: shuffling at load, which cannot mix with what was loaded before.

use super::{MAX_PRIORITY, Position, SEQUENCE_BITS, seed};

/// The order of the tasks of one priority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The task that was loaded first comes first.
    #[default]
    Loaded,
    /// The random order of this seed.
    Random(u64),
    /// The task with the fewest answers remaining comes first; among equals the one loaded first.
    FinishFirst,
}

/// Bits that number the tasks in the order finish-first: 1.7 × 10¹⁰ of them.
const NUMBER_BITS: u32 = 34;
/// A task with more answers remaining than this has the position of one with this many.
pub const REMAINING_CAP: u32 = (1 << (SEQUENCE_BITS - NUMBER_BITS)) - 1;
/// By how much an answer moves a task forward in the order finish-first, if no more answers remain
/// than [`REMAINING_CAP`].
pub const STEP: i64 = 1 << NUMBER_BITS;
/// Half of the bits that the permutation works on.
const HALF: u32 = SEQUENCE_BITS / 2;

impl Order {
    /// The position of the task loaded as number `sequence` (from 0, below 2⁴⁰; for finish-first
    /// below 2³⁴; clamped) with this many answers remaining.
    pub fn position(self, priority: i32, sequence: i64, remaining: u32) -> Position {
        let largest = |bits: u32| (1_i64 << bits) - 1;
        let place = match self {
            Self::Loaded => sequence.clamp(0, largest(SEQUENCE_BITS)),
            Self::Random(seed) => permuted(seed, sequence.clamp(0, largest(SEQUENCE_BITS))),
            Self::FinishFirst => {
                let remaining = i64::from(remaining.min(REMAINING_CAP));
                (remaining << NUMBER_BITS) + sequence.clamp(0, largest(NUMBER_BITS))
            }
        };
        Position::new(priority, place)
    }

    /// The word in the roster.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::Random(_) => "random",
            Self::FinishFirst => "finish-first",
        }
    }

    /// The text in a store: `loaded`, `random:SEED`, `finish-first`.
    pub fn to_text(self) -> String {
        match self {
            Self::Random(seed) => format!("random:{seed}"),
            Self::Loaded | Self::FinishFirst => self.as_str().to_owned(),
        }
    }

    /// Whether an answer changes the position of its task.
    pub fn moves(self) -> bool {
        self == Self::FinishFirst
    }
}

/// The priority of a task: its own (`meta.priority`), or else that of its load, or else 0; within
/// ±[`MAX_PRIORITY`].
pub fn priority(own: Option<i64>, load: Option<i32>) -> i32 {
    let wished = own.or(load.map(i64::from)).unwrap_or(0);
    let most = i64::from(MAX_PRIORITY);
    i32::try_from(wished.clamp(-most, most)).unwrap_or(0)
}

/// A permutation of the numbers of 40 bits: four rounds of a Feistel network (Luby and Rackoff,
/// 1988: from four rounds on indistinguishable from a random one), each half 20 bits.
fn permuted(seed: u64, n: i64) -> i64 {
    let mask = (1_u64 << HALF) - 1;
    let n = n.unsigned_abs();
    let (mut left, mut right) = ((n >> HALF) & mask, n & mask);
    for round in 0..4 {
        let scrambled = seed::number(seed, (round << HALF) | right) >> (64 - HALF);
        (left, right) = (right, left ^ scrambled);
    }
    // 40 bits fit.
    ((left << HALF) | right).cast_signed()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_two_tasks_share_a_position() {
        for order in [Order::Loaded, Order::Random(7), Order::FinishFirst] {
            let places: BTreeSet<_> = (0..50_000).map(|n| order.position(0, n, 2)).collect();
            assert_eq!(places.len(), 50_000, "{order:?}");
        }
    }

    #[test]
    fn the_order_loaded_is_the_sequence_number() {
        for (priority, n) in [(0, 0), (5, 17), (-1_000_000, 1 << 39)] {
            let position = Order::Loaded.position(priority, n, 3);
            assert_eq!(position, Position::new(priority, n));
        }
    }

    #[test]
    fn a_random_order_has_little_to_do_with_the_order_of_loading() {
        let order = Order::Random(1);
        let places: Vec<Position> = (0..10_000).map(|n| order.position(0, n, 1)).collect();
        let rising = places.windows(2).filter(|pair| pair[0] < pair[1]).count();
        // Half of 9,999, standard deviation 29 (n / 12).
        assert!((4_850..5_150).contains(&rising), "{rising}");
        let middle = Position::new(0, 1 << 39);
        let early = places[..1_000].iter().filter(|place| **place < middle).count();
        assert!((420..580).contains(&early), "{early}");
        assert_ne!(places[0], Order::Random(2).position(0, 0, 1));
    }

    #[test]
    fn the_task_with_fewest_answers_remaining_comes_first() {
        let at = |n, remaining| Order::FinishFirst.position(0, n, remaining);
        assert!(at(900, 1) < at(3, 2));
        assert!(at(3, 2) < at(4, 2));
        assert!(at(4, REMAINING_CAP + 1) == at(4, REMAINING_CAP));
    }

    #[test]
    fn a_tasks_own_priority_overrides_that_of_its_load() {
        assert_eq!(priority(Some(3), Some(5)), 3);
        assert_eq!(priority(None, Some(5)), 5);
        assert_eq!(priority(None, None), 0);
        assert_eq!(priority(Some(i64::MAX), None), MAX_PRIORITY);
        assert_eq!(priority(None, Some(i32::MIN)), -MAX_PRIORITY);
    }

    proptest! {
        #[test]
        fn priority_comes_before_every_order(
            high: i32, low: i32, one: i64, other: i64, remaining: [u32; 2], seed: u64,
        ) {
            let clamped = |p: i32| priority(None, Some(p));
            prop_assume!(clamped(high) > clamped(low));
            for order in [Order::Loaded, Order::Random(seed), Order::FinishFirst] {
                let first = order.position(high, one, remaining[0]);
                prop_assert!(first < order.position(low, other, remaining[1]));
                prop_assert!(first > Position::START);
            }
        }

        #[test]
        fn a_permutation_is_injective(seed: u64, one in 0_i64..1 << 40, other in 0_i64..1 << 40) {
            let (a, b) = (permuted(seed, one), permuted(seed, other));
            prop_assert_eq!(a == b, one == other);
            prop_assert!((0..1 << 40).contains(&a));
        }
    }
}
