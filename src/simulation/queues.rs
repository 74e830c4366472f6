//! The queues of all annotators for one kind of task.

use super::queue::{Queue, QueueReader, QueueSlot};
use super::task_table::TaskTable;
use crate::allocation::order::Order;

/// The queues of regular or of gold tasks: one for anyone, one for each annotator.
pub(super) struct Queues {
    anyone: Queue,
    /// How far each annotator has read the queue of anyone.
    readers: Vec<QueueReader>,
    /// The queue of the tasks that name an annotator, for each.
    pub(super) own: Vec<Queue>,
    /// How far each annotator has read their own queue.
    pub(super) own_readers: Vec<QueueReader>,
}

impl Queues {
    pub(super) fn new(annotators: usize) -> Self {
        Self {
            anyone: Queue::default(),
            readers: vec![QueueReader::default(); annotators],
            own: (0..annotators).map(|_| Queue::default()).collect(),
            own_readers: vec![QueueReader::default(); annotators],
        }
    }

    /// The next task of an annotator: the first in order of the heads of both their queues.
    pub(super) fn next(&mut self, who: u32, table: &TaskTable, order: Order) -> Option<u32> {
        let index = who as usize;
        let open = |task: u32| table.is_open_to(task, who);
        let mut best: Option<(u32, i64)> = None;
        let queues = [
            (&mut self.own[index], &mut self.own_readers[index]),
            (&mut self.anyone, &mut self.readers[index]),
        ];
        for (queue, reader) in queues {
            for level in 0..queue.levels() {
                let Some((task, _)) = queue.head(reader, level, open) else { continue };
                let key = table.position(task, order).0;
                if best.is_none_or(|(_, so_far)| key < so_far) {
                    best = Some((task, key));
                }
            }
        }
        best.map(|(task, _)| task)
    }

    /// Adds a task at a level: to the queue of anyone, or to the queues of the named annotators who
    /// have not had it. Returns its slot in the queue of anyone.
    pub(super) fn push(&mut self, task: u32, level: u8, table: &TaskTable) -> Option<QueueSlot> {
        let lanes = table.lanes(task);
        if lanes.anyone {
            return Some(self.anyone.push(level, task));
        }
        for who in &lanes.names {
            if !table.had(task, *who) {
                self.own[*who as usize].push(level, task);
            }
        }
        None
    }

    /// Removes a task from the queue of anyone. In the other queues a full task is skipped.
    pub(super) fn close(&mut self, slot: QueueSlot) {
        self.anyone.close(slot);
    }
}
