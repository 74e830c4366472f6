//! Takes a backup of a store in which a daemon and loads may be at work.
//!
//! The walk goes over the tasks in the order of their numbers, page by page; each task is read
//! whole, so it is consistent in itself, and what was acknowledged before the backup began is read.
//! At the end of the walk the record of the deal is read, then it is made sure that no task is
//! lacking that was there by then, and then the deal is read again. If no tasks were planned
//! meanwhile, deal and tasks agree: what is counted in it is there, or promised. Otherwise it goes
//! on for the tasks that have come. Which files were loaded is read together with the deal, for the
//! same reason.
//!
//! Numbers are given before tasks are in, and several loads may be under way, so a task can appear
//! behind the place that the walk has reached. Therefore a bit is kept for each number that is in
//! the file, and at the end the numbers of the store (an index, no tasks) are held against these.
//!
//! When people came or went, the daemon names others for many tasks and then notes in the deal that
//! it has. If that happens during the walk, some tasks are in the file as they were before; so the
//! file says of the deal that they were last looked over when the walk began. After a restore the
//! daemon then looks over them again, which changes nothing where it had been done.
//!
//! Rejected: a snapshot of the database. MongoDB keeps one for five minutes, which a large project
//! or a slow disk exceeds, and a single server has none. Rejected: reading until nothing is new,
//! numbers left out, which misses a load that took its numbers early.

use std::collections::HashMap;
use std::io::Write;

use serde::Serialize;
use sha2::{Digest, Sha256};
use zstd::stream::write::Encoder;

use super::format::{
    AllocationRecordLine, EditionLine, End, FileLine, Head, IdentityLine, KeyLine, Line, TaskLine,
    answers_of,
};
use crate::allocation::SequenceNumber;
use crate::export::atomic_file::{Output, OutputError};
use crate::planning::state::AllocationState;
use crate::store::{AllocationRecord, Record, RecordFilter, RecordPages, Store, StoreError};

/// Numbers read at a time.
const NUMBERS: usize = 10_000;

/// Why a backup was not taken. Nothing is left of the file then.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store cannot be read.
    #[error("cannot back up: {0}")]
    Store(#[from] StoreError),
    /// The file cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// Some tasks cannot be walked to.
    #[error(
        "cannot back up: {remaining} of the tasks in {store} have no number of their own; put that \
         right with `annotd verify --repair`, and back up again"
    )]
    Unnumbered {
        /// How many.
        remaining: u64,
        /// The store, without credentials.
        store: String,
    },
}

/// What is in a backup that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupSummary {
    /// Tasks.
    pub tasks: u64,
    /// Answers of every kind.
    pub answers: u64,
}

/// Writes everything that the store holds. `seen` hears of the tasks of each page.
///
/// # Errors
/// If the store cannot be read or the file not be written; the output is not finished then.
pub async fn create(
    store: &dyn Store,
    head: &Head,
    output: Output,
    mut seen: impl FnMut(u64),
) -> Result<BackupSummary, BackupError> {
    let mut pen = Pen::new(output)?;
    pen.line(head)?;
    let began = store.allocation_record().await?;
    let (deal, files) = loop {
        let before = pen.taken.tasks;
        while pen.page(store, pen.last).await? {
            seen(pen.taken.tasks);
        }
        let (deal, files) = (store.allocation_record().await?, store.loaded_files().await?);
        let there = store.count().await?;
        pen.fetch_missing(store).await?;
        seen(pen.taken.tasks);
        let remaining = there.saturating_sub(pen.taken.tasks);
        if store.allocation_record().await?.version != deal.version {
            continue;
        }
        if remaining == 0 {
            break (deal, files);
        }
        if pen.taken.tasks == before {
            return Err(BackupError::Unnumbered { remaining, store: store.location().to_owned() });
        }
    };
    let deal = agreed(&began, deal);
    pen.line(&Line::AllocationRecord(AllocationRecordLine::of(&deal)))?;
    for (name, fingerprint) in files {
        pen.line(&Line::File(FileLine { name, fingerprint }))?;
    }
    if let Some(rule) = store.identity().await? {
        pen.line(&Line::Identity(IdentityLine { rule }))?;
    }
    // Read behind the tasks: each edition that one of them names is there by now.
    for (number, text) in store.editions().await? {
        pen.line(&Line::Edition(EditionLine { number, text }))?;
    }
    // So that all personal links are good after a restore, too.
    for (name, key) in store.keys().await? {
        pen.line(&Line::Key(KeyLine { name, key }))?;
    }
    pen.end()
}

/// The deal as it is at the end, looked over as it was at the beginning.
fn agreed(began: &AllocationRecord, ended: AllocationRecord) -> AllocationRecord {
    if began.version == ended.version {
        return ended;
    }
    match (AllocationState::read(began), AllocationState::read(&ended)) {
        (Ok(then), Ok(now)) => AllocationRecord { state: now.replanned_as(then).write(), ..ended },
        // It is damaged. What is there is kept; `verify` makes it again.
        _ => ended,
    }
}

