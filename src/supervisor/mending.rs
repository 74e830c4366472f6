//! Names other people for tasks that need them: when the roster has changed, and while tasks are
//! short of people because somebody has skipped them.
//!
//! A look reads everything that is unfinished, so it comes only when the figures say that tasks are
//! short or somebody has skipped one, and something has happened since the last look; and it takes a
//! small part of the time.

use std::time::{Duration, Instant};

use crate::allocation::Rules;
use crate::allocator::Allocator;
use crate::dealing::{self, LookedOver};
use crate::roster::Roster;
use crate::rules;
use crate::store::{Progress, Store, StoreError, Terms};
use crate::task::Millis;

/// A look may take this part of the time.
const SHARE: u32 = 50;

/// Looks over the unfinished tasks when there is a reason to.
pub(super) struct Mending {
    planning: Rules,
    terms: Terms,
    pause: Duration,
    next: Instant,
    /// What the figures were at the last look: tasks, answers, skips, short tasks.
    seen: Option<[u64; 4]>,
}

impl Mending {
    pub(super) fn new(roster: &Roster, terms: Terms) -> Self {
        // As often as leases are looked at; nobody waits for this who has anything else to do.
        let lease = roster.allocation.lease;
        let pause = (lease / 10).clamp(Duration::from_millis(500), Duration::from_secs(30));
        let next = Instant::now() + pause;
        Self { planning: rules::planning(roster), terms, pause, next, seen: None }
    }

    /// Looks over the unfinished tasks if the roster is another one than the last time, or if tasks
    /// are short.
    pub(super) async fn look_over(
        &mut self,
        store: &dyn Store,
        short: bool,
        now: Millis,
    ) -> Result<LookedOver, StoreError> {
        let looked = dealing::look_over(store, &self.planning, &self.terms, short, now).await?;
        if looked.changed > 0 {
            tracing::info!(
                tasks = looked.changed,
                "tasks are meant for other people now, or want more or fewer answers"
            );
        }
        Ok(looked)
    }

    /// Until the next look may come.
    pub(super) async fn pause(&self) {
        tokio::time::sleep_until(self.next.into()).await;
    }

    /// Looks over the unfinished tasks if they are short of people and anything has happened since
    /// the last time.
    pub(super) async fn mend(&mut self, allocator: &Allocator) {
        let began = Instant::now();
        if let Err(error) = self.mend_if_short(allocator).await {
            tracing::debug!(%error, "cannot look over the unfinished tasks now");
        }
        self.next = Instant::now() + self.pause.max(began.elapsed() * SHARE);
    }

    async fn mend_if_short(&mut self, allocator: &Allocator) -> Result<(), StoreError> {
        let progress = allocator.progress().await?;
        let now = figures(&progress);
        // A task for anyone is short by its figures only once a look has named people; until then
        // the skips say that it may be.
        let skips = |figures: &[u64; 4]| figures[2];
        let no_new_skips = skips(&now) == self.seen.as_ref().map_or(0, skips);
        if (progress.short == 0 && no_new_skips) || self.seen == Some(now) {
            return Ok(());
        }
        self.seen = Some(now);
        let looked = self.look_over(&**allocator.store(), true, allocator.now()).await?;
        if looked.changed > 0 {
            allocator.look().await;
        }
        Ok(())
    }
}

fn figures(progress: &Progress) -> [u64; 4] {
    let skipped = progress.annotators.values().map(|share| share.skipped).sum();
    [progress.tasks, progress.answers, skipped, progress.short]
}
