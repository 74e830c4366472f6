//! From what the roster says to what the allocation goes by.
//!
//! The roster's types are what a lead can write; those of the allocation are what the pure rules
//! take. Between the two there is nothing to decide, and all of it stands here.

use std::collections::BTreeMap;

use crate::allocation::check_schedule::CheckPolicy;
use crate::allocation::mixture::Mixture;
use crate::allocation::order::Order;
use crate::allocation::{self, AnnotatorProfile, AnswersWanted, EscalationRule, Ignore};
use crate::allocator::AllocatorPolicy;
use crate::roster::{self, Annotations, Roster, Rules};
use crate::store::Terms;
use crate::task::disagreement::Measure;
use crate::task::identity::Rule;
use crate::task::interface::{Interface, Settings};
use crate::task::{Millis, Renamed};

/// The annotators, as the rules see them.
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

/// What is decided when a task enters.
pub fn plan_policy(roster: &Roster) -> allocation::PlanPolicy {
    let Rules { annotations, mix, split, route, assign_field, when_short, seed, .. } =
        &roster.allocation;
    let (answers, average) = match (mix, annotations) {
        (Some(mix), _) => {
            let shares: Vec<(f64, u32)> =
                mix.iter().map(|part| (part.share, part.annotations)).collect();
            (Mixture::mix(&shares).map(AnswersWanted::Mixture), None)
        }
        (None, Annotations::All) => (Ok(AnswersWanted::All), None),
        (None, Annotations::Each(n)) => {
            (Mixture::each(*n).map(AnswersWanted::Mixture), Some(f64::from(*n)))
        }
        (None, Annotations::Average(n)) => {
            (Mixture::average(*n).map(AnswersWanted::Mixture), Some(*n))
        }
    };
    allocation::PlanPolicy {
        answers: answers.expect("the roster refuses numbers that make no mixture"),
        split: match split {
            roster::Split::Exact => allocation::Split::Exact,
            roster::Split::Hash => allocation::Split::Hash,
        },
        route: match route {
            roster::Route::Open => allocation::Route::Open,
            roster::Route::Balanced => allocation::Route::Balanced,
            roster::Route::Hash => allocation::Route::Hash,
        },
        average,
        assign_field: assign_field.clone(),
        when_short: match when_short {
            roster::WhenShort::Hold => allocation::WhenShort::Hold,
            roster::WhenShort::Partial => allocation::WhenShort::Partial,
        },
        seed: *seed,
        people: annotator_profiles(roster),
    }
}

/// The rule by which the roster tells tasks apart; none if it leaves that to the store.
pub fn identity(roster: &Roster) -> Option<Rule> {
    // What the roster takes for a path is one to the rule.
    roster.project.identity.as_deref().and_then(Rule::from_text)
}

/// Where tasks stand.
pub fn order(roster: &Roster) -> Order {
    match roster.allocation.order {
        roster::Order::Loaded => Order::Loaded,
        roster::Order::Random => Order::Random(roster.allocation.seed),
        roster::Order::FinishFirst => Order::FinishFirst,
    }
}

/// What a store has to know: how answers settle, and where tasks stand.
pub fn store_policy(roster: &Roster) -> Terms {
    let field_id = roster.project.config.get("field_id").and_then(toml::Value::as_str);
    let disagreement = roster.allocation.on_disagreement.as_ref();
    let rule = allocation::SettlePolicy {
        ignore: match roster.allocation.ignore {
            roster::Ignore::Answer => Ignore::Answer,
            roster::Ignore::Skip => Ignore::Skip,
        },
        further: disagreement.map(|disagreement| EscalationRule {
            extra: disagreement.extra,
            max: disagreement.max,
            by: disagreement.by.clone(),
        }),
        measure: Measure::of_view(&roster.project.interface, field_id),
        renamed: renamed(roster),
        threshold: disagreement.map_or(1.0, |disagreement| disagreement.threshold),
        people: annotator_profiles(roster),
    };
    Terms { rule, order: order(roster) }
}

/// Labels that were renamed. Where the project's blocks bring options, no label stands in for one.
pub fn renamed(roster: &Roster) -> Renamed {
    let blocks = roster.project.config.get("blocks").and_then(toml::Value::as_array);
    let options = blocks.into_iter().flatten().any(|block| block.get("options").is_some());
    Renamed::new(roster.project.renamed.clone(), !options)
}

/// The roster's interface, with its labels and settings.
pub fn interface(roster: &Roster) -> Interface {
    let config = match serde_json::to_value(&roster.project.config) {
        Ok(serde_json::Value::Object(config)) => config,
        // The roster refuses what JSON cannot say.
        _ => serde_json::Map::new(),
    };
    let settings = Settings { labels: roster.project.labels.clone(), config };
    Interface::new(&roster.project.interface, settings)
        .expect("the roster refuses interfaces that this build does not know")
}

/// How tasks are handed out. `known_since` says since when somebody is on the roster.
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
