//! The way to the server: the client, its concerns, the guarded writes, and what failed.
//!
//! Everything is written with majority and journal and read with majority from the primary. So
//! every later read sees what has been acknowledged, and what is seen can no longer be
//! rolled back: an answer that is found to be there already may be acknowledged.
//!
//! Guarded writes go as one `update` command with many statements, one round trip and one wait for
//! the journal. The server says how many statements found their document, not which; so callers
//! read back when some did not, and whatever they send can be sent again.
//!
//! Rejected: `Client::bulk_write`, which needs server 8.0; `update_one` for each, which waits for
//! the journal each time.

use std::time::Duration;

use futures_util::TryStreamExt;
use mongodb::action::Find;
use mongodb::bson::{Bson, Document, RawArrayBuf, RawDocumentBuf, doc, rawdoc};
use mongodb::error::{Error, ErrorKind, WriteFailure};
use mongodb::options::{
    Acknowledgment, ClientOptions, ReadConcern, ReadPreference, SelectionCriteria, WriteConcern,
};
use mongodb::{Client, Collection, Database};

use crate::store::{Result, StoreError};

/// The database where the URL names none.
const DATABASE: &str = "annotd";
/// How long to look for a primary before saying that there is none, unless the URL says.
const SELECTION: Duration = Duration::from_secs(3);
/// How often to look for a primary that is away.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// How long the majority may take before a write counts as not acknowledged.
const MAJORITY: Duration = Duration::from_secs(10);
/// After this long without a reply the server is taken to be away: a network that swallows
/// packets would otherwise hold everyone up for minutes.
const REPLY: Duration = Duration::from_secs(60);
/// Statements of one `update` command. A command is one document, of 16 MB at most.
const STATEMENTS: usize = 1000;
const STATEMENT_BYTES: usize = 8 << 20;

/// Errors of a server that stops, has just lost its place as primary, or does not reach its
/// majority: what helps is to wait.
const TRANSIENT_ERROR_CODES: [i32; 19] = [
    6, 7, 64, 89, 91, 100, 133, 134, 189, 202, 262, 9001, 10058, 10107, 11600, 11602, 13435, 13436,
    50,
];

/// The server's error for an identity that is there already. Of two who write what is not there
/// yet, one may be told so; what they wanted to write is there then, or they write it again.
const DUPLICATE: i32 = 11000;

/// A project's collections on a server.
pub(super) struct MongoConnection {
    pub(super) client: Client,
    pub(super) database: Database,
    /// One document a task.
    pub(super) tasks: Collection<RawDocumentBuf>,
    /// The format, the numbering, the files that were loaded, the keys, the editions.
    pub(super) meta: Collection<Document>,
    /// Earlier versions of answers.
    pub(super) history: Collection<RawDocumentBuf>,
    /// Data of answers that are too large for a task's document.
    pub(super) large: Collection<RawDocumentBuf>,
    /// The URL without user and password.
    pub(super) location: String,
    secrets: Vec<String>,
}

impl MongoConnection {
    /// Prepares the connection; nothing is sent yet.
    pub(super) async fn new(url: &str, project: &str) -> Result<Self> {
        const OPERATION: &str = "open the store";
        let (location, secrets) = without_credentials(url);
        let failed = |error| failure(OPERATION, &location, &secrets, error);
        let mut options = ClientOptions::parse(url).await.map_err(failed)?;
        options.server_selection_timeout.get_or_insert(SELECTION);
        options.connect_timeout.get_or_insert(SELECTION);
        options.heartbeat_freq.get_or_insert(HEARTBEAT);
        options.app_name.get_or_insert_with(|| "annotd".to_owned());
        options.read_concern = Some(ReadConcern::majority());
        options.selection_criteria =
            Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
        options.write_concern = Some(
            WriteConcern::builder()
                .w(Acknowledgment::Majority)
                .journal(true)
                .w_timeout(MAJORITY)
                .build(),
        );
        let name = options.default_database.clone().unwrap_or_else(|| DATABASE.to_owned());
        let client = Client::with_options(options).map_err(failed)?;
        let database = client.database(&name);
        Ok(Self {
            tasks: database.collection(project),
            meta: database.collection(&format!("{project}.annotd")),
            history: database.collection(&format!("{project}.history")),
            large: database.collection(&format!("{project}.large")),
            client,
            database,
            location,
            secrets,
        })
    }

