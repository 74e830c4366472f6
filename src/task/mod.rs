//! What is annotated: a task with its hashes and tokens, and the answers to it.
//!
//! This room is pure. It takes JSON and gives values; it knows no store, no clock, no network.
//!
//! - [`Task`] is the JSON object that was loaded, kept to the letter, with its identity.
//! - `hashes` are Prodigy's; [`crate::identity`] says when two tasks are one to annotd.
//! - [`own_keys`] keeps the answer's keys and the task's apart where both stand in one line.
//! - [`Answer`] is what an annotator said, apart from the task it is about.
//!
//! Rejected: a struct with a field for every key that annotd knows. Whatever it does not know
//! must travel through untouched, number formats and key order included, so the text of the
//! object itself is the value, and the few keys that matter are read from it when they are
//! needed.

mod answer;
mod basis;
pub mod canonical;
pub mod gold;
pub mod hashes;
pub mod media;
pub mod own_keys;
pub mod picture;
pub mod python_json;
pub mod reading;
mod renamed;
pub mod sorted_json;
pub mod task_json;
pub mod time;
mod tokens;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use answer::{Answer, Verdict, Version};
pub use basis::Basis;
pub use hashes::{input_hash, task_hash};
pub use renamed::Renamed;
pub use task_json::depth_of_object;
pub use task_json::{Fields, MAX_DEPTH, TaskJson, TaskJsonError};
pub use time::Millis;
pub use tokens::{TOKENIZER, Token, tokenize};

/// annotd's own identity of a task: 128 bits over its content, as 32 hexadecimal digits.
///
/// How it is derived is told in `identity/mod.rs`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(Arc<str>);

impl TaskId {
    /// Takes a text that is meant to be an identity, such as the `_id` of an answer.
    ///
    /// Whether a task of this identity exists is for the store to say.
    pub fn from_text(text: &str) -> Self {
        Self(text.into())
    }

    /// The 32 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A task as it was loaded, with what identifies it.
#[expect(clippy::struct_field_names, reason = "the names of Prodigy's hashes")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// annotd's identity.
    pub id: TaskId,
    /// Prodigy's hash of the input: the one the data came with, or the computed one.
    pub input_hash: i64,
    /// Prodigy's hash of the input and the question: the one the data came with, or the computed
    /// one.
    pub task_hash: i64,
    /// The JSON object itself.
    pub body: TaskJson,
}
