//! What a load did, in figures and in words.

use super::line_remarks::LineRemarks;
use crate::identity::Rule;

/// A line that says again what stands further up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// The line, from 1.
    pub line: u64,
    /// The line that it repeats.
    pub first: u64,
}

/// A name that is most likely a setting's, misspelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slip {
    /// The line, from 1.
    pub line: u64,
    /// The setting.
    pub meant: &'static str,
}

/// What a load did; with `--dry-run`, what it would have done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Tasks that are new.
    pub new: u64,
    /// Duplicates of a task further up in the file.
    pub repeated: u64,
    /// The first of them.
    pub first_repeat: Option<Repeat>,
    /// Duplicates of tasks that were loaded before.
    pub known: u64,
    /// Duplicates that differ in what does not tell tasks apart: in suggestions, or, by another
    /// rule than `content`, in anything.
    pub differing: u64,
    /// Whether the file has more different tasks than are remembered: repeats of later ones are
    /// counted as loaded before.
    pub forgetful: bool,
    /// Lines that were put among the rejects.
    pub rejected: u64,
    /// New tasks that bring a right answer along, and are checks.
    pub gold: u64,
    /// New tasks that say how early they come.
    pub prioritised: u64,
    /// New tasks that require a tag.
    pub requiring: u64,
    /// New tasks whose line is an exported answer.
    pub answered: u64,
    /// New tasks whose line is one of a file of rejects.
    pub rejects: u64,
    /// New tasks with `labels` in their own `config`, which no card but a page reads.
    pub own_labels: u64,
    /// New tasks that suggest a label that none of the annotators can give.
    pub strange_labels: u64,
    /// New tasks with a name in their `config` that is most likely a setting's, misspelt.
    pub slips: u64,
    /// The first of them.
    pub first_slip: Option<Slip>,
}

impl Loaded {
    /// Tasks that were there already, in the file or in the store.
    pub fn same(&self) -> u64 {
        self.repeated + self.known
    }

    pub(super) fn add(&mut self, other: Self) {
        self.new += other.new;
        self.repeated += other.repeated;
        self.first_repeat = self.first_repeat.or(other.first_repeat);
        self.known += other.known;
        self.differing += other.differing;
        self.forgetful |= other.forgetful;
        self.rejected += other.rejected;
        self.gold += other.gold;
        self.prioritised += other.prioritised;
        self.requiring += other.requiring;
        self.answered += other.answered;
        self.rejects += other.rejects;
        self.own_labels += other.own_labels;
        self.strange_labels += other.strange_labels;
        self.slips += other.slips;
        self.first_slip = self.first_slip.or(other.first_slip);
    }

    /// Counts what there is to say of a new task.
    pub(super) fn remark(&mut self, line: u64, remarks: LineRemarks) {
        self.add(Self {
            gold: remarks.gold.into(),
            prioritised: remarks.priority.into(),
            requiring: remarks.requires.into(),
            answered: remarks.exported.into(),
            rejects: remarks.reject.into(),
            own_labels: remarks.own_labels.into(),
            strange_labels: remarks.strange_label.into(),
            slips: remarks.meant.is_some().into(),
            first_slip: remarks.meant.map(|meant| Slip { line, meant }),
            ..Self::default()
        });
    }

    /// `219 new, 81 duplicates: 12 within this file (line 214 repeats line 3), 69 loaded before`.
    pub fn counts(&self) -> String {
        let mut words = format!("{} new, {}", self.new, counted(self.same(), "duplicate"));
        let mut parts = Vec::new();
        if self.repeated > 0 {
            let example = self.first_repeat.map_or_else(String::new, |Repeat { line, first }| {
                format!(" (line {line} repeats line {first})")
            });
            parts.push(format!("{} within this file{example}", self.repeated));
        }
        if self.known > 0 {
            let or = if self.forgetful { " or further up in this file" } else { "" };
            parts.push(format!("{} loaded before{or}", self.known));
        }
        if !parts.is_empty() {
            words = format!("{words}: {}", parts.join(", "));
        }
        words
    }

