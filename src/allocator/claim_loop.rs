//! Hands out tasks to all listeners.
//!
//! Requests that arrive while the store is busy wait and are served as one group: for each request
//! the next tasks are chosen, and one call claims them all. A claim that another process won is
//! replaced by the next task.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::checks::QualityChecks;
use super::held_cache::Revision;
use super::policy::AllocatorPolicy;
use super::queue_reader::{Candidate, QueueReader};
use super::quota::Quotas;
use super::reassignment::Reassignment;
use super::shared_state::SharedState;
use super::{Batch, LeasedTask, Reason};
use crate::store::{Claim, HeldTask, StoreError};
use crate::task::{Millis, Task, TaskId};

/// Requests that are served together at most.
const GROUP: usize = 512;
/// A batch ends with the task with which it reaches this many bytes. The page asks again before it
/// runs out, and a reply takes neither much memory nor much of a slow line.
const BATCH_BYTES: usize = 8 << 20;
/// How often a request whose claims were lost is tried again before it gets fewer tasks.
const TRIES: usize = 8;
/// How often the leases of an annotator are read again because an answer arrived during the read.
const REREADS: usize = 5;

/// A request for tasks.
pub(super) struct TaskRequest {
    pub(super) annotator: String,
    /// The policy that was in force when it arrived.
    pub(super) policy: Arc<AllocatorPolicy>,
    /// The most tasks that are given.
    pub(super) most: usize,
    /// Identities or task hashes of tasks that the annotator has in view.
    pub(super) excludes: HashSet<String>,
    pub(super) reply: oneshot::Sender<Result<Batch, Arc<StoreError>>>,
}

/// What the claim loop receives.
pub(super) enum Message {
    TaskRequest(TaskRequest),
    /// Something changed in the store that may have opened tasks.
    TasksChanged,
}

/// A request while it is served.
struct PendingRequest {
    request: TaskRequest,
    /// Tasks that the annotator held before.
    held: Vec<LeasedTask>,
    claimed: Vec<LeasedTask>,
    /// The length of both.
    bytes: usize,
    failed: Option<Arc<StoreError>>,
}

impl PendingRequest {
    /// How many tasks are still to be found.
    fn lacks(&self) -> usize {
        if self.failed.is_some() || self.bytes >= BATCH_BYTES {
            return 0;
        }
        self.request.most.saturating_sub(self.held.len() + self.claimed.len())
    }
}

/// The one task of a process that claims.
pub(super) struct ClaimLoop {
    shared: Arc<SharedState>,
    queue: QueueReader,
    checks: QualityChecks,
    quotas: Quotas,
    reassignment: Reassignment,
}

impl ClaimLoop {
    pub(super) fn new(shared: Arc<SharedState>) -> Self {
        let queue = QueueReader::new(Arc::clone(&shared.store), Arc::clone(&shared.clock));
        Self {
            shared,
            queue,
            checks: QualityChecks::default(),
            quotas: Quotas::default(),
            reassignment: Reassignment::default(),
        }
    }

