//! A file, read and validated on a thread of its own, in batches of bounded size.
//!
//! While the store writes one batch, the next one is read, parsed and validated. Lines stay in
//! their order, and whatever stands before a wrong line comes before it.
//!
//! Rejected: a thread for reading and one for validating. Parsing is most of the reading, and where
//! two cores are all there are, the second one has the store's writer to run.

use tokio::sync::mpsc;

use super::validate::{Validated, Validator};
use crate::ingest::read::{LineError, Tasks};

/// Tasks admitted in one call of the store.
const BATCH: usize = 5000;
/// Bytes of tasks admitted in one call of the store.
const BATCH_BYTES: usize = 4 << 20;
/// Batches that wait while one is admitted.
const WAITING: usize = 2;

/// What was read of a file.
pub(super) enum ReadEvent {
    Batch(Vec<Validated>),
    /// What cannot be read as a task at all.
    Wrong(Box<LineError>),
}

/// Starts to read. Reading ends when the receiver is gone. With `stop` it ends at the first line
/// that is wrong whatever the store has; that line is the last of its batch.
pub(super) fn read(
    tasks: Tasks,
    validator: Validator,
    stop: bool,
) -> (mpsc::Receiver<ReadEvent>, tokio::task::JoinHandle<()>) {
    let (sender, events) = mpsc::channel(WAITING);
    let reader = tokio::task::spawn_blocking(move || {
        // An error means that the receiver is gone: the load has ended early.
        let _ = send_all(tasks, &validator, stop, &sender);
    });
    (events, reader)
}

fn send_all(
    tasks: Tasks,
    validator: &Validator,
    stop: bool,
    sender: &mpsc::Sender<ReadEvent>,
) -> Result<(), mpsc::error::SendError<ReadEvent>> {
    let mut batch = Vec::new();
    let mut bytes = 0;
    for read in tasks {
        match read {
            Ok(entry) => {
                bytes += entry.body.as_str().len();
                batch.push(validator.validate(entry));
                if stop && matches!(batch.last(), Some(Validated::Wrong(_))) {
                    break;
                }
                if batch.len() < BATCH && bytes < BATCH_BYTES {
                    continue;
                }
                sender.blocking_send(ReadEvent::Batch(std::mem::take(&mut batch)))?;
            }
            Err(wrong) => {
                // What stands before the wrong line goes first.
                sender.blocking_send(ReadEvent::Batch(std::mem::take(&mut batch)))?;
                sender.blocking_send(ReadEvent::Wrong(Box::new(wrong)))?;
            }
        }
        bytes = 0;
    }
    sender.blocking_send(ReadEvent::Batch(batch))
}