/// Writes lines, and knows which tasks are among them.
struct Pen {
    output: Output,
    packed: Encoder<'static, Vec<u8>>,
    sum: Sha256,
    taken: BackupSummary,
    earlier: u64,
    written: Numbers,
    /// Where the walk stands.
    last: SequenceNumber,
}

impl Pen {
    fn new(output: Output) -> Result<Self, BackupError> {
        let packed = Encoder::new(Vec::new(), zstd::DEFAULT_COMPRESSION_LEVEL);
        let packed = packed.and_then(|mut packed| {
            packed.include_checksum(true)?;
            Ok(packed)
        });
        Ok(Self {
            output,
            packed: packed.map_err(unpackable)?,
            sum: Sha256::new(),
            taken: BackupSummary { tasks: 0, answers: 0 },
            earlier: 0,
            written: Numbers::default(),
            last: SequenceNumber::START,
        })
    }

    /// Adds a line.
    fn line(&mut self, line: &impl Serialize) -> Result<(), BackupError> {
        let mut text = serde_json::to_vec(line).expect("a line is JSON");
        text.push(b'\n');
        self.sum.update(&text);
        self.packed.write_all(&text).map_err(unpackable)?;
        self.output.write(self.packed.get_ref())?;
        self.packed.get_mut().clear();
        Ok(())
    }

    /// Adds the tasks behind a number that are not there yet; says whether there were any in the
    /// store.
    async fn page(
        &mut self,
        store: &dyn Store,
        after: SequenceNumber,
    ) -> Result<bool, BackupError> {
        let page = RecordPages::after(store, RecordFilter::All, after).next().await?;
        let Some(records) = page else { return Ok(false) };
        for record in &records {
            self.record(record)?;
            self.last = self.last.max(record.number);
        }
        Ok(true)
    }

    fn record(&mut self, record: &Record) -> Result<(), BackupError> {
        if self.written.add(record.number) {
            let (before, task) = TaskLine::of(record);
            for line in before {
                self.earlier += u64::from(matches!(line, Line::Earlier(_)));
                self.line(&line)?;
            }
            self.line(&Line::Task(Box::new(task)))?;
            self.taken.tasks += 1;
            self.taken.answers += answers_of(&record.state);
        }
        Ok(())
    }

    /// Adds tasks that came in behind the place that the walk had reached.
    async fn fetch_missing(&mut self, store: &dyn Store) -> Result<(), BackupError> {
        let mut after = SequenceNumber::START;
        loop {
            let numbers = store.numbers(after, NUMBERS).await?;
            let Some(last) = numbers.last() else { return Ok(()) };
            after = *last;
            for number in numbers {
                if !self.written.has(number) {
                    self.page(store, SequenceNumber(number.0.saturating_sub(1))).await?;
                }
            }
        }
    }

    /// Adds the last line, and puts the file in its place.
    fn end(mut self) -> Result<BackupSummary, BackupError> {
        let sum = std::mem::take(&mut self.sum);
        let (BackupSummary { tasks, answers }, earlier) = (self.taken, self.earlier);
        let sha256 = hex::encode(sum.finalize());
        self.line(&Line::End(End { tasks, answers, earlier, sha256 }))?;
        let rest = self.packed.finish().map_err(unpackable)?;
        self.output.write(&rest)?;
        self.output.finish()?;
        Ok(self.taken)
    }
}

/// Compressing in memory fails for want of memory alone.
fn unpackable(source: std::io::Error) -> BackupError {
    BackupError::Output(OutputError { place: "the compressed backup".into(), source })
}

/// Numbers, a bit for each.
#[derive(Default)]
struct Numbers(HashMap<i64, [u64; 8]>);

impl Numbers {
    fn place(number: SequenceNumber) -> (i64, usize, u64) {
        let within = number.0.rem_euclid(512).unsigned_abs();
        // It is below 8.
        let word = usize::try_from(within / 64).unwrap_or(0);
        (number.0.div_euclid(512), word, 1 << (within % 64))
    }

    /// Adds a number; says whether it is new.
    fn add(&mut self, number: SequenceNumber) -> bool {
        let (part, word, bit) = Self::place(number);
        let word = &mut self.0.entry(part).or_default()[word];
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    fn has(&self, number: SequenceNumber) -> bool {
        let (part, word, bit) = Self::place(number);
        self.0.get(&part).is_some_and(|words| words[word] & bit != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_new_once() {
        let mut numbers = Numbers::default();
        let some = [0, 1, 63, 64, 511, 512, 513, -1, -512, -513, i64::MAX, i64::MIN];
        for number in some {
            assert!(!numbers.has(SequenceNumber(number)), "{number}");
            assert!(numbers.add(SequenceNumber(number)), "{number}");
            assert!(!numbers.add(SequenceNumber(number)), "{number}");
            assert!(numbers.has(SequenceNumber(number)), "{number}");
        }
        assert!(!numbers.has(SequenceNumber(2)) && !numbers.has(SequenceNumber(-2)));
    }
}
