//! The allocator's copy of the front of the queue: pages of open tasks, and a cursor per annotator.
//!
//! A lane is read in pages that all annotators share. Each annotator has a cursor in each lane. No
//! task up to the cursor can be handed to them: they took it, or it was full when they passed. A
//! task that is reopened behind a cursor is announced by the store (`reopened`) and put into a list
//! of its own, which every annotator scans once, before the lanes. So a claim looks at what is new
//! since the annotator's last claim and at nothing else: not at finished tasks, and not at the
//! thousands that a fast annotator has left for others to complete.
//!
//! This is a copy; the store alone decides. A claim is granted by the store's guard. Where the
//! cache is wrong, a claim is lost and replaced, and when nothing seems to be left the store is
//! searched from the start (`queue_reader.rs`).
//!
//! Rejected: the store's own "next task that I have not answered". At each claim it walks over
//! everything that the fastest annotator has left open. Also rejected: an index entry for every
//! pair of task and annotator. It avoids the walk, but multiplies what a load and a claim write by
//! the number of annotators.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::allocation::{Lane, Position};
use crate::store::QueuedTask;
use crate::task::{Task, TaskId};

/// Tasks of a page. All annotators share a page, so that reading it costs little per claim.
pub(super) const PAGE: usize = 64;
/// Reopened tasks whose positions are compared before one of them is chosen.
const COMPARED: usize = 64;
/// With more tasks than this in memory, the pages are forgotten; the cursors stay.
const MANY_TASKS: usize = 16_384;
/// With more bytes of tasks than this in memory, the pages are forgotten.
const MANY_BYTES: usize = 32 << 20;

struct CachedTask {
    task: Arc<Task>,
    position: Position,
    free: u32,
    participants: Vec<String>,
    lanes: Vec<Lane>,
}

impl CachedTask {
    /// Gold comes when a check is due, and never because it was reopened.
    fn is_gold(&self) -> bool {
        self.lanes.iter().any(|lane| matches!(lane, Lane::Gold | Lane::GoldOf(_)))
    }

    fn is_open_to(&self, annotator: &str) -> bool {
        self.free > 0
            && !self.participants.iter().any(|participant| participant == annotator)
            && self.lanes.iter().any(|lane| lane.admits(annotator))
    }
}

/// The open tasks of a lane after the position that is the page's key, up to `through`.
struct Page {
    through: Position,
    tasks: Vec<(Position, TaskId)>,
}

#[derive(Default)]
struct LaneCache {
    pages: BTreeMap<Position, Page>,
    cursors: HashMap<String, Position>,
}

/// The next step towards a task for an annotator.
#[derive(Debug)]
pub(super) enum NextTask {
    /// This task seems open to the annotator.
    Task(Arc<Task>),
    /// The lane is not cached after this position: read a page from the store.
    MissingPage {
        /// The lane.
        lane: Lane,
        /// The position.
        after: Position,
    },
}

/// The cached part of the queue.
#[derive(Default)]
pub(super) struct QueueCache {
    tasks: HashMap<TaskId, CachedTask>,
    bytes: usize,
    lanes: HashMap<Lane, LaneCache>,
    /// Reopened tasks by `reopen_seq`.
    reopened: BTreeMap<u64, TaskId>,
    /// The annotators who are chosen for a task and have not claimed it yet. The store does not
    /// know of them, so a page that is read in the meantime must not make the task look free again.
    chosen: HashMap<TaskId, Vec<String>>,
    /// The number of the last reopened task.
    reopen_seq: u64,
    /// Up to which number each annotator has scanned the reopened tasks.
    scanned: HashMap<String, u64>,
}

impl QueueCache {
    /// The next task of this lane for this annotator, or the page that is needed to say.
    pub(super) fn next_in(&mut self, annotator: &str, lane: &Lane) -> NextTask {
        let queue = self.lanes.entry(lane.clone()).or_default();
        let mut cursor = queue.cursors.get(annotator).copied().unwrap_or(Position::START);
        let next = loop {
            let page = queue.pages.range(..=cursor).next_back().map(|(_, page)| page);
            let Some(page) = page.filter(|page| page.through > cursor) else {
                break NextTask::MissingPage { lane: lane.clone(), after: cursor };
            };
            let first = page.tasks.partition_point(|(position, _)| *position <= cursor);
            let found = page.tasks[first..].iter().find(|(_, id)| {
                self.tasks.get(id).is_some_and(|entry| entry.is_open_to(annotator))
            });
            if let Some((position, id)) = found {
                // The cursor stops before the task; it passes once the task is taken.
                cursor = position.just_before();
                break NextTask::Task(Arc::clone(&self.tasks[id].task));
            }
            cursor = page.through;
        };
        queue.cursors.insert(annotator.to_owned(), cursor);
        next
    }

