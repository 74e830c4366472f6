//! From one stored format to the next.
//!
//! Each step is a numbered file of SQL in `migrations/`. A new file is made by all of them, one
//! after the other, so it has the same tables as one that has come through every format. What SQL
//! cannot say (the texts of the record of the deal) follows the files, in the same transaction.
//!
//! A file with tasks is changed only after a copy of it was laid beside it, by SQLite's backup: the
//! writers are kept out from before the copy until after the change, so the copy is what was
//! changed. Where there is no room for both, nothing is begun.
//!
//! Rejected: a change in steps, each of them durable, which would need no room for a whole copy. A
//! daemon could then find half of it, and the way back would be a way through all of it.

use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OptionalExtension};

use super::file_owner;
use crate::store::{FORMAT, StoreError, legacy};

/// What makes a file one of format 1, 2, ….
const STEPS: [&str; 3] = [
    include_str!("migrations/0001-first.sql"),
    include_str!("migrations/0002-names-and-checks.sql"),
    include_str!("migrations/0003-history-apart.sql"),
];

/// Room for what else a change needs, in bytes.
const MARGIN: u64 = 16 << 20;
/// What a row of an answer needs beside its text, in bytes.
const ROW: u64 = 200;

/// The format of the file; none if it does not say, or it is empty.
pub(super) fn format_of(connection: &Connection) -> Option<i64> {
    let format = connection
        .query_row("SELECT value FROM meta WHERE key = 'format'", [], |row| row.get(0))
        .optional();
    format.ok().flatten()
}

/// Whether an older format can be brought to the present one.
pub(super) fn is_older(format: Option<i64>) -> bool {
    format.is_some_and(|format| (1..FORMAT).contains(&format))
}

/// Makes the tables of a new file.
pub(super) fn create(connection: &Connection, project: &str) -> rusqlite::Result<()> {
    apply(connection, 0)?;
    connection.execute("INSERT INTO meta VALUES ('project', ?1)", [project]).map(drop)
}

/// Brings a file of this format to the present one, within the transaction that is open.
pub(super) fn apply(connection: &Connection, format: i64) -> rusqlite::Result<()> {
    let done = usize::try_from(format).unwrap_or(STEPS.len());
    for step in STEPS.iter().skip(done) {
        connection.execute_batch(step)?;
    }
    let allocation_record: Option<String> = connection
        .query_row("SELECT value FROM meta WHERE key = 'deal'", [], |row| row.get(0))
        .optional()
        // One that is no text is damaged, which `verify` finds.
        .unwrap_or_default();
    if let Some(allocation_record) = allocation_record {
        connection.execute(
            "UPDATE meta SET value = ?1 WHERE key = 'deal'",
            [legacy::allocation_record(&allocation_record)],
        )?;
    }
    Ok(())
}

/// Lays a copy of the file beside it; says where. The transaction that is open keeps writers out.
pub(super) fn copy_beside(
    connection: &Connection,
    path: &Path,
    format: i64,
) -> Result<PathBuf, StoreError> {
    let failed = |source| super::failure("copy the store before its format changes", path, source);
    let needed = needed(connection).map_err(failed)?;
    room(path, needed)?;
    let target = name_of_copy(path, format, jiff::Timestamp::now());
    file_owner::make(&target);
    copy(path, &target).map_err(|error| {
        remove(&target);
        failed(error)
    })?;
    Ok(target)
}

/// Copies what is committed in one file into another one, as one moment shows it.
pub(super) fn copy(from: &Path, to: &Path) -> rusqlite::Result<()> {
    let source = Connection::open(from)?;
    let mut target = Connection::open(to)?;
    let outcome = Backup::new(&source, &mut target)?.step(-1)?;
    if !matches!(outcome, StepResult::Done) {
        let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
        let says = "another process keeps the file locked".to_owned();
        return Err(rusqlite::Error::SqliteFailure(busy, Some(says)));
    }
    target.close().map_err(|(_, error)| error)
}

/// Removes a copy that is of no use.
pub(super) fn remove(copy: &Path) {
    if let Err(error) = std::fs::remove_file(copy) {
        tracing::warn!(file = %copy.display(), %error, "a copy that is not needed stays");
    }
}

/// A name beside the file that is not taken, which says of which format it is and from when.
fn name_of_copy(path: &Path, format: i64, now: jiff::Timestamp) -> PathBuf {
    let name = |more: String| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".format-{format}.{}{more}", now.strftime("%Y%m%dT%H%M%SZ")));
        PathBuf::from(name)
    };
    let mut copy = name(String::new());
    let mut nth = 1;
    while copy.exists() {
        nth += 1;
        copy = name(format!("-{nth}"));
    }
    copy
}

