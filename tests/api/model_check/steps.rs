//! What can happen, one step at a time.
//!
//! Ordinary steps cost nothing and are always possible. What goes wrong (a lease that ends, an
//! annotator who leaves, a reply that is lost, a daemon that dies, an answer that is sent twice, a
//! second thought) takes one of the troubles of the setting, so that the world is finite.

use std::sync::Arc;

use annotd::allocation::{AnswerOutcome, SettlePolicy, TaskState};
use annotd::task::{Basis, TaskJson, Verdict};
use stateright::{Model, Property};

use super::store;
use super::world::{
    Card, Daemon, LATER, NAMES, NOW, Noted, Row, Said, Seen, TASKS, Taking, Undecided, View, Which,
    Who, World, Write,
};

/// A guard that is missing, to see that the check would find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// A whole state is written without comparing `rev`.
    RevUnread,
    /// A claim does not look at free slots.
    ClaimsWithoutASlot,
    /// A claim does not look at who has skipped the task.
    ClaimsOfThoseWhoSkipped,
    /// A sweep does not look at whether its holder has answered or renewed meanwhile.
    SweepsWhatWasAnswered,
    /// A plain write of an answer does not look at the lanes.
    LanesUnread,
    /// An answer on a belief does not look at how many are wanted.
    LeftUnread,
}

/// What is checked: how the world begins, and what may happen in it.
#[derive(Clone, Debug)]
pub struct Setting {
    pub begin: World,
    /// What can be said.
    pub verdicts: Vec<Verdict>,
    /// Who may say which of that first; anything else is a second thought.
    pub says: Vec<Vec<Said>>,
    /// Whether there are second thoughts.
    pub second_thoughts: bool,
    pub rule: SettlePolicy,
    pub body: TaskJson,
    /// Whether answers are written plainly where they can be, and on a belief where there is one.
    pub plain: bool,
    pub broken: Option<Broken>,
}

/// Which of a daemon's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Claim,
    Answer,
    House,
}

const KINDS: [Kind; 3] = [Kind::Claim, Kind::Answer, Kind::House];

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A daemon reads a task of the queue.
    Look { daemon: usize, task: Which },
    /// An annotator asks for a task, and a daemon claims what it remembers to be open to them.
    Ask { daemon: usize, who: Who },
    /// A daemon reads from the store what an annotator holds, and shows it.
    Recall { who: Who, task: Which },
    /// An answer reaches a daemon.
    Answer { daemon: usize, who: Who, task: Which, said: Said },
    /// A daemon decides again about an answer whose write found nothing.
    Reread { daemon: usize },
    /// A daemon sees a lease that has ended.
    Sweep { daemon: usize, task: Which, who: Who },
    /// A daemon sees a late answer and a free slot.
    Fill { daemon: usize, task: Which },
    /// What a daemon has sent is carried out, and it hears of it.
    CarryOut { daemon: usize, kind: Kind },
    /// A write for which no request waits any more is carried out.
    WashUp { nth: usize },
    /// An annotator whose lease has ended gives a sign.
    Renew { who: Who, task: Which },

    /// Trouble: an annotator gave no sign for long.
    LeaseEnds { who: Who, task: Which },
    /// Trouble: an annotator leaves.
    Leave { who: Who, task: Which },
    /// Trouble: a daemon hears nothing of what it has sent; it is carried out some time, or never.
    Lose { daemon: usize, kind: Kind, arrives: bool },
    /// Trouble: a daemon dies; what it has sent is carried out some time, or never.
    Crash { daemon: usize, arrives: [bool; 3] },
    /// Trouble: an answer reaches a daemon that has been sent before, or a second thought.
    AnswerAgain { daemon: usize, who: Who, task: Which, said: Said },
}

