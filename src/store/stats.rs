//! What one task adds to the project's figures.
//!
//! Figures are kept by differences: what a task added before a change, and what it adds after. So
//! they are right whatever the change was, and a recount is the sum over all tasks.

use super::{AnnotatorStats, BREAK_THRESHOLD_MS, ProjectStats};
use crate::allocation::{Lane, Purpose, TaskState};
use crate::task::Millis;

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

impl ProjectStats {
    /// What is still to do for an annotator: the tasks that name them, and their even share of what
    /// is open to anyone, among `people`.
    pub fn left_for(&self, annotator: &str, people: usize) -> u64 {
        let share = self.annotators.get(annotator);
        let named = share.map_or(0, |share| share.named);
        let done = share.map_or(0, |share| share.answered + share.late + share.skipped);
        let even = self.open_to_anyone.div_ceil(people.max(1) as u64);
        // Nobody has a task twice.
        (named + even).min(self.tasks.saturating_sub(done))
    }

    /// Adds what `after` has and takes away what `before` had. Figures never fall below nothing;
    /// what was seen last stays the latest.
    pub fn change(&mut self, before: &Self, after: &Self) {
        let step = |figure: &mut u64, before: u64, after: u64| {
            *figure = (*figure + after).saturating_sub(before);
        };
        step(&mut self.tasks, before.tasks, after.tasks);
        step(&mut self.finished, before.finished, after.finished);
        step(&mut self.wanted, before.wanted, after.wanted);
        step(&mut self.answers, before.answers, after.answers);
        step(&mut self.held, before.held, after.held);
        step(&mut self.open_to_anyone, before.open_to_anyone, after.open_to_anyone);
        step(&mut self.short, before.short, after.short);
        step(&mut self.checks, before.checks, after.checks);
        step(&mut self.gold, before.gold, after.gold);
        // Each person in one step: a figure that is taken away first and added back after would
        // stop at nothing in between.
        let nobody = AnnotatorStats::default();
        let gone = before.annotators.keys().filter(|name| !after.annotators.contains_key(*name));
        for name in after.annotators.keys().chain(gone) {
            let was = before.annotators.get(name).unwrap_or(&nobody);
            let is = after.annotators.get(name).unwrap_or(&nobody);
            share(self, name).change(was, is);
        }
    }
}

impl AnnotatorStats {
    fn change(&mut self, before: &Self, after: &Self) {
        let step = |figure: &mut u64, before: u64, after: u64| {
            *figure = (*figure + after).saturating_sub(before);
        };
        step(&mut self.answered, before.answered, after.answered);
        step(&mut self.late, before.late, after.late);
        step(&mut self.skipped, before.skipped, after.skipped);
        step(&mut self.checks, before.checks, after.checks);
        step(&mut self.held, before.held, after.held);
        step(&mut self.named, before.named, after.named);
        step(&mut self.worked_ms, before.worked_ms, after.worked_ms);
        step(&mut self.timed, before.timed, after.timed);
        self.last_seen = self.last_seen.max(after.last_seen);
    }
}
