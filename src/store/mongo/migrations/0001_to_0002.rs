//! Format 1 to 2: tasks get a number of their own, what they were planned for, and a count of
//! writes.
//!
//! Fields are only added, so an annotd that knows format 1 reads the documents as before.

use mongodb::bson::doc;

use super::OPERATION;
use crate::store::Result;
use crate::store::mongo::connection::MongoConnection;

/// Makes a project of format 1 one of format 2. Twice does no harm, nor does a stop in the middle:
/// the format is written last. A daemon of the older version must not be running.
///
/// Only tasks that named their annotators, or were loaded for some, had names in format 1. The
/// number of a task is what its position has below the priority.
pub(in crate::store::mongo) async fn run(connection: &MongoConnection) -> Result<()> {
    let sequence = doc! { "$subtract": [
        "$position",
        { "$multiply": [{ "$multiply": ["$priority", -1] }, 1_i64 << 40] },
    ] };
    let tasks = connection.tasks.update_many(
        doc! { "number": { "$exists": false } },
        vec![doc! { "$set": {
            "number": { "$toLong": sequence },
            "planned": "$wanted",
            "bound": { "$not": [{ "$in": ["*", "$for"] }] },
            "skipped": [],
            "rev": 0_i64,
        } }],
    );
    // All tasks are rewritten, so this may take longer than other calls.
    let outcome = tasks.await;
    connection.run(OPERATION, async { outcome }).await?;
    // There is no such index if this was begun before.
    let _ = connection.tasks.drop_index("position").await;
    let format = doc! { "$set": { "version": 2_i64 } };
    connection.run(OPERATION, connection.meta.update_one(doc! { "_id": "format" }, format)).await?;
    tracing::info!(store = connection.location, "the store was of format 1 and is now of format 2");
    Ok(())
}
