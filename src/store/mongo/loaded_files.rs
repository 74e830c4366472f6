//! The task files that were loaded whole: documents `file:NAME` of `<project>.annotd`.

use mongodb::bson::{RawBsonRef, RawDocumentBuf, doc};

use super::connection::MongoConnection;
use crate::store::Result;

/// Under which the names of loaded files are kept.
const FILE: &str = "file:";

/// The fingerprint under which a file was last loaded whole.
pub(super) async fn fingerprint(
    connection: &MongoConnection,
    name: &str,
) -> Result<Option<String>> {
    let find = connection.meta.find_one(doc! { "_id": format!("{FILE}{name}") });
    let found = connection.run("see which files were loaded", find).await?;
    Ok(found.and_then(|file| file.get_str("fingerprint").ok().map(str::to_owned)))
}

/// Notes that a file was loaded whole.
pub(super) async fn note(
    connection: &MongoConnection,
    name: &str,
    fingerprint: &str,
) -> Result<()> {
    let file = doc! { "_id": format!("{FILE}{name}") };
    let set = doc! { "$set": { "fingerprint": fingerprint } };
    let note = connection.meta.update_one(file, set).upsert(true);
    connection.run("note that a file was loaded", note).await.map(drop)
}

pub(super) async fn all(connection: &MongoConnection) -> Result<Vec<(String, String)>> {
    // What begins with the prefix: `;` is the character behind the colon.
    let query = doc! { "_id": { "$gte": FILE, "$lt": "file;" } };
    let find = connection.meta.clone_with_type::<RawDocumentBuf>();
    let find = find.find(query).sort(doc! { "_id": 1 });
    let found = connection.find("see which files were loaded", find).await?;
    let text = |file: &RawDocumentBuf, key: &str| {
        file.get(key).ok().flatten().and_then(RawBsonRef::as_str).map(str::to_owned)
    };
    let file = |file: &RawDocumentBuf| {
        let name = text(file, "_id")?.strip_prefix(FILE)?.to_owned();
        Some((name, text(file, "fingerprint")?))
    };
    Ok(found.iter().filter_map(file).collect())
}
