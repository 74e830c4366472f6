//! Replanning of unfinished tasks: annotators have joined or left, or a task has a shortfall.
//!
//! The walk goes over all unfinished tasks twice. The first pass ([`Replanner::note`]) counts how
//! many tasks are pending for each annotator. The second ([`Replanner::replan`]) returns the state
//! that each task should have. By rule:
//!
//! - **Open, all, gold**: lanes and answers wanted are decided as if the task entered now.
//! - **Balanced**: removes inactive annotators, fills the gaps, and moves tasks from overloaded
//!   annotators to new ones until these have their share of what is left. Only annotators who
//!   joined get such tasks: the pending tasks of a slow annotator do not go to fast ones because of
//!   it.
//! - **Prodigy's**: by Prodigy's rule, from the present pool. On a task that an annotator has had
//!   already, active annotators who are awaited stay, and only gaps are filled.
//! - **Named by the task or the load**: no task moves. With `when_short = "partial"` the task wants
//!   answers only of those who are active.
//! - **Further opinions** that were asked of an inactive annotator are asked of others.
//!
//! An annotator who holds a task or has answered it keeps their place. Answers and leases are never
//! touched.

use std::collections::{HashMap, HashSet};

use super::choices::{Route, WhenShort};
use super::planner::{ALL_ANNOTATORS, Planner};
use super::profile::requires;
use super::{Lane, Purpose, TaskState, prodigy};
use crate::task::Task;

impl Planner {
    /// Begins a walk over the unfinished tasks. `joined` are the annotators who joined since the
    /// last one, or may have other tasks than then: they get their share of what is left.
    pub fn replanner(&mut self, joined: HashSet<String>) -> Replanner<'_> {
        Replanner { planner: self, joined, left: HashMap::new(), all: 0 }
    }
}

/// A walk over the unfinished tasks.
pub struct Replanner<'a> {
    planner: &'a mut Planner,
    joined: HashSet<String>,
    /// Tasks that are pending for each annotator.
    left: HashMap<String, u64>,
    /// The sum of these.
    all: u64,
}