    /// What else there is to say, each in a sentence of its own.
    pub fn remarks(&self, rule: &Rule) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.differing > 0 {
            remarks.push(match rule {
                Rule::Content | Rule::FirstContent => format!(
                    "{} with other suggestions: the task keeps those it had first.",
                    counted(self.differing, "duplicate")
                ),
                rule => format!(
                    "{} with other content: by identity = \"{rule}\" they are the same task, which \
                     stays as it was.",
                    counted(self.differing, "duplicate")
                ),
            });
        }
        let slip = self.first_slip.map_or_else(String::new, |Slip { line, meant }| {
            format!(
                "in `config` a name that is no setting and does nothing; in line {line}, did you mean \
                 {meant}?"
            )
        });
        let slips = [format!("has {slip}"), format!("have {slip}")];
        let taken = [
            (
                self.gold,
                "has meta.gold and is a gold task (a check): annotators never see the right answer, and its \
                 answers count for no task. If meta.gold means something else, rename it",
                "have meta.gold and are gold tasks (checks): annotators never see the right answer, and their \
                 answers count for no task. If meta.gold means something else, rename it",
            ),
            (
                self.prioritised,
                "has meta.priority: higher ones come first",
                "have meta.priority: higher ones come first",
            ),
            (
                self.requiring,
                "has meta.requires and goes only to annotators with these tags",
                "have meta.requires and go only to annotators with these tags",
            ),
            (
                self.answered,
                "is an exported answer: the task is loaded, and the answer is not. What it marked or \
                 chose is shown as a suggestion; to take answers over, use `annotd backup` and \
                 `annotd restore`",
                "are exported answers: the tasks are loaded, and the answers are not. What they marked \
                 or chose is shown as a suggestion; to take answers over, use `annotd backup` and \
                 `annotd restore`",
            ),
            (
                self.rejects,
                "has the keys of a refused line (--rejects): its text is that line. To load what was \
                 refused, correct the texts under `text` and load these",
                "have the keys of refused lines (--rejects): their texts are those lines. To load what \
                 was refused, correct the texts under `text` and load these",
            ),
            (
                self.own_labels,
                "has `labels` in its `config`, which has no effect there: labels are the project's, or \
                 stand in a block or a page",
                "have `labels` in their `config`, which has no effect there: labels are the project's, \
                 or stand in a block or a page",
            ),
            (
                self.strange_labels,
                "suggests a label that is none of its labels: an annotator can keep it or take it away, \
                 and cannot give it",
                "suggest a label that is none of their labels: an annotator can keep it or take it away, \
                 and cannot give it",
            ),
            (self.slips, &slips[0], &slips[1]),
        ];
        for (count, one, many) in taken {
            match count {
                0 => {}
                1 => remarks.push(sentence(format!("1 new task {one}"))),
                n => remarks.push(sentence(format!("{n} new tasks {many}"))),
            }
        }
        remarks
    }
}

fn sentence(words: String) -> String {
    if words.ends_with('?') { words } else { words + "." }
}

fn counted(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_are_told_by_where_their_first_is() {
        let loaded = Loaded {
            new: 219,
            repeated: 12,
            first_repeat: Some(Repeat { line: 214, first: 3 }),
            known: 69,
            ..Loaded::default()
        };
        assert_eq!(
            loaded.counts(),
            "219 new, 81 duplicates: 12 within this file (line 214 repeats line 3), 69 loaded before"
        );
        assert_eq!(Loaded { new: 2, ..Loaded::default() }.counts(), "2 new, 0 duplicates");
        let one = Loaded { known: 1, forgetful: true, ..Loaded::default() };
        assert_eq!(one.counts(), "0 new, 1 duplicate: 1 loaded before or further up in this file");
    }

    #[test]
    fn what_keys_of_meta_are_taken_for_is_said() {
        let loaded = Loaded {
            new: 3,
            gold: 1,
            prioritised: 2,
            differing: 4,
            answered: 2,
            ..Loaded::default()
        };
        let remarks = loaded.remarks(&Rule::Content);
        assert_eq!(remarks.len(), 4, "{remarks:?}");
        assert!(remarks[3].starts_with("2 new tasks are exported answers: "), "{remarks:?}");
        assert!(remarks[0].starts_with("4 duplicates with other suggestions"), "{remarks:?}");
        assert!(remarks[1].starts_with("1 new task has meta.gold and is a gold task (a check)"));
        assert!(remarks[2].starts_with("2 new tasks have meta.priority"));
        let other = loaded.remarks(&Rule::Path("meta.id".into()));
        assert!(other[0].contains("by identity = \"meta.id\""), "{other:?}");
        let mut slips = Loaded { new: 1, ..Loaded::default() };
        let meant = Some("choice_style");
        slips.remark(7, LineRemarks { meant, ..LineRemarks::default() });
        let remarks = slips.remarks(&Rule::Content);
        let words = "1 new task has in `config` a name that is no setting and does nothing; in line 7, \
                     did you mean choice_style?";
        assert_eq!(remarks, [words]);
    }
}
