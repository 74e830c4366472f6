//! When two answers to one task agree: what counts, for each interface.
//!
//! Asking for a third opinion needs a meaning of "they disagree" that fits what was asked:
//! a yes is compared with a no, chosen options as a set, spans as a set of (start, end, label),
//! free text as text. Each [`Similarity`] gives a likeness between 0 and 1, and two answers agree
//! when it reaches a threshold, which is 1 (the same) unless the project says otherwise.
//!
//! - Verdicts come first: an accept and a reject are unlike (0) whatever else they hold, and two
//!   rejects are alike (1): what was drawn on a card before it was rejected is no statement.
//! - Options: Jaccard, |A ∩ B| / |A ∪ B|. Spans and relations: F1, 2 |A ∩ B| / (|A| + |B|), the
//!   measure of their reports. Of two empty sets both are 1.
//! - Text: the same words; white space around and between them does not matter, capitals do.
//! - An **ignore** is no opinion: it neither agrees nor disagrees.
//!
//! A key that an answer does not have is what the task had: an annotator who accepts pre-annotated
//! spans as they are has said these spans.
//!
//! Rejected: equality of the whole answer, for which `token_start` written out or not, the order of
//! two spans, and a comment are disagreements. And coefficients corrected for chance, which say
//! something about annotators and nothing about one task.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::task::{TaskJson, Verdict, Version, own_keys};

/// What of an answer is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Similarity {
    /// The verdict alone; what was asked stands in the task.
    Verdict,
    /// The options under `accept`, as a set.
    Options,
    /// The spans under this key, as a set of where they lie and what they are called.
    Spans(&'static str),
    /// Relations (head, child, label) and spans together, as one set.
    Relations,
    /// The text under this key.
    Text(String),
    /// Everything that the answer holds but remarks, flags and reasons.
    Whole,
}

impl Similarity {
    /// The measure of a `view_id`. `field_id` is the setting of that name, for `text_input`.
    ///
    /// An interface that this list does not know is compared whole: a needless opinion costs less
    /// than a missed disagreement.
    pub fn of_view(view_id: &str, field_id: Option<&str>) -> Self {
        match view_id {
            "text" | "html" | "classification" | "ner" | "spans" | "pos" | "dep" | "image"
            | "audio" | "compare" | "diff" | "llm_io" => Self::Verdict,
            "choice" => Self::Options,
            "ner_manual" | "spans_manual" | "pos_manual" | "image_manual" => Self::Spans("spans"),
            "audio_manual" => Self::Spans("audio_spans"),
            "relations" => Self::Relations,
            "text_input" => Self::Text(field_id.unwrap_or("user_input").to_owned()),
            _ => Self::Whole,
        }
    }

    /// How alike two answers to the same task are, from 0 to 1; nothing if one of them is an
    /// ignore. The same either way round.
    pub fn likeness(&self, task: &TaskJson, one: &Version, other: &Version) -> Option<f64> {
        if one.verdict == Verdict::Ignore || other.verdict == Verdict::Ignore {
            return None;
        }
        if one.verdict != other.verdict {
            return Some(0.0);
        }
        if one.verdict == Verdict::Reject {
            return Some(1.0);
        }
        let set =
            |version: &Version, key: &str, facts: &[&str]| facts_of(task, version, key, facts);
        Some(match self {
            Self::Verdict => 1.0,
            Self::Options => jaccard(&set(one, "accept", &[]), &set(other, "accept", &[])),
            Self::Spans(key) => f1(&set(one, key, &SPAN), &set(other, key, &SPAN)),
            Self::Relations => {
                let all = |version: &Version| {
                    let mut facts = set(version, "spans", &SPAN);
                    facts.extend(set(version, "relations", &RELATION));
                    facts
                };
                f1(&all(one), &all(other))
            }
            Self::Text(key) => yes(words(task, one, key) == words(task, other, key)),
            Self::Whole => yes(stated(&one.data) == stated(&other.data)),
        })
    }
}

/// What places a span and names it: in text, in sound, in a picture.
const SPAN: [&str; 4] = ["start", "end", "label", "points"];
/// What makes a relation.
const RELATION: [&str; 3] = ["head", "child", "label"];

