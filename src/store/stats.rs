//! The stats: counts of tasks and answers, of the project and of each annotator.
//!
//! Stats are kept by deltas: [`stats_delta`] compares what a task adds before a change with what it
//! adds after. So they are right whatever the change was, and a recount is the sum over all tasks.
//! Each count stands once, in `PROJECT_COUNTS` or `ANNOTATOR_COUNTS`; both engines and the
//! audit go over these.

use std::collections::BTreeMap;

use crate::allocation::{Lane, Purpose, TaskState};
use crate::task::Millis;

/// Longer than this between shown and answered, in milliseconds, is a break and not work.
pub const BREAK_THRESHOLD_MS: i64 = 300_000;

/// The project's figures. Gold tasks and repeats are in `in_hand`, `checks` and `gold`
/// alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProjectStats {
    /// Tasks admitted.
    pub tasks: u64,
    /// Tasks of which nothing more is wanted.
    pub finished: u64,
    /// Answers wanted in all.
    pub wanted: u64,
    /// Answers that count.
    pub answers: u64,
    /// Leased tasks, counted once for each holder.
    pub held: u64,
    /// Slots, free or held, that anyone may still fill.
    pub open_to_anyone: u64,
    /// Unfinished tasks that want more answers than there are people who may give them.
    pub short: u64,
    /// Answers to gold tasks and to repeats.
    pub checks: u64,
    /// Gold tasks of which something is wanted.
    pub gold: u64,
    /// By annotator; those without any work are missing.
    pub annotators: BTreeMap<String, AnnotatorStats>,
}

/// One annotator's part.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AnnotatorStats {
    /// Answers that count.
    pub answered: u64,
    /// Answers that came too late.
    pub late: u64,
    /// Ignores that are no answers.
    pub skipped: u64,
    /// Answers to gold tasks and to repeats, which are in none of the other counts.
    pub checks: u64,
    /// Tasks that the annotator holds.
    pub held: u64,
    /// Unfinished tasks that name this annotator and that they have not answered in any way.
    pub named: u64,
    /// When their last answer was given.
    pub last_seen: Option<Millis>,
    /// The sum over their answers of the time from shown to answered, in milliseconds; answers of
    /// more than [`BREAK_THRESHOLD_MS`] count as breaks and are left out.
    pub worked_ms: u64,
    /// Answers in that sum.
    pub timed: u64,
}

/// What a task in this state adds to the figures.
pub fn task_stats(state: &TaskState) -> ProjectStats {
    if state.purpose != Purpose::Regular {
        return of_check(state);
    }
    let wanted = u64::from(state.wanted);
    let answers = state.answers.len() as u64;
    let mut stats = ProjectStats {
        tasks: 1,
        finished: u64::from(state.finished),
        wanted,
        answers,
        held: state.held.len() as u64,
        open_to_anyone: if state.lanes.contains(&Lane::Anyone) {
            wanted.saturating_sub(answers)
        } else {
            0
        },
        short: u64::from(state.shortfall() > 0),
        ..ProjectStats::default()
    };
    for hold in &state.held {
        share(&mut stats, &hold.annotator).held += 1;
    }
    for answer in &state.skipped {
        let share = share(&mut stats, &answer.annotator);
        share.skipped += 1;
        share.last_seen = share.last_seen.max(Some(answer.current.time_returned));
    }
    for answer in &state.answers {
        let share = share(&mut stats, &answer.annotator);
        share.answered += 1;
        share.last_seen = share.last_seen.max(Some(answer.current.time_returned));
        if let Some(worked) = worked(answer.current.time_loaded, answer.current.time_returned) {
            share.worked_ms += worked;
            share.timed += 1;
        }
    }
    for answer in &state.late {
        let share = share(&mut stats, &answer.annotator);
        share.late += 1;
        share.last_seen = share.last_seen.max(Some(answer.current.time_returned));
    }
    for lane in &state.lanes {
        if let Lane::Of(name) = lane
            && !state.finished
            && !state.has_answered(name)
        {
            share(&mut stats, name).named += 1;
        }
    }
    stats
}

