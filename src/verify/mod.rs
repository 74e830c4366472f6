//! `annotd verify`: the stored data against every invariant, by name.
//!
//! A walk over all tasks, page by page. The store says of each page whether what it keeps beside
//! its facts follows from them ([`audit`](crate::store::audit)), and here every task is held
//! against the invariants that need no engine:
//!
//! - *exact*, *once*, *held-once*, *eligible*, *finished*: [`invariants::check`]; *once* also for a
//!   repeat, which only an annotator who has answered the first may have;
//! - *idempotent*: no annotator is among the answers of a task twice;
//! - *deterministic* and *untouched*, as `identity`: the task's identity and hashes are those that
//!   its content gives, so it has not been changed since it was loaded;
//! - *split*: the mixture over the whole project, and the counts it rests upon
//!   (`allocation_record.rs`);
//! - `edition`: the editions of the roster that leases and answers name are kept;
//! - *alive*: a lease that has ended long ago, which is only worth knowing, since a daemon that
//!   does not run takes nothing back.
//!
//! *durable* cannot be seen from what is there.
//!
//! Rejected: checks as queries in the engine's language. They would say twice what the rules of
//! allocation say in one place, and once for each engine.

mod counters;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use crate::allocation::invariants::{self, Invariant};
use crate::allocation::{Lane, PlanPolicy, Purpose, TaskState};
use crate::identity::Identity;
use crate::store::audit::{AuditOptions, AuditedPage, Finding, Outcome, PageRequest, PageToken};
use crate::store::{Record, Store, StoreError, StorePolicy};
use crate::task::{Millis, Task, TaskId};

/// Tasks looked over at a time.
const PAGE: usize = 500;
/// A running daemon takes back what is held beyond its time within a few seconds.
const MARGIN: Duration = Duration::from_secs(300);

/// What to look for.
#[derive(Clone, Copy, Debug)]
pub struct VerifyOptions<'a> {
    /// The rules by which tasks were planned.
    pub rules: &'a PlanPolicy,
    /// How they settle, and where they stand.
    pub policy: &'a StorePolicy,
    /// How the project tells tasks apart.
    pub identity: &'a Identity,
    /// Whether to put right what can be derived.
    pub repair: bool,
    /// Now.
    pub now: Millis,
    /// Findings of each kind that are kept in full.
    pub shown: usize,
}

/// The findings of one name.
#[derive(Clone, Debug, Default)]
pub struct FindingGroup {
    /// How many there are, notes aside.
    pub found: u64,
    /// How many of them remain.
    pub remain: u64,
    /// How many of those a repair would put right.
    pub repairable: u64,
    /// The first of them, notes included.
    pub first: Vec<Finding>,
    /// How many there are, notes included.
    pub all: u64,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct VerifyReport {
    /// Tasks looked over.
    pub tasks: u64,
    /// By name.
    pub kinds: BTreeMap<&'static str, FindingGroup>,
    shown: usize,
}

impl VerifyReport {
    fn take(&mut self, finding: Finding) {
        let kind = self.kinds.entry(finding.breaks).or_default();
        kind.all += 1;
        kind.found += u64::from(finding.outcome != Outcome::Note);
        kind.remain += u64::from(finding.outcome.remains());
        kind.repairable += u64::from(finding.outcome == Outcome::Repairable);
        if kind.first.len() < self.shown {
            kind.first.push(finding);
        }
    }

    fn sum(&self, of: impl Fn(&FindingGroup) -> u64) -> u64 {
        self.kinds.values().map(of).sum()
    }

    /// Findings, notes aside.
    pub fn found(&self) -> u64 {
        self.sum(|kind| kind.found)
    }

    /// Findings that remain.
    pub fn remain(&self) -> u64 {
        self.sum(|kind| kind.remain)
    }

