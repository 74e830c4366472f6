//! The tokens of a card: the task's own, or those that annotd makes of its text.
//!
//! Both checks of answers (`span_validation`, `relations`) and the page go by these. Where a task's
//! own are written in a way that a page would read otherwise (`1.0` as an id, `null`), the page is
//! sent them plainly under `_tokens`; the task stays as it is.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::fits::{Unfit, stretch, what_is};
use super::spec::Card;
use crate::task::reading;

/// A stretch that a span may begin or end at.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Piece {
    pub start: usize,
    pub end: usize,
    pub id: i64,
    pub disabled: bool,
}

/// The tokens in the order of the text. Own ones that lie wrong (before one another, beyond the
/// text) cannot be drawn in a row, and are left out; one without a number goes by its place.
pub(super) fn pieces(card: &Card<'_>, text: &str) -> Vec<Piece> {
    let number = |index: usize| i64::try_from(index).unwrap_or(i64::MAX);
    let Some(Value::Array(tokens)) = card.get("tokens") else {
        let made = card.computed_tokens(text).into_iter();
        return made
            .map(|token| Piece {
                start: token.start,
                end: token.end,
                id: number(token.id),
                disabled: false,
            })
            .collect();
    };
    let length = text.chars().count();
    let mut pieces: Vec<Piece> = Vec::with_capacity(tokens.len());
    for (index, token) in tokens.iter().enumerate() {
        let (Some(start), Some(end)) =
            (reading::offset(token, "start"), reading::offset(token, "end"))
        else {
            continue;
        };
        if start < pieces.last().map_or(0, |last| last.end) || end <= start || end > length {
            continue;
        }
        let id = reading::get(token, "id").and_then(reading::integer);
        let disabled = token.get("disabled") == Some(&Value::Bool(true));
        pieces.push(Piece { start, end, id: id.unwrap_or_else(|| number(index)), disabled });
    }
    pieces
}

/// The task's own tokens as the page is to read them, if they are written otherwise.
pub(super) fn plainly(card: &Card<'_>) -> Option<Vec<Value>> {
    const WHOLE: [&str; 3] = ["start", "end", "id"];
    let tokens: Vec<Value> = card.get_as("tokens")?;
    let plain = |token: &Map<String, Value>| reading::plain(token, &WHOLE);
    if !tokens.iter().any(|token| token.as_object().and_then(plain).is_some()) {
        return None;
    }
    let plainly = |token: Value| match token {
        Value::Object(token) => Value::Object(plain(&token).unwrap_or(token)),
        other => other,
    };
    Some(tokens.into_iter().map(plainly).collect())
}

/// Checks that the task's own tokens lie in its text, one after the other, and say what stands
/// there.
pub(super) fn fits(card: &Card<'_>, text: &str) -> Result<(), Unfit> {
    let tokens = match card.get("tokens") {
        None => return Ok(()),
        Some(Value::Array(tokens)) if !tokens.is_empty() => tokens,
        Some(other) => {
            let found = if other.is_array() { "none".into() } else { what_is(&other) };
            return Err(Unfit::new("/tokens", "tokens, each with `start` and `end`", found)
                .help("leave `tokens` out, and annotd makes them"));
        }
    };
    // Where each code point begins, so that a long text is walked through once.
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let length = places.len() - 1;
    let mut before = 0;
    let mut ids = HashSet::with_capacity(tokens.len());
    for (index, token) in tokens.iter().enumerate() {
        let at = format!("/tokens/{index}");
        let (start, end) = stretch(token, &at, "a token")?;
        let found = format!("{start} to {end}");
        if start < before {
            return Err(Unfit::new(
                at,
                format!("a token after the one that ends at {before}"),
                found,
            )
            .help("tokens stand in the order of the text and do not overlap"));
        }
        if start >= end || end > length {
            let inside = format!("a token inside of the text of {length} characters");
            return Err(Unfit::new(at, inside, found)
                .help("start and end count code points, from 0, and end is exclusive"));
        }
        let there = &text[places[start]..places[end]];
        match reading::get(token, "text") {
            None => {}
            Some(Value::String(said)) if said == there => {}
            Some(said) => {
                let expected = format!("the text at {start} to {end}, {there:?}");
                return Err(Unfit::new(format!("{at}/text"), expected, said.to_string())
                    .help("tokens are those of this very text; start and end count code points"));
            }
        }
        if let Some(id) = reading::get(token, "id") {
            let at = format!("{at}/id");
            let Some(number) = reading::integer(id) else {
                return Err(Unfit::new(at, "a whole number", what_is(id)));
            };
            if !ids.insert(number) {
                return Err(Unfit::new(at, "an id of its own", format!("{number} once more")));
            }
        }
        before = end;
    }
    Ok(())
}

/// Checks that arcs or relations have their ends in these tokens.
pub(super) fn ends_fit(
    pieces: &[Piece],
    listed: &[Value],
    within: &str,
    what: &str,
) -> Result<(), Unfit> {
    let ids: HashSet<i64> = pieces.iter().map(|piece| piece.id).collect();
    for (index, one) in listed.iter().enumerate() {
        let at = format!("{within}/{index}");
        if !one.is_object() {
            let expected = format!("{what}, an object with `head` and `child`");
            return Err(Unfit::new(at, expected, what_is(one)));
        }
        for end in ["head", "child"] {
            let Some(id) = reading::get(one, end) else {
                let expected = format!("{what} with `head` and `child`");
                return Err(Unfit::new(at, expected, format!("no `{end}`")));
            };
            if !reading::integer(id).is_some_and(|id| ids.contains(&id)) {
                return Err(Unfit::new(format!("{at}/{end}"), "the id of a token", id.to_string())
                    .help("give the task the `tokens` that these ids are of"));
            }
        }
    }
    Ok(())
}
