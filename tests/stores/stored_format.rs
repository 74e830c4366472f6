//! `docs/stored-format.md` has a table of every SQLite table and MongoDB collection. They are
//! compared with what annotd has made and written: each column, and each key at every depth, with
//! its type.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};

use annotd::store::{self, AdminStore};
use mongodb::bson::{Bson, Document};
use rusqlite::Connection;

use crate::common::mongod::Database;
use crate::mongo_stored::world::{documents, open};
use crate::{mongo_stored, sqlite_stored};

const PAGE: &str = include_str!("../../docs/stored-format.md");

/// The rows of a table of the page: name and type.
fn documented(heading: &str) -> BTreeMap<String, String> {
    let at = PAGE.find(heading).unwrap_or_else(|| panic!("{heading} is missing"));
    let lines = PAGE[at..].lines().skip_while(|line| !line.starts_with('|'));
    let rows = lines.take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        (cells[1].trim_matches('`').to_owned(), cells[2].to_owned())
    })
    .collect()
}

/// Names that stand after this in the headings of the page.
fn headings(before: &str) -> BTreeSet<String> {
    let lines = PAGE.lines().filter_map(|line| line.strip_prefix(before));
    lines.map(|rest| rest.split('`').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn every_column_of_sqlite_is_documented_with_its_type() {
    let folder = tempfile::tempdir().unwrap();
    let opened = store::open("a.db", folder.path(), "p").await.unwrap();
    sqlite_stored::scenario::fill(&opened).await;
    opened.close().await;
    let file = Connection::open(folder.path().join("a.db")).unwrap();
    let names = |sql: &str| -> BTreeSet<String> {
        let mut statement = file.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let tables = names("SELECT name FROM sqlite_schema WHERE type = 'table'");
    assert_eq!(headings("**Table `"), tables);
    for table in tables {
        let mut columns = BTreeMap::new();
        let mut statement = file.prepare("SELECT name, type FROM pragma_table_info(?1)").unwrap();
        let mut rows = statement.query([&table]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let kind: String = row.get(1).unwrap();
            let kind = if kind.is_empty() { "any".to_owned() } else { kind };
            columns.insert(row.get::<_, String>(0).unwrap(), kind);
        }
        assert_eq!(documented(&format!("**Table `{table}`**")), columns, "{table}");
    }
    let meta = documented("The rows of `meta`");
    let mut statement = file.prepare("SELECT key, typeof(value) FROM meta").unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let (key, kind): (String, String) = (row.get(0).unwrap(), row.get(1).unwrap());
        assert_eq!(meta.get(&key).map(|kind| kind.to_lowercase()), Some(kind), "meta: {key}");
    }
}

fn kind(value: &Bson) -> &'static str {
    match value {
        Bson::String(_) => "string",
        Bson::Int32(_) => "int",
        Bson::Int64(_) => "long",
        Bson::Boolean(_) => "bool",
        Bson::DateTime(_) => "date",
        Bson::ObjectId(_) => "objectId",
        Bson::Document(_) => "object",
        Bson::Array(_) => "list",
        _ => "something else",
    }
}

/// Keys of an answer that the tests' interface adds.
const OF_THE_INTERFACE: [&str; 4] = ["spans", "w", "note", "user_input"];

/// Every key below a document, by its path.
fn keys(document: &Document, path: &str, found: &mut BTreeMap<String, BTreeSet<&'static str>>) {
    for (key, value) in document {
        let in_an_answer = path.ends_with("[].") || path == "version.";
        if in_an_answer && OF_THE_INTERFACE.contains(&key.as_str()) {
            found.entry(format!("{path}KEY")).or_default().insert("any");
            continue;
        }
        let path = format!("{path}{key}");
        match value {
            // A task's own keys are not annotd's.
            Bson::Document(inner) if path != "task" => keys(inner, &format!("{path}."), found),
            Bson::Array(items) => {
                for item in items {
                    match item {
                        Bson::Document(inner) => keys(inner, &format!("{path}[]."), found),
                        other => {
                            found.entry(format!("{path}[]")).or_default().insert(kind(other));
                        }
                    }
                }
            }
            other => {
                found.entry(path).or_default().insert(kind(other));
            }
        }
    }
}

/// The key of a version, wherever versions are: they have the same keys everywhere.
fn key_of_a_version(path: &str) -> Option<&str> {
    ["answers[].", "skipped[].", "late[].", "version."]
        .into_iter()
        .find_map(|prefix| path.strip_prefix(prefix))
}

/// Keys that the page has and this test's store does not: they are rare, and tests of their own
/// show them.
const NOT_SEEN: [&str; 4] =
    ["restoring.since", "deal.promised[].load", "deal.promised[].plans", "reopened"];

#[tokio::test]
async fn every_key_of_mongodb_is_documented_with_its_type() {
    let database = Database::fresh().await;
    let opened = open(&database).await;
    mongo_stored::shapes::lives(&opened).await;
    opened.close().await;
    let mut all = BTreeMap::new();
    for collection in ["p", "p.history", "p.large", "p.annotd"] {
        let mut found = BTreeMap::new();
        for mut document in documents(&database, collection).await {
            let mut path = String::new();
            if collection == "p.annotd" {
                let id = document.remove("_id").unwrap();
                let id = id.as_str().unwrap();
                path = match id.split_once(':') {
                    Some(("edition", _)) => "edition:N.".to_owned(),
                    Some((prefix, _)) => format!("{prefix}:NAME."),
                    None => format!("{id}."),
                };
            }
            keys(&document, &path, &mut found);
        }
        all.insert(collection.replacen('p', "newsroom", 1), found);
    }
    let is_there = |key: &str| {
        let mut paths = all.values().flat_map(BTreeMap::keys);
        match key_of_a_version(key) {
            Some(key) => paths.any(|path| key_of_a_version(path) == Some(key)),
            None => paths.any(|path| path == key),
        }
    };
    for (name, found) in &all {
        let page = documented(&format!("**Collection `{name}`**"));
        for (key, kinds) in found {
            let kinds: Vec<&str> = kinds.iter().copied().collect();
            assert_eq!(page.get(key), Some(&kinds.join(" or ")), "{name}: {key}");
        }
        for key in page.keys() {
            let says = "is documented and not there";
            assert!(is_there(key) || NOT_SEEN.contains(&key.as_str()), "{name}: {key} {says}");
        }
    }
    database.drop().await;
}
