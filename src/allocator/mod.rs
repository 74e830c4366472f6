//! The one part of a process that all listeners ask for tasks and hand answers to.
//!
//! It gathers the requests that are waiting, and claims or stores for all annotators in one call of
//! the store. They share the round trip and the sync, and annotators of one process do not race
//! each other for the head of the queue. Two loops run in parallel, so two groups are in work at a
//! time: `claim_loop.rs` hands out tasks, `answers.rs` stores answers.
//!
//! The claim loop owns the state of handing out. It asks its parts in turn, and each gets only what
//! it needs: `queue_reader.rs` finds the next task (in `queue_cache.rs` or the store), `checks.rs`
//! says whether a check is due instead, `quota.rs` when an annotator has had enough, and
//! `reassignment.rs` takes over the tasks of an absent annotator. `shared_state.rs` has what both
//! loops know: the held cache, the stats. Leases are extended in `lease_renewal.rs`, and end in
//! `lease_expiry.rs`.
//!
//! A request has its policy from its arrival to its reply ([`Allocator::with_policy`]). Requests of
//! one group may have different ones while the roster is replaced.
//!
//! Rejected: a claim per request straight to the store, which is what every other system does and
//! what makes 64 annotators slower than 8 (`docs/decisions/0003-allocator.md`).

mod answers;
mod checks;
mod claim_loop;
mod clock;
mod editions;
mod held_cache;
mod lease_expiry;
mod lease_renewal;
mod lease_status;
mod policy;
mod queue_cache;
mod queue_reader;
mod quota;
mod reassignment;
mod shared_state;
mod stats_cache;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use self::answers::AnswerBatch;
use self::claim_loop::{ClaimLoop, Message, TaskRequest};
pub use self::clock::{Clock, system_clock};
pub use self::lease_status::LeaseStatus;
pub use self::policy::{AllocatorPolicy, PolicySource};
use self::shared_state::SharedState;
use self::stats_cache::CachedStats;
use crate::allocation::AnswerOutcome;
use crate::store::{
    HeldTask, HistoryCursor, PastAnswer, ProjectStats, Store, StoreError, Submission,
};
use crate::task::{Basis, Millis, Task, TaskId};

/// Requests that wait in the allocator; further ones wait in their listener.
const QUEUE: usize = 4096;
/// How long a failure to store answers counts as a sign that the next ones will fail, too. Pages
/// send theirs again four times within it.
const STORE_ERROR_MEMORY: Duration = Duration::from_secs(60);
/// Stats older than this are read again.
const STATS_TTL: Duration = Duration::from_secs(1);

/// A task with its lease, as it goes to a page.
#[derive(Clone, Debug)]
pub struct LeasedTask {
    /// The task.
    pub task: Arc<Task>,
    /// When it was handed out.
    pub since: Millis,
    /// The edition and tokenizer by which it was handed out.
    pub basis: Basis,
}

impl From<&HeldTask> for LeasedTask {
    fn from(held: &HeldTask) -> Self {
        Self { task: Arc::clone(&held.task), since: held.since, basis: held.basis }
    }
}

/// A task that an annotator may answer, and what is known of its lease.
#[derive(Clone, Debug)]
pub struct Answerable {
    /// The task.
    pub task: Arc<Task>,
    /// When it was handed out, if the annotator holds it.
    pub since: Option<Millis>,
    /// The edition and tokenizer by which it was handed out or answered. `None` if neither is
    /// known, since the lease has ended.
    pub basis: Option<Basis>,
}

/// The reply to a request for tasks.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The tasks: first those that the annotator held before.
    pub given: Vec<LeasedTask>,
    /// Why there are no tasks; `None` if there are.
    pub reason: Option<Reason>,
}

/// Why there is no task for an annotator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nothing is left for this annotator.
    Done,
    /// Others hold what is left; it may be reopened.
    Waiting,
}

impl Reason {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Waiting => "waiting",
        }
    }
}

