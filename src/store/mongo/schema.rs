//! What is prepared when a project is opened: the indexes, and the check that the collection is
//! annotd's and of a format that this version knows.
//!
//! Rejected: making `task_hash` only when it is first asked for, which would spare a load its cost
//! and make an annotator wait for it in the midst of the work.

use mongodb::IndexModel;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::IndexOptions;

use super::restore;
use super::server::{Server, number};
use crate::store::open::Opening;
use crate::store::restoring::unfinished;
use crate::store::{FORMAT, Result, StoreError};

const DOING: &str = "open the store";
/// The index that [`super::past::history`] walks.
pub(super) const HISTORY: &str = "history";

/// The indexes, each with its name. Why each is there is told in `mongo/mod.rs`.
fn indexes() -> Vec<IndexModel> {
    let index = |name: &str, keys: Document, only: Option<Document>| {
        let options =
            IndexOptions::builder().name(name.to_owned()).partial_filter_expression(only).build();
        IndexModel::builder().keys(keys).options(options).build()
    };
    vec![
        index("queue", doc! { "for": 1, "position": 1 }, Some(doc! { "free": { "$gt": 0 } })),
        index("number", doc! { "number": 1 }, None),
        index(
            "checks",
            doc! { "purpose": 1, "number": 1 },
            Some(doc! { "purpose": { "$exists": true } }),
        ),
        index(
            "late",
            doc! { "late.annotator": 1 },
            Some(doc! { "late.annotator": { "$exists": true }, "free": { "$gt": 0 } }),
        ),
        index("task_hash", doc! { "task_hash": 1 }, None),
        index(
            "held",
            doc! { "held.annotator": 1, "held.until": 1 },
            Some(doc! { "held.annotator": { "$exists": true } }),
        ),
        index(
            HISTORY,
            doc! { "answers.annotator": 1, "answers.time_returned": -1 },
            Some(doc! { "answers.annotator": { "$exists": true } }),
        ),
        index(
            "reopened",
            doc! { "reopened": 1 },
            Some(doc! { "reopened": { "$exists": true }, "free": { "$gt": 0 } }),
        ),
    ]
}

/// Prepares the project's collections, or says why they cannot be used.
pub(super) async fn prepare(server: &Server, opening: Opening) -> Result<()> {
    if opening.wants_it_whole()
        && let Some(since) = restore::mark(server, DOING).await?
    {
        let what = format!("{} in {}", server.tasks.name(), server.place);
        return Err(unfinished(&what, Some(since)));
    }
    let format = server.ask(DOING, server.meta.find_one(doc! { "_id": "format" })).await?;
    match format {
        Some(format) if number(&format, "version") == Some(1) => from_1_to_2(server).await?,
        Some(format) => check(server, &format)?,
        None => begin(server).await?,
    }
    // Those that are there already cost one look.
    server.ask(DOING, server.tasks.create_indexes(indexes())).await?;
    Ok(())
}

/// Whether the project has been begun.
pub(super) async fn is_there(server: &Server) -> Result<bool> {
    let format = server.meta.find_one(doc! { "_id": "format" });
    Ok(server.ask("look for the store", format).await?.is_some())
}

fn check(server: &Server, format: &Document) -> Result<()> {
    match number(format, "version") {
        Some(FORMAT) => Ok(()),
        Some(newer) if newer > FORMAT => Err(unreadable(format!(
            "{} in {} was written by a newer annotd (format {newer}, this one knows {FORMAT}); run \
             the newer one",
            server.tasks.name(),
            server.place
        ))),
        _ => Err(unreadable(format!(
            "{} in {} has no format that annotd knows; it says {:?}",
            server.meta.name(),
            server.place,
            format.get("version").unwrap_or(&Bson::Null)
        ))),
    }
}

/// Makes a project of format 1 one of format 2. Twice does no harm, nor does a stop in the middle:
/// the format is written last. A daemon of the older version must not be running.
///
/// Only tasks that named their annotators, or were loaded for some, had names in format 1. The
/// number of a task is what its position has below the priority.
async fn from_1_to_2(server: &Server) -> Result<()> {
    let sequence = doc! { "$subtract": [
        "$position",
        { "$multiply": [{ "$multiply": ["$priority", -1] }, 1_i64 << 40] },
    ] };
    let tasks = server.tasks.update_many(
        doc! { "number": { "$exists": false } },
        vec![doc! { "$set": {
            "number": { "$toLong": sequence },
            "planned": "$wanted",
            "bound": { "$not": [{ "$in": ["*", "$for"] }] },
            "skipped": [],
            "rev": 0_i64,
        } }],
    );
    // All tasks are written anew, so this may take longer than other things.
    let outcome = tasks.await;
    server.ask(DOING, async { outcome }).await?;
    // There is no such index if this was begun before.
    let _ = server.tasks.drop_index("position").await;
    let format = doc! { "$set": { "version": FORMAT } };
    server.ask(DOING, server.meta.update_one(doc! { "_id": "format" }, format)).await?;
    tracing::info!(store = server.place, "the store was of format 1 and is now of format 2");
    Ok(())
}

async fn begin(server: &Server) -> Result<()> {
    let stranger = server.ask(DOING, server.tasks.find_one(doc! {})).await?;
    if stranger.is_some() {
        return Err(unreadable(format!(
            "the collection {} in {} holds documents that are not annotd's; give the project \
             another name, or take it over with `annotd adopt`",
            server.tasks.name(),
            server.place
        )));
    }
    // Two daemons that begin at once write the same.
    server
        .ask(
            DOING,
            server
                .meta
                .update_one(
                    doc! { "_id": "format" },
                    doc! { "$setOnInsert": { "version": FORMAT } },
                )
                .upsert(true),
        )
        .await?;
    Ok(())
}

fn unreadable(what: String) -> StoreError {
    StoreError::Unreadable { doing: DOING, what }
}
