//! Hands out tasks, for all listeners together.
//!
//! Requests that come in while the store is busy wait and are served as one group: for each the
//! next tasks are chosen from the [`QueueCache`], and one call claims them all. A claim that was lost
//! to another process is looked for elsewhere.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::checks::QualityChecks;
use super::held_cache::Revision;
use super::queue_cache::{NextTask, PAGE, QueueCache};
use super::quota::Quotas;
use super::reassignment::Reassignment;
use super::{Batch, Clock, LeasedTask, Reason, Shared};
use crate::allocation::{Lane, Position};
use crate::store::{Claim, HeldTask, Mark, QueuedTask, StoreError};
use crate::task::{Basis, Millis, Task, TaskId};

/// Requests served together at most.
const GROUP: usize = 512;
/// A batch ends with the task with which it has as many bytes: the page asks again before it runs out, and a
/// reply takes neither much memory nor much of a slow line.
const BATCH_BYTES: usize = 8 << 20;
/// Answers from which somebody's place in the queue is found again.
const LAST_ANSWERS: usize = 20;
/// How often a request whose claims were lost is tried again before it goes away with less.
const TRIES: usize = 8;
/// How often it is read again what somebody holds because they answered in that moment.
const REREADS: usize = 5;
/// A lane whose end was reached is not asked again for this long.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(500);
/// The search from the beginning, for somebody who has run out, comes at most this often…
const SEARCH_PAUSE: Duration = Duration::from_secs(2);
/// … and at most this part of the time is spent on it.
const SEARCH_SHARE: u32 = 50;

/// A request for tasks.
pub(super) struct TaskRequest {
    pub(super) annotator: String,
    pub(super) most: usize,
    pub(super) excludes: HashSet<String>,
    pub(super) reply: oneshot::Sender<Result<Batch, Arc<StoreError>>>,
}

/// What the claims' task is told.
pub(super) enum Message {
    TaskRequest(TaskRequest),
    /// Something changed in the store that may have made tasks available.
    TasksChanged,
}

/// A task that was chosen to be claimed, and its place in the queue.
pub(super) type Chosen = (Arc<Task>, Position);

/// A request while it is served.
pub(super) struct PendingRequest {
    pub(super) ask: TaskRequest,
    given: Vec<LeasedTask>,
    claimed: Vec<LeasedTask>,
    /// The length of both.
    bytes: usize,
    failed: Option<Arc<StoreError>>,
}

impl PendingRequest {
    fn lacks(&self) -> usize {
        if self.failed.is_some() || self.bytes >= BATCH_BYTES {
            return 0;
        }
        self.ask.most.saturating_sub(self.given.len() + self.claimed.len())
    }
}

pub(super) struct ClaimLoop {
    pub(super) shared: Arc<Shared>,
    pub(super) queue: QueueCache,
    mark: Option<Mark>,
    /// Ends of lanes that were reached, and when.
    exhausted: HashMap<(String, Lane), Millis>,
    /// Those whose place in the queue is known.
    cursor_restored: HashSet<String>,
    /// When somebody's next search from the beginning may come.
    next_search: HashMap<String, Millis>,
    pub(super) checks: QualityChecks,
    pub(super) quotas: Quotas,
    pub(super) reassignment: Reassignment,
}

