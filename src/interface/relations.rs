//! `relations`: arrows between tokens or spans of a text, each with a label.
//!
//! An end of a relation is a span, or a token that lies in none. `head` and `child` are the ids of
//! tokens: of the token itself, or of the span's last. `head_span` and `child_span` say what they
//! stand for; they are completed where they are missing, and a token's own has the label `null`.
//!
//! What the task had already, spans and relations, is taken back as it is, also where it is odd:
//! only what the annotator made has to fit.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::fits::{self, Unfit, list};
use super::pieces::{self, Piece};
use super::spec::{AnswerError, Card, InterfaceSpec, PLAIN};
use super::suggestion_index::{SuggestionIndex, same};
use crate::task::{Verdict, reading};

pub(super) const SPEC: InterfaceSpec = InterfaceSpec {
    name: "relations",
    fits,
    content: &["text"],
    context: &[],
    answer_keys: |_| vec!["spans".into(), "relations".into()],
    // Without labels for spans, those that are there are what relations are drawn between.
    judges: |card| if span_labels(card).is_empty() { vec!["spans"] } else { Vec::new() },
    tokens: |_| true,
    check,
    ..PLAIN
};

fn fits(card: &Card<'_>) -> Result<(), Unfit> {
    fits::text_to_join(card)?;
    let relations = list(card, "relations", "relations")?;
    let pieces = pieces::pieces(card, &card.text());
    pieces::ends_fit(&pieces, &relations, "/relations", "a relation")
}

fn check(card: &Card<'_>, _: Verdict, data: &mut Map<String, Value>) -> Result<(), AnswerError> {
    let text = card.text();
    let tokens = pieces::pieces(card, &text);
    check_spans(card, &tokens, text.chars().count(), data)?;
    check_relations(card, &tokens, data)
}

/// What a task has, and what an answer says in its place.
type ToCheck<'a> = (Vec<Value>, &'a mut Vec<Value>);

/// What the task has under this key, and what the answer says, to be checked; nothing if there is
/// nothing to check.
fn to_check<'a>(
    card: &Card<'_>,
    data: &'a mut Map<String, Value>,
    key: &str,
) -> Result<Option<ToCheck<'a>>, AnswerError> {
    let own = card.get(key);
    match (data.get(key), &own) {
        (None, None) => {
            data.insert(key.into(), Value::Array(Vec::new()));
            return Ok(None);
        }
        (None, Some(_)) => return Ok(None),
        // Also where it is no list.
        (Some(sent), Some(own)) if same(sent, own) => {
            data.insert(key.into(), own.clone());
            return Ok(None);
        }
        _ => {}
    }
    let given = card.list(key);
    match data.get_mut(key).and_then(Value::as_array_mut) {
        Some(sent) => Ok(Some((given, sent))),
        None => Err(AnswerError::new(key, format!("expected a list of {key}"))),
    }
}

/// The labels of spans that may be drawn.
pub(super) fn span_labels(card: &Card<'_>) -> Vec<String> {
    let labels = card.setting("relations_span_labels");
    labels.and_then(|labels| serde_json::from_value(labels).ok()).unwrap_or_default()
}

fn check_spans(
    card: &Card<'_>,
    tokens: &[Piece],
    length: usize,
    data: &mut Map<String, Value>,
) -> Result<(), AnswerError> {
    let Some((given, spans)) = to_check(card, data, "spans")? else { return Ok(()) };
    let labels = span_labels(card);
    let starts: HashMap<usize, i64> = tokens.iter().map(|token| (token.start, token.id)).collect();
    let ends: HashMap<usize, i64> = tokens.iter().map(|token| (token.end, token.id)).collect();
    let known = SuggestionIndex::among(&labels, &given);
    let mut covered: Vec<(usize, usize)> = Vec::with_capacity(spans.len());
    for (index, span) in spans.iter_mut().enumerate() {
        if let Some(own) = known.find(span) {
            *span = own.clone();
            continue;
        }
        let at = |key: &str| format!("spans[{index}].{key}");
        let offset = |key: &str| reading::offset(span, key);
        let start = offset("start").ok_or_else(|| {
            AnswerError::new(at("start"), "expected a code point's position, from 0")
        })?;
        let end = offset("end").ok_or_else(|| {
            AnswerError::new(at("end"), "expected the position after the span's last code point")
        })?;
        if start >= end || end > length {
            return Err(AnswerError::new(
                at("end"),
                format!("the span {start} to {end} does not lie in a text of {length} code points"),
            ));
        }
        known.label(span).map_err(|words| AnswerError::new(at("label"), words))?;
        let first = starts.get(&start);
        let first = first
            .ok_or_else(|| AnswerError::new(at("start"), format!("no token begins at {start}")))?;
        let last = ends.get(&end);
        let last =
            last.ok_or_else(|| AnswerError::new(at("end"), format!("no token ends at {end}")))?;
        complete(span, "token_start", &json!(first))
            .and_then(|()| complete(span, "token_end", &json!(last)))
            .map_err(|(key, words)| AnswerError::new(at(key), words))?;
        covered.push((start, end));
    }
    covered.sort_unstable();
    match covered.windows(2).find(|pair| pair[0].1 > pair[1].0) {
        None => Ok(()),
        Some(pair) => Err(AnswerError::new(
            "spans",
            format!("{} to {} and {} to {} overlap", pair[0].0, pair[0].1, pair[1].0, pair[1].1),
        )),
    }
}

