//! What came of a simulation: figures for each person, each pair, all tasks, and the end.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Setting;
use super::book::Book;
use super::model::{DAY, HOUR, Model, Time};
use super::run::Course;
use crate::allocation::Ledger;

/// What the allocation would do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Forecast {
    /// Everybody on the roster, in its order.
    pub annotators: Vec<Person>,
    /// Any two who come, in the order of the roster. None where no task has two answers.
    pub pairs: Vec<Pair>,
    /// How many tasks get how many answers. Gold is left out.
    pub tasks: Tasks,
    /// Answers that count.
    pub answers: u64,
    /// Answers to gold tasks and repeats.
    pub checks: u64,
    /// Ignores that are no answers.
    pub skipped: u64,
    /// When the last answer comes; nothing if there is none.
    pub end: Option<Moment>,
}

/// A time in the calendar of the simulation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Moment {
    /// The day, from 1.
    pub day: u64,
    /// Hours since the beginning of work on that day.
    pub hours: f64,
}

/// One annotator.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Person {
    /// The name in the roster.
    pub name: String,
    /// Answers that count.
    pub answers: u64,
    /// Answers to gold tasks and repeats.
    pub checks: u64,
    /// Ignores that are no answers.
    pub skipped: u64,
    /// Tasks that were meant for somebody who did not come.
    pub taken_over: u64,
    /// Hours spent on tasks.
    pub hours_worked: f64,
    /// Hours of work until the end in which there was nothing for them.
    pub hours_idle: f64,
    /// Tasks that name them, wait for an answer, and do not get theirs.
    pub left: u64,
}

/// Two annotators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// The first on the roster.
    pub one: String,
    /// The other.
    pub other: String,
    /// Tasks that both have answered.
    pub tasks: u64,
}

/// All tasks but gold.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Tasks {
    /// How many there are.
    pub all: u64,
    /// Gold tasks, which are not among these.
    pub gold: u64,
    /// Those that want nothing more.
    pub finished: u64,
    /// Those that were asked about again because answers disagreed.
    pub further: u64,
    /// Tasks by the answers that they want without any disagreement.
    pub by_planned: BTreeMap<u32, u64>,
    /// Tasks by the answers that they got.
    pub by_answers: BTreeMap<u32, u64>,
    /// Those that stay unfinished, and why: the most frequent first.
    pub unfinished: Vec<Stuck>,
}

/// Tasks that stay unfinished for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stuck {
    /// Why.
    pub reason: Reason,
    /// For whom they wait.
    pub waits_for: Vec<String>,
    /// How many.
    pub tasks: u64,
}

/// Why tasks stay unfinished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// They want more answers than there are people who may give them.
    TooFewPeople,
    /// They name people who do not come, or not long enough.
    NotThere,
    /// Whoever could still answer has reached their quota.
    Quota,
}

