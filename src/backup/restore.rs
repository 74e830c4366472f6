//! Puts a backup into a store that holds no tasks.
//!
//! The store is marked first ([`begin`]), filled ([`restore`]), verified by the caller
//! (`verify`), and the mark is taken away last. Whatever breaks off in between, the mark stays:
//! the store is not opened for work, and the next restore begins from the start.

use super::read::{Backup, Contents, Item, ReadError};
use crate::store::{
    AllocationRecord, Record, RestoreTarget, Store, StoreEngine, StoreError, legacy,
};
use crate::task::Millis;

/// Tasks that are put back together.
const GROUP: usize = 500;
/// Bytes of lines that are put back together.
const GROUP_BYTES: usize = 8 << 20;

/// Why a backup was not restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The store holds tasks.
    #[error(
        "{place} holds {tasks} tasks already, and a backup is restored into an empty store only; {}",
        remedy(*.kind)
    )]
    Occupied {
        /// The store, without credentials.
        place: String,
        /// Its engine.
        kind: StoreEngine,
        /// How many.
        tasks: u64,
    },
    /// A part of a project, with answers since.
    #[error(
        "{place} holds a part of a project: a restore that was begun at {since} broke off, and \
         there are answers since, at {last}: a daemon must have been running all the time. Stop \
         it and look at what is there; then {}",
        remedy(*.kind)
    )]
    Worked {
        /// The store, without credentials.
        place: String,
        /// Its engine.
        kind: StoreEngine,
        /// When the restore began.
        since: Millis,
        /// When the last answer was given.
        last: Millis,
    },
    /// The store does not take it.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The file cannot be read any more.
    #[error("{0}")]
    Read(#[from] ReadError),
    /// An edition of the roster has another number.
    #[error(
        "the roster's edition {number} has the number {given} in {place}: something else writes to it; \
         stop the daemon and whatever loads tasks"
    )]
    Edition {
        /// The store, without credentials.
        place: String,
        /// Its number in the backup.
        number: u32,
        /// The number that it was given.
        given: u32,
    },
    /// What was written is not what is there.
    #[error(
        "{place} has {there} tasks after the restore, and the backup {tasks}: something else writes \
         to it; stop the daemon and whatever loads tasks"
    )]
    Mixed {
        /// The store, without credentials.
        place: String,
        /// Tasks that are there.
        there: u64,
        /// Tasks of the backup.
        tasks: u64,
    },
}

fn remedy(kind: StoreEngine) -> &'static str {
    match kind {
        StoreEngine::Sqlite => {
            "stop the daemon and move the file away (with its -wal and -shm, if they are there), or \
             name another file under [store]"
        }
        StoreEngine::Mongo => {
            "stop the daemon and name another database in the store's URL, or drop the project's two \
             collections, once you are sure that they are not needed"
        }
    }
}

/// Marks a store for a restore. Says since when another one was unfinished, if it was: then nothing
/// is left of that.
///
/// # Errors
/// If it holds tasks, or fails.
pub async fn begin(store: &dyn Store, now: Millis) -> Result<Option<Millis>, RestoreError> {
    let (place, kind) = (store.location().to_owned(), store.engine());
    let unfinished = match store.restore_target().await? {
        RestoreTarget::Empty => None,
        RestoreTarget::Occupied { tasks } => {
            return Err(RestoreError::Occupied { place, kind, tasks });
        }
        RestoreTarget::Partial { since } => {
            // It cannot be opened now, but a daemon may have had it open before.
            let people = store.stats().await?.annotators;
            let last = people.values().filter_map(|share| share.last_seen).max();
            if let Some(last) = last.filter(|last| *last > since) {
                return Err(RestoreError::Worked { place, kind, since, last });
            }
            Some(since)
        }
    };
    store.begin_restore(now).await?;
    Ok(unfinished)
}

/// Fills a store that [`begin`] has marked. `seen` hears of the tasks that are in.
///
/// # Errors
/// If the store fails, or the file is not what it was when it was checked. The mark stays in any
/// case; the caller removes it with [`end_restore`](crate::store::AdminStore::end_restore), after
/// verifying the store.
pub async fn restore(
    store: &dyn Store,
    backup: &Backup,
    contents: &Contents,
    mut seen: impl FnMut(u64),
) -> Result<(), RestoreError> {
    let mut reader = backup.reader()?;
    let (mut group, mut bytes, mut tasks): (Vec<Record>, usize, u64) = (Vec::new(), 0, 0);
    let mut allocation_record = AllocationRecord::default();
    while let Some(item) = reader.next()? {
        match item {
            Item::Task(record) => {
                group.push(*record);
                bytes += reader.line_bytes();
                if group.len() >= GROUP || bytes >= GROUP_BYTES {
                    tasks += group.len() as u64;
                    store.restore_records(std::mem::take(&mut group)).await?;
                    bytes = 0;
                    seen(tasks);
                }
            }
            Item::AllocationRecord(dealt) => allocation_record = dealt,
            Item::File { name, fingerprint } => store.note_loaded_file(&name, &fingerprint).await?,
            Item::Key { name, key } => store.set_keys([(name, key)].into(), false).await?,
            Item::Identity { rule } => drop(store.set_identity(&rule).await?),
            Item::Edition { number, text } => {
                // They are numbered from 1 without a gap, and come in order.
                let given = store.edition(&text).await?;
                if given != number {
                    let place = store.location().to_owned();
                    return Err(RestoreError::Edition { place, number, given });
                }
            }
        }
    }
    store.restore_records(group).await?;
    if !reader.says_the_rule() && contents.tasks > 0 {
        store.set_identity(legacy::IDENTITY).await?;
    }
    if allocation_record.version != 0 {
        // Of what was promised some may have come in while the backup was taken.
        let pending_plans: Vec<_> =
            allocation_record.pending_plans.iter().map(|(task, _)| task.clone()).collect();
        let there = store.existing_ids(&pending_plans).await?;
        allocation_record.pending_plans.retain(|(task, _)| !there.contains(task));
        store.restore_allocation_record(allocation_record).await?;
    }
    let there = store.count().await?;
    if there != contents.tasks {
        let place = store.location().to_owned();
        return Err(RestoreError::Mixed { place, there, tasks: contents.tasks });
    }
    seen(there);
    Ok(())
}
