//! The project's stats as they were last read, with this process's own answers since.

use crate::store::ProjectStats;
use crate::task::Millis;

/// The stats as they were last read from the store.
pub(super) struct CachedStats {
    pub(super) read: Millis,
    pub(super) stats: ProjectStats,
}

impl CachedStats {
    /// Counts an answer until the stats are read again. Whether its task named the annotator is not
    /// known here; it is assumed so if any task does.
    pub(super) fn note_answer(&mut self, annotator: &str) {
        let stats = &mut self.stats;
        let share = stats.annotators.entry(annotator.to_owned()).or_default();
        let left = if share.named > 0 { &mut share.named } else { &mut stats.open_to_anyone };
        *left = left.saturating_sub(1);
        share.answered += 1;
        share.held = share.held.saturating_sub(1);
        stats.answers += 1;
        stats.held = stats.held.saturating_sub(1);
    }
}
