//! How many answers the n-th task of a project wants, if not all want the same.
//!
//! A project may ask for an average such as 1.2, which is a mixture of 1 and 2, or for a mixture
//! of its own: 70 % once and 30 % three times. [`ExactSplitter`] chooses the parts so that **after
//! any number of tasks every part has been given less than one task more or less than its due**
//! (given to part i after n tasks, less n × share i, is above −1 and below 1). The order has no
//! recognizable pattern.
//!
//! # How
//!
//! A part with share s may be given its j-th task (j from 1) no earlier than as number ⌊(j−1)/s⌋ +
//! 1 of all tasks and no later than as number ⌈j/s⌉. Keeping these windows is equivalent to keeping
//! the promise (the "P-fair" windows of Baruah, Cohen, Plaxton and Varvel, "Proportionate
//! progress", Algorithmica 15, 1996; for one resource this is Tijdeman's chairman assignment,
//! Discrete Mathematics 32, 1980). Giving the part whose deadline comes first, among those whose
//! window is open, always works, and is the same at each period: 70/30 would repeat every ten
//! tasks. So one is **drawn among all parts that can be given without breaking a later deadline**,
//! each as likely as its share. Giving a part early leaves a slot less to all whose deadline comes
//! before its own; that is harmless as long as none of these deadlines is *tight*, that is, has as
//! many tasks due by then as there are numbers left. So the draw is among the open parts whose
//! deadline is not after the first tight one. Looking ahead stops after `LOOK_AHEAD` deadlines;
//! further ones count as tight.
//!
//! All comparisons are between whole numbers: shares are read to 12 decimals and brought to their
//! smallest whole terms (0.7 and 0.3 are 7 and 3 of 10), so nothing drifts, however many tasks.
//!
//! The state is the number of tasks each part has been given, and nothing else: the draws depend on
//! the seed and on how many tasks there were. Several loads that pass the counts on are one load.
//!
//! Decision 9 says what was rejected.

use super::{prodigy, seed};

/// How many deadlines ahead a draw looks at most.
const LOOK_AHEAD: u128 = 32;

/// Decimals of a share that count.
const UNITS: f64 = 1e12;

/// The most answers that a part can ask for.
pub const MAX_ANNOTATIONS: u32 = 10_000;

/// The separator of the parts of a mixture in its text.
pub(crate) const BETWEEN: &str = " + ";

/// A part of a mixture in its text.
pub(crate) fn part_to_text(share: f64, annotations: u32) -> String {
    format!("{share} x {annotations}")
}

/// The parts of a mixture.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    parts: Vec<MixturePart>,
    /// The sum of the weights, which is the period after which all parts are at their due.
    whole: u64,
}

#[derive(Clone, Debug, PartialEq)]
struct MixturePart {
    annotations: u32,
    /// Above 0, at most 1; as it was given.
    share: f64,
    /// The share as a whole number of `whole`.
    weight: u64,
}

/// Why numbers do not make a mixture.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MixtureError {
    /// There is no part.
    #[error("a mixture needs at least one part")]
    Empty,
    /// A number that is not a share.
    #[error("a share is above 0 and at most 1, found {0}")]
    Share(f64),
    /// The shares do not add up to 1.
    #[error("the shares add up to {0}, not to 1")]
    Sum(f64),
    /// More or fewer answers than a task can want.
    #[error("answers for each task: 1 to {MAX_ANNOTATIONS}, found {0}")]
    Annotations(f64),
}

impl Mixture {
    /// The same number of answers for all tasks.
    ///
    /// # Errors
    /// If the number is not between 1 and [`MAX_ANNOTATIONS`].
    pub fn each(annotations: u32) -> Result<Self, MixtureError> {
        Self::mix(&[(1.0, annotations)])
    }

    /// An average: 1.2 is one answer for 80 % of the tasks and two for 20 %.
    ///
    /// # Errors
    /// If it is not between 1 and [`MAX_ANNOTATIONS`].
    pub fn average(annotations: f64) -> Result<Self, MixtureError> {
        if !(1.0..=f64::from(MAX_ANNOTATIONS)).contains(&annotations) {
            return Err(MixtureError::Annotations(annotations));
        }
        // Between 1 and 10,000: nothing is lost.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let floor = annotations.floor() as u32;
        let fraction = annotations.fract();
        if fraction == 0.0 {
            return Self::each(floor);
        }
        Self::mix(&[(1.0 - fraction, floor), (fraction, floor + 1)])
    }

