//! What the store does: each write one atomic step under its guard, as MongoDB's.
//!
//! What a claim, an answer, a release and the end of a lease do to a task is said by
//! [`Ledger`](annotd::allocation::Ledger) alone. Written out here are the guards, the counter of free
//! slots, and the plain writes of answers, which say in the server's words what the ledger decided:
//! each of them is held against what the ledger says of the task at the moment of the write.

use std::sync::Arc;

use annotd::allocation::{Hold, Lane, Ledger, Recorded};
use annotd::task::{Answer, Basis, Millis, Verdict, Version};

use super::steps::{Broken, Setting};
use super::world::{LATER, NAMES, NOW, Row, Said, Statement, View, Which, Who, World, Write};

/// What is said, in full: no two are alike, and each was given a moment after the one before it.
pub fn version(setting: &Setting, said: Said) -> Version {
    Version {
        verdict: verdict(setting, said),
        data: serde_json::Map::new(),
        time_loaded: NOW,
        time_returned: Millis(i64::from(said) + 1),
        basis: Basis::default(),
    }
}

pub fn verdict(setting: &Setting, said: Said) -> Verdict {
    setting.verdicts[usize::from(said)]
}

fn name(who: Who) -> &'static str {
    NAMES[usize::from(who)]
}

fn holds(ledger: &Ledger, who: Who) -> bool {
    ledger.held.iter().any(|hold| hold.annotator == name(who))
}

fn is_among(answers: &[Answer], who: Who) -> bool {
    answers.iter().any(|answer| answer.annotator == name(who))
}

/// The ledger after an answer, and what became of it.
pub fn recorded(setting: &Setting, ledger: &Ledger, who: Who, said: Said) -> (Recorded, Arc<Row>) {
    let mut after = ledger.clone();
    let version = version(setting, said);
    let recorded = after.record(name(who), version, &setting.rule, &setting.body);
    (recorded, Row::of(after))
}

