//! The task files that were loaded whole: the table `loaded_file`.

use rusqlite::{Connection, OptionalExtension};

/// The fingerprint under which a file was last loaded whole.
pub(super) fn fingerprint(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT fingerprint FROM loaded_file WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()
}

pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    connection
        .prepare_cached("SELECT name, fingerprint FROM loaded_file ORDER BY name")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

pub(super) fn note(connection: &Connection, name: &str, fingerprint: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO loaded_file (name, fingerprint) VALUES (?1, ?2)")?
        .execute((name, fingerprint))?;
    Ok(())
}
