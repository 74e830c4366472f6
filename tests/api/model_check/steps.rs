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
    AnnotatorNo, AnswerNo, Card, Daemon, LATER, NAMES, NOW, Noted, Row, Seen, TASKS, Taking,
    TaskNo, Undecided, View, World, Write,
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
    pub says: Vec<Vec<AnswerNo>>,
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
    Fixture,
}

const KINDS: [Kind; 3] = [Kind::Claim, Kind::Answer, Kind::Fixture];

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A daemon reads a task of the queue.
    Look { daemon: usize, task: TaskNo },
    /// An annotator asks for a task, and a daemon claims what it remembers to be open to them.
    Ask { daemon: usize, annotator: AnnotatorNo },
    /// A daemon reads from the store what an annotator holds, and shows it.
    Recall { annotator: AnnotatorNo, task: TaskNo },
    /// An answer reaches a daemon.
    Answer { daemon: usize, annotator: AnnotatorNo, task: TaskNo, said: AnswerNo },
    /// A daemon decides again about an answer whose write found nothing.
    Reread { daemon: usize },
    /// A daemon sees a lease that has ended.
    Sweep { daemon: usize, task: TaskNo, annotator: AnnotatorNo },
    /// A daemon sees a late answer and a free slot.
    Fill { daemon: usize, task: TaskNo },
    /// What a daemon has sent is carried out, and it hears of it.
    CarryOut { daemon: usize, kind: Kind },
    /// A write for which no request waits any more is carried out.
    WashUp { nth: usize },
    /// An annotator whose lease has ended gives a sign.
    Renew { annotator: AnnotatorNo, task: TaskNo },

    /// Trouble: an annotator gave no sign for long.
    LeaseEnds { annotator: AnnotatorNo, task: TaskNo },
    /// Trouble: an annotator leaves.
    Leave { annotator: AnnotatorNo, task: TaskNo },
    /// Trouble: a daemon hears nothing of what it has sent; it is carried out some time, or never.
    Lose { daemon: usize, kind: Kind, arrives: bool },
    /// Trouble: a daemon dies; what it has sent is carried out some time, or never.
    Crash { daemon: usize, arrives: [bool; 3] },
    /// Trouble: an answer reaches a daemon that has been sent before, or a second thought.
    AnswerAgain { daemon: usize, annotator: AnnotatorNo, task: TaskNo, said: AnswerNo },
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
    pub fn held_by(mut self, task: TaskNo, holders: &[AnnotatorNo]) -> Self {
        for annotator in holders {
            let mut state = self.begin.row(task).state.clone();
            assert!(
                state.claim(NAMES[usize::from(*annotator)], NOW, LATER, Basis::default()),
                "it can be handed out"
            );
            self.begin.rows[usize::from(task)] = Row::of(state);
            self.begin.card_mut(*annotator, task).shown = true;
        }
        self
    }

    /// Begins with an annotator who has had this task in view for longer than their lease.
    pub fn still_shown_to(mut self, task: TaskNo, annotator: AnnotatorNo) -> Self {
        self.begin.card_mut(annotator, task).shown = true;
        let row = self.begin.row(task);
        let (mut state, free) = (row.state.clone(), row.free);
        state.previous_holders.push(NAMES[usize::from(annotator)].to_owned());
        self.begin.rows[usize::from(task)] = Row::new(state, free);
        self
    }

    pub fn people(&self) -> u8 {
        u8::try_from(self.says.len()).expect("a few")
    }

    fn people_and_tasks(&self) -> impl Iterator<Item = (AnnotatorNo, TaskNo)> + use<> {
        let tasks = u8::try_from(self.begin.rows.len()).expect("a few");
        (0..self.people()).flat_map(move |annotator| (0..tasks).map(move |task| (annotator, task)))
    }

    /// Whether nothing is going to happen unless something goes wrong.
    pub fn is_at_rest(&self, world: &World) -> bool {
        let mut steps = Vec::new();
        self.ordinary(world, &mut steps);
        steps.is_empty()
    }

    fn chosen(world: &World, daemon: &Daemon, annotator: AnnotatorNo) -> Option<TaskNo> {
        let open =
            |seen: &Option<Seen>| seen.is_some_and(|seen| seen.open_to & (1 << annotator) != 0);
        let next = daemon.seen.iter().position(open).filter(|_| !is_busy(world, annotator))?;
        u8::try_from(next).ok()
    }

    fn ordinary(&self, world: &World, steps: &mut Vec<Step>) {
        for (annotator, task) in self.people_and_tasks() {
            let state = &world.row(task).state;
            let hold = state.held.iter().find(|h| h.annotator == NAMES[usize::from(annotator)]);
            let card = world.card(annotator, task);
            if hold.is_some() && !card.shown {
                steps.push(Step::Recall { annotator, task });
            }
            if hold.is_some_and(|hold| hold.until <= NOW) {
                steps.push(Step::Renew { annotator, task });
                for (daemon, it) in world.daemons.iter().enumerate() {
                    if it.fixture.is_none() {
                        steps.push(Step::Sweep { daemon, task, annotator });
                    }
                }
            }
            for (daemon, it) in world.daemons.iter().enumerate() {
                if it.answer.is_none() {
                    for said in self.to_be_sent(world, annotator, task) {
                        steps.push(Step::Answer { daemon, annotator, task, said });
                    }
                }
            }
        }
        for (daemon, it) in world.daemons.iter().enumerate() {
            for (task, row) in (0..).zip(&world.rows) {
                let truth = Seen::of(&row.state, self.people());
                // The store is read when the leases of the annotator who asks are not remembered.
                let asked = |annotator: AnnotatorNo| {
                    truth.is_some_and(|truth| truth.open_to & (1 << annotator) != 0)
                        && !is_busy(world, annotator)
                        && Self::chosen(world, it, annotator).is_none()
                };
                if it.claim.is_none() && (0..self.people()).any(asked) {
                    steps.push(Step::Look { daemon, task });
                }
                if it.fixture.is_none() && row.state.can_promote_late_answer(&self.rule) {
                    steps.push(Step::Fill { daemon, task });
                }
            }
            for annotator in 0..self.people() {
                if it.claim.is_none() && Self::chosen(world, it, annotator).is_some() {
                    steps.push(Step::Ask { daemon, annotator });
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
    fn to_be_sent(&self, world: &World, annotator: AnnotatorNo, task: TaskNo) -> Vec<AnswerNo> {
        let card = world.card(annotator, task);
        if !card.shown {
            return Vec::new();
        }
        if card.said == 0 {
            return self.says[usize::from(annotator)].clone();
        }
        let waits = |said: &AnswerNo| {
            let unheard = card.said & !card.acknowledged & !card.refused & (1 << said) != 0;
            unheard && !is_under_way(world, annotator, task, *said)
        };
        (0..8).filter(waits).collect()
    }

    fn troubles(&self, world: &World, steps: &mut Vec<Step>) {
        for (annotator, task) in self.people_and_tasks() {
            let state = &world.row(task).state;
            let hold = state.held.iter().find(|h| h.annotator == NAMES[usize::from(annotator)]);
            if let Some(hold) = hold {
                steps.push(Step::Leave { annotator, task });
                if hold.until > NOW {
                    steps.push(Step::LeaseEnds { annotator, task });
                }
            }
            let card = world.card(annotator, task);
            if card.said == 0 {
                continue;
            }
            let usual = self.to_be_sent(world, annotator, task);
            let more = (0..8).zip(&self.verdicts).map(|(said, _)| said).filter(|said| {
                (card.said & (1 << said) != 0 || self.second_thoughts) && !usual.contains(said)
            });
            for said in more {
                for (daemon, it) in world.daemons.iter().enumerate() {
                    if it.answer.is_none() {
                        steps.push(Step::AnswerAgain { daemon, annotator, task, said });
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
        let Undecided { task, annotator, said } = answer;
        let nth = usize::from(task);
        let it = &mut world.daemons[daemon];
        let view = if believing { it.views[nth].take() } else { None };
        let (statement, after) = store::on_belief(self, view, said);
        it.views[nth] = after;
        let (recorded, statement) = if let Some(statement) = statement {
            (AnswerOutcome::Saved, statement)
        } else {
            let before = &world.rows[nth].state;
            let (recorded, after) = store::recorded(self, before, annotator, said);
            if self.plain {
                it.views[nth] = View::of(&after.state);
            }
            if matches!(recorded, AnswerOutcome::Unchanged | AnswerOutcome::Unknown) {
                it.answer = None;
                acknowledge(world.card_mut(annotator, task), said, recorded);
                return;
            }
            (recorded, store::statement(self, before, &after, annotator, recorded))
        };
        it.answer =
            Some(Taking::Sent(Write::Answer { task, annotator, said, recorded, statement }));
    }

    fn say(&self, world: &mut World, daemon: usize, answer: Undecided) {
        world.card_mut(answer.annotator, answer.task).said |= 1 << answer.said;
        self.take(world, daemon, answer, true);
    }

    fn hear(&self, world: &mut World, daemon: usize, kind: Kind) {
        let Some(write) = taken_out(&mut world.daemons[daemon], kind) else { return };
        let found = store::apply(self, world, &write);
        match write {
            Write::Claim { task, annotator } if found => {
                world.card_mut(annotator, task).shown = true;
            }
            // The cached state was wrong: read it again.
            Write::Claim { task, .. } => world.daemons[daemon].seen[usize::from(task)] = None,
            Write::Answer { task, annotator, said, recorded, .. } if found => {
                acknowledge(world.card_mut(annotator, task), said, recorded);
            }
            Write::Answer { task, annotator, said, .. } => {
                world.daemons[daemon].views[usize::from(task)] = None;
                world.daemons[daemon].answer =
                    Some(Taking::Again(Undecided { task, annotator, said }));
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
fn is_busy(world: &World, annotator: AnnotatorNo) -> bool {
    world.cards[usize::from(annotator)].iter().any(|card| card.shown && card.said == 0)
}

fn acknowledge(card: &mut Card, said: AnswerNo, recorded: AnswerOutcome) {
    let heard =
        if recorded == AnswerOutcome::Unknown { &mut card.refused } else { &mut card.acknowledged };
    *heard |= 1 << said;
}

fn is_sent(daemon: &Daemon, kind: Kind) -> bool {
    match kind {
        Kind::Claim => daemon.claim.is_some(),
        Kind::Answer => matches!(daemon.answer, Some(Taking::Sent(_))),
        Kind::Fixture => daemon.fixture.is_some(),
    }
}

fn taken_out(daemon: &mut Daemon, kind: Kind) -> Option<Write> {
    match kind {
        Kind::Claim => daemon.claim.take(),
        Kind::Fixture => daemon.fixture.take(),
        Kind::Answer => match daemon.answer.take() {
            Some(Taking::Sent(write)) => Some(write),
            _ => None,
        },
    }
}

fn is_under_way(world: &World, annotator: AnnotatorNo, task: TaskNo, said: AnswerNo) -> bool {
    world.daemons.iter().any(|daemon| match &daemon.answer {
        Some(Taking::Sent(Write::Answer { task: t, annotator: w, said: s, .. })) => {
            (*t, *w, *s) == (task, annotator, said)
        }
        Some(Taking::Again(again)) => *again == Undecided { task, annotator, said },
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
            Step::Ask { daemon, annotator } => {
                let it = &mut world.daemons[daemon];
                let task = Self::chosen(before, it, annotator)?;
                let seen = &mut it.seen[usize::from(task)];
                *seen = seen.and_then(|seen| seen.without(annotator));
                it.claim = Some(Write::Claim { task, annotator });
            }
            Step::Recall { annotator, task } => world.card_mut(annotator, task).shown = true,
            Step::Answer { daemon, annotator, task, said } => {
                self.say(&mut world, daemon, Undecided { task, annotator, said });
            }
            Step::Reread { daemon } => {
                let Some(Taking::Again(answer)) = world.daemons[daemon].answer else { return None };
                self.take(&mut world, daemon, answer, false);
            }
            Step::Sweep { daemon, task, annotator } => {
                world.daemons[daemon].fixture = Some(Write::Sweep { task, annotator });
            }
            Step::Fill { daemon, task } => {
                let mut after = before.row(task).state.clone();
                after.promote_late_answers(&self.rule, &self.body);
                world.daemons[daemon].fixture =
                    Some(Write::Fill { task, after: Some(Row::of(after)) });
            }
            Step::CarryOut { daemon, kind } => self.hear(&mut world, daemon, kind),
            Step::WashUp { nth } => {
                let write = world.adrift.remove(nth);
                store::apply(self, &mut world, &write);
            }
            Step::Renew { annotator, task } => store::renew(self, &mut world, task, annotator),
            Step::LeaseEnds { annotator, task } => {
                store::end_lease(&mut world, task, annotator);
                world.troubles -= 1;
            }
            Step::Leave { annotator, task } => {
                store::release(self, &mut world, task, annotator);
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
            Step::AnswerAgain { daemon, annotator, task, said } => {
                self.say(&mut world, daemon, Undecided { task, annotator, said });
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