/// What the answers to one task have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Consensus {
    /// Fewer than two opinions: nothing to compare.
    Single,
    /// Every two agree.
    Unanimous,
    /// Not all agree, but one of them agrees with more than half of all, itself included.
    Majority,
    /// None has a majority.
    Split,
}

/// Compares all answers with each other.
///
/// Two agree when their likeness is at least `threshold`, which is held to between 0 and 1; one
/// that is not a number counts as 1. Ignores are left out.
pub fn consensus<'a>(
    measure: &Similarity,
    threshold: f64,
    task: &TaskJson,
    answers: impl IntoIterator<Item = &'a Version>,
) -> Consensus {
    let threshold = if threshold.is_nan() { 1.0 } else { threshold.clamp(0.0, 1.0) };
    let said: Vec<&Version> =
        answers.into_iter().filter(|version| version.verdict != Verdict::Ignore).collect();
    if said.len() < 2 {
        return Consensus::Single;
    }
    let agree = |one: &Version, other: &Version| {
        // Likenesses are quotients of small whole numbers; 2/3 must reach a threshold of 0.6667
        // no more than one of 0.666666666666, so only the last bits are forgiven.
        measure.likeness(task, one, other).is_some_and(|likeness| likeness >= threshold - 1e-12)
    };
    // With a threshold below 1, those who agree with one need not agree with each other.
    let friends = |one: &Version| said.iter().filter(|other| agree(one, other)).count();
    let most = said.iter().map(|one| friends(one)).max().unwrap_or(0);
    let unanimous = said.iter().all(|one| friends(one) == said.len());
    if unanimous {
        Consensus::Unanimous
    } else if 2 * most > said.len() {
        Consensus::Majority
    } else {
        Consensus::Split
    }
}

fn yes(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}

/// Sizes of sets in one answer: far below 2⁵³.
#[expect(clippy::cast_precision_loss)]
fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

fn jaccard(one: &BTreeSet<String>, other: &BTreeSet<String>) -> f64 {
    ratio(one.intersection(other).count(), one.union(other).count())
}

fn f1(one: &BTreeSet<String>, other: &BTreeSet<String>) -> f64 {
    ratio(2 * one.intersection(other).count(), one.len() + other.len())
}

/// What the answer says under a key: its own value, or else the task's.
fn said(task: &TaskJson, version: &Version, key: &str) -> Option<Value> {
    version.data.get(key).cloned().or_else(|| task.get(key))
}

/// The entries of the list under a key, each as a text that is the same for the same facts; of
/// objects, only the keys in `facts` count.
fn facts_of(task: &TaskJson, version: &Version, key: &str, facts: &[&str]) -> BTreeSet<String> {
    let Some(Value::Array(entries)) = said(task, version, key) else {
        return BTreeSet::new();
    };
    let text = |entry: &Value| match entry {
        Value::Object(entry) if !facts.is_empty() => {
            let values = facts.iter().map(|fact| entry.get(*fact).unwrap_or(&Value::Null));
            Value::Array(values.cloned().collect()).to_string()
        }
        other => other.to_string(),
    };
    entries.iter().map(text).collect()
}

fn words(task: &TaskJson, version: &Version, key: &str) -> Vec<String> {
    match said(task, version, key) {
        Some(Value::String(text)) => text.split_whitespace().map(str::to_owned).collect(),
        // A field of several lines or choices.
        Some(Value::Null) | None => Vec::new(),
        Some(other) => vec![other.to_string()],
    }
}

/// The entries that say something about the task, in the order of their keys, which says nothing.
fn stated(data: &Map<String, Value>) -> BTreeSet<(String, String)> {
    data.iter()
        .filter(|(key, _)| !own_keys::is_annotators(key))
        .map(|(key, value)| (key.clone(), in_order(value).to_string()))
        .collect()
}

