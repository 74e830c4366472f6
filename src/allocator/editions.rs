//! The editions of the roster by their numbers, as this process remembers them.
//!
//! The number of the present edition is read before the first hand-out and after each reload. It is
//! not read at the reload itself, which must not fail because the store is away. The texts of other
//! editions are read when an answer names one that is not known here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::store::{Store, StoreError};
use crate::task::{Basis, TOKENIZER};

/// What is known of the store's editions.
#[derive(Default)]
pub(super) struct Editions(Mutex<BTreeMap<u32, Arc<str>>>);

impl Editions {
    fn known(&self) -> MutexGuard<'_, BTreeMap<u32, Arc<str>>> {
        // A panic elsewhere leaves it consistent: every change is a single call.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The basis of tasks that are handed out under the edition of this text; empty keeps none.
    pub(super) async fn basis(
        &self,
        store: &dyn Store,
        text: &Arc<str>,
    ) -> Result<Basis, StoreError> {
        if text.is_empty() {
            return Ok(Basis { edition: 0, tokenizer: TOKENIZER });
        }
        let known = self.known().iter().find(|(_, one)| *one == text).map(|(number, _)| *number);
        let edition = match known {
            Some(edition) => edition,
            None => {
                let edition = store.edition(text).await?;
                self.known().insert(edition, Arc::clone(text));
                edition
            }
        };
        Ok(Basis { edition, tokenizer: TOKENIZER })
    }

    /// The text of an edition; `None` if the store has none of this number.
    pub(super) async fn text(
        &self,
        store: &dyn Store,
        number: u32,
    ) -> Result<Option<Arc<str>>, StoreError> {
        let known = self.known().get(&number).cloned();
        if known.is_some() || number == 0 {
            return Ok(known);
        }
        let texts = store.editions().await?;
        let mut known = self.known();
        known.extend(texts.into_iter().map(|(number, text)| (number, text.into())));
        Ok(known.get(&number).cloned())
    }
}
