//! The promises of `mixture.rs`.

use proptest::prelude::*;

use super::*;

fn mix(shares: &[(f64, u32)]) -> Mixture {
    Mixture::mix(shares).expect("a mixture")
}

fn seventy_thirty() -> Mixture {
    mix(&[(0.7, 1), (0.3, 3)])
}

/// The law of the split: every part less than one task from its due.
fn within_one(parts: &Mixture, given: &[u64]) -> bool {
    let whole = i128::from(parts.period());
    (0..parts.len()).all(|i| parts.excess(i, given).abs() < whole)
}

#[test]
fn seventy_thirty_over_ten_thousand_is_exact_whatever_the_seed() {
    for seed in 0..20 {
        let mut splitter = ExactSplitter::new(seventy_thirty(), seed);
        let answers: u32 = (0..10_000).map(|_| splitter.next_annotations()).sum();
        assert_eq!(splitter.given(), [7_000, 3_000]);
        assert_eq!(answers, 16_000);
    }
}

#[test]
fn an_average_is_a_mixture_of_its_neighbours() {
    let parts = Mixture::average(1.2).expect("an average");
    assert_eq!((parts.len(), parts.period()), (2, 5));
    let mut splitter = ExactSplitter::new(parts, 1);
    assert_eq!((0..1_000).map(|_| splitter.next_annotations()).sum::<u32>(), 1_200);
    assert_eq!(Mixture::average(3.0), Mixture::each(3));
}

#[test]
fn thirds_are_thirds() {
    let third = 1.0 / 3.0;
    assert_eq!(mix(&[(third, 1), (third, 2), (third, 3)]).period(), 3);
}

#[test]
fn numbers_that_make_no_mixture_are_rejected() {
    assert_eq!(Mixture::mix(&[]), Err(MixtureError::Empty));
    assert_eq!(
        Mixture::mix(&[(0.7, 1), (0.2, 3)]).map_err(|e| e.to_string()).err().as_deref(),
        Some("the shares add up to 0.8999999999999999, not to 1")
    );
    assert!(matches!(Mixture::mix(&[(f64::NAN, 1)]), Err(MixtureError::Share(_))));
    assert_eq!(Mixture::each(0), Err(MixtureError::Annotations(0.0)));
    assert_eq!(Mixture::average(0.5), Err(MixtureError::Annotations(0.5)));
}

/// How alike a sequence is to itself some tasks later: 1 for a period, 0 for independence.
fn autocorrelation(sequence: &[f64], lag: usize) -> f64 {
    let count = |n: usize| f64::from(u32::try_from(n).expect("short"));
    let mean = sequence.iter().sum::<f64>() / count(sequence.len());
    let variance = sequence.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
    let pairs = sequence.iter().zip(&sequence[lag..]);
    pairs.map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>() / variance
}

#[test]
fn no_period_up_to_twenty_shows_in_the_first_thousand() {
    for seed in 0..20 {
        for parts in [
            seventy_thirty(),
            Mixture::average(1.2).expect("an average"),
            mix(&[(0.5, 1), (0.3, 2), (0.2, 3)]),
        ] {
            let mut splitter = ExactSplitter::new(parts, seed);
            let sequence: Vec<f64> =
                (0..1_000).map(|_| f64::from(splitter.next_annotations())).collect();
            for lag in 1..=20 {
                let r = autocorrelation(&sequence, lag);
                // That neighbours differ follows from the promise itself.
                let bound = if lag == 1 { 0.45 } else { 0.3 };
                assert!(r.abs() < bound, "seed {seed}: {r:.2} after {lag} tasks");
            }
        }
    }
}

#[test]
fn an_average_by_hash_is_prodigys() {
    let pool: Vec<u8> = (0..5).collect();
    for average in [1.0, 1.2, 1.5, 2.75] {
        let parts = Mixture::average(average).expect("an average");
        for n in 0..20_000_i32 {
            let hash = i64::from(n.wrapping_mul(214_013).wrapping_sub(1_000_000_007));
            let chosen = prodigy::annotators(hash, average, &pool).len();
            assert_eq!(parts.by_hash(hash) as usize, chosen, "{hash} at {average}");
        }
    }
}

