//! What is worth a word about a file that is right: that it was read otherwise than it is written.

use std::sync::{Arc, Mutex, PoisonError};

/// Sentences about a file, each said once. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    pub(super) fn say(&self, note: String) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !notes.contains(&note) {
            notes.push(note);
        }
    }

    /// What has been said so far, in the order of the file.
    pub fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
