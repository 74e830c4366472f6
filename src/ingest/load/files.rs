//! The files that a roster names: which they are, and which of them have to be loaded.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::counts::Loaded;
use super::validate::LoadPolicy;
use super::{Aside, LoadError, Target, load, rule};
use crate::allocation::{self, Overrides};
use crate::identity::Rule;
use crate::ingest::read::{self, Tasks};
use crate::interface::Interface;
use crate::store::Store;
use crate::task::Renamed;

/// A file of tasks that the roster names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it looked like: if it looks the same at the next start, it is not read again.
    pub fingerprint: String,
}

/// Finds the files that a pattern such as `tasks/*.jsonl` names, relative to `page_extras`, in
/// order. A name that begins with a point is found only by a pattern that has the point: systems
/// and editors put files of their own beside others (`._tasks.jsonl`, `.#tasks.jsonl`).
///
/// # Errors
/// If the pattern makes no sense, or names nothing that can be read: in words.
pub fn find_files(pattern: &str, base_dir: &Path) -> Result<Vec<TaskFile>, String> {
    let whole = base_dir.join(pattern);
    let visible =
        glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
    let paths = glob::glob_with(&whole.to_string_lossy(), visible)
        .map_err(|error| format!("{pattern:?} is not a pattern of files: {}", error.msg))?;
    let mut files = Vec::new();
    for path in paths {
        let path = path.map_err(|error| format!("cannot look for {pattern:?}: {error}"))?;
        if path.is_dir() {
            continue;
        }
        let metadata = std::fs::metadata(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        if !metadata.is_file() {
            return Err(format!("{} is no ordinary file", path.display()));
        }
        let modified = metadata
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .map_or(0, |since| since.as_nanos());
        let path = path.canonicalize().unwrap_or(path);
        files.push(TaskFile { path, fingerprint: format!("{}:{modified}", metadata.len()) });
    }
    if files.is_empty() {
        return Err(format!("there is no file {}", whole.display()));
    }
    Ok(files)
}

/// Loads a file that the roster names, unless it looks as it did when it was last loaded whole.
/// Gives nothing if so. `named` is the rule of identity that the roster names, and `look` has each
/// task looked at while it is read.
///
/// # Errors
/// As [`load`] does.
pub async fn load_file(
    file: &TaskFile,
    planning: &allocation::PlanPolicy,
    interface: &Interface,
    renamed: &Renamed,
    named: Option<&Rule>,
    store: &dyn Store,
    look: impl FnOnce(Tasks) -> Tasks,
) -> Result<Option<Loaded>, LoadError> {
    let of_store = |source| LoadError::Store { source, loaded: Loaded::default() };
    let name = file.path.to_string_lossy();
    if store.loaded_file(&name).await.map_err(of_store)?.as_ref() == Some(&file.fingerprint) {
        return Ok(None);
    }
    let tasks = look(read::open(&file.path)?);
    let notes = tasks.notes();
    let rule = rule::settle(store, named).await?;
    let policy = LoadPolicy {
        renamed: renamed.clone(),
        ..LoadPolicy::new(rule, interface, planning, Overrides::default())
    };
    let loaded = load(tasks, policy, Target::Store(store), Aside::default()).await?;
    for note in notes.all() {
        tracing::info!(file = %file.path.display(), note, "a file was read otherwise than it is written");
    }
    store.note_loaded_file(&name, &file.fingerprint).await.map_err(of_store)?;
    Ok(Some(loaded))
}