fn in_order(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            entries.into_iter().map(|(key, value)| (key.clone(), in_order(value))).collect()
        }
        Value::Array(items) => items.iter().map(in_order).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::task::{Basis, Millis};

    fn says(verdict: Verdict, data: &Value) -> Version {
        let data = data.as_object().cloned().unwrap_or_default();
        Version {
            verdict,
            data,
            time_loaded: Millis(0),
            time_returned: Millis(1),
            basis: Basis::default(),
        }
    }

    fn accepts(data: &Value) -> Version {
        says(Verdict::Accept, data)
    }

    fn task() -> TaskJson {
        let spans = json!([{"start": 0, "end": 2, "label": "A", "token_start": 0}]);
        TaskJson::from_value(&json!({"text": "ab cd", "spans": spans})).expect("a task")
    }

    fn likeness(view_id: &str, one: &Value, other: &Value) -> f64 {
        let measure = Similarity::of_view(view_id, None);
        measure.likeness(&task(), &accepts(one), &accepts(other)).expect("two opinions")
    }

    #[test]
    fn yes_and_no_disagree_whatever_else_they_say() {
        let (yes, no) = (accepts(&json!({})), says(Verdict::Reject, &json!({})));
        for view in ["classification", "choice", "ner_manual", "text_input", "relations", "new"] {
            let measure = Similarity::of_view(view, None);
            assert_eq!(measure.likeness(&task(), &yes, &no), Some(0.0), "{view}");
            assert_eq!(measure.likeness(&task(), &no, &no), Some(1.0), "{view}");
            assert_eq!(measure.likeness(&task(), &yes, &yes), Some(1.0), "{view}");
        }
    }

    #[test]
    fn an_ignore_is_no_opinion() {
        let (yes, skip) = (accepts(&json!({})), says(Verdict::Ignore, &json!({})));
        let measure = Similarity::Verdict;
        assert_eq!(measure.likeness(&task(), &yes, &skip), None);
        assert_eq!(consensus(&measure, 1.0, &task(), [&yes, &skip]), Consensus::Single);
        assert_eq!(consensus(&measure, 1.0, &task(), [&yes, &skip, &yes]), Consensus::Unanimous);
    }

    #[test]
    fn a_comment_on_a_binary_card_is_no_disagreement() {
        assert!(likeness("classification", &json!({"comment": "odd"}), &json!({})) >= 1.0);
        let noted = json!({"accept": [1], "comment": "odd", "flagged": true});
        assert!(likeness("blocks", &noted, &json!({"accept": [1]})) >= 1.0);
    }

    #[test]
    fn options_are_sets_whose_ids_have_types() {
        let of = |one: Value, other: Value| {
            likeness("choice", &json!({"accept": one}), &json!({"accept": other}))
        };
        assert!(of(json!([1, "b"]), json!(["b", 1])) >= 1.0);
        assert!((of(json!([1, 2]), json!([2, 3])) - 1.0 / 3.0).abs() < 1e-12);
        assert!(of(json!([1]), json!(["1"])) <= 0.0);
        assert!(of(json!([]), json!([])) >= 1.0);
    }

    #[test]
    fn spans_are_where_they_lie_and_what_they_are_called() {
        let of = |one: Value, other: Value| {
            likeness("ner_manual", &json!({"spans": one}), &json!({"spans": other}))
        };
        let a = json!({"start": 0, "end": 2, "label": "A"});
        let a_with_tokens = json!({"token_end": 0, "end": 2, "label": "A", "start": 0});
        let b = json!({"start": 3, "end": 5, "label": "B"});
        assert!(of(json!([a, b]), json!([b, a_with_tokens])) >= 1.0);
        assert!((of(json!([a]), json!([a, b])) - 2.0 / 3.0).abs() < 1e-12);
        assert!(of(json!([a]), json!([{"start": 0, "end": 2, "label": "B"}])) <= 0.0);
        assert!(of(json!([]), json!([a])) <= 0.0);
    }

    #[test]
    fn who_leaves_the_spans_as_they_came_has_said_them() {
        let as_they_came = json!([{"start": 0, "end": 2, "label": "A"}]);
        assert!(likeness("spans_manual", &json!({}), &json!({"spans": as_they_came})) >= 1.0);
        assert!(likeness("spans_manual", &json!({}), &json!({"spans": []})) <= 0.0);
    }

    #[test]
    fn relations_count_with_their_spans() {
        let relation = |head: u32| json!([{"head": head, "child": 1, "label": "R"}]);
        let of = |one: Value, other: Value| {
            likeness("relations", &json!({"relations": one}), &json!({"relations": other}))
        };
        assert!(of(relation(0), relation(0)) >= 1.0);
        assert!((of(relation(0), relation(2)) - 0.5).abs() < 1e-12, "the span is the same");
    }

    #[test]
    fn text_is_its_words() {
        let of = |one: &str, other: &str| {
            likeness("text_input", &json!({"user_input": one}), &json!({"user_input": other}))
        };
        assert!(of(" a  b\n", "a b") >= 1.0);
        assert!(of("a b", "A b") <= 0.0);
        let measure = Similarity::of_view("text_input", Some("reply"));
        let (one, other) = (accepts(&json!({"reply": "x"})), accepts(&json!({"reply": "y"})));
        assert_eq!(measure.likeness(&task(), &one, &other), Some(0.0));
    }

    #[test]
    fn an_unknown_interface_is_compared_whole_but_for_the_order_of_keys() {
        assert!(
            likeness("new", &json!({"x": {"a": 1, "b": 2}}), &json!({"x": {"b": 2, "a": 1}}))
                >= 1.0
        );
        assert!(likeness("new", &json!({"x": 1}), &json!({"x": 2})) <= 0.0);
    }

    #[test]
    fn a_threshold_forgives_a_little() {
        let a = json!({"start": 0, "end": 2, "label": "A"});
        let b = json!({"start": 3, "end": 5, "label": "B"});
        let one = accepts(&json!({"spans": [a]}));
        let two = accepts(&json!({"spans": [a, b]}));
        let measure = Similarity::of_view("ner_manual", None);
        let at = |threshold| consensus(&measure, threshold, &task(), [&one, &two]);
        assert_eq!(at(1.0), Consensus::Split);
        assert_eq!(at(0.67), Consensus::Split);
        assert_eq!(at(2.0 / 3.0), Consensus::Unanimous);
        assert_eq!(at(f64::NAN), Consensus::Split);
    }

    #[test]
    fn a_majority_is_more_than_half() {
        let choose = |id: u32| accepts(&json!({"accept": [id]}));
        let of = |ids: &[u32]| {
            let answers: Vec<Version> = ids.iter().map(|id| choose(*id)).collect();
            consensus(&Similarity::Options, 1.0, &task(), &answers)
        };
        assert_eq!(of(&[1]), Consensus::Single);
        assert_eq!(of(&[1, 1, 1]), Consensus::Unanimous);
        assert_eq!(of(&[1, 2, 1]), Consensus::Majority);
        assert_eq!(of(&[1, 2]), Consensus::Split);
        assert_eq!(of(&[1, 2, 1, 2]), Consensus::Split);
        assert_eq!(of(&[1, 2, 3]), Consensus::Split);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0_i64..4).prop_map(Value::from),
            "[ab ]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            let key = prop_oneof![Just("start"), Just("end"), Just("label"), Just("head")];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((key, inner), 0..4).prop_map(|entries| {
                    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn likeness_is_from_0_to_1_the_same_either_way_and_1_with_itself(
            one in any_json(), other in any_json(),
            key in prop_oneof![Just("accept"), Just("spans"), Just("relations"), Just("user_input")],
        ) {
            let [one, other] = [one, other].map(|value| accepts(&json!({key: value})));
            for view in ["text", "choice", "ner_manual", "relations", "text_input", "audio_manual", "x"] {
                let measure = Similarity::of_view(view, None);
                let like = measure.likeness(&task(), &one, &other).expect("two opinions");
                prop_assert!((0.0..=1.0).contains(&like));
                prop_assert_eq!(measure.likeness(&task(), &other, &one), Some(like));
                prop_assert_eq!(measure.likeness(&task(), &one, &one), Some(1.0));
            }
        }
    }
}
