//! The course of a simulation: who is free next answers what they have in hand and takes the next.
//!
//! People stand in a heap with the time at which they are free. Who finds nothing goes out of it, and
//! comes back when a task comes back that they may have, when somebody else has given no sign for
//! `steal_after`, or when people join or leave. It ends when nobody is in the heap.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, HashSet};

use super::Simulation;
use super::annotator_run::{AnnotatorRun, Holding};
use super::forecast::{self, Forecast};
use super::model::{DAY, Model, Time, WorkPattern};
use super::queue::{self, Queue, QueueReader, QueueSlot};
use super::task_table::TaskTable;
use crate::allocation::check_schedule::{CheckSchedule, ScheduledItem};
use crate::allocation::order::Order;
use crate::allocation::reassign::{can_take_over, reassigned};
use crate::allocation::{Planner, seed};
use crate::task::Verdict;

/// The queues of one kind of task: for anyone, and for each person.
struct Queues {
    anyone: Queue,
    /// How far each person has come in it.
    readers: Vec<QueueReader>,
    own: Vec<Queue>,
    own_readers: Vec<QueueReader>,
}

impl Queues {
    fn new(people: usize) -> Self {
        Self {
            anyone: Queue::default(),
            readers: vec![QueueReader::default(); people],
            own: (0..people).map(|_| Queue::default()).collect(),
            own_readers: vec![QueueReader::default(); people],
        }
    }

    /// The next task of this person, the first in order of those in both their queues.
    fn next(&mut self, who: u32, table: &TaskTable, order: Order) -> Option<u32> {
        let index = who as usize;
        let open = |task: u32| table.is_open_to(task, who);
        let mut best: Option<(u32, i64)> = None;
        let queues = [
            (&mut self.own[index], &mut self.own_readers[index]),
            (&mut self.anyone, &mut self.readers[index]),
        ];
        for (queue, reader) in queues {
            for level in 0..queue.levels() {
                let Some((task, _)) = queue.head(reader, level, open) else { continue };
                let key = table.position(task, order).0;
                if best.is_none_or(|(_, so_far)| key < so_far) {
                    best = Some((task, key));
                }
            }
        }
        best.map(|(task, _)| task)
    }
}

struct Run {
    simulation: Simulation,
    annotators: Vec<AnnotatorRun>,
    seeds: Vec<u64>,
    streams: Vec<CheckSchedule>,
    regular: Queues,
    gold: Queues,
    /// Each person's time, and their number.
    heap: BinaryHeap<Reverse<(Time, u32)>>,
    /// Those who found nothing.
    idle: BTreeSet<u32>,
    /// How far the first has looked through what is named for the second.
    taking: HashMap<(u32, u32), QueueReader>,
    /// The end of the last answer.
    end: Time,
}

pub(super) fn run(simulation: Simulation) -> Forecast {
    let Run { simulation, annotators, end, .. } = to_the_end(simulation);
    forecast::of(&simulation.setting, &simulation.model, &simulation.table, &annotators, end)
}

/// The tasks as they are in the end.
#[cfg(test)]
pub(super) fn table_after(simulation: Simulation) -> TaskTable {
    to_the_end(simulation).simulation.table
}

