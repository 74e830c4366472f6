//! The result of a simulation: figures for each annotator, each pair, all tasks, and the end.

use std::collections::BTreeMap;

use serde::Serialize;

use super::SimulationPolicy;
use super::annotator_run::AnnotatorRun;
use super::model::{DAY, HOUR, Model, Time};
use super::task_table::TaskTable;
use crate::allocation::TaskState;

/// What the allocation would do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Forecast {
    /// The annotators of the roster, in its order.
    pub annotators: Vec<AnnotatorForecast>,
    /// All pairs of annotators who come, in the order of the roster. Empty if no task has two
    /// answers.
    pub pairs: Vec<PairForecast>,
    /// How many tasks get how many answers, without gold.
    pub tasks: TaskForecast,
    /// Answers that count.
    pub answers: u64,
    /// Answers to gold tasks and repeats.
    pub checks: u64,
    /// Ignores that do not count as answers.
    pub skipped: u64,
    /// When the last answer comes; `None` if there is none.
    pub end: Option<SimTime>,
}

/// A time in the calendar of the simulation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SimTime {
    /// The day, from 1.
    pub day: u64,
    /// Hours since work began on that day.
    pub hours: f64,
}

/// One annotator.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AnnotatorForecast {
    /// The name in the roster.
    pub name: String,
    /// Answers that count.
    pub answers: u64,
    /// Answers to gold tasks and repeats.
    pub checks: u64,
    /// Ignores that do not count as answers.
    pub skipped: u64,
    /// Tasks that were reassigned from an absent annotator.
    pub taken_over: u64,
    /// Hours spent on tasks.
    pub hours_worked: f64,
    /// Hours at work until the end for which there was no task.
    pub hours_idle: f64,
    /// Tasks that name them and wait for their answer at the end.
    pub left: u64,
}

/// Two annotators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PairForecast {
    /// The first on the roster.
    pub one: String,
    /// The other.
    pub other: String,
    /// Tasks that both have answered.
    pub tasks: u64,
}

/// All tasks but gold.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TaskForecast {
    /// How many there are.
    pub all: u64,
    /// Gold tasks, which are not among these.
    pub gold: u64,
    /// Tasks that want no more answers.
    pub finished: u64,
    /// Tasks for which further answers were asked because answers disagreed.
    pub further: u64,
    /// Tasks by the answers that they want before any disagreement.
    pub by_planned: BTreeMap<u32, u64>,
    /// Tasks by the answers that they got.
    pub by_answers: BTreeMap<u32, u64>,
    /// Tasks that stay unfinished, and why: the most frequent reason first.
    pub unfinished: Vec<UnfinishedTasks>,
}

/// Tasks that stay unfinished for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnfinishedTasks {
    /// Why.
    pub reason: UnfinishedReason,
    /// The annotators for whom they wait.
    pub waits_for: Vec<String>,
    /// How many.
    pub tasks: u64,
}

/// Why tasks stay unfinished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnfinishedReason {
    /// They want more answers than there are annotators who may give them.
    TooFewPeople,
    /// They name annotators who do not come, or not for long enough.
    NotThere,
    /// The annotators who could still answer have reached their quota.
    Quota,
}

