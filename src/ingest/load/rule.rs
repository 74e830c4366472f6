//! By which rule a project tells tasks apart: the store's, which it keeps from its first task on. A
//! store without tasks takes another rule: a slip in the roster is no dead end.
//!
//! A store that was filled before stores had a rule has none: whether it goes by `format-2` is told
//! by the identities of its first tasks.

use crate::allocation::{Purpose, SequenceNumber};
use crate::identity::{self, Rule};
use crate::store::{RecordFilter, Store, StoreError};

/// Tasks that are looked at to tell a store's rule.
const LOOKED_AT: usize = 20;

/// Why there is no rule to go by.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// The store does not say.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The roster names another rule than the store's.
    #[error(
        "the roster says identity = \"{named}\", and the tasks in {place} were told apart by \
         \"{kept}\": under another rule they would all be new. Take the line out of the roster to go on \
         with \"{kept}\", or name a new store (store.url) or a new project (project.name)"
    )]
    Another {
        /// Where the store is.
        place: String,
        /// Its rule.
        kept: Rule,
        /// The roster's.
        named: Rule,
    },
    /// The store has a rule that this version does not know.
    #[error(
        "{place} tells tasks apart by {text:?}, which this annotd does not know; run a newer annotd"
    )]
    Unknown {
        /// Where the store is.
        place: String,
        /// What it says.
        text: String,
    },
}

/// The rule in force: the store's, or else the roster's, or else the usual one. Changes nothing.
///
/// # Errors
/// If the store fails, or the roster names another rule than the store's.
pub async fn in_force(store: &dyn Store, named: Option<&Rule>) -> Result<Rule, RuleError> {
    match store.identity().await? {
        Some(text) => {
            let outcome = agreed(store, &text, named);
            let wanted = named.cloned().unwrap_or_default();
            let same = outcome.as_ref().is_ok_and(|kept| *kept == wanted);
            if !same && holds_nothing(store).await? { Ok(wanted) } else { outcome }
        }
        None if is_of_format_2(store).await? => agreed(store, Rule::Format2.stored(), named),
        None => Ok(named.cloned().unwrap_or_default()),
    }
}

/// The rule in force, which the store keeps from now on.
///
/// # Errors
/// If the store fails, or the roster names another rule than the store's.
pub async fn settle(store: &dyn Store, named: Option<&Rule>) -> Result<Rule, RuleError> {
    let rule = in_force(store, named).await?;
    // Another load may have been faster.
    let kept = store.set_identity(rule.stored()).await?;
    agreed(store, &kept, named)
}

/// Whether the store has no task. None is read: it may be damaged.
async fn holds_nothing(store: &dyn Store) -> Result<bool, StoreError> {
    Ok(store.numbers(SequenceNumber::START, 1).await?.is_empty())
}

/// Whether the store's first tasks have the identities that `format-2` gives.
async fn is_of_format_2(store: &dyn Store) -> Result<bool, StoreError> {
    let records = match store.records(RecordFilter::All, SequenceNumber::START, LOOKED_AT).await {
        Ok(records) => records,
        // Damaged ones tell nothing; `annotd verify` names them.
        Err(StoreError::Unreadable { .. }) => return Ok(false),
        Err(error) => return Err(error),
    };
    let mut tasks = records
        .iter()
        .filter(|record| !matches!(record.state.purpose, Purpose::Repeat(_)))
        .map(|record| &record.task)
        .peekable();
    Ok(tasks.peek().is_some() && tasks.all(|task| identity::of_format_2(&task.body) == task.id))
}

fn agreed(store: &dyn Store, text: &str, named: Option<&Rule>) -> Result<Rule, RuleError> {
    let place = || store.location().to_owned();
    let Some(kept) = Rule::from_stored(text) else {
        return Err(RuleError::Unknown { place: place(), text: text.to_owned() });
    };
    match named {
        Some(named) if !named.is_named_as(&kept) => {
            Err(RuleError::Another { place: place(), kept, named: named.clone() })
        }
        _ => Ok(kept),
    }
}
