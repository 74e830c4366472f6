//! The rule by which a project tells tasks apart, as rosters, stores and messages name it.
//!
//! A roster knows three words and paths. A store also keeps the edition, and older formats' rules.

use std::fmt;

/// The stored word of the present edition of `content`. No path has an empty part between points,
/// so a version that does not know this word refuses it and takes it for no path.
const CONTENT: &str = "content..2";

/// By which rule a project tells tasks apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Rule {
    /// Everything that an annotator could see counts.
    #[default]
    Content,
    /// The same but for keys that begin with `_`, keys and names in templates that are written with
    /// escapes, and settings that a text field stands under. Stores have it that were made before
    /// these counted.
    FirstContent,
    /// Prodigy's: two lines with one `_task_hash`, given or computed, are one task.
    TaskHash,
    /// Two lines with one value under this path, such as `meta.id`, are one task.
    Path(String),
    /// The rule of stores that were made before stores had one.
    Format2,
}

impl Rule {
    /// Reads what a store or a backup says. Nothing if this version does not know it.
    pub fn from_stored(text: &str) -> Option<Self> {
        match text {
            CONTENT => Some(Self::Content),
            "content" => Some(Self::FirstContent),
            other => Self::from_text(other),
        }
    }

    /// What a store keeps.
    pub fn stored(&self) -> &str {
        match self {
            Self::Content => CONTENT,
            other => other.as_str(),
        }
    }

    /// Whether rosters have the same word for both.
    pub fn is_named_as(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }

    /// Whether everything that an annotator could see counts, by whatever edition.
    pub fn is_content(&self) -> bool {
        matches!(self, Self::Content | Self::FirstContent)
    }

    /// Reads what a roster says. Nothing if it is none of the words and no path.
    pub fn from_text(text: &str) -> Option<Self> {
        match text {
            "content" => Some(Self::Content),
            "task_hash" => Some(Self::TaskHash),
            "format-2" => Some(Self::Format2),
            path if path.split('.').all(|key| !key.trim().is_empty()) => {
                Some(Self::Path(path.to_owned()))
            }
            _ => None,
        }
    }

    /// The word for it in rosters and in messages.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Content | Self::FirstContent => "content",
            Self::TaskHash => "task_hash",
            Self::Path(path) => path,
            Self::Format2 => "format-2",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
