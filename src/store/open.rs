//! From a URL to a store.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::mongo::{self, MongoStore};
use super::sqlite::SqliteStore;
use super::{Result, Store};

/// Whether a store may be opened that is being restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// Not: half a project is none.
    ToWork,
    /// It may.
    ToRestore,
}

/// Opens the store of a project: MongoDB for a `mongodb://` or `mongodb+srv://` URL, and the
/// embedded one for a file. A relative path is relative to `beside`, the roster's folder.
///
/// # Errors
/// If it cannot be reached or opened, holds something else, or is being restored.
pub async fn open(url: &str, beside: &Path, project: &str) -> Result<Arc<dyn Store>> {
    open_as(url, beside, project, Opening::ToWork).await
}

/// Opens the store as [`open`] does, to restore a backup into it.
///
/// # Errors
/// If it cannot be reached or opened, or holds something else.
pub async fn open_for_restore(url: &str, beside: &Path, project: &str) -> Result<Arc<dyn Store>> {
    open_as(url, beside, project, Opening::ToRestore).await
}

async fn open_as(
    url: &str,
    beside: &Path,
    project: &str,
    opening: Opening,
) -> Result<Arc<dyn Store>> {
    if is_mongo(url) {
        return Ok(Arc::new(MongoStore::open_as(url, project, opening).await?));
    }
    let path = path_of(url, beside);
    let project = project.to_owned();
    let opened =
        tokio::task::spawn_blocking(move || SqliteStore::open_as(&path, &project, opening)).await;
    Ok(Arc::new(opened.expect("opening a file does not panic")?))
}

/// Where the store of this URL is, without credentials and the same whoever asks: a file's path is its
/// whole one, links followed, and a MongoDB's URL is without its options. Looks at the disk.
pub fn place_of(url: &str, beside: &Path) -> String {
    if is_mongo(url) {
        let place = mongo::without_credentials(url);
        return place.split('?').next().unwrap_or(&place).to_owned();
    }
    let path = path_of(url, beside);
    let whole = std::fs::canonicalize(&path).or_else(|_| std::path::absolute(&path));
    whole.unwrap_or(path).display().to_string()
}

fn is_mongo(url: &str) -> bool {
    url.starts_with("mongodb://") || url.starts_with("mongodb+srv://")
}

fn path_of(url: &str, beside: &Path) -> PathBuf {
    beside.join(url.strip_prefix("sqlite://").unwrap_or(url))
}
