//! Replans unfinished tasks when the roster has changed, when skips leave tasks short of
//! annotators, and when the lease of a removed annotator has ended.
//!
//! A run reads every unfinished task. So it comes only if the stats give a reason and have changed
//! since the last run, and runs take a small part of the time.

use std::time::{Duration, Instant};

use super::configuration::Configuration;
use crate::allocation::PlanPolicy;
use crate::allocator::Allocator;
use crate::planning;
use crate::store::{ProjectStats, StoreError, StorePolicy};

/// The pause after a run is this many times as long as the run.
const PAUSE_FACTOR: u32 = 50;

/// Replans unfinished tasks when there is a reason to.
pub(super) struct AllocationReconciler {
    plan_policy: PlanPolicy,
    store_policy: StorePolicy,
    min_pause: Duration,
    /// Whether the roster may have changed since the last run.
    roster_changed: bool,
    last_triggers: Option<ReplanTriggers>,
}

impl AllocationReconciler {
    pub(super) fn new(configuration: &Configuration) -> Self {
        // As often as leases are checked; tasks that wait for a run are not urgent.
        let lease = configuration.roster().allocation.lease;
        Self {
            plan_policy: configuration.plan_policy.clone(),
            store_policy: configuration.store_policy.clone(),
            min_pause: (lease / 10).clamp(Duration::from_millis(500), Duration::from_secs(30)),
            roster_changed: true,
            last_triggers: None,
        }
    }

    /// Replans at once, and then whenever there is a reason to, until it is aborted.
    pub(super) async fn run(mut self, allocator: Allocator) {
        loop {
            let began = Instant::now();
            if let Err(error) = self.reconcile(&allocator).await {
                tracing::debug!(%error, "cannot replan the unfinished tasks now");
            }
            tokio::time::sleep(self.min_pause.max(began.elapsed() * PAUSE_FACTOR)).await;
        }
    }

    /// Replans if the roster has changed since the last run; or if tasks are short of annotators,
    /// wait for one who is gone, or were skipped, and the stats have changed since.
    async fn reconcile(&mut self, allocator: &Allocator) -> Result<(), StoreError> {
        let now = ReplanTriggers::of(&allocator.progress().await?, &self.plan_policy);
        // A task for anyone that too many have skipped is known to be short only after a run.
        let skipped = self.last_triggers.as_ref().map_or(0, |last| last.skipped);
        let has_reason = now.short > 0 || now.orphaned != (0, 0) || now.skipped != skipped;
        let short = has_reason && self.last_triggers.as_ref() != Some(&now);
        if !self.roster_changed && !short {
            return Ok(());
        }
        let (store, store_policy) = (allocator.store(), &self.store_policy);
        let changed =
            planning::replan_unfinished(&**store, &self.plan_policy, store_policy, short).await?;
        self.roster_changed = false;
        self.last_triggers = Some(now);
        if changed > 0 {
            tracing::info!(
                tasks = changed,
                "tasks were assigned to other annotators, or need more or fewer answers"
            );
            allocator.notify_tasks_changed().await;
        }
        Ok(())
    }
}

/// The stats that a run depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ReplanTriggers {
    tasks: u64,
    answers: u64,
    skipped: u64,
    short: u64,
    /// Tasks that name annotators who are not active, and tasks leased to them.
    orphaned: (u64, u64),
}

impl ReplanTriggers {
    fn of(progress: &ProjectStats, policy: &PlanPolicy) -> Self {
        let is_active =
            |name: &String| policy.people.iter().any(|one| one.active && one.name == *name);
        let gone = progress.annotators.iter().filter(|(name, _)| !is_active(name));
        let orphaned = gone
            .fold((0, 0), |(named, leased), (_, stats)| (named + stats.named, leased + stats.held));
        Self {
            tasks: progress.tasks,
            answers: progress.answers,
            skipped: progress.annotators.values().map(|stats| stats.skipped).sum(),
            short: progress.short,
            orphaned,
        }
    }
}
