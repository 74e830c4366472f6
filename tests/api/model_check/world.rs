//! What there is: the store's tasks, two daemons, messages on their way, and what annotators see.

use std::cmp::Ordering;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use annotd::allocation::{AnswerOutcome, Lane, Lease, TaskState};
use annotd::task::{Answer, Millis};

/// An annotator, by number.
pub type AnnotatorNo = u8;
/// A task, by number.
pub type TaskNo = u8;
/// The answers that an annotator may give to a task, by number.
pub type AnswerNo = u8;

/// Their names in the ledgers.
pub const NAMES: [&str; 5] = ["ann", "bob", "cy", "dee", "eve"];
/// Tasks at most: fixed, so that a world is copied fast.
pub const TASKS: usize = 2;

/// The clock stands still; what ends a lease is [`super::steps::Step::LeaseEnds`].
pub const NOW: Millis = Millis(0);
/// The end of a lease that runs.
pub const LATER: Millis = Millis(1);

/// A task as the store has it.
#[derive(Clone, Debug)]
pub struct Row {
    pub state: TaskState,
    /// Free slots, counted along as MongoDB's document does; claims are guarded by this number.
    pub free: i8,
    print: u64,
}

impl Row {
    pub fn new(mut state: TaskState, free: i8) -> Arc<Self> {
        // Who came first among those who hold a task, or are named for it, means nothing.
        state.held.sort_by(|one, other| one.annotator.cmp(&other.annotator));
        state.lanes.sort();
        let print = print_of_state(&state, free);
        Arc::new(Self { state, free, print })
    }

    pub fn of(state: TaskState) -> Arc<Self> {
        let free = small(state.free());
        Self::new(state, free)
    }
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.print == other.print && self.free == other.free && self.state == other.state
    }
}

impl Eq for Row {}

impl Hash for Row {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.print.hash(state);
    }
}

/// The write of an answer that was decided on what was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Statement {
    /// The whole state, if `rev` is still the same. None once another write has raised it: then
    /// this one finds nothing, whatever it would have written, and states that differ in that alone
    /// are one.
    Whole(Option<Arc<Row>>),
    /// One more answer that counts, on the belief that this is (not) the last one wanted.
    Expected { last: bool, anyone: bool },
    /// One more answer that counts, as was read.
    Counts { held: bool, left: u32, last: bool },
    /// One more late answer, as was read.
    Beside,
    /// Another version of an answer that has been changed so often.
    Instead { late: bool, earlier: usize },
}

/// What is sent to the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Write {
    Claim {
        task: TaskNo,
        annotator: AnnotatorNo,
    },
    Answer {
        task: TaskNo,
        annotator: AnnotatorNo,
        said: AnswerNo,
        recorded: AnswerOutcome,
        statement: Statement,
    },
    Sweep {
        task: TaskNo,
        annotator: AnnotatorNo,
    },
    Fill {
        task: TaskNo,
        after: Option<Arc<Row>>,
    },
}

impl Write {
    fn snapshot_of(&mut self, of: TaskNo) -> Option<&mut Option<Arc<Row>>> {
        match self {
            Self::Answer { task, statement: Statement::Whole(after), .. }
            | Self::Fill { task, after }
                if *task == of =>
            {
                Some(after)
            }
            _ => None,
        }
    }
}

/// What a daemon remembers of a task in its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seen {
    pub free: u8,
    /// To whom it seems open, a bit each.
    pub open_to: u8,
}

impl Seen {
    pub fn of(state: &TaskState, people: u8) -> Option<Self> {
        let free = u8::try_from(state.free()).unwrap_or(u8::MAX);
        let open_to = (0..people)
            .filter(|annotator| state.is_open_to(NAMES[usize::from(*annotator)]))
            .fold(0, |all, annotator| all | 1 << annotator);
        (free > 0).then_some(Self { free, open_to })
    }

    /// After one of them has been chosen for it.
    pub fn without(self, annotator: AnnotatorNo) -> Option<Self> {
        let free = self.free.saturating_sub(1);
        (free > 0).then_some(Self { free, open_to: self.open_to & !(1 << annotator) })
    }
}

/// What a daemon believes about the answers that a task still wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct View {
    pub left: u32,
    pub anyone: bool,
}

impl View {
    pub fn of(state: &TaskState) -> Option<Self> {
        let anyone = state.lanes.contains(&Lane::Anyone);
        let plain = anyone || state.wanted as usize == state.lanes.len();
        (plain && state.remaining() > 0).then(|| Self { left: state.remaining(), anyone })
    }
}

/// An answer whose last write found nothing: the daemon has to read the task again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Undecided {
    pub task: TaskNo,
    pub annotator: AnnotatorNo,
    pub said: AnswerNo,
}

