//! What `ner_manual`, `spans_manual` and `pos_manual` ask of the spans that come back.
//!
//! A span that the task already had is taken back as it is, even where it does not snap, overlaps
//! or lies outside: what was pre-annotated comes back untouched unless the annotator changed it. A
//! page has one kind of number, so `1.0` comes back as `1`; what is stored is then the task's own
//! writing.
//!
//! A new span has to lie in the text, bear a known label, keep clear of disabled tokens, and begin
//! and end with tokens unless the project highlights by character; of computed ones, with tokens
//! that are not blank. Tokens that lie wrong (before one another, beyond the text) cannot be drawn
//! in a row, and are no borders here either.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::pieces::{Piece, pieces};
use super::spec::{AnswerError, Card};
use super::suggestion_index::same as alike;
use crate::task::reading::{self, offset};

/// In what the interfaces differ.
#[derive(Clone, Copy)]
pub(super) struct SpanPolicy {
    /// Whether spans may lie over each other.
    pub overlapping: bool,
    /// Whether a span is one token and no more.
    pub one_token: bool,
}

/// Checks the spans of an answer, and completes `token_start` and `token_end` (inclusive).
pub(super) fn check(
    card: &Card<'_>,
    data: &mut Map<String, Value>,
    rules: SpanPolicy,
) -> Result<(), AnswerError> {
    let given = card.get("spans");
    let Some(sent) = data.get_mut("spans") else {
        if given.is_none_or(|given| given.as_array().is_some_and(Vec::is_empty)) {
            data.insert("spans".into(), Value::Array(Vec::new()));
        }
        return Ok(());
    };
    if let Some(given) = given.as_ref().filter(|given| alike(given, sent)) {
        *sent = given.clone();
        return Ok(());
    }
    let given = given.as_ref().and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let Some(spans) = sent.as_array_mut() else {
        return Err(AnswerError::new("spans", "expected a list of spans"));
    };
    let text = Text::of(card, rules, given);
    let mut given_at: HashMap<Option<u64>, Vec<&Value>> = HashMap::new();
    for own in given {
        given_at.entry(beginning(own)).or_default().push(own);
    }
    // Where each span lies, and whether it is new.
    let mut places: Vec<(usize, usize, bool)> = Vec::with_capacity(spans.len());
    let mut new: HashSet<(usize, usize, String)> = HashSet::new();
    for (index, span) in spans.iter_mut().enumerate() {
        let own = given_at.get(&beginning(span)).into_iter().flatten().find(|own| alike(own, span));
        if let Some(own) = own {
            *span = (*own).clone();
            if let (Some(start), Some(end)) = (offset(span, "start"), offset(span, "end")) {
                places.push((start, end, false));
            }
            continue;
        }
        let at = |key: &str| format!("spans[{index}].{key}");
        let (start, end) =
            text.check(span).map_err(|(key, message)| AnswerError::new(at(key), message))?;
        let label = span.get("label").and_then(Value::as_str).unwrap_or_default();
        if !new.insert((start, end, label.to_owned())) {
            return Err(AnswerError::new(
                format!("spans[{index}]"),
                format!("{start} to {end} as {label:?} is there twice"),
            ));
        }
        places.push((start, end, true));
    }
    if rules.overlapping { Ok(()) } else { apart(places) }
}

/// Where something says that it begins, as a key; spans that are alike have the same.
fn beginning(span: &Value) -> Option<u64> {
    span.get("start").and_then(Value::as_f64).map(|start| (start + 0.0).to_bits())
}

/// That no new span lies over another. Those that came with the task may.
fn apart(mut places: Vec<(usize, usize, bool)>) -> Result<(), AnswerError> {
    places.sort_unstable();
    // The furthest that reached this far, of the new ones and of all.
    let mut reach: [Option<(usize, usize)>; 2] = [None, None];
    for (start, end, is_new) in places {
        let over = if is_new { reach[1] } else { reach[0] };
        if let Some((from, to)) = over.filter(|(_, to)| *to > start) {
            return Err(AnswerError::new(
                "spans",
                format!("{from} to {to} and {start} to {end} overlap"),
            ));
        }
        for slot in if is_new { 0..2 } else { 1..2 } {
            if reach[slot].is_none_or(|(_, to)| to < end) {
                reach[slot] = Some((start, end));
            }
        }
    }
    Ok(())
}