/// The allocator of a process. Clones are handles to the same one; it ends with the last.
#[derive(Clone)]
pub struct Allocator {
    shared: Arc<SharedState>,
    policy_in_force: PolicySource,
    /// The policy of the request that has this handle; `None` takes the one in force.
    policy: Option<Arc<AllocatorPolicy>>,
    claims: mpsc::Sender<Message>,
    answers: mpsc::Sender<AnswerBatch>,
}

impl Allocator {
    /// Starts an allocator on a store.
    ///
    /// The handles are those of the two loops. They end when all clones of the allocator are gone
    /// and everything is stored.
    pub fn start(
        store: Arc<dyn Store>,
        clock: Clock,
        policy_in_force: PolicySource,
    ) -> (Self, Vec<JoinHandle<()>>) {
        let shared = Arc::new(SharedState::new(store, clock));
        let (claims, messages) = mpsc::channel(QUEUE);
        let (answers, batches) = mpsc::channel(QUEUE);
        let loops = vec![
            tokio::spawn(ClaimLoop::new(Arc::clone(&shared)).run(messages)),
            tokio::spawn(answers::run(Arc::clone(&shared), batches)),
        ];
        tokio::spawn(lease_expiry::run_lease_expiry(
            Arc::clone(&shared),
            Arc::clone(&policy_in_force),
            claims.downgrade(),
        ));
        (Self { shared, policy_in_force, policy: None, claims, answers }, loops)
    }

    /// A handle for one request: all its calls follow this policy, whatever is in force by then.
    #[must_use]
    pub fn with_policy(&self, policy: Arc<AllocatorPolicy>) -> Self {
        Self { policy: Some(policy), ..self.clone() }
    }

    fn policy(&self) -> Arc<AllocatorPolicy> {
        self.policy.clone().unwrap_or_else(|| (self.policy_in_force)())
    }

    /// Why the last answers could not be stored, if that was within the last minute. A store may
    /// answer questions and still reject writes, as on a full disk.
    pub fn last_store_error(&self) -> Option<String> {
        let (at, why) = self.shared.last_store_error()?;
        (self.now().since(at) < STORE_ERROR_MEMORY).then_some(why)
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.shared.store
    }

    /// The present time.
    pub fn now(&self) -> Millis {
        self.shared.now()
    }

    /// How long a lease lasts without a sign of its holder.
    pub fn lease(&self) -> Duration {
        self.policy().lease
    }