pub(super) fn of(
    setting: &Setting,
    model: &Model,
    book: &Book,
    course: &[Course],
    end: Time,
) -> Forecast {
    let people = &setting.rules.people;
    let mut left = vec![0_u64; people.len()];
    let mut pairs = Pairs::new(people.len());
    let mut tasks = Tasks::default();
    let mut stuck: BTreeMap<(Reason, Vec<u32>), u64> = BTreeMap::new();
    let mut coders = Vec::new();
    for task in 0..u32::try_from(book.entries.len()).unwrap_or(u32::MAX) {
        let entry = book.entry(task);
        if entry.gold {
            tasks.gold += 1;
            continue;
        }
        tasks.all += 1;
        tasks.finished += u64::from(entry.finished);
        tasks.further += u64::from(entry.wanted > entry.planned);
        *tasks.by_planned.entry(entry.planned).or_default() += 1;
        *tasks.by_answers.entry(entry.counted).or_default() += 1;
        coders.clear();
        coders.extend(book.coders(task));
        pairs.add(&mut coders);
        if entry.finished {
            continue;
        }
        let awaited: Vec<u32> =
            book.lanes(task).names.iter().copied().filter(|who| !book.had(task, *who)).collect();
        for who in &awaited {
            left[*who as usize] += 1;
        }
        let ledger = book.ledger(task);
        let has_room = |who: &u32| {
            let had = &course[*who as usize];
            let quota = people[*who as usize].quota;
            quota.is_none_or(|quota| had.answers + had.skipped < quota)
        };
        let reason = if awaited.is_empty() || ledger.missing() > 0 {
            reason_of(&ledger, book, task, people.len())
        } else if awaited.iter().any(has_room) {
            Reason::NotThere
        } else {
            Reason::Quota
        };
        *stuck.entry((reason, awaited)).or_default() += 1;
    }
    let name = |who: u32| people[who as usize].name.clone();
    tasks.unfinished = stuck
        .into_iter()
        .map(|((reason, who), tasks)| {
            let waits_for = who.into_iter().map(name).collect();
            Stuck { reason, waits_for, tasks }
        })
        .collect();
    tasks.unfinished.sort_by_key(|stuck| std::cmp::Reverse(stuck.tasks));
    let person = |(index, course): (usize, &Course)| Person {
        name: people[index].name.clone(),
        answers: course.answers,
        checks: course.checks,
        skipped: course.skipped,
        taken_over: course.taken_over,
        hours_worked: hours(course.worked),
        hours_idle: hours(model.habits[index].at_work(end).saturating_sub(course.worked)),
        left: left[index],
    };
    let comes: Vec<bool> = model.habits.iter().map(|habits| habits.at_work(end) > 0).collect();
    let several = tasks.by_answers.keys().any(|answers| *answers > 1);
    let pairs = if several { pairs.of_those_who(&comes, name) } else { Vec::new() };
    Forecast {
        annotators: course.iter().enumerate().map(person).collect(),
        pairs,
        tasks,
        answers: course.iter().map(|course| course.answers).sum(),
        checks: course.iter().map(|course| course.checks).sum(),
        skipped: course.iter().map(|course| course.skipped).sum(),
        end: (end > 0).then(|| Moment { day: end / DAY + 1, hours: hours(end % DAY) }),
    }
}

/// Why a task that waits for nobody in particular, or for too few, is not finished.
fn reason_of(ledger: &Ledger, book: &Book, task: u32, people: usize) -> Reason {
    if ledger.missing() > 0 || !book.lanes(task).anyone {
        return Reason::TooFewPeople;
    }
    let had = ledger.takers().count();
    // Whoever has not had it and came would have taken it.
    if people.saturating_sub(had) >= ledger.lacking() as usize {
        Reason::Quota
    } else {
        Reason::TooFewPeople
    }
}

// Times of thousands of years fit.
#[expect(clippy::cast_precision_loss)]
fn hours(time: Time) -> f64 {
    time as f64 / HOUR as f64
}

/// How many tasks any two have in common: each with all who stand before them.
struct Pairs {
    counts: Vec<Vec<u32>>,
}

impl Pairs {
    fn new(people: usize) -> Self {
        Self { counts: (0..people).map(|who| vec![0; who]).collect() }
    }

    fn add(&mut self, coders: &mut [u32]) {
        coders.sort_unstable();
        for (index, other) in coders.iter().enumerate() {
            for one in &coders[..index] {
                if one != other {
                    self.counts[*other as usize][*one as usize] += 1;
                }
            }
        }
    }

    fn of_those_who(&self, come: &[bool], name: impl Fn(u32) -> String) -> Vec<Pair> {
        let mut pairs = Vec::new();
        let all = (0_u32..).zip(come).filter(|(_, comes)| **comes).map(|(who, _)| who);
        for one in all.clone() {
            for other in all.clone().filter(|other| *other > one) {
                let tasks = self.counts[other as usize][one as usize];
                pairs.push(Pair { one: name(one), other: name(other), tasks: tasks.into() });
            }
        }
        pairs
    }
}