impl Setting {
    /// Two daemons and this many annotators, over these tasks.
    pub fn new(people: u8, tasks: impl IntoIterator<Item = TaskState>, troubles: u8) -> Self {
        let rows: Vec<Arc<Row>> = tasks.into_iter().map(Row::of).collect();
        assert!(rows.len() <= TASKS, "more tasks than there is room for");
        let begin = World {
            rows,
            daemons: [Daemon::fresh(), Daemon::fresh()],
            adrift: Vec::new(),
            cards: [[Card::default(); TASKS]; NAMES.len()],
            troubles,
            noted: Noted::default(),
        };
        Self {
            begin,
            verdicts: vec![Verdict::Accept],
            says: vec![vec![0]; usize::from(people)],
            second_thoughts: false,
            rule: SettlePolicy::default(),
            body: TaskJson::parse(r#"{"text":"a"}"#).expect("a task"),
            plain: true,
            broken: None,
        }
    }

    /// Begins with this task in these annotators' hands.
    pub fn held_by(mut self, task: Which, holders: &[Who]) -> Self {
        for who in holders {
            let mut state = self.begin.row(task).state.clone();
            assert!(
                state.claim(NAMES[usize::from(*who)], NOW, LATER, Basis::default()),
                "it can be handed out"
            );
            self.begin.rows[usize::from(task)] = Row::of(state);
            self.begin.card_mut(*who, task).shown = true;
        }
        self
    }

    /// Begins with an annotator who has had this task in view for longer than their lease.
    pub fn still_shown_to(mut self, task: Which, who: Who) -> Self {
        self.begin.card_mut(who, task).shown = true;
        let row = self.begin.row(task);
        let (mut state, free) = (row.state.clone(), row.free);
        state.previous_holders.push(NAMES[usize::from(who)].to_owned());
        self.begin.rows[usize::from(task)] = Row::new(state, free);
        self
    }

    pub fn people(&self) -> u8 {
        u8::try_from(self.says.len()).expect("a few")
    }

    fn people_and_tasks(&self) -> impl Iterator<Item = (Who, Which)> + use<> {
        let tasks = u8::try_from(self.begin.rows.len()).expect("a few");
        (0..self.people()).flat_map(move |who| (0..tasks).map(move |task| (who, task)))
    }

    /// Whether nothing is going to happen unless something goes wrong.
    pub fn is_at_rest(&self, world: &World) -> bool {
        let mut steps = Vec::new();
        self.ordinary(world, &mut steps);
        steps.is_empty()
    }

    fn chosen(world: &World, daemon: &Daemon, who: Who) -> Option<Which> {
        let open = |seen: &Option<Seen>| seen.is_some_and(|seen| seen.open_to & (1 << who) != 0);
        let next = daemon.seen.iter().position(open).filter(|_| !is_busy(world, who))?;
        u8::try_from(next).ok()
    }

    fn ordinary(&self, world: &World, steps: &mut Vec<Step>) {
        for (who, task) in self.people_and_tasks() {
            let state = &world.row(task).state;
            let hold = state.held.iter().find(|h| h.annotator == NAMES[usize::from(who)]);
            let card = world.card(who, task);
            if hold.is_some() && !card.shown {
                steps.push(Step::Recall { who, task });
            }
            if hold.is_some_and(|hold| hold.until <= NOW) {
                steps.push(Step::Renew { who, task });
                for (daemon, it) in world.daemons.iter().enumerate() {
                    if it.house.is_none() {
                        steps.push(Step::Sweep { daemon, task, who });
                    }
                }
            }
            for (daemon, it) in world.daemons.iter().enumerate() {
                if it.answer.is_none() {
                    for said in self.to_be_sent(world, who, task) {
                        steps.push(Step::Answer { daemon, who, task, said });
                    }
                }
            }
        }
        for (daemon, it) in world.daemons.iter().enumerate() {
            for (task, row) in (0..).zip(&world.rows) {
                let truth = Seen::of(&row.state, self.people());
                // The store is read when the leases of the annotator who asks are not remembered.
                let asked = |who: Who| {
                    truth.is_some_and(|truth| truth.open_to & (1 << who) != 0)
                        && !is_busy(world, who)
                        && Self::chosen(world, it, who).is_none()
                };
                if it.claim.is_none() && (0..self.people()).any(asked) {
                    steps.push(Step::Look { daemon, task });
                }
                if it.house.is_none() && row.state.can_promote_late_answer(&self.rule) {
                    steps.push(Step::Fill { daemon, task });
                }
            }
            for who in 0..self.people() {
                if it.claim.is_none() && Self::chosen(world, it, who).is_some() {
                    steps.push(Step::Ask { daemon, who });
                }
            }
            if matches!(it.answer, Some(Taking::Again(_))) {
                steps.push(Step::Reread { daemon });
            }
            let sent = KINDS.into_iter().filter(|kind| is_sent(it, *kind));
            steps.extend(sent.map(|kind| Step::CarryOut { daemon, kind }));
        }
        steps.extend((0..world.adrift.len()).map(|nth| Step::WashUp { nth }));
    }

    /// The answers of an annotator to a task that are neither stored nor under way.
    fn to_be_sent(&self, world: &World, who: Who, task: Which) -> Vec<Said> {
        let card = world.card(who, task);
        if !card.shown {
            return Vec::new();
        }
        if card.said == 0 {
            return self.says[usize::from(who)].clone();
        }
        let waits = |said: &Said| {
            let unheard = card.said & !card.acknowledged & !card.refused & (1 << said) != 0;
            unheard && !is_under_way(world, who, task, *said)
        };
        (0..8).filter(waits).collect()
    }

    fn troubles(&self, world: &World, steps: &mut Vec<Step>) {
        for (who, task) in self.people_and_tasks() {
            let state = &world.row(task).state;
            let hold = state.held.iter().find(|h| h.annotator == NAMES[usize::from(who)]);
            if let Some(hold) = hold {
                steps.push(Step::Leave { who, task });
                if hold.until > NOW {
                    steps.push(Step::LeaseEnds { who, task });
                }
            }
            let card = world.card(who, task);
            if card.said == 0 {
                continue;
            }
            let usual = self.to_be_sent(world, who, task);
            let more = (0..8).zip(&self.verdicts).map(|(said, _)| said).filter(|said| {
                (card.said & (1 << said) != 0 || self.second_thoughts) && !usual.contains(said)
            });
            for said in more {
                for (daemon, it) in world.daemons.iter().enumerate() {
                    if it.answer.is_none() {
                        steps.push(Step::AnswerAgain { daemon, who, task, said });
                    }
                }
            }
        }
        for (daemon, it) in world.daemons.iter().enumerate() {
            // Of its house-keeping a daemon expects nothing.
            let heard_of = [Kind::Claim, Kind::Answer].into_iter();
            for kind in heard_of.filter(|kind| is_sent(it, *kind)) {
                for arrives in [false, true] {
                    steps.push(Step::Lose { daemon, kind, arrives });
                }
            }
            for arrival in 0..8 {
                let arrives = [0, 1, 2].map(|bit| arrival & (1 << bit) != 0);
                let known = KINDS.into_iter().zip(arrives);
                if known.into_iter().all(|(kind, arrives)| !arrives || is_sent(it, kind)) {
                    steps.push(Step::Crash { daemon, arrives });
                }
            }
        }
    }

    /// A daemon begins with an answer: it writes by its cached count, or decides on what it reads.
    fn take(&self, world: &mut World, daemon: usize, answer: Undecided, believing: bool) {
        let Undecided { task, who, said } = answer;
        let nth = usize::from(task);
        let it = &mut world.daemons[daemon];
        let view = if believing { it.views[nth].take() } else { None };
        let (statement, after) = store::on_belief(self, view, said);
        it.views[nth] = after;
        let (recorded, statement) = if let Some(statement) = statement {
            (AnswerOutcome::Saved, statement)
        } else {
            let before = &world.rows[nth].state;
            let (recorded, after) = store::recorded(self, before, who, said);
            if self.plain {
                it.views[nth] = View::of(&after.state);
            }
            if matches!(recorded, AnswerOutcome::Unchanged | AnswerOutcome::Unknown) {
                it.answer = None;
                acknowledge(world.card_mut(who, task), said, recorded);
                return;
            }
            (recorded, store::statement(self, before, &after, who, recorded))
        };
        it.answer = Some(Taking::Sent(Write::Answer { task, who, said, recorded, statement }));
    }

    fn say(&self, world: &mut World, daemon: usize, answer: Undecided) {
        world.card_mut(answer.who, answer.task).said |= 1 << answer.said;
        self.take(world, daemon, answer, true);
    }

    fn hear(&self, world: &mut World, daemon: usize, kind: Kind) {
        let Some(write) = taken_out(&mut world.daemons[daemon], kind) else { return };
        let found = store::carry_out(self, world, &write);
        match write {
            Write::Claim { task, who } if found => world.card_mut(who, task).shown = true,
            // The cached state was wrong: read it again.
            Write::Claim { task, .. } => world.daemons[daemon].seen[usize::from(task)] = None,
            Write::Answer { task, who, said, recorded, .. } if found => {
                acknowledge(world.card_mut(who, task), said, recorded);
            }
            Write::Answer { task, who, said, .. } => {
                world.daemons[daemon].views[usize::from(task)] = None;
                world.daemons[daemon].answer = Some(Taking::Again(Undecided { task, who, said }));
            }
            Write::Sweep { .. } | Write::Fill { .. } => {}
        }
    }

    fn lose(world: &mut World, daemon: usize, kind: Kind, arrives: bool) {
        let write = taken_out(&mut world.daemons[daemon], kind);
        if let Some(write) = write.filter(|_| arrives) {
            world.set_adrift(write);
        }
    }
}

/// One card at a time: an annotator with an unanswered one asks for no other.
fn is_busy(world: &World, who: Who) -> bool {
    world.cards[usize::from(who)].iter().any(|card| card.shown && card.said == 0)
}

fn acknowledge(card: &mut Card, said: Said, recorded: AnswerOutcome) {
    let heard =
        if recorded == AnswerOutcome::Unknown { &mut card.refused } else { &mut card.acknowledged };
    *heard |= 1 << said;
}

fn is_sent(daemon: &Daemon, kind: Kind) -> bool {
    match kind {
        Kind::Claim => daemon.claim.is_some(),
        Kind::Answer => matches!(daemon.answer, Some(Taking::Sent(_))),
        Kind::House => daemon.house.is_some(),
    }
}

fn taken_out(daemon: &mut Daemon, kind: Kind) -> Option<Write> {
    match kind {
        Kind::Claim => daemon.claim.take(),
        Kind::House => daemon.house.take(),
        Kind::Answer => match daemon.answer.take() {
            Some(Taking::Sent(write)) => Some(write),
            _ => None,
        },
    }
}

fn is_under_way(world: &World, who: Who, task: Which, said: Said) -> bool {
    world.daemons.iter().any(|daemon| match &daemon.answer {
        Some(Taking::Sent(Write::Answer { task: t, who: w, said: s, .. })) => {
            (*t, *w, *s) == (task, who, said)
        }
        Some(Taking::Again(again)) => *again == Undecided { task, who, said },
        _ => false,
    })
}

impl Model for Setting {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        vec![self.begin.clone()]
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        self.ordinary(world, steps);
        if world.troubles > 0 {
            self.troubles(world, steps);
        }
    }

