//! What the allocator takes from the roster.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::allocation::AnnotatorProfile;
use crate::allocation::check_schedule::CheckPolicy;
use crate::task::Millis;

/// Returns the policy in force.
pub type PolicySource = Arc<dyn Fn() -> Arc<AllocatorPolicy> + Send + Sync>;

/// The allocator's part of the rules. Each request has one from its arrival to its reply; a reload
/// gives another one to later requests.
#[derive(Clone, Debug)]
pub struct AllocatorPolicy {
    /// How long a lease lasts without a sign of its holder.
    pub lease: Duration,
    /// The shares of gold tasks and repeats among the tasks of every annotator.
    pub checks: CheckPolicy,
    /// The seed of all random choices.
    pub seed: u64,
    /// The annotators in the order of the roster, active or not.
    pub people: Vec<AnnotatorProfile>,
    /// After how long without a sign of an annotator others may take over their tasks; `None` is
    /// never.
    pub steal_after: Option<Duration>,
    /// When each annotator joined the roster. It counts as the first sign of them.
    pub known_since: BTreeMap<String, Millis>,
    /// The roster's edition, as the text by which answers are checked
    /// ([`Interface::edition`](crate::interface::Interface::edition)); empty keeps none.
    pub edition: Arc<str>,
}

impl AllocatorPolicy {
    /// A policy with this lease, without checks, quotas, reassignment and edition.
    pub fn with_lease(lease: Duration) -> Self {
        Self {
            lease,
            checks: CheckPolicy::default(),
            seed: 0,
            people: Vec::new(),
            steal_after: None,
            known_since: BTreeMap::new(),
            edition: "".into(),
        }
    }

    /// A source that always returns this policy.
    pub fn into_source(self) -> PolicySource {
        let policy = Arc::new(self);
        Arc::new(move || Arc::clone(&policy))
    }

    pub(super) fn profile(&self, name: &str) -> Option<&AnnotatorProfile> {
        self.people.iter().find(|profile| profile.name == name)
    }
}
