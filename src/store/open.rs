//! From a URL to a store.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::mongo::{self, MongoStore};
use super::sqlite::SqliteStore;
use super::{Result, Store};

/// Opens the store of a project: MongoDB for a `mongodb://` or `mongodb+srv://` URL, and the
/// embedded one for a file. A relative path is relative to `beside`, the roster's folder.
///
/// # Errors
/// If it cannot be reached or opened, or holds something else.
pub async fn open(url: &str, beside: &Path, project: &str) -> Result<Arc<dyn Store>> {
    if is_mongo(url) {
        return Ok(Arc::new(MongoStore::open(url, project).await?));
    }
    let path = path_of(url, beside);
    let project = project.to_owned();
    let opened = tokio::task::spawn_blocking(move || SqliteStore::open(&path, &project)).await;
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
