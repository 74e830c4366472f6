//! What is worth a word about a file: that it was read otherwise than it is written, and which
//! columns its table has.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Sentences about a file, each said once, and the names of its columns. Cheap to clone; all clones
/// are one.
#[derive(Clone, Debug, Default)]
pub struct Notes(Arc<Noted>);

#[derive(Debug, Default)]
struct Noted {
    said: Mutex<Vec<String>>,
    columns: OnceLock<Vec<String>>,
}

impl Notes {
    pub(super) fn say(&self, note: String) {
        let mut notes = self.0.said.lock().unwrap_or_else(PoisonError::into_inner);
        if !notes.contains(&note) {
            notes.push(note);
        }
    }

    /// What has been said so far, in the order of the file.
    pub fn all(&self) -> Vec<String> {
        self.0.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_columns(&self, names: Vec<String>) {
        // A file has one row of names.
        let _ = self.0.columns.set(names);
    }

    /// The keys that the columns of a table give to a task, such as `meta.source`; nothing of a
    /// file that is no table, or whose first row was not read yet.
    pub fn columns(&self) -> Option<&[String]> {
        self.0.columns.get().map(Vec::as_slice)
    }
}