/// What a gold task or a repeat adds: it is left out of the counts of the rest.
fn of_check(state: &TaskState) -> ProjectStats {
    let mut stats = ProjectStats { held: state.held.len() as u64, ..ProjectStats::default() };
    stats.gold = u64::from(state.purpose == Purpose::Gold && !state.finished);
    for hold in &state.held {
        share(&mut stats, &hold.annotator).held += 1;
    }
    for answer in state.answers.iter().chain(&state.skipped).chain(&state.late) {
        stats.checks += 1;
        let share = share(&mut stats, &answer.annotator);
        share.checks += 1;
        share.last_seen = share.last_seen.max(Some(answer.current.time_returned));
    }
    stats
}

/// The time from shown to answered in milliseconds, unless it was a break.
fn worked(loaded: Millis, returned: Millis) -> Option<u64> {
    let took = returned.0.saturating_sub(loaded.0);
    (took <= BREAK_THRESHOLD_MS).then(|| u64::try_from(took).ok()).flatten()
}

fn share<'a>(stats: &'a mut ProjectStats, annotator: &str) -> &'a mut AnnotatorStats {
    if !stats.annotators.contains_key(annotator) {
        stats.annotators.insert(annotator.to_owned(), AnnotatorStats::default());
    }
    stats.annotators.get_mut(annotator).expect("it has just been put there")
}

/// A count of the stats: its name, which is its column in SQLite, and where it is.
pub(crate) struct Count<S> {
    pub(crate) name: &'static str,
    /// Its name in a finding.
    pub(crate) label: &'static str,
    pub(crate) of: fn(&S) -> u64,
    pub(crate) of_mut: fn(&mut S) -> &mut u64,
}

/// The counts of a struct: each field once.
macro_rules! counts {
    ($stats:ty: $($field:ident $label:literal),* $(,)?) => {
        [$(Count {
            name: stringify!($field),
            label: $label,
            of: |stats: &$stats| stats.$field,
            of_mut: |stats: &mut $stats| &mut stats.$field,
        }),*]
    };
}

const PROJECT: usize = 9;
const ANNOTATOR: usize = 8;

/// The counts of [`ProjectStats`].
pub(crate) static PROJECT_COUNTS: [Count<ProjectStats>; PROJECT] = counts![ProjectStats:
    tasks "tasks",
    finished "finished",
    wanted "wanted",
    answers "answers",
    held "held",
    open_to_anyone "open to anyone",
    short "short",
    checks "checks",
    gold "gold",
];

/// The counts of [`AnnotatorStats`].
pub(crate) static ANNOTATOR_COUNTS: [Count<AnnotatorStats>; ANNOTATOR] = counts![AnnotatorStats:
    answered "answered",
    late "late",
    skipped "skipped",
    checks "checks",
    held "held",
    named "named",
    worked_ms "time worked",
    timed "answers timed",
];

fn step<S>(count: &Count<S>, before: &S, after: &S) -> i64 {
    (count.of)(after).cast_signed().wrapping_sub((count.of)(before).cast_signed())
}

/// What a change of a task adds to the stats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatsDelta {
    /// In the order of `PROJECT_COUNTS`.
    project: [i64; PROJECT],
    /// By annotator; those whom it does not change are missing.
    pub(crate) annotators: BTreeMap<String, AnnotatorDelta>,
}

/// What a change of a task adds to the stats of one annotator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AnnotatorDelta {
    /// In the order of `ANNOTATOR_COUNTS`.
    counts: [i64; ANNOTATOR],
    pub(crate) last_seen: Option<Millis>,
}

/// What the stats gain when a task goes from one state to another; a task that is new was in none.
pub fn stats_delta(before: Option<&TaskState>, after: Option<&TaskState>) -> StatsDelta {
    let stats = |state: Option<&TaskState>| state.map(task_stats).unwrap_or_default();
    StatsDelta::between(&stats(before), &stats(after))
}

