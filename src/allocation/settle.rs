//! The decision after an answer: whether a task is finished or wants more.
//!
//! [`settle_by`] applies the project's [`SettlePolicy`]: what an ignore is worth, and whom to ask
//! when the answers disagree.
//!
//! The answers that a task was planned for must all agree; otherwise `extra` more are asked for.
//! When these have arrived, **a majority ends it**, as they were asked to decide. Without one,
//! `extra` more are asked for again, until there are `max`. So "two, and a third where they
//! disagree" is `annotations = 2`, `extra = 1`, `max = 3`.
//!
//! A task is settled only when an answer arrives that it was waiting for. A revision of an answer
//! to a finished task does not reopen it: a finished task stays finished.
//!
//! Rejected: asking until all agree, since a third answer does not make two others agree. Also
//! rejected: asking as soon as two of five disagree, since the other three arrive anyway.

use super::Lane;
use super::choices::Ignore;
use super::profile::{AnnotatorProfile, requires};
use super::task_state::TaskState;
use crate::agreement::{Consensus, Similarity, consensus};
use crate::task::{Renamed, TaskJson, Verdict, Version};

/// The part of the rules that is applied when an answer arrives.
#[derive(Clone, Debug, PartialEq)]
pub struct SettlePolicy {
    /// What an ignore is worth.
    pub ignore: Ignore,
    /// Whom to ask when answers disagree; `None` asks no one.
    pub escalation: Option<EscalationRule>,
    /// How two answers are compared.
    pub measure: Similarity,
    /// Renamed labels: an old name and its new one are equal.
    pub renamed: Renamed,
    /// Two answers agree from this likeness on: 0 to 1, where 1 is exactly the same.
    pub threshold: f64,
    /// The annotators of the roster, in its order.
    pub people: Vec<AnnotatorProfile>,
}

impl Default for SettlePolicy {
    /// Every answer counts, and the count decides.
    fn default() -> Self {
        Self {
            ignore: Ignore::Answer,
            escalation: None,
            measure: Similarity::Verdict,
            renamed: Renamed::default(),
            threshold: 1.0,
            people: Vec::new(),
        }
    }
}

/// Whom to ask when answers disagree, and for how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EscalationRule {
    /// How many more answers are asked for each time; 0 asks for none.
    pub extra: u32,
    /// How many answers that count there may be in all.
    pub max: u32,
    /// The annotators who are asked. Empty: any who may have the task.
    pub by: Vec<String>,
}

/// The decision about a task after an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// Not all answers that are wanted have arrived.
    Open,
    /// No more answers are wanted.
    Finished,
    /// The answers disagree: further ones are wanted.
    More {
        /// Answers wanted in all, more than before.
        wanted: u32,
        /// The lanes from now on: the participants, and the annotators who are asked.
        lanes: Vec<Lane>,
    },
}

impl SettlePolicy {
    /// Whether an answer fills a slot of its task.
    pub fn counts(&self, verdict: Verdict) -> bool {
        verdict != Verdict::Ignore || self.ignore == Ignore::Answer
    }

    /// Whether answers are compared with each other.
    pub fn compares(&self) -> bool {
        self.escalation.is_some()
    }
}

/// How far the answers to a task agree, with the present names of their labels.
fn opinion_of(policy: &SettlePolicy, task: &TaskJson, state: &TaskState) -> Consensus {
    let versions = state.answers.iter().map(|answer| &answer.current);
    if policy.renamed.is_empty() {
        return consensus(&policy.measure, policy.threshold, task, versions);
    }
    let renamed: Vec<Version> =
        versions.map(|version| policy.renamed.version(task, version).into_owned()).collect();
    consensus(&policy.measure, policy.threshold, &policy.renamed.task(task), &renamed)
}

/// Decides from a task's answers, including the newest, what it still wants.
///
/// Only [`TaskState::answers`] are compared. Late answers are not: they arrived when the task was
/// full.
///
/// Some tasks ask certain annotators only: the adjudicators (`by`), or those whom the task itself
/// names. Then the number is capped by the eligible ones who have not had the task. If there is
/// none, the task is finished, disagreement or not. An eligible annotator is active and has the
/// required tags. If anyone may be asked and no one is eligible, the task waits.
pub fn settle_by(policy: &SettlePolicy, task: &TaskJson, state: &TaskState) -> Settlement {
    let wanted = state.wanted;
    if state.answers.len() < wanted as usize {
        return Settlement::Open;
    }
    let Some(escalation) = &policy.escalation else {
        return Settlement::Finished;
    };
    let mut extra = escalation.extra.min(escalation.max.saturating_sub(wanted));
    if extra == 0 {
        return Settlement::Finished;
    }
    let settled = match opinion_of(policy, task, state) {
        Consensus::Single | Consensus::Unanimous => true,
        Consensus::Majority => wanted > state.planned,
        Consensus::Split => false,
    };
    if settled {
        return Settlement::Finished;
    }
    let requires = requires(task);
    let may = |name: &str| {
        // A policy without annotators accepts every name.
        policy.people.is_empty()
            || policy.people.iter().any(|person| person.name == name && person.may(&requires))
    };
    let fresh =
        |name: &&str| !state.participants().any(|participant| participant == *name) && may(name);
    let certain: Option<Vec<&str>> = if !escalation.by.is_empty() {
        Some(escalation.by.iter().map(String::as_str).filter(fresh).collect())
    } else if state.bound {
        Some(state.names().filter(fresh).collect())
    } else {
        None
    };
    // Annotators whose answers are late have no part in it.
    let had = state.participants().filter(|name| !state.is_late(name));
    let mut lanes: Vec<Lane> = had.map(|name| Lane::Of(name.to_owned())).collect();
    match certain {
        Some(people) => {
            extra = extra.min(u32::try_from(people.len()).unwrap_or(u32::MAX));
            lanes.extend(people.into_iter().map(|name| Lane::Of(name.to_owned())));
        }
        None => {
            let people = policy.people.iter().map(|person| person.name.as_str()).filter(fresh);
            let people: Vec<Lane> = people.map(|name| Lane::Of(name.to_owned())).collect();
            // If too few are left, they are named, so that the task's shortfall is visible.
            let enough = people.len() >= extra as usize || policy.people.is_empty();
            if requires.is_empty() && enough {
                lanes = vec![Lane::Anyone];
            } else {
                lanes.extend(people);
            }
        }
    }
    if extra == 0 {
        return Settlement::Finished;
    }
    Settlement::More { wanted: wanted + extra, lanes }
}

#[cfg(test)]
mod tests;
