//! A store that fails, and a caller that tries again.
//!
//! [`Faulty`] passes calls on to a real store, and now and then says that it is away: before it
//! has done anything, or after it has done everything, as when a connection breaks before the
//! reply comes. [`Retrying`] sends such a call again until there is a reply, as annotd's callers
//! do. The lost reply travels in the error, so the two together can tell whether the second attempt
//! found what the first one had done, and give the reply that the caller would have had.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use annotd::allocation::{AnswerOutcome, Lane, Position, SequenceNumber};
use annotd::store::audit::{AuditOptions, AuditedPage, Finding, PageRequest};
use annotd::store::{
    AllocationRecord, Claim, HeldTask, HistoryCursor, InsertReport, NewTask, PastAnswer,
    ProjectStats, QueuedTask, Record, RecordFilter, ReopenCursor, RestoreTarget, Result,
    StateUpdate, Store, StoreEngine, StoreError, StorePolicy, Submission,
};
use annotd::task::{Millis, TaskId};
use async_trait::async_trait;

/// A store whose replies get lost.
pub struct Faulty {
    inner: Arc<dyn Store>,
    state: AtomicU64,
    /// Nothing fails but what is asked for.
    calm: bool,
    next_page_fails: AtomicBool,
    keys_are_away: AtomicBool,
}

enum Fault {
    None,
    Before,
    After,
    Delay,
}

/// The reply that did not arrive.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the connection was closed")]
enum Lost {
    Nothing,
    InsertReport(InsertReport),
    AllocationCounters(Option<InsertReport>),
    Amended(Vec<bool>),
    AnswerOutcome(Vec<AnswerOutcome>),
    Count(u64),
}

fn away(lost: Lost) -> StoreError {
    StoreError::Unavailable {
        operation: "be reliable",
        store: "faulty".into(),
        source: Box::new(lost),
    }
}

impl Faulty {
    /// Wraps a store; the faults follow from the seed.
    pub fn new(inner: Arc<dyn Store>, seed: u64) -> Self {
        let (state, next_page_fails) = (AtomicU64::new(seed), AtomicBool::new(false));
        let keys_are_away = AtomicBool::new(false);
        Self { inner, state, calm: false, next_page_fails, keys_are_away }
    }

    /// Wraps a store in which nothing fails by itself.
    pub fn calm(inner: Arc<dyn Store>) -> Self {
        Self { calm: true, ..Self::new(inner, 0) }
    }

    /// Lets the next look for open tasks fail.
    pub fn fail_next_page(&self) {
        self.next_page_fails.store(true, Ordering::SeqCst);
    }

    /// Whether the keys can be read.
    pub fn set_keys_away(&self, away: bool) {
        self.keys_are_away.store(away, Ordering::SeqCst);
    }

