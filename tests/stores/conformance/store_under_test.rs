//! Where a case runs, and what the cases share.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use annotd::allocation::{AnswerOutcome, Lane, Plan, SequenceNumber};
use annotd::store::mongo::MongoStore;
use annotd::store::sqlite::SqliteStore;
use annotd::store::{
    AnnotatorStats, Claim, NewTask, ProjectStats, Record, RecordFilter, Store, StoreError,
    Submission,
};
use annotd::task::{Basis, Millis, Task, TaskId, TaskJson, Verdict, Version};

use crate::common::faulty::{Faulty, Retrying};
use crate::common::mongod::Database;

/// Which store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The embedded one.
    Sqlite,
    /// The shared one.
    Mongo,
}

/// Whether the store is behind one that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Faults {
    /// It is not.
    None,
    /// It is, with a caller that sends again.
    Some,
}

/// A place for a project, which can be opened any number of times.
pub struct StoreUnderTest {
    kept: Kept,
    faults: Faults,
    opened: AtomicU64,
}

enum Kept {
    File(tempfile::TempDir),
    Database(Database),
}

impl StoreUnderTest {
    /// A place where nothing is.
    pub async fn fresh(engine: Engine, faults: Faults) -> Self {
        let kept = match engine {
            Engine::Sqlite => Kept::File(tempfile::tempdir().expect("a directory")),
            Engine::Mongo => Kept::Database(Database::fresh().await),
        };
        Self { kept, faults, opened: AtomicU64::new(0) }
    }

    /// The project's store, opened again.
    pub async fn open(&self) -> Arc<dyn Store> {
        let store: Arc<dyn Store> = match &self.kept {
            Kept::File(directory) => Arc::new(
                SqliteStore::open(&directory.path().join("annotd.db"), "p").expect("it opens"),
            ),
            Kept::Database(database) => {
                Arc::new(MongoStore::open(&database.url, "p").await.expect("it opens"))
            }
        };
        self.behind_faults(store)
    }

    /// The project's store, opened as a restore or as any other command does.
    pub async fn try_open(&self, to_restore: bool) -> Result<Arc<dyn Store>, StoreError> {
        let url = match &self.kept {
            Kept::File(directory) => directory.path().join("annotd.db").display().to_string(),
            Kept::Database(database) => database.url.clone(),
        };
        let store = if to_restore {
            annotd::store::open_for_restore(&url, Path::new(""), "p").await?
        } else {
            annotd::store::open(&url, Path::new(""), "p").await?
        };
        Ok(self.behind_faults(store))
    }

    fn behind_faults(&self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        let seed = self.opened.fetch_add(1, Ordering::Relaxed);
        match self.faults {
            Faults::None => store,
            Faults::Some => Arc::new(Retrying::new(Faulty::new(store, seed))),
        }
    }

    /// The database, if it is one.
    pub fn database(&self) -> Option<&Database> {
        match &self.kept {
            Kept::Database(database) => Some(database),
            Kept::File(_) => None,
        }
    }

    /// The file, if it is one.
    pub fn file(&self) -> Option<std::path::PathBuf> {
        match &self.kept {
            Kept::Database(_) => None,
            Kept::File(directory) => Some(directory.path().join("annotd.db")),
        }
    }

    /// Removes everything.
    pub async fn remove(self) {
        if let Kept::Database(database) = self.kept {
            database.drop().await;
        }
    }
}

/// A task of this JSON text.
pub fn task(text: &str) -> Task {
    Task::new(TaskJson::parse(text).expect("a task"))
}

/// The `nth` task of a row.
pub fn nth(nth: usize) -> Task {
    task(&format!(r#"{{"text":"task {nth}"}}"#))
}

/// A task for anyone.
pub fn for_anyone(task: Task, wanted: u32) -> NewTask {
    NewTask { task, plan: Plan::new(wanted, vec![Lane::Anyone]) }
}

/// A task that names people.
pub fn named(task: Task, wanted: u32, names: &[&str]) -> NewTask {
    let lanes = names.iter().map(|name| Lane::Of((*name).to_owned())).collect();
    NewTask { task, plan: Plan::new(wanted, lanes) }
}

/// Admits a row of tasks for anyone, and says their identities.
pub async fn insert_tasks(store: &dyn Store, tasks: usize, wanted: u32) -> Vec<TaskId> {
    let row: Vec<NewTask> = (0..tasks).map(|n| for_anyone(nth(n), wanted)).collect();
    let ids = row.iter().map(|admission| admission.task.id.clone()).collect();
    store.insert_tasks(row).await.expect("they are admitted");
    ids
}

/// A claim whose lease ends at 1,000.
pub fn wish(task: &TaskId, annotator: &str) -> Claim {
    Claim {
        task: task.clone(),
        annotator: annotator.to_owned(),
        since: Millis(10),
        until: Millis(1000),
        basis: Basis::default(),
    }
}

/// Claims one task.
pub async fn claim(store: &dyn Store, task: &TaskId, annotator: &str) -> bool {
    store.claim(vec![wish(task, annotator)]).await.expect("an answer")[0]
}

/// An opinion at a time.
pub fn says(verdict: Verdict, at: i64) -> Version {
    Version {
        verdict,
        data: serde_json::Map::new(),
        time_loaded: Millis(at - 7),
        time_returned: Millis(at),
        basis: Basis::default(),
    }
}

/// An answer on its way.
pub fn answer(task: &TaskId, annotator: &str, version: Version) -> Submission {
    Submission { task: task.clone(), annotator: annotator.to_owned(), version }
}

/// Records one answer.
pub async fn record(
    store: &dyn Store,
    task: &TaskId,
    annotator: &str,
    version: Version,
) -> AnswerOutcome {
    store.record(vec![answer(task, annotator, version)]).await.expect("an answer")[0]
}

/// Everything about one task.
pub async fn look_up(store: &dyn Store, task: &TaskId) -> Record {
    let found = store.look_up(std::slice::from_ref(task)).await.expect("an answer");
    found.into_iter().next().flatten().expect("the task is there")
}

/// All records, in pages of a size that does not come out even.
pub async fn all(store: &dyn Store) -> Vec<Record> {
    let mut all: Vec<Record> = Vec::new();
    loop {
        let after = all.last().map_or(SequenceNumber::START, |last| last.number);
        let page = store.records(RecordFilter::All, after, 7).await.expect("an answer");
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// The figures as a count over all records gives them.
pub fn recount(records: &[Record]) -> ProjectStats {
    let mut stats = ProjectStats::default();
    for record in records {
        stats.apply(&annotd::store::stats::stats_delta(None, Some(&record.state)));
    }
    stats
}

/// Asserts that the store's figures are those of a count over all its records.
pub async fn assert_stats_are_true(store: &dyn Store) {
    let told = store.stats().await.expect("figures");
    let counted = recount(&all(store).await);
    assert_eq!(with_work(told), with_work(counted));
}

/// Without those who have nothing to show for.
pub fn with_work(mut stats: ProjectStats) -> ProjectStats {
    let people: BTreeMap<String, AnnotatorStats> = stats
        .annotators
        .into_iter()
        .filter(|(_, share)| *share != AnnotatorStats::default())
        .collect();
    stats.annotators = people;
    stats
}