fn check_relations(
    card: &Card<'_>,
    tokens: &[Piece],
    data: &mut Map<String, Value>,
) -> Result<(), AnswerError> {
    let spans: Vec<Value> = match data.get("spans") {
        Some(sent) => sent.as_array().cloned().unwrap_or_default(),
        None => card.list("spans"),
    };
    let Some((given, relations)) = to_check(card, data, "relations")? else { return Ok(()) };
    let tokens: HashMap<i64, &Piece> = tokens.iter().map(|token| (token.id, token)).collect();
    let known = SuggestionIndex::among(card.labels(), &given);
    let spans = Spans::of(&spans);
    let mut seen: HashSet<(i64, i64, String)> = HashSet::with_capacity(relations.len());
    for (index, relation) in relations.iter_mut().enumerate() {
        if let Some(own) = known.find(relation) {
            *relation = own.clone();
            continue;
        }
        let at = |key: &str| format!("relations[{index}].{key}");
        known.label(relation).map_err(|words| AnswerError::new(at("label"), words))?;
        let mut ends = [0, 0];
        for (end, side) in ends.iter_mut().zip(["head", "child"]) {
            let (id, span) = end_of(relation, side, &tokens, &spans)
                .map_err(|words| AnswerError::new(at(side), words))?;
            *end = id;
            complete(relation, &format!("{side}_span"), &span)
                .map_err(|(_, words)| AnswerError::new(at(&format!("{side}_span")), words))?;
        }
        if ends[0] == ends[1] {
            return Err(AnswerError::new(
                at("child"),
                "a relation leads from one place to another",
            ));
        }
        let label = relation.get("label").and_then(Value::as_str).unwrap_or_default();
        let this = (ends[0], ends[1], label.to_owned());
        if !seen.insert(this) {
            return Err(AnswerError::new(at("label"), "this relation is there twice"));
        }
    }
    Ok(())
}

/// The token id of an end of a relation, and what its `head_span` or `child_span` says.
fn end_of(
    relation: &Value,
    side: &str,
    tokens: &HashMap<i64, &Piece>,
    spans: &Spans<'_>,
) -> Result<(i64, Value), String> {
    let id = reading::get(relation, side).and_then(reading::integer);
    let id = id.ok_or("expected the id of a token")?;
    let token = *tokens.get(&id).ok_or_else(|| format!("no token has the id {id}"))?;
    let said = reading::get(relation, &format!("{side}_span"));
    let span = match said {
        Some(said) => spans.said(said),
        None => spans.ending.get(&id).copied(),
    };
    if let Some(span) = span.filter(|span| ends_with(span, token)) {
        let keys = ["start", "end", "token_start", "token_end", "label"];
        let same = keys.iter().filter_map(|key| Some(((*key).into(), span.get(*key)?.clone())));
        return Ok((id, Value::Object(same.collect())));
    }
    if token.disabled {
        return Err(format!("the token {id} is disabled"));
    }
    let own = json!({
        "start": token.start, "end": token.end, "token_start": id, "token_end": id, "label": null,
    });
    Ok((id, own))
}

fn ends_with(span: &Value, token: &Piece) -> bool {
    reading::offset(span, "end") == Some(token.end)
}

/// Sets a key that is missing; one that is there has to say the same.
fn complete<'a>(object: &mut Value, key: &'a str, right: &Value) -> Result<(), (&'a str, String)> {
    let Some(object) = object.as_object_mut() else { return Ok(()) };
    match object.get(key).filter(|given| !given.is_null()) {
        None => {
            object.insert(key.into(), right.clone());
            Ok(())
        }
        Some(given) if same(given, right) => Ok(()),
        Some(given) => Err((key, format!("expected {right}, found {given}"))),
    }
}

/// The spans that an end of a relation may be.
struct Spans<'a> {
    at: HashMap<Place, Vec<&'a Value>>,
    /// The first that ends with a token.
    ending: HashMap<i64, &'a Value>,
}

/// Where a span begins and ends, as far as it has these keys.
type Place = [Option<usize>; 2];

fn place(span: &Value) -> Place {
    ["start", "end"].map(|key| reading::offset(span, key))
}

impl<'a> Spans<'a> {
    fn of(spans: &'a [Value]) -> Self {
        let mut this = Self { at: HashMap::new(), ending: HashMap::new() };
        for span in spans {
            this.at.entry(place(span)).or_default().push(span);
            if let Some(id) = reading::get(span, "token_end").and_then(reading::integer) {
                this.ending.entry(id).or_insert(span);
            }
        }
        this
    }

    /// The span that an end says it is: of several in one place the one with its label.
    fn said(&self, said: &Value) -> Option<&'a Value> {
        let there = self.at.get(&place(said))?;
        let labelled = there.iter().find(|span| span.get("label") == said.get("label"));
        labelled.or(there.first()).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interface::{Settings, spec};