    /// What happens to this call.
    fn fault(&self) -> Fault {
        if self.calm {
            return Fault::None;
        }
        let step = self.state.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        let mixed = (step ^ (step >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        match (mixed ^ (mixed >> 27)) % 10 {
            0 | 1 => Fault::Before,
            2 | 3 => Fault::After,
            4 => Fault::Delay,
            _ => Fault::None,
        }
    }

    async fn through<T>(
        &self,
        call: impl Future<Output = Result<T>> + Send,
        lost: impl FnOnce(T) -> Lost + Send,
    ) -> Result<T> {
        match self.fault() {
            Fault::None => call.await,
            Fault::Before => Err(away(Lost::Nothing)),
            Fault::After => Err(away(lost(call.await?))),
            Fault::Delay => {
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                call.await
            }
        }
    }
}

fn nothing<T>(_: T) -> Lost {
    Lost::Nothing
}

#[async_trait]
impl Store for Faulty {
    fn engine(&self) -> StoreEngine {
        self.inner.engine()
    }
    fn location(&self) -> &str {
        self.inner.location()
    }
    async fn ping(&self) -> Result<()> {
        self.through(self.inner.ping(), nothing).await
    }
    async fn insert_tasks(&self, tasks: Vec<NewTask>) -> Result<InsertReport> {
        self.through(self.inner.insert_tasks(tasks), Lost::InsertReport).await
    }
    async fn queued_tasks(
        &self,
        lane: &Lane,
        after: Position,
        n: usize,
    ) -> Result<Vec<QueuedTask>> {
        if self.next_page_fails.swap(false, Ordering::SeqCst) {
            return Err(away(Lost::Nothing));
        }
        self.through(self.inner.queued_tasks(lane, after, n), nothing).await
    }
    async fn first_queued_for(
        &self,
        annotator: &str,
        lane: &Lane,
        after: Position,
    ) -> Result<Option<Position>> {
        self.through(self.inner.first_queued_for(annotator, lane, after), nothing).await
    }
    async fn reopened(&self, since: ReopenCursor) -> Result<(Vec<QueuedTask>, ReopenCursor)> {
        self.through(self.inner.reopened(since), nothing).await
    }
    async fn claim(&self, claims: Vec<Claim>) -> Result<Vec<bool>> {
        self.through(self.inner.claim(claims), nothing).await
    }
    async fn record(&self, answers: Vec<Submission>) -> Result<Vec<AnswerOutcome>> {
        self.through(self.inner.record(answers), Lost::AnswerOutcome).await
    }
    async fn renew(&self, annotators: Vec<(String, Millis)>) -> Result<()> {
        self.through(self.inner.renew(annotators), nothing).await
    }
    async fn release(&self, annotator: &str) -> Result<u64> {
        self.through(self.inner.release(annotator), Lost::Count).await
    }
    async fn expire_leases(&self, now: Millis) -> Result<u64> {
        self.through(self.inner.expire_leases(now), Lost::Count).await
    }
    async fn held_by(&self, annotator: &str) -> Result<Vec<HeldTask>> {
        self.through(self.inner.held_by(annotator), nothing).await
    }
    async fn has_tasks_held_by_others(&self, annotator: &str) -> Result<bool> {
        self.through(self.inner.has_tasks_held_by_others(annotator), nothing).await
    }
    async fn look_up(&self, tasks: &[TaskId]) -> Result<Vec<Option<Record>>> {
        self.through(self.inner.look_up(tasks), nothing).await
    }
    async fn with_task_hash(&self, task_hash: i64) -> Result<Vec<TaskId>> {
        self.through(self.inner.with_task_hash(task_hash), nothing).await
    }
    async fn history(
        &self,
        annotator: &str,
        before: Option<HistoryCursor>,
        n: usize,
    ) -> Result<Vec<PastAnswer>> {
        self.through(self.inner.history(annotator, before, n), nothing).await
    }
    async fn records(
        &self,
        which: RecordFilter,
        after: SequenceNumber,
        limit: usize,
    ) -> Result<Vec<Record>> {
        self.through(self.inner.records(which, after, limit), nothing).await
    }
    fn set_policy(&self, policy: StorePolicy) {
        self.inner.set_policy(policy);
    }
    async fn existing_ids(&self, tasks: &[TaskId]) -> Result<HashSet<TaskId>> {
        self.through(self.inner.existing_ids(tasks), nothing).await
    }
    async fn allocation_record(&self) -> Result<AllocationRecord> {
        self.through(self.inner.allocation_record(), nothing).await
    }
    async fn insert_with_counters(
        &self,
        tasks: Vec<NewTask>,
        seen: i64,
        state: String,
    ) -> Result<Option<InsertReport>> {
        self.through(self.inner.insert_with_counters(tasks, seen, state), Lost::AllocationCounters)
            .await
    }
    async fn update_if_unchanged(&self, amendments: Vec<StateUpdate>) -> Result<Vec<bool>> {
        self.through(self.inner.update_if_unchanged(amendments), Lost::Amended).await
    }
    async fn stats(&self) -> Result<ProjectStats> {
        self.through(self.inner.stats(), nothing).await
    }
    async fn loaded_file(&self, name: &str) -> Result<Option<String>> {
        self.through(self.inner.loaded_file(name), nothing).await
    }
    async fn note_loaded_file(&self, name: &str, fingerprint: &str) -> Result<()> {
        self.through(self.inner.note_loaded_file(name, fingerprint), nothing).await
    }
    async fn loaded_files(&self) -> Result<Vec<(String, String)>> {
        self.through(self.inner.loaded_files(), nothing).await
    }
    async fn count(&self) -> Result<u64> {
        self.through(self.inner.count(), nothing).await
    }
    async fn numbers(&self, after: SequenceNumber, limit: usize) -> Result<Vec<SequenceNumber>> {
        self.through(self.inner.numbers(after, limit), nothing).await
    }
    async fn restore_target(&self) -> Result<RestoreTarget> {
        self.through(self.inner.restore_target(), nothing).await
    }
    async fn begin_restore(&self, now: Millis) -> Result<()> {
        self.through(self.inner.begin_restore(now), nothing).await
    }
    async fn restore_records(&self, records: Vec<Record>) -> Result<()> {
        self.through(self.inner.restore_records(records), nothing).await
    }
    async fn restore_allocation_record(&self, allocation_record: AllocationRecord) -> Result<()> {
        self.through(self.inner.restore_allocation_record(allocation_record), nothing).await
    }
    async fn end_restore(&self) -> Result<()> {
        self.through(self.inner.end_restore(), nothing).await
    }
    async fn keys(&self) -> Result<BTreeMap<String, String>> {
        if self.keys_are_away.load(Ordering::SeqCst) {
            return Err(away(Lost::Nothing));
        }
        self.through(self.inner.keys(), nothing).await
    }
    async fn set_keys(&self, keys: BTreeMap<String, String>, keep: bool) -> Result<()> {
        self.through(self.inner.set_keys(keys, keep), nothing).await
    }
    // What a repair has to say is said once, so these are not disturbed.
    async fn audit(&self, page: PageRequest, how: AuditOptions) -> Result<AuditedPage> {
        self.inner.audit(page, how).await
    }
    async fn audit_whole(&self, how: AuditOptions) -> Result<Vec<Finding>> {
        self.inner.audit_whole(how).await
    }
    async fn identity(&self) -> Result<Option<String>> {
        self.through(self.inner.identity(), nothing).await
    }
    async fn set_identity(&self, rule: &str) -> Result<String> {
        self.through(self.inner.set_identity(rule), nothing).await
    }
    async fn edition(&self, text: &str) -> Result<u32> {
        self.through(self.inner.edition(text), nothing).await
    }
    async fn editions(&self) -> Result<BTreeMap<u32, String>> {
        self.through(self.inner.editions(), nothing).await
    }
    async fn close(&self) {
        self.inner.close().await;
    }
}

/// A caller who sends again what got no reply.
pub struct Retrying {
    inner: Faulty,
}

/// What a call gave in the end, and the reply that was lost on the way, if any.
struct Outcome<T> {
    reply: T,
    lost: Option<Lost>,
}

impl Retrying {
    /// Calls this store.
    pub fn new(inner: Faulty) -> Self {
        Self { inner }
    }
}

/// Calls until there is a reply. Only the first lost reply says what happened; the later ones
/// already found it done.
async fn again<T, F: Future<Output = Result<T>>>(call: impl Fn() -> F) -> Result<Outcome<T>> {
    let mut lost = None;
    loop {
        match call().await {
            Ok(reply) => return Ok(Outcome { reply, lost }),
            Err(StoreError::Unavailable { source, .. }) if source.is::<Lost>() => {
                let reply = source.downcast::<Lost>().expect("it has just been asked");
                if !matches!(*reply, Lost::Nothing) {
                    lost = lost.or(Some(*reply));
                }
            }
            Err(other) => return Err(other),
        }
    }
}

#[async_trait]
impl Store for Retrying {
    fn engine(&self) -> StoreEngine {
        self.inner.engine()
    }
    fn location(&self) -> &str {
        self.inner.location()
    }
    async fn ping(&self) -> Result<()> {
        again(|| self.inner.ping()).await.map(drop)
    }
    async fn insert_tasks(&self, tasks: Vec<NewTask>) -> Result<InsertReport> {
        let Outcome { reply, lost } = again(|| self.inner.insert_tasks(tasks.clone())).await?;
        Ok(match lost {
            Some(Lost::InsertReport(lost)) => {
                assert_eq!(reply.new, 0, "all of them had been admitted");
                lost
            }
            _ => reply,
        })
    }
    async fn queued_tasks(
        &self,
        lane: &Lane,
        after: Position,
        n: usize,
    ) -> Result<Vec<QueuedTask>> {
        Ok(again(|| self.inner.queued_tasks(lane, after, n)).await?.reply)
    }
    async fn first_queued_for(
        &self,
        annotator: &str,
        lane: &Lane,
        after: Position,
    ) -> Result<Option<Position>> {
        Ok(again(|| self.inner.first_queued_for(annotator, lane, after)).await?.reply)
    }
    async fn reopened(&self, since: ReopenCursor) -> Result<(Vec<QueuedTask>, ReopenCursor)> {
        Ok(again(|| self.inner.reopened(since)).await?.reply)
    }
    async fn claim(&self, claims: Vec<Claim>) -> Result<Vec<bool>> {
        Ok(again(|| self.inner.claim(claims.clone())).await?.reply)
    }
    async fn record(&self, answers: Vec<Submission>) -> Result<Vec<AnswerOutcome>> {
        let Outcome { reply, lost } = again(|| self.inner.record(answers.clone())).await?;
        let Some(Lost::AnswerOutcome(lost)) = lost else { return Ok(reply) };
        for (lost, again) in lost.iter().zip(&reply) {
            let expected = match lost {
                AnswerOutcome::Unknown => AnswerOutcome::Unknown,
                _ => AnswerOutcome::Unchanged,
            };
            assert_eq!(*again, expected, "{lost:?} was sent again");
        }
        Ok(lost)
    }
    async fn renew(&self, annotators: Vec<(String, Millis)>) -> Result<()> {
        again(|| self.inner.renew(annotators.clone())).await.map(drop)
    }
    async fn release(&self, annotator: &str) -> Result<u64> {
        Ok(sum(&again(|| self.inner.release(annotator)).await?))
    }
    async fn expire_leases(&self, now: Millis) -> Result<u64> {
        Ok(sum(&again(|| self.inner.expire_leases(now)).await?))
    }
    async fn held_by(&self, annotator: &str) -> Result<Vec<HeldTask>> {
        Ok(again(|| self.inner.held_by(annotator)).await?.reply)
    }
    async fn has_tasks_held_by_others(&self, annotator: &str) -> Result<bool> {
        Ok(again(|| self.inner.has_tasks_held_by_others(annotator)).await?.reply)
    }
    async fn look_up(&self, tasks: &[TaskId]) -> Result<Vec<Option<Record>>> {
        Ok(again(|| self.inner.look_up(tasks)).await?.reply)
    }
    async fn with_task_hash(&self, task_hash: i64) -> Result<Vec<TaskId>> {
        Ok(again(|| self.inner.with_task_hash(task_hash)).await?.reply)
    }
    async fn history(
        &self,
        annotator: &str,
        before: Option<HistoryCursor>,
        n: usize,
    ) -> Result<Vec<PastAnswer>> {
        Ok(again(|| self.inner.history(annotator, before, n)).await?.reply)
    }
    async fn records(
        &self,
        which: RecordFilter,
        after: SequenceNumber,
        limit: usize,
    ) -> Result<Vec<Record>> {
        Ok(again(|| self.inner.records(which, after, limit)).await?.reply)
    }
    fn set_policy(&self, policy: StorePolicy) {
        self.inner.set_policy(policy);
    }
    async fn existing_ids(&self, tasks: &[TaskId]) -> Result<HashSet<TaskId>> {
        Ok(again(|| self.inner.existing_ids(tasks)).await?.reply)
    }
    async fn allocation_record(&self) -> Result<AllocationRecord> {
        Ok(again(|| self.inner.allocation_record()).await?.reply)
    }
    async fn insert_with_counters(
        &self,
        tasks: Vec<NewTask>,
        seen: i64,
        state: String,
    ) -> Result<Option<InsertReport>> {
        let call = || self.inner.insert_with_counters(tasks.clone(), seen, state.clone());
        let Outcome { reply, lost } = again(call).await?;
        Ok(match lost {
            Some(Lost::AllocationCounters(Some(lost))) => {
                assert_eq!(reply, None, "the deal is at another version by now");
                Some(lost)
            }
            _ => reply,
        })
    }
    async fn update_if_unchanged(&self, amendments: Vec<StateUpdate>) -> Result<Vec<bool>> {
        let Outcome { reply, lost } =
            again(|| self.inner.update_if_unchanged(amendments.clone())).await?;
        Ok(match lost {
            Some(Lost::Amended(lost)) => lost,
            _ => reply,
        })
    }
    async fn stats(&self) -> Result<ProjectStats> {
        Ok(again(|| self.inner.stats()).await?.reply)
    }
    async fn loaded_file(&self, name: &str) -> Result<Option<String>> {
        Ok(again(|| self.inner.loaded_file(name)).await?.reply)
    }
    async fn note_loaded_file(&self, name: &str, fingerprint: &str) -> Result<()> {
        again(|| self.inner.note_loaded_file(name, fingerprint)).await.map(drop)
    }
    async fn loaded_files(&self) -> Result<Vec<(String, String)>> {
        Ok(again(|| self.inner.loaded_files()).await?.reply)
    }
    async fn count(&self) -> Result<u64> {
        Ok(again(|| self.inner.count()).await?.reply)
    }
    async fn numbers(&self, after: SequenceNumber, limit: usize) -> Result<Vec<SequenceNumber>> {
        Ok(again(|| self.inner.numbers(after, limit)).await?.reply)
    }
    async fn restore_target(&self) -> Result<RestoreTarget> {
        Ok(again(|| self.inner.restore_target()).await?.reply)
    }
    async fn begin_restore(&self, now: Millis) -> Result<()> {
        again(|| self.inner.begin_restore(now)).await.map(drop)
    }
    async fn restore_records(&self, records: Vec<Record>) -> Result<()> {
        again(|| self.inner.restore_records(records.clone())).await.map(drop)
    }
    async fn restore_allocation_record(&self, allocation_record: AllocationRecord) -> Result<()> {
        again(|| self.inner.restore_allocation_record(allocation_record.clone())).await.map(drop)
    }
    async fn end_restore(&self) -> Result<()> {
        again(|| self.inner.end_restore()).await.map(drop)
    }
    async fn keys(&self) -> Result<BTreeMap<String, String>> {
        Ok(again(|| self.inner.keys()).await?.reply)
    }
    async fn set_keys(&self, keys: BTreeMap<String, String>, keep: bool) -> Result<()> {
        again(|| self.inner.set_keys(keys.clone(), keep)).await.map(drop)
    }
    async fn audit(&self, page: PageRequest, how: AuditOptions) -> Result<AuditedPage> {
        self.inner.audit(page, how).await
    }
    async fn audit_whole(&self, how: AuditOptions) -> Result<Vec<Finding>> {
        self.inner.audit_whole(how).await
    }
    async fn identity(&self) -> Result<Option<String>> {
        Ok(again(|| self.inner.identity()).await?.reply)
    }
    async fn set_identity(&self, rule: &str) -> Result<String> {
        Ok(again(|| self.inner.set_identity(rule)).await?.reply)
    }
    async fn edition(&self, text: &str) -> Result<u32> {
        Ok(again(|| self.inner.edition(text)).await?.reply)
    }
    async fn editions(&self) -> Result<BTreeMap<u32, String>> {
        Ok(again(|| self.inner.editions()).await?.reply)
    }
    async fn close(&self) {
        self.inner.close().await;
    }
}

fn sum(outcome: &Outcome<u64>) -> u64 {
    match outcome.lost {
        Some(Lost::Count(lost)) => lost + outcome.reply,
        _ => outcome.reply,
    }
}
