//! Writing the state of a task: its leases, its answers, its place in the queue, its share of the
//! stats.

use rusqlite::Connection;

use super::answer_versions::put_answer;
use super::queue::{dequeue, enqueue, is_taken, next_reopen_number, set_free};
use super::rows::{self, AnswerStatus};
use super::stats;
use crate::allocation::TaskState;
use crate::store::stats::stats_delta;
use crate::store::{StateUpdate, StorePolicy};

pub(super) fn update_if_unchanged(
    connection: &Connection,
    policy: &StorePolicy,
    amendments: &[StateUpdate],
) -> rusqlite::Result<Vec<bool>> {
    let mut changed = Vec::with_capacity(amendments.len());
    for StateUpdate { task, seen, now } in amendments {
        let found = rows::find(connection, task, false)?;
        let found = found.filter(|found| found.state.is_as(seen));
        if let Some(found) = &found {
            write_state(connection, policy, found, now)?;
        }
        changed.push(found.is_some());
    }
    Ok(changed)
}

/// Brings a task from the state in which it was found to another one.
pub(super) fn write_state(
    connection: &Connection,
    policy: &StorePolicy,
    found: &rows::TaskRow,
    after: &TaskState,
) -> rusqlite::Result<()> {
    let rows::TaskRow { seq, position, state: before, .. } = found;
    let mut delete_lease =
        connection.prepare_cached("DELETE FROM hold WHERE seq = ?1 AND annotator = ?2")?;
    for hold in &before.held {
        if !after.held.iter().any(|still| still.annotator == hold.annotator) {
            delete_lease.execute((seq, &hold.annotator))?;
        }
    }
    let lists = [
        (AnswerStatus::Counts, &before.answers, &after.answers),
        (AnswerStatus::Skipped, &before.skipped, &after.skipped),
        (AnswerStatus::Late, &before.late, &after.late),
    ];
    for (status, were, are) in lists {
        for answer in are.iter().filter(|answer| !were.contains(answer)) {
            let before = [&before.answers, &before.skipped, &before.late];
            let before = before.into_iter().flatten().find(|was| was.annotator == answer.annotator);
            put_answer(connection, *seq, answer, status, before)?;
        }
    }
    let mut place = policy.order.position(position.priority(), *seq, after.remaining());
    // Where the project's order was another one, another task may have this position. Then it stays
    // where it is.
    if place != *position && is_taken(connection, place)? {
        place = *position;
    }
    let moved = (before.wanted, before.planned, &before.lanes, *position)
        != (after.wanted, after.planned, &after.lanes, place);
    if moved {
        connection
            .prepare_cached(
                "UPDATE task SET wanted = ?2, planned = ?3, lanes = ?4, position = ?5 \
                 WHERE seq = ?1",
            )?
            .execute((
                seq,
                after.wanted,
                after.planned,
                rows::lanes_to_text(&after.lanes),
                place.0,
            ))?;
    }
    if before.previous_holders != after.previous_holders {
        write_previous_holders(connection, *seq, &after.previous_holders)?;
    }
    let (free, still) = (before.free(), after.free());
    if moved && free > 0 && still > 0 {
        dequeue(connection, *position, &before.lanes)?;
        enqueue(connection, *seq, place, &after.lanes)?;
        set_free(connection, *seq, place, &[], free, still)?;
    } else {
        let (place, lanes) =
            if still > 0 { (place, &after.lanes) } else { (*position, &before.lanes) };
        set_free(connection, *seq, place, lanes, free, still)?;
    }
    if still > 0 && (moved || still > free) {
        connection
            .prepare_cached("UPDATE task SET reopened = ?2 WHERE seq = ?1")?
            .execute((seq, next_reopen_number(connection)?))?;
    }
    if after.finished && !before.finished {
        connection.prepare_cached("UPDATE task SET finished = 1 WHERE seq = ?1")?.execute([seq])?;
    }
    stats::apply(connection, &stats_delta(Some(before), Some(after)))
}

/// Notes who has held a task and gave it back.
pub(super) fn write_previous_holders(
    connection: &Connection,
    seq: i64,
    former: &[String],
) -> rusqlite::Result<()> {
    let names = serde_json::to_string(former).expect("names are JSON");
    connection
        .prepare_cached("UPDATE task SET former = ?2 WHERE seq = ?1")?
        .execute((seq, names))?;
    Ok(())
}