fn to_the_end(simulation: Simulation) -> Run {
    let mut run = Run::new(simulation);
    run.enqueue();
    let mut changes = run.changes().into_iter().peekable();
    run.everybody_at(0);
    loop {
        let next = run.heap.peek().map(|Reverse((time, _))| *time);
        if let Some(day) = changes.next_if(|day| next.is_none_or(|time| time >= start_of(*day))) {
            run.replan_unfinished(day);
            continue;
        }
        let Some(Reverse((time, who))) = run.heap.pop() else { break };
        // Who was called in the meantime comes at another time.
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
        let people = &simulation.setting.rules.people;
        let has_gold = simulation.table.entries.iter().any(|entry| entry.gold);
        let mut checks = simulation.setting.checks.clone();
        if !has_gold && checks.repeat <= 0.0 {
            // Turns that always fall to a regular task need not be drawn.
            checks.gold = 0.0;
        }
        let of_setting = simulation.setting.rules.seed;
        let streams =
            people.iter().map(|p| CheckSchedule::resume(&checks, of_setting, &p.name, 0)).collect();
        let of_model = simulation.model.seed;
        let seeds = people.iter().map(|person| seed::of_text(of_model, &person.name)).collect();
        let known = |patterns: &WorkPattern| patterns.from.map_or(0, start_of);
        let patterns = &simulation.model.patterns;
        let annotators = patterns
            .iter()
            .map(|h| AnnotatorRun { last_seen: known(h), ..AnnotatorRun::default() })
            .collect();
        let count = people.len();
        Self {
            simulation,
            annotators,
            seeds,
            streams,
            regular: Queues::new(count),
            gold: Queues::new(count),
            heap: BinaryHeap::new(),
            idle: BTreeSet::new(),
            taking: HashMap::new(),
            end: 0,
        }
    }

    fn model(&self) -> &Model {
        &self.simulation.model
    }

    fn patterns(&self, who: u32) -> &WorkPattern {
        &self.simulation.model.patterns[who as usize]
    }

    /// The numbers of all people.
    fn people(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.annotators.len()).unwrap_or(u32::MAX)
    }

    /// The days, after the first, on which somebody joins or leaves.
    fn changes(&self) -> BTreeSet<u32> {
        let patterns = self.model().patterns.iter();
        let days = patterns.flat_map(|patterns| [patterns.from, patterns.until]);
        days.flatten().filter(|day| *day > 1).collect()
    }

    /// Puts everything that is unfinished into its queues, in order.
    fn enqueue(&mut self) {
        let count = self.annotators.len();
        self.regular = Queues::new(count);
        self.gold = Queues::new(count);
        self.taking.clear();
        let table = &self.simulation.table;
        let order = self.simulation.setting.order;
        let all = u32::try_from(table.entries.len()).unwrap_or(u32::MAX);
        let mut tasks: Vec<u32> = (0..all).filter(|task| !table.entry(*task).finished).collect();
        // In the order of loading they come sorted, but for priorities.
        tasks.sort_by_cached_key(|task| table.position(*task, order));
        for task in tasks {
            self.put(task, false);
        }
    }

    /// Puts a task that has free slots into the queues of those who may have it.
    fn put(&mut self, task: u32, back: bool) {
        let order = self.simulation.setting.order;
        let table = &mut self.simulation.table;
        let entry = table.entry(task);
        if entry.finished || entry.free() == 0 {
            return;
        }
        let level = match (order.moves(), back) {
            (true, _) => queue::level(entry.remaining()),
            (false, true) => queue::BACK,
            (false, false) => queue::PLAIN,
        };
        let shelf = if entry.gold { &mut self.gold } else { &mut self.regular };
        let lanes = table.lanes(task);
        let mut place = None;
        if lanes.anyone {
            place = Some(shelf.anyone.push(level, task));
        } else {
            for who in &lanes.names {
                if !table.had(task, *who) {
                    shelf.own[*who as usize].push(level, task);
                }
            }
        }
        let entry = table.entry_mut(task);
        entry.place = place;
        entry.queued = true;
    }

    /// Takes a task out of the queue of anyone; in those of single people it is passed over.
    fn take_out(&mut self, task: u32) {
        let entry = self.simulation.table.entry_mut(task);
        entry.queued = false;
        if let Some(place) = entry.place.take() {
            let shelf = if entry.gold { &mut self.gold } else { &mut self.regular };
            shelf.anyone.close(place);
        }
    }

    /// Has somebody come at this time, or when they next work.
    fn arrive(&mut self, who: u32, at: Time) {
        let due = self.patterns(who).begins(at, 0);
        self.annotators[who as usize].due = due;
        self.idle.remove(&who);
        if let Some(due) = due {
            self.heap.push(Reverse((due, who)));
        }
    }

    /// Has everybody come who has nothing in hand.
    fn everybody_at(&mut self, at: Time) {
        for who in self.people() {
            if self.annotators[who as usize].holding.is_none() {
                self.arrive(who, at);
            }
        }
    }

    /// Somebody is free, or looks again.
    fn step(&mut self, who: u32, now: Time) {
        self.annotators[who as usize].due = None;
        if let Some(hand) = self.annotators[who as usize].holding.take() {
            self.annotators[who as usize].last_seen = now;
            self.end = self.end.max(now);
            self.answer(who, hand, now);
        }
        let needed = {
            let begun = self.annotators[who as usize].begun;
            self.patterns(who).time_for(self.seeds[who as usize], begun)
        };
        match self.patterns(who).begins(now, needed) {
            None => return,
            Some(later) if later > now => return self.arrive(who, later),
            Some(_) => {}
        }
        let Some(hand) = self.next(who, now) else {
            self.idle.insert(who);
            return self.look_again(who, now);
        };
        let annotators = &mut self.annotators[who as usize];
        annotators.holding = Some(hand);
        annotators.last_seen = now;
        annotators.begun += 1;
        annotators.worked += needed;
        annotators.due = Some(now + needed);
        self.heap.push(Reverse((now + needed, who)));
    }

    fn answer(&mut self, who: u32, hand: Holding, now: Time) {
        let Holding::Task(task, claim) = hand else {
            self.annotators[who as usize].checks += 1;
            return;
        };
        let verdict: Verdict = self.model().verdict(who, task);
        let Simulation { setting, table, .. } = &mut self.simulation;
        let counts = table.answer(task, claim, verdict, &setting.rule);
        let annotators = &mut self.annotators[who as usize];
        match (table.entry(task).gold, counts) {
            (true, _) => annotators.checks += 1,
            (false, true) => annotators.answers += 1,
            (false, false) => annotators.skipped += 1,
        }
        let entry = self.simulation.table.entry(task);
        if entry.finished || entry.free() == 0 {
            return;
        }
        if !entry.queued {
            self.put(task, true);
            self.schedule(task, now);
        } else if self.simulation.setting.order.moves() {
            self.take_out(task);
            self.put(task, true);
        }
    }

    /// Calls those who found nothing and may have a task that came back.
    fn schedule(&mut self, task: u32, now: Time) {
        let table = &self.simulation.table;
        let called: Vec<u32> =
            self.idle.iter().copied().filter(|who| table.is_open_to(task, *who)).collect();
        for who in called {
            self.arrive(who, now);
        }
    }

    /// What somebody takes next.
    fn next(&mut self, who: u32, now: Time) -> Option<Holding> {
        let index = who as usize;
        let setting = &self.simulation.setting;
        let had = self.annotators[index].had;
        if setting.rules.people[index].quota.is_some_and(|quota| had >= quota) {
            return None;
        }
        let order = setting.order;
        let found = self.regular.next(who, &self.simulation.table, order);
        let Some(task) = found else {
            // Nothing is checked where nothing is left.
            let task = self.take_over(who, now)?;
            self.annotators[index].taken_over += 1;
            return Some(self.claim(who, task));
        };
        let step = self.streams[index].next();
        self.streams[index].advance();
        let check = match step {
            ScheduledItem::Regular => None,
            ScheduledItem::Gold => self.gold.next(who, &self.simulation.table, order),
            ScheduledItem::Repeat => {
                let annotators = &mut self.annotators[index];
                let after = u64::from(self.simulation.setting.checks.after);
                let far_back = (annotators.answers + annotators.skipped).saturating_sub(after);
                if far_back > annotators.repeats {
                    annotators.repeats += 1;
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

    /// Whether nobody has heard of them for long enough; the time until which they are waited for, if
    /// not.
    fn is_missing(&self, who: u32, now: Time) -> Result<(), Option<Time>> {
        let after = self.simulation.setting.steal_after.ok_or(None)?;
        let after = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        let until = self.annotators[who as usize].last_seen.saturating_add(after);
        if until <= now { Ok(()) } else { Err(Some(until)) }
    }

    /// A task that was meant for somebody who does not come.
    fn take_over(&mut self, who: u32, now: Time) -> Option<u32> {
        self.simulation.setting.steal_after?;
        for absent in self.people().filter(|absent| *absent != who) {
            if self.is_missing(absent, now).is_ok()
                && let Some(task) = self.take_from(absent, who)
            {
                return Some(task);
            }
        }
        None
    }

    fn take_from(&mut self, absent: u32, who: u32) -> Option<u32> {
        let queue = &mut self.regular.own[absent as usize];
        let reader = self.taking.entry((who, absent)).or_default();
        let Simulation { setting, table, .. } = &mut self.simulation;
        let (from, to) =
            (&setting.rules.people[absent as usize].name, &setting.rules.people[who as usize]);
        let may = |task: u32| {
            let entry = table.entry(task);
            // A look at the small form first: most that cannot be taken are told by it.
            !entry.finished
                && entry.free() > 0
                && !entry.bound
                && !table.had(task, who)
                && can_take_over(&table.state(task), table.body(task), from, to)
        };
        let (task, place): (u32, QueueSlot) =
            (0..queue.levels()).find_map(|level| queue.head(reader, level, may))?;
        let now = reassigned(&table.state(task), from, &to.name);
        queue.close(place);
        table.write(task, &now);
        Some(task)
    }

    /// Has somebody who found nothing come again when others have been away for long enough.
    fn look_again(&mut self, who: u32, now: Time) {
        let others = self.people().filter(|other| {
            let index = *other as usize;
            *other != who && !self.regular.own[index].is_read(&self.regular.own_readers[index])
        });
        let soonest = others.filter_map(|other| self.is_missing(other, now).err().flatten()).min();
        let Some(due) = soonest.and_then(|until| self.patterns(who).begins(until, 0)) else {
            return;
        };
        self.annotators[who as usize].due = Some(due);
        self.heap.push(Reverse((due, who)));
    }

    /// People have come or gone: looks over all that is unfinished, as the daemon does.
    fn replan_unfinished(&mut self, day: u32) {
        let Simulation { setting, model, planner, table } = &mut self.simulation;
        let mut joined = HashSet::new();
        for (person, patterns) in setting.rules.people.iter_mut().zip(&model.patterns) {
            let active = patterns.is_on_the_roster(day);
            if active && !person.active {
                joined.insert(person.name.clone());
            }
            person.active = active;
        }
        setting.rule.people.clone_from(&setting.rules.people);
        *planner = Planner::new(setting.rules.clone(), &planner.counters());
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
        self.everybody_at(start_of(day));
    }
}
