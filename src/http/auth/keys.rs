//! The keys to the ports.
//!
//! Keys are made when they are first needed, and changed by hand. Each annotator has one, and the lead; all of them are in the project's store, so that several
//! daemons and the command line go by the same. [`KeyCache`] is the daemon's: it says who may come in,
//! as the roster has it now, and knows the keys as they were at most two seconds ago (`CACHE_TTL`), so
//! that a new one takes effect without a restart.
//!
//! A key that is known and fresh costs no look at the store. One that is not known has its answer
//! when the store has been asked after it came; so a link that was changed a moment ago works at
//! once, and whoever guesses waits for up to two seconds each time. While the store is away,
//! everything goes on with the keys that are known.
//!
//! They are kept as they are, not hashed: `annotd link` has to print them again, and whoever can read
//! the store can read, and write, everything that they guard.

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

/// The lead's name among the keys; no annotator can have it.
pub const LEAD_KEY: &str = "(lead)";

/// Random bytes of a key: 128 bits.
const KEY_BYTES: usize = 16;
/// How long keys are taken for granted.
const CACHE_TTL: Duration = Duration::from_secs(2);
/// How long somebody who has a key that was right a moment ago waits for the store to confirm it.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(1);
/// How long somebody with an unknown key waits: for the next look, and for the store.
const UNKNOWN_KEY_TIMEOUT: Duration = Duration::from_secs(4);

/// A new key: 32 letters and digits, which no address encodes, no chat takes for punctuation, and
/// one press marks as a whole.
pub fn new_key() -> String {
    let mut bytes = [0_u8; KEY_BYTES];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    hex::encode(bytes)
}

/// Whether this has the form of a key. Whatever has not is nobody's, and the store is not asked.
fn is_well_formed_key(text: &str) -> bool {
    text.len() == 2 * KEY_BYTES && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Everybody's keys as they are, those included that were missing until now.
///
/// # Errors
/// If the store does not answer.
pub async fn load_or_create(
    store: &dyn Store,
    roster: &Roster,
) -> Result<BTreeMap<String, String>> {
    let mut keys = store.keys().await?;
    let names = roster.annotators.iter().map(|annotator| annotator.name.as_str()).chain([LEAD_KEY]);
    let missing: BTreeMap<_, _> = names
        .filter(|name| !keys.contains_key(*name))
        .map(|name| (name.to_owned(), new_key()))
        .collect();
    if !missing.is_empty() {
        store.set_keys(missing, true).await?;
        keys = store.keys().await?;
    }
    Ok(keys)
}

/// Who may come in at the ports of a daemon; clones are the same.
#[derive(Clone)]
pub struct KeyCache(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    known: RwLock<CachedKeys>,
    /// Held by whoever asks the store: when that was begun last.
    last_read: Mutex<Option<Instant>>,
}

/// What another roster needs, for [`KeyCache::apply`].
pub struct PendingKeys(CachedKeys);

struct CachedKeys {
    access: roster::Access,
    keys: BTreeMap<String, String>,
    /// When the store was asked for them.
    at: Option<Instant>,
}

impl KeyCache {
    /// As this roster has it. Where it asks for keys, those that are missing are made.
    ///
    /// # Errors
    /// If the store does not answer, and keys are needed.
    pub async fn for_roster(store: Arc<dyn Store>, roster: &Roster) -> Result<Self> {
        let known = CachedKeys { access: roster::Access::Open, keys: BTreeMap::new(), at: None };
        let access =
            Self(Arc::new(Inner { store, known: RwLock::new(known), last_read: Mutex::default() }));
        access.apply(access.prepare(roster).await?);
        Ok(access)
    }

    /// What another roster needs: keys that are missing are made. Nothing has changed yet.
    ///
    /// # Errors
    /// If the store does not answer, and keys are needed.
    pub async fn prepare(&self, roster: &Roster) -> Result<PendingKeys> {
        let access = roster.server.access();
        let (keys, at) = match access {
            roster::Access::Open => (BTreeMap::new(), None),
            roster::Access::Key => {
                let began = Instant::now();
                (load_or_create(&*self.0.store, roster).await?, Some(began))
            }
        };
        Ok(PendingKeys(CachedKeys { access, keys, at }))
    }

    /// The same without the store, if that is possible: where everybody needed a key before, too.
    pub fn prepare_from_cache(&self, roster: &Roster) -> Option<PendingKeys> {
        let known = self.0.known.read().unwrap_or_else(PoisonError::into_inner);
        let keyed = known.access == roster::Access::Key;
        let access = roster.server.access();
        (keyed && access == roster::Access::Key)
            .then(|| PendingKeys(CachedKeys { access, keys: known.keys.clone(), at: known.at }))
    }

    /// Goes by another roster from now on, at every door.
    pub fn apply(&self, PendingKeys(next): PendingKeys) {
        *self.0.known.write().unwrap_or_else(PoisonError::into_inner) = next;
    }

    /// The door of an annotator's port.
    pub fn port_auth(&self, project: &str, annotator: &str) -> PortAuth {
        PortAuth::new(Arc::new(self.clone()), annotator, project, Some(annotator))
    }

    /// The door of the lead's port.
    pub fn lead_auth(&self, project: &str) -> PortAuth {
        // Two parts instead of three in the cookie's name: no annotator's is called so.
        PortAuth::new(Arc::new(self.clone()), LEAD_KEY, project, None)
    }
}

impl Inner {
    /// Whether the key is right, and whether what is known was asked for at `since` or later.
    fn check(&self, name: &str, key: &str, since: Option<Instant>) -> (bool, bool) {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let right =
            known.keys.get(name).is_some_and(|right| right.as_bytes().ct_eq(key.as_bytes()).into());
        (right, known.at.is_some() && known.at >= since)
    }

    /// Asks the store for the keys, unless somebody has done so at `since` or later, and at most
    /// every two seconds: sooner than that, it waits (`wait`) or leaves it.
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
            // Strangers wait where nobody has to wait for them.
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
impl Authenticator for KeyCache {
    fn is_open(&self) -> bool {
        let known = self.0.known.read().unwrap_or_else(PoisonError::into_inner);
        known.access == roster::Access::Open
    }

    async fn verify(&self, name: &str, key: &str) -> bool {
        if !is_well_formed_key(key) {
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
        // In a task of its own: the look at a slow store goes on when nobody waits for it any more.
        let inner = Arc::clone(&self.0);
        let refreshed = tokio::spawn(async move { inner.refresh(since, !right).await });
        // A store that is away changes nothing.
        let _ = timeout(patience, refreshed).await;
        self.0.check(name, key, None).0
    }
}