    fn next_state(&self, before: &World, step: Step) -> Option<World> {
        let mut world = before.clone();
        match step {
            Step::Look { daemon, task } => {
                let state = &before.row(task).state;
                let it = &mut world.daemons[daemon];
                it.seen[usize::from(task)] = Seen::of(state, self.people());
                if self.plain {
                    it.views[usize::from(task)] = View::of(state);
                }
            }
            Step::Ask { daemon, who } => {
                let it = &mut world.daemons[daemon];
                let task = Self::chosen(before, it, who)?;
                let seen = &mut it.seen[usize::from(task)];
                *seen = seen.and_then(|seen| seen.without(who));
                it.claim = Some(Write::Claim { task, who });
            }
            Step::Recall { who, task } => world.card_mut(who, task).shown = true,
            Step::Answer { daemon, who, task, said } => {
                self.say(&mut world, daemon, Undecided { task, who, said });
            }
            Step::Reread { daemon } => {
                let Some(Taking::Again(answer)) = world.daemons[daemon].answer else { return None };
                self.take(&mut world, daemon, answer, false);
            }
            Step::Sweep { daemon, task, who } => {
                world.daemons[daemon].house = Some(Write::Sweep { task, who });
            }
            Step::Fill { daemon, task } => {
                let mut after = before.row(task).state.clone();
                after.promote_late_answers(&self.rule, &self.body);
                world.daemons[daemon].house =
                    Some(Write::Fill { task, after: Some(Row::of(after)) });
            }
            Step::CarryOut { daemon, kind } => self.hear(&mut world, daemon, kind),
            Step::WashUp { nth } => {
                let write = world.adrift.remove(nth);
                store::carry_out(self, &mut world, &write);
            }
            Step::Renew { who, task } => store::renew(self, &mut world, task, who),
            Step::LeaseEnds { who, task } => {
                store::end_lease(&mut world, task, who);
                world.troubles -= 1;
            }
            Step::Leave { who, task } => {
                store::release(self, &mut world, task, who);
                world.troubles -= 1;
            }
            Step::Lose { daemon, kind, arrives } => {
                Self::lose(&mut world, daemon, kind, arrives);
                if kind == Kind::Claim {
                    // The outcome is unknown: drop the cached state.
                    world.daemons[daemon].seen.fill(None);
                }
                world.troubles -= 1;
            }
            Step::Crash { daemon, arrives } => {
                for (kind, arrives) in KINDS.into_iter().zip(arrives) {
                    Self::lose(&mut world, daemon, kind, arrives);
                }
                world.daemons[daemon] = Daemon::fresh();
                world.troubles -= 1;
            }
            Step::AnswerAgain { daemon, who, task, said } => {
                self.say(&mut world, daemon, Undecided { task, who, said });
                world.troubles -= 1;
            }
        }
        world.name_daemons();
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        super::promises::all()
    }
}
