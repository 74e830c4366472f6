//! What the allocator's tasks share: the store, the policy in force, and copies of what it holds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use super::clock::Clock;
use super::editions::Editions;
use super::held_cache::HeldCache;
use super::policy::AllocatorPolicy;
use crate::allocation::AnswerOutcome;
use crate::store::{ProjectStats, Store, StoreError, Submission};
use crate::task::{Basis, Millis};

/// The stats as they were last read from the store.
pub(super) struct CachedStats {
    pub(super) read: Millis,
    pub(super) stats: ProjectStats,
}

impl CachedStats {
    /// Counts an answer until the stats are read again. Whether its task named the annotator is not
    /// known here; it is assumed so if any task does.
    fn note_answer(&mut self, annotator: &str) {
        let stats = &mut self.stats;
        let share = stats.annotators.entry(annotator.to_owned()).or_default();
        let left = if share.named > 0 { &mut share.named } else { &mut stats.open_to_anyone };
        *left = left.saturating_sub(1);
        share.answered += 1;
        share.held = share.held.saturating_sub(1);
        stats.answers += 1;
        stats.held = stats.held.saturating_sub(1);
    }
}

/// What the handles, the claim loop and the answer loop share.
pub(super) struct Shared {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Clock,
    pub(super) held: HeldCache,
    pub(super) editions: Editions,
    policy: RwLock<Arc<AllocatorPolicy>>,
    /// When this process last had a sign of each annotator.
    last_seen: Mutex<HashMap<String, Millis>>,
    stats: Mutex<Option<CachedStats>>,
    /// Why the last answers could not be stored, and when that was.
    last_store_error: Mutex<Option<(Millis, String)>>,
}

impl Shared {
    pub(super) fn new(store: Arc<dyn Store>, clock: Clock, policy: AllocatorPolicy) -> Self {
        Self {
            store,
            clock,
            held: HeldCache::default(),
            editions: Editions::default(),
            policy: RwLock::new(Arc::new(policy)),
            last_seen: Mutex::default(),
            stats: Mutex::new(None),
            last_store_error: Mutex::new(None),
        }
    }

    pub(super) fn now(&self) -> Millis {
        (self.clock)()
    }

    pub(super) fn policy(&self) -> Arc<AllocatorPolicy> {
        Arc::clone(&self.policy.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn set_policy(&self, policy: AllocatorPolicy) {
        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
    }

    pub(super) fn lease(&self) -> Duration {
        self.policy().lease
    }

    /// Notes a sign of an annotator.
    pub(super) fn touch(&self, annotator: &str, now: Millis) {
        let mut seen = self.last_seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(annotator.to_owned(), now);
    }

    pub(super) fn last_seen(&self, annotator: &str) -> Option<Millis> {
        self.last_seen.lock().unwrap_or_else(PoisonError::into_inner).get(annotator).copied()
    }

    pub(super) fn stats(&self) -> MutexGuard<'_, Option<CachedStats>> {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes why answers could not be stored; `None` if they were.
    pub(super) fn note_store_error(&self, error: Option<&StoreError>) {
        let error = error.map(|error| (self.now(), error.to_string()));
        *self.last_store_error.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }

    pub(super) fn last_store_error(&self) -> Option<(Millis, String)> {
        self.last_store_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Updates the held cache and the stats after answers were stored.
    pub(super) fn note(&self, answers: &[Submission], outcomes: &[AnswerOutcome]) {
        let mut stats = self.stats();
        for (answer, outcome) in answers.iter().zip(outcomes) {
            self.held.remove(&answer.annotator, &answer.task);
            if *outcome == AnswerOutcome::Saved
                && let Some(stats) = stats.as_mut()
            {
                stats.note_answer(&answer.annotator);
            }
        }
    }

    /// The edition and tokenizer by which tasks are handed out now.
    pub(super) async fn basis(&self) -> Result<Basis, StoreError> {
        self.editions.basis(&*self.store, &self.policy().edition).await
    }

    /// Renews the leases of those annotators who have one that is half over.
    pub(super) async fn renew_if_due(
        &self,
        annotators: &[&str],
        now: Millis,
    ) -> Result<(), StoreError> {
        let half = now + self.lease() / 2;
        let due: Vec<&str> =
            annotators.iter().copied().filter(|name| self.held.ends_before(name, half)).collect();
        if due.is_empty() {
            return Ok(());
        }
        self.renew(&due, now).await
    }

    /// Renews all leases of these annotators.
    pub(super) async fn renew(&self, annotators: &[&str], now: Millis) -> Result<(), StoreError> {
        let until = now + self.lease();
        let renewals = annotators.iter().map(|name| ((*name).to_owned(), until)).collect();
        self.store.renew(renewals).await?;
        let now = self.now();
        for annotator in annotators {
            self.held.renewed(annotator, until, now);
        }
        Ok(())
    }
}
