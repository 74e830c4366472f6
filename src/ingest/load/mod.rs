//! Tasks from a file into the store: read, identify, plan, admit.
//!
//! The file is read and validated on a thread of its own and admitted in batches, so memory does
//! not grow with it. What stands before a wrong line is admitted before the line is reported, and a
//! task that is there already changes nothing, so running the same load again after a correction
//! goes on where it stopped.
//!
//! A line that repeats one further up is told by its identity, as far as it is remembered (`seen`);
//! one that was loaded before, by the store. So the store is asked only for what has to be said of
//! single lines: that a load of new tasks is one round trip for each batch is what makes it fast. A
//! line that claims under `_id` to be a task of this store is held against that task.

mod admit;
mod aside;
mod batches;
mod claimed_ids;
mod counts;
mod error;
mod files;
mod line_remarks;
pub mod missing_media;
#[cfg(test)]
mod place_tests;
pub mod rule;
mod seen;
mod validate;

use std::sync::Arc;

pub use self::aside::Aside;
use self::batches::ReadEvent;
pub use self::counts::{Loaded, Repeat, Slip};
pub use self::error::LoadError;
pub use self::files::{TaskFile, find_files, load_file};
use self::seen::Seen;
use self::validate::{Line, Validated, unsuitable};
pub use self::validate::{LoadPolicy, Validator, identity};
use crate::ingest::read::{LineError, Tasks};
use crate::store::{Store, StoreError};

/// What becomes of the tasks that are new.
#[derive(Clone, Copy)]
pub enum Target<'a> {
    /// They are admitted to this store.
    Store(&'a dyn Store),
    /// Nothing: they are counted, against the store if there is one.
    Nowhere(Option<&'a dyn Store>),
}

impl<'a> Target<'a> {
    fn store(self) -> Option<&'a dyn Store> {
        match self {
            Self::Store(store) => Some(store),
            Self::Nowhere(store) => store,
        }
    }
}

/// Loads tasks into a store, or only looks what a load would do.
///
/// # Errors
/// As [`LoadError`] says; what was admitted before stays.
pub async fn load<'a>(
    tasks: Tasks,
    policy: LoadPolicy,
    into: Target<'a>,
    aside: Aside<'a>,
) -> Result<Loaded, LoadError> {
    let file = tasks.file();
    let meter = tasks.meter();
    let policy = Arc::new(policy);
    let validator =
        Validator::new(Arc::clone(&file), Arc::clone(&policy)).with_notes(tasks.notes());
    let (mut events, reader) = batches::read(tasks, validator, aside.rejects.is_none());
    let loaded = Loaded::default();
    let mut load = Load { file, policy, into, aside, seen: Seen::default(), loaded };
    let mut nothing = true;
    while let Some(event) = events.recv().await {
        nothing &= matches!(&event, ReadEvent::Batch(lines) if lines.is_empty());
        let wrong = match event {
            ReadEvent::Wrong(wrong) => vec![wrong],
            ReadEvent::Batch(lines) => {
                let (lines, wrong) = load.hold_against_store(lines).await?;
                load.admit(lines).await?;
                wrong
            }
        };
        for wrong in wrong {
            load.reject(*wrong)?;
        }
    }
    // A reader that panicked has broken an invariant: that must not pass for the end of the file.
    reader.await.expect("reading a file does not panic");
    if nothing && meter.bytes_read() > 0 {
        return Err(LoadError::Nothing { file: load.file });
    }
    Ok(load.loaded)
}

/// A load under way.
struct Load<'a> {
    file: Arc<str>,
    policy: Arc<LoadPolicy>,
    into: Target<'a>,
    aside: Aside<'a>,
    seen: Seen,
    loaded: Loaded,
}

impl Load<'_> {
    /// Parts a batch into tasks and wrong lines. If the first of those ends the load, what stands
    /// behind it is left out.
    async fn hold_against_store(
        &mut self,
        mut batch: Vec<Validated>,
    ) -> Result<(Vec<Line>, Vec<Box<LineError>>), LoadError> {
        let stop = self.aside.rejects.is_none();
        for one in &mut batch {
            if let Validated::Fits(line) = one
                && let Some(wrong) = self.not_held(line)
            {
                *one = Validated::Doubtful(line.clone(), Box::new(wrong));
            }
        }
        self.recognise(&mut batch).await?;
        self.hold_against_claims(&mut batch).await?;
        let mut lines = Vec::with_capacity(batch.len());
        let mut all_wrong = Vec::new();
        for one in batch {
            match one {
                Validated::Fits(line) => lines.push(line),
                Validated::Doubtful(_, wrong) | Validated::Wrong(wrong) => {
                    all_wrong.push(wrong);
                    if stop {
                        break;
                    }
                }
            }
        }
        Ok((lines, all_wrong))
    }

    /// Why the store could not hold a task, if so.
    fn not_held(&self, line: &Line) -> Option<LineError> {
        let task = &line.made.task;
        let why = self.into.store()?.can_hold(task).err()?;
        let expected = "a task that the store can hold";
        let mut wrong = unsuitable(&self.file, line.at, &task.body, expected, "one that it cannot");
        wrong.help = Some(why.into());
        Some(wrong)
    }

    fn stopped(&self, source: StoreError) -> LoadError {
        LoadError::Store { source, loaded: self.loaded }
    }
}