    /// Serves until all senders are gone.
    pub(super) async fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        let mut group = Vec::new();
        while messages.recv_many(&mut group, GROUP).await > 0 {
            let mut requests = Vec::with_capacity(group.len());
            let mut changed = false;
            for message in group.drain(..) {
                match message {
                    Message::TaskRequest(request) => requests.push(request),
                    Message::TasksChanged => changed = true,
                }
            }
            if changed {
                self.read_reopened().await;
            }
            if !requests.is_empty() {
                self.serve(requests).await;
            }
        }
    }

    async fn read_reopened(&mut self) {
        match self.queue.read_reopened().await {
            Ok(tasks) => {
                self.shared.held.invalidate_reopened(&tasks);
                self.queue.mark_reopened(tasks);
            }
            Err(error) => tracing::debug!(%error, "cannot read which tasks were reopened"),
        }
    }

    async fn serve(&mut self, requests: Vec<TaskRequest>) {
        let now = self.shared.now();
        let mut pending = Vec::with_capacity(requests.len());
        for request in requests {
            pending.push(self.begin(request, now).await);
        }
        let annotators = pending
            .iter()
            .map(|PendingRequest { request, .. }| (&*request.annotator, &*request.policy));
        match Quotas::read(&self.shared, annotators).await {
            Ok(quotas) => self.quotas = quotas,
            Err(error) => {
                self.quotas = Quotas::default();
                let error = Arc::new(error);
                for one in &mut pending {
                    one.failed.get_or_insert_with(|| Arc::clone(&error));
                }
            }
        }
        for _ in 0..TRIES {
            let mut chosen = Vec::new();
            for (index, one) in pending.iter_mut().enumerate() {
                // Claim what was chosen before an error; the queue cache already marks it as taken.
                let (candidates, outcome) = self.choose(one, now).await;
                chosen.extend(candidates.into_iter().map(|candidate| (index, candidate)));
                if let Err(error) = outcome {
                    one.failed = Some(Arc::new(error));
                }
            }
            if chosen.is_empty() {
                break;
            }
            let lost = self.claim(&mut pending, chosen, now).await;
            self.queue.claimed();
            if !lost {
                break;
            }
        }
        for one in pending {
            self.finish(one).await;
        }
    }

    /// Begins a request with the tasks that the annotator holds already.
    async fn begin(&mut self, request: TaskRequest, now: Millis) -> PendingRequest {
        let mut pending = PendingRequest {
            request,
            held: Vec::new(),
            claimed: Vec::new(),
            bytes: 0,
            failed: None,
        };
        let annotator = &pending.request.annotator;
        if let Err(error) = self.queue.restore_cursor(annotator).await {
            pending.failed = Some(Arc::new(error));
            return pending;
        }
        let held = match self.shared.held.of(annotator, now) {
            Some(held) => held,
            None => {
                match read_held(&self.shared, annotator, pending.request.policy.lease, now).await {
                    Ok(held) => held,
                    Err(error) => {
                        pending.failed = Some(Arc::new(error));
                        return pending;
                    }
                }
            }
        };
        let excludes = &pending.request.excludes;
        let mut wanted = held
            .into_iter()
            .filter(|held| !excludes.contains(held.task.id.as_str()))
            .filter(|held| !excludes.contains(&held.task.task_hash.to_string()))
            .take(pending.request.most);
        while pending.bytes < BATCH_BYTES
            && let Some(held) = wanted.next()
        {
            pending.bytes += length_of(&held.task);
            pending.held.push(LeasedTask::from(&held));
        }
        pending
    }

    /// Chooses tasks for a request. If reading the queue fails, the tasks chosen before are
    /// returned with the error.
    async fn choose(
        &mut self,
        pending: &PendingRequest,
        now: Millis,
    ) -> (Vec<Candidate>, Result<(), StoreError>) {
        let annotator = &pending.request.annotator;
        let mut chosen = Vec::new();
        let mut bytes = pending.bytes;
        while chosen.len() < pending.lacks()
            && bytes < BATCH_BYTES
            && self.quotas.has_quota_left(annotator)
        {
            let candidate = match self.next(&pending.request, now).await {
                Ok(Some(candidate)) => candidate,
                Ok(None) => break,
                Err(error) => return (chosen, Err(error)),
            };
            self.queue.mark_leased(annotator, &candidate.task.id);
            self.quotas.take(annotator);
            bytes += length_of(&candidate.task);
            chosen.push(candidate);
        }
        (chosen, Ok(()))
    }

    /// The next task of an annotator: a check if one is due, otherwise a regular task. If no
    /// regular task is left, a task of an absent annotator.
    async fn next(
        &mut self,
        TaskRequest { annotator, policy, .. }: &TaskRequest,
        now: Millis,
    ) -> Result<Option<Candidate>, StoreError> {
        let Self { shared, queue, checks, reassignment, .. } = self;
        let Some(regular) = queue.next_regular(annotator, now).await? else {
            let record = reassignment.next(shared, policy, annotator, now).await?;
            return Ok(record.map(|record| queue.insert(record.into())));
        };
        let check = checks.next(shared, queue, policy, annotator, now).await?;
        Ok(Some(check.unwrap_or(regular)))
    }

    /// Claims the chosen tasks of a group in one call. Returns whether any claim was lost.
    async fn claim(
        &mut self,
        pending: &mut [PendingRequest],
        chosen: Vec<(usize, Candidate)>,
        now: Millis,
    ) -> bool {
        let asked: HashMap<usize, Revision> = chosen
            .iter()
            .map(|(index, _)| {
                (*index, self.shared.held.revision(&pending[*index].request.annotator))
            })
            .collect();
        let (granted, claims) = match grant(&self.shared, pending, &chosen, now).await {
            Ok(granted) => granted,
            Err(error) => {
                // The outcome is unknown: drop the cached state.
                self.queue.reset();
                self.checks.forget();
                let error = Arc::new(error);
                for (index, _) in chosen {
                    self.shared.held.forget(&pending[index].request.annotator);
                    pending[index].failed = Some(Arc::clone(&error));
                }
                return false;
            }
        };
        let mut lost: Vec<TaskId> = Vec::new();
        for (((index, Candidate { task, position }), granted), claim) in
            chosen.into_iter().zip(granted).zip(claims)
        {
            let one = &mut pending[index];
            if granted {
                let Claim { until, basis, .. } = claim;
                let held = HeldTask { task, position, since: now, until, basis };
                one.bytes += length_of(&held.task);
                one.claimed.push(LeasedTask::from(&held));
                let asked = asked.get(&index).copied().unwrap_or_default();
                self.shared.held.add(&one.request.annotator, held, asked);
            } else {
                lost.push(task.id.clone());
            }
        }
        if lost.is_empty() {
            return false;
        }
        tracing::debug!(claims = lost.len(), "claims were lost to another process");
        self.queue.refresh(lost).await;
        true
    }

    /// Replies to a request.
    async fn finish(&self, pending: PendingRequest) {
        let PendingRequest { request, held: mut given, claimed, failed, .. } = pending;
        given.extend(claimed);
        let result = match failed {
            // Tasks that were claimed before the error are better than none.
            Some(error) if given.is_empty() => Err(error),
            _ if given.is_empty() => {
                let reason = if self.quotas.has_quota_left(&request.annotator) {
                    self.reason(&request.annotator).await
                } else {
                    Ok(Reason::Done)
                };
                reason.map(|reason| Batch { given, reason: Some(reason) })
            }
            _ => Ok(Batch { given, reason: None }),
        };
        let _ = request.reply.send(result);
    }

    /// Why there is no task for an annotator.
    async fn reason(&self, annotator: &str) -> Result<Reason, Arc<StoreError>> {
        let waiting =
            self.shared.store.has_tasks_held_by_others(annotator).await.map_err(Arc::new)?;
        Ok(if waiting { Reason::Waiting } else { Reason::Done })
    }
}