/// What a daemon is doing with an answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Taking {
    Sent(Write),
    Again(Undecided),
}

/// One process. It has one group of claims under way at a time, one of answers, and its
/// house-keeping; here a group is of one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Daemon {
    /// The memory of the queue, a task each.
    pub seen: [Option<Seen>; TASKS],
    /// What is believed of answers that are wanted, a task each.
    pub views: [Option<View>; TASKS],
    pub claim: Option<Write>,
    pub answer: Option<Taking>,
    pub fixture: Option<Write>,
}

impl Daemon {
    pub fn fresh() -> Self {
        Self { seen: [None; TASKS], views: [None; TASKS], claim: None, answer: None, fixture: None }
    }

    pub fn under_way(&mut self) -> impl Iterator<Item = &mut Write> {
        let answer = match &mut self.answer {
            Some(Taking::Sent(write)) => Some(write),
            _ => None,
        };
        self.claim.iter_mut().chain(answer).chain(self.fixture.iter_mut())
    }
}

/// One annotator and one task: what their browser has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Card {
    /// They have been shown it, and may answer it, however long ago that was.
    pub shown: bool,
    /// What they have said, a bit each.
    pub said: u8,
    /// What of that the daemon has said to be stored.
    pub acknowledged: u8,
    /// What of that was refused.
    pub refused: u8,
}

/// What must never happen, noted when it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Noted {
    /// A finished task was unfinished again.
    pub reopened: bool,
    /// A task was handed to an annotator who had answered it.
    pub handed_again: bool,
    /// A write of an answer did something other than [`TaskState::record`] would have done then.
    pub astray: bool,
}

/// Everything.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    pub rows: Vec<Arc<Row>>,
    pub daemons: [Daemon; 2],
    /// Sent by a daemon that no longer waits for it, and not carried out yet.
    pub adrift: Vec<Write>,
    /// By annotator, then by task.
    pub cards: [[Card; TASKS]; NAMES.len()],
    /// How much may still go wrong.
    pub troubles: u8,
    pub noted: Noted,
}

impl World {
    pub fn row(&self, task: TaskNo) -> &Row {
        &self.rows[usize::from(task)]
    }

    pub fn card(&self, annotator: AnnotatorNo, task: TaskNo) -> Card {
        self.cards[usize::from(annotator)][usize::from(task)]
    }

    pub fn card_mut(&mut self, annotator: AnnotatorNo, task: TaskNo) -> &mut Card {
        &mut self.cards[usize::from(annotator)][usize::from(task)]
    }

    /// What was read of a task and is to be written if its `rev` is still the same.
    pub fn snapshots_of(&mut self, task: TaskNo) -> impl Iterator<Item = &mut Option<Arc<Row>>> {
        let sent = self.daemons.iter_mut().flat_map(Daemon::under_way);
        sent.chain(&mut self.adrift).filter_map(move |write| write.snapshot_of(task))
    }

    pub fn set_adrift(&mut self, write: Write) {
        self.adrift.push(write);
        // In which order they were lost says nothing about when they arrive.
        self.adrift.sort_by_cached_key(print_of);
    }

    /// Two worlds that differ only in which daemon is called the first are one.
    pub fn name_daemons(&mut self) {
        let [one, other] = &self.daemons;
        let plain = |daemon: &Daemon| (daemon.seen, daemon.views);
        let order = plain(one).cmp(&plain(other));
        let swap = match order {
            Ordering::Equal if one == other => false,
            Ordering::Equal => print_of(one) > print_of(other),
            order => order == Ordering::Greater,
        };
        if swap {
            self.daemons.swap(0, 1);
        }
    }
}

/// Answers hold JSON, which has no hash of its own. Here they hold none: what is said is told by
/// the verdict and the moment.
fn print_of_state(state: &TaskState, free: i8) -> u64 {
    // All fields are named, so that a new one is thought of.
    let TaskState {
        purpose,
        part,
        bound,
        planned,
        wanted,
        lanes,
        held,
        answers,
        skipped,
        late,
        previous_holders,
        finished,
    } = state;
    let mut hasher = DefaultHasher::new();
    (purpose, part, bound, planned, wanted, lanes, previous_holders, finished, free)
        .hash(&mut hasher);
    for Lease { annotator, since, until, basis } in held {
        (annotator, since.0, until.0, basis).hash(&mut hasher);
    }
    for (list, answers) in [answers, skipped, late].into_iter().enumerate() {
        for Answer { annotator, current, history } in answers {
            (list, annotator, history.len()).hash(&mut hasher);
            for version in history.iter().chain([current]) {
                (version.verdict, version.time_returned.0).hash(&mut hasher);
            }
        }
    }
    hasher.finish()
}

fn print_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn small(number: u32) -> i8 {
    i8::try_from(number).expect("a small number")
}
