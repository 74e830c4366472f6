//! What is prepared when a project is opened: the indexes, and the check that the collection is
//! annotd's and of a format that this version knows.
//!
//! Rejected: making `task_hash` only when it is first asked for, which would spare a load its cost
//! and make an annotator wait for it in the midst of the work.

use mongodb::IndexModel;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::IndexOptions;

use super::document::FORMAT;
use super::migrations::{self, Stored};
use super::restore;
use super::server::Server;
use crate::store::open::Opening;
use crate::store::restoring::unfinished;
use crate::store::{Result, StoreError};

pub(super) const DOING: &str = "open the store";
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

/// Prepares the project's collections, or says why they cannot be used; whether they are of the present
/// format.
pub(super) async fn prepare(server: &Server, opening: Opening) -> Result<bool> {
    if opening.wants_it_whole()
        && let Some(since) = restore::mark(server, DOING).await?
    {
        let what = format!("{} in {}", server.tasks.name(), server.place);
        return Err(unfinished(&what, Some(since)));
    }
    let format = i64::from(FORMAT);
    match Stored::read(server).await? {
        Stored::None => begin(server).await?,
        Stored::Format(version) if version == format => {}
        Stored::Format(newer) if newer > format => {
            return Err(unreadable(format!(
                "{} in {} was written by a newer annotd (format {newer}, this one knows {format}); run \
                 the newer one",
                server.tasks.name(),
                server.place
            )));
        }
        // It has all that is read, and its indexes.
        Stored::Format(2) | Stored::UnderWay { .. } if opening == Opening::Read => {
            return Ok(false);
        }
        Stored::Format(1) if opening == Opening::Migrate => {
            // It only adds fields, among them the number by which a backup walks.
            migrations::to_2::run(server).await?;
            return Ok(false);
        }
        Stored::Format(older) if older > 0 => match opening {
            Opening::Migrate => return Ok(false),
            Opening::Restore if holds_nothing(server).await? => note_format(server).await?,
            _ => return Err(self::older(server, &format!("of the stored format {older}"))),
        },
        Stored::UnderWay { from } => match opening {
            Opening::Migrate => return Ok(false),
            Opening::Restore if holds_nothing(server).await? => note_format(server).await?,
            _ => {
                let state = format!("half-way between the stored formats {from} and {format}");
                return Err(self::older(server, &state));
            }
        },
        Stored::Format(_) | Stored::Odd(_) => {
            let says = server.ask(DOING, server.meta.find_one(doc! { "_id": "format" })).await?;
            return Err(unreadable(format!(
                "{} in {} has no format that annotd knows; it says {:?}",
                server.meta.name(),
                server.place,
                says.and_then(|says| says.get("version").cloned()).unwrap_or(Bson::Null)
            )));
        }
    }
    // Those that are there already cost one look.
    server.ask(DOING, server.tasks.create_indexes(indexes())).await?;
    Ok(true)
}

/// Whether the project has been begun.
pub(super) async fn is_there(server: &Server) -> Result<bool> {
    let format = server.meta.find_one(doc! { "_id": "format" });
    Ok(server.ask("look for the store", format).await?.is_some())
}

/// Whether there is nothing in a project that a restore would have to keep.
async fn holds_nothing(server: &Server) -> Result<bool> {
    Ok(restore::mark(server, DOING).await?.is_some() || restore::count(server).await? == 0)
}

async fn note_format(server: &Server) -> Result<()> {
    let format = doc! {
        "$set": { "version": i64::from(FORMAT) }, "$unset": { "from": 1, "to": 1, "after": 1 },
    };
    let note = server.meta.update_one(doc! { "_id": "format" }, format);
    server.ask(DOING, note).await.map(drop)
}

/// Why a project of an older format is not worked with, and what to do.
fn older(server: &Server, state: &str) -> StoreError {
    StoreError::Older {
        doing: DOING,
        what: format!(
            "{} in {} is {state}, and this annotd works with format {FORMAT}; stop every annotd that runs \
             on it, then run `annotd migrate --backup FILE`, which backs it up and brings it to format \
             {FORMAT}",
            server.tasks.name(),
            server.place
        ),
    }
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
                    doc! { "$setOnInsert": { "version": i64::from(FORMAT) } },
                )
                .upsert(true),
        )
        .await?;
    Ok(())
}

fn unreadable(what: String) -> StoreError {
    StoreError::Unreadable { doing: DOING, what }
}
