//! What the store does: each write one atomic step under its guard, as MongoDB's.
//!
//! What a claim, an answer, a release and the end of a lease do to a task is said by
//! [`TaskState`](annotd::allocation::TaskState) alone. Written out here are the guards, the counter
//! of free slots, and the plain writes of answers, which say in the server's words what the ledger
//! decided: each of them is held against what the ledger says of the task at the moment of the
//! write.

use std::sync::Arc;

use annotd::allocation::{AnswerOutcome, Lane, Lease, TaskState};
use annotd::task::{Answer, Basis, Millis, Verdict, Version};

use super::steps::{Broken, Setting};
use super::world::{
    AnnotatorNo, AnswerNo, LATER, NAMES, NOW, Row, Statement, TaskNo, View, World, Write,
};

/// What is said, in full: no two are alike, and each was given a moment after the one before it.
pub fn version(setting: &Setting, said: AnswerNo) -> Version {
    Version {
        verdict: verdict(setting, said),
        data: serde_json::Map::new(),
        time_loaded: NOW,
        time_returned: Millis(i64::from(said) + 1),
        basis: Basis::default(),
    }
}

pub fn verdict(setting: &Setting, said: AnswerNo) -> Verdict {
    setting.verdicts[usize::from(said)]
}

fn name(annotator: AnnotatorNo) -> &'static str {
    NAMES[usize::from(annotator)]
}

fn holds(state: &TaskState, annotator: AnnotatorNo) -> bool {
    state.held.iter().any(|hold| hold.annotator == name(annotator))
}

fn is_among(answers: &[Answer], annotator: AnnotatorNo) -> bool {
    answers.iter().any(|answer| answer.annotator == name(annotator))
}

/// The ledger after an answer, and what became of it.
pub fn recorded(
    setting: &Setting,
    state: &TaskState,
    annotator: AnnotatorNo,
    said: AnswerNo,
) -> (AnswerOutcome, Arc<Row>) {
    let mut after = state.clone();
    let version = version(setting, said);
    let recorded = after.record(name(annotator), version, &setting.rule, &setting.body);
    (recorded, Row::of(after))
}

/// The write that carries a decision out: a plain one where nothing but that one answer changes, as
/// in `store/mongo/answers.rs`; otherwise the whole state.
pub fn statement(
    setting: &Setting,
    before: &TaskState,
    after: &Arc<Row>,
    annotator: AnnotatorNo,
    recorded: AnswerOutcome,
) -> Statement {
    let whole = Statement::Whole(Some(Arc::clone(after)));
    let after = &after.state;
    let others_stay = (before.wanted, &before.lanes, &before.skipped)
        == (after.wanted, &after.lanes, &after.skipped);
    let compared =
        setting.rule.compares() && after.remaining() == 0 && recorded == AnswerOutcome::Saved;
    if !setting.plain || !others_stay || compared {
        return whole;
    }
    let lanes_unread = setting.broken == Some(Broken::LanesUnread);
    let one_more = |before: &[Answer], after: &[Answer]| before.len() + 1 == after.len();
    let own = |answers: &[Answer]| {
        let own = answers.iter().find(|answer| answer.annotator == name(annotator));
        own.map(|answer| answer.history.len())
    };
    let late_stay = before.late.len() == after.late.len();
    match (recorded, own(&after.answers), own(&after.late)) {
        (AnswerOutcome::Saved, Some(_), _)
            if one_more(&before.answers, &after.answers) && late_stay =>
        {
            let (left, last) = (before.remaining(), after.finished);
            let held = holds(before, annotator);
            // Whether it is still for them depends on more than on what they hold.
            if held || lanes_unread { Statement::Counts { held, left, last } } else { whole }
        }
        (AnswerOutcome::Late, None, Some(0))
            if one_more(&before.late, &after.late) && lanes_unread =>
        {
            Statement::Beside
        }
        (AnswerOutcome::Revised, Some(changes), None)
            if before.answers.len() == after.answers.len() && late_stay =>
        {
            Statement::Instead { late: false, earlier: changes - 1 }
        }
        (AnswerOutcome::Late, None, Some(changes)) if late_stay && changes > 0 => {
            Statement::Instead { late: true, earlier: changes - 1 }
        }
        _ => whole,
    }
}

