//! The one per process that all listeners ask.
//!
//! It gathers what is waiting and claims, or stores, for all annotators in one call of the store:
//! the round trip and the sync are shared, and annotators of one process do not race each other
//! for the head of the queue. Handing out (`claim_loop.rs`) and taking in (`answers.rs`) are two tasks
//! that run beside each other, so two groups are under way at a time.
//!
//! Rejected: a claim per request straight to the store, which is what every other system does and
//! what makes 64 annotators slower than 8 (`docs/decisions/0003-allocator.md`).

mod answers;
mod checks;
mod claim_loop;
mod clock;
mod editions;
mod held_cache;
mod lease_status;
mod queue_cache;
mod quota;
mod reassignment;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

pub use self::clock::{Clock, system_clock};
use self::editions::Editions;
use self::held_cache::HeldCache;
pub use self::lease_status::LeaseStatus;
use crate::allocation::check_schedule::CheckPolicy;
use crate::allocation::{AnnotatorProfile, AnswerOutcome};
use crate::store::{Cursor, Past, Progress, Store, StoreError, Submission};
use crate::task::{Basis, Millis, Task, TaskId};

/// Requests that wait before the next one has to wait outside.
const QUEUE: usize = 4096;
/// How long answers that could not be stored are taken for a sign that the next ones cannot be either.
/// Pages send theirs again four times within it.
const STORE_ERROR_MEMORY: Duration = Duration::from_secs(60);
/// Figures older than this are read again.
const STATS_TTL: Duration = Duration::from_secs(1);

/// A task in an annotator's hand.
#[derive(Clone, Debug)]
pub struct LeasedTask {
    /// The task.
    pub task: Arc<Task>,
    /// When it was handed out.
    pub since: Millis,
    /// By which edition and tokenizer.
    pub basis: Basis,
}

/// A task that an annotator may answer, and what is known of its hand-out.
#[derive(Clone, Debug)]
pub struct Answerable {
    /// The task.
    pub task: Arc<Task>,
    /// Since when they have it, if they have it now.
    pub since: Option<Millis>,
    /// By which edition and tokenizer it was handed out, or else answered; nothing if neither is
    /// known, since its lease has gone.
    pub basis: Option<Basis>,
}

/// What a request for tasks gives.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The tasks: those that were held already first.
    pub given: Vec<LeasedTask>,
    /// Why there is none.
    pub reason: Option<Reason>,
}

/// Why there is nothing to hand out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nothing is left for this annotator.
    Done,
    /// Others hold what is left; it may come back.
    Waiting,
}

impl Reason {
    /// As it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Waiting => "waiting",
        }
    }
}

struct CachedStats {
    read: Millis,
    progress: Progress,
}

impl CachedStats {
    /// Counts an answer until the figures are read again. Whether its task named the annotator is
    /// not known here and assumed if anything does.
    fn note_answer(&mut self, annotator: &str) {
        let progress = &mut self.progress;
        let share = progress.annotators.entry(annotator.to_owned()).or_default();
        let left = if share.named > 0 { &mut share.named } else { &mut progress.open_to_anyone };
        *left = left.saturating_sub(1);
        share.answered += 1;
        share.in_hand = share.in_hand.saturating_sub(1);
        progress.answers += 1;
        progress.in_hand = progress.in_hand.saturating_sub(1);
    }
}

/// What the allocator goes by; another one can be put in force while it runs.
#[derive(Clone, Debug)]
pub struct AllocatorPolicy {
    /// How long a task stays with somebody who does nothing.
    pub lease: Duration,
    /// The shares of gold tasks and repeats in everybody's stream.
    pub checks: CheckPolicy,
    /// What draws follow from.
    pub seed: u64,
    /// The annotators in the order of the roster, active or not.
    pub people: Vec<AnnotatorProfile>,
    /// After how long without a sign of somebody others get what was meant for them; never, if it
    /// is not said.
    pub steal_after: Option<Duration>,
    /// Since when somebody is on the roster: who has never given a sign is missed from then on.
    pub known_since: BTreeMap<String, Millis>,
    /// The roster's edition, as the text by which answers are checked
    /// ([`Interface::edition`](crate::task::interface::Interface::edition)); empty if none is kept.
    pub edition: Arc<str>,
}

impl AllocatorPolicy {
    /// Plain handing out, with this lease.
    pub fn with_lease(lease: Duration) -> Self {
        Self {
            lease,
            checks: CheckPolicy::default(),
            seed: 0,
            people: Vec::new(),
            steal_after: None,
            known_since: BTreeMap::new(),
            edition: "".into(),
        }
    }

