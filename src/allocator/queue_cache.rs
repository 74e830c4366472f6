//! What the allocator knows of the queue: pages of open tasks, and how far everyone has come.
//!
//! A lane is read in pages that all annotators share. Each annotator has a cursor in each lane:
//! nothing up to there can be handed to them, because they took it, or it was full when they
//! passed. What becomes open again behind a cursor is announced by the store (`reopened`) and goes
//! into a list of its own, which everyone looks through once, before the lanes. So a claim looks
//! at what is new since the annotator's last claim and at nothing else: not at finished tasks,
//! and not at the thousands that somebody who is far ahead has left for others to complete.
//!
//! All of this is a memory of the store and no authority. A claim is granted by the store's guard
//! alone; where the window is wrong, a claim is lost and tried elsewhere, and when nothing seems
//! to be left the store is searched from the beginning.
//!
//! Rejected: the store's own "next task that I have not answered", which walks over everything
//! that the fastest annotator has left open, at each claim; and an index entry for every pair of
//! task and annotator, which does not, but multiplies what a load and a claim have to write by the
//! number of annotators.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::allocation::{Lane, Position};
use crate::store::QueuedTask;
use crate::task::{Task, TaskId};

/// Tasks of a page. A page serves all annotators who come by, so that reading it costs little a
/// claim.
pub(super) const PAGE: usize = 64;
/// Tasks that came back which are compared by their place before one of them is chosen.
const COMPARED: usize = 64;
/// Tasks in memory beyond which the pages are forgotten; the cursors stay.
const MANY_TASKS: usize = 16_384;
/// Bytes of tasks in memory beyond which the pages are forgotten.
const MANY_BYTES: usize = 32 << 20;

struct CachedTask {
    task: Arc<Task>,
    position: Position,
    free: u32,
    participants: Vec<String>,
    lanes: Vec<Lane>,
}

impl CachedTask {
    /// Gold comes in its turn, and never because it came back.
    fn is_gold(&self) -> bool {
        self.lanes.iter().any(|lane| matches!(lane, Lane::Gold | Lane::GoldOf(_)))
    }

    fn is_open_to(&self, annotator: &str) -> bool {
        self.free > 0
            && !self.participants.iter().any(|participant| participant == annotator)
            && self.lanes.iter().any(|lane| lane.admits(annotator))
    }
}

/// A stretch of a lane: everything behind the key under which it is kept, up to `through`.
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
    /// This one seems open to them.
    Task(Arc<Task>),
    /// Nothing is known of this lane behind the place: ask the store for a page.
    MissingPage {
        /// Which lane.
        lane: Lane,
        /// Behind which place.
        after: Position,
    },
}

/// The memory of the queue.
#[derive(Default)]
pub(super) struct QueueCache {
    tasks: HashMap<TaskId, CachedTask>,
    bytes: usize,
    lanes: HashMap<Lane, LaneCache>,
    /// What came back, by the number of the occasion.
    reopened: BTreeMap<u64, TaskId>,
    /// Who has been chosen for a task and has not claimed it yet: the store does not know of it, so
    /// whatever is read from it meanwhile must not make the task look free again.
    chosen: HashMap<TaskId, Vec<String>>,
    reopen_seq: u64,
    scanned: HashMap<String, u64>,
}