    /// Waits for the server, and says what went wrong in the words of the trait.
    pub(super) async fn run<T, W>(&self, operation: &'static str, work: W) -> Result<T>
    where
        W: IntoFuture<Output = mongodb::error::Result<T>>,
    {
        match tokio::time::timeout(REPLY, work.into_future()).await {
            Ok(outcome) => {
                outcome.map_err(|error| failure(operation, &self.location, &self.secrets, error))
            }
            Err(_) => {
                Err(self.unavailable(operation, format!("no reply within {} s", REPLY.as_secs())))
            }
        }
    }

    /// All documents that a query finds.
    pub(super) async fn find(
        &self,
        operation: &'static str,
        find: Find<'_, RawDocumentBuf>,
    ) -> Result<Vec<RawDocumentBuf>> {
        self.run(operation, async { find.await?.try_collect().await }).await
    }

    /// Carries out guarded writes to tasks, each for itself and in this order, in one round trip;
    /// says how many found their document.
    pub(super) async fn update(
        &self,
        operation: &'static str,
        statements: Vec<RawDocumentBuf>,
    ) -> Result<u64> {
        self.update_in(operation, self.tasks.name(), statements).await
    }

    /// The same in one of the project's collections.
    pub(super) async fn update_in(
        &self,
        operation: &'static str,
        collection: &str,
        statements: Vec<RawDocumentBuf>,
    ) -> Result<u64> {
        let mut matched = 0;
        let mut statements = statements.into_iter().peekable();
        while statements.peek().is_some() {
            let mut updates = RawArrayBuf::new();
            let (mut count, mut bytes) = (0, 0);
            while let Some(statement) = statements.next_if(|next| {
                count == 0
                    || (count < STATEMENTS && bytes + next.as_bytes().len() < STATEMENT_BYTES)
            }) {
                count += 1;
                bytes += statement.as_bytes().len();
                updates.push(statement);
            }
            matched += self.update_group(operation, collection, updates).await?;
        }
        Ok(matched)
    }

    async fn update_group(
        &self,
        operation: &'static str,
        collection: &str,
        updates: RawArrayBuf,
    ) -> Result<u64> {
        let command = rawdoc! {
            "update": collection,
            "updates": updates,
            "ordered": false,
            // A command that is sent as it is does not inherit the client's.
            "writeConcern": { "w": "majority", "j": true, "wtimeout": 10_000 },
        };
        let reply = self.run(operation, self.database.run_raw_command(command)).await?;
        let errors = reply.get_array("writeErrors").map(Vec::as_slice).unwrap_or_default();
        let concern = reply.get("writeConcernError");
        let errors: Vec<&Document> =
            errors.iter().chain(concern).filter_map(Bson::as_document).collect();
        if let Some(first) = errors.first() {
            let what = first.get_str("errmsg").unwrap_or("a write failed").to_owned();
            let transient = errors.iter().all(|error| {
                number(error, "code").is_some_and(|code| {
                    TRANSIENT_ERROR_CODES.iter().chain(&[DUPLICATE]).any(|&c| i64::from(c) == code)
                })
            });
            return Err(if transient {
                self.unavailable(operation, what)
            } else {
                self.failed(operation, what)
            });
        }
        Ok(number(&reply, "n").and_then(|n| u64::try_from(n).ok()).unwrap_or(0))
    }

    /// The server's clock, in milliseconds.
    pub(super) async fn now(&self, operation: &'static str) -> Result<i64> {
        let reply = self.run(operation, self.database.run_command(doc! { "hello": 1 })).await?;
        reply
            .get_datetime("localTime")
            .map(|now| now.timestamp_millis())
            .map_err(|error| self.failed(operation, error.to_string()))
    }

    pub(super) fn unavailable(&self, operation: &'static str, why: String) -> StoreError {
        StoreError::Unavailable { operation, store: self.location.clone(), source: why.into() }
    }

    pub(super) fn failed(&self, operation: &'static str, why: String) -> StoreError {
        StoreError::Failed { operation, store: self.location.clone(), source: why.into() }
    }
}

/// A number of whatever width.
pub(super) fn number(document: &Document, key: &str) -> Option<i64> {
    match document.get(key)? {
        Bson::Int32(n) => Some(i64::from(*n)),
        Bson::Int64(n) => Some(*n),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the server counts in doubles at times"
        )]
        Bson::Double(n) => Some(*n as i64),
        _ => None,
    }
}