    /// Shares, each with the answers that its tasks want. A share below 10⁻¹² counts as that.
    ///
    /// # Errors
    /// If there is none, a share is not above 0 and at most 1, they do not add up to 1 within
    /// 10⁻⁹, or a number of answers is not between 1 and [`MAX_ANNOTATIONS`].
    pub fn mix(shares: &[(f64, u32)]) -> Result<Self, MixtureError> {
        if shares.is_empty() {
            return Err(MixtureError::Empty);
        }
        let mut parts = Vec::with_capacity(shares.len());
        for &(share, annotations) in shares {
            if !(share > 0.0 && share <= 1.0) {
                return Err(MixtureError::Share(share));
            }
            if !(1..=MAX_ANNOTATIONS).contains(&annotations) {
                return Err(MixtureError::Annotations(f64::from(annotations)));
            }
            // Between 1 and 10¹²: nothing is lost.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let weight = (share * UNITS).round().max(1.0) as u64;
            parts.push(MixturePart { annotations, share, weight });
        }
        let sum: f64 = parts.iter().map(|part| part.share).sum();
        if (sum - 1.0).abs() > 1e-9 {
            return Err(MixtureError::Sum(sum));
        }
        let divisor = parts.iter().fold(0, |divisor, part| gcd(divisor, part.weight));
        for part in &mut parts {
            part.weight /= divisor;
        }
        let whole = parts.iter().map(|part| part.weight).sum();
        Ok(Self { parts, whole })
    }

    /// The text in a store, which identifies the mixture: each part as its share and its
    /// answers, such as `0.7 x 1 + 0.3 x 3`. Shares are the shortest decimals that give them back.
    pub fn to_text(&self) -> String {
        let parts: Vec<String> =
            self.parts.iter().map(|part| part_to_text(part.share, part.annotations)).collect();
        parts.join(BETWEEN)
    }

    /// How many parts there are.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Always false: there is at least one part.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The answers that a task of this part wants; 1 if there is no such part.
    pub fn annotations(&self, part: usize) -> u32 {
        self.parts.get(part).map_or(1, |part| part.annotations)
    }

    /// The number of tasks after which every part is exactly at its due, and after every multiple
    /// of which it is again: 10 for 70/30.
    pub fn period(&self) -> u64 {
        self.whole
    }

    /// Tasks given to this part beyond its due, as a multiple of 1 / [`Mixture::period`].
    ///
    /// `given` is the number of tasks each part was given; a missing one counts as 0.
    pub fn excess(&self, part: usize, given: &[u64]) -> i128 {
        let weight = self.parts.get(part).map_or(0, |part| part.weight);
        let all: i128 = given.iter().map(|count| i128::from(*count)).sum();
        let own = given.get(part).copied().unwrap_or(0);
        i128::from(own) * i128::from(self.whole) - all * i128::from(weight)
    }

    /// The answers that a task wants by its hash: for an average, to the letter what Prodigy
    /// decides. Of a mixture, which Prodigy does not have, the parts that want most are taken
    /// first, so that an average and the mixture it stands for are the same.
    pub fn by_hash(&self, hash: i64) -> u32 {
        let mut sorted: Vec<&MixturePart> = self.parts.iter().collect();
        sorted.sort_by_key(|part| std::cmp::Reverse(part.annotations));
        let draw = prodigy::draw(hash);
        let mut until = 0.0;
        for part in &sorted {
            until += part.share;
            if draw < until {
                return part.annotations;
            }
        }
        sorted.last().map_or(1, |part| part.annotations)
    }
}

/// The part of task number `n` (from 0) of a project.
///
/// The same as the `n`-th of an [`ExactSplitter`] from the beginning. It takes the splitter's steps
/// since the last multiple of the period: up to [`Mixture::period`]. For task after task use the
/// splitter.
pub fn exact(parts: &Mixture, seed: u64, n: u64) -> usize {
    let periods = n / parts.whole;
    // At most n: every part's weight is at most the period.
    let given = parts.parts.iter().map(|part| part.weight * periods).collect();
    let mut splitter = ExactSplitter::resume(parts.clone(), seed, given);
    for _ in 0..n % parts.whole {
        splitter.next_part();
    }
    splitter.next_part()
}

