//! What a file has had so far: the lines of the first tasks, in memory that does not grow beyond a
//! bound.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::task::TaskId;

/// Tasks of one file that are remembered: about 35 MiB.
const MOST: usize = 900_000;

/// Where a task stood first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct First {
    /// The line, from 1.
    pub line: u64,
    /// What stood beside its identity
    /// ([`IdentifiedTask::beside`](crate::identity::IdentifiedTask::beside)).
    pub suggestions_hash: Option<u64>,
}

/// The tasks that a file has had, each with the line on which it stood first.
#[derive(Debug)]
pub(super) struct Seen {
    first: HashMap<u128, (u64, u64)>,
    most: usize,
    forgetful: bool,
}

impl Default for Seen {
    fn default() -> Self {
        Self { first: HashMap::new(), most: MOST, forgetful: false }
    }
}

impl Seen {
    /// Where this task stood before, if it did. Otherwise it is remembered, as long as there is
    /// room.
    pub(super) fn see(
        &mut self,
        task: &TaskId,
        line: u64,
        suggestions_hash: Option<u64>,
    ) -> Option<First> {
        // An identity that was computed is a number of 128 bits.
        let key = u128::from_str_radix(task.as_str(), 16).ok()?;
        let full = self.first.len() >= self.most;
        match self.first.entry(key) {
            Entry::Occupied(first) => {
                let (line, suggestions_hash) = *first.get();
                Some(First {
                    line,
                    suggestions_hash: (suggestions_hash != 0).then_some(suggestions_hash),
                })
            }
            Entry::Vacant(_) if full => {
                self.forgetful = true;
                None
            }
            Entry::Vacant(place) => {
                place.insert((line, suggestions_hash.unwrap_or_default()));
                None
            }
        }
    }

    /// Whether this task is remembered.
    pub(super) fn has(&self, task: &TaskId) -> bool {
        u128::from_str_radix(task.as_str(), 16).is_ok_and(|key| self.first.contains_key(&key))
    }

    /// Whether there were more different tasks than are remembered.
    pub(super) fn is_forgetful(&self) -> bool {
        self.forgetful
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_a_task_is_remembered_as_long_as_there_is_room() {
        let mut seen = Seen { most: 2, ..Seen::default() };
        let id = |n: u32| TaskId::from_text(&format!("{n:032x}"));
        assert_eq!(seen.see(&id(1), 1, None), None);
        assert_eq!(seen.see(&id(2), 2, Some(7)), None);
        assert!(!seen.is_forgetful());
        assert_eq!(seen.see(&id(3), 3, None), None);
        assert!(seen.is_forgetful());
        assert_eq!(seen.see(&id(2), 4, None), Some(First { line: 2, suggestions_hash: Some(7) }));
        assert_eq!(seen.see(&id(1), 5, Some(1)), Some(First { line: 1, suggestions_hash: None }));
        assert_eq!(seen.see(&id(3), 6, None), None);
    }
}
