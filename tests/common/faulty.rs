//! A store that fails, and a caller that tries again.
//!
//! [`Faulty`] passes calls on to a real store. Now and then it reports the store as unavailable:
//! before it has done anything, or after it has done everything, as when a connection breaks before
//! the reply arrives. [`Retrying`] sends such a call again until there is a reply, as annotd's
//! callers do. The lost reply travels in the error. So the two together know what the second
//! attempt finds done by the first one, and return the reply that the caller would have had.
//!
//! Both do the same for every call, so the calls are listed once, in [`implement_store`].

use std::any::Any;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use annotd::allocation::{AnswerOutcome, Lane, Position, SequenceNumber};
use annotd::store::audit::{AuditOptions, AuditedPage, Finding, PageRequest};
use annotd::store::{
    AdminStore, AllocationRecord, AnswerStore, Claim, HeldTask, HistoryCursor, InsertReport,
    KeyStore, LeaseStore, NewTask, PastAnswer, ProjectStats, QueuedTask, Record, RecordFilter,
    ReopenCursor, RestoreTarget, Result, StateUpdate, Store, StoreEngine, StoreError, StorePolicy,
    Submission, TaskStore,
};
use annotd::task::{Millis, Task, TaskId};
use async_trait::async_trait;

/// A store whose replies get lost.
pub struct Faulty {
    inner: Arc<dyn Store>,
    state: AtomicU64,
    /// Only what a test asks for fails.
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

/// The reply that did not arrive, if there was one.
#[derive(Debug, thiserror::Error)]
#[error("the connection was closed")]
struct Lost(Option<Box<dyn Any + Send + Sync>>);

fn away(lost: Option<Box<dyn Any + Send + Sync>>) -> StoreError {
    StoreError::Unavailable {
        operation: "be reliable",
        store: "faulty".into(),
        source: Box::new(Lost(lost)),
    }
}

impl Faulty {
    /// Wraps a store; the faults follow from the seed.
    pub fn new(inner: Arc<dyn Store>, seed: u64) -> Self {
        let (state, next_page_fails) = (AtomicU64::new(seed), AtomicBool::new(false));
        let keys_are_away = AtomicBool::new(false);
        Self { inner, state, calm: false, next_page_fails, keys_are_away }
    }

    /// Wraps a store in which only what a test asks for fails.
    pub fn calm(inner: Arc<dyn Store>) -> Self {
        Self { calm: true, ..Self::new(inner, 0) }
    }

    /// Lets the next reading of queued tasks fail.
    pub fn fail_next_page(&self) {
        self.next_page_fails.store(true, Ordering::SeqCst);
    }

    /// Whether the keys can be read.
    pub fn set_keys_away(&self, away: bool) {
        self.keys_are_away.store(away, Ordering::SeqCst);
    }

    /// What happens to this call.
    fn fault(&self, call: &str) -> Fault {
        match call {
            "queued_tasks" if self.next_page_fails.swap(false, Ordering::SeqCst) => {
                return Fault::Before;
            }
            "keys" if self.keys_are_away.load(Ordering::SeqCst) => return Fault::Before,
            // A repair reports once what it has done, so it is not disturbed.
            "audit" | "audit_whole" => return Fault::None,
            _ if self.calm => return Fault::None,
            _ => {}
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

    async fn call<T: Send + Sync + 'static, F: Future<Output = Result<T>> + Send>(
        &self,
        name: &str,
        call: impl Fn() -> F + Send + Sync,
        _: fn(T, T) -> T,
    ) -> Result<T> {
        match self.fault(name) {
            Fault::None => call().await,
            Fault::Before => Err(away(None)),
            Fault::After => Err(away(Some(Box::new(call().await?)))),
            Fault::Delay => {
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                call().await
            }
        }
    }
}

/// A caller that sends a call again until there is a reply.
pub struct Retrying {
    inner: Faulty,
}

impl Retrying {
    /// Calls this store.
    pub fn new(inner: Faulty) -> Self {
        Self { inner }
    }

