//! The tables of the embedded store, and how a file is opened. `migrations/` makes them, and
//! `docs/stored-format.md` tells of every column.
//!
//! - `task`: one row a task; `free` and `finished` follow from its dependants and are kept with
//!   them in one transaction.
//! - `queue`: where a task with a free slot stands, once for each lane. It holds nothing else, so
//!   "the next task" is the next row, however many tasks are finished.
//! - `hold`, `answer`: leases and answers; `history`: what was answered
//!   before it was changed; `large`: what these say where it is much.
//! - `totals`, `share`: the project's figures, kept as answers pass through.
//! - `access_key`: the keys to the ports; `edition`: the roster as it was at a hand-out.
//! - `meta`: the format, whose file it is, the rule by which tasks are told apart (`identity`), the
//!   last occasion on which a task came back; what was dealt out (`deal`, `deal_version`) and,
//!   after a restore, what was promised; since when the store is `restoring`, while it is.
//! - `origin`, `final`, `audit`: room for what comes next.
//!
//! One file holds one project. Rejected: a project column in every index, for files that nearly
//! always hold one project; a second project gets a second file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::{file_owner, migrations, presence, restore};
use crate::store::open_mode::OpenMode;
use crate::store::restore_target::partial_restore;
use crate::store::{FORMAT, RestoreTarget, StoreError};

/// How long a writer waits for another process, such as `annotd load` beside the daemon.
const BUSY: Duration = Duration::from_secs(10);

/// A file that is open.
pub(super) struct Opened {
    pub(super) connection: Connection,
    /// Where readers find it.
    pub(super) path: PathBuf,
    /// The folder of the copy that is read instead, if there is one.
    pub(super) copy: Option<tempfile::TempDir>,
}

/// Opens the file, makes the tables if it is new, and checks that it is ours. One of an older
/// format is brought to the present one, copied to be read, or refused, as the opening says.
pub(super) fn open(path: &Path, project: &str, mode: OpenMode) -> Result<Opened, StoreError> {
    if mode == OpenMode::Read
        && let Some(format) = older_format(path)
    {
        let migrations::Copied { path: copied, folder } = migrations::copy_to_read(path, format)?;
        let connection = open_for_writing(&copied, path, project, mode)?;
        return Ok(Opened { connection, path: copied, copy: Some(folder) });
    }
    if mode == OpenMode::Run
        && let Some(process) = presence::other_process(path)
        && let Some(format) = older_format(path)
    {
        return Err(migrations::in_use(path, format, process));
    }
    let connection = open_for_writing(path, path, project, mode)?;
    Ok(Opened { connection, path: path.to_owned(), copy: None })
}

/// The format of a file, if it is there and of an older one.
pub(super) fn older_format(path: &Path) -> Option<i64> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).ok()?;
    connection.busy_timeout(BUSY).ok()?;
    migrations::format_of(&connection).filter(|format| migrations::is_older(Some(*format)))
}

/// Opens a file for writing. What is said of it speaks of `shown`.
fn open_for_writing(
    path: &Path,
    shown: &Path,
    project: &str,
    mode: OpenMode,
) -> Result<Connection, StoreError> {
    let failed = |source| super::failure("open the store", shown, source);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.exists()) {
        return Err(StoreError::Unavailable {
            operation: "open the store",
            store: shown.display().to_string(),
            source: format!(
                "there is no folder {0}; make it (mkdir -p {0}), or name another file under [store]",
                folder.display()
            )
            .into(),
        });
    }
    file_owner::make(path);
    let mut connection = Connection::open(path).map_err(failed)?;
    settle_in(&connection).map_err(failed)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
    // An answer is acknowledged after its commit, so a commit has to be on the disk.
    connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
    let transaction = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(failed)?;
    let tables: i64 = transaction
        .query_row("SELECT count(*) FROM sqlite_schema WHERE type = 'table'", [], |row| row.get(0))
        .map_err(failed)?;
    if tables == 0 {
        migrations::create(&transaction, project).map_err(failed)?;
    }
    let format = migrations::format_of(&transaction);
    check(&transaction, shown, project, format)?;
    let restore_target = restore::restore_target(&transaction).map_err(failed)?;
    if mode.refuses_partial_restore()
        && let RestoreTarget::Partial { since } = restore_target
    {
        return Err(partial_restore(&shown.display().to_string(), Some(since)));
    }
    let Some(format) = format.filter(|format| migrations::is_older(Some(*format))) else {
        transaction.commit().map_err(failed)?;
        return Ok(connection);
    };
    // A restore empties what another one has left.
    let holds_nothing = !matches!(restore_target, RestoreTarget::Occupied { .. });
    let copy = match mode {
        OpenMode::Run => Some(migrations::copy_beside(&transaction, path, format)?),
        OpenMode::Restore if holds_nothing => None,
        OpenMode::Write | OpenMode::Read | OpenMode::Migrate | OpenMode::Restore => {
            return Err(migrations::refused(shown, format));
        }
    };
    let changed = migrations::apply(&transaction, format).and_then(|()| transaction.commit());
    match (changed, &copy) {
        (Ok(()), Some(copy)) => tracing::info!(
            file = %path.display(),
            copy = %copy.display(),
            from = format,
            to = FORMAT,
            "the store is of a newer format now, and a copy of it as it was lies beside it"
        ),
        (Ok(()), None) => {}
        (Err(error), copy) => {
            if let Some(copy) = copy {
                // The file is as it was.
                migrations::remove(copy);
            }
            return Err(super::failure("bring the store to a newer format", path, error));
        }
    }
    Ok(connection)
}

/// Opens the file for reading beside a writer.
pub(super) fn open_for_reading(path: &Path) -> Result<Connection, StoreError> {
    let failed = |source| super::failure("open the store", path, source);
    let connection = Connection::open(path).map_err(failed)?;
    settle_in(&connection).map_err(failed)?;
    connection.pragma_update(None, "query_only", true).map_err(failed)?;
    Ok(connection)
}

fn settle_in(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(64);
    // Otherwise SQLite may plan for the value of a parameter, and prepare the statement again for
    // each value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "cache_size", -8000)
}

fn check(
    connection: &Connection,
    path: &Path,
    project: &str,
    format: Option<i64>,
) -> Result<(), StoreError> {
    let unreadable = |what: String| StoreError::Unreadable { operation: "open the store", what };
    let file = path.display();
    match format {
        Some(1..=FORMAT) => {}
        Some(newer) if newer > FORMAT => {
            return Err(unreadable(format!(
                "{file} was written by a newer annotd (format {newer}, this one knows {FORMAT}); \
                 run the newer one"
            )));
        }
        _ => {
            return Err(unreadable(format!(
                "{file} is a database, but not one of annotd's; name another file under [store]"
            )));
        }
    }
    let file_owner = connection
        .query_row("SELECT value FROM meta WHERE key = 'project'", [], |row| {
            row.get::<_, String>(0)
        })
        .ok();
    match file_owner {
        Some(file_owner) if file_owner == project => Ok(()),
        Some(file_owner) => Err(unreadable(format!(
            "{file} holds the project {file_owner:?}, not {project:?}, and a file holds one project; give \
             {project:?} a file of its own under [store], or call it {file_owner:?}"
        ))),
        None => Err(unreadable(format!("{file} does not say which project it holds"))),
    }
}