impl QueueCache {
    /// The next task of this lane for this annotator, or the page that is missing to say.
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
                // The cursor stops before the task: it goes past once the task is taken.
                cursor = Position(position.0 - 1);
                break NextTask::Task(Arc::clone(&self.tasks[id].task));
            }
            cursor = page.through;
        };
        queue.cursors.insert(annotator.to_owned(), cursor);
        next
    }

    /// The first in the queue of the tasks that came back and that this annotator may have, among the
    /// oldest of them that they have not looked through.
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
            // Beyond the first that is open to them they have to look again.
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

    /// Where a known task stands.
    pub(super) fn position(&self, task: &TaskId) -> Option<Position> {
        self.tasks.get(task).map(|entry| entry.position)
    }

    /// Takes in a page that was read behind `after`.
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

    /// Moves a cursor forward: nothing before `to` is open to this annotator.
    pub(super) fn advance(&mut self, annotator: &str, lane: &Lane, to: Position) {
        let queue = self.lanes.entry(lane.clone()).or_default();
        let cursor = queue.cursors.entry(annotator.to_owned()).or_insert(Position::START);
        *cursor = (*cursor).max(Position(to.0 - 1));
    }

    /// Takes in tasks that became open out of their turn. Those of one look are handed out in the
    /// order of the queue, not in that in which they came back.
    pub(super) fn reopen(&mut self, mut tasks: Vec<QueuedTask>) {
        tasks.sort_by_key(|task| task.position);
        for task in tasks {
            let id = task.task.id.clone();
            self.insert(task);
            self.reopen_seq += 1;
            self.reopened.insert(self.reopen_seq, id);
        }
    }

    /// Notes that an annotator has been chosen for a task, until [`QueueCache::claimed`].
    pub(super) fn mark_leased(&mut self, annotator: &str, task: &TaskId) {
        self.chosen.entry(task.clone()).or_default().push(annotator.to_owned());
        let Some(entry) = self.tasks.get_mut(task) else { return };
        entry.free = entry.free.saturating_sub(1);
        entry.participants.push(annotator.to_owned());
        if entry.free == 0 {
            self.drop_task(task);
        }
    }

    /// Notes that all who were chosen have claimed their tasks: from now on the store knows.
    pub(super) fn claimed(&mut self) {
        self.chosen.clear();
    }

    /// Notes that a task was not what it seemed. Should it be open all the same, the store says so
    /// in the next page or when it comes back.
    pub(super) fn drop_task(&mut self, task: &TaskId) {
        if let Some(entry) = self.tasks.remove(task) {
            self.bytes = self.bytes.saturating_sub(entry.task.body.as_str().len());
        }
    }

    /// Forgets how far an annotator has come: the next search begins at the beginning.
    pub(super) fn rewind(&mut self, annotator: &str) {
        for queue in self.lanes.values_mut() {
            queue.cursors.remove(annotator);
        }
    }

    /// Whether a known task could be handed to this annotator.
    pub(super) fn is_open_to(&self, task: &TaskId, annotator: &str) -> bool {
        self.tasks.get(task).is_some_and(|entry| entry.is_open_to(annotator))
    }

    /// Takes in a task that was found beside the pages.
    pub(super) fn remember(&mut self, open: QueuedTask) {
        self.insert(open);
    }

    fn insert(&mut self, open: QueuedTask) {
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
        // What came back is not in any page ahead, so it is kept.
        let reopened: std::collections::HashSet<_> = self.reopened.values().cloned().collect();
        self.tasks.retain(|id, _| reopened.contains(id));
        self.bytes = self.tasks.values().map(|entry| entry.task.body.as_str().len()).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Body;

    fn open(number: i64, free: u32) -> QueuedTask {
        let body = Body::parse(&format!("{{\"text\":\"{number}\"}}")).expect("a task");
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
    fn what_comes_back_behind_a_cursor_is_found_first_and_looked_at_once() {
        let mut queue = QueueCache::default();
        queue.insert_page(&Lane::Anyone, Position::START, vec![open(1, 1), open(2, 1), open(3, 1)]);
        assert_eq!(take(&mut queue, "a"), Ok("1".into()));
        assert_eq!(take(&mut queue, "a"), Ok("2".into()));
        queue.claimed();
        queue.reopen(vec![QueuedTask { participants: vec!["b".into()], ..open(1, 1) }]);
        assert!(queue.next_reopened("b").is_none());
        let back = queue.next_reopened("a").expect("it came back");
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
        queue.reopen(vec![open(1, 1)]);
        let back = queue.next_reopened("a").expect("it came back");
        queue.mark_leased("a", &back.id);
        queue.insert_page(&Lane::Anyone, Position::START, vec![open(1, 1), open(2, 2)]);
        assert_eq!(take(&mut queue, "a"), Ok("2".into()));
        queue.claimed();
        queue.insert_page(&Lane::Anyone, Position::START, vec![open(1, 1)]);
        queue.rewind("b");
        assert_eq!(take(&mut queue, "b"), Ok("1".into()), "the store says that it is free again");
    }

    #[test]
    fn what_comes_back_together_comes_in_the_order_of_the_queue() {
        let mut queue = QueueCache::default();
        queue.reopen(vec![open(7, 1), open(2, 1)]);
        let first = queue.next_reopened("a").expect("it came back");
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
