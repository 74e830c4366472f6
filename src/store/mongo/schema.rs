//! What is prepared when a project is opened: the indexes, and the check that the collection is
//! annotd's and of a format that this version knows.
//!
//! Rejected: making `task_hash` only when it is first asked for, which would spare a load its cost
//! and make an annotator wait for it in the midst of the work.

use mongodb::IndexModel;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::IndexOptions;

use super::connection::MongoConnection;
use super::document::FORMAT;
use super::migrations::{self, StoredFormat};
use super::{restore, tasks};
use crate::store::open_mode::OpenMode;
use crate::store::restore_target::partial_restore;
use crate::store::{Result, StoreError};

pub(super) const OPERATION: &str = "open the store";
/// The index that [`super::history::history`] walks.
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

/// Prepares the project's collections, or says why they cannot be used; whether they are of the
/// present format.
pub(super) async fn prepare(connection: &MongoConnection, mode: OpenMode) -> Result<bool> {
    if mode.refuses_partial_restore()
        && let Some(since) = restore::mark(connection, OPERATION).await?
    {
        let what = format!("{} in {}", connection.tasks.name(), connection.location);
        return Err(partial_restore(&what, Some(since)));
    }
    let format = i64::from(FORMAT);
    match StoredFormat::read(connection).await? {
        StoredFormat::None => begin(connection).await?,
        StoredFormat::Format(version) if version == format => {}
        StoredFormat::Format(newer) if newer > format => {
            return Err(unreadable(format!(
                "{} in {} was written by a newer annotd (format {newer}, this one knows {format}); run \
                 the newer one",
                connection.tasks.name(),
                connection.location
            )));
        }
        // It has all that is read, and its indexes.
        StoredFormat::Format(2) | StoredFormat::UnderWay { .. } if mode == OpenMode::Read => {
            return Ok(false);
        }
        StoredFormat::Format(1) if mode == OpenMode::Migrate => {
            // It only adds fields, among them the number by which a backup walks.
            migrations::to_2::run(connection).await?;
            return Ok(false);
        }
        StoredFormat::Format(older) if older > 0 => match mode {
            OpenMode::Migrate => return Ok(false),
            OpenMode::Restore if holds_nothing(connection).await? => {
                note_format(connection).await?;
            }
            _ => return Err(self::older(connection, &format!("of the stored format {older}"))),
        },
        StoredFormat::UnderWay { from } => match mode {
            OpenMode::Migrate => return Ok(false),
            OpenMode::Restore if holds_nothing(connection).await? => {
                note_format(connection).await?;
            }
            _ => {
                let state = format!("half-way between the stored formats {from} and {format}");
                return Err(self::older(connection, &state));
            }
        },
        StoredFormat::Format(_) | StoredFormat::MalformedDocument(_) => {
            let says = connection
                .run(OPERATION, connection.meta.find_one(doc! { "_id": "format" }))
                .await?;
            return Err(unreadable(format!(
                "{} in {} has no format that annotd knows; it says {:?}",
                connection.meta.name(),
                connection.location,
                says.and_then(|says| says.get("version").cloned()).unwrap_or(Bson::Null)
            )));
        }
    }
    // Those that are there already cost one look.
    connection.run(OPERATION, connection.tasks.create_indexes(indexes())).await?;
    Ok(true)
}

/// Whether the project has been begun.
pub(super) async fn exists(connection: &MongoConnection) -> Result<bool> {
    let format = connection.meta.find_one(doc! { "_id": "format" });
    Ok(connection.run("look for the store", format).await?.is_some())
}

/// Whether there is nothing in a project that a restore would have to keep.
async fn holds_nothing(connection: &MongoConnection) -> Result<bool> {
    Ok(restore::mark(connection, OPERATION).await?.is_some()
        || tasks::count(connection).await? == 0)
}

async fn note_format(connection: &MongoConnection) -> Result<()> {
    let format = doc! {
        "$set": { "version": i64::from(FORMAT) }, "$unset": { "from": 1, "to": 1, "after": 1 },
    };
    let note = connection.meta.update_one(doc! { "_id": "format" }, format);
    connection.run(OPERATION, note).await.map(drop)
}

/// Why a project of an older format is not worked with, and what to do.
fn older(connection: &MongoConnection, state: &str) -> StoreError {
    StoreError::OlderFormat {
        operation: OPERATION,
        what: format!(
            "{} in {} is {state}, and this annotd works with format {FORMAT}; stop every annotd that runs \
             on it, then run `annotd migrate --backup FILE`, which backs it up and brings it to format \
             {FORMAT}",
            connection.tasks.name(),
            connection.location
        ),
    }
}

async fn begin(connection: &MongoConnection) -> Result<()> {
    let stranger = connection.run(OPERATION, connection.tasks.find_one(doc! {})).await?;
    if stranger.is_some() {
        return Err(unreadable(format!(
            "the collection {} in {} holds documents that are not annotd's; give the project \
             another name, or take it over with `annotd adopt`",
            connection.tasks.name(),
            connection.location
        )));
    }
    // Two daemons that begin at once write the same.
    connection
        .run(
            OPERATION,
            connection
                .meta
                .update_one(
                    doc! { "_id": "format" },
                    doc! { "$setOnInsert": { "version": i64::from(FORMAT) } },
                )
                .upsert(true),
        )
        .await?;
    Ok(())
}

fn unreadable(what: String) -> StoreError {
    StoreError::Unreadable { operation: OPERATION, what }
}
