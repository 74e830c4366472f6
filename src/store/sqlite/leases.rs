//! Leases: claiming, renewing and ending them.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension};

use super::queue::{next_reopen_number, set_free};
use super::state_updates::{write_previous_holders, write_state};
use super::{SqliteStore, rows};
use crate::allocation::Position;
use crate::store::{Claim, HeldTask, LeaseStore, Result, StorePolicy};
use crate::task::Millis;

#[async_trait]
impl LeaseStore for SqliteStore {
    async fn claim(&self, claims: Vec<Claim>) -> Result<Vec<bool>> {
        self.engine.write("hand out tasks", move |connection| claim(connection, &claims)).await
    }

    async fn renew(&self, annotators: Vec<(String, Millis)>) -> Result<()> {
        self.engine.write("renew leases", move |connection| renew(connection, &annotators)).await
    }

    async fn release(&self, annotator: &str) -> Result<u64> {
        let (policy, annotator) = (self.policy(), annotator.to_owned());
        self.engine
            .write("take tasks back", move |connection| release(connection, &policy, &annotator))
            .await
    }

    async fn expire_leases(&self, now: Millis) -> Result<u64> {
        let policy = self.policy();
        self.engine
            .write("end leases", move |connection| expire_leases(connection, &policy, now))
            .await
    }

    async fn held_by(&self, annotator: &str) -> Result<Vec<HeldTask>> {
        let annotator = annotator.to_owned();
        self.engine.read("read the leases", move |connection| held_by(connection, &annotator)).await
    }

    async fn has_tasks_held_by_others(&self, annotator: &str) -> Result<bool> {
        let annotator = annotator.to_owned();
        self.engine
            .read("see what others hold", move |connection| {
                has_tasks_held_by_others(connection, &annotator)
            })
            .await
    }
}

pub(super) fn claim(connection: &Connection, claims: &[Claim]) -> rusqlite::Result<Vec<bool>> {
    claims.iter().map(|claim| claim_one(connection, claim)).collect()
}

fn claim_one(connection: &Connection, claim: &Claim) -> rusqlite::Result<bool> {
    let row = connection
        .prepare_cached("SELECT seq, position, free, lanes FROM task WHERE id = ?1")?
        .query_row([claim.task.as_str()], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                Position(row.get(1)?),
                row.get::<_, u32>(2)?,
                row.get::<_, String>(3)?,
            ))
        })
        .optional()?;
    let Some((seq, position, free, lanes)) = row else { return Ok(false) };
    let held: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM hold WHERE seq = ?1 AND annotator = ?2)")?
        .query_row((seq, &claim.annotator), |row| row.get(0))?;
    if held {
        return Ok(true);
    }
    let answered: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM answer WHERE seq = ?1 AND annotator = ?2)")?
        .query_row((seq, &claim.annotator), |row| row.get(0))?;
    let lanes = rows::lanes_from_text(&lanes)?;
    if free == 0 || answered || !lanes.iter().any(|lane| lane.admits(&claim.annotator)) {
        return Ok(false);
    }
    connection
        .prepare_cached(
            "INSERT INTO hold (seq, annotator, since, until, edition, tokenizer) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((
            seq,
            &claim.annotator,
            claim.since.0,
            claim.until.0,
            claim.basis.edition,
            claim.basis.tokenizer,
        ))?;
    set_free(connection, seq, position, &lanes, free, free - 1)?;
    Ok(true)
}

pub(super) fn renew(
    connection: &Connection,
    annotators: &[(String, Millis)],
) -> rusqlite::Result<()> {
    let mut statement = connection
        .prepare_cached("UPDATE hold SET until = ?2 WHERE annotator = ?1 AND until < ?2")?;
    for (annotator, until) in annotators {
        statement.execute((annotator, until.0))?;
    }
    Ok(())
}

pub(super) fn release(
    connection: &Connection,
    policy: &StorePolicy,
    annotator: &str,
) -> rusqlite::Result<u64> {
    let held: Vec<(i64, String)> = connection
        .prepare_cached("SELECT seq, annotator FROM hold WHERE annotator = ?1")?
        .query_map([annotator], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    end_leases(connection, policy, &held)
}

pub(super) fn expire_leases(
    connection: &Connection,
    policy: &StorePolicy,
    now: Millis,
) -> rusqlite::Result<u64> {
    let over: Vec<(i64, String)> = connection
        .prepare_cached("SELECT seq, annotator FROM hold WHERE until <= ?1")?
        .query_map([now.0], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    end_leases(connection, policy, &over)
}

fn end_leases(
    connection: &Connection,
    policy: &StorePolicy,
    holds: &[(i64, String)],
) -> rusqlite::Result<u64> {
    for (seq, annotator) in holds {
        let someone_was_late: bool = connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM answer WHERE seq = ?1 AND counts = 0)")?
            .query_row([seq], |row| row.get(0))?;
        if someone_was_late && let Some(found) = rows::find_row(connection, *seq, true)? {
            let mut state = found.state.clone();
            state.release(annotator);
            state.promote_late_answers(&policy.rule, &found.body);
            write_state(connection, policy, &found, &state)?;
            continue;
        }
        connection
            .prepare_cached("DELETE FROM hold WHERE seq = ?1 AND annotator = ?2")?
            .execute((seq, annotator))?;
        let (position, free, lanes, former): (i64, u32, String, Option<String>) = connection
            .prepare_cached("SELECT position, free, lanes, former FROM task WHERE seq = ?1")?
            .query_row([seq], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
        let lanes = rows::lanes_from_text(&lanes)?;
        let mut former: Vec<String> = match former {
            None => Vec::new(),
            Some(names) => {
                serde_json::from_str(&names).map_err(|error| rows::unreadable(3, error))?
            }
        };
        if !former.contains(annotator) {
            former.push(annotator.clone());
            former.sort_unstable();
            write_previous_holders(connection, *seq, &former)?;
        }
        set_free(connection, *seq, Position(position), &lanes, free, free + 1)?;
        connection
            .prepare_cached("UPDATE task SET reopened = ?2 WHERE seq = ?1")?
            .execute((seq, next_reopen_number(connection)?))?;
    }
    Ok(holds.len() as u64)
}

pub(super) fn held_by(connection: &Connection, annotator: &str) -> rusqlite::Result<Vec<HeldTask>> {
    connection
        .prepare_cached(&format!(
            "SELECT {}, h.since, h.until, h.edition, h.tokenizer FROM hold h JOIN task t ON t.seq = h.seq \
             WHERE h.annotator = ?1 ORDER BY t.position",
            rows::TASK
        ))?
        .query_map([annotator], |row| {
            let (_, position, task) = rows::task(row)?;
            Ok(HeldTask {
                task,
                position,
                since: Millis(row.get(6)?),
                until: Millis(row.get(7)?),
                basis: rows::basis(row, 8)?,
            })
        })?
        .collect()
}

pub(super) fn has_tasks_held_by_others(
    connection: &Connection,
    annotator: &str,
) -> rusqlite::Result<bool> {
    // Only leased tasks are read: a few for each annotator.
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM hold h JOIN task t ON t.seq = h.seq \
             WHERE h.annotator <> ?1 \
             AND EXISTS (SELECT 1 FROM json_each(t.lanes) l WHERE l.value IN ('*', ?1, '+*', '+' || ?1)) \
             AND NOT EXISTS (SELECT 1 FROM answer a WHERE a.seq = h.seq AND a.annotator = ?1) \
             AND NOT EXISTS (SELECT 1 FROM hold m WHERE m.seq = h.seq AND m.annotator = ?1))",
        )?
        .query_row([annotator], |row| row.get(0))
}
