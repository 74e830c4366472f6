//! The threads that SQLite runs on: one writes, two read.
//!
//! A write waits for a sync of the disk, so the writer takes everything that has come in
//! meanwhile, carries it out in one transaction, and answers all after the one sync. Each job has
//! a savepoint of its own: one that fails takes nothing with it. Readers have their own
//! connections and see what is committed, without waiting for the writer.
//!
//! Rejected: a connection pool. SQLite has one writer anyway; several would only wait for each
//! other, each with a sync of its own.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use tokio::sync::oneshot;

use super::presence::Presence;
use super::{rescue, schema};
use crate::store::open_mode::OpenMode;
use crate::store::{Result, StoreError};

/// The most jobs that share one transaction, so that no job waits long for its turn.
const GROUP: usize = 256;
const READERS: usize = 2;

/// What is left to do with a job's outcome once the transaction has ended.
type Reply = Box<dyn FnOnce(std::result::Result<(), Unstored>) + Send>;
type Job = Box<dyn FnOnce(&Connection) -> Reply + Send>;
type ReadJob = Box<dyn FnOnce(&Connection) + Send>;

/// Why nothing of a transaction is acknowledged.
#[derive(Clone)]
enum Unstored {
    /// It was not committed.
    Uncommitted(String),
    /// A file of the store is not in its place any more: what is stored there would be lost.
    Gone(String),
}

/// The running threads. They end when this is dropped or [`Engine::close`]d.
pub(super) struct Engine {
    path: PathBuf,
    presence: Arc<Presence>,
    writer: Mutex<Option<mpsc::Sender<Job>>>,
    readers: Mutex<Option<mpsc::Sender<ReadJob>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// The folder of a copy that is read instead of the file: it is gone with this.
    _copy: Option<tempfile::TempDir>,
}

impl Engine {
    pub(super) fn start(path: &Path, project: &str, mode: OpenMode) -> Result<Self> {
        let schema::Opened { connection, path: file, copy } = schema::open(path, project, mode)?;
        let (writer, jobs) = mpsc::channel::<Job>();
        let presence = Arc::new(Presence::of(&file));
        let watched = Arc::clone(&presence);
        let mut threads =
            vec![spawn("store-writer", move || write_all(&connection, &jobs, &watched))];
        let (readers, looks) = mpsc::channel::<ReadJob>();
        let looks = Arc::new(Mutex::new(looks));
        for _ in 0..READERS {
            let connection = schema::open_for_reading(&file)?;
            let looks = Arc::clone(&looks);
            let watched = Arc::clone(&presence);
            threads.push(spawn("store-reader", move || {
                loop {
                    let next = looks.lock().map(|looks| looks.recv());
                    let Ok(Ok(look)) = next else { break };
                    look(&connection);
                }
                if watched.check().is_err() {
                    // Closing the last connection would remove the log of another process.
                    let flag = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
                    let _ = connection.set_db_config(flag, true);
                }
            }));
        }
        Ok(Self {
            path: path.to_owned(),
            presence,
            _copy: copy,
            writer: Mutex::new(Some(writer)),
            readers: Mutex::new(Some(readers)),
            threads: Mutex::new(threads),
        })
    }

