//! What becomes of acknowledged answers when a file of the store is not in its place any more.
//!
//! The open descriptors still reach all three files. Answers that are only in `-wal` would be lost
//! with the process, so the writer's connection copies them into the database: a checkpoint, which
//! also empties the former `-wal`, so that putting it back later harms nothing.
//!
//! A checkpoint is safe as long as no other process writes by other locks or another log. If
//! another process has opened the database with a `-shm` or `-wal` of its own and has written, or
//! if no path leads to the database, everything is written into a copy beside it instead (`VACUUM
//! INTO`, which reads as this process reads).
//!
//! Rejected: linking the descriptor to a path again (`linkat`), which needs privileges for a file
//! that was removed, and would put a half of the store into the folder. Rejected: going on with the
//! files that are there, since another process may have written to them.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::file_owner;
use super::presence::{FileState, Presence, Rescue};

/// Saves what was acknowledged, unless that is done already.
pub(super) fn run(connection: &Connection, presence: &Presence) {
    if let Some(Rescue::InDatabase | Rescue::Copy(_)) = presence.rescue() {
        return;
    }
    // Closing the last connection would otherwise remove the log of another process.
    let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    let [database, wal, shm] = presence.states();
    // An empty log of another process holds nothing yet.
    let wal_is_ours = matches!(wal, FileState::Same | FileState::Missing | FileState::Other(0));
    let others_write = match shm {
        FileState::Same | FileState::Missing => !wal_is_ours,
        FileState::Other(_) => wal == FileState::Same || !wal_is_ours,
    };
    // Another database at this path uses the `-shm` that is there, which is ours.
    let is_misused =
        matches!(database, FileState::Other(_)) && wal != FileState::Same && shm == FileState::Same;
    let rescue = if is_misused && let Some((database, wal)) = presence.descriptors() {
        copy_files(&database, &wal, presence.path())
    } else if others_write {
        copy(connection, presence.path())
    } else {
        checkpoint(connection).and_then(|()| {
            if presence.is_unlinked() {
                copy(connection, presence.path())
            } else {
                Ok(Rescue::InDatabase)
            }
        })
    };
    match rescue {
        Ok(rescue) => presence.note(rescue),
        Err(error) => {
            let failed = Rescue::Failed(error.to_string());
            // It is tried again every few seconds; the same reason is logged once.
            if presence.rescue().as_ref() != Some(&failed) {
                tracing::error!(
                    store = %presence.path().display(),
                    %error,
                    "a file of the store is not in its place, and what it holds is not saved yet"
                );
            }
            presence.note(failed);
        }
    }
}

/// Copies the log into the database, and empties it.
fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    let busy: bool =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
        let says = "another process reads or writes the file".to_owned();
        return Err(rusqlite::Error::SqliteFailure(code, Some(says)));
    }
    Ok(())
}

/// Writes everything into a new file beside the database.
fn copy(connection: &Connection, path: &Path) -> rusqlite::Result<Rescue> {
    let target = free_name(path);
    file_owner::make(&target);
    connection.execute("VACUUM INTO ?1", [target.to_string_lossy()]).inspect_err(|_| {
        let _ = std::fs::remove_file(&target);
    })?;
    Ok(Rescue::Copy(target))
}

/// Copies the database and its log, byte by byte, and lets SQLite put both together in the copy.
///
/// It needs no `-shm`, so it holds where another process has used ours for another database.
fn copy_files(database: &Path, wal: &Path, path: &Path) -> rusqlite::Result<Rescue> {
    let target = free_name(path);
    let mut log = target.clone().into_os_string();
    log.push("-wal");
    let together = || {
        file_owner::make(&target);
        std::fs::copy(database, &target).map_err(failed)?;
        std::fs::copy(wal, &log).map_err(failed)?;
        let copy = Connection::open(&target)?;
        checkpoint(&copy)?;
        let says: String = copy.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if says != "ok" {
            return Err(failed(std::io::Error::other(format!("the copy is damaged: {says}"))));
        }
        copy.close().map_err(|(_, error)| error)
    };
    together().inspect_err(|_| {
        let _ = std::fs::remove_file(&target);
        let _ = std::fs::remove_file(&log);
    })?;
    Ok(Rescue::Copy(target))
}

fn failed(error: std::io::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(error.into())
}

/// A name beside the database that is not taken.
fn free_name(path: &Path) -> PathBuf {
    let mut nth = 1;
    loop {
        let mut name = path.as_os_str().to_owned();
        name.push(if nth == 1 { ".saved".to_owned() } else { format!(".saved-{nth}") });
        let copy = PathBuf::from(name);
        if !copy.exists() {
            return copy;
        }
        nth += 1;
    }
}
