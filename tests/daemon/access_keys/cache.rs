//! The cache of access keys, with a store that can be away.

use std::collections::BTreeMap;
use std::sync::Arc;

use annotd::http::Authenticator;
use annotd::http::auth::access_keys::load_or_create_access_keys;
use annotd::http::auth::{AccessKeyCache, new_access_key};
use annotd::roster;
use annotd::store::KeyStore;
use annotd::store::sqlite::SqliteStore;

use crate::common::faulty::Faulty;
use crate::common::wait_for;

/// A store whose keys can be made unreachable, and a cache of them.
async fn watched(folder: &std::path::Path) -> (Arc<Faulty>, AccessKeyCache, roster::Roster) {
    let store = SqliteStore::open(&folder.join("demo.db"), "demo").expect("a store");
    let store = Arc::new(Faulty::calm(Arc::new(store)));
    let text = "[project]\nname = \"demo\"\ninterface = \"text\"\n[server]\naccess = \"key\"\n\
                [[annotator]]\nname = \"andy\"\nport = 9010\n";
    let roster = roster::read(text, &["text"]).expect("a roster");
    let access = AccessKeyCache::new(Arc::<Faulty>::clone(&store));
    access.apply(access.prepare(roster.names()).await.expect("the store answers"));
    (store, access, roster)
}

#[tokio::test]
async fn while_the_store_is_away_known_keys_stay_valid() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, access, roster) = watched(folder.path()).await;
    let key =
        load_or_create_access_keys(&*store, roster.names()).await.expect("keys")["andy"].clone();
    let fresh = new_access_key();
    store.set_keys(BTreeMap::from([("andy".to_owned(), fresh.clone())]), false).await.expect("set");
    store.set_keys_away(true);
    // Longer than keys are taken for granted.
    assert!(!access.verify("andy", &fresh).await, "the cache does not have it yet");
    assert!(!access.verify("andy", &fresh).await);
    assert!(access.verify("andy", &key).await, "what is known holds");
    assert!(!access.verify("zach", &key).await && !access.verify("andy", "").await);
    store.set_keys_away(false);
    assert!(access.verify("andy", &fresh).await);
    assert!(!access.verify("andy", &key).await);
}

#[tokio::test]
async fn an_added_annotator_gets_a_key_and_the_others_keep_theirs() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, access, mut roster) = watched(folder.path()).await;
    let before = load_or_create_access_keys(&*store, roster.names()).await.expect("keys");
    let newcomer =
        roster::Annotator { name: "zach".into(), port: 9011, ..roster.annotators[0].clone() };
    roster.annotators.push(newcomer);
    access.apply(access.prepare(roster.names()).await.expect("keys"));
    let after = load_or_create_access_keys(&*store, roster.names()).await.expect("keys");
    assert_eq!(after["andy"], before["andy"]);
    assert!(
        access.verify("zach", &after["zach"]).await && access.verify("andy", &after["andy"]).await
    );

    // While the store is away no key can be created, and the cache keeps what it has.
    store.set_keys_away(true);
    assert!(access.prepare(roster.names()).await.is_err());
    assert!(access.verify("zach", &after["zach"]).await);
}

#[test]
fn keys_are_unlike_each_other() {
    let keys: Vec<String> = (0..100).map(|_| new_access_key()).collect();
    let distinct: std::collections::HashSet<&String> = keys.iter().collect();
    assert_eq!(distinct.len(), keys.len());
    wait_for("a key with every letter", || {
        let all: String = (0..100).map(|_| new_access_key()).collect();
        "0123456789abcdef".chars().all(|c| all.contains(c)).then_some(())
    });
}