/// The write of an answer on a belief alone, without reading; none where the belief is not enough.
/// The belief afterwards is the second.
pub fn on_belief(
    setting: &Setting,
    view: Option<View>,
    said: AnswerNo,
) -> (Option<Statement>, Option<View>) {
    let Some(view) = view else { return (None, None) };
    let counts = setting.rule.counts(verdict(setting, said));
    // Where answers are compared, the last one is decided on what is read. So is a skip.
    if !counts || view.left < 1 + u32::from(setting.rule.compares()) {
        return (None, None);
    }
    let after = (view.left > 1).then(|| View { left: view.left - 1, ..view });
    (Some(Statement::Expected { last: view.left <= 1, anyone: view.anyone }), after)
}

/// Carries a write out; says whether it found what its guard asks for.
pub fn apply(setting: &Setting, world: &mut World, write: &Write) -> bool {
    match write {
        Write::Claim { task, annotator } => claim(setting, world, *task, *annotator),
        Write::Sweep { task, annotator } => sweep(setting, world, *task, *annotator),
        Write::Fill { task, after } => match after {
            Some(after) => {
                put(setting, world, *task, Arc::clone(after));
                true
            }
            None => false,
        },
        Write::Answer { task, annotator, said, recorded, statement } => {
            let Some(row) = written(setting, world.row(*task), *annotator, *said, statement) else {
                return false;
            };
            let (should, would_be) =
                self::recorded(setting, &world.row(*task).state, *annotator, *said);
            world.noted.astray |= should != *recorded || *would_be != *row;
            put(setting, world, *task, row);
            true
        }
    }
}

/// Hands a task out. A claim that is sent again is granted again.
fn claim(setting: &Setting, world: &mut World, task: TaskNo, annotator: AnnotatorNo) -> bool {
    let row = world.row(task);
    if holds(&row.state, annotator) {
        return true;
    }
    // The guard looks at the counter, so the ledger is asked as if as many slots were free.
    let taken = row.state.held.len() + row.state.answers.len();
    let mut told = row.state.clone();
    told.wanted =
        u32::try_from(i64::try_from(taken).unwrap_or(0) + i64::from(row.free)).unwrap_or(0);
    let mut free = row.free - 1;
    match setting.broken {
        Some(Broken::ClaimsWithoutASlot) if row.free == 0 && !row.state.finished => {
            told.wanted += 1;
            free = 0;
        }
        Some(Broken::ClaimsOfThoseWhoSkipped) => told.skipped.clear(),
        _ => {}
    }
    if !told.claim(name(annotator), NOW, LATER, Basis::default()) {
        return false;
    }
    let mut state = row.state.clone();
    state.held = told.held;
    world.noted.handed_again |= state.has_answered(name(annotator));
    put(setting, world, task, Row::new(state, free));
    true
}

/// Takes a task back from one of its holders, unless they have renewed or answered meanwhile.
fn sweep(setting: &Setting, world: &mut World, task: TaskNo, annotator: AnnotatorNo) -> bool {
    let row = world.row(task);
    let over = |hold: &Lease| hold.annotator == name(annotator) && hold.until <= NOW;
    let found = row.state.held.iter().any(over);
    if !found && setting.broken != Some(Broken::SweepsWhatWasAnswered) {
        return false;
    }
    let mut state = row.state.clone();
    state.release(name(annotator));
    let row = Row::new(state, row.free + 1);
    put(setting, world, task, row);
    true
}

