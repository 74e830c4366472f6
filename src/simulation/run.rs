//! Runs a simulation by events: the annotator who is free next answers their task and takes
//! another.
//!
//! A heap holds the annotators with the time at which they are free. An annotator for whom there is
//! no task leaves the heap. They return when a task is reopened that they may have, when another
//! has given no sign for `steal_after`, or when annotators join or leave. The run ends when the
//! heap is empty.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, HashSet};

use super::Simulation;
use super::annotator_run::{AnnotatorRun, Holding};
use super::forecast::{self, Forecast};
use super::model::{DAY, Model, Time, WorkPattern};
use super::queue::{self, QueueReader, QueueSlot};
use super::queues::Queues;
#[cfg(test)]
use super::task_table::TaskTable;
use crate::allocation::check_schedule::{CheckSchedule, ScheduledItem};
use crate::allocation::reassign::{can_take_over, reassigned};
use crate::allocation::{Planner, seed};
use crate::task::Verdict;

struct Run {
    simulation: Simulation,
    annotators: Vec<AnnotatorRun>,
    seeds: Vec<u64>,
    schedules: Vec<CheckSchedule>,
    regular: Queues,
    gold: Queues,
    /// The time at which each annotator is free, and their number.
    heap: BinaryHeap<Reverse<(Time, u32)>>,
    /// The annotators for whom there was no task.
    idle: BTreeSet<u32>,
    /// How far the first annotator has read the queue of the second.
    takeover_readers: HashMap<(u32, u32), QueueReader>,
    /// The end of the last answer.
    end: Time,
}

pub(super) fn run(simulation: Simulation) -> Forecast {
    let Run { simulation, annotators, end, .. } = to_the_end(simulation);
    forecast::of(&simulation.policy, &simulation.model, &simulation.table, &annotators, end)
}

/// The tasks at the end.
#[cfg(test)]
pub(super) fn table_after(simulation: Simulation) -> TaskTable {
    to_the_end(simulation).simulation.table
}

fn to_the_end(simulation: Simulation) -> Run {
    let mut run = Run::new(simulation);
    run.enqueue();
    let mut changes = run.changes().into_iter().peekable();
    run.schedule_all(0);
    loop {
        let next = run.heap.peek().map(|Reverse((time, _))| *time);
        if let Some(day) = changes.next_if(|day| next.is_none_or(|time| time >= start_of(*day))) {
            run.replan_unfinished(day);
            continue;
        }
        let Some(Reverse((time, who))) = run.heap.pop() else { break };
        // An annotator who was woken in the meantime is due at another time.
        if run.annotators[who as usize].due == Some(time) {
            run.step(who, time);
        }
    }
    run
}

fn start_of(day: u32) -> Time {
    u64::from(day.saturating_sub(1)) * DAY
}

impl Run {
    fn new(simulation: Simulation) -> Self {
        let people = &simulation.policy.rules.people;
        let has_gold = simulation.table.entries.iter().any(|entry| entry.gold);
        let mut checks = simulation.policy.checks.clone();
        if !has_gold && checks.repeat <= 0.0 {
            // A schedule that always gives a regular task need not be drawn.
            checks.gold = 0.0;
        }
        let policy_seed = simulation.policy.rules.seed;
        let schedules = people
            .iter()
            .map(|p| CheckSchedule::resume(&checks, policy_seed, &p.name, 0))
            .collect();
        let model_seed = simulation.model.seed;
        let seeds = people.iter().map(|person| seed::of_text(model_seed, &person.name)).collect();
        let joined = |pattern: &WorkPattern| pattern.from.map_or(0, start_of);
        let patterns = &simulation.model.patterns;
        let annotators = patterns
            .iter()
            .map(|pattern| AnnotatorRun { last_seen: joined(pattern), ..AnnotatorRun::default() })
            .collect();
        let count = people.len();
        Self {
            simulation,
            annotators,
            seeds,
            schedules,
            regular: Queues::new(count),
            gold: Queues::new(count),
            heap: BinaryHeap::new(),
            idle: BTreeSet::new(),
            takeover_readers: HashMap::new(),
            end: 0,
        }
    }

    fn model(&self) -> &Model {
        &self.simulation.model
    }

    fn pattern(&self, who: u32) -> &WorkPattern {
        &self.simulation.model.patterns[who as usize]
    }

