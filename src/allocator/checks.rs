//! Checks inside the stream: gold tasks and repeats, in their turn.
//!
//! Whose turn it is says [`CheckSchedule`]. Gold comes from lanes of its own. A repeat is made when its turn
//! comes: one of the annotator's own answers, far enough back, drawn with the seed, is admitted again
//! as a task for them alone. Its identity follows from the task and the annotator, so that it is made
//! once however often that is tried.
//!
//! Nothing is checked where nothing is left to annotate: a stream does not end with a row of checks.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::claim_loop::{Chosen, ClaimLoop};
use crate::allocation::check_schedule::{CheckSchedule, ScheduledItem};
use crate::allocation::{Lane, Plan, Position, Purpose, seed};
use crate::store::{Admission, QueuedTask, Record, StoreError};
use crate::task::{Millis, TaskId};

/// Answers among which a repeat is drawn.
const CHOICE: usize = 50;
/// Somebody for whom there is no gold has the store searched for it again after this long.
const PAUSE: Duration = Duration::from_secs(60);
/// How long it is believed that there is gold, or that there is none.
const GLANCE: Duration = Duration::from_secs(2);

/// What is known of everybody's stream.
#[derive(Default)]
pub(super) struct QualityChecks {
    streams: HashMap<String, CheckSchedule>,
    /// When gold may be looked for again from the beginning.
    next_search: HashMap<String, Millis>,
    /// Whether there is any gold to be given out, and until when that is believed.
    gold: Option<(bool, Millis)>,
}

impl QualityChecks {
    /// Forgets where everybody stands; the store knows.
    pub(super) fn forget(&mut self) {
        self.streams.clear();
    }
}

impl ClaimLoop {
    /// The check whose turn it is, if it is one's turn and there is one.
    pub(super) async fn next_check(
        &mut self,
        annotator: &str,
        now: Millis,
    ) -> Result<Option<Chosen>, StoreError> {
        let policy = self.shared.policy();
        if policy.checks.gold <= 0.0 && policy.checks.repeat <= 0.0 {
            return Ok(None);
        }
        if !self.checks.streams.contains_key(annotator) {
            let progress = self.shared.store.progress().await?;
            let share = progress.annotators.get(annotator).cloned().unwrap_or_default();
            let had = share.answered + share.late + share.skipped + share.checks + share.in_hand;
            let stream = CheckSchedule::resume(&policy.checks, policy.seed, annotator, had);
            self.checks.streams.insert(annotator.to_owned(), stream);
        }
        let Some(stream) = self.checks.streams.get_mut(annotator) else { return Ok(None) };
        let turn = stream.next();
        stream.advance();
        match turn {
            ScheduledItem::Regular => Ok(None),
            ScheduledItem::Gold => self.next_gold(annotator, now).await,
            ScheduledItem::Repeat => {
                self.next_repeat(annotator, policy.checks.after, policy.seed).await
            }
        }
    }

    /// Most projects have no gold, and then nobody looks for any.
    async fn is_there_gold(&mut self, now: Millis) -> Result<bool, StoreError> {
        if let Some((there, until)) = self.checks.gold
            && now < until
        {
            return Ok(there);
        }
        let there = self.shared.store.progress().await?.gold > 0;
        self.checks.gold = Some((there, now + GLANCE));
        Ok(there)
    }

    async fn next_gold(
        &mut self,
        annotator: &str,
        now: Millis,
    ) -> Result<Option<Chosen>, StoreError> {
        if !self.is_there_gold(now).await? {
            return Ok(None);
        }
        let lanes = [Lane::GoldOf(annotator.to_owned()), Lane::Gold];
        for lane in &lanes {
            if let Some(task) = self.next_in(annotator, lane, now).await? {
                let position = self.queue.position(&task.id).unwrap_or(Position::START);
                return Ok(Some((task, position)));
            }
        }
        // A lease may have ended behind the place that they have come to.
        if self.checks.next_search.get(annotator).is_some_and(|next| *next > now) {
            return Ok(None);
        }
        self.checks.next_search.insert(annotator.to_owned(), now + PAUSE);
        let store = Arc::clone(&self.shared.store);
        for lane in &lanes {
            let first = store.first_open_to(annotator, lane, Position::START).await?;
            let Some(position) = first else { continue };
            let found = store.open_tasks(lane, Position(position.0 - 1), 1).await?;
            let Some(open) = found.into_iter().next() else { continue };
            let chosen = (Arc::clone(&open.task), open.position);
            self.queue.remember(open);
            // The store does not know yet what has been chosen for them a moment ago.
            if self.queue.is_open_to(&chosen.0.id, annotator) {
                return Ok(Some(chosen));
            }
        }
        Ok(None)
    }

    /// One of this annotator's own answers, at least `after` answers back, as a task for them alone.
    async fn next_repeat(
        &mut self,
        annotator: &str,
        after: u32,
        seed: u64,
    ) -> Result<Option<Chosen>, StoreError> {
        let after = usize::try_from(after).unwrap_or(usize::MAX);
        let store = Arc::clone(&self.shared.store);
        let history = store.history(annotator, None, after.saturating_add(CHOICE)).await?;
        let far_back: Vec<TaskId> =
            history.iter().skip(after).map(|past| past.task.id.clone()).collect();
        let records: Vec<Record> = store.look_up(&far_back).await?.into_iter().flatten().collect();
        let mut regular: Vec<Record> =
            records.into_iter().filter(|record| record.state.purpose == Purpose::Regular).collect();
        // The draw depends on what there is to draw from, and on nothing that a restart changes.
        regular.sort_by_key(|record| {
            let drawn = seed::of_text(seed, record.task.id.as_str());
            seed::of_text(drawn, annotator)
        });
        let repeats: Vec<TaskId> =
            regular.iter().map(|record| record.task.repeated_for(annotator).id).collect();
        let known = store.known(&repeats).await?;
        let fresh = regular.iter().zip(&repeats).find(|(_, repeat)| !known.contains(*repeat));
        let Some((record, id)) = fresh else { return Ok(None) };
        let plan = Plan {
            bound: true,
            purpose: Purpose::Repeat(record.task.id.clone()),
            ..Plan::new(1, vec![Lane::Of(annotator.to_owned())])
        };
        let task = record.task.repeated_for(annotator);
        store.admit(vec![Admission { task, plan }]).await?;
        let found = store.look_up(std::slice::from_ref(id)).await?.into_iter().flatten().next();
        let Some(repeat) = found.filter(|repeat| repeat.state.is_open_to(annotator)) else {
            return Ok(None);
        };
        let chosen = (Arc::clone(&repeat.task), repeat.position);
        self.queue.remember(open(repeat));
        Ok(Some(chosen))
    }
}

/// A task as the window knows it.
pub(super) fn open(record: Record) -> QueuedTask {
    let Record { task, position, state, .. } = record;
    QueuedTask {
        task,
        position,
        free: state.free(),
        participants: state.participants().map(str::to_owned).collect(),
        lanes: state.lanes,
    }
}