impl StatsDelta {
    /// What leads from some stats to others.
    pub(crate) fn between(before: &ProjectStats, after: &ProjectStats) -> Self {
        let project = std::array::from_fn(|nth| step(&PROJECT_COUNTS[nth], before, after));
        let mut annotators = BTreeMap::new();
        let none = AnnotatorStats::default();
        for name in before.annotators.keys().chain(after.annotators.keys()) {
            let was = before.annotators.get(name).unwrap_or(&none);
            let is = after.annotators.get(name).unwrap_or(&none);
            if was != is && !annotators.contains_key(name) {
                annotators.insert(name.clone(), AnnotatorDelta::between(was, is));
            }
        }
        Self { project, annotators }
    }

    /// What this many tasks more, or fewer, that an annotator holds add to the stats.
    pub(crate) fn held(annotator: &str, tasks: i64) -> Self {
        let place = |name: &str| name == "held";
        let mut delta = Self::default();
        let mut share = AnnotatorDelta::default();
        if let Some(nth) = PROJECT_COUNTS.iter().position(|count| place(count.name)) {
            delta.project[nth] = tasks;
        }
        if let Some(nth) = ANNOTATOR_COUNTS.iter().position(|count| place(count.name)) {
            share.counts[nth] = tasks;
        }
        delta.annotators.insert(annotator.to_owned(), share);
        delta
    }

    /// Adds another delta.
    pub(crate) fn add(&mut self, other: &Self) {
        for (sum, step) in self.project.iter_mut().zip(other.project) {
            *sum += step;
        }
        for (name, step) in &other.annotators {
            self.annotators.entry(name.clone()).or_default().add(step);
        }
    }

    /// What it adds to each count, in the order of `PROJECT_COUNTS`.
    pub(crate) fn steps(&self) -> impl Iterator<Item = (&'static Count<ProjectStats>, i64)> {
        PROJECT_COUNTS.iter().zip(self.project)
    }
}

impl AnnotatorDelta {
    fn between(before: &AnnotatorStats, after: &AnnotatorStats) -> Self {
        let counts = std::array::from_fn(|nth| step(&ANNOTATOR_COUNTS[nth], before, after));
        Self { counts, last_seen: after.last_seen }
    }

    fn add(&mut self, other: &Self) {
        for (sum, step) in self.counts.iter_mut().zip(other.counts) {
            *sum += step;
        }
        self.last_seen = self.last_seen.max(other.last_seen);
    }

    /// What it adds to each count, in the order of `ANNOTATOR_COUNTS`.
    pub(crate) fn steps(&self) -> impl Iterator<Item = (&'static Count<AnnotatorStats>, i64)> {
        ANNOTATOR_COUNTS.iter().zip(self.counts)
    }
}

impl ProjectStats {
    /// What is still to do for an annotator: the tasks that name them, and their even share of what
    /// is open to anyone, among `people`.
    pub fn left_for(&self, annotator: &str, people: usize) -> u64 {
        let share = self.annotators.get(annotator);
        let named = share.map_or(0, |share| share.named);
        let done = share.map_or(0, |share| share.answered + share.late + share.skipped);
        let even = self.open_to_anyone.div_ceil(people.max(1) as u64);
        // No annotator has a task twice.
        (named + even).min(self.tasks.saturating_sub(done))
    }

    /// Adds a delta. No count falls below 0; the latest of two times stays.
    pub fn apply(&mut self, delta: &StatsDelta) {
        for (count, step) in delta.steps() {
            let count = (count.of_mut)(self);
            *count = count.saturating_add_signed(step);
        }
        for (name, delta) in &delta.annotators {
            let share = share(self, name);
            for (count, step) in delta.steps() {
                let count = (count.of_mut)(share);
                *count = count.saturating_add_signed(step);
            }
            share.last_seen = share.last_seen.max(delta.last_seen);
        }
    }
}