/// Bytes that a copy and the change need: the file once more, and its answers twice, in the log and
/// then in the file.
fn needed(connection: &Connection) -> rusqlite::Result<u64> {
    let pages: u64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    let size: u64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    let answers: u64 = connection.query_row(
        "SELECT coalesce(sum(length(CAST(data AS BLOB)) + length(CAST(history AS BLOB)) + ?1), 0) \
         FROM answer",
        [ROW],
        |row| row.get(0),
    )?;
    Ok(pages * size + 2 * answers + MARGIN)
}

/// Refuses where there is too little room.
fn room(path: &Path, needed: u64) -> Result<(), StoreError> {
    match free_beside(path) {
        Some(free) if free < needed => Err(too_little(path, needed, free)),
        // Where the system does not say it, the disk will.
        _ => Ok(()),
    }
}

fn too_little(path: &Path, needed: u64, free: u64) -> StoreError {
    let megabytes = |bytes: u64| bytes.div_ceil(1 << 20);
    StoreError::OlderFormat {
        operation: "open the store",
        what: format!(
            "{} is of an older format and has to be copied before it changes: that needs {} MiB on \
             its disk, and {} MiB are free; nothing was changed. Make room there, or move the file to \
             a larger disk and name it under [store]",
            path.display(),
            megabytes(needed),
            free >> 20
        ),
    }
}

/// Bytes that are free on the disk of a file's folder.
#[cfg(unix)]
fn free_beside(path: &Path) -> Option<u64> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let disk = rustix::fs::statvfs(folder.unwrap_or(Path::new("."))).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Elsewhere the system is not asked.
#[cfg(not(unix))]
fn free_beside(_: &Path) -> Option<u64> {
    None
}

/// A copy of an older file, of the present format, to be looked at; it is gone with its folder.
pub(super) struct Copied {
    pub(super) path: PathBuf,
    pub(super) folder: tempfile::TempDir,
}

/// Copies an older file to where temporary files are, and brings the copy to the present format.
pub(super) fn copy_to_read(path: &Path, format: i64) -> Result<Copied, StoreError> {
    let operation = "read a store of an older format";
    let failed = |source| super::failure(operation, path, source);
    let folder = tempfile::tempdir().map_err(|source| StoreError::Unavailable {
        operation,
        store: path.display().to_string(),
        source: format!("its copy has no place: {source}").into(),
    })?;
    let copied = folder.path().join("copy.db");
    let needed = needed(&Connection::open(path).map_err(failed)?).map_err(failed)?;
    if let Some(free) = free_beside(&copied).filter(|free| *free < needed) {
        let what = format!(
            "{} is of format {format}, and {} has no room for the copy that is read instead ({} MiB \
             are needed, {} are free); `annotd run` brings it to format {FORMAT}, or name a larger \
             folder in TMPDIR",
            path.display(),
            folder.path().parent().unwrap_or(Path::new("/")).display(),
            needed.div_ceil(1 << 20),
            free >> 20
        );
        return Err(StoreError::OlderFormat { operation, what });
    }
    copy(path, &copied).map_err(failed)?;
    let mut connection = Connection::open(&copied).map_err(failed)?;
    let transaction = connection.transaction().map_err(failed)?;
    apply(&transaction, format).map_err(failed)?;
    transaction.commit().map_err(failed)?;
    Ok(Copied { path: copied, folder })
}

/// Why an older file is not brought to the present format while another process has it open: an
/// older annotd would fail at each answer from then on.
pub(super) fn in_use(path: &Path, format: i64, process: i32) -> StoreError {
    StoreError::OlderFormat {
        operation: "open the store",
        what: format!(
            "{} is of format {format}, and process {process} has it open; nothing was changed. Stop \
             that annotd (systemctl stop annotd) and start this one again: it brings the file to format \
             {FORMAT}, after a copy of it. For a trial beside it, restore a backup into a file of its own",
            path.display()
        ),
    }
}

/// Why an older file is not opened to change what is in it.
pub(super) fn refused(path: &Path, format: i64) -> StoreError {
    StoreError::OlderFormat {
        operation: "open the store",
        what: format!(
            "{} is of format {format}, and this annotd changes stores of format {FORMAT} only; stop the \
             older annotd and start this one with `annotd run`: it brings the file to format {FORMAT}, \
             after a copy of it",
            path.display()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_migration_without_room_for_the_copy_is_refused_with_both_sizes() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("annotd.db");
        assert!(room(&path, 1).is_ok());
        let error = room(&path, u64::MAX).expect_err("no disk is so large").to_string();
        assert!(error.contains(&format!("needs {} MiB", u64::MAX.div_ceil(1 << 20))), "{error}");
        assert!(error.contains("MiB are free; nothing was changed"), "{error}");
    }
}