/// Reads from the store what an annotator holds. Leases that have just ended are renewed: the
/// annotator is back.
async fn read_held(
    shared: &SharedState,
    annotator: &str,
    lease: Duration,
    now: Millis,
) -> Result<Vec<HeldTask>, StoreError> {
    let store = &shared.store;
    let until = now + lease;
    let mut rereads = REREADS;
    loop {
        let asked = shared.held.revision(annotator);
        let mut held = store.held_by(annotator).await?;
        if held.iter().any(|held| held.until <= now) {
            store.renew(vec![(annotator.to_owned(), until)]).await?;
            held = store.held_by(annotator).await?;
        }
        // If an answer arrived in the meantime, this may contain the task that it answered.
        if shared.held.set(annotator, &held, asked) || rereads == 0 {
            return Ok(held);
        }
        rereads -= 1;
    }
}

/// Claims chosen tasks, each by the policy of its request. Returns which claims were granted, and
/// the claims.
async fn grant(
    shared: &SharedState,
    pending: &[PendingRequest],
    chosen: &[(usize, Candidate)],
    now: Millis,
) -> Result<(Vec<bool>, Vec<Claim>), StoreError> {
    let mut claims = Vec::with_capacity(chosen.len());
    for (index, candidate) in chosen {
        let TaskRequest { annotator, policy, .. } = &pending[*index].request;
        claims.push(Claim {
            task: candidate.task.id.clone(),
            annotator: annotator.clone(),
            since: now,
            until: now + policy.lease,
            basis: shared.basis(policy).await?,
        });
    }
    Ok((shared.store.claim(claims.clone()).await?, claims))
}

/// The length of a task's JSON in bytes.
fn length_of(task: &Task) -> usize {
    task.body.as_str().len()
}
