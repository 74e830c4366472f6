//! The policies: what each room takes from the roster.
//!
//! A room does not know the roster. It gets a policy of its own: [`PlanPolicy`] decides about a
//! task that is loaded, [`StorePolicy`] (with a [`SettlePolicy`] in it) about an answer that
//! arrives, and [`AllocatorPolicy`] about a request for tasks. All of them are made here, and
//! nothing is decided here: the choices are the same types in the roster and in the allocation.
//!
//! [`StorePolicy`]: crate::store::StorePolicy

use std::collections::BTreeMap;

use crate::agreement::Similarity;
use crate::allocation::check_schedule::CheckPolicy;
use crate::allocation::mixture::Mixture;
use crate::allocation::{
    AnnotatorProfile, AnswersWanted, EscalationRule, PlanPolicy, SettlePolicy,
};
use crate::allocator::AllocatorPolicy;
use crate::identity::Rule;
use crate::interface::{Interface, Settings};
use crate::roster::{Annotations, Roster, Rules};
use crate::store::StorePolicy;
use crate::task::{Millis, Renamed};

/// The annotators of the roster, in its order, active or not.
pub fn annotator_profiles(roster: &Roster) -> Vec<AnnotatorProfile> {
    roster
        .annotators
        .iter()
        .map(|annotator| AnnotatorProfile {
            name: annotator.name.clone(),
            tags: annotator.tags.clone(),
            weight: annotator.weight,
            quota: annotator.quota.map(u64::from),
            active: annotator.active,
        })
        .collect()
}

/// The policy by which tasks are planned when they are loaded.
pub fn plan_policy(roster: &Roster) -> PlanPolicy {
    let Rules { annotations, mix, split, route, assign_field, when_short, seed, .. } =
        &roster.allocation;
    let (mixture, average) = match (mix, annotations) {
        (Some(mix), _) => {
            let shares: Vec<(f64, u32)> =
                mix.iter().map(|part| (part.share, part.annotations)).collect();
            (Some(Mixture::mix(&shares)), None)
        }
        (None, Annotations::All) => (None, None),
        (None, Annotations::Each(n)) => (Some(Mixture::each(*n)), Some(f64::from(*n))),
        (None, Annotations::Average(n)) => (Some(Mixture::average(*n)), Some(*n)),
    };
    let answers = mixture.map_or(AnswersWanted::All, |mixture| {
        let mixture = mixture.expect("the roster refuses numbers that make no mixture");
        AnswersWanted::Mixture(mixture)
    });
    PlanPolicy {
        answers,
        split: *split,
        route: *route,
        average,
        assign_field: assign_field.clone(),
        when_short: *when_short,
        seed: *seed,
        people: annotator_profiles(roster),
    }
}

/// The rule by which the roster tells tasks apart; `None` leaves it to the store.
pub fn identity(roster: &Roster) -> Option<Rule> {
    // The roster accepts only paths that the rule accepts.
    roster.project.identity.as_deref().and_then(Rule::from_text)
}

/// The policy of the store: how answers settle a task, and the order of the queue.
pub fn store_policy(roster: &Roster) -> StorePolicy {
    let field_id = roster.project.config.get("field_id").and_then(toml::Value::as_str);
    let disagreement = roster.allocation.on_disagreement.as_ref();
    let rule = SettlePolicy {
        ignore: roster.allocation.ignore,
        escalation: disagreement.map(|disagreement| EscalationRule {
            extra: disagreement.extra,
            max: disagreement.max,
            by: disagreement.by.clone(),
        }),
        measure: Similarity::of_view(&roster.project.interface, field_id),
        renamed: renamed(roster),
        threshold: disagreement.map_or(1.0, |disagreement| disagreement.threshold),
        people: annotator_profiles(roster),
    };
    StorePolicy { rule, order: roster.allocation.order }
}

/// Labels that were renamed. Where the project's blocks have options, no label replaces an option.
pub fn renamed(roster: &Roster) -> Renamed {
    let blocks = roster.project.config.get("blocks").and_then(toml::Value::as_array);
    let options = blocks.into_iter().flatten().any(|block| block.get("options").is_some());
    let is_label = |of: Option<&toml::Value>| of.and_then(toml::Value::as_str) == Some("label");
    let blocks = roster.project.config.get("blocks").and_then(toml::Value::as_array);
    let types_label = is_label(roster.project.config.get("field_id"))
        || blocks.into_iter().flatten().any(|block| is_label(block.get("field_id")));
    Renamed::new(roster.project.renamed.clone(), !options).with_typed_label(types_label)
}

/// The roster's interface, with its labels and settings.
pub fn interface(roster: &Roster) -> Interface {
    let config = match serde_json::to_value(&roster.project.config) {
        Ok(serde_json::Value::Object(config)) => config,
        // The roster refuses values that have no JSON form.
        _ => serde_json::Map::new(),
    };
    let settings = Settings { labels: roster.project.labels.clone(), config };
    Interface::new(&roster.project.interface, settings)
        .expect("the roster refuses interfaces that this build does not know")
}

/// The policy of the allocator. `known_since` is when each annotator joined the roster.
pub fn allocator_policy(roster: &Roster, known_since: BTreeMap<String, Millis>) -> AllocatorPolicy {
    let Rules { lease, gold, repeat, seed, steal_after, .. } = &roster.allocation;
    AllocatorPolicy {
        lease: *lease,
        checks: CheckPolicy {
            gold: *gold,
            repeat: repeat.map_or(0.0, |repeat| repeat.share),
            after: repeat.map_or(0, |repeat| repeat.after),
        },
        seed: *seed,
        people: annotator_profiles(roster),
        steal_after: *steal_after,
        known_since,
        edition: interface(roster).edition().into(),
    }
}