    /// The numbers of all annotators.
    fn people(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.annotators.len()).unwrap_or(u32::MAX)
    }

    /// The days, after the first, on which an annotator joins or leaves.
    fn changes(&self) -> BTreeSet<u32> {
        let patterns = self.model().patterns.iter();
        let days = patterns.flat_map(|pattern| [pattern.from, pattern.until]);
        days.flatten().filter(|day| *day > 1).collect()
    }

    /// Puts all unfinished tasks into their queues, in order.
    fn enqueue(&mut self) {
        let count = self.annotators.len();
        self.regular = Queues::new(count);
        self.gold = Queues::new(count);
        self.takeover_readers.clear();
        let table = &self.simulation.table;
        let order = self.simulation.policy.order;
        let all = u32::try_from(table.entries.len()).unwrap_or(u32::MAX);
        let mut tasks: Vec<u32> = (0..all).filter(|task| !table.entry(*task).finished).collect();
        // In the order of loading they are sorted already, except for priorities.
        tasks.sort_by_cached_key(|task| table.position(*task, order));
        for task in tasks {
            self.put(task, false);
        }
    }

    /// Puts a task that has free slots into the queues of the annotators who may have it.
    fn put(&mut self, task: u32, reopened: bool) {
        let order = self.simulation.policy.order;
        let table = &mut self.simulation.table;
        let entry = table.entry(task);
        if entry.finished || entry.free() == 0 {
            return;
        }
        let level = match (order.moves(), reopened) {
            (true, _) => queue::level(entry.remaining()),
            (false, true) => queue::REOPENED,
            (false, false) => queue::REGULAR,
        };
        let queues = if entry.gold { &mut self.gold } else { &mut self.regular };
        let slot = queues.push(task, level, table);
        let entry = table.entry_mut(task);
        entry.slot = slot;
        entry.queued = true;
    }

    /// Removes a task from the queue of anyone; readers of the other queues skip it.
    fn take_out(&mut self, task: u32) {
        let entry = self.simulation.table.entry_mut(task);
        entry.queued = false;
        if let Some(slot) = entry.slot.take() {
            let queues = if entry.gold { &mut self.gold } else { &mut self.regular };
            queues.close(slot);
        }
    }

    /// Schedules an annotator for this time, or for when they next work.
    fn arrive(&mut self, who: u32, at: Time) {
        let due = self.pattern(who).begins(at, 0);
        self.annotators[who as usize].due = due;
        self.idle.remove(&who);
        if let Some(due) = due {
            self.heap.push(Reverse((due, who)));
        }
    }

    /// Schedules all annotators who hold no task.
    fn schedule_all(&mut self, at: Time) {
        for who in self.people() {
            if self.annotators[who as usize].holding.is_none() {
                self.arrive(who, at);
            }
        }
    }

    /// An annotator is free, or asks again.
    fn step(&mut self, who: u32, now: Time) {
        self.annotators[who as usize].due = None;
        if let Some(holding) = self.annotators[who as usize].holding.take() {
            self.annotators[who as usize].last_seen = now;
            self.end = self.end.max(now);
            self.answer(who, holding, now);
        }
        let needed = {
            let begun = self.annotators[who as usize].begun;
            self.pattern(who).time_for(self.seeds[who as usize], begun)
        };
        match self.pattern(who).begins(now, needed) {
            None => return,
            Some(later) if later > now => return self.arrive(who, later),
            Some(_) => {}
        }
        let Some(holding) = self.next(who, now) else {
            self.idle.insert(who);
            return self.look_again(who, now);
        };
        let run = &mut self.annotators[who as usize];
        run.holding = Some(holding);
        run.last_seen = now;
        run.begun += 1;
        run.worked += needed;
        run.due = Some(now + needed);
        self.heap.push(Reverse((now + needed, who)));
    }

    fn answer(&mut self, who: u32, holding: Holding, now: Time) {
        let Holding::Task(task, claim) = holding else {
            self.annotators[who as usize].checks += 1;
            return;
        };
        let verdict: Verdict = self.model().verdict(who, task);
        let Simulation { policy, table, .. } = &mut self.simulation;
        let counts = table.answer(task, claim, verdict, &policy.rule);
        let run = &mut self.annotators[who as usize];
        match (table.entry(task).gold, counts) {
            (true, _) => run.checks += 1,
            (false, true) => run.answers += 1,
            (false, false) => run.skipped += 1,
        }
        let entry = self.simulation.table.entry(task);
        if entry.finished || entry.free() == 0 {
            return;
        }
        if !entry.queued {
            self.put(task, true);
            self.wake_idle(task, now);
        } else if self.simulation.policy.order.moves() {
            self.take_out(task);
            self.put(task, true);
        }
    }

    /// Schedules the idle annotators who may have a reopened task.
    fn wake_idle(&mut self, task: u32, now: Time) {
        let table = &self.simulation.table;
        let woken: Vec<u32> =
            self.idle.iter().copied().filter(|who| table.is_open_to(task, *who)).collect();
        for who in woken {
            self.arrive(who, now);
        }
    }

    /// What an annotator works on next.
    fn next(&mut self, who: u32, now: Time) -> Option<Holding> {
        let index = who as usize;
        let policy = &self.simulation.policy;
        let had = self.annotators[index].had;
        if policy.rules.people[index].quota.is_some_and(|quota| had >= quota) {
            return None;
        }
        let order = policy.order;
        let found = self.regular.next(who, &self.simulation.table, order);
        let Some(task) = found else {
            // No check comes when no regular task is left.
            let task = self.take_over(who, now)?;
            self.annotators[index].taken_over += 1;
            return Some(self.claim(who, task));
        };
        let due = self.schedules[index].next();
        self.schedules[index].advance();
        let check = match due {
            ScheduledItem::Regular => None,
            ScheduledItem::Gold => self.gold.next(who, &self.simulation.table, order),
            ScheduledItem::Repeat => {
                let run = &mut self.annotators[index];
                let after = u64::from(self.simulation.policy.checks.after);
                let far_back = (run.answers + run.skipped).saturating_sub(after);
                if far_back > run.repeats {
                    run.repeats += 1;
                    return Some(Holding::Repeat);
                }
                None
            }
        };
        Some(self.claim(who, check.unwrap_or(task)))
    }

    fn claim(&mut self, who: u32, task: u32) -> Holding {
        let claim = self.simulation.table.claim(task, who);
        let entry = self.simulation.table.entry(task);
        if !entry.gold {
            self.annotators[who as usize].had += 1;
        }
        if entry.free() == 0 {
            self.take_out(task);
        }
        Holding::Task(task, claim)
    }

    /// `Ok` if an annotator has given no sign for `steal_after`; otherwise the time when that will
    /// be so, if ever.
    fn is_absent(&self, who: u32, now: Time) -> Result<(), Option<Time>> {
        let after = self.simulation.policy.steal_after.ok_or(None)?;
        let after = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        let until = self.annotators[who as usize].last_seen.saturating_add(after);
        if until <= now { Ok(()) } else { Err(Some(until)) }
    }

    /// Reassigns a task of an absent annotator.
    fn take_over(&mut self, who: u32, now: Time) -> Option<u32> {
        self.simulation.policy.steal_after?;
        for absent in self.people().filter(|absent| *absent != who) {
            if self.is_absent(absent, now).is_ok()
                && let Some(task) = self.take_from(absent, who)
            {
                return Some(task);
            }
        }
        None
    }

    fn take_from(&mut self, absent: u32, who: u32) -> Option<u32> {
        let queue = &mut self.regular.own[absent as usize];
        let reader = self.takeover_readers.entry((who, absent)).or_default();
        let Simulation { policy, table, .. } = &mut self.simulation;
        let (from, to) =
            (&policy.rules.people[absent as usize].name, &policy.rules.people[who as usize]);
        let may = |task: u32| {
            let entry = table.entry(task);
            // Check the row first: it excludes most tasks, and costs less than the whole state.
            !entry.finished
                && entry.free() > 0
                && !entry.bound
                && !table.had(task, who)
                && can_take_over(&table.state(task), table.body(task), from, to)
        };
        let (task, slot): (u32, QueueSlot) =
            (0..queue.levels()).find_map(|level| queue.head(reader, level, may))?;
        let now = reassigned(&table.state(task), from, &to.name);
        queue.close(slot);
        table.write(task, &now);
        Some(task)
    }

    /// Schedules an idle annotator for when the tasks of an absent one may be taken over.
    fn look_again(&mut self, who: u32, now: Time) {
        let others = self.people().filter(|other| {
            let index = *other as usize;
            *other != who && !self.regular.own[index].is_read(&self.regular.own_readers[index])
        });
        let soonest = others.filter_map(|other| self.is_absent(other, now).err().flatten()).min();
        let Some(due) = soonest.and_then(|until| self.pattern(who).begins(until, 0)) else {
            return;
        };
        self.annotators[who as usize].due = Some(due);
        self.heap.push(Reverse((due, who)));
    }

    /// Annotators have joined or left: replans the unfinished tasks, as the daemon does.
    fn replan_unfinished(&mut self, day: u32) {
        let Simulation { policy, model, planner, table } = &mut self.simulation;
        let mut joined = HashSet::new();
        for (profile, pattern) in policy.rules.people.iter_mut().zip(&model.patterns) {
            let active = pattern.is_on_the_roster(day);
            if active && !profile.active {
                joined.insert(profile.name.clone());
            }
            profile.active = active;
        }
        policy.rule.people.clone_from(&policy.rules.people);
        *planner = Planner::new(policy.rules.clone(), &planner.counters());
        let mut replanner = planner.replanner(joined);
        let all = u32::try_from(table.entries.len()).unwrap_or(u32::MAX);
        let unfinished: Vec<u32> = (0..all).filter(|task| !table.entry(*task).finished).collect();
        for task in &unfinished {
            replanner.note(&table.state(*task));
        }
        for task in unfinished {
            if let Some(now) = replanner.replan(&table.task(task), &table.state(task)) {
                table.write(task, &now);
            }
        }
        self.enqueue();
        self.schedule_all(start_of(day));
    }
}