/// What new spans are held against.
struct Text<'a> {
    length: usize,
    /// In the order of the text, none over another.
    pieces: Vec<Piece>,
    labels: &'a [String],
    /// The labels of what the task came with: they may be used too.
    given: HashSet<&'a str>,
    /// Where that lies: with another label it may stay there, over whatever tokens.
    given_places: HashSet<(usize, usize)>,
    by_character: bool,
    one_token: bool,
}

type Complaint = (&'static str, String);

impl<'a> Text<'a> {
    fn of(card: &Card<'a>, rules: SpanPolicy, given: &'a [Value]) -> Self {
        let text = card.text();
        let length = text.chars().count();
        let pieces = pieces(card, &text);
        Self {
            length,
            pieces,
            labels: card.labels(),
            given: given
                .iter()
                .filter_map(|old| old.get("label").and_then(Value::as_str))
                .collect(),
            given_places: given
                .iter()
                .filter_map(|old| Some((offset(old, "start")?, offset(old, "end")?)))
                .collect(),
            by_character: card.is_on("ner_manual_highlight_chars") && !rules.one_token,
            one_token: rules.one_token,
        }
    }

    /// Where a new span lies, and its token numbers completed.
    fn check(&self, span: &mut Value) -> Result<(usize, usize), Complaint> {
        let start = offset(span, "start")
            .ok_or_else(|| ("start", "expected a code point's position, from 0".to_owned()))?;
        let end = offset(span, "end").ok_or_else(|| {
            ("end", "expected the position after the span's last code point".to_owned())
        })?;
        if start >= end || end > self.length {
            let message = format!(
                "the span {start} to {end} does not lie in a text of {} code points",
                self.length
            );
            return Err(("end", message));
        }
        let label = span.get("label").and_then(Value::as_str).unwrap_or_default();
        if !self.given.contains(label) && !self.labels.iter().any(|known| known == label) {
            let message = format!("{label:?} is none of the labels: {}", self.labels.join(", "));
            return Err(("label", message));
        }
        let is_renamed = self.given_places.contains(&(start, end));
        let first = self.pieces.partition_point(|piece| piece.end <= start);
        let covered = self.pieces[first..].iter().take_while(|piece| piece.start < end);
        if let Some(off) = covered.into_iter().find(|piece| piece.disabled && !is_renamed) {
            let message = format!("the token {} to {} is disabled", off.start, off.end);
            return Err(("start", message));
        }
        if !self.by_character {
            self.snap(span, start, end, self.one_token && !is_renamed)?;
        }
        Ok((start, end))
    }

    /// Finds the tokens that the span begins and ends with, and completes `token_start` and
    /// `token_end` from them.
    fn snap(
        &self,
        span: &mut Value,
        start: usize,
        end: usize,
        one_token: bool,
    ) -> Result<(), Complaint> {
        let first = self.pieces.binary_search_by_key(&start, |piece| piece.start);
        let last = self.pieces.binary_search_by_key(&end, |piece| piece.end);
        let first = first.map_err(|_| ("start", format!("no token begins at {start}")))?;
        let last = last.map_err(|_| ("end", format!("no token ends at {end}")))?;
        if one_token && first != last {
            return Err(("end", "expected a span of one token".into()));
        }
        let Some(span) = span.as_object_mut() else {
            return Ok(());
        };
        for (key, piece) in [("token_start", first), ("token_end", last)] {
            let id = self.pieces[piece].id;
            match span.get(key).filter(|given| !given.is_null()) {
                None => {
                    span.insert(key.into(), id.into());
                }
                Some(given) if reading::integer(given) == Some(id) => {}
                Some(given) => return Err((key, format!("expected {id}, found {given}"))),
            }
        }
        Ok(())
    }
}
