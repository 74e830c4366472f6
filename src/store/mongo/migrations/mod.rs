//! From one stored format to the next: a numbered file for each step, and nothing else in the code
//! that knows of older formats but what reads them.
//!
//! Steps are taken one after the other. Each is carried out in bounded batches, can be broken off
//! and begun again at any moment, and writes its number last. Only [`run`] takes them, for `annotd
//! migrate`; while one is under way, the record of the format holds a text in the place of the
//! number, which no annotd takes for a format that it knows, and which those that are older show as
//! it is.
//!
//! Rejected: migrating when the daemon starts. A shared store may have other daemons at work, a
//! large one takes minutes, and what changes everything should not happen because a service was
//! restarted.

#[path = "0001_to_0002.rs"]
pub(super) mod to_2;
#[path = "0002_to_0003.rs"]
pub(super) mod to_3;

use mongodb::bson::{Bson, doc};

use super::connection::{MongoConnection, number};
use super::document::FORMAT;
use crate::store::{Result, StoreError};

pub(super) const OPERATION: &str = "migrate the store";

/// What a project's record of the format says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum StoredFormat {
    /// There is no project yet.
    None,
    /// A format, of whatever age.
    Format(i64),
    /// A migration is under way, or was broken off.
    UnderWay {
        /// The format that it came from.
        from: i64,
    },
    /// Something else.
    MalformedDocument(Bson),
}

impl StoredFormat {
    /// Reads the record.
    pub(super) async fn read(connection: &MongoConnection) -> Result<Self> {
        let found =
            connection.run(OPERATION, connection.meta.find_one(doc! { "_id": "format" })).await?;
        let Some(found) = found else { return Ok(Self::None) };
        Ok(match (number(&found, "version"), number(&found, "from")) {
            (Some(version), _) => Self::Format(version),
            (None, Some(from)) => Self::UnderWay { from },
            (None, None) => {
                Self::MalformedDocument(found.get("version").cloned().unwrap_or(Bson::Null))
            }
        })
    }
}

/// Whether a project is of an older format, or was left between two.
pub(super) async fn are_needed(connection: &MongoConnection) -> Result<bool> {
    Ok(match StoredFormat::read(connection).await? {
        StoredFormat::Format(format) => format < i64::from(FORMAT),
        StoredFormat::UnderWay { .. } => true,
        StoredFormat::None | StoredFormat::MalformedDocument(_) => false,
    })
}

/// What a migration did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The format before.
    pub from: i64,
    /// The format now.
    pub to: i64,
    /// Tasks that were rewritten.
    pub tasks: u64,
    /// Tasks whose documents cannot be read: they are as they were, and `verify` names them.
    pub unreadable: u64,
}

/// Brings a project to the present format; `seen` hears how many tasks have been looked at.
pub(super) async fn run(
    connection: &MongoConnection,
    mut seen: impl FnMut(u64),
) -> Result<Migrated> {
    let before = StoredFormat::read(connection).await?;
    let mut migrated =
        Migrated { from: i64::from(FORMAT), to: i64::from(FORMAT), tasks: 0, unreadable: 0 };
    let from = match before {
        StoredFormat::Format(from) | StoredFormat::UnderWay { from } => from,
        StoredFormat::None | StoredFormat::MalformedDocument(_) => {
            let what = "there is no project to migrate".to_owned();
            return Err(StoreError::Unreadable { operation: OPERATION, what });
        }
    };
    migrated.from = from;
    if from < 2 {
        to_2::run(connection).await?;
    }
    if from < 3 || matches!(before, StoredFormat::UnderWay { .. }) {
        to_3::run(connection, &mut migrated, &mut seen).await?;
    }
    Ok(migrated)
}