pub(super) fn of(
    policy: &SimulationPolicy,
    model: &Model,
    table: &TaskTable,
    annotators: &[AnnotatorRun],
    end: Time,
) -> Forecast {
    let people = &policy.rules.people;
    let mut left = vec![0_u64; people.len()];
    let mut pairs = Pairs::new(people.len());
    let mut tasks = TaskForecast::default();
    let mut stuck: BTreeMap<(UnfinishedReason, Vec<u32>), u64> = BTreeMap::new();
    let mut counted = Vec::new();
    for task in 0..u32::try_from(table.entries.len()).unwrap_or(u32::MAX) {
        let entry = table.entry(task);
        if entry.gold {
            tasks.gold += 1;
            continue;
        }
        tasks.all += 1;
        tasks.finished += u64::from(entry.finished);
        tasks.further += u64::from(entry.wanted > entry.planned);
        *tasks.by_planned.entry(entry.planned).or_default() += 1;
        *tasks.by_answers.entry(entry.counted).or_default() += 1;
        counted.clear();
        counted.extend(table.counted_annotators(task));
        pairs.add(&mut counted);
        if entry.finished {
            continue;
        }
        let pending_named: Vec<u32> =
            table.lanes(task).names.iter().copied().filter(|who| !table.had(task, *who)).collect();
        for who in &pending_named {
            left[*who as usize] += 1;
        }
        let state = table.state(task);
        let has_room = |who: &u32| {
            let had = &annotators[*who as usize];
            let quota = people[*who as usize].quota;
            quota.is_none_or(|quota| had.answers + had.skipped < quota)
        };
        let reason = if pending_named.is_empty() || state.shortfall() > 0 {
            reason_of(&state, table, task, people.len())
        } else if pending_named.iter().any(has_room) {
            UnfinishedReason::NotThere
        } else {
            UnfinishedReason::Quota
        };
        *stuck.entry((reason, pending_named)).or_default() += 1;
    }
    let name = |who: u32| people[who as usize].name.clone();
    tasks.unfinished = stuck
        .into_iter()
        .map(|((reason, who), tasks)| {
            let waits_for = who.into_iter().map(name).collect();
            UnfinishedTasks { reason, waits_for, tasks }
        })
        .collect();
    tasks.unfinished.sort_by_key(|stuck| std::cmp::Reverse(stuck.tasks));
    let annotator = |(index, run): (usize, &AnnotatorRun)| AnnotatorForecast {
        name: people[index].name.clone(),
        answers: run.answers,
        checks: run.checks,
        skipped: run.skipped,
        taken_over: run.taken_over,
        hours_worked: hours(run.worked),
        hours_idle: hours(model.patterns[index].at_work(end).saturating_sub(run.worked)),
        left: left[index],
    };
    let comes: Vec<bool> =
        model.patterns.iter().map(|patterns| patterns.at_work(end) > 0).collect();
    let several = tasks.by_answers.keys().any(|answers| *answers > 1);
    let pairs = if several { pairs.among(&comes, name) } else { Vec::new() };
    Forecast {
        annotators: annotators.iter().enumerate().map(annotator).collect(),
        pairs,
        tasks,
        answers: annotators.iter().map(|run| run.answers).sum(),
        checks: annotators.iter().map(|run| run.checks).sum(),
        skipped: annotators.iter().map(|run| run.skipped).sum(),
        end: (end > 0).then(|| SimTime { day: end / DAY + 1, hours: hours(end % DAY) }),
    }
}

/// Why a task that names no annotators, or too few, is not finished.
fn reason_of(state: &TaskState, table: &TaskTable, task: u32, people: usize) -> UnfinishedReason {
    if state.shortfall() > 0 || !table.lanes(task).anyone {
        return UnfinishedReason::TooFewPeople;
    }
    let had = state.participants().count();
    // An annotator who came and has not had it would have taken it.
    if people.saturating_sub(had) >= state.remaining() as usize {
        UnfinishedReason::Quota
    } else {
        UnfinishedReason::TooFewPeople
    }
}

// Times of thousands of years fit.
#[expect(clippy::cast_precision_loss)]
fn hours(time: Time) -> f64 {
    time as f64 / HOUR as f64
}

/// How many tasks any two annotators have in common: each with all before them in the roster.
struct Pairs {
    counts: Vec<Vec<u32>>,
}

impl Pairs {
    fn new(people: usize) -> Self {
        Self { counts: (0..people).map(|who| vec![0; who]).collect() }
    }

    fn add(&mut self, counted: &mut [u32]) {
        counted.sort_unstable();
        for (index, other) in counted.iter().enumerate() {
            for one in &counted[..index] {
                if one != other {
                    self.counts[*other as usize][*one as usize] += 1;
                }
            }
        }
    }

    fn among(&self, arrive: &[bool], name: impl Fn(u32) -> String) -> Vec<PairForecast> {
        let mut pairs = Vec::new();
        let all = (0_u32..).zip(arrive).filter(|(_, comes)| **comes).map(|(who, _)| who);
        for one in all.clone() {
            for other in all.clone().filter(|other| *other > one) {
                let tasks = self.counts[other as usize][one as usize];
                pairs.push(PairForecast {
                    one: name(one),
                    other: name(other),
                    tasks: tasks.into(),
                });
            }
        }
        pairs
    }
}