impl Replanner<'_> {
    /// First pass: counts the annotators for whom a task waits.
    pub fn note(&mut self, state: &TaskState) {
        if self.planner.policy.route != Route::Balanced || !is_by_rule(state) {
            return;
        }
        for name in state.pending_named() {
            *self.left.entry(name.to_owned()).or_default() += 1;
            self.all += 1;
        }
    }

    /// Second pass: the state that a task should have; `None` if it has it.
    pub fn replan(&mut self, task: &Task, state: &TaskState) -> Option<TaskState> {
        if state.finished {
            return None;
        }
        let requires = requires(&task.body);
        let mut now = state.clone();
        match &state.purpose {
            Purpose::Repeat(_) => return None,
            _ if state.bound => self.cut_bound(&mut now),
            Purpose::Gold => self.for_all_annotators(&mut now, &requires),
            Purpose::Regular if state.wanted > state.planned => {
                self.ask_others(&mut now, &requires);
            }
            Purpose::Regular if state.part == Some(ALL_ANNOTATORS) => {
                self.for_all_annotators(&mut now, &requires);
            }
            Purpose::Regular => match self.planner.policy.route {
                Route::Open => self.open(&mut now, &requires),
                Route::Balanced => self.balance(&mut now, &requires),
                Route::Hash => self.hash(&mut now, task.task_hash, &requires),
            },
        }
        // The order of lanes has no meaning, and must not depend on the order of claims.
        now.lanes.sort();
        now.lanes.dedup();
        let mut before = state.lanes.clone();
        before.sort();
        if now.lanes == before {
            now.lanes.clone_from(&state.lanes);
        }
        now.finished = now.remaining() == 0;
        (now != *state).then_some(now)
    }

    fn is_active(&self, name: &str) -> bool {
        self.planner.policy.people.iter().any(|person| person.active && person.name == name)
    }

    /// With `when_short = "partial"`, a task that names its annotators waits only for active ones.
    fn cut_bound(&self, now: &mut TaskState) {
        if self.planner.policy.when_short != WhenShort::Partial {
            return;
        }
        let there = now.pending_named().filter(|name| self.is_active(name)).count();
        cut(now, there);
    }

    /// One answer of each annotator who may have the task, and of those who have answered it.
    fn for_all_annotators(&self, now: &mut TaskState, requires: &[String]) {
        let able = self.planner.eligible(requires);
        let participants: Vec<String> = now.participants().map(str::to_owned).collect();
        // A skip or a late answer fills no slot, and no other annotator fills it instead.
        let fills = |name: &String| {
            !now.skipped.iter().chain(&now.late).any(|answer| answer.annotator == *name)
        };
        let fresh = able.iter().filter(|name| !participants.contains(name)).count();
        let filled = participants.iter().filter(|name| fills(name)).count();
        let wanted = u32::try_from(fresh + filled).unwrap_or(u32::MAX).max(1);
        let is_gold = now.purpose == Purpose::Gold;
        let open = requires.is_empty() && !able.is_empty();
        now.lanes = match (open, is_gold) {
            (true, true) => vec![Lane::Gold],
            (true, false) => vec![Lane::Anyone],
            (false, true) => {
                with_participants(able, &participants).into_iter().map(Lane::GoldOf).collect()
            }
            (false, false) => {
                with_participants(able, &participants).into_iter().map(Lane::Of).collect()
            }
        };
        now.planned = wanted;
        now.wanted = wanted;
    }

    /// A further opinion that was asked of an inactive annotator.
    fn ask_others(&self, now: &mut TaskState, requires: &[String]) {
        let gone = |name: &str| !self.is_active(name);
        if now.shortfall() == 0 && !now.pending_named().any(gone) {
            return;
        }
        if now.pending_named().filter(|name| !gone(name)).count() >= now.free() as usize {
            return;
        }
        self.open(now, requires);
    }

    fn open(&self, now: &mut TaskState, requires: &[String]) {
        let able = self.planner.eligible(requires);
        let participants: Vec<String> = now.participants().map(str::to_owned).collect();
        let fresh = able.iter().filter(|name| !participants.contains(name)).count();
        if fresh >= now.free() as usize && requires.is_empty() {
            now.lanes = vec![Lane::Anyone];
            return;
        }
        now.lanes = with_participants(able, &participants).into_iter().map(Lane::Of).collect();
        self.apply_when_short(now);
    }

    fn balance(&mut self, now: &mut TaskState, requires: &[String]) {
        let participants: Vec<String> = now.participants().map(str::to_owned).collect();
        let able = self.planner.eligible(requires);
        // A task without names waits for a further opinion, or was planned under another rule.
        let named: Vec<String> = now.names().map(str::to_owned).collect();
        let pending_named: Vec<String> = now.pending_named().map(str::to_owned).collect();
        let mut staying: Vec<String> = Vec::new();
        for name in named {
            let waits = pending_named.contains(&name);
            if waits && !able.contains(&name) {
                self.withdraw(&name, &staying);
            } else {
                staying.push(name);
            }
        }
        for participant in &participants {
            if !staying.contains(participant) {
                staying.push(participant.clone());
            }
        }
        now.lanes = staying.iter().cloned().map(Lane::Of).collect();
        let missing = now.shortfall() as usize;
        if missing > 0 {
            let already: Vec<&str> = staying.iter().map(String::as_str).collect();
            let may = |name: &str| able.iter().any(|person| person == name);
            let more = self.planner.balance.name(missing, may, &already);
            for name in more.names {
                *self.left.entry(name.clone()).or_default() += 1;
                self.all += 1;
                now.lanes.push(Lane::Of(name));
            }
        }
        self.even_out(now, &able);
        self.apply_when_short(now);
    }

    fn withdraw(&mut self, name: &str, others: &[String]) {
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        self.planner.balance.withdraw(name, &others);
        self.all = self.all.saturating_sub(1);
        if let Some(left) = self.left.get_mut(name) {
            *left = left.saturating_sub(1);
        }
    }

    /// Moves the task from the annotator who has most beyond their share of what is left to one who
    /// joined and has less.
    fn even_out(&mut self, now: &mut TaskState, able: &[String]) {
        loop {
            let named: Vec<&str> = now.names().collect();
            let excess = |name: &str| {
                let left = self.left.get(name).copied().unwrap_or(0);
                // Counts of tasks: far below 2⁵³.
                #[expect(clippy::cast_precision_loss)]
                let left = left as f64;
                left - self.due(name)
            };
            let from = now.pending_named().max_by(|a, b| excess(a).total_cmp(&excess(b)));
            let to = able
                .iter()
                .filter(|name| self.joined.contains(*name) && !named.contains(&name.as_str()))
                .min_by(|a, b| excess(a).total_cmp(&excess(b)));
            // Move only if both are nearer to their dues afterwards; otherwise the task would be
            // moved back and forth.
            let (Some(from), Some(to)) = (from, to) else { return };
            if excess(from) - excess(to) <= 1.0 + 1e-9 || excess(to) >= 0.0 {
                return;
            }
            let (from, to) = (from.to_owned(), to.clone());
            let stay: Vec<&str> = named.into_iter().filter(|name| *name != from).collect();
            let new = self.planner.balance.name(1, |name| name == to, &stay);
            if new.names.is_empty() {
                // The annotator is at quota: treat them as full.
                self.left.insert(to, u64::MAX / 2);
                continue;
            }
            self.planner.balance.withdraw(&from, &stay);
            *self.left.entry(to.clone()).or_default() += 1;
            if let Some(left) = self.left.get_mut(&from) {
                *left = left.saturating_sub(1);
            }
            for lane in &mut now.lanes {
                if matches!(lane, Lane::Of(name) if *name == from) {
                    *lane = Lane::Of(to.clone());
                }
            }
        }
    }

    /// An annotator's share of all pending tasks.
    fn due(&self, name: &str) -> f64 {
        let there = self.planner.policy.people.iter().filter(|person| person.active);
        let (mut own, mut sum) = (0.0, 0.0);
        for person in there {
            sum += person.weight;
            if person.name == name {
                own = person.weight;
            }
        }
        #[expect(clippy::cast_precision_loss)]
        let all = self.all as f64;
        if sum > 0.0 { all * own / sum } else { 0.0 }
    }

    /// By Prodigy's rule: the pool are the annotators who have not had the task, and as many are
    /// needed as answers remain.
    fn hash(&self, now: &mut TaskState, task_hash: i64, requires: &[String]) {
        let participants: Vec<String> = now.participants().map(str::to_owned).collect();
        let able = self.planner.eligible(requires);
        let mut names: Vec<String> = Vec::new();
        if !participants.is_empty() {
            names
                .extend(now.pending_named().filter(|name| self.is_active(name)).map(str::to_owned));
            names.retain(|name| able.contains(name));
        }
        let fresh = |name: &String| !participants.contains(name) && !names.contains(name);
        let pool: Vec<String> = able.into_iter().filter(fresh).collect();
        let needed = f64::from(now.free()) - f64::from(u32::try_from(names.len()).unwrap_or(0));
        names.extend(prodigy::annotators(task_hash, needed, &pool));
        now.lanes = participants.into_iter().chain(names).map(Lane::Of).collect();
        self.apply_when_short(now);
    }

    fn apply_when_short(&self, now: &mut TaskState) {
        if self.planner.policy.when_short == WhenShort::Partial && now.shortfall() > 0 {
            let there = now.pending_named().count();
            cut(now, there);
        }
    }
}

/// Lowers the answers wanted to those that are there, leased, or to come from this many annotators.
fn cut(now: &mut TaskState, to_come: usize) {
    let possible = now.answers.len() + now.held.len() + to_come;
    let possible = u32::try_from(possible).unwrap_or(u32::MAX).max(1);
    if possible < now.wanted {
        now.wanted = possible;
        now.planned = now.planned.min(possible);
    }
}

/// Whether the rules named its annotators, so that balanced routing may change them.
fn is_by_rule(state: &TaskState) -> bool {
    !state.finished
        && !state.bound
        && state.purpose == Purpose::Regular
        && state.wanted == state.planned
}

/// These annotators, and the participants.
fn with_participants(people: Vec<String>, participants: &[String]) -> Vec<String> {
    let mut all: Vec<String> = participants.to_vec();
    all.extend(people.into_iter().filter(|name| !participants.contains(name)));
    all
}
