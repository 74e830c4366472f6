//! Where a test's data lives: a store of its own, on either engine.

use mongodb::bson::{Document, doc};

use super::mongod;

/// A store of the test's own.
pub struct TestStore {
    pub url: String,
    _folder: Option<tempfile::TempDir>,
}

impl TestStore {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = folder.path().join("store.db").display().to_string();
        Self { url, _folder: Some(folder) }
    }

    pub fn mongo() -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let database = runtime.block_on(mongod::Database::fresh());
        Self { url: database.url, _folder: None }
    }

    /// Looks into the database itself, past annotd: `seen` and `coders` of every task.
    pub fn check_seen_and_coders(&self, project: &str, tasks: usize, wanted: usize) {
        if self.url.starts_with("mongodb://") {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            runtime.block_on(self.check_documents(project, tasks, wanted));
        } else {
            self.check_rows(tasks, wanted);
        }
    }

    async fn check_documents(&self, project: &str, tasks: usize, wanted: usize) {
        use futures_util::TryStreamExt;
        let client = mongodb::Client::with_uri_str(&self.url).await.expect("a client");
        let database = client.default_database().expect("the URL names a database");
        let found = database.collection::<Document>(project).find(doc! {}).await.expect("find");
        let documents: Vec<Document> = found.try_collect().await.expect("documents");
        assert_eq!(documents.len(), tasks);
        for document in documents {
            let coders = document.get_array("coders").expect("coders");
            let mut people: Vec<&str> = coders.iter().filter_map(|c| c.as_str()).collect();
            people.sort_unstable();
            people.dedup();
            assert_eq!(people.len(), wanted, "{document}");
            assert_eq!(coders.len(), wanted, "{document}");
            let seen = document.get("seen").and_then(|seen| match seen {
                mongodb::bson::Bson::Int32(n) => Some(i64::from(*n)),
                mongodb::bson::Bson::Int64(n) => Some(*n),
                _ => None,
            });
            assert_eq!(seen, i64::try_from(wanted).ok(), "{document}");
        }
        database.drop().await.expect("drop");
        client.shutdown().await;
    }

    fn check_rows(&self, tasks: usize, wanted: usize) {
        let store = rusqlite::Connection::open(&self.url).expect("the store");
        let rows: (i64, i64, i64, i64) = store
            .query_row(
                "SELECT count(*), min(n), max(n), sum(free) FROM (SELECT t.free, \
                 (SELECT count(DISTINCT annotator) FROM answer a WHERE a.seq = t.seq AND counts) n \
                 FROM task t)",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
            )
            .expect("counts");
        let (tasks, wanted) =
            (i64::try_from(tasks).expect("few"), i64::try_from(wanted).expect("few"));
        assert_eq!(rows, (tasks, wanted, wanted, 0));
    }
}
