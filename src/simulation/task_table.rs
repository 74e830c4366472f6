//! The tasks of a simulation in a small form: numbers where a [`TaskState`] has names and answers.
//!
//! There are few sets of lanes, so each set is kept once. Of a task's content only the required
//! tags are kept, which the rules read again; there are few sets of these, too. The participants of
//! a task and their answers are a linked chain in one list, the newest first.
//!
//! A [`TaskState`] is built where a real function needs one, and its decision is written back.

use std::collections::HashMap;

use serde_json::{Map, json};

use super::queue::{NONE, QueueSlot};
use crate::allocation::order::Order;
use crate::allocation::profile::requires;
use crate::allocation::{
    AnnotatorProfile, Lane, Lease, Plan, Position, Purpose, SettlePolicy, TaskState,
};
use crate::task::{Answer, Basis, Millis, Task, TaskId, TaskJson, Verdict, Version};

/// A task.
// Four independent facts.
#[expect(clippy::struct_excessive_bools)]
#[derive(Clone, Copy, Debug)]
pub(super) struct TaskRow {
    pub(super) lanes: u32,
    pub(super) planned: u32,
    pub(super) wanted: u32,
    /// Answers that count.
    pub(super) counted: u32,
    /// Leases.
    pub(super) held: u32,
    /// Its slot in the queue of anyone, if it is in there.
    pub(super) slot: Option<QueueSlot>,
    pub(super) finished: bool,
    pub(super) gold: bool,
    pub(super) bound: bool,
    /// Whether it is in the queues.
    pub(super) queued: bool,
    /// The newest in the chain of its participants.
    last: u32,
    body: u32,
    hash: i64,
    priority: i32,
    part: Option<u16>,
}

impl TaskRow {
    /// Slots that are neither leased nor filled.
    pub(super) fn free(&self) -> u32 {
        self.wanted.saturating_sub(self.counted + self.held)
    }

    /// Answers that are still wanted.
    pub(super) fn remaining(&self) -> u32 {
        self.wanted.saturating_sub(self.counted)
    }
}

/// An annotator who holds or has answered a task.
#[derive(Clone, Copy, Debug)]
struct Participant {
    who: u32,
    /// The previous participant of the same task.
    before: u32,
    state: Participation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Participation {
    Holds,
    Counts(Verdict),
    Skipped,
}

/// The lanes of a task.
#[derive(Debug)]
pub(super) struct LaneSet {
    all: Vec<Lane>,
    /// The annotators whom they name.
    pub(super) names: Vec<u32>,
    /// Whether any annotator may have it.
    pub(super) anyone: bool,
}

/// All tasks.
pub(super) struct TaskTable {
    people: Vec<String>,
    numbers: HashMap<String, u32>,
    pub(super) entries: Vec<TaskRow>,
    participants: Vec<Participant>,
    lanes: Vec<LaneSet>,
    known_lanes: HashMap<Vec<Lane>, u32>,
    bodies: Vec<TaskJson>,
    known_bodies: HashMap<Vec<String>, u32>,
}

impl TaskTable {
    pub(super) fn new(people: &[AnnotatorProfile]) -> Self {
        let people: Vec<String> = people.iter().map(|person| person.name.clone()).collect();
        // The numbers have 32 bits; a roster has ports for 65,535 annotators.
        let numbers = (0..).zip(&people).map(|(n, name)| (name.clone(), n)).collect();
        Self {
            people,
            numbers,
            entries: Vec::new(),
            participants: Vec::new(),
            lanes: Vec::new(),
            known_lanes: HashMap::new(),
            bodies: vec![TaskJson::empty()],
            known_bodies: HashMap::from([(Vec::new(), 0)]),
        }
    }

    pub(super) fn admit(&mut self, task: &Task, plan: &Plan) {
        let body = self.body_for(requires(&task.body));
        let lanes = self.lanes_for(&plan.lanes);
        self.entries.push(TaskRow {
            lanes,
            planned: plan.wanted,
            wanted: plan.wanted,
            counted: 0,
            held: 0,
            slot: None,
            finished: false,
            gold: plan.purpose == Purpose::Gold,
            bound: plan.bound,
            queued: false,
            last: NONE,
            body,
            hash: task.task_hash,
            priority: plan.priority,
            part: plan.part,
        });
    }

    /// The number of a task body with only these tags, which stands for all tasks that require
    /// them.
    fn body_for(&mut self, requires: Vec<String>) -> u32 {
        if let Some(known) = self.known_bodies.get(&requires) {
            return *known;
        }
        let number = u32::try_from(self.bodies.len()).unwrap_or(NONE);
        let body = json!({"meta": {"requires": requires}});
        self.bodies.push(TaskJson::from_value(&body).unwrap_or_else(|_| TaskJson::empty()));
        self.known_bodies.insert(requires, number);
        number
    }

    fn lanes_for(&mut self, lanes: &[Lane]) -> u32 {
        if let Some(known) = self.known_lanes.get(lanes) {
            return *known;
        }
        let number = u32::try_from(self.lanes.len()).unwrap_or(NONE);
        let names = lanes.iter().filter_map(Lane::name);
        let names = names.filter_map(|name| self.numbers.get(name).copied()).collect();
        let anyone = lanes.iter().any(|lane| lane.name().is_none());
        self.lanes.push(LaneSet { all: lanes.to_vec(), names, anyone });
        self.known_lanes.insert(lanes.to_vec(), number);
        number
    }