impl ClaimLoop {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            queue: QueueCache::default(),
            mark: None,
            exhausted: HashMap::new(),
            cursor_restored: HashSet::new(),
            next_search: HashMap::new(),
            checks: QualityChecks::default(),
            quotas: Quotas::default(),
            reassignment: Reassignment::default(),
        }
    }

    /// Serves until all senders are gone.
    pub(super) async fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        let mut group = Vec::new();
        while messages.recv_many(&mut group, GROUP).await > 0 {
            let mut asks = Vec::with_capacity(group.len());
            let mut look = false;
            for message in group.drain(..) {
                match message {
                    Message::TaskRequest(ask) => asks.push(ask),
                    Message::TasksChanged => look = true,
                }
            }
            if look {
                self.notify_tasks_changed().await;
            }
            if !asks.is_empty() {
                self.serve(asks).await;
            }
        }
    }

    pub(super) fn now(&self) -> Millis {
        (self.shared.clock)()
    }

    /// Asks the store what came back.
    async fn notify_tasks_changed(&mut self) {
        self.exhausted.clear();
        let since = self.mark.unwrap_or_default();
        match self.shared.store.reopened(since).await {
            Ok((tasks, mark)) => {
                self.shared.held.invalidate_reopened(&tasks);
                self.queue.reopen(tasks);
                self.mark = Some(mark);
            }
            Err(error) => tracing::debug!(%error, "cannot see what came back"),
        }
    }

    async fn serve(&mut self, asks: Vec<TaskRequest>) {
        let now = self.now();
        let mut serving = Vec::with_capacity(asks.len());
        for ask in asks {
            serving.push(self.begin(ask, now).await);
        }
        if let Err(error) = self.read_quotas(&serving).await {
            let error = Arc::new(error);
            for request in &mut serving {
                request.failed.get_or_insert_with(|| Arc::clone(&error));
            }
        }
        for _ in 0..TRIES {
            let mut claims = Vec::new();
            for (index, request) in serving.iter_mut().enumerate() {
                // What was chosen before a failure is claimed all the same: the window counts it as
                // taken, and nobody else would be offered it.
                let (tasks, outcome) = self.choose(request, now).await;
                claims.extend(tasks.into_iter().map(|task| (index, task)));
                if let Err(error) = outcome {
                    request.failed = Some(Arc::new(error));
                }
            }
            if claims.is_empty() {
                break;
            }
            let lost = self.claim(&mut serving, claims, now).await;
            self.queue.claimed();
            if !lost {
                break;
            }
        }
        for request in serving {
            self.finish(request).await;
        }
    }

    /// Begins with what the annotator holds already.
    async fn begin(&mut self, ask: TaskRequest, now: Millis) -> PendingRequest {
        let mut serving =
            PendingRequest { ask, given: Vec::new(), claimed: Vec::new(), bytes: 0, failed: None };
        let annotator = &serving.ask.annotator;
        if let Err(error) = self.restore_cursor(annotator).await {
            serving.failed = Some(Arc::new(error));
            return serving;
        }
        let hand = match self.shared.held.of(annotator, now) {
            Some(hand) => hand,
            None => match self.reread(annotator, now).await {
                Ok(hand) => hand,
                Err(error) => {
                    serving.failed = Some(Arc::new(error));
                    return serving;
                }
            },
        };
        let excludes = &serving.ask.excludes;
        let mut wanted = hand
            .into_iter()
            .filter(|held| !excludes.contains(held.task.id.as_str()))
            .filter(|held| !excludes.contains(&held.task.task_hash.to_string()))
            .take(serving.ask.most);
        while serving.bytes < BATCH_BYTES
            && let Some(held) = wanted.next()
        {
            serving.bytes += length_of(&held.task);
            serving.given.push(LeasedTask {
                task: held.task,
                since: held.since,
                basis: held.basis,
            });
        }
        serving
    }

    /// Finds how far somebody had come before this process knew them, from their last answers:
    /// otherwise their first request would walk over everything that they have answered and that
    /// others still may.
    async fn restore_cursor(&mut self, annotator: &str) -> Result<(), StoreError> {
        if self.cursor_restored.contains(annotator) {
            return Ok(());
        }
        let store = &self.shared.store;
        let last = store.history(annotator, None, LAST_ANSWERS).await?;
        let ids: Vec<TaskId> = last.into_iter().map(|past| past.task.id.clone()).collect();
        let records = store.look_up(&ids).await?;
        if let Some(place) = records.iter().flatten().map(|record| record.position).max() {
            for lane in [Lane::Of(annotator.to_owned()), Lane::Anyone] {
                self.queue.advance(annotator, &lane, Position(place.0 + 1));
            }
        }
        self.cursor_restored.insert(annotator.to_owned());
        Ok(())
    }

    /// Reads from the store what somebody holds, and renews what is about to end: they are back.
    async fn reread(&self, annotator: &str, now: Millis) -> Result<Vec<HeldTask>, StoreError> {
        let store = &self.shared.store;
        let until = now + self.shared.lease();
        let mut again = REREADS;
        loop {
            let asked = self.shared.held.revision(annotator);
            let mut hand = store.in_hand(annotator).await?;
            if hand.iter().any(|held| held.until <= now) {
                store.renew(vec![(annotator.to_owned(), until)]).await?;
                hand = store.in_hand(annotator).await?;
            }
            // Where they have answered meanwhile, this may have what they have answered.
            if self.shared.held.set(annotator, &hand, asked) || again == 0 {
                return Ok(hand);
            }
            again -= 1;
        }
    }

    /// Chooses tasks for a request, reading what is missing of the queue. Where that fails, what was
    /// chosen before comes along.
    async fn choose(
        &mut self,
        request: &PendingRequest,
        now: Millis,
    ) -> (Vec<Chosen>, Result<(), StoreError>) {
        let annotator = request.ask.annotator.clone();
        let mut chosen = Vec::new();
        let mut bytes = request.bytes;
        while chosen.len() < request.lacks()
            && bytes < BATCH_BYTES
            && self.quotas.has_quota_left(&annotator)
        {
            let (task, position) = match self.next(&annotator, now).await {
                Ok(Some(next)) => next,
                Ok(None) => break,
                Err(error) => return (chosen, Err(error)),
            };
            self.queue.mark_leased(&annotator, &task.id);
            self.quotas.take(&annotator);
            bytes += length_of(&task);
            chosen.push((task, position));
        }
        (chosen, Ok(()))
    }

    /// The next task of somebody's stream: a task, or in its turn a check; what was meant for
    /// others who do not come, if nothing else is left.
    async fn next(&mut self, annotator: &str, now: Millis) -> Result<Option<Chosen>, StoreError> {
        let Some(task) = self.next_regular(annotator, now).await? else {
            return self.reassign(annotator, now).await;
        };
        if let Some(check) = self.next_check(annotator, now).await? {
            return Ok(Some(check));
        }
        let position = self.queue.position(&task.id).unwrap_or(Position::START);
        Ok(Some((task, position)))
    }

    async fn next_regular(
        &mut self,
        annotator: &str,
        now: Millis,
    ) -> Result<Option<Arc<Task>>, StoreError> {
        let lanes = [Lane::Of(annotator.to_owned()), Lane::Anyone];
        let mut best: Option<Arc<Task>> = self.queue.next_reopened(annotator);
        for lane in &lanes {
            let Some(task) = self.next_in(annotator, lane, now).await? else { continue };
            let earlier = best
                .as_ref()
                .is_none_or(|best| self.queue.position(&task.id) < self.queue.position(&best.id));
            if earlier {
                best = Some(task);
            }
        }
        if best.is_none() && self.may_search(annotator, now) {
            best = self.search(annotator, &lanes, now).await?;
        }
        Ok(best)
    }

    pub(super) async fn next_in(
        &mut self,
        annotator: &str,
        lane: &Lane,
        now: Millis,
    ) -> Result<Option<Arc<Task>>, StoreError> {
        let mut read_a_page = false;
        loop {
            let (lane, after) = match self.queue.next_in(annotator, lane) {
                NextTask::Task(task) => return Ok(Some(task)),
                NextTask::MissingPage { lane, after } => (lane, after),
            };
            let exhausted = (annotator.to_owned(), lane);
            if self
                .exhausted
                .get(&exhausted)
                .is_some_and(|since| now.since(*since) < EXHAUSTED_PAUSE)
            {
                return Ok(None);
            }
            let (_, lane) = &exhausted;
            let store = Arc::clone(&self.shared.store);
            if read_a_page {
                // A whole page had nothing for them: let the store walk, once.
                let Some(position) = store.first_open_to(annotator, lane, after).await? else {
                    self.exhausted.insert(exhausted, now);
                    return Ok(None);
                };
                self.queue.advance(annotator, lane, position);
                read_a_page = false;
                continue;
            }
            let page = store.open_tasks(lane, after, PAGE).await?;
            if page.is_empty() {
                self.exhausted.insert(exhausted, now);
                return Ok(None);
            }
            self.queue.insert_page(lane, after, page);
            read_a_page = true;
        }
    }

    /// Whether somebody who has run out may have the store searched from the beginning.
    fn may_search(&self, annotator: &str, now: Millis) -> bool {
        self.next_search.get(annotator).is_none_or(|next| *next <= now)
    }

    /// Searches all lanes from the beginning: what was missed for whatever reason is found here,
    /// so that nobody is told that nothing is left while something is.
    async fn search(
        &mut self,
        annotator: &str,
        lanes: &[Lane; 2],
        now: Millis,
    ) -> Result<Option<Arc<Task>>, StoreError> {
        let began = self.now();
        self.queue.rewind(annotator);
        let mut found = None;
        for lane in lanes {
            let store = Arc::clone(&self.shared.store);
            let Some(position) = store.first_open_to(annotator, lane, Position::START).await?
            else {
                continue;
            };
            self.queue.advance(annotator, lane, position);
            // The pages in memory do not have it, or it would have been found there: it may be
            // younger than they are.
            let before = Position(position.0 - 1);
            self.queue.insert_page(lane, before, store.open_tasks(lane, before, PAGE).await?);
            self.exhausted.remove(&(annotator.to_owned(), lane.clone()));
            found = self.next_in(annotator, lane, now).await?;
            if found.is_some() {
                break;
            }
        }
        let mark_leased = self.now().since(began);
        if found.is_none() {
            let pause = SEARCH_PAUSE.max(mark_leased * SEARCH_SHARE);
            self.next_search.insert(annotator.to_owned(), self.now() + pause);
            for lane in lanes {
                self.exhausted.insert((annotator.to_owned(), lane.clone()), now);
            }
        }
        Ok(found)
    }

    /// Claims a group in one call; says whether any claim was lost.
    async fn claim(
        &mut self,
        serving: &mut [PendingRequest],
        chosen: Vec<(usize, Chosen)>,
        now: Millis,
    ) -> bool {
        let until = now + self.shared.lease();
        let asked: HashMap<usize, Revision> = chosen
            .iter()
            .map(|(index, _)| (*index, self.shared.held.revision(&serving[*index].ask.annotator)))
            .collect();
        let claims = |basis: Basis| {
            let claim = |(index, (task, _)): &(usize, Chosen)| {
                let annotator = serving[*index].ask.annotator.clone();
                Claim { task: task.id.clone(), annotator, since: now, until, basis }
            };
            chosen.iter().map(claim).collect::<Vec<_>>()
        };
        let (granted, basis) = match self.grant(claims).await {
            Ok(granted) => granted,
            Err(error) => {
                // Nobody knows which of them stand: forget everything that was assumed.
                self.queue = QueueCache::default();
                self.cursor_restored.clear();
                self.checks.forget();
                self.mark = None;
                self.next_search.clear();
                let error = Arc::new(error);
                for (index, _) in chosen {
                    self.shared.held.forget(&serving[index].ask.annotator);
                    serving[index].failed = Some(Arc::clone(&error));
                }
                return false;
            }
        };
        let mut lost = Vec::new();
        for ((index, (task, position)), granted) in chosen.into_iter().zip(granted) {
            let request = &mut serving[index];
            if granted {
                let held = HeldTask { task: Arc::clone(&task), position, since: now, until, basis };
                let asked = asked.get(&index).copied().unwrap_or_default();
                self.shared.held.add(&request.ask.annotator, held, asked);
                request.bytes += length_of(&task);
                request.claimed.push(LeasedTask { task, since: now, basis });
            } else {
                lost.push(task.id.clone());
            }
        }
        if !lost.is_empty() {
            self.refresh(lost).await;
            return true;
        }
        false
    }

    /// Makes claims by the present basis: which were granted, and the basis.
    async fn grant(
        &self,
        claims: impl FnOnce(Basis) -> Vec<Claim>,
    ) -> Result<(Vec<bool>, Basis), StoreError> {
        let basis = self.shared.basis().await?;
        Ok((self.shared.store.claim(claims(basis)).await?, basis))
    }

    /// Learns how tasks really are whose claims were lost.
    async fn refresh(&mut self, tasks: Vec<TaskId>) {
        tracing::debug!(claims = tasks.len(), "claims were lost to another process");
        for task in &tasks {
            self.queue.drop_task(task);
        }
        let Ok(records) = self.shared.store.look_up(&tasks).await else { return };
        let open = records.into_iter().flatten().filter_map(|record| {
            let state = record.state;
            (state.free() > 0).then(|| QueuedTask {
                task: record.task,
                position: record.position,
                free: state.free(),
                participants: state.participants().map(str::to_owned).collect(),
                lanes: state.lanes,
            })
        });
        self.queue.reopen(open.collect());
    }

    async fn finish(&self, request: PendingRequest) {
        let PendingRequest { ask, mut given, claimed, failed, .. } = request;
        given.extend(claimed);
        let result = match failed {
            // What was claimed before the failure is better than nothing.
            Some(error) if given.is_empty() => Err(error),
            _ if given.is_empty() => {
                let reason = if self.quotas.has_quota_left(&ask.annotator) {
                    self.reason(&ask.annotator).await
                } else {
                    // They have had what they are meant to have.
                    Ok(Some(Reason::Done))
                };
                reason.map(|reason| Batch { given, reason })
            }
            _ => Ok(Batch { given, reason: None }),
        };
        let _ = ask.reply.send(result);
    }

    /// Why there is nothing for somebody.
    async fn reason(&self, annotator: &str) -> Result<Option<Reason>, Arc<StoreError>> {
        let waiting = self.shared.store.others_hold(annotator).await.map_err(Arc::new)?;
        Ok(Some(if waiting { Reason::Waiting } else { Reason::Done }))
    }
}

/// How long a task's document is, in bytes.
fn length_of(task: &Task) -> usize {
    task.body.as_str().len()
}

/// Looks what came back and ends leases, at intervals, until the allocator is gone.
pub(super) async fn run_lease_expiry(shared: Arc<Shared>, messages: mpsc::WeakSender<Message>) {
    loop {
        // Often enough that a task comes back soon after its lease, seldom enough to cost nothing.
        let pause = (shared.lease() / 10).clamp(Duration::from_millis(200), Duration::from_secs(5));
        tokio::time::sleep(pause).await;
        let Some(sender) = messages.upgrade() else { return };
        let clock: &Clock = &shared.clock;
        match shared.store.sweep(clock()).await {
            Ok(0) => {}
            Ok(ended) => tracing::info!(tasks = ended, "leases ended; their tasks go to others"),
            Err(error) => tracing::debug!(%error, "cannot end leases now"),
        }
        if sender.send(Message::TasksChanged).await.is_err() {
            return;
        }
    }
}