#[test]
fn a_mixture_by_hash_draws_each_part() {
    let parts = seventy_thirty();
    let thrice = (0..1_000).filter(|hash| parts.by_hash(*hash) == 3).count();
    assert_eq!(thrice, 300);
}

#[test]
fn foreign_counts_are_evened_out() {
    let mut splitter = ExactSplitter::resume(seventy_thirty(), 1, vec![100, 0, 9]);
    for _ in 0..50 {
        splitter.next_part();
    }
    assert!(within_one(&splitter.parts, splitter.given()), "{:?}", splitter.given());
    let mut full = ExactSplitter::resume(seventy_thirty(), 1, vec![u64::MAX, u64::MAX]);
    full.next_part();
}

fn mixtures() -> impl Strategy<Value = Mixture> {
    let weights = prop_oneof![
        prop::collection::vec(1_u32..20, 1..8),
        prop::collection::vec(1_u32..1_000_000, 1..8),
        // One large part and some tiny ones.
        prop::collection::vec(1_u32..5, 1..5).prop_map(|mut weights| {
            weights.push(10_000);
            weights
        }),
    ];
    weights.prop_map(|weights| {
        let sum: u32 = weights.iter().sum();
        let shares: Vec<(f64, u32)> = (1..)
            .zip(weights)
            .map(|(annotations, weight)| (f64::from(weight) / f64::from(sum), annotations))
            .collect();
        mix(&shares)
    })
}

proptest! {
    #[test]
    fn every_prefix_is_within_one_task_of_its_due(parts in mixtures(), seed: u64) {
        let mut splitter = ExactSplitter::new(parts.clone(), seed);
        for n in 0..1_500 {
            splitter.next_part();
            prop_assert!(within_one(&parts, splitter.given()), "{n}: {:?}", splitter.given());
        }
    }

    #[test]
    fn several_loads_are_one_load(parts in mixtures(), seed: u64, cut in 0_usize..300) {
        let mut whole = ExactSplitter::new(parts.clone(), seed);
        let one: Vec<usize> = (0..300).map(|_| whole.next_part()).collect();
        let mut first = ExactSplitter::new(parts.clone(), seed);
        let mut two: Vec<usize> = (0..cut).map(|_| first.next_part()).collect();
        let mut second = ExactSplitter::resume(parts, seed, first.given().to_vec());
        two.extend((cut..300).map(|_| second.next_part()));
        prop_assert_eq!(one, two);
    }

    #[test]
    fn the_part_of_a_number_is_that_of_the_sequence(
        weights in prop::collection::vec(1_u32..20, 1..6), seed: u64,
    ) {
        let sum: u32 = weights.iter().sum();
        let shares: Vec<(f64, u32)> =
            weights.iter().map(|w| (f64::from(*w) / f64::from(sum), *w)).collect();
        let parts = mix(&shares);
        let mut splitter = ExactSplitter::new(parts.clone(), seed);
        for n in 0..90 {
            prop_assert_eq!(splitter.next_part(), exact(&parts, seed, n), "number {}", n);
        }
    }

    #[test]
    fn any_counts_come_within_one_task_again(
        parts in mixtures(), seed: u64, given in prop::collection::vec(0_u64..30, 0..9),
    ) {
        let mut splitter = ExactSplitter::resume(parts.clone(), seed, given);
        // A part of share s with g tasks too many waits for g / s tasks at most.
        let smallest = parts.parts.iter().map(|part| part.weight).min().unwrap_or(1);
        let wait = 32 * parts.period() / smallest + 10;
        if wait < 50_000 {
            for _ in 0..wait {
                splitter.next_part();
            }
            for _ in 0..50 {
                splitter.next_part();
                prop_assert!(within_one(&parts, splitter.given()));
            }
        }
    }
}
