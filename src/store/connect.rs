//! From a URL to a store.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::mongo::{self, MongoStore};
use super::open_mode::OpenMode;
use super::sqlite::{self, SqliteStore};
use super::{Result, Store};

/// Opens the store of a project to change what is in it: MongoDB for a `mongodb://` or
/// `mongodb+srv://` URL, and the embedded one for a file. A relative path is relative to
/// `base_dir`, the roster's folder.
///
/// # Errors
/// If it cannot be reached or opened, holds something else, is of another format, or is being
/// restored.
pub async fn open(url: &str, base_dir: &Path, project: &str) -> Result<Arc<dyn Store>> {
    open_as(url, base_dir, project, OpenMode::Write).await
}

/// Opens the store as [`open`] does, for the daemon: an embedded store of an older format is
/// brought to the present one, after a copy of it was laid beside it.
///
/// # Errors
/// If it cannot be reached or opened, holds something else, is of a newer format or of one that the
/// daemon does not change, or is being restored; or if there is no room for the copy.
pub async fn open_to_run(url: &str, base_dir: &Path, project: &str) -> Result<Arc<dyn Store>> {
    open_as(url, base_dir, project, OpenMode::Run).await
}

/// Opens the store as [`open`] does, to look at it: one of an older format is read, and stays as it
/// is. What is written to such a store is lost.
///
/// # Errors
/// If it cannot be reached or opened, holds something else, is of a newer format, or is being
/// restored.
pub async fn open_to_read(url: &str, base_dir: &Path, project: &str) -> Result<Arc<dyn Store>> {
    open_as(url, base_dir, project, OpenMode::Read).await
}

/// Whether the store of this project is there. Nothing is made by asking; a file is one if it is
/// there.
///
/// # Errors
/// If it cannot be reached.
pub async fn exists(url: &str, base_dir: &Path, project: &str) -> Result<bool> {
    if is_mongo(url) {
        mongo::exists(url, project).await
    } else {
        Ok(path_of(url, base_dir).exists())
    }
}

/// Whether the store is a file of an older format, which [`open_to_run`] would change.
pub async fn has_older_format(url: &str, base_dir: &Path) -> bool {
    if is_mongo(url) {
        return false;
    }
    let path = path_of(url, base_dir);
    let look = tokio::task::spawn_blocking(move || sqlite::has_older_format(&path)).await;
    look.expect("looking at a file does not panic")
}

/// Opens the store as [`open`] does, to restore a backup into it.
///
/// # Errors
/// If it cannot be reached or opened, or holds something else.
pub async fn open_for_restore(url: &str, base_dir: &Path, project: &str) -> Result<Arc<dyn Store>> {
    open_as(url, base_dir, project, OpenMode::Restore).await
}

async fn open_as(
    url: &str,
    base_dir: &Path,
    project: &str,
    mode: OpenMode,
) -> Result<Arc<dyn Store>> {
    if is_mongo(url) {
        return Ok(Arc::new(MongoStore::open_as(url, project, mode).await?));
    }
    let path = path_of(url, base_dir);
    let project = project.to_owned();
    let opened =
        tokio::task::spawn_blocking(move || SqliteStore::open_as(&path, &project, mode)).await;
    Ok(Arc::new(opened.expect("opening a file does not panic")?))
}

/// Another process that has the embedded store open, as far as the system tells: its number.
pub fn other_process(url: &str, base_dir: &Path) -> Option<i32> {
    file_of(url, base_dir).and_then(|file| sqlite::other_process(&file))
}

/// The file of an embedded store; nothing for a store on a server.
pub fn file_of(url: &str, base_dir: &Path) -> Option<PathBuf> {
    (!is_mongo(url)).then(|| path_of(url, base_dir))
}

/// Where the store of this URL is, without credentials and the same for all callers: a file's path
/// is its whole one, links followed, and a MongoDB's URL is without its options. Looks at the disk.
pub fn location_of(url: &str, base_dir: &Path) -> String {
    if is_mongo(url) {
        let place = mongo::without_credentials(url);
        return place.split('?').next().unwrap_or(&place).to_owned();
    }
    let path = path_of(url, base_dir);
    let whole = std::fs::canonicalize(&path).or_else(|_| std::path::absolute(&path));
    whole.unwrap_or(path).display().to_string()
}

fn is_mongo(url: &str) -> bool {
    url.starts_with("mongodb://") || url.starts_with("mongodb+srv://")
}

fn path_of(url: &str, base_dir: &Path) -> PathBuf {
    base_dir.join(url.strip_prefix("sqlite://").unwrap_or(url))
}