    fn profile(&self, name: &str) -> Option<&AnnotatorProfile> {
        self.people.iter().find(|person| person.name == name)
    }
}

struct Shared {
    store: Arc<dyn Store>,
    clock: Clock,
    policy: RwLock<Arc<AllocatorPolicy>>,
    /// When this process last had a sign of somebody.
    seen: Mutex<HashMap<String, Millis>>,
    held: HeldCache,
    editions: Editions,
    stats: Mutex<Option<CachedStats>>,
    /// Why the last answers could not be stored, and when that was.
    last_store_error: Mutex<Option<(Millis, String)>>,
}

impl Shared {
    fn policy(&self) -> Arc<AllocatorPolicy> {
        Arc::clone(&self.policy.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn lease(&self) -> Duration {
        self.policy().lease
    }

    /// Notes a sign of somebody.
    fn touch(&self, annotator: &str, now: Millis) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(annotator.to_owned(), now);
    }

    fn last_seen(&self, annotator: &str) -> Option<Millis> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(annotator).copied()
    }

    fn stats(&self) -> std::sync::MutexGuard<'_, Option<CachedStats>> {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes whether answers could be stored just now.
    fn note_store_error(&self, error: Option<&StoreError>) {
        let last_store_error = error.map(|error| ((self.clock)(), error.to_string()));
        *self.last_store_error.lock().unwrap_or_else(PoisonError::into_inner) = last_store_error;
    }

    /// Brings hands and figures up to what was stored.
    fn note(&self, answers: &[Submission], recorded: &[AnswerOutcome]) {
        let mut stats = self.stats();
        for (answer, recorded) in answers.iter().zip(recorded) {
            self.held.remove(&answer.annotator, &answer.task);
            if *recorded == AnswerOutcome::Saved
                && let Some(stats) = stats.as_mut()
            {
                stats.note_answer(&answer.annotator);
            }
        }
    }

    /// Renews the leases of those who are active and whose leases are half over.
    async fn renew_if_due(&self, annotators: &[&str], now: Millis) -> Result<(), StoreError> {
        let half = now + self.lease() / 2;
        let due: Vec<&str> =
            annotators.iter().copied().filter(|who| self.held.ends_before(who, half)).collect();
        if due.is_empty() {
            return Ok(());
        }
        self.renew(&due, now).await
    }

    async fn renew(&self, annotators: &[&str], now: Millis) -> Result<(), StoreError> {
        let until = now + self.lease();
        let renewals = annotators.iter().map(|who| ((*who).to_owned(), until)).collect();
        self.store.renew(renewals).await?;
        let now = (self.clock)();
        for annotator in annotators {
            self.held.renewed(annotator, until, now);
        }
        Ok(())
    }
}

/// The allocator of a process. Clones are handles to the same one; it ends with the last.
#[derive(Clone)]
pub struct Allocator {
    shared: Arc<Shared>,
    claims: mpsc::Sender<claim_loop::Message>,
    answers: mpsc::Sender<answers::AnswerBatch>,
}

impl Allocator {
    /// Starts it over a store.
    ///
    /// The handles are of the tasks that store what is under way: they end once all clones of the
    /// allocator are gone and everything is stored.
    pub fn start(
        store: Arc<dyn Store>,
        clock: Clock,
        policy: AllocatorPolicy,
    ) -> (Self, Vec<JoinHandle<()>>) {
        let shared = Arc::new(Shared {
            store,
            clock,
            policy: RwLock::new(Arc::new(policy)),
            seen: Mutex::default(),
            held: HeldCache::default(),
            editions: Editions::default(),
            stats: Mutex::new(None),
            last_store_error: Mutex::new(None),
        });
        let (claims, asks) = mpsc::channel(QUEUE);
        let (answers, deliveries) = mpsc::channel(QUEUE);
        let tasks = vec![
            tokio::spawn(claim_loop::ClaimLoop::new(Arc::clone(&shared)).run(asks)),
            tokio::spawn(answers::run(Arc::clone(&shared), deliveries)),
        ];
        tokio::spawn(claim_loop::run_lease_expiry(Arc::clone(&shared), claims.downgrade()));
        (Self { shared, claims, answers }, tasks)
    }

    /// Goes by this from now on.
    pub fn set_policy(&self, policy: AllocatorPolicy) {
        *self.shared.policy.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
    }