    /// Findings that remain and could be repaired.
    pub fn repairable(&self) -> u64 {
        self.sum(|kind| kind.repairable)
    }
}

/// Looks over everything. `seen` hears of the tasks of each page.
///
/// # Errors
/// If the store fails. What was repaired before stays so.
pub async fn verify(
    store: &dyn Store,
    options: VerifyOptions<'_>,
    mut seen: impl FnMut(u64),
) -> Result<VerifyReport, StoreError> {
    let unknown = |editions: &BTreeMap<u32, String>, record: &Record| -> Option<u32> {
        let mut named = editions_of(&record.state);
        named.find(|number| *number != 0 && !editions.contains_key(number))
    };
    store.set_policy(options.policy.clone());
    let mut report = VerifyReport { shown: options.shown, ..VerifyReport::default() };
    let before = counters::before(store).await?;
    let order = before.stands(&options).then_some(options.policy.order);
    let how = AuditOptions { repair: options.repair, order };
    let mut counting = counters::Counting::new(options.rules);
    let mut editions = store.editions().await?;
    let mut after: Option<PageToken> = None;
    loop {
        let page = store.audit(PageRequest { after, limit: PAGE }, how).await?;
        seen(page.tasks);
        report.tasks += page.tasks;
        let firsts = firsts(store, &page.records).await?;
        if page.records.iter().any(|record| unknown(&editions, record).is_some()) {
            // It may have come since.
            editions = store.editions().await?;
        }
        for record in &page.records {
            if let Some(number) = unknown(&editions, record) {
                let says = format!("it names the roster's edition {number}, which is not kept");
                let task = Some(record.task.id.clone());
                report.take(Finding {
                    breaks: "edition",
                    task,
                    says,
                    outcome: Outcome::Unrepairable,
                });
            }
            counting.note(record);
            check(record, &options, &page, &firsts, &mut report);
        }
        for finding in page.findings {
            report.take(finding);
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    for finding in store.audit_whole(how).await? {
        report.take(finding);
    }
    for finding in counters::check(store, &options, before, counting).await? {
        report.take(finding);
    }
    Ok(report)
}

/// The editions by which a task was handed out and answered; 0 is from before they were kept.
fn editions_of(state: &TaskState) -> impl Iterator<Item = u32> {
    let answers = state.answers.iter().chain(&state.skipped).chain(&state.late);
    let versions = answers.flat_map(|answer| answer.history.iter().chain([&answer.current]));
    let held = state.held.iter().map(|hold| hold.basis.edition);
    held.chain(versions.map(|version| version.basis.edition))
}

/// The tasks that the repeats of a page repeat, as far as they are there and can be read.
async fn firsts(
    store: &dyn Store,
    records: &[Record],
) -> Result<HashMap<TaskId, Option<TaskState>>, StoreError> {
    let ids: Vec<TaskId> = records
        .iter()
        .filter_map(|record| match &record.state.purpose {
            Purpose::Repeat(first) => Some(first.clone()),
            _ => None,
        })
        .collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    match store.look_up(&ids).await {
        Ok(found) => Ok(ids
            .into_iter()
            .zip(found)
            .map(|(id, record)| (id, record.map(|record| record.state)))
            .collect()),
        Err(error) if error.is_unavailable() => Err(error),
        // One of them cannot be read, which is a finding of its own; the rest is left for next
        // time.
        Err(_) => Ok(HashMap::new()),
    }
}

/// Holds one task against the invariants.
fn check(
    record: &Record,
    options: &VerifyOptions<'_>,
    page: &AuditedPage,
    firsts: &HashMap<TaskId, Option<TaskState>>,
    report: &mut VerifyReport,
) {
    let Record { task, state, .. } = record;
    let mut find = |breaks, says: String, outcome| {
        report.take(Finding { breaks, task: Some(task.id.clone()), says, outcome });
    };
    let derived = Outcome::derived(page.repaired.contains(&task.id));
    let remaining = invariants::check(&invariants::repaired(state));
    for broken in invariants::check(state) {
        let outcome = if remaining.contains(&broken) { Outcome::Unrepairable } else { derived };
        find(broken.name(), in_words(broken, state), outcome);
    }
    let twice = twice(
        state.answers.iter().chain(&state.skipped).chain(&state.late).map(|a| a.annotator.as_str()),
    );
    if !twice.is_empty() {
        let says = format!("{} answered more than once", twice.join(" and "));
        find("idempotent", says, Outcome::Unrepairable);
    }
    if let Some(says) = identity(options.identity, task, state) {
        find("identity", says, Outcome::Unrepairable);
    }
    if let Purpose::Repeat(first) = &state.purpose {
        for name in state.names() {
            let says = match firsts.get(first) {
                Some(Some(state)) if !state.has_answered(name) => {
                    format!("it repeats {first} for {name}, who has not answered that")
                }
                Some(None) => format!("it repeats {first}, which is not there"),
                _ => continue,
            };
            find(Invariant::Once.name(), says, Outcome::Unrepairable);
        }
    }
    for hold in &state.held {
        if hold.until + MARGIN < options.now {
            let says = format!(
                "{} holds it since {}, and the lease ended at {}; a daemon that runs takes it back",
                hold.annotator, hold.since, hold.until
            );
            find("alive", says, Outcome::Note);
        }
    }
}

fn twice<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut once = HashSet::new();
    let mut twice: Vec<&str> = names.filter(|name| !once.insert(*name)).collect();
    twice.sort_unstable();
    twice.dedup();
    twice
}

/// How a task breaks an invariant.
fn in_words(broken: Invariant, state: &TaskState) -> String {
    let count = |number: usize, one: &str, more: &str| match number {
        1 => format!("1 {one}"),
        number => format!("{number} {more}"),
    };
    let answers = count(state.answers.len(), "answer", "answers");
    let wanted = state.wanted;
    match broken {
        Invariant::Exact => format!("{answers}, {wanted} wanted"),
        Invariant::HeldOnce => {
            let holds = count(state.held.len(), "hold", "holds");
            format!("{answers} and {holds}, {wanted} wanted")
        }
        Invariant::Once => {
            let names = twice(state.participants()).join(" and ");
            format!("{names} holds it or has answered it more than once")
        }
        Invariant::Eligible => {
            let mut names: Vec<&str> = state
                .participants()
                .filter(|who| !state.admits(who) && !state.is_late(who))
                .collect();
            names.sort_unstable();
            names.dedup();
            format!("it is not meant for {}, who holds it or has answered it", names.join(" and "))
        }
        Invariant::Finished => {
            let state = if state.finished { "it is finished" } else { "it is not finished" };
            format!("{state}: {answers}, {wanted} wanted")
        }
    }
}

/// What is wrong with the identity of a task, if no reading of it is in order.
fn identity(identity: &Identity, task: &Task, state: &TaskState) -> Option<String> {
    let mut first = None;
    for made in identity.readings(&task.body) {
        let says = misidentified(&made, task, state)?;
        first.get_or_insert(says);
    }
    first.or_else(|| Some("its hashes are none".to_owned()))
}

fn misidentified(made: &Task, task: &Task, state: &TaskState) -> Option<String> {
    if (made.input_hash, made.task_hash) != (task.input_hash, task.task_hash) {
        return Some("its hashes are not those of its content: it has been changed".to_owned());
    }
    let id = match &state.purpose {
        Purpose::Repeat(first) if *first != made.id => {
            return Some(format!(
                "it should repeat {first}, and its content is that of {}",
                made.id
            ));
        }
        Purpose::Repeat(_) => match &state.lanes[..] {
            [Lane::Of(name)] => made.repeated_for(name).id,
            _ => return Some("it is a repeat, and is not for one annotator".to_owned()),
        },
        Purpose::Regular | Purpose::Gold => made.id.clone(),
    };
    (id != task.id).then(|| format!("its content is that of {id}: it has been changed"))
}
