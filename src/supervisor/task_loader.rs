//! Loads the task files that the roster names, beside everything else.
//!
//! A reload may name a file of a million tasks; nobody's port waits for that. Loads come one after the
//! other, and what is wished while one runs comes once right after, with the roster of that moment.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::status::DaemonStatus;
use crate::allocator::Allocator;
use crate::config::missing_media::Missing;
use crate::config::policies;
use crate::loading::{self, Loaded, TaskFile, load_file};
use crate::roster_file::RosterFile;
use crate::store::Store;

/// Loads whenever it is told to.
pub(super) struct TaskLoader {
    request: watch::Sender<Arc<RosterFile>>,
    task: JoinHandle<()>,
}

impl TaskLoader {
    /// Starts it; it does nothing before the first wish.
    pub(super) fn start(
        file: Arc<RosterFile>,
        allocator: Allocator,
        daemon_status: Arc<DaemonStatus>,
    ) -> Self {
        let (request, mut requests) = watch::channel(file);
        let task = tokio::spawn(async move {
            while requests.changed().await.is_ok() {
                let file = Arc::clone(&requests.borrow_and_update());
                load_task_files(&file, &**allocator.store(), &daemon_status).await;
                allocator.notify_tasks_changed().await;
            }
        });
        Self { request, task }
    }

    /// Loads what this roster names and has changed.
    pub(super) fn load(&self, file: Arc<RosterFile>) {
        self.request.send_replace(file);
    }

    /// Stops. What was admitted stays; the rest is loaded at the next start.
    pub(super) async fn stop(self) {
        self.task.abort();
        // It was told to end, and what it says is that it was.
        let _ = self.task.await;
    }
}

/// Loads what the roster names and has changed. A file that cannot be loaded keeps nobody from
/// working on the others: it is a problem that the log and the dashboard show.
pub(super) async fn load_task_files(
    file: &RosterFile,
    store: &dyn Store,
    daemon_status: &DaemonStatus,
) {
    let roster = &file.roster;
    let (planning, interface) = (policies::plan_policy(roster), policies::interface(roster));
    let identity = policies::identity(roster);
    let folder = roster.project.media.as_ref().map(|named| file.beside().join(&named.value));
    let mut problems = Vec::new();
    for pattern in &roster.project.tasks {
        let files = match loading::find_files(&pattern.value, file.beside()) {
            Ok(files) => files,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        for file in files {
            let missing = Missing::default();
            let look = |tasks| match &folder {
                Some(folder) => missing.watch(tasks, folder, &interface),
                None => tasks,
            };
            let load = load_file(&file, &planning, &interface, identity.as_ref(), store, look);
            match load.await {
                Ok(None) => {}
                Ok(Some(loaded)) => log_loaded(&file, &loaded, &missing),
                Err(error) => problems.push(format!(
                    "{error}\n{}\nMend it, and reload (systemctl reload annotd, or kill -HUP {}).",
                    error.admitted(),
                    std::process::id()
                )),
            }
        }
    }
    for problem in &problems {
        tracing::error!(error = problem, "tasks could not be loaded");
    }
    daemon_status.set_loading_problems(problems);
}

/// The figures that `load` prints.
fn log_loaded(file: &TaskFile, loaded: &Loaded, missing: &Missing) {
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
