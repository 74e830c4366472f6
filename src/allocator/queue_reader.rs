//! Finds the next task of an annotator: in the queue cache, and in the store where the cache ends.
//!
//! The cache is consulted first. Where a page is missing, it is read; where a whole page has no
//! task for the annotator, the store looks for the next one in a single call. An annotator who has
//! run out has the store searched from the start now and then, so that "nothing is left" is true
//! when it is said.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::clock::Clock;
use super::queue_cache::{NextTask, PAGE, QueueCache};
use crate::allocation::{Lane, Position};
use crate::store::{QueuedTask, ReopenCursor, Store, StoreError};
use crate::task::{Millis, Task, TaskId};

/// Answers from which an annotator's cursor is restored.
const LAST_ANSWERS: usize = 20;
/// A lane whose end was reached is not read again for this long.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(500);
/// The search from the start, for an annotator who has run out, comes at most this often …
const SEARCH_PAUSE: Duration = Duration::from_secs(2);
/// … and takes at most this part of the time.
const SEARCH_SHARE: u32 = 50;

/// A task that may be claimed, and its position in the queue.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) task: Arc<Task>,
    pub(super) position: Position,
}

/// Reads the queue for all annotators.
pub(super) struct QueueReader {
    store: Arc<dyn Store>,
    clock: Clock,
    cache: QueueCache,
    /// Up to where the store's list of reopened tasks was read.
    reopened: Option<ReopenCursor>,
    /// When an annotator reached the end of a lane.
    exhausted: HashMap<(String, Lane), Millis>,
    /// The annotators whose cursor was restored.
    cursor_restored: HashSet<String>,
    /// When the store may next be searched from the start for an annotator.
    next_search: HashMap<String, Millis>,
}

