//! The tables of the embedded store, and how a file is opened.
//!
//! - `task`: one row a task; `free` and `finished` follow from its dependants and are kept with
//!   them in one transaction.
//! - `queue`: where a task with a free slot stands, once for each lane. It holds nothing else, so
//!   "the next task" is the next row, however many tasks are finished.
//! - `hold`, `answer`: who has a task in hand, and what was answered.
//! - `totals`, `share`: the project's figures, kept as answers pass through.
//! - `meta`: the format, whose file it is, the last occasion on which a task came back; what was dealt out
//!   (`deal`, `deal_version`) and, after a restore, what was promised; since when the store is
//!   `restoring`, while it is; and under `key:NAME` the keys to the ports, so that a file that was
//!   written before there were keys needs no migration.
//!
//! One file holds one project. Rejected: a project column in every index, for files that nearly
//! always hold one project; a second project gets a second file.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use super::{owner, restore};
use crate::store::open::Opening;
use crate::store::restoring::unfinished;
use crate::store::{FORMAT, Ground, StoreError};

/// How long a writer waits for another process, such as `annotd load` beside the daemon.
const BUSY: Duration = Duration::from_secs(10);

const TABLES: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE task (
  seq        INTEGER PRIMARY KEY,          -- the order of admission
  id         TEXT NOT NULL UNIQUE,
  position   INTEGER NOT NULL UNIQUE,      -- the order of handing out
  input_hash INTEGER NOT NULL,
  task_hash  INTEGER NOT NULL,
  wanted     INTEGER NOT NULL,
  planned    INTEGER NOT NULL,             -- wanted, before any disagreement
  free       INTEGER NOT NULL,             -- wanted, less those who hold or have answered it
  finished   INTEGER NOT NULL DEFAULT 0,
  lanes      TEXT NOT NULL,                -- JSON: [\"*\"], or names
  part       INTEGER,                      -- the part of the mixture that it was counted to
  bound      INTEGER NOT NULL DEFAULT 0,   -- its annotators were named by the task or the load
  purpose    TEXT,                         -- NULL, or what it checks: gold, repeat:ID
  former     TEXT,                         -- NULL, or JSON: who has held it and gave it back
  reopened   INTEGER,                      -- number of the occasion on which it came back
  body       TEXT NOT NULL
);
CREATE INDEX task_by_hash ON task (task_hash);
CREATE INDEX task_check ON task (seq) WHERE purpose IS NOT NULL;
CREATE INDEX task_reopened ON task (reopened) WHERE reopened IS NOT NULL AND free > 0;
CREATE TABLE queue (
  lane TEXT NOT NULL, position INTEGER NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (lane, position)
) WITHOUT ROWID;
CREATE TABLE hold (
  seq INTEGER NOT NULL, annotator TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
  PRIMARY KEY (seq, annotator)
) WITHOUT ROWID;
CREATE INDEX hold_of ON hold (annotator);
CREATE TABLE answer (
  seq INTEGER NOT NULL, annotator TEXT NOT NULL,
  nth           INTEGER NOT NULL,          -- order of arrival at this task
  counts        INTEGER NOT NULL,          -- 0: it came too late; 2: a skip, which is none
  answer        TEXT NOT NULL,
  data          TEXT NOT NULL,             -- JSON: what the interface added
  time_loaded   INTEGER NOT NULL,          -- milliseconds since 1970, UTC
  time_returned INTEGER NOT NULL,
  history       TEXT NOT NULL,             -- JSON: earlier versions, oldest first
  PRIMARY KEY (seq, annotator)
) WITHOUT ROWID;
CREATE INDEX answer_late ON answer (seq) WHERE counts = 0;
CREATE INDEX answer_of ON answer (annotator, counts, time_returned);
CREATE TABLE totals (
  tasks INTEGER NOT NULL, finished INTEGER NOT NULL, wanted INTEGER NOT NULL,
  answers INTEGER NOT NULL, open_to_anyone INTEGER NOT NULL, short INTEGER NOT NULL,
  checks INTEGER NOT NULL, gold INTEGER NOT NULL
);
INSERT INTO totals VALUES (0, 0, 0, 0, 0, 0, 0, 0);
CREATE TABLE share (
  annotator TEXT PRIMARY KEY, answered INTEGER NOT NULL, late INTEGER NOT NULL,
  named INTEGER NOT NULL, last_seen INTEGER, worked_ms INTEGER NOT NULL, timed INTEGER NOT NULL,
  skipped INTEGER NOT NULL, checks INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE loaded_file (name TEXT PRIMARY KEY, fingerprint TEXT NOT NULL) WITHOUT ROWID;
";

/// What makes a file of format 1 one of format 2. Only tasks that named their annotators, or were
/// loaded for some, had names in format 1.
const FROM_1_TO_2: &str = "
ALTER TABLE task ADD COLUMN planned INTEGER NOT NULL DEFAULT 1;
ALTER TABLE task ADD COLUMN part INTEGER;
ALTER TABLE task ADD COLUMN bound INTEGER NOT NULL DEFAULT 0;
ALTER TABLE task ADD COLUMN purpose TEXT;
ALTER TABLE task ADD COLUMN former TEXT;
UPDATE task SET planned = wanted, bound = (lanes <> '[\"*\"]');
CREATE INDEX task_check ON task (seq) WHERE purpose IS NOT NULL;
CREATE INDEX answer_late ON answer (seq) WHERE counts = 0;
ALTER TABLE totals ADD COLUMN short INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN checks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE totals ADD COLUMN gold INTEGER NOT NULL DEFAULT 0;
ALTER TABLE share ADD COLUMN skipped INTEGER NOT NULL DEFAULT 0;
ALTER TABLE share ADD COLUMN checks INTEGER NOT NULL DEFAULT 0;
UPDATE meta SET value = 2 WHERE key = 'format';
";

/// Opens the file for writing, makes the tables if it is new, and checks that it is ours.
pub(super) fn open_for_writing(
    path: &Path,
    project: &str,
    opening: Opening,
) -> Result<Connection, StoreError> {
    let failed = |source| super::failure("open the store", path, source);
    owner::make(path);
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
        transaction.execute_batch(TABLES).map_err(failed)?;
        transaction
            .execute(
                "INSERT INTO meta VALUES ('format', ?1), ('project', ?2), ('reopened', 0)",
                (FORMAT, project),
            )
            .map_err(failed)?;
    }
    let format: Option<i64> = transaction
        .query_row("SELECT value FROM meta WHERE key = 'format'", [], |row| row.get(0))
        .optional()
        .unwrap_or_default();
    if format == Some(1) {
        transaction.execute_batch(FROM_1_TO_2).map_err(failed)?;
        tracing::info!(file = %path.display(), "the store was of format 1 and is now of format 2");
    }
    check(&transaction, path, project)?;
    if opening == Opening::ToWork
        && let Ground::Unfinished { since } = restore::ground(&transaction).map_err(failed)?
    {
        return Err(unfinished(&path.display().to_string(), Some(since)));
    }
    transaction.commit().map_err(failed)?;
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
    connection.pragma_update(None, "cache_size", -8000)
}

fn check(connection: &Connection, path: &Path, project: &str) -> Result<(), StoreError> {
    let value = |key: &str| {
        connection
            .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| {
                row.get::<_, rusqlite::types::Value>(0)
            })
            .optional()
            .ok()
            .flatten()
    };
    let unreadable = |what: String| StoreError::Unreadable { doing: "open the store", what };
    let file = path.display();
    match value("format") {
        Some(rusqlite::types::Value::Integer(FORMAT)) => {}
        Some(rusqlite::types::Value::Integer(newer)) if newer > FORMAT => {
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
    match value("project") {
        Some(rusqlite::types::Value::Text(owner)) if owner == project => Ok(()),
        Some(rusqlite::types::Value::Text(owner)) => Err(unreadable(format!(
            "{file} holds the project {owner:?}, not {project:?}, and a file holds one project; give \
             {project:?} a file of its own under [store], or call it {owner:?}"
        ))),
        _ => Err(unreadable(format!("{file} does not say which project it holds"))),
    }
}
