//! `ner_manual`: spans of a text that begin and end with its tokens and never overlap.
//!
//! A span that the task already had is taken back as it is, even where it does not snap, overlaps or
//! lies outside: what was pre-annotated comes back untouched unless the annotator changed it.

use serde_json::{Map, Value};

use super::kind::{Card, Kind, Misfit, PLAIN};
use crate::task::{Token, Verdict, tokenize};

pub(super) const KIND: Kind = Kind {
    name: "ner_manual",
    lacks: |card| card.lacks_all(&["text"], "a task with `text`"),
    sets: |_| vec!["spans".into()],
    tokens: |_| true,
    check,
    ..PLAIN
};

fn check(card: &Card<'_>, _: Verdict, data: &mut Map<String, Value>) -> Result<(), Misfit> {
    let given: Vec<Value> = card.get_as("spans").unwrap_or_default();
    let Some(spans) = data.get_mut("spans") else {
        if given.is_empty() {
            data.insert("spans".into(), Value::Array(Vec::new()));
        }
        return Ok(());
    };
    let Some(spans) = spans.as_array_mut() else {
        return Err(Misfit::new("spans", "expected a list of spans"));
    };
    let text: String = card.get_as("text").unwrap_or_default();
    let length = text.chars().count();
    let tokens: Vec<Token> = card.get_as("tokens").unwrap_or_else(|| tokenize(&text));
    let by_character = card.is_on("ner_manual_highlight_chars");
    let mut covered: Vec<(usize, usize)> = Vec::with_capacity(spans.len());
    for (index, span) in spans.iter_mut().enumerate() {
        let at = |key: &str| format!("spans[{index}].{key}");
        let start = offset(span, "start")
            .ok_or_else(|| Misfit::new(at("start"), "expected a code point's position, from 0"))?;
        let end = offset(span, "end").ok_or_else(|| {
            Misfit::new(at("end"), "expected the position after the span's last code point")
        })?;
        if given.contains(span) {
            continue;
        }
        if start >= end || end > length {
            return Err(Misfit::new(
                at("end"),
                format!("the span {start} to {end} does not lie in a text of {length} code points"),
            ));
        }
        covered.push((start, end));
        let label = span.get("label").and_then(Value::as_str).unwrap_or_default();
        let known = card.labels().iter().any(|known| known == label)
            || given.iter().any(|old| old.get("label").and_then(Value::as_str) == Some(label));
        if !known {
            return Err(Misfit::new(
                at("label"),
                format!("{label:?} is none of the labels: {}", card.labels().join(", ")),
            ));
        }
        if by_character {
            continue;
        }
        snap(span, start, end, &tokens).map_err(|(key, message)| Misfit::new(at(key), message))?;
    }
    covered.sort_unstable();
    if let Some(pair) = covered.windows(2).find(|pair| pair[0].1 > pair[1].0) {
        return Err(Misfit::new(
            "spans",
            format!("{} to {} and {} to {} overlap", pair[0].0, pair[0].1, pair[1].0, pair[1].1),
        ));
    }
    Ok(())
}

fn offset(span: &Value, key: &str) -> Option<usize> {
    span.get(key).and_then(Value::as_u64).and_then(|offset| usize::try_from(offset).ok())
}

/// Finds the tokens that the span begins and ends with, and completes `token_start` and
/// `token_end` (inclusive) from them.
fn snap(
    span: &mut Value,
    start: usize,
    end: usize,
    tokens: &[Token],
) -> Result<(), (&'static str, String)> {
    let first = tokens.iter().find(|token| token.start == start);
    let last = tokens.iter().find(|token| token.end == end);
    let first = first.ok_or_else(|| ("start", format!("no token begins at {start}")))?;
    let last = last.ok_or_else(|| ("end", format!("no token ends at {end}")))?;
    let Some(span) = span.as_object_mut() else {
        return Ok(());
    };
    for (key, token) in [("token_start", first), ("token_end", last)] {
        match span.get(key) {
            None => {
                span.insert(key.into(), token.id.into());
            }
            Some(given) if given.as_u64() == u64::try_from(token.id).ok() => {}
            Some(given) => return Err((key, format!("expected {}, found {given}", token.id))),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::task::interface::{Settings, kind};

    fn receive(task: &Value, spans: &Value) -> Result<Value, String> {
        let settings = Settings { labels: vec!["PER".into(), "LOC".into()], ..Settings::default() };
        let sent = json!({"answer": "accept", "spans": spans});
        kind::receive(&KIND, settings, task, &sent).map(|data| data["spans"].clone())
    }

    #[test]
    fn token_offsets_are_completed_in_code_points() {
        let task = json!({"text": "👩‍🚀 Mae in Zürich"});
        assert_eq!(
            receive(&task, &json!([{"start": 4, "end": 7, "label": "PER"}])),
            Ok(json!([{"start": 4, "end": 7, "label": "PER", "token_start": 1, "token_end": 1}]))
        );
    }

    #[test]
    fn a_span_that_cuts_a_token_is_refused_with_its_place() {
        let task = json!({"text": "Mae in Zürich"});
        assert_eq!(
            receive(&task, &json!([{"start": 0, "end": 2, "label": "PER"}])),
            Err("spans[0].end: no token ends at 2".into())
        );
    }

    #[test]
    fn overlaps_unknown_labels_and_wrong_offsets_are_refused() {
        let task = json!({"text": "Mae in Zürich"});
        let a = json!({"start": 0, "end": 6, "label": "PER"});
        let b = json!({"start": 4, "end": 13, "label": "LOC"});
        assert_eq!(receive(&task, &json!([a, b])), Err("spans: 0 to 6 and 4 to 13 overlap".into()));
        assert!(receive(&task, &json!([{"start": 0, "end": 3, "label": "X"}])).is_err());
        assert!(receive(&task, &json!([{"start": 7, "end": 14, "label": "LOC"}])).is_err());
        assert!(receive(&task, &json!([{"start": -1, "end": 3, "label": "LOC"}])).is_err());
        assert!(receive(&task, &json!("all")).is_err());
    }

    #[test]
    fn what_was_pre_annotated_comes_back_as_it_is() {
        let odd = json!({"start": 1, "end": 2, "label": "OLD", "score": 0.5});
        let task = json!({"text": "Mae in Zürich", "spans": [odd]});
        assert_eq!(receive(&task, &json!([odd])), Ok(json!([odd])));
        let far = json!({"start": 0, "end": 99, "label": "OLD"});
        let task = json!({"text": "Mae in Zürich", "spans": [odd, far]});
        assert_eq!(receive(&task, &json!([odd, far])), Ok(json!([odd, far])));
    }
}