    fn receive(task: &Value, sent: &Value) -> Result<Value, String> {
        let mut settings = Settings { labels: vec!["FOUNDED".into()], ..Settings::default() };
        settings.config.insert("relations_span_labels".into(), json!(["PER", "ORG"]));
        let mut sent = sent.clone();
        sent["answer"] = json!("accept");
        spec::receive(&SPEC, settings, task, &sent)
    }

    #[test]
    fn the_ends_of_a_relation_are_completed_from_the_span_or_the_token() {
        let task = json!({"text": "Ada Lovelace led them"});
        let span = json!({"start": 0, "end": 12, "label": "PER", "token_start": 0, "token_end": 1});
        let sent = json!({
            "spans": [{"start": 0, "end": 12, "label": "PER"}],
            "relations": [{"head": 1, "child": 3, "label": "FOUNDED"}],
        });
        let own = json!({"start": 17, "end": 21, "token_start": 3, "token_end": 3, "label": null});
        let relation = json!({
            "head": 1, "child": 3, "label": "FOUNDED", "head_span": span, "child_span": own,
        });
        assert_eq!(receive(&task, &sent), Ok(json!({"spans": [span], "relations": [relation]})));
    }

    #[test]
    fn what_the_task_had_comes_back_as_it_is() {
        let task = json!({
            "text": "a b", "spans": "none", "relations": [{"head": 9, "child": 9, "label": 1.50}, 3],
        });
        let sent = json!({"spans": task["spans"], "relations": task["relations"]});
        assert_eq!(receive(&task, &sent), Ok(sent.clone()));
        let fewer = json!({"spans": "none", "relations": [3]});
        assert_eq!(receive(&task, &fewer), Ok(fewer.clone()));
        assert_eq!(
            receive(&json!({"text": "a"}), &json!({})),
            Ok(json!({"spans": [], "relations": []}))
        );
    }

    #[test]
    fn of_two_spans_in_one_place_an_end_may_be_either() {
        let span = |label: &str| json!({"start": 0, "end": 1, "label": label});
        let task = json!({"text": "a b", "spans": [span("PER"), span("ORG")]});
        for label in ["PER", "ORG"] {
            let relation =
                json!({"head": 0, "child": 1, "label": "FOUNDED", "head_span": span(label)});
            let sent = json!({"spans": task["spans"], "relations": [relation]});
            let kept = receive(&task, &sent).expect("fits");
            assert_eq!(kept["relations"][0]["head_span"]["label"], label);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_place() {
        let task = json!({"text": "a b", "tokens": [
            {"text": "a", "start": 0, "end": 1, "id": 0, "ws": true},
            {"text": "b", "start": 2, "end": 3, "id": 1, "ws": false, "disabled": true},
        ]});
        let relation = |head: i64, child: i64, label: &str| {
            receive(&task, &json!({"relations": [{"head": head, "child": child, "label": label}]}))
                .expect_err("a misfit")
        };
        assert_eq!(relation(0, 1, "FOUNDED"), "relations[0].child: the token 1 is disabled");
        assert_eq!(relation(7, 0, "FOUNDED"), "relations[0].head: no token has the id 7");
        assert_eq!(
            relation(0, 0, "FOUNDED"),
            "relations[0].child: a relation leads from one place to another"
        );
        assert_eq!(relation(0, 1, "X"), "relations[0].label: \"X\" is none of the labels: FOUNDED");
        assert_eq!(relation(-1, 1, "FOUNDED"), "relations[0].head: no token has the id -1");
        let span = |start: u64, end: u64, label: &str| {
            let span = json!({"start": start, "end": end, "label": label});
            receive(&task, &json!({"spans": [span]})).expect_err("a misfit")
        };
        assert_eq!(span(0, 2, "PER"), "spans[0].end: no token ends at 2");
        assert_eq!(
            span(0, 9, "PER"),
            "spans[0].end: the span 0 to 9 does not lie in a text of 3 code points"
        );
        assert_eq!(span(0, 1, "X"), "spans[0].label: \"X\" is none of the labels: PER, ORG");
        let both = json!({"spans": [
            {"start": 0, "end": 3, "label": "PER"}, {"start": 2, "end": 3, "label": "ORG"},
        ]});
        assert_eq!(receive(&task, &both), Err("spans: 0 to 3 and 2 to 3 overlap".into()));
        assert_eq!(
            receive(&task, &json!({"relations": "all"})),
            Err("relations: expected a list of relations".into())
        );
    }

    #[test]
    fn a_wrong_span_of_an_end_and_a_twin_are_refused() {
        let task = json!({"text": "a b"});
        let twin = json!({"head": 0, "child": 1, "label": "FOUNDED"});
        assert_eq!(
            receive(&task, &json!({"relations": [twin, twin]})),
            Err("relations[1].label: this relation is there twice".into())
        );
        let mut wrong = twin;
        wrong["head_span"] = json!({"start": 0, "end": 2});
        let refused = receive(&task, &json!({"relations": [wrong]})).expect_err("a misfit");
        assert!(refused.starts_with("relations[0].head_span: expected {"), "{refused}");
    }
}
