//! Loads the task files that the roster names, beside everything else.
//!
//! A reload may name a file of a million tasks; nobody's port waits for that. Loads come one after the
//! other, and what is wished while one runs comes once right after, with the roster of that moment.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::house::TheHouse;
use super::interface;
use crate::allocator::Allocator;
use crate::config::policies;
use crate::loading::{self, Loaded, TaskFile, load_file};
use crate::roster_file::RosterFile;
use crate::store::Store;

/// Loads whenever it is told to.
pub(super) struct Loader {
    wish: watch::Sender<Arc<RosterFile>>,
    task: JoinHandle<()>,
}

impl Loader {
    /// Starts it; it does nothing before the first wish.
    pub(super) fn start(file: Arc<RosterFile>, allocator: Allocator, house: Arc<TheHouse>) -> Self {
        let (wish, mut wishes) = watch::channel(file);
        let task = tokio::spawn(async move {
            while wishes.changed().await.is_ok() {
                let file = Arc::clone(&wishes.borrow_and_update());
                load_task_files(&file, &**allocator.store(), &house).await;
                allocator.notify_tasks_changed().await;
            }
        });
        Self { wish, task }
    }

    /// Loads what this roster names and has changed.
    pub(super) fn load(&self, file: Arc<RosterFile>) {
        self.wish.send_replace(file);
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
pub(super) async fn load_task_files(file: &RosterFile, store: &dyn Store, house: &TheHouse) {
    let roster = &file.roster;
    let (planning, interface) = (policies::plan_policy(roster), interface(roster));
    let identity = policies::identity(roster);
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
            let load = load_file(&file, &planning, &interface, identity.as_ref(), store);
            match load.await {
                Ok(None) => {}
                Ok(Some(loaded)) => tell(&file, &loaded),
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
    house.set_loading_problems(problems);
}

/// The figures that `load` prints.
fn tell(file: &TaskFile, loaded: &Loaded) {
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
