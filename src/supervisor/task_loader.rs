//! Loads the roster's task files while the daemon serves.
//!
//! A reload may name a file of a million tasks; no port waits for that. Loads run one after the
//! other. Requests that arrive during a load become one load right after it, with the latest
//! roster.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::status::DaemonStatus;
use crate::allocator::Allocator;
use crate::config::file::RosterFile;
use crate::config::policies;
use crate::ingest::load::missing_media::MissingMedia;
use crate::ingest::load::{self, Loaded, TaskFile, load_file};
use crate::store::Store;

/// Loads task files on request.
pub(super) struct TaskLoader {
    requests: watch::Sender<Arc<RosterFile>>,
    task: JoinHandle<()>,
}

impl TaskLoader {
    /// Starts it; it waits for the first request.
    pub(super) fn start(
        file: Arc<RosterFile>,
        allocator: Allocator,
        status: Arc<DaemonStatus>,
    ) -> Self {
        let (requests, mut receiver) = watch::channel(file);
        let task = tokio::spawn(async move {
            while receiver.changed().await.is_ok() {
                let file = Arc::clone(&receiver.borrow_and_update());
                load_task_files(&file, &**allocator.store(), &status).await;
                allocator.notify_tasks_changed().await;
            }
        });
        Self { requests, task }
    }

    /// Requests a load of the files that this roster names and that have changed.
    pub(super) fn load(&self, file: Arc<RosterFile>) {
        self.requests.send_replace(file);
    }

    /// Stops. Loaded tasks stay; the next start loads the rest.
    pub(super) async fn stop(self) {
        self.task.abort();
        // The result only says that it was aborted.
        let _ = self.task.await;
    }
}

/// Loads the files that the roster names and that have changed. A file that cannot be loaded is a
/// problem in the log and on the dashboard; the others are loaded.
pub(super) async fn load_task_files(file: &RosterFile, store: &dyn Store, status: &DaemonStatus) {
    let roster = &file.roster;
    let (policy, interface) = (policies::plan_policy(roster), policies::interface(roster));
    let renamed = policies::renamed(roster);
    let identity = policies::identity(roster);
    let folder = roster.project.media.as_ref().map(|named| file.base_dir().join(&named.value));
    let mut problems = Vec::new();
    for pattern in &roster.project.tasks {
        let files = match load::find_files(&pattern.value, file.base_dir()) {
            Ok(files) => files,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        for file in files {
            let missing = MissingMedia::default();
            let check = |tasks| match &folder {
                Some(folder) => missing.watch(tasks, folder, &interface),
                None => tasks,
            };
            let load =
                load_file(&file, &policy, &interface, &renamed, identity.as_ref(), store, check);
            match load.await {
                Ok(None) => {}
                Ok(Some(loaded)) => log_loaded(&file, &loaded, &missing),
                Err(error) => problems.push(format!(
                    "{error}\n{}\n{}, and reload (systemctl reload annotd, or kill -HUP {}).",
                    error.admitted(),
                    error.what_to_do(),
                    std::process::id()
                )),
            }
        }
    }
    for problem in &problems {
        tracing::error!(error = problem, "tasks could not be loaded");
    }
    status.set_loading_problems(problems);
}

/// Logs the numbers that `annotd load` prints.
fn log_loaded(file: &TaskFile, loaded: &Loaded, missing: &MissingMedia) {
    if let Some((missing, first)) = missing.count_and_first() {
        tracing::warn!(
            file = %file.path.display(),
            missing,
            first,
            "tasks name files that are not in the media folder"
        );
    }
    tracing::info!(
        file = %file.path.display(),
        new = loaded.new,
        duplicates = loaded.same(),
        within_file = loaded.repeated,
        loaded_before = loaded.known,
        differing = loaded.differing,
        gold = loaded.gold,
        "tasks loaded"
    );
}
