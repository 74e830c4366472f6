//! The allocation record: keys of `meta`.

use rusqlite::Connection;

use super::rows;
use crate::allocation::Plan;
use crate::store::AllocationRecord;
use crate::task::TaskId;

pub(super) fn read(connection: &Connection) -> rusqlite::Result<AllocationRecord> {
    let mut allocation_record = AllocationRecord::default();
    let mut statement = connection.prepare_cached(
        "SELECT key, value FROM meta WHERE key IN ('deal', 'deal_version', 'promised')",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        match row.get_ref(0)?.as_str()? {
            "deal" => allocation_record.state = row.get(1)?,
            "promised" => {
                allocation_record.pending_plans = rows::plans_from_text(row.get_ref(1)?.as_str()?)?;
            }
            _ => allocation_record.version = row.get(1)?,
        }
    }
    Ok(allocation_record)
}

/// Writes down what has been dealt out.
pub(super) fn put_deal(connection: &Connection, state: &str, version: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO meta VALUES ('deal', ?1), ('deal_version', ?2)")?
        .execute((state, version))?;
    Ok(())
}

/// Writes down what is still promised.
pub(super) fn put_pending_plans(
    connection: &Connection,
    pending_plans: &[(TaskId, Plan)],
) -> rusqlite::Result<()> {
    if pending_plans.is_empty() {
        connection.execute("DELETE FROM meta WHERE key = 'promised'", [])?;
    } else {
        connection
            .prepare_cached("INSERT OR REPLACE INTO meta VALUES ('promised', ?1)")?
            .execute([rows::plans_to_text(pending_plans)])?;
    }
    Ok(())
}
