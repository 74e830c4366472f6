//! Random numbers that follow from a seed and a counter.
//!
//! Every rule that draws (the order of a mixture, ties between annotators, the random order of
//! tasks) takes its numbers from here. So the same tasks, roster and seed give the same plan on any
//! machine, now and in ten years.
//!
//! A number is computed from the seed and a counter, not drawn from a generator with a state. So
//! nothing has to be stored between two loads, and the number of the millionth task costs as much
//! as that of the first. The mixing is the output function of SplitMix64 (Steele, Lea and Flood,
//! "Fast splittable pseudorandom number generators", OOPSLA 2014), applied twice, so that seeds
//! that are neighbours are not.
//!
//! Rejected: a crate for random numbers, whose generators may change between its versions, and
//! `std::hash`, whose function is not specified.

/// SplitMix64's increment, 2⁶⁴ divided by the golden ratio, made odd.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The `n`-th number of this seed: any of the 2⁶⁴, all equally likely over the seeds.
pub fn number(seed: u64, n: u64) -> u64 {
    scramble(scramble(seed).wrapping_add(n.wrapping_mul(GOLDEN)))
}

/// A seed made of another and a text: each text has a sequence of its own.
pub fn of_text(seed: u64, text: &str) -> u64 {
    text.bytes().fold(number(seed, text.len() as u64), |so_far, byte| number(so_far, byte.into()))
}

/// SplitMix64's output function: a bijection of the 64-bit numbers.
fn scramble(z: u64) -> u64 {
    let z = z.wrapping_add(GOLDEN);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A number below `bound` made of one of 64 bits; 0 if the bound is 0.
///
/// The upper half of a product (Lemire, "Fast random integer generation in an interval", 2019),
/// without its rejection step: no number is likelier than another by more than bound / 2⁶⁴.
pub fn below(number: u64, bound: u64) -> u64 {
    ((u128::from(number) * u128::from(bound)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_from_the_seed_alone() {
        assert_eq!(scramble(0), 0xE220_A839_7B1D_CDAF, "SplitMix64's published first output");
        assert_eq!(number(1, 2), number(1, 2));
        assert_ne!(number(1, 2), number(2, 1));
    }

    #[test]
    fn numbers_below_a_bound_are_spread_evenly() {
        let mut seen = [0_i32; 7];
        for n in 0..70_000 {
            seen[usize::try_from(below(number(3, n), 7)).expect("below seven")] += 1;
        }
        // 10,000 each, standard deviation 93.
        assert!(seen.iter().all(|count| (count - 10_000).abs() < 500), "{seen:?}");
        assert_eq!(below(u64::MAX, 0), 0);
        assert_eq!(below(u64::MAX, 1), 0);
    }
}