/// Chooses the part of a mixture for task after task.
#[derive(Clone, Debug, PartialEq)]
pub struct ExactSplitter {
    parts: Mixture,
    seed: u64,
    given: Vec<u64>,
}

impl ExactSplitter {
    /// Before the first task.
    pub fn new(parts: Mixture, seed: u64) -> Self {
        Self::resume(parts, seed, Vec::new())
    }

    /// Continues where another splitter stopped after it had [`given`](Self::given) this many tasks
    /// to each part.
    ///
    /// Missing counts are 0, surplus ones are dropped. Counts that no splitter could have reached,
    /// such as those of another mixture or after tasks were deleted, are no error. The parts that
    /// lack most are given until all are within one task of their due again; from then on they stay
    /// so.
    pub fn resume(parts: Mixture, seed: u64, mut given: Vec<u64>) -> Self {
        given.resize(parts.len(), 0);
        Self { parts, seed, given }
    }

    /// The tasks that each part has been given: all that is kept between two loads.
    pub fn given(&self) -> &[u64] {
        &self.given
    }

    /// The part of the next task, from 0.
    pub fn next_part(&mut self) -> usize {
        let part = self.choose();
        if let Some(count) = self.given.get_mut(part) {
            *count = count.saturating_add(1);
        }
        part
    }

    /// The answers that the next task wants.
    pub fn next_annotations(&mut self) -> u32 {
        let part = self.next_part();
        self.parts.annotations(part)
    }

    fn choose(&self) -> usize {
        let parts = &self.parts.parts;
        if parts.len() == 1 {
            return 0;
        }
        let so_far: u128 = self.given.iter().map(|count| u128::from(*count)).sum();
        let whole = u128::from(self.parts.whole);
        // Parts with an open window, with the deadline of their next task.
        let open: Vec<(u128, usize)> = (0..parts.len())
            .filter(|&i| {
                u128::from(self.given[i]) * whole < (so_far + 1) * u128::from(parts[i].weight)
            })
            .map(|i| (self.deadline(i, 1), i))
            .collect();
        let first = open.iter().min().copied().unwrap_or((0, 0));
        if open.len() == 1 {
            return first.1;
        }
        let furthest = open.iter().max().map_or(0, |(deadline, _)| *deadline);
        let safe_until = self.tight(so_far, furthest).max(first.0);
        let safe = || open.iter().filter(|(deadline, _)| *deadline <= safe_until);
        let weights: u64 = safe().map(|&(_, i)| parts[i].weight).sum();
        // Below 2⁶⁴ in any possible project.
        #[expect(clippy::cast_possible_truncation)]
        let mut drawn = seed::below(seed::number(self.seed, so_far as u64), weights);
        for &(_, i) in safe() {
            if drawn < parts[i].weight {
                return i;
            }
            drawn -= parts[i].weight;
        }
        first.1
    }

    /// The number of all tasks by which a part must have been given `more` tasks than now.
    fn deadline(&self, part: usize, more: u64) -> u128 {
        let due = u128::from(self.given[part]) + u128::from(more);
        (due * u128::from(self.parts.whole)).div_ceil(u128::from(self.parts.parts[part].weight))
    }

    /// The first deadline by which as many tasks are due as there are numbers left until then;
    /// `furthest` if there is none before, and the last that was looked at where there are many.
    fn tight(&self, so_far: u128, furthest: u128) -> u128 {
        let mut upcoming: Vec<(u128, u64)> =
            (0..self.parts.len()).map(|i| (self.deadline(i, 1), 1)).collect();
        let mut due = 0_u128;
        let mut seen = 0;
        while due < LOOK_AHEAD {
            let next = (0..upcoming.len()).min_by_key(|&i| upcoming[i].0).unwrap_or(0);
            let (deadline, more) = upcoming[next];
            if deadline > seen && due >= seen.saturating_sub(so_far) && due > 0 {
                return seen;
            }
            if deadline >= furthest {
                return furthest;
            }
            due += 1;
            seen = deadline;
            upcoming[next] = (self.deadline(next, more + 1), more + 1);
        }
        seen
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests;
