//! What has been dealt out: the counts that mixtures and balanced routing rest upon.
//!
//! One document holds them, with a version that every change raises, so that two loads at once
//! cannot give the same share twice: the one that comes second finds another version, and plans
//! again. What a load has counted it promises in the same write: which tasks, and what was planned
//! for each. Then the tasks are inserted, and then the promise is taken out. A crash in between
//! leaves the promise: when the tasks come again, they get what was planned for them, and nothing
//! is counted twice.
//!
//! Rejected: a transaction over both, which a single server does not have; and counting what is in
//! the collection before each load, which reads every task.

use mongodb::bson::{Bson, Document, doc, oid::ObjectId};

use super::connection::{MongoConnection, number};
use crate::store::pending_plan::PendingPlan;
use crate::store::{AllocationRecord, NewTask, Result};
use crate::task::TaskId;

/// The server's error for an identity that is there already.
const DUPLICATE: i32 = 11000;

/// A promise, by which it is found again.
pub(super) struct Promise(ObjectId);

/// Reads what has been dealt out.
pub(super) async fn read(connection: &MongoConnection) -> Result<AllocationRecord> {
    const OPERATION: &str = "see what was dealt out";
    let found = connection.run(OPERATION, connection.meta.find_one(doc! { "_id": "deal" })).await?;
    let Some(found) = found else { return Ok(AllocationRecord::default()) };
    let damaged = || connection.failed(OPERATION, format!("its record is damaged: {found}"));
    let mut allocation_record = AllocationRecord {
        version: number(&found, "version").ok_or_else(damaged)?,
        state: found.get_str("state").map_err(|_| damaged())?.to_owned(),
        pending_plans: Vec::new(),
    };
    for reserve_plan in found.get_array("promised").map_err(|_| damaged())? {
        let plans =
            reserve_plan.as_document().and_then(|reserve_plan| reserve_plan.get_str("plans").ok());
        let plans: Vec<PendingPlan> =
            plans.and_then(|plans| serde_json::from_str(plans).ok()).ok_or_else(damaged)?;
        allocation_record.pending_plans.extend(plans.into_iter().map(PendingPlan::plan));
    }
    Ok(allocation_record)
}

/// The tasks of a promise as it stands in the record; none if it cannot be read.
pub(super) fn tasks_of(reserve_plan: &Bson) -> Option<Vec<TaskId>> {
    let plans = reserve_plan.as_document()?.get_str("plans").ok()?;
    let plans: Vec<PendingPlan> = serde_json::from_str(plans).ok()?;
    Some(plans.into_iter().map(|planned| planned.task).collect())
}

/// Writes down what is dealt out and for whom, if the deal is at this version.
pub(super) async fn reserve_plan(
    connection: &MongoConnection,
    tasks: &[NewTask],
    seen: i64,
    state: &str,
) -> Result<Option<Promise>> {
    const OPERATION: &str = "write down what is dealt out";
    let id = ObjectId::new();
    let plans = tasks.iter().map(|NewTask { task, plan }| PendingPlan::of(&task.id, plan));
    let reserve_plan = document(id, &plans.collect::<Vec<_>>());
    if seen == 0 {
        let first =
            doc! { "_id": "deal", "version": 1_i64, "state": state, "promised": [reserve_plan] };
        return match connection.meta.insert_one(first).await {
            Ok(_) => Ok(Some(Promise(id))),
            Err(error) if is_duplicate(&error) => Ok(None),
            Err(error) => connection.run(OPERATION, async { Err(error) }).await,
        };
    }
    let update = connection.meta.update_one(
        doc! { "_id": "deal", "version": seen },
        doc! {
            "$set": { "version": seen + 1, "state": state },
            "$push": { "promised": reserve_plan },
        },
    );
    let updated = connection.run(OPERATION, update).await?;
    Ok((updated.matched_count == 1).then_some(Promise(id)))
}

fn document(load: ObjectId, plans: &[PendingPlan]) -> Document {
    doc! { "load": load, "plans": serde_json::to_string(plans).expect("plans are JSON") }
}

/// Puts the whole record in the place of whatever is there.
pub(super) async fn restore_records(
    connection: &MongoConnection,
    allocation_record: AllocationRecord,
) -> Result<()> {
    let plans: Vec<PendingPlan> = allocation_record
        .pending_plans
        .iter()
        .map(|(task, plan)| PendingPlan::of(task, plan))
        .collect();
    let pending_plans = if plans.is_empty() {
        Vec::new()
    } else {
        vec![Bson::Document(document(ObjectId::new(), &plans))]
    };
    let record = doc! {
        "_id": "deal", "version": allocation_record.version, "state": allocation_record.state, "promised": pending_plans,
    };
    let replace = connection.meta.replace_one(doc! { "_id": "deal" }, record).upsert(true);
    connection.run("put back what was dealt out", replace).await.map(drop)
}

/// Takes out a promise that has been kept.
pub(super) async fn confirm_plan(
    connection: &MongoConnection,
    reserve_plan: &Promise,
) -> Result<()> {
    let update: Document = doc! { "$pull": { "promised": { "load": reserve_plan.0 } } };
    let update = connection.meta.update_one(doc! { "_id": "deal" }, update);
    connection.run("write down what is dealt out", update).await.map(drop)
}

/// Whether a write failed because the identity is there already.
pub(super) fn is_duplicate(error: &mongodb::error::Error) -> bool {
    use mongodb::error::{ErrorKind, WriteFailure};
    matches!(
        error.kind.as_ref(),
        ErrorKind::Write(WriteFailure::WriteError(error)) if error.code == DUPLICATE
    )
}