/// Releases the lease of an annotator who leaves. A later write promotes late answers.
pub fn release(setting: &Setting, world: &mut World, task: TaskNo, annotator: AnnotatorNo) {
    let row = world.row(task);
    let mut state = row.state.clone();
    if state.release(name(annotator)) {
        let row = Row::new(state, row.free + 1);
        put(setting, world, task, row);
    }
}

/// Renews the lease of an annotator who gave a sign.
pub fn renew(setting: &Setting, world: &mut World, task: TaskNo, annotator: AnnotatorNo) {
    let row = world.row(task);
    put(setting, world, task, with_lease_until(row, annotator, LATER));
}

/// Ends a lease. Only time passes: nothing is written, and what was read of the lease before
/// has ended as well.
pub fn end_lease(world: &mut World, task: TaskNo, annotator: AnnotatorNo) {
    let row = world.row(task);
    world.rows[usize::from(task)] = with_lease_until(row, annotator, NOW);
    for after in world.snapshots_of(task).flatten() {
        *after = with_lease_until(after, annotator, NOW);
    }
}

fn with_lease_until(row: &Row, annotator: AnnotatorNo, until: Millis) -> Arc<Row> {
    let mut state = row.state.clone();
    for hold in state.held.iter_mut().filter(|hold| hold.annotator == name(annotator)) {
        hold.until = until;
    }
    Row::new(state, row.free)
}

/// The task after the write of an answer, if the guard finds it.
fn written(
    setting: &Setting,
    row: &Row,
    annotator: AnnotatorNo,
    said: AnswerNo,
    statement: &Statement,
) -> Option<Arc<Row>> {
    let mut state = row.state.clone();
    let mut free = row.free;
    let current = version(setting, said);
    let answer = || Answer {
        annotator: name(annotator).to_owned(),
        current: current.clone(),
        history: Vec::new(),
    };
    let answered = is_among(&state.answers, annotator);
    let otherwise = is_among(&state.skipped, annotator) || is_among(&state.late, annotator);
    let held = holds(&state, annotator);
    match statement {
        Statement::Whole(after) => return after.clone(),
        Statement::Expected { last, anyone } => {
            let lane = if *anyone { Lane::Anyone } else { Lane::Of(name(annotator).to_owned()) };
            let as_believed = if *last { state.remaining() == 1 } else { state.remaining() > 1 }
                || setting.broken == Some(Broken::LeftUnread);
            if !held || answered || !state.lanes.contains(&lane) || !as_believed {
                return None;
            }
            state.held.retain(|hold| hold.annotator != name(annotator));
            state.answers.push(answer());
            state.finished |= *last;
        }
        Statement::Counts { held: was_held, left, last } => {
            let slot = if *was_held { held } else { !held && free > 0 };
            if answered || otherwise || state.remaining() != *left || !slot {
                return None;
            }
            state.held.retain(|hold| hold.annotator != name(annotator));
            state.answers.push(answer());
            state.finished |= *last;
            free -= i8::from(!was_held);
        }
        Statement::Beside => {
            if answered || otherwise || held || free > 0 {
                return None;
            }
            state.late.push(answer());
        }
        Statement::Instead { late, earlier } => {
            let list = if *late { &mut state.late } else { &mut state.answers };
            let own = list.iter_mut().find(|answer| {
                answer.annotator == name(annotator) && answer.history.len() == *earlier
            })?;
            own.history.push(std::mem::replace(&mut own.current, current));
        }
    }
    Some(Row::new(state, free))
}

/// Replaces a task, which raises its `rev`.
fn put(setting: &Setting, world: &mut World, task: TaskNo, row: Arc<Row>) {
    world.noted.reopened |= world.row(task).state.finished && !row.state.finished;
    world.rows[usize::from(task)] = row;
    if setting.broken == Some(Broken::RevUnread) {
        return;
    }
    for snapshot in world.snapshots_of(task) {
        *snapshot = None;
    }
}