    pub(super) fn entry(&self, task: u32) -> &TaskRow {
        &self.entries[task as usize]
    }

    pub(super) fn entry_mut(&mut self, task: u32) -> &mut TaskRow {
        &mut self.entries[task as usize]
    }

    pub(super) fn lanes(&self, task: u32) -> &LaneSet {
        &self.lanes[self.entry(task).lanes as usize]
    }

    pub(super) fn body(&self, task: u32) -> &TaskJson {
        &self.bodies[self.entry(task).body as usize]
    }

    /// Its position in this order.
    pub(super) fn position(&self, task: u32, order: Order) -> Position {
        let entry = self.entry(task);
        order.position(entry.priority, task.into(), entry.remaining())
    }

    fn chain(&self, task: u32) -> impl Iterator<Item = &Participant> {
        let mut at = self.entry(task).last;
        std::iter::from_fn(move || {
            let participant = self.participants.get(at as usize)?;
            at = participant.before;
            Some(participant)
        })
    }

    /// Whether this annotator is a participant.
    pub(super) fn had(&self, task: u32, who: u32) -> bool {
        self.chain(task).any(|participant| participant.who == who)
    }

    /// Whether this annotator could be handed it now.
    pub(super) fn is_open_to(&self, task: u32, who: u32) -> bool {
        let entry = self.entry(task);
        let lanes = self.lanes(task);
        !entry.finished
            && entry.free() > 0
            && (lanes.anyone || lanes.names.contains(&who))
            && !self.had(task, who)
    }

    /// The annotators whose answers count.
    pub(super) fn counted_annotators(&self, task: u32) -> impl Iterator<Item = u32> {
        let counts =
            |participant: &&Participant| matches!(participant.state, Participation::Counts(_));
        self.chain(task).filter(counts).map(|participant| participant.who)
    }

    /// Hands it out. Pass the number that is returned to [`TaskTable::answer`].
    pub(super) fn claim(&mut self, task: u32, who: u32) -> u32 {
        let participant = u32::try_from(self.participants.len()).unwrap_or(NONE);
        let entry = &mut self.entries[task as usize];
        self.participants.push(Participant {
            who,
            before: entry.last,
            state: Participation::Holds,
        });
        entry.last = participant;
        entry.held += 1;
        participant
    }

    /// Stores an answer, and settles the task if it was the last one wanted. Returns whether the
    /// answer counts.
    pub(super) fn answer(
        &mut self,
        task: u32,
        participant: u32,
        verdict: Verdict,
        rule: &SettlePolicy,
    ) -> bool {
        let counts = rule.counts(verdict);
        let state = if counts { Participation::Counts(verdict) } else { Participation::Skipped };
        if let Some(participant) = self.participants.get_mut(participant as usize) {
            participant.state = state;
        }
        let entry = self.entry_mut(task);
        entry.held = entry.held.saturating_sub(1);
        entry.counted += u32::from(counts);
        if entry.remaining() > 0 || entry.finished {
            return counts;
        }
        if entry.gold || !rule.compares() {
            // The count decides, as in `settle_by` for such a policy.
            entry.finished = true;
        } else {
            let mut state = self.state(task);
            state.settle(rule, self.body(task));
            self.write(task, &state);
        }
        counts
    }

    /// The task as the real functions know it.
    pub(super) fn state(&self, task: u32) -> TaskState {
        let entry = self.entry(task);
        let mut state = TaskState {
            purpose: if entry.gold { Purpose::Gold } else { Purpose::Regular },
            part: entry.part,
            bound: entry.bound,
            planned: entry.planned,
            finished: entry.finished,
            ..TaskState::new(entry.wanted, self.lanes(task).all.clone())
        };
        for participant in self.chain(task) {
            let annotator = self.people[participant.who as usize].clone();
            let answer = |annotator, verdict| Answer {
                annotator,
                current: Version {
                    verdict,
                    data: Map::new(),
                    time_loaded: Millis(0),
                    time_returned: Millis(0),
                    basis: Basis::default(),
                },
                history: Vec::new(),
            };
            match participant.state {
                Participation::Holds => {
                    state.held.push(Lease {
                        annotator,
                        since: Millis(0),
                        until: Millis(0),
                        basis: Basis::default(),
                    });
                }
                Participation::Counts(verdict) => state.answers.push(answer(annotator, verdict)),
                Participation::Skipped => state.skipped.push(answer(annotator, Verdict::Ignore)),
            }
        }
        // The chain begins with the newest.
        state.held.reverse();
        state.answers.reverse();
        state.skipped.reverse();
        state
    }

    /// Writes back the state that a real function returned. Answers have not changed.
    pub(super) fn write(&mut self, task: u32, state: &TaskState) {
        let lanes = self.lanes_for(&state.lanes);
        let entry = self.entry_mut(task);
        entry.lanes = lanes;
        entry.planned = state.planned;
        entry.wanted = state.wanted;
        entry.finished = state.finished;
    }

    /// The task as the replanner needs it: its hash and its required tags.
    pub(super) fn task(&self, task: u32) -> Task {
        Task {
            id: TaskId::from_text(""),
            input_hash: 0,
            task_hash: self.entry(task).hash,
            body: self.body(task).clone(),
        }
    }
}
