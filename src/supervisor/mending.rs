//! Names other people for tasks that need them: when the roster has changed, while tasks are short of
//! people because somebody has skipped them, and when the lease of somebody who has left has ended.
//!
//! A look reads everything that is unfinished, so it comes only when the figures say that there is a
//! reason and something has happened since the last one, and takes a small part of the time.

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
    /// What the figures were at the last look.
    seen: Option<Figures>,
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

    /// Looks over the unfinished tasks if they are short of people, or wait for somebody who has
    /// gone, and anything has happened since the last time.
    pub(super) async fn mend(&mut self, allocator: &Allocator) {
        let began = Instant::now();
        if let Err(error) = self.mend_if_short(allocator).await {
            tracing::debug!(%error, "cannot look over the unfinished tasks now");
        }
        self.next = Instant::now() + self.pause.max(began.elapsed() * SHARE);
    }

    async fn mend_if_short(&mut self, allocator: &Allocator) -> Result<(), StoreError> {
        let progress = allocator.progress().await?;
        let now = Figures::of(&progress, &self.planning);
        if (now.short == 0 && now.of_the_gone == (0, 0)) || self.seen.as_ref() == Some(&now) {
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

/// What the figures say about reasons for a look.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Figures {
    tasks: u64,
    answers: u64,
    skipped: u64,
    short: u64,
    /// What waits for people who are not there, and what they hold.
    of_the_gone: (u64, u64),
}

impl Figures {
    fn of(progress: &Progress, planning: &Rules) -> Self {
        let there = |name: &String| planning.people.iter().any(|p| p.active && p.name == *name);
        let gone = progress.annotators.iter().filter(|(name, _)| !there(name));
        let of_the_gone = gone.fold((0, 0), |(named, in_hand), (_, share)| {
            (named + share.named, in_hand + share.in_hand)
        });
        Self {
            tasks: progress.tasks,
            answers: progress.answers,
            skipped: progress.annotators.values().map(|share| share.skipped).sum(),
            short: progress.short,
            of_the_gone,
        }
    }
}