    /// Of the oldest reopened tasks that this annotator has not scanned and may have, the first in
    /// the queue.
    pub(super) fn next_reopened(&mut self, annotator: &str) -> Option<Arc<Task>> {
        let seen = self.scanned.get(annotator).copied().unwrap_or(0);
        let mut through = seen;
        let mut found: Option<(Position, Arc<Task>)> = None;
        let mut open = 0;
        let mut gone = Vec::new();
        for (seq, id) in self.reopened.range(seen + 1..) {
            match self.tasks.get(id) {
                Some(entry) if entry.is_gold() => gone.push(*seq),
                Some(entry) if entry.is_open_to(annotator) => {
                    let earlier = found.as_ref().is_none_or(|(first, _)| entry.position < *first);
                    if earlier {
                        found = Some((entry.position, Arc::clone(&entry.task)));
                    }
                    open += 1;
                    if open == COMPARED {
                        break;
                    }
                }
                Some(entry) if entry.free > 0 => {}
                _ => gone.push(*seq),
            }
            // After the first task that is open to them, they must scan again.
            if open == 0 {
                through = *seq;
            }
        }
        for seq in gone {
            self.reopened.remove(&seq);
        }
        if through != seen {
            self.scanned.insert(annotator.to_owned(), through);
        }
        found.map(|(_, task)| task)
    }

    /// The position of a cached task.
    pub(super) fn position(&self, task: &TaskId) -> Option<Position> {
        self.tasks.get(task).map(|entry| entry.position)
    }

    /// Adds a page that was read after this position.
    pub(super) fn insert_page(&mut self, lane: &Lane, after: Position, tasks: Vec<QueuedTask>) {
        if self.tasks.len() > MANY_TASKS || self.bytes > MANY_BYTES {
            self.forget_pages();
        }
        let Some(through) = tasks.last().map(|task| task.position) else { return };
        let listed = tasks.iter().map(|task| (task.position, task.task.id.clone())).collect();
        for task in tasks {
            self.insert(task);
        }
        let queue = self.lanes.entry(lane.clone()).or_default();
        queue.pages.insert(after, Page { through, tasks: listed });
    }

    /// Moves a cursor forward: no task before `to` is open to this annotator.
    pub(super) fn advance(&mut self, annotator: &str, lane: &Lane, to: Position) {
        let queue = self.lanes.entry(lane.clone()).or_default();
        let cursor = queue.cursors.entry(annotator.to_owned()).or_insert(Position::START);
        *cursor = (*cursor).max(to.just_before());
    }

    /// Adds tasks that were reopened. Tasks that are added together are handed out in the order of
    /// the queue, not in the order in which they were reopened.
    pub(super) fn mark_reopened(&mut self, mut tasks: Vec<QueuedTask>) {
        tasks.sort_by_key(|task| task.position);
        for task in tasks {
            let id = task.task.id.clone();
            self.insert(task);
            self.reopen_seq += 1;
            self.reopened.insert(self.reopen_seq, id);
        }
    }

    /// Notes that an annotator is chosen for a task, until [`QueueCache::claimed`].
    pub(super) fn mark_leased(&mut self, annotator: &str, task: &TaskId) {
        self.chosen.entry(task.clone()).or_default().push(annotator.to_owned());
        let Some(entry) = self.tasks.get_mut(task) else { return };
        entry.free = entry.free.saturating_sub(1);
        entry.participants.push(annotator.to_owned());
        if entry.free == 0 {
            self.drop_task(task);
        }
    }

    /// Notes that all chosen tasks were claimed: from now on the store knows.
    pub(super) fn claimed(&mut self) {
        self.chosen.clear();
    }

    /// Forgets a task whose cached state was wrong. If it is open all the same, the store returns
    /// it in the next page or when it is reopened.
    pub(super) fn drop_task(&mut self, task: &TaskId) {
        if let Some(entry) = self.tasks.remove(task) {
            self.bytes = self.bytes.saturating_sub(entry.task.body.as_str().len());
        }
    }

    /// Forgets an annotator's cursors: the next search begins at the start.
    pub(super) fn rewind(&mut self, annotator: &str) {
        for queue in self.lanes.values_mut() {
            queue.cursors.remove(annotator);
        }
    }

    /// Whether a cached task could be handed to this annotator.
    pub(super) fn is_open_to(&self, task: &TaskId, annotator: &str) -> bool {
        self.tasks.get(task).is_some_and(|entry| entry.is_open_to(annotator))
    }

    /// Adds a task.
    pub(super) fn insert(&mut self, open: QueuedTask) {
        let QueuedTask { task, position, lanes, mut free, mut participants } = open;
        for annotator in self.chosen.get(&task.id).into_iter().flatten() {
            if !participants.contains(annotator) {
                participants.push(annotator.clone());
                free = free.saturating_sub(1);
            }
        }
        self.bytes += task.body.as_str().len();
        let entry = CachedTask { task: Arc::clone(&task), position, free, participants, lanes };
        if let Some(old) = self.tasks.insert(task.id.clone(), entry) {
            self.bytes = self.bytes.saturating_sub(old.task.body.as_str().len());
        }
    }

