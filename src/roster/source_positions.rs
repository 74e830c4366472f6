//! Places of values in the text.
//!
//! Two rosters with the same values are equal, wherever the values stand in their texts. Places are
//! therefore kept apart from the values and left out of comparisons.

use std::collections::BTreeMap;
use std::ops::{Deref, Range};

use super::diagnostic::Diagnostic;

/// A value together with its place in the text of the roster. Two are equal when their values are.
#[derive(Clone, Debug, Default)]
pub struct Located<T> {
    /// What the text says.
    pub value: T,
    /// Its place, in bytes.
    pub at: Range<usize>,
}

impl<T> Located<T> {
    /// A value at a place (in bytes).
    pub fn new(value: T, at: Range<usize>) -> Self {
        Self { value, at }
    }
}

impl<T> Deref for Located<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: PartialEq> PartialEq for Located<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// The places of all values of a roster, by path: `lead.port`, `annotator.2.name` (counted from 0).
/// With them goes what is odd in the text and no mistake. All tables of places are equal.
#[derive(Clone, Debug, Default)]
pub struct Places {
    values: BTreeMap<String, Range<usize>>,
    warnings: Vec<Diagnostic>,
}

impl Places {
    /// Where the value of this path stands, in bytes.
    ///
    /// What is not written out is looked for one step up: without a `lead.port`, the place of
    /// `[lead]`; without that, the beginning of the text.
    pub fn at(&self, path: &str) -> Range<usize> {
        let mut path = path;
        loop {
            if let Some(place) = self.values.get(path) {
                return place.clone();
            }
            match path.rfind('.') {
                Some(dot) => path = &path[..dot],
                None => return 0..0,
            }
        }
    }

    /// Whether the roster writes this value out itself.
    pub fn has(&self, path: &str) -> bool {
        self.values.contains_key(path)
    }

    /// What is odd and may be meant, in the order in which it was found.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    pub(super) fn warn(&mut self, warning: Diagnostic) {
        self.warnings.push(warning);
    }

    pub(super) fn note(&mut self, path: String, at: Range<usize>) {
        self.values.insert(path, at);
    }
}

impl PartialEq for Places {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