    /// Tasks for an annotator, at most `most`: first those that they hold, then new ones.
    /// `excludes` are identities or task hashes of tasks that they have in view.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn tasks(
        &self,
        annotator: &str,
        most: usize,
        excludes: HashSet<String>,
    ) -> Result<Batch, Arc<StoreError>> {
        self.shared.touch(annotator, self.now());
        let (policy, (reply, batch)) = (self.policy(), oneshot::channel());
        let lease = policy.lease;
        let annotator_name = annotator.to_owned();
        let request = TaskRequest { annotator: annotator_name, policy, most, excludes, reply };
        if self.claims.send(Message::TaskRequest(request)).await.is_err() {
            return Err(Arc::new(stopping("hand out tasks")));
        }
        let batch = batch.await.unwrap_or_else(|_| Err(Arc::new(stopping("hand out tasks"))))?;
        if let Err(error) = self.shared.renew_if_due(&[annotator], lease, self.now()).await {
            tracing::debug!(%error, "cannot renew leases now");
        }
        Ok(batch)
    }

    /// Stores answers. They are durable when this returns.
    ///
    /// # Errors
    /// If the store cannot be reached: no answer is acknowledged, and all may be sent again.
    pub async fn answers(
        &self,
        answers: Vec<Submission>,
    ) -> Result<Vec<AnswerOutcome>, Arc<StoreError>> {
        if answers.is_empty() {
            return Ok(Vec::new());
        }
        for answer in &answers {
            self.shared.touch(&answer.annotator, self.now());
        }
        let (reply, outcomes) = oneshot::channel();
        let lease = self.lease();
        if self.answers.send(AnswerBatch { answers, lease, reply }).await.is_err() {
            return Err(Arc::new(stopping("store answers")));
        }
        outcomes.await.unwrap_or_else(|_| Err(Arc::new(stopping("store answers"))))
    }

    /// The edition and tokenizer by which tasks are handed out now.
    ///
    /// # Errors
    /// If the store cannot be reached, and the number of the edition is not known yet.
    pub async fn basis(&self) -> Result<Basis, StoreError> {
        self.shared.basis(&self.policy()).await
    }

    /// The text of an edition of the roster; `None` if the store has none of this number.
    ///
    /// # Errors
    /// If the store cannot be reached, and the edition is not known yet.
    pub async fn edition(&self, number: u32) -> Result<Option<Arc<str>>, StoreError> {
        self.shared.editions.text(self.shared.store.as_ref(), number).await
    }

    /// The task with this identity if this annotator may answer it, and what is known of its lease.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn task_of(
        &self,
        annotator: &str,
        id: &TaskId,
    ) -> Result<Option<Answerable>, StoreError> {
        if let Some(LeasedTask { task, since, basis }) = self.shared.held.task(annotator, id) {
            return Ok(Some(Answerable { task, since: Some(since), basis: Some(basis) }));
        }
        let mut records = self.shared.store.look_up(std::slice::from_ref(id)).await?;
        let record = records.pop().flatten();
        Ok(record.filter(|record| record.state.accepts_from(annotator)).map(|record| {
            let basis = record.state.basis_of(annotator);
            Answerable { task: record.task, since: None, basis }
        }))
    }

    /// The identity of the task with this `_task_hash`, if only one task of the project has it. One
    /// task among those that the annotator holds is not enough: an answer that is sent again may be
    /// about another task, which they have answered before.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn identity_of(&self, task_hash: i64) -> Result<Option<TaskId>, StoreError> {
        let mut found = self.shared.store.with_task_hash(task_hash).await?;
        Ok(if found.len() == 1 { found.pop() } else { None })
    }

    /// An annotator's answers that count, newest first, at most `limit`: all, or those before a
    /// cursor.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn history(
        &self,
        annotator: &str,
        before: Option<HistoryCursor>,
        limit: usize,
    ) -> Result<Vec<PastAnswer>, StoreError> {
        self.shared.store.history(annotator, before, limit).await
    }

    /// Renews all leases of an annotator.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn renew(&self, annotator: &str) -> Result<(), StoreError> {
        self.shared.touch(annotator, self.now());
        self.shared.renew(&[annotator], self.lease(), self.now()).await
    }

    /// Releases all leases of an annotator. Returns how many there were.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn release(&self, annotator: &str) -> Result<u64, StoreError> {
        self.shared.held.forget(annotator);
        let released = self.shared.store.release(annotator).await?;
        self.shared.held.forget(annotator);
        self.notify_tasks_changed().await;
        Ok(released)
    }

    /// Notifies the claim loop that tasks were loaded or reopened, so that waiting annotators get
    /// them soon.
    pub async fn notify_tasks_changed(&self) {
        // If the loop has ended, no annotator waits for tasks any more.
        let _ = self.claims.send(Message::TasksChanged).await;
    }

    /// The project's stats, at most a second old; this process's own answers since are counted.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn progress(&self) -> Result<ProjectStats, StoreError> {
        let now = self.now();
        if let Some(cached) = self.shared.stats().as_ref()
            && now.since(cached.read) < STATS_TTL
            && cached.read <= now
        {
            return Ok(cached.stats.clone());
        }
        let stats = self.shared.store.stats().await?;
        *self.shared.stats() = Some(CachedStats { read: now, stats: stats.clone() });
        Ok(stats)
    }

    /// The project's stats as they were last read, and when that was; this process's own answers
    /// since are counted. Does not read the store.
    pub fn last_progress(&self) -> Option<(Millis, ProjectStats)> {
        self.shared.stats().as_ref().map(|cached| (cached.read, cached.stats.clone()))
    }
}

/// The error of a call that the allocator no longer serves.
fn stopping(operation: &'static str) -> StoreError {
    StoreError::Unavailable { operation, store: "annotd".into(), source: "it is stopping".into() }
}
