//! Reading documents: what a query finds, as tasks, with what lies beside them.

use std::collections::{HashMap, HashSet};

use mongodb::bson::{Document, doc};

use super::connection::MongoConnection;
use super::document::{MalformedDocument, TaskDocument};
use super::side_documents::{self, Wanted};
use crate::store::{Result, StoreError};
use crate::task::TaskId;

impl MongoConnection {
    /// Says which document is not what it should be.
    pub(super) fn malformed(
        &self,
        operation: &'static str,
        document: &mongodb::bson::RawDocument,
        malformed: &MalformedDocument,
    ) -> StoreError {
        let id = document.get("_id").ok().flatten();
        let id = id.and_then(mongodb::bson::RawBsonRef::as_str).unwrap_or("without a text as _id");
        self.malformed_task(operation, &TaskId::from_text(id), malformed)
    }

    /// The same of a task that is known by its identity.
    pub(super) fn malformed_task(
        &self,
        operation: &'static str,
        id: &TaskId,
        malformed: &MalformedDocument,
    ) -> StoreError {
        let (tasks, place) = (self.tasks.name(), &self.location);
        StoreError::Unreadable {
            operation,
            what: format!(
                "task {id} in the collection {tasks} of {place} has been changed: {malformed}; correct or \
                 remove it there"
            ),
        }
    }
}

/// Reads what a query finds, each document with `read`.
pub(super) async fn each<T>(
    connection: &MongoConnection,
    operation: &'static str,
    find: mongodb::action::Find<'_, mongodb::bson::RawDocumentBuf>,
    read: impl Fn(TaskDocument) -> std::result::Result<T, MalformedDocument>,
) -> Result<Vec<T>> {
    let found = connection.find(operation, find).await?;
    found
        .iter()
        .map(|document| {
            TaskDocument::read(document)
                .and_then(&read)
                .map_err(|malformed| connection.malformed(operation, document, &malformed))
        })
        .collect()
}

/// The same with what lies beside each document.
pub(super) async fn each_whole<T>(
    connection: &MongoConnection,
    operation: &'static str,
    find: mongodb::action::Find<'_, mongodb::bson::RawDocumentBuf>,
    wanted: Wanted,
    read: impl Fn(TaskDocument) -> std::result::Result<T, MalformedDocument>,
) -> Result<Vec<T>> {
    let mut found = each(connection, operation, find, Ok).await?;
    side_documents::fill(connection, operation, found.iter_mut(), wanted).await?;
    let mut read_all = Vec::with_capacity(found.len());
    for stored in found {
        let id = stored.id.clone();
        read_all.push(
            read(stored)
                .map_err(|malformed| connection.malformed_task(operation, &id, &malformed))?,
        );
    }
    Ok(read_all)
}

pub(super) fn at_most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// The tasks with these identities, as far as they are there, with what lies beside of the fields
/// asked for.
pub(super) async fn by_id(
    connection: &MongoConnection,
    operation: &'static str,
    tasks: HashSet<&TaskId>,
    fields: Document,
) -> Result<HashMap<TaskId, TaskDocument>> {
    let ids: Vec<&str> = tasks.into_iter().map(TaskId::as_str).collect();
    let find = connection.tasks.find(doc! { "_id": { "$in": ids } }).projection(fields);
    let found = each_whole(connection, operation, find, Wanted::All, Ok).await?;
    Ok(found.into_iter().map(|stored| (stored.id.clone(), stored)).collect())
}
