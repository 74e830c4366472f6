//! From a URL to a store.

use std::path::Path;
use std::sync::Arc;

use super::mongo::MongoStore;
use super::sqlite::SqliteStore;
use super::{Result, Store};

/// Opens the store of a project: MongoDB for a `mongodb://` or `mongodb+srv://` URL, and the
/// embedded one for a file. A relative path is relative to `beside`, the roster's folder.
///
/// # Errors
/// If it cannot be reached or opened, or holds something else.
pub async fn open(url: &str, beside: &Path, project: &str) -> Result<Arc<dyn Store>> {
    if url.starts_with("mongodb://") || url.starts_with("mongodb+srv://") {
        return Ok(Arc::new(MongoStore::open(url, project).await?));
    }
    let path = beside.join(url.strip_prefix("sqlite://").unwrap_or(url));
    let project = project.to_owned();
    let opened = tokio::task::spawn_blocking(move || SqliteStore::open(&path, &project)).await;
    Ok(Arc::new(opened.expect("opening a file does not panic")?))
}
