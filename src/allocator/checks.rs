//! Checks among an annotator's tasks: gold tasks and repeats.
//!
//! [`CheckSchedule`] says when a check is due. Gold tasks come from lanes of their own. A repeat is
//! made when it is due: one of the annotator's own answers, far enough back and drawn with the
//! seed, is inserted again as a task for this annotator alone. Its identity follows from the task
//! and the annotator, so that it is made once, however often that is tried.
//!
//! No check comes when no regular task is left: an annotator's work does not end with a row of
//! checks.

use std::collections::HashMap;
use std::time::Duration;

use super::policy::AllocatorPolicy;
use super::queue_reader::{Candidate, QueueReader};
use super::shared_state::SharedState;
use crate::allocation::check_schedule::{CheckSchedule, ScheduledItem};
use crate::allocation::{Lane, Plan, Purpose, seed};
use crate::store::{NewTask, Record, StoreError};
use crate::task::{Millis, TaskId};

/// Answers among which a repeat is drawn.
const CHOICE: usize = 50;
/// After this long the store is searched again for an annotator for whom it had no gold.
const SEARCH_PAUSE: Duration = Duration::from_secs(60);
/// How long the answer to "is there any gold?" is believed.
const GOLD_TTL: Duration = Duration::from_secs(2);

/// The check schedules of all annotators.
#[derive(Default)]
pub(super) struct QualityChecks {
    schedules: HashMap<String, CheckSchedule>,
    /// When the store may be searched again for gold, from the start of the lanes.
    next_search: HashMap<String, Millis>,
    /// Whether the project has unfinished gold tasks, and until when that is believed.
    gold: Option<(bool, Millis)>,
}

impl QualityChecks {
    /// Forgets the schedules. They are made again from the store's counts.
    pub(super) fn forget(&mut self) {
        self.schedules.clear();
    }

    /// The check that is due now; `None` if none is due or none is there.
    pub(super) async fn next(
        &mut self,
        shared: &SharedState,
        queue: &mut QueueReader,
        policy: &AllocatorPolicy,
        annotator: &str,
        now: Millis,
    ) -> Result<Option<Candidate>, StoreError> {
        if policy.checks.gold <= 0.0 && policy.checks.repeat <= 0.0 {
            return Ok(None);
        }
        if !self.schedules.contains_key(annotator) {
            let stats = shared.store.stats().await?;
            let share = stats.annotators.get(annotator).cloned().unwrap_or_default();
            let had = share.answered + share.late + share.skipped + share.checks + share.held;
            let schedule = CheckSchedule::resume(&policy.checks, policy.seed, annotator, had);
            self.schedules.insert(annotator.to_owned(), schedule);
        }
        let Some(schedule) = self.schedules.get_mut(annotator) else { return Ok(None) };
        let due = schedule.next();
        schedule.advance();
        match due {
            ScheduledItem::Regular => Ok(None),
            ScheduledItem::Gold => self.next_gold(shared, queue, annotator, now).await,
            ScheduledItem::Repeat => {
                let repeat = make_repeat(shared, annotator, policy.checks.after, policy.seed);
                Ok(repeat.await?.map(|record| queue.insert(record.into())))
            }
        }
    }

    /// Whether there is any gold. Most projects have none, and are not searched for it.
    async fn has_gold(&mut self, shared: &SharedState, now: Millis) -> Result<bool, StoreError> {
        if let Some((has_gold, until)) = self.gold
            && now < until
        {
            return Ok(has_gold);
        }
        let has_gold = shared.store.stats().await?.gold > 0;
        self.gold = Some((has_gold, now + GOLD_TTL));
        Ok(has_gold)
    }

    async fn next_gold(
        &mut self,
        shared: &SharedState,
        queue: &mut QueueReader,
        annotator: &str,
        now: Millis,
    ) -> Result<Option<Candidate>, StoreError> {
        if !self.has_gold(shared, now).await? {
            return Ok(None);
        }
        let lanes = [Lane::GoldOf(annotator.to_owned()), Lane::Gold];
        for lane in &lanes {
            if let Some(candidate) = queue.next_in(annotator, lane, now).await? {
                return Ok(Some(candidate));
            }
        }
        // A lease may have ended behind the annotator's cursor.
        if self.next_search.get(annotator).is_some_and(|next| *next > now) {
            return Ok(None);
        }
        self.next_search.insert(annotator.to_owned(), now + SEARCH_PAUSE);
        for lane in &lanes {
            if let Some(candidate) = queue.first_from_start(annotator, lane).await? {
                return Ok(Some(candidate));
            }
        }
        Ok(None)
    }
}

/// Inserts a repeat of one of this annotator's own answers, at least `after` answers back; `None`
/// if there is nothing left to repeat.
async fn make_repeat(
    shared: &SharedState,
    annotator: &str,
    after: u32,
    seed: u64,
) -> Result<Option<Record>, StoreError> {
    let after = usize::try_from(after).unwrap_or(usize::MAX);
    let store = &shared.store;
    let history = store.history(annotator, None, after.saturating_add(CHOICE)).await?;
    let far_back: Vec<TaskId> =
        history.iter().skip(after).map(|past| past.task.id.clone()).collect();
    let records: Vec<Record> = store.look_up(&far_back).await?.into_iter().flatten().collect();
    let mut regular: Vec<Record> =
        records.into_iter().filter(|record| record.state.purpose == Purpose::Regular).collect();
    // The draw depends only on the tasks, the annotator and the seed, so a restart does not change
    // it.
    regular.sort_by_key(|record| {
        let drawn = seed::of_text(seed, record.task.id.as_str());
        seed::of_text(drawn, annotator)
    });
    let repeats: Vec<TaskId> =
        regular.iter().map(|record| record.task.repeated_for(annotator).id).collect();
    let known = store.existing_ids(&repeats).await?;
    let fresh = regular.iter().zip(&repeats).find(|(_, repeat)| !known.contains(*repeat));
    let Some((record, id)) = fresh else { return Ok(None) };
    let plan = Plan {
        bound: true,
        purpose: Purpose::Repeat(record.task.id.clone()),
        ..Plan::new(1, vec![Lane::Of(annotator.to_owned())])
    };
    let task = record.task.repeated_for(annotator);
    store.insert_tasks(vec![NewTask { task, plan }]).await?;
    let inserted = store.look_up(std::slice::from_ref(id)).await?.into_iter().flatten().next();
    Ok(inserted.filter(|repeat| repeat.state.is_open_to(annotator)))
}