impl QueueReader {
    pub(super) fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        Self {
            store,
            clock,
            cache: QueueCache::default(),
            reopened: None,
            exhausted: HashMap::new(),
            cursor_restored: HashSet::new(),
            next_search: HashMap::new(),
        }
    }

    /// Forgets everything that is known of the queue.
    pub(super) fn reset(&mut self) {
        self.cache = QueueCache::default();
        self.cursor_restored.clear();
        self.reopened = None;
        self.next_search.clear();
    }

    /// Reads from the store which tasks were reopened since the last time. The caller adds them
    /// with [`QueueReader::mark_reopened`].
    pub(super) async fn read_reopened(&mut self) -> Result<Vec<QueuedTask>, StoreError> {
        self.exhausted.clear();
        let (tasks, reopened) = self.store.reopened(self.reopened.unwrap_or_default()).await?;
        self.reopened = Some(reopened);
        Ok(tasks)
    }

    /// Adds reopened tasks.
    pub(super) fn mark_reopened(&mut self, tasks: Vec<QueuedTask>) {
        self.cache.mark_reopened(tasks);
    }

    /// Restores an annotator's cursor from their last answers. Otherwise the first request after a
    /// start would walk over everything that they have answered and that others still may.
    pub(super) async fn restore_cursor(&mut self, annotator: &str) -> Result<(), StoreError> {
        if self.cursor_restored.contains(annotator) {
            return Ok(());
        }
        let last = self.store.history(annotator, None, LAST_ANSWERS).await?;
        let ids: Vec<TaskId> = last.into_iter().map(|past| past.task.id.clone()).collect();
        let records = self.store.look_up(&ids).await?;
        if let Some(furthest) = records.iter().flatten().map(|record| record.position).max() {
            for lane in [Lane::Of(annotator.to_owned()), Lane::Anyone] {
                self.cache.advance(annotator, &lane, Position(furthest.0 + 1));
            }
        }
        self.cursor_restored.insert(annotator.to_owned());
        Ok(())
    }

    /// The next regular task: of the reopened ones and both lanes, the first in the queue.
    pub(super) async fn next_regular(
        &mut self,
        annotator: &str,
        now: Millis,
    ) -> Result<Option<Candidate>, StoreError> {
        let lanes = [Lane::Of(annotator.to_owned()), Lane::Anyone];
        let reopened = self.cache.next_reopened(annotator);
        let mut best = reopened.map(|task| self.candidate(task));
        for lane in &lanes {
            let Some(found) = self.next_in(annotator, lane, now).await? else { continue };
            if best.as_ref().is_none_or(|best| found.position < best.position) {
                best = Some(found);
            }
        }
        if best.is_none() && self.may_search(annotator, now) {
            best = self.search(annotator, &lanes, now).await?;
        }
        Ok(best)
    }

    /// The next task of one lane.
    pub(super) async fn next_in(
        &mut self,
        annotator: &str,
        lane: &Lane,
        now: Millis,
    ) -> Result<Option<Candidate>, StoreError> {
        let mut read_a_page = false;
        loop {
            let (lane, after) = match self.cache.next_in(annotator, lane) {
                NextTask::Task(task) => return Ok(Some(self.candidate(task))),
                NextTask::MissingPage { lane, after } => (lane, after),
            };
            let key = (annotator.to_owned(), lane);
            let since = self.exhausted.get(&key);
            if since.is_some_and(|since| now.since(*since) < EXHAUSTED_PAUSE) {
                return Ok(None);
            }
            let (_, lane) = &key;
            if read_a_page {
                // A whole page had nothing for this annotator: the store walks on, in one call.
                let first = self.store.first_queued_for(annotator, lane, after).await?;
                let Some(position) = first else {
                    self.exhausted.insert(key, now);
                    return Ok(None);
                };
                self.cache.advance(annotator, lane, position);
                read_a_page = false;
                continue;
            }
            let page = self.store.queued_tasks(lane, after, PAGE).await?;
            if page.is_empty() {
                self.exhausted.insert(key, now);
                return Ok(None);
            }
            self.cache.insert_page(lane, after, page);
            read_a_page = true;
        }
    }

    /// The first task of a lane that the store finds for an annotator, whatever their cursor.
    pub(super) async fn first_from_start(
        &mut self,
        annotator: &str,
        lane: &Lane,
    ) -> Result<Option<Candidate>, StoreError> {
        let first = self.store.first_queued_for(annotator, lane, Position::START).await?;
        let Some(position) = first else { return Ok(None) };
        let page = self.store.queued_tasks(lane, position.just_before(), 1).await?;
        let Some(queued) = page.into_iter().next() else { return Ok(None) };
        let candidate = self.insert(queued);
        // The store does not know yet which tasks were chosen for the annotator a moment ago.
        let open = self.cache.is_open_to(&candidate.task.id, annotator);
        Ok(open.then_some(candidate))
    }

    /// Whether the store may be searched for an annotator who has run out.
    fn may_search(&self, annotator: &str, now: Millis) -> bool {
        self.next_search.get(annotator).is_none_or(|next| *next <= now)
    }

    /// Searches all lanes from the start. It finds what was missed for whatever reason, so that no
    /// annotator is told that nothing is left while something is.
    async fn search(
        &mut self,
        annotator: &str,
        lanes: &[Lane; 2],
        now: Millis,
    ) -> Result<Option<Candidate>, StoreError> {
        let began = (self.clock)();
        self.cache.rewind(annotator);
        let mut found = None;
        for lane in lanes {
            let first = self.store.first_queued_for(annotator, lane, Position::START).await?;
            let Some(position) = first else { continue };
            self.cache.advance(annotator, lane, position);
            // The cached pages do not have it, or it would have been found there: they may be
            // older.
            let before = position.just_before();
            let page = self.store.queued_tasks(lane, before, PAGE).await?;
            self.cache.insert_page(lane, before, page);
            self.exhausted.remove(&(annotator.to_owned(), lane.clone()));
            found = self.next_in(annotator, lane, now).await?;
            if found.is_some() {
                break;
            }
        }
        if found.is_none() {
            let ended = (self.clock)();
            let pause = SEARCH_PAUSE.max(ended.since(began) * SEARCH_SHARE);
            self.next_search.insert(annotator.to_owned(), ended + pause);
            for lane in lanes {
                self.exhausted.insert((annotator.to_owned(), lane.clone()), now);
            }
        }
        Ok(found)
    }

    /// Adds a task that was found outside the pages.
    pub(super) fn insert(&mut self, queued: QueuedTask) -> Candidate {
        let candidate = Candidate { task: Arc::clone(&queued.task), position: queued.position };
        self.cache.insert(queued);
        candidate
    }

    /// Notes that a task was chosen for an annotator and will be claimed.
    pub(super) fn mark_leased(&mut self, annotator: &str, task: &TaskId) {
        self.cache.mark_leased(annotator, task);
    }

    /// Notes that all chosen tasks were claimed: from now on the store knows.
    pub(super) fn claimed(&mut self) {
        self.cache.claimed();
    }

    /// Reads the tasks again whose claims were lost.
    pub(super) async fn refresh(&mut self, tasks: Vec<TaskId>) {
        for task in &tasks {
            self.cache.drop_task(task);
        }
        let Ok(records) = self.store.look_up(&tasks).await else { return };
        let open = records.into_iter().flatten().filter(|record| record.state.free() > 0);
        self.cache.mark_reopened(open.map(QueuedTask::from).collect());
    }

    fn candidate(&self, task: Arc<Task>) -> Candidate {
        let position = self.cache.position(&task.id).unwrap_or(Position::START);
        Candidate { task, position }
    }
}