    /// Why answers cannot be stored, if the last ones could not, and that was not long ago: a store may
    /// answer questions and take nothing, as on a full disk.
    pub fn last_store_error(&self) -> Option<String> {
        let last_store_error =
            self.shared.last_store_error.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, why) = last_store_error.as_ref()?;
        (self.now().since(*at) < STORE_ERROR_MEMORY).then(|| why.clone())
    }

    /// The store beneath.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.shared.store
    }

    /// The present moment.
    pub fn now(&self) -> Millis {
        (self.shared.clock)()
    }

    /// How long a task stays with somebody who does nothing.
    pub fn lease(&self) -> Duration {
        self.shared.lease()
    }

    /// Tasks for an annotator, at most `most`: first what they hold, then new ones. `excludes` are
    /// identities or task hashes of tasks that they have in view already.
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
        let (reply, answer) = oneshot::channel();
        let ask =
            claim_loop::TaskRequest { annotator: annotator.to_owned(), most, excludes, reply };
        if self.claims.send(claim_loop::Message::TaskRequest(ask)).await.is_err() {
            return Err(Arc::new(gone("hand out tasks")));
        }
        let batch = answer.await.unwrap_or_else(|_| Err(Arc::new(gone("hand out tasks"))))?;
        if let Err(error) = self.shared.renew_if_due(&[annotator], self.now()).await {
            tracing::debug!(%error, "cannot renew leases now");
        }
        Ok(batch)
    }

    /// Stores answers; durable when this returns.
    ///
    /// # Errors
    /// If the store cannot be reached: nothing is acknowledged, and all may be sent again.
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
        let (reply, answer) = oneshot::channel();
        let delivery = answers::AnswerBatch { answers, reply };
        if self.answers.send(delivery).await.is_err() {
            return Err(Arc::new(gone("store answers")));
        }
        answer.await.unwrap_or_else(|_| Err(Arc::new(gone("store answers"))))
    }

    /// By which edition and tokenizer tasks are handed out now.
    ///
    /// # Errors
    /// If the store cannot be reached, and was not asked before.
    pub async fn basis(&self) -> Result<Basis, StoreError> {
        self.shared.basis().await
    }

    /// The text of an edition of the roster; nothing if there is none of this number.
    ///
    /// # Errors
    /// If the store cannot be reached, and was not asked before.
    pub async fn edition(&self, number: u32) -> Result<Option<Arc<str>>, StoreError> {
        self.shared.edition(number).await
    }

    /// The task with this identity if this annotator may see it, and what is known of its hand-out.
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
        Ok(records.pop().flatten().filter(|record| record.state.accepts_from(annotator)).map(
            |record| {
                let basis = record.state.basis_of(annotator);
                Answerable { task: record.task, since: None, basis }
            },
        ))
    }

    /// The identity that belongs to a `_task_hash`, where that is unique in the project. That only
    /// one task in the annotator's hand has it is not enough: an answer that is sent again may be
    /// about another task, which they have answered before.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn identity_of(&self, task_hash: i64) -> Result<Option<TaskId>, StoreError> {
        let mut found = self.shared.store.with_task_hash(task_hash).await?;
        Ok(if found.len() == 1 { found.pop() } else { None })
    }

    /// An annotator's last answers that count, newest first: of those before a place, or of all.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn history(
        &self,
        annotator: &str,
        before: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<Past>, StoreError> {
        self.shared.store.history(annotator, before, limit).await
    }

    /// Renews what an annotator holds.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn renew(&self, annotator: &str) -> Result<(), StoreError> {
        self.shared.touch(annotator, self.now());
        self.shared.renew(&[annotator], self.now()).await
    }

    /// Takes back what an annotator holds; says how much it was.
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

    /// Says that tasks were loaded or came back, so that nobody waits for them longer than needed.
    pub async fn notify_tasks_changed(&self) {
        // Should it be gone, nobody waits for tasks any more.
        let _ = self.claims.send(claim_loop::Message::TasksChanged).await;
    }

    /// The project's figures, at most a second old but for this process's own answers.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn progress(&self) -> Result<Progress, StoreError> {
        let now = self.now();
        if let Some(stats) = self.shared.stats().as_ref()
            && now.since(stats.read) < STATS_TTL
            && stats.read <= now
        {
            return Ok(stats.progress.clone());
        }
        let progress = self.shared.store.progress().await?;
        *self.shared.stats() = Some(CachedStats { read: now, progress: progress.clone() });
        Ok(progress)
    }

    /// The project's figures as they were last read, and when that was; this process's own answers
    /// since are counted. Asks nobody.
    pub fn last_progress(&self) -> Option<(Millis, Progress)> {
        self.shared.stats().as_ref().map(|stats| (stats.read, stats.progress.clone()))
    }
}

fn gone(doing: &'static str) -> StoreError {
    StoreError::Away { doing, store: "annotd".into(), source: "it is stopping".into() }
}