/// What the driver says, sorted into what may pass and what will not.
fn failure(
    operation: &'static str,
    location: &str,
    secrets: &[String],
    error: Error,
) -> StoreError {
    let unavailable = match error.kind.as_ref() {
        ErrorKind::Io(_)
        | ErrorKind::ServerSelection { .. }
        | ErrorKind::ConnectionPoolCleared { .. }
        | ErrorKind::DnsResolve { .. }
        | ErrorKind::Shutdown => true,
        ErrorKind::InsertMany(insert) => insert
            .write_errors
            .iter()
            .flatten()
            .map(|error| error.code)
            .chain(insert.write_concern_error.iter().map(|error| error.code))
            .all(|code| TRANSIENT_ERROR_CODES.contains(&code)),
        ErrorKind::Command(command) if TRANSIENT_ERROR_CODES.contains(&command.code) => true,
        ErrorKind::Write(WriteFailure::WriteError(write))
            if TRANSIENT_ERROR_CODES.contains(&write.code) =>
        {
            true
        }
        ErrorKind::Write(WriteFailure::WriteConcernError(concern))
            if TRANSIENT_ERROR_CODES.contains(&concern.code) =>
        {
            true
        }
        _ => error.contains_label(mongodb::error::RETRYABLE_WRITE_ERROR),
    };
    if let ErrorKind::ServerSelection { message, .. } = error.kind.as_ref() {
        // The driver describes all that it knows of each server; people need to know what to do.
        tracing::debug!(%error, "no server can be used");
        let source = if message.contains("RsGhost") {
            "the server belongs to no replica set yet; run rs.initiate() there once, in mongosh"
        } else if message.contains("replicaSet") || message.contains("ReplicaSetNoPrimary") {
            "no server there is a primary just now; see whether the servers run, and whether \
             store.url names the right replica set"
        } else {
            "nothing answers there; see whether the server runs, and whether store.url is right"
        };
        return StoreError::Unavailable {
            operation,
            store: location.to_owned(),
            source: source.into(),
        };
    }
    if let Some(why) = refusal(&error) {
        // Here, too, the driver says everything but what to do, half of it in bytes.
        tracing::debug!(%error, "the server refuses us");
        return StoreError::Failed { operation, store: location.to_owned(), source: why.into() };
    }
    let words = error.to_string();
    let source: Box<dyn std::error::Error + Send + Sync> =
        if secrets.iter().any(|secret| words.contains(secret.as_str())) {
            let words = secrets.iter().fold(words, |words, secret| words.replace(secret, "…"));
            words.into()
        } else {
            error.into()
        };
    let store = location.to_owned();
    if unavailable {
        StoreError::Unavailable { operation, store, source }
    } else {
        StoreError::Failed { operation, store, source }
    }
}

/// What to do where a server does not let us in, or not do what we want.
fn refusal(error: &Error) -> Option<&'static str> {
    /// The server's numbers for a wrong password, and for a command that this user may not give.
    const AUTHENTICATION_FAILED: i32 = 18;
    const UNAUTHORIZED: i32 = 13;
    let wrong = "it knows no such user, or the password is another; where the user is one of the \
                 whole server, the URL needs authSource=admin, and odd characters in a password are \
                 written as in %40";
    let not_allowed = "this user may not do it, or the URL names none; annotd needs the role \
                       readWrite on its database";
    match error.kind.as_ref() {
        ErrorKind::Authentication { .. } => Some(wrong),
        ErrorKind::Command(command) if command.code == AUTHENTICATION_FAILED => Some(wrong),
        ErrorKind::Command(command) if command.code == UNAUTHORIZED => Some(not_allowed),
        ErrorKind::Write(WriteFailure::WriteError(write)) if write.code == UNAUTHORIZED => {
            Some(not_allowed)
        }
        _ => None,
    }
}

/// The URL as it may be shown, and what may not be.
pub(super) fn without_credentials(url: &str) -> (String, Vec<String>) {
    let Some((scheme, rest)) = url.split_once("://") else { return (url.to_owned(), Vec::new()) };
    // A password with an unescaped slash or question mark is wrong, and secret all the same.
    let Some((user, hosts)) = rest.rsplit_once('@') else { return (url.to_owned(), Vec::new()) };
    let mut secrets = vec![user.to_owned()];
    if let Some((_, password)) = user.split_once(':')
        && !password.is_empty()
    {
        secrets.push(password.to_owned());
    }
    (format!("{scheme}://{hosts}"), secrets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_shows_no_credentials() {
        let (location, secrets) =
            without_credentials("mongodb://andy:pa/ss@one:27017,two/annotd?replicaSet=rs0");
        assert_eq!(location, "mongodb://one:27017,two/annotd?replicaSet=rs0");
        assert_eq!(secrets, ["andy:pa/ss", "pa/ss"]);
        let (location, secrets) = without_credentials("mongodb://one/annotd");
        assert_eq!((location.as_str(), secrets.len()), ("mongodb://one/annotd", 0));
    }

    #[tokio::test]
    async fn a_wrong_url_is_told_without_its_password() {
        let Err(error) = MongoConnection::new("mongodb://andy:pa/ss@one:x/annotd", "p").await
        else {
            panic!("the URL is wrong")
        };
        assert!(!error.to_string().contains("pa/ss"), "{error}");
    }
}