    fn forget_pages(&mut self) {
        for queue in self.lanes.values_mut() {
            queue.pages.clear();
        }
        // A reopened task is in no page ahead, so it is kept.
        let reopened: HashSet<_> = self.reopened.values().cloned().collect();
        self.tasks.retain(|id, _| reopened.contains(id));
        self.bytes = self.tasks.values().map(|entry| entry.task.body.as_str().len()).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::TaskJson;

    fn open(number: i64, free: u32) -> QueuedTask {
        let body = TaskJson::parse(&format!("{{\"text\":\"{number}\"}}")).expect("a task");
        QueuedTask {
            task: Arc::new(Task::new(body)),
            position: Position(number),
            lanes: vec![Lane::Anyone],
            free,
            participants: Vec::new(),
        }
    }

    fn text(next: NextTask) -> Result<String, Position> {
        match next {
            NextTask::Task(task) => Ok(task.body.get_as("text").expect("a text")),
            NextTask::MissingPage { after, .. } => Err(after),
        }
    }

    fn take(queue: &mut QueueCache, annotator: &str) -> Result<String, Position> {
        let next = queue.next_in(annotator, &Lane::Anyone);
        if let NextTask::Task(task) = &next {
            let id = task.id.clone();
            queue.mark_leased(annotator, &id);
        }
        text(next)
    }

    #[test]
    fn annotators_share_pages_and_take_each_slot_once() {
        let mut queue = QueueCache::default();
        assert_eq!(take(&mut queue, "a"), Err(Position::START));
        queue.insert_page(&Lane::Anyone, Position::START, vec![open(1, 1), open(2, 2)]);
        assert_eq!(take(&mut queue, "a"), Ok("1".into()));
        assert_eq!(take(&mut queue, "b"), Ok("2".into()));
        assert_eq!(take(&mut queue, "a"), Ok("2".into()));
        assert_eq!(take(&mut queue, "a"), Err(Position(2)), "the next page is missing");
        assert_eq!(take(&mut queue, "c"), Err(Position(2)), "everything here is full");
    }

    #[test]
    fn a_task_reopened_behind_a_cursor_is_found_first_and_scanned_once() {
        let mut queue = QueueCache::default();
        queue.insert_page(&Lane::Anyone, Position::START, vec![open(1, 1), open(2, 1), open(3, 1)]);
        assert_eq!(take(&mut queue, "a"), Ok("1".into()));
        assert_eq!(take(&mut queue, "a"), Ok("2".into()));
        queue.claimed();
        queue.mark_reopened(vec![QueuedTask { participants: vec!["b".into()], ..open(1, 1) }]);
        assert!(queue.next_reopened("b").is_none());
        let back = queue.next_reopened("a").expect("it was reopened");
        queue.mark_leased("a", &back.id);
        assert!(queue.next_reopened("a").is_none());
        assert!(queue.next_reopened("c").is_none());
        assert!(queue.reopened.is_empty(), "full tasks do not stay in the list");
    }

    #[test]
    fn a_lost_claim_does_not_come_again_and_rewinding_finds_it() {
        let mut queue = QueueCache::default();
        queue.insert_page(&Lane::Anyone, Position::START, vec![open(1, 1), open(2, 1)]);
        let NextTask::Task(task) = queue.next_in("a", &Lane::Anyone) else { panic!("a task") };
        queue.drop_task(&task.id);
        assert_eq!(take(&mut queue, "a"), Ok("2".into()));
        queue.insert_page(&Lane::Anyone, Position::START, vec![open(1, 1)]);
        queue.rewind("a");
        assert_eq!(take(&mut queue, "a"), Ok("1".into()));
    }

    #[test]
    fn a_page_that_is_read_before_a_claim_does_not_offer_its_task_again() {
        let mut queue = QueueCache::default();
        queue.mark_reopened(vec![open(1, 1)]);
        let back = queue.next_reopened("a").expect("it was reopened");
        queue.mark_leased("a", &back.id);
        queue.insert_page(&Lane::Anyone, Position::START, vec![open(1, 1), open(2, 2)]);
        assert_eq!(take(&mut queue, "a"), Ok("2".into()));
        queue.claimed();
        queue.insert_page(&Lane::Anyone, Position::START, vec![open(1, 1)]);
        queue.rewind("b");
        assert_eq!(take(&mut queue, "b"), Ok("1".into()), "the store says that it is free again");
    }

    #[test]
    fn tasks_reopened_together_come_in_the_order_of_the_queue() {
        let mut queue = QueueCache::default();
        queue.mark_reopened(vec![open(7, 1), open(2, 1)]);
        let first = queue.next_reopened("a").expect("it was reopened");
        assert_eq!(first.body.get_as("text"), Some("2".to_owned()));
    }

    #[test]
    fn memory_is_bounded_by_forgetting_pages() {
        let mut queue = QueueCache::default();
        let many = i64::try_from(MANY_TASKS).expect("a small number");
        for number in 0..=many {
            queue.insert_page(&Lane::Anyone, Position(number), vec![open(number + 1, 1)]);
        }
        queue.insert_page(&Lane::Anyone, Position(many + 1), vec![open(many + 2, 1)]);
        assert_eq!(queue.tasks.len(), 1);
    }
}
