//! From one stored format to the next: a numbered file for each step, and nothing else in the code that
//! knows of older formats but what reads them.
//!
//! Steps are taken one after the other. Each is carried out in bounded batches, can be broken off and begun
//! again at any moment, and writes its number last. Only [`run`] takes them, for `annotd migrate`; while
//! one is under way, the record of the format holds a text in the place of the number, which no annotd
//! takes for a format that it knows, and which those that are older show as it is.
//!
//! Rejected: migrating when the daemon starts. A shared store may have other daemons at work, a large one
//! takes minutes, and what changes everything should not happen because a service was restarted.

#[path = "0001_to_0002.rs"]
pub(super) mod to_2;
#[path = "0002_to_0003.rs"]
pub(super) mod to_3;

use mongodb::bson::{Bson, doc};

use super::document::FORMAT;
use super::server::{Server, number};
use crate::store::{Result, StoreError};

pub(super) const DOING: &str = "migrate the store";

/// What a project's record of the format says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stored {
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
    Odd(Bson),
}

impl Stored {
    /// Reads the record.
    pub(super) async fn read(server: &Server) -> Result<Self> {
        let found = server.ask(DOING, server.meta.find_one(doc! { "_id": "format" })).await?;
        let Some(found) = found else { return Ok(Self::None) };
        Ok(match (number(&found, "version"), number(&found, "from")) {
            (Some(version), _) => Self::Format(version),
            (None, Some(from)) => Self::UnderWay { from },
            (None, None) => Self::Odd(found.get("version").cloned().unwrap_or(Bson::Null)),
        })
    }
}

/// Whether a project is of an older format, or was left between two.
pub(super) async fn are_needed(server: &Server) -> Result<bool> {
    Ok(match Stored::read(server).await? {
        Stored::Format(format) => format < i64::from(FORMAT),
        Stored::UnderWay { .. } => true,
        Stored::None | Stored::Odd(_) => false,
    })
}

/// What a migration did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The format before.
    pub from: i64,
    /// The format now.
    pub to: i64,
    /// Tasks that were written anew.
    pub tasks: u64,
    /// Tasks whose documents cannot be read: they are as they were, and `verify` names them.
    pub unreadable: u64,
}

/// Brings a project to the present format; `seen` hears how many tasks have been looked at.
pub(super) async fn run(server: &Server, mut seen: impl FnMut(u64)) -> Result<Migrated> {
    let before = Stored::read(server).await?;
    let mut migrated =
        Migrated { from: i64::from(FORMAT), to: i64::from(FORMAT), tasks: 0, unreadable: 0 };
    let from = match before {
        Stored::Format(from) | Stored::UnderWay { from } => from,
        Stored::None | Stored::Odd(_) => {
            let what = "there is no project to migrate".to_owned();
            return Err(StoreError::Unreadable { doing: DOING, what });
        }
    };
    migrated.from = from;
    if from < 2 {
        to_2::run(server).await?;
    }
    if from < 3 || matches!(before, Stored::UnderWay { .. }) {
        to_3::run(server, &mut migrated, &mut seen).await?;
    }
    Ok(migrated)
}
