//! What has been dealt out: the counts that mixtures and balanced routing rest upon.
//!
//! One document holds them, with a version that every change raises, so that two loads at once
//! cannot give the same share twice: the one that comes second finds another version, and plans
//! anew. What a load has counted it promises in the same write: which tasks, and what was planned
//! for each. Then the tasks are inserted, and then the promise is taken out. A crash in between
//! leaves the promise: when the tasks come again, they get what was planned for them, and nothing
//! is counted twice.
//!
//! Rejected: a transaction over both, which a single server does not have; and counting what is in
//! the collection before each load, which reads every task.

use mongodb::bson::{Bson, Document, doc, oid::ObjectId};

use super::server::{Server, number};
use crate::store::planned::Planned;
use crate::store::{Admission, Deal, Result};
use crate::task::TaskId;

/// The server's error for an identity that is there already.
const DUPLICATE: i32 = 11000;

/// A promise, by which it is found again.
pub(super) struct Promise(ObjectId);

/// Reads what has been dealt out.
pub(super) async fn read(server: &Server) -> Result<Deal> {
    const DOING: &str = "see what was dealt out";
    let found = server.ask(DOING, server.meta.find_one(doc! { "_id": "deal" })).await?;
    let Some(found) = found else { return Ok(Deal::default()) };
    let damaged = || server.failed(DOING, format!("its record is damaged: {found}"));
    let mut deal = Deal {
        version: number(&found, "version").ok_or_else(damaged)?,
        state: found.get_str("state").map_err(|_| damaged())?.to_owned(),
        promised: Vec::new(),
    };
    for promise in found.get_array("promised").map_err(|_| damaged())? {
        let plans = promise.as_document().and_then(|promise| promise.get_str("plans").ok());
        let plans: Vec<Planned> =
            plans.and_then(|plans| serde_json::from_str(plans).ok()).ok_or_else(damaged)?;
        deal.promised.extend(plans.into_iter().map(Planned::plan));
    }
    Ok(deal)
}

/// The tasks of a promise as it stands in the record; none if it cannot be read.
pub(super) fn tasks_of(promise: &Bson) -> Option<Vec<TaskId>> {
    let plans = promise.as_document()?.get_str("plans").ok()?;
    let plans: Vec<Planned> = serde_json::from_str(plans).ok()?;
    Some(plans.into_iter().map(|planned| planned.task).collect())
}

/// Writes down what is dealt out and for whom, if the deal is at this version.
pub(super) async fn promise(
    server: &Server,
    tasks: &[Admission],
    seen: i64,
    state: &str,
) -> Result<Option<Promise>> {
    const DOING: &str = "write down what is dealt out";
    let id = ObjectId::new();
    let plans = tasks.iter().map(|Admission { task, plan }| Planned::of(&task.id, plan));
    let promise = document(id, &plans.collect::<Vec<_>>());
    if seen == 0 {
        let first = doc! { "_id": "deal", "version": 1_i64, "state": state, "promised": [promise] };
        return match server.meta.insert_one(first).await {
            Ok(_) => Ok(Some(Promise(id))),
            Err(error) if is_duplicate(&error) => Ok(None),
            Err(error) => server.ask(DOING, async { Err(error) }).await,
        };
    }
    let update = server.meta.update_one(
        doc! { "_id": "deal", "version": seen },
        doc! {
            "$set": { "version": seen + 1, "state": state },
            "$push": { "promised": promise },
        },
    );
    let updated = server.ask(DOING, update).await?;
    Ok((updated.matched_count == 1).then_some(Promise(id)))
}

fn document(load: ObjectId, plans: &[Planned]) -> Document {
    doc! { "load": load, "plans": serde_json::to_string(plans).expect("plans are JSON") }
}

/// Puts the whole record in the place of whatever is there.
pub(super) async fn put_back(server: &Server, deal: Deal) -> Result<()> {
    let plans: Vec<Planned> =
        deal.promised.iter().map(|(task, plan)| Planned::of(task, plan)).collect();
    let promised = if plans.is_empty() {
        Vec::new()
    } else {
        vec![Bson::Document(document(ObjectId::new(), &plans))]
    };
    let record = doc! {
        "_id": "deal", "version": deal.version, "state": deal.state, "promised": promised,
    };
    let replace = server.meta.replace_one(doc! { "_id": "deal" }, record).upsert(true);
    server.ask("put back what was dealt out", replace).await.map(drop)
}

/// Takes out a promise that has been kept.
pub(super) async fn kept(server: &Server, promise: &Promise) -> Result<()> {
    let update: Document = doc! { "$pull": { "promised": { "load": promise.0 } } };
    let update = server.meta.update_one(doc! { "_id": "deal" }, update);
    server.ask("write down what is dealt out", update).await.map(drop)
}

/// Whether a write failed because the identity is there already.
pub(super) fn is_duplicate(error: &mongodb::error::Error) -> bool {
    use mongodb::error::{ErrorKind, WriteFailure};
    matches!(
        error.kind.as_ref(),
        ErrorKind::Write(WriteFailure::WriteError(error)) if error.code == DUPLICATE
    )
}