    /// Calls until there is a reply. Only the first lost reply says what happened; the later ones
    /// already found it done. `after` makes one reply of the last and the first.
    async fn call<T: Send + Sync + 'static, F: Future<Output = Result<T>> + Send>(
        &self,
        _: &str,
        call: impl Fn() -> F + Send + Sync,
        after: fn(T, T) -> T,
    ) -> Result<T> {
        let mut lost: Option<T> = None;
        loop {
            match call().await {
                Ok(reply) => {
                    return Ok(match lost {
                        Some(lost) => after(reply, lost),
                        None => reply,
                    });
                }
                Err(StoreError::Unavailable { source, .. }) if source.is::<Lost>() => {
                    let first = source.downcast::<Lost>().expect("it was just checked");
                    if let Some(first) = first.0.and_then(|reply| reply.downcast::<T>().ok()) {
                        lost = lost.or(Some(*first));
                    }
                }
                Err(other) => return Err(other),
            }
        }
    }
}

fn last<T>(reply: T, _: T) -> T {
    reply
}

fn first<T>(_: T, lost: T) -> T {
    lost
}

fn sum(reply: u64, lost: u64) -> u64 {
    lost + reply
}

fn inserted(reply: InsertReport, lost: InsertReport) -> InsertReport {
    assert_eq!(reply.new, 0, "all of them had been inserted");
    lost
}

fn counted(reply: Option<InsertReport>, lost: Option<InsertReport>) -> Option<InsertReport> {
    if lost.is_none() {
        return reply;
    }
    assert_eq!(reply, None, "the record is at another version by now");
    lost
}

#[expect(clippy::needless_pass_by_value, reason = "every `after` takes two replies and gives one")]
fn recorded(reply: Vec<AnswerOutcome>, lost: Vec<AnswerOutcome>) -> Vec<AnswerOutcome> {
    for (lost, again) in lost.iter().zip(&reply) {
        let expected = match lost {
            AnswerOutcome::Unknown => AnswerOutcome::Unknown,
            _ => AnswerOutcome::Unchanged,
        };
        assert_eq!(*again, expected, "{lost:?} was sent again");
    }
    lost
}

/// Implements one trait: each call goes through the wrapper's own `call`.
macro_rules! implement {
    ($wrapper:ty, $trait:ident {
        $($name:ident($($argument:ident: $type:ty),*) -> $reply:ty = $after:ident;)*
    } $($rest:tt)*) => {
        #[async_trait]
        impl $trait for $wrapper {
            $(
                async fn $name(&self $(, $argument: $type)*) -> Result<$reply> {
                    let call = || self.inner.$name($(Clone::clone(&$argument)),*);
                    self.call(stringify!($name), call, $after).await
                }
            )*
            $($rest)*
        }
    };
}

/// Implements a store. Each call is listed with what becomes of its reply if an earlier one was
/// lost.
macro_rules! implement_store {
    ($wrapper:ty) => {
        implement! { $wrapper, TaskStore {
            insert_tasks(tasks: Vec<NewTask>) -> InsertReport = inserted;
            existing_ids(tasks: &[TaskId]) -> HashSet<TaskId> = last;
            allocation_record() -> AllocationRecord = last;
            insert_with_counters(tasks: Vec<NewTask>, seen: i64, state: String)
                -> Option<InsertReport> = counted;
            update_if_unchanged(updates: Vec<StateUpdate>) -> Vec<bool> = first;
            queued_tasks(lane: &Lane, after: Position, limit: usize) -> Vec<QueuedTask> = last;
            first_queued_for(annotator: &str, lane: &Lane, after: Position)
                -> Option<Position> = last;
            reopened(since: ReopenCursor) -> (Vec<QueuedTask>, ReopenCursor) = last;
            look_up(tasks: &[TaskId]) -> Vec<Option<Record>> = last;
            with_task_hash(task_hash: i64) -> Vec<TaskId> = last;
            records(which: RecordFilter, after: SequenceNumber, limit: usize)
                -> Vec<Record> = last;
            numbers(after: SequenceNumber, limit: usize) -> Vec<SequenceNumber> = last;
            count() -> u64 = last;
        }
            fn can_hold(&self, task: &Task) -> std::result::Result<(), String> {
                self.inner.can_hold(task)
            }
        }
        implement! { $wrapper, LeaseStore {
            claim(claims: Vec<Claim>) -> Vec<bool> = last;
            renew(annotators: Vec<(String, Millis)>) -> () = last;
            release(annotator: &str) -> u64 = sum;
            expire_leases(now: Millis) -> u64 = sum;
            held_by(annotator: &str) -> Vec<HeldTask> = last;
            has_tasks_held_by_others(annotator: &str) -> bool = last;
        } }
        implement! { $wrapper, AnswerStore {
            record(answers: Vec<Submission>) -> Vec<AnswerOutcome> = recorded;
            history(annotator: &str, before: Option<HistoryCursor>, limit: usize)
                -> Vec<PastAnswer> = last;
        } }
        implement! { $wrapper, KeyStore {
            keys() -> BTreeMap<String, String> = last;
            set_keys(keys: BTreeMap<String, String>, keep: bool) -> () = last;
        } }
        implement! { $wrapper, AdminStore {
            ping() -> () = last;
            stats() -> ProjectStats = last;
            audit(page: PageRequest, how: AuditOptions) -> AuditedPage = last;
            audit_whole(how: AuditOptions) -> Vec<Finding> = last;
            loaded_file(name: &str) -> Option<String> = last;
            note_loaded_file(name: &str, fingerprint: &str) -> () = last;
            loaded_files() -> Vec<(String, String)> = last;
            restore_target() -> RestoreTarget = last;
            begin_restore(now: Millis) -> () = last;
            restore_records(records: Vec<Record>) -> () = last;
            restore_allocation_record(allocation_record: AllocationRecord) -> () = last;
            end_restore() -> () = last;
            identity() -> Option<String> = last;
            set_identity(rule: &str) -> String = last;
            edition(text: &str) -> u32 = last;
            editions() -> BTreeMap<u32, String> = last;
        }
            fn engine(&self) -> StoreEngine {
                self.inner.engine()
            }
            fn location(&self) -> &str {
                self.inner.location()
            }
            fn set_policy(&self, policy: StorePolicy) {
                self.inner.set_policy(policy);
            }
            async fn close(&self) {
                self.inner.close().await;
            }
        }
    };
}

implement_store!(Faulty);
implement_store!(Retrying);