    /// Carries out a change; durable when this returns.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        operation: &'static str,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        let path = self.path.clone();
        let job: Job = Box::new(move |connection| {
            let outcome = in_savepoint(connection, change);
            Box::new(move |committed| {
                let outcome = match (outcome, committed) {
                    (Ok(value), Ok(())) => Ok(value),
                    (_, Err(Unstored::Gone(why))) | (Ok(_), Err(Unstored::Uncommitted(why))) => {
                        Err(unavailable(operation, &path, why))
                    }
                    (Err(error), _) => Err(super::failure(operation, &path, error)),
                };
                // No caller waits any more; the change stands.
                let _ = sender.send(outcome);
            })
        });
        let sent = match self.writer.lock() {
            Ok(writer) => writer.as_ref().is_some_and(|writer| writer.send(job).is_ok()),
            Err(_) => false,
        };
        if !sent {
            return Err(unavailable(operation, &self.path, "it is closed".into()));
        }
        receiver
            .await
            .map_err(|_| unavailable(operation, &self.path, "its writer has ended".into()))?
    }

    /// Checks that the files of the store are in their places. If not, the writer saves what was
    /// acknowledged, and this reports what has happened.
    pub(super) async fn check_presence(&self, operation: &'static str) -> Result<()> {
        match self.presence.check() {
            Ok(()) => Ok(()),
            Err(_) => self.write(operation, |_| Ok(())).await,
        }
    }

    /// Looks at what is committed.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        look: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        let path = self.path.clone();
        let look: ReadJob = Box::new(move |connection| {
            let outcome = look(connection).map_err(|error| super::failure(operation, &path, error));
            let _ = sender.send(outcome);
        });
        let sent = match self.readers.lock() {
            Ok(readers) => readers.as_ref().is_some_and(|readers| readers.send(look).is_ok()),
            Err(_) => false,
        };
        if !sent {
            return Err(unavailable(operation, &self.path, "it is closed".into()));
        }
        receiver
            .await
            .map_err(|_| unavailable(operation, &self.path, "its reader has ended".into()))?
    }

    /// Ends the threads after what they have to do, and waits for them.
    pub(super) fn close(&self) {
        if let Ok(mut writer) = self.writer.lock() {
            writer.take();
        }
        if let Ok(mut readers) = self.readers.lock() {
            readers.take();
        }
        let threads = self.threads.lock().map(|mut threads| std::mem::take(&mut *threads));
        for thread in threads.into_iter().flatten() {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .expect("the system starts a thread")
}

fn unavailable(operation: &'static str, path: &Path, why: String) -> StoreError {
    StoreError::Unavailable { operation, store: path.display().to_string(), source: why.into() }
}

fn write_all(connection: &Connection, jobs: &mpsc::Receiver<Job>, presence: &Presence) {
    while let Ok(first) = jobs.recv() {
        let group: Vec<Job> =
            std::iter::once(first).chain(jobs.try_iter().take(GROUP - 1)).collect();
        if let Err(why) = check(connection, presence) {
            // Outside a transaction a job changes nothing.
            for reply in group.into_iter().map(|job| job(connection)) {
                reply(Err(Unstored::Gone(why.clone())));
            }
            continue;
        }
        if let Err(error) = connection.execute_batch("BEGIN IMMEDIATE") {
            // The jobs still run, each against its own savepoint, so that each reports the fault.
            tracing::warn!(%error, "the store does not begin a transaction");
        }
        let replies: Vec<Reply> = group.into_iter().map(|job| job(connection)).collect();
        let committed = connection.execute_batch("COMMIT").map_err(|error| {
            tracing::error!(%error, "the store does not commit; nothing of the group is acknowledged");
            // Without this the next group would find itself inside this transaction.
            let _ = connection.execute_batch("ROLLBACK");
            Unstored::Uncommitted(error.to_string())
        });
        // If it was moved meanwhile, the browser sends the answers again.
        let committed =
            committed.and_then(|()| check(connection, presence).map_err(Unstored::Gone));
        for reply in replies {
            reply(committed.clone());
        }
    }
    if check(connection, presence).is_ok() {
        // Leaves one file behind instead of three. A rescue may have set the flag.
        let flag = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
        let _ = connection.set_db_config(flag, false);
        let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
    }
}

/// Whether all files are in their places. If not, what was acknowledged is saved first.
fn check(connection: &Connection, presence: &Presence) -> std::result::Result<(), String> {
    presence.check().or_else(|_| {
        rescue::run(connection, presence);
        presence.check()
    })
}

fn in_savepoint<T>(
    connection: &Connection,
    change: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    if connection.is_autocommit() {
        // BEGIN failed. Outside a transaction RELEASE would commit without the group.
        return Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY),
            Some("another process keeps the file locked".into()),
        ));
    }
    connection.execute_batch("SAVEPOINT job")?;
    let outcome = change(connection);
    if outcome.is_err() {
        connection.execute_batch("ROLLBACK TO job")?;
    }
    connection.execute_batch("RELEASE job")?;
    outcome
}