/// The write that carries a decision out: a plain one where nothing but that one answer changes, as
/// in `store/mongo/answers.rs`; otherwise the whole state.
pub fn statement(
    setting: &Setting,
    before: &Ledger,
    after: &Arc<Row>,
    who: Who,
    recorded: Recorded,
) -> Statement {
    let whole = Statement::Whole(Some(Arc::clone(after)));
    let after = &after.ledger;
    let others_stay = (before.wanted, &before.lanes, &before.skipped)
        == (after.wanted, &after.lanes, &after.skipped);
    let compared = setting.rule.compares() && after.lacking() == 0 && recorded == Recorded::Saved;
    if !setting.plain || !others_stay || compared {
        return whole;
    }
    let lanes_unread = setting.broken == Some(Broken::LanesUnread);
    let one_more = |before: &[Answer], after: &[Answer]| before.len() + 1 == after.len();
    let own = |answers: &[Answer]| {
        let own = answers.iter().find(|answer| answer.annotator == name(who));
        own.map(|answer| answer.history.len())
    };
    let late_stay = before.late.len() == after.late.len();
    match (recorded, own(&after.answers), own(&after.late)) {
        (Recorded::Saved, Some(_), _) if one_more(&before.answers, &after.answers) && late_stay => {
            let (left, last) = (before.lacking(), after.finished);
            let held = holds(before, who);
            // Whether it is still for them depends on more than on what they hold.
            if held || lanes_unread { Statement::Counts { held, left, last } } else { whole }
        }
        (Recorded::Late, None, Some(0)) if one_more(&before.late, &after.late) && lanes_unread => {
            Statement::Beside
        }
        (Recorded::Revised, Some(changes), None)
            if before.answers.len() == after.answers.len() && late_stay =>
        {
            Statement::Instead { late: false, earlier: changes - 1 }
        }
        (Recorded::Late, None, Some(changes)) if late_stay && changes > 0 => {
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
    said: Said,
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
pub fn carry_out(setting: &Setting, world: &mut World, write: &Write) -> bool {
    match write {
        Write::Claim { task, who } => claim(setting, world, *task, *who),
        Write::Sweep { task, who } => sweep(setting, world, *task, *who),
        Write::Fill { task, after } => match after {
            Some(after) => {
                put(setting, world, *task, Arc::clone(after));
                true
            }
            None => false,
        },
        Write::Answer { task, who, said, recorded, statement } => {
            let Some(row) = written(setting, world.row(*task), *who, *said, statement) else {
                return false;
            };
            let (should, would_be) = self::recorded(setting, &world.row(*task).ledger, *who, *said);
            world.noted.astray |= should != *recorded || *would_be != *row;
            put(setting, world, *task, row);
            true
        }
    }
}

/// Hands a task out. A claim that is sent again is granted again.
fn claim(setting: &Setting, world: &mut World, task: Which, who: Who) -> bool {
    let row = world.row(task);
    if holds(&row.ledger, who) {
        return true;
    }
    // The guard looks at the counter, so the ledger is asked as if as many slots were free.
    let taken = row.ledger.held.len() + row.ledger.answers.len();
    let mut told = row.ledger.clone();
    told.wanted =
        u32::try_from(i64::try_from(taken).unwrap_or(0) + i64::from(row.free)).unwrap_or(0);
    let mut free = row.free - 1;
    match setting.broken {
        Some(Broken::ClaimsWithoutASlot) if row.free == 0 && !row.ledger.finished => {
            told.wanted += 1;
            free = 0;
        }
        Some(Broken::ClaimsOfThoseWhoSkipped) => told.skipped.clear(),
        _ => {}
    }
    if !told.claim(name(who), NOW, LATER, Basis::default()) {
        return false;
    }
    let mut ledger = row.ledger.clone();
    ledger.held = told.held;
    world.noted.handed_again |= ledger.has_answered(name(who));
    put(setting, world, task, Row::new(ledger, free));
    true
}

/// Takes a task back from one of its holders, unless they have renewed or answered meanwhile.
fn sweep(setting: &Setting, world: &mut World, task: Which, who: Who) -> bool {
    let row = world.row(task);
    let over = |hold: &Hold| hold.annotator == name(who) && hold.until <= NOW;
    let found = row.ledger.held.iter().any(over);
    if !found && setting.broken != Some(Broken::SweepsWhatWasAnswered) {
        return false;
    }
    let mut ledger = row.ledger.clone();
    ledger.release(name(who));
    let row = Row::new(ledger, row.free + 1);
    put(setting, world, task, row);
    true
}

/// Takes a task back from somebody who leaves. Late answers are let in by a later write.
pub fn release(setting: &Setting, world: &mut World, task: Which, who: Who) {
    let row = world.row(task);
    let mut ledger = row.ledger.clone();
    if ledger.release(name(who)) {
        let row = Row::new(ledger, row.free + 1);
        put(setting, world, task, row);
    }
}

/// Renews the lease of somebody who is heard of.
pub fn renew(setting: &Setting, world: &mut World, task: Which, who: Who) {
    let row = world.row(task);
    put(setting, world, task, with_lease_until(row, who, LATER));
}

/// Lets a lease end. Time passes by itself: nothing is written, and what was read of the lease before
/// has ended as well.
pub fn end_lease(world: &mut World, task: Which, who: Who) {
    let row = world.row(task);
    world.rows[usize::from(task)] = with_lease_until(row, who, NOW);
    for after in world.snapshots_of(task).flatten() {
        *after = with_lease_until(after, who, NOW);
    }
}

fn with_lease_until(row: &Row, who: Who, until: Millis) -> Arc<Row> {
    let mut ledger = row.ledger.clone();
    for hold in ledger.held.iter_mut().filter(|hold| hold.annotator == name(who)) {
        hold.until = until;
    }
    Row::new(ledger, row.free)
}

/// The task after the write of an answer, if the guard finds it.
fn written(
    setting: &Setting,
    row: &Row,
    who: Who,
    said: Said,
    statement: &Statement,
) -> Option<Arc<Row>> {
    let mut ledger = row.ledger.clone();
    let mut free = row.free;
    let current = version(setting, said);
    let answer = || Answer {
        annotator: name(who).to_owned(),
        current: current.clone(),
        history: Vec::new(),
    };
    let answered = is_among(&ledger.answers, who);
    let otherwise = is_among(&ledger.skipped, who) || is_among(&ledger.late, who);
    let held = holds(&ledger, who);
    match statement {
        Statement::Whole(after) => return after.clone(),
        Statement::Expected { last, anyone } => {
            let lane = if *anyone { Lane::Anyone } else { Lane::Of(name(who).to_owned()) };
            let as_believed = if *last { ledger.lacking() == 1 } else { ledger.lacking() > 1 }
                || setting.broken == Some(Broken::LeftUnread);
            if !held || answered || !ledger.lanes.contains(&lane) || !as_believed {
                return None;
            }
            ledger.held.retain(|hold| hold.annotator != name(who));
            ledger.answers.push(answer());
            ledger.finished |= *last;
        }
        Statement::Counts { held: was_held, left, last } => {
            let slot = if *was_held { held } else { !held && free > 0 };
            if answered || otherwise || ledger.lacking() != *left || !slot {
                return None;
            }
            ledger.held.retain(|hold| hold.annotator != name(who));
            ledger.answers.push(answer());
            ledger.finished |= *last;
            free -= i8::from(!was_held);
        }
        Statement::Beside => {
            if answered || otherwise || held || free > 0 {
                return None;
            }
            ledger.late.push(answer());
        }
        Statement::Instead { late, earlier } => {
            let list = if *late { &mut ledger.late } else { &mut ledger.answers };
            let own = list
                .iter_mut()
                .find(|answer| answer.annotator == name(who) && answer.history.len() == *earlier)?;
            own.history.push(std::mem::replace(&mut own.current, current));
        }
    }
    Some(Row::new(ledger, free))
}

/// Replaces a task, which raises its `rev`.
fn put(setting: &Setting, world: &mut World, task: Which, row: Arc<Row>) {
    world.noted.reopened |= world.row(task).ledger.finished && !row.ledger.finished;
    world.rows[usize::from(task)] = row;
    if setting.broken == Some(Broken::RevUnread) {
        return;
    }
    for snapshot in world.snapshots_of(task) {
        *snapshot = None;
    }
}
