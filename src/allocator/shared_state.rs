//! What the allocator's tasks share: the store, and copies of what it holds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::clock::Clock;
use super::editions::Editions;
use super::held_cache::HeldCache;
use super::policy::AllocatorPolicy;
use super::stats_cache::CachedStats;
use crate::allocation::AnswerOutcome;
use crate::store::{Store, StoreError, Submission};
use crate::task::{Basis, Millis};

/// What the handles, the claim loop and the answer loop share.
pub(super) struct SharedState {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Clock,
    pub(super) held: HeldCache,
    pub(super) editions: Editions,
    /// When this process last had a sign of each annotator.
    last_seen: Mutex<HashMap<String, Millis>>,
    stats: Mutex<Option<CachedStats>>,
    /// Why the last answers could not be stored, and when that was.
    last_store_error: Mutex<Option<(Millis, String)>>,
}

impl SharedState {
    pub(super) fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        Self {
            store,
            clock,
            held: HeldCache::default(),
            editions: Editions::default(),
            last_seen: Mutex::default(),
            stats: Mutex::new(None),
            last_store_error: Mutex::new(None),
        }
    }

    pub(super) fn now(&self) -> Millis {
        (self.clock)()
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

    /// The edition and tokenizer by which tasks are handed out under a policy.
    pub(super) async fn basis(&self, policy: &AllocatorPolicy) -> Result<Basis, StoreError> {
        self.editions.basis(&*self.store, &policy.edition).await
    }
}
