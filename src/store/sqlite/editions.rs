//! The roster's editions, and the rule of identity.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension};

/// The rule by which tasks are told apart, if it was ever set.
pub(super) fn identity(connection: &Connection) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT value FROM meta WHERE key = 'identity'")?
        .query_row([], |row| row.get(0))
        .optional()
}

/// Sets the rule by which tasks are told apart, if there is none; gives the one in force.
pub(super) fn set_identity(connection: &Connection, rule: &str) -> rusqlite::Result<String> {
    connection
        .prepare_cached(
            "INSERT INTO meta (key, value) VALUES ('identity', ?1) ON CONFLICT (key) DO UPDATE \
             SET value = excluded.value WHERE NOT EXISTS (SELECT 1 FROM task)",
        )?
        .execute([rule])?;
    Ok(identity(connection)?.unwrap_or_else(|| rule.to_owned()))
}

/// The texts of all editions, by their numbers.
pub(super) fn all(connection: &Connection) -> rusqlite::Result<BTreeMap<u32, String>> {
    connection
        .prepare_cached("SELECT number, text FROM edition")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// The number of an edition, a new one if its text is new.
pub(super) fn edition(connection: &Connection, text: &str) -> rusqlite::Result<u32> {
    connection
        .prepare_cached(
            "INSERT INTO edition (number, text) \
             VALUES ((SELECT coalesce(max(number), 0) + 1 FROM edition), ?1) \
             ON CONFLICT (text) DO NOTHING",
        )?
        .execute([text])?;
    connection
        .prepare_cached("SELECT number FROM edition WHERE text = ?1")?
        .query_row([text], |row| row.get(0))
}
