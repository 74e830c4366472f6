//! The editions of the roster by their numbers, as this process remembers them.
//!
//! The number of the present edition is asked for before the first hand-out and after each reload, and
//! not at the reload itself: that must not fail because the store is away. The texts of other editions
//! are read when an answer names one that is not known here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Shared;
use crate::store::StoreError;
use crate::task::{Basis, TOKENIZER};

/// What is known of the store's editions.
#[derive(Default)]
pub(super) struct Editions(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// The edition that was asked for last, and its number.
    present: Option<(Arc<str>, u32)>,
    texts: BTreeMap<u32, Arc<str>>,
}

impl Editions {
    fn known(&self) -> MutexGuard<'_, Known> {
        // A panic elsewhere leaves it whole: every change to it is a single call.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// By what tasks are handed out now.
    pub(super) async fn basis(&self) -> Result<Basis, StoreError> {
        let text = Arc::clone(&self.policy().edition);
        if text.is_empty() {
            return Ok(Basis { edition: 0, tokenizer: TOKENIZER });
        }
        let present = self.editions.known().present.clone();
        if let Some((known, edition)) = present
            && known == text
        {
            return Ok(Basis { edition, tokenizer: TOKENIZER });
        }
        let edition = self.store.edition(&text).await?;
        let mut known = self.editions.known();
        known.texts.insert(edition, Arc::clone(&text));
        known.present = Some((text, edition));
        Ok(Basis { edition, tokenizer: TOKENIZER })
    }

    /// The text of an edition; nothing if the store has none of this number.
    pub(super) async fn edition(&self, number: u32) -> Result<Option<Arc<str>>, StoreError> {
        let known = self.editions.known().texts.get(&number).cloned();
        if known.is_some() || number == 0 {
            return Ok(known);
        }
        let texts = self.store.editions().await?;
        let mut known = self.editions.known();
        known.texts.extend(texts.into_iter().map(|(number, text)| (number, text.into())));
        Ok(known.texts.get(&number).cloned())
    }
}
