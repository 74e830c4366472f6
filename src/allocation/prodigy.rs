//! The annotators of a task by its hash, as Prodigy chooses them.
//!
//! For projects that continue one of Prodigy's, or that want to predict it. The rule is
//! `annotations_per_task` of its documentation, to the letter. The place in the pool is the hash
//! modulo the number of annotators who are left in it. The last three digits of the hash decide a
//! fraction. Both moduli are Python's, which are never negative.
//!
//! It converges to the numbers asked for and does not reach them; `mixture.rs` and `balance.rs` do.
//!
//! Rejected: spreading the hash first. It would be a better rule, but not Prodigy's.

/// The annotators of a task, in the order in which they are chosen.
///
/// `hash` is the task's `_task_hash` (or `_input_hash`, as the project routes). `needed` is the
/// number of answers wanted less those that are there already, and may be a fraction. `pool` are
/// the annotators who may be asked, **in order**: another order is another choice. No one is chosen
/// if `needed` is 0, negative or not a number, and never more than the pool has.
pub fn annotators<T: Clone>(hash: i64, needed: f64, pool: &[T]) -> Vec<T> {
    let mut left: Vec<&T> = pool.iter().collect();
    let mut chosen = Vec::new();
    while whole(chosen.len()) + 1.0 <= needed && !left.is_empty() {
        chosen.push(left.remove(place(hash, left.len())).clone());
    }
    if whole(chosen.len()) < needed && !left.is_empty() && draw(hash) < needed.rem_euclid(1.0) {
        chosen.push(left.remove(place(hash, left.len())).clone());
    }
    chosen
}

/// The number between 0 and 1 that decides over a fraction: (hash / 1000) mod 1.
#[expect(clippy::cast_precision_loss, reason = "Python's division rounds a large hash as well")]
pub fn draw(hash: i64) -> f64 {
    (hash as f64 / 1000.0).rem_euclid(1.0)
}

/// `hash` mod `len`, which is not 0.
fn place(hash: i64, len: usize) -> usize {
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    usize::try_from(hash.rem_euclid(len)).unwrap_or(0)
}

/// Exact below 2⁵³, which no pool reaches.
#[expect(clippy::cast_precision_loss)]
fn whole(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;
    use crate::outside_data::outside_data;

    const POOL: [&str; 3] = ["alice", "bob", "carol"];

    #[test]
    fn published_vectors() {
        for (hash, needed, expected) in [
            (-130_688_452, 1.0, &["carol"][..]),
            (-130_688_452, 1.5, &["carol"]),
            (-130_688_452, 2.0, &["carol", "alice"]),
            (-130_688_452, 3.0, &["carol", "alice", "bob"]),
            (-1_280_357_114, 1.0, &["bob"]),
            (-1_280_357_114, 2.0, &["bob", "alice"]),
            (-1_280_357_114, 2.5, &["bob", "alice"]),
            (-1_280_357_114, 3.0, &["bob", "alice", "carol"]),
        ] {
            assert_eq!(annotators(hash, needed, &POOL), expected, "{hash} n={needed}");
        }
    }

    #[test]
    fn no_one_is_chosen_if_none_is_needed_or_the_pool_is_empty() {
        for needed in [0.0, -1.0, -0.5, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(annotators(7, needed, &POOL), Vec::<&str>::new(), "{needed}");
        }
        assert_eq!(annotators::<&str>(7, 2.0, &[]), Vec::<&str>::new());
        assert_eq!(annotators(i64::MIN, f64::INFINITY, &POOL).len(), 3);
    }

    proptest! {
        #[test]
        fn no_one_is_chosen_twice_and_a_smaller_need_takes_the_first_of_a_larger(
            hash: i64, size in 1_u8..12, needed in 0.0..14.0_f64,
        ) {
            let pool: Vec<u8> = (0..size).collect();
            let chosen = annotators(hash, needed, &pool);
            prop_assert_eq!(chosen.iter().collect::<BTreeSet<_>>().len(), chosen.len());
            prop_assert!(whole(chosen.len()) >= needed.floor().min(f64::from(size)));
            prop_assert!(whole(chosen.len()) <= needed.ceil().min(f64::from(size)));
            let fewer = annotators(hash, needed.floor(), &pool);
            prop_assert!(chosen.starts_with(&fewer));
        }
    }

    /// The task hashes of real, public data, each once, in the order of the file; none where the
    /// file is not there.
    fn real_hashes() -> Option<Vec<i64>> {
        let path = outside_data("pydata-ams-2023.jsonl")?;
        let text = std::fs::read_to_string(path).expect("the file");
        let mut seen = BTreeSet::new();
        let hashes = text.lines().map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
            row["_task_hash"].as_i64().expect("a number")
        });
        Some(hashes.filter(|hash| seen.insert(*hash)).collect())
    }

    /// How often each place of a pool of four is chosen.
    fn counts(hashes: &[i64], needed: f64, pool: [usize; 4]) -> [u32; 4] {
        let mut counts = [0; 4];
        for hash in hashes {
            for chosen in annotators(*hash, needed, &pool) {
                counts[chosen] += 1;
            }
        }
        counts
    }

    /// The figures known for these tasks, 31, 30, 30, 26 and 64, 60, 55, 55, stand from the most
    /// to the least. By place in the pool they are 30, 31, 26, 30 and 64, 60, 55, 55; as the
    /// order of the pool only says whose place it is, no order gives both lists as they stand.
    #[test]
    fn counts_on_real_tasks() {
        let Some(hashes) = real_hashes() else { return };
        assert_eq!(hashes.len(), 117);
        let in_order = [0, 1, 2, 3];
        assert_eq!(counts(&hashes, 1.0, in_order), [30, 31, 26, 30]);
        assert_eq!(counts(&hashes, 2.0, in_order), [64, 60, 55, 55]);
        let mut both = BTreeMap::new();
        for a in in_order {
            for b in in_order {
                for c in in_order {
                    let pool = [a, b, c, 6_usize.wrapping_sub(a + b + c)];
                    if BTreeSet::from(pool).len() < 4 || pool[3] > 3 {
                        continue;
                    }
                    let one = counts(&hashes, 1.0, pool);
                    let two = counts(&hashes, 2.0, pool);
                    both.insert(pool, one == [31, 30, 30, 26] && two == [64, 60, 55, 55]);
                    let descending = |mut counts: [u32; 4]| {
                        counts.sort_unstable_by(|a, b| b.cmp(a));
                        counts
                    };
                    assert_eq!(descending(one), [31, 30, 30, 26]);
                    assert_eq!(descending(two), [64, 60, 55, 55]);
                }
            }
        }
        assert_eq!(both.len(), 24, "all orders of the pool");
        assert!(both.values().all(|found| !found));
    }

    #[test]
    fn the_mean_on_real_tasks_misses_the_average_that_was_asked_for() {
        let Some(hashes) = real_hashes() else { return };
        let answers: u32 = counts(&hashes, 1.5, [0, 1, 2, 3]).iter().sum();
        assert_eq!(answers, 182);
        assert_eq!(format!("{:.3}", f64::from(answers) / 117.0), "1.556");
    }
}
