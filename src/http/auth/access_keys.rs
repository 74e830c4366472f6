//! The keys to the ports.
//!
//! Each annotator has a key, and the lead. Keys are created when they are first needed, and
//! replaced by hand. They are in the project's store, so that several daemons and the commands
//! share them. [`AccessKeyCache`] is the daemon's copy, at most two seconds old (`CACHE_TTL`): a
//! new key takes effect without a restart.
//!
//! A known key in a fresh cache needs no read of the store. An unknown key waits for a read that
//! began after the request: a new link works at once, and each guess takes up to two seconds. While
//! the store is away, the known keys stay valid.
//!
//! Keys are stored in plain text: `annotd link` prints them again, and a reader of the store can
//! read everything that the keys protect anyway.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use subtle::ConstantTimeEq;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until, timeout};

use super::{Authenticator, PortAuth};
use crate::store::{KeyStore, Result};

/// The name of the lead's key in the store; no annotator can have it.
pub const LEAD_KEY_OWNER: &str = "(lead)";

/// Random bytes of a key: 128 bits.
const ACCESS_KEY_BYTES: usize = 16;
/// How long the cache is fresh.
const CACHE_TTL: Duration = Duration::from_secs(2);
/// How long a request with a known key waits for a stale cache to be refreshed.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a request with an unknown key waits for the next read of the store.
const UNKNOWN_KEY_TIMEOUT: Duration = Duration::from_secs(4);

/// A new key: 32 hexadecimal digits. No URL encodes them, no chat reads them as punctuation, and a
/// double click selects all of them.
pub fn new_access_key() -> String {
    let mut bytes = [0_u8; ACCESS_KEY_BYTES];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    hex::encode(bytes)
}

/// Whether this has the form of a key. Other text is rejected without reading the store.
fn is_well_formed_access_key(text: &str) -> bool {
    text.len() == 2 * ACCESS_KEY_BYTES && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// All keys in the store. Creates those that these annotators and the lead do not have yet.
///
/// # Errors
/// If the store does not answer.
pub async fn load_or_create_access_keys<'a>(
    store: &dyn KeyStore,
    annotators: impl Iterator<Item = &'a str>,
) -> Result<BTreeMap<String, String>> {
    let mut keys = store.keys().await?;
    let missing: BTreeMap<_, _> = annotators
        .chain([LEAD_KEY_OWNER])
        .filter(|name| !keys.contains_key(*name))
        .map(|name| (name.to_owned(), new_access_key()))
        .collect();
    if !missing.is_empty() {
        store.set_keys(missing, true).await?;
        keys = store.keys().await?;
    }
    Ok(keys)
}

/// The daemon's copy of the keys; clones share it.
#[derive(Clone)]
pub struct AccessKeyCache(Arc<Inner>);

struct Inner {
    store: Arc<dyn KeyStore>,
    known: RwLock<CachedAccessKeys>,
    /// When the last read of the store began; locked during a read.
    last_read: Mutex<Option<Instant>>,
}

/// The keys that another roster needs, for [`AccessKeyCache::apply`].
pub struct PendingAccessKeys(CachedAccessKeys);

#[derive(Default)]
struct CachedAccessKeys {
    keys: BTreeMap<String, String>,
    /// When the read began that gave these keys.
    at: Option<Instant>,
}

impl AccessKeyCache {
    /// An empty cache of this store's keys.
    pub fn new(store: Arc<dyn KeyStore>) -> Self {
        let (known, last_read) = (RwLock::default(), Mutex::default());
        Self(Arc::new(Inner { store, known, last_read }))
    }

    /// Reads the keys, and creates those that these annotators and the lead do not have yet. The
    /// cache does not change yet.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn prepare<'a>(
        &self,
        annotators: impl Iterator<Item = &'a str>,
    ) -> Result<PendingAccessKeys> {
        let began = Instant::now();
        let keys = load_or_create_access_keys(&*self.0.store, annotators).await?;
        Ok(PendingAccessKeys(CachedAccessKeys { keys, at: Some(began) }))
    }

    /// Replaces the keys of the cache.
    pub fn apply(&self, PendingAccessKeys(next): PendingAccessKeys) {
        *self.0.known.write().unwrap_or_else(PoisonError::into_inner) = next;
    }

    /// The check of keys at an annotator's port.
    pub fn port_auth(&self, project: &str, annotator: &str) -> PortAuth {
        PortAuth::new(Arc::new(self.clone()), annotator, project, Some(annotator))
    }

    /// The check of keys at the lead's port.
    pub fn lead_auth(&self, project: &str) -> PortAuth {
        // Two parts in the cookie's name instead of three, so that no annotator's is the same.
        PortAuth::new(Arc::new(self.clone()), LEAD_KEY_OWNER, project, None)
    }
}

impl Inner {
    /// Whether the key is right, and whether the cache is from a read that began at `since` or
    /// later.
    fn check(&self, name: &str, key: &str, since: Option<Instant>) -> (bool, bool) {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let right =
            known.keys.get(name).is_some_and(|right| right.as_bytes().ct_eq(key.as_bytes()).into());
        (right, known.at.is_some() && known.at >= since)
    }

    /// Reads the keys from the store, unless a read began at `since` or later. Reads at most every
    /// two seconds: before that, it waits (`wait`) or returns.
    async fn refresh(&self, since: Option<Instant>, wait: bool) {
        let mut begun = loop {
            let begun = self.last_read.lock().await;
            if begun.is_some() && *begun >= since {
                return;
            }
            let Some(next) = begun.map(|last| last + CACHE_TTL) else { break begun };
            if next <= Instant::now() {
                break begun;
            }
            if !wait {
                return;
            }
            // Sleep after releasing the lock, so that unknown keys delay no other.
            drop(begun);
            sleep_until(next).await;
        };
        let began = Instant::now();
        *begun = Some(began);
        match self.store.keys().await {
            Ok(keys) => {
                let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
                if known.at.is_none_or(|at| at < began) {
                    known.keys = keys;
                    known.at = Some(began);
                }
            }
            Err(error) => tracing::debug!(%error, "the keys stay as they were"),
        }
    }
}

#[async_trait]
impl Authenticator for AccessKeyCache {
    async fn verify(&self, name: &str, key: &str) -> bool {
        if !is_well_formed_access_key(key) {
            return false;
        }
        let now = Instant::now();
        let (right, fresh) = self.0.check(name, key, now.checked_sub(CACHE_TTL));
        if right && fresh {
            return true;
        }
        let (since, patience) = if right {
            (now.checked_sub(CACHE_TTL), CONFIRM_TIMEOUT)
        } else {
            (Some(now), UNKNOWN_KEY_TIMEOUT)
        };
        // In a separate task: a slow read continues when the request has timed out.
        let inner = Arc::clone(&self.0);
        let refreshed = tokio::spawn(async move { inner.refresh(since, !right).await });
        // While the store is away, the cache stays as it is.
        let _ = timeout(patience, refreshed).await;
        self.0.check(name, key, None).0
    }
}
