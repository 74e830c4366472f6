//! Names other people for tasks that need them: when the roster has changed, while tasks are short of
//! people because somebody has skipped them, and when the lease of somebody who has left has ended.
//!
//! A look reads everything that is unfinished, so it comes only when the figures say that there is a
//! reason and something has happened since the last one, and takes a small part of the time.

use std::time::{Duration, Instant};

use crate::allocation::PlanPolicy;
use crate::allocator::Allocator;
use crate::config::policies;
use crate::planning;
use crate::roster::Roster;
use crate::store::{Progress, StoreError, Terms};

/// A look may take this part of the time.
const SHARE: u32 = 50;

/// Looks over the unfinished tasks when there is a reason to.
pub(super) struct AllocationReconciler {
    planning: PlanPolicy,
    terms: Terms,
    pause: Duration,
    /// Whether the roster may be another one than at the last look.
    first: bool,
    /// What the figures were at the last look.
    seen: Option<ReplanTriggers>,
}

impl AllocationReconciler {
    pub(super) fn new(roster: &Roster, terms: Terms) -> Self {
        // As often as leases are looked at; nobody waits for this who has anything else to do.
        let lease = roster.allocation.lease;
        let pause = (lease / 10).clamp(Duration::from_millis(500), Duration::from_secs(30));
        Self { planning: policies::plan_policy(roster), terms, pause, first: true, seen: None }
    }

    /// Looks at once, and then whenever there is a reason to, until it is aborted.
    pub(super) async fn run(mut self, allocator: Allocator) {
        loop {
            let began = Instant::now();
            if let Err(error) = self.reconcile(&allocator).await {
                tracing::debug!(%error, "cannot look over the unfinished tasks now");
            }
            tokio::time::sleep(self.pause.max(began.elapsed() * SHARE)).await;
        }
    }

    /// Looks over the unfinished tasks if the roster is another one than the last time; if tasks are
    /// short of people, or wait for somebody who has gone, and anything has happened since.
    async fn reconcile(&mut self, allocator: &Allocator) -> Result<(), StoreError> {
        let now = ReplanTriggers::of(&allocator.progress().await?, &self.planning);
        // A task for anyone that too many have skipped is not known to be short before it is looked at.
        let skipped = self.seen.as_ref().map_or(0, |seen| seen.skipped);
        let waiting = now.short > 0 || now.orphaned != (0, 0) || now.skipped != skipped;
        let short = waiting && self.seen.as_ref() != Some(&now);
        if !self.first && !short {
            return Ok(());
        }
        let store = allocator.store();
        let changed =
            planning::replan_unfinished(&**store, &self.planning, &self.terms, short).await?;
        self.first = false;
        self.seen = Some(now);
        if changed > 0 {
            tracing::info!(
                tasks = changed,
                "tasks are meant for other people now, or want more or fewer answers"
            );
            allocator.notify_tasks_changed().await;
        }
        Ok(())
    }
}

/// What the figures say about reasons for a look.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ReplanTriggers {
    tasks: u64,
    answers: u64,
    skipped: u64,
    short: u64,
    /// What waits for people who are not there, and what they hold.
    orphaned: (u64, u64),
}

impl ReplanTriggers {
    fn of(progress: &Progress, planning: &PlanPolicy) -> Self {
        let there = |name: &String| planning.people.iter().any(|p| p.active && p.name == *name);
        let gone = progress.annotators.iter().filter(|(name, _)| !there(name));
        let orphaned = gone.fold((0, 0), |(named, in_hand), (_, share)| {
            (named + share.named, in_hand + share.in_hand)
        });
        Self {
            tasks: progress.tasks,
            answers: progress.answers,
            skipped: progress.annotators.values().map(|share| share.skipped).sum(),
            short: progress.short,
            orphaned,
        }
    }
}
