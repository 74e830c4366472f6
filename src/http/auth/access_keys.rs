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
use crate::roster::{self, Roster};
use crate::store::{Result, Store};

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

/// All keys of the roster's annotators and the lead. Creates those that are missing.
///
/// # Errors
/// If the store does not answer.
pub async fn load_or_create_access_keys(
    store: &dyn Store,
    roster: &Roster,
) -> Result<BTreeMap<String, String>> {
    let mut keys = store.keys().await?;
    let names =
        roster.annotators.iter().map(|annotator| annotator.name.as_str()).chain([LEAD_KEY_OWNER]);
    let missing: BTreeMap<_, _> = names
        .filter(|name| !keys.contains_key(*name))
        .map(|name| (name.to_owned(), new_access_key()))
        .collect();
    if !missing.is_empty() {
        store.set_keys(missing, true).await?;
        keys = store.keys().await?;
    }
    Ok(keys)
}

/// The daemon's copy of the keys, and whether they are needed; clones share it.
#[derive(Clone)]
pub struct AccessKeyCache(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    known: RwLock<CachedAccessKeys>,
    /// When the last read of the store began; locked during a read.
    last_read: Mutex<Option<Instant>>,
}

/// The keys that another roster needs, for [`AccessKeyCache::apply`].
pub struct PendingAccessKeys(CachedAccessKeys);

struct CachedAccessKeys {
    access: roster::Access,
    keys: BTreeMap<String, String>,
    /// When the read began that gave these keys.
    at: Option<Instant>,
}

impl AccessKeyCache {
    /// The keys for this roster. Creates those that are missing, if the roster asks for keys.
    ///
    /// # Errors
    /// If the store does not answer, and keys are needed.
    pub async fn for_roster(store: Arc<dyn Store>, roster: &Roster) -> Result<Self> {
        let known =
            CachedAccessKeys { access: roster::Access::Open, keys: BTreeMap::new(), at: None };
        let access =
            Self(Arc::new(Inner { store, known: RwLock::new(known), last_read: Mutex::default() }));
        access.apply(access.prepare(roster).await?);
        Ok(access)
    }

    /// Reads the keys that another roster needs, and creates those that are missing. The cache does
    /// not change yet.
    ///
    /// # Errors
    /// If the store does not answer, and keys are needed.
    pub async fn prepare(&self, roster: &Roster) -> Result<PendingAccessKeys> {
        let access = roster.server.access();
        let (keys, at) = match access {
            roster::Access::Open => (BTreeMap::new(), None),
            roster::Access::Key => {
                let began = Instant::now();
                (load_or_create_access_keys(&*self.0.store, roster).await?, Some(began))
            }
        };
        Ok(PendingAccessKeys(CachedAccessKeys { access, keys, at }))
    }

    /// The same without the store; `None` if access was open until now.
    pub fn prepare_from_cache(&self, roster: &Roster) -> Option<PendingAccessKeys> {
        let known = self.0.known.read().unwrap_or_else(PoisonError::into_inner);
        let keyed = known.access == roster::Access::Key;
        let access = roster.server.access();
        (keyed && access == roster::Access::Key).then(|| {
            PendingAccessKeys(CachedAccessKeys { access, keys: known.keys.clone(), at: known.at })
        })
    }

    /// Applies another roster's access to every port.
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
    fn is_open(&self) -> bool {
        let known = self.0.known.read().unwrap_or_else(PoisonError::into_inner);
        known.access == roster::Access::Open
    }

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
