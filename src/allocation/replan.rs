//! Looking at unfinished tasks again: people have come or gone, or a task is short of them.
//!
//! The walk goes over all unfinished tasks twice. The first pass ([`Replanner::note`]) sees how many
//! tasks everybody still has before them; the second ([`Replanner::replan`]) gives each task the state
//! that it should have. By rule:
//!
//! - **Open, everyone, gold**: for whom it is and how much is wanted is decided as if it entered now.
//! - **Balanced**: who is gone is withdrawn and somebody else named; where somebody is missing, they
//!   are named now; and who has come takes tasks over from those who have more before them than their
//!   share of what is left, until they have theirs. Nobody else takes: what a slow annotator has not
//!   done yet is not given to the fast ones because somebody joined.
//! - **Prodigy's**: as Prodigy does, from the pool as it is now. On a task that somebody has had
//!   already, who is awaited and there stays, and only gaps are filled.
//! - **Named by the task or the load**: nothing moves by itself. With `when_short = "partial"` the
//!   task makes do with those who are there.
//! - **Further opinions** that were asked of somebody who is gone are asked of others.
//!
//! Who holds a task or has answered it keeps their place; answers and holds are never touched.

use std::collections::{HashMap, HashSet};

use super::choices::{Route, WhenShort};
use super::planner::{ALL_ANNOTATORS, Planner};
use super::profile::requires;
use super::{Lane, Purpose, TaskState, prodigy};
use crate::task::Task;

impl Planner {
    /// Begins a walk over the unfinished tasks. `joined` are those who have come since the last one,
    /// or may have other tasks than then: they get their share of what is left.
    pub fn replanner(&mut self, joined: HashSet<String>) -> Replanner<'_> {
        Replanner { planner: self, joined, left: HashMap::new(), all: 0 }
    }
}

/// A walk over the unfinished tasks.
pub struct Replanner<'a> {
    planner: &'a mut Planner,
    joined: HashSet<String>,
    /// Tasks that are awaited of each person.
    left: HashMap<String, u64>,
    /// The sum of these.
    all: u64,
}

impl Replanner<'_> {
    /// First pass: notes for whom a task waits.
    pub fn note(&mut self, state: &TaskState) {
        if self.planner.rules.route != Route::Balanced || !is_by_rule(state) {
            return;
        }
        for name in state.pending_named() {
            *self.left.entry(name.to_owned()).or_default() += 1;
            self.all += 1;
        }
    }

    /// Second pass: the state that a task should have; none if it has it.
    pub fn replan(&mut self, task: &Task, state: &TaskState) -> Option<TaskState> {
        if state.finished {
            return None;
        }
        let requires = requires(&task.body);
        let mut now = state.clone();
        match &state.purpose {
            Purpose::Repeat(_) => return None,
            _ if state.bound => self.cut_bound(&mut now),
            Purpose::Gold => self.everybody(&mut now, &requires),
            Purpose::Regular if state.wanted > state.planned => {
                self.ask_others(&mut now, &requires);
            }
            Purpose::Regular if state.part == Some(ALL_ANNOTATORS) => {
                self.everybody(&mut now, &requires);
            }
            Purpose::Regular => match self.planner.rules.route {
                Route::Open => self.open(&mut now, &requires),
                Route::Balanced => self.balance(&mut now, &requires),
                Route::Hash => self.hash(&mut now, task.task_hash, &requires),
            },
        }
        // The order of lanes means nothing, and must not depend on who came first.
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

    fn is_there(&self, name: &str) -> bool {
        self.planner.rules.people.iter().any(|person| person.active && person.name == name)
    }

    /// A task that names its people itself makes do with those who are there, if it may.
    fn cut_bound(&self, now: &mut TaskState) {
        if self.planner.rules.when_short != WhenShort::Partial {
            return;
        }
        let there = now.pending_named().filter(|name| self.is_there(name)).count();
        cut(now, there);
    }

    /// Once for everybody who may have it, and for those who have answered it.
    fn everybody(&self, now: &mut TaskState, requires: &[String]) {
        let able = self.planner.eligible(requires);
        let participants: Vec<String> = now.participants().map(str::to_owned).collect();
        // Those who skipped it or came too late fill no slot, and nobody else fills theirs.
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

    /// A further opinion that was asked of somebody who is gone.
    fn ask_others(&self, now: &mut TaskState, requires: &[String]) {
        let gone = |name: &str| !self.is_there(name);
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
        // Without names it asked for a further opinion, or came in under another rule.
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

    /// Gives slots of those who have more before them than their share of what is left to those who
    /// have less.
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
            // A move is worth it if both are nearer to their dues after it; otherwise the two would
            // hand the task to and fro.
            let (Some(from), Some(to)) = (from, to) else { return };
            if excess(from) - excess(to) <= 1.0 + 1e-9 || excess(to) >= 0.0 {
                return;
            }
            let (from, to) = (from.to_owned(), to.clone());
            let stay: Vec<&str> = named.into_iter().filter(|name| *name != from).collect();
            let new = self.planner.balance.name(1, |name| name == to, &stay);
            if new.names.is_empty() {
                // They have reached their quota: they are as one who is full.
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

    /// Somebody's share of all that is awaited.
    fn due(&self, name: &str) -> f64 {
        let there = self.planner.rules.people.iter().filter(|person| person.active);
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

    /// As Prodigy: the pool are those who have not had it, and as many are needed as are lacking.
    fn hash(&self, now: &mut TaskState, task_hash: i64, requires: &[String]) {
        let participants: Vec<String> = now.participants().map(str::to_owned).collect();
        let able = self.planner.eligible(requires);
        let mut names: Vec<String> = Vec::new();
        if !participants.is_empty() {
            names.extend(now.pending_named().filter(|name| self.is_there(name)).map(str::to_owned));
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
        if self.planner.rules.when_short == WhenShort::Partial && now.shortfall() > 0 {
            let there = now.pending_named().count();
            cut(now, there);
        }
    }
}

/// Wants no more answers than those that are there, in hand, or to come from so many people.
fn cut(now: &mut TaskState, to_come: usize) {
    let possible = now.answers.len() + now.held.len() + to_come;
    let possible = u32::try_from(possible).unwrap_or(u32::MAX).max(1);
    if possible < now.wanted {
        now.wanted = possible;
        now.planned = now.planned.min(possible);
    }
}

/// Whether its people were named by balanced routing.
fn is_by_rule(state: &TaskState) -> bool {
    !state.finished
        && !state.bound
        && state.purpose == Purpose::Regular
        && state.wanted == state.planned
}

/// These people, and those who have had it.
fn with_participants(people: Vec<String>, participants: &[String]) -> Vec<String> {
    let mut all: Vec<String> = participants.to_vec();
    all.extend(people.into_iter().filter(|name| !participants.contains(name)));
    all
}
