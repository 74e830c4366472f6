//! Texts of stored format 2 and older, as the present format has them.
//!
//! Until format 2 the record of what was dealt out named the mixture and the rules by what Rust
//! prints for debugging, so the name of a type stood in every store. These texts are read here and
//! nowhere else; nothing writes them any more.

use std::borrow::Cow;

use serde_json::Value;

use crate::allocation::mixture::{BETWEEN, part_to_text};

/// The rule by which tasks of format 2 and older are told apart, by its name.
pub(crate) const IDENTITY: &str = "format-2";

/// The record of what was dealt out, as [`AllocationRecord::state`](super::Deal::state) has it now.
/// One that is of the present format already, is empty, or cannot be read, comes back as it is.
pub(crate) fn allocation_record(state: &str) -> Cow<'_, str> {
    // Only the old record has this key, and only the old rules are written with capitals. A look at
    // the text is cheap, and every load asks.
    if !state.contains("\"mixture\":") {
        return Cow::Borrowed(state);
    }
    let Ok(mut whole) = serde_json::from_str::<Value>(state) else { return Cow::Borrowed(state) };
    if let Some(dealt) = whole.get_mut("dealt").and_then(Value::as_object_mut)
        && let Some(old) = dealt.shift_remove("mixture")
    {
        let text = old.as_str().and_then(shares).unwrap_or_default();
        dealt.insert("shares".to_owned(), Value::String(text));
    }
    if let Some(rules) = whole.get_mut("looked_over").and_then(|looked| looked.get_mut("rules"))
        && let Some(text) = rules.as_str().and_then(rules_of)
    {
        *rules = Value::String(text);
    }
    Cow::Owned(whole.to_string())
}

/// A mixture, from `Mixture { parts: [Part { annotations: 1, share: 0.7, weight: 7 }, …], whole: 10
/// }`.
fn shares(text: &str) -> Option<String> {
    let parts = text.strip_prefix("Parts { parts: [")?;
    let (parts, _whole) = parts.rsplit_once("], whole: ")?;
    let parts: Option<Vec<String>> = parts.split("}, ").map(part).collect();
    Some(parts?.join(BETWEEN))
}

fn part(text: &str) -> Option<String> {
    let text = text.trim_end_matches('}').trim_end();
    let (annotations, rest) = text.strip_prefix("Part { annotations: ")?.split_once(", share: ")?;
    let (share, _weight) = rest.split_once(", weight: ")?;
    Some(part_to_text(share.parse().ok()?, annotations.parse().ok()?))
}

/// The order and the rules, from `Random(5) Open Hold`.
fn rules_of(text: &str) -> Option<String> {
    let mut words = text.split(' ');
    let (order, route, when_short) = (words.next()?, words.next()?, words.next()?);
    let order = match order {
        "Loaded" => "loaded".to_owned(),
        "FinishFirst" => "finish-first".to_owned(),
        random => {
            let seed = random.strip_prefix("Random(")?.strip_suffix(')')?;
            format!("random:{seed}")
        }
    };
    let (route, when_short) = (route.to_lowercase(), when_short.to_lowercase());
    Some(format!("{order} {route} {when_short}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocation::mixture::Mixture;
    use crate::allocation::order::Order;
    use crate::allocation::{Route, WhenShort};

    /// As annotd wrote it in format 2, to the letter.
    const OLD: &str = r#"{"dealt":{"mixture":"Parts { parts: [Part { annotations: 1, share: 0.7, weight: 7 }, Part { annotations: 3, share: 0.3, weight: 3 }], whole: 10 }","given":[7,3],"balance":{"loads":{},"pairs":{}}},"looked_over":{"rules":"Random(18446744073709551615) Balanced Partial","people":[{"name":"Parts","tags":[],"weight":1.0,"quota":null,"active":true}]},"known_since":{"ann":7}}"#;

    #[test]
    fn a_record_of_format_2_keeps_its_counts_under_the_mixtures_own_text() {
        let new = r#"{"dealt":{"given":[7,3],"balance":{"loads":{},"pairs":{}},"shares":"0.7 x 1 + 0.3 x 3"},"looked_over":{"rules":"random:18446744073709551615 balanced partial","people":[{"name":"Parts","tags":[],"weight":1.0,"quota":null,"active":true}]},"known_since":{"ann":7}}"#;
        assert_eq!(allocation_record(OLD), new);
        assert_eq!(allocation_record(new), new, "once is enough");
        assert_eq!(allocation_record(""), "");
        assert_eq!(allocation_record("{\"mixture\":"), "{\"mixture\":");
        let none = r#"{"dealt":{"mixture":"","given":[]},"looked_over":null}"#;
        assert_eq!(
            allocation_record(none),
            r#"{"dealt":{"given":[],"shares":""},"looked_over":null}"#
        );
    }

    /// What Rust printed for a mixture in format 2. The type may be called something else by now.
    fn as_of_old(shares: &[(f64, u32)]) -> String {
        let part = |(share, annotations): &(f64, u32)| {
            format!("Part {{ annotations: {annotations}, share: {share:?}, weight: 1 }}")
        };
        let parts: Vec<String> = shares.iter().map(part).collect();
        format!("Parts {{ parts: [{}], whole: 1 }}", parts.join(", "))
    }

    #[test]
    fn every_mixture_of_old_has_the_text_that_it_has_now() {
        let mixtures: [&[(f64, u32)]; 5] = [
            &[(1.0, 1)],
            &[(0.7, 1), (0.3, 3)],
            &[(1.0 - 1.2_f64.fract(), 1), (1.2_f64.fract(), 2)],
            &[(1.0 - 1e-9, 1), (1e-9, 10_000)],
            &[(0.2, 1), (0.3, 2), (0.5, 3)],
        ];
        for mixture in mixtures {
            let now = Mixture::mix(mixture).expect("a mixture").to_text();
            assert_eq!(shares(&as_of_old(mixture)), Some(now));
        }
        assert_eq!(shares("Mixture { parts: [], whole: 1 }"), None);
        assert_eq!(shares("Parts { parts: [], whole: 1 }"), None);
    }

    #[test]
    fn rules_of_old_have_the_roster_s_words() {
        for (old, order, route, short) in [
            ("Loaded Open Hold", Order::Loaded, Route::Open, WhenShort::Hold),
            (
                "FinishFirst Balanced Partial",
                Order::FinishFirst,
                Route::Balanced,
                WhenShort::Partial,
            ),
            ("Random(5) Hash Hold", Order::Random(5), Route::Hash, WhenShort::Hold),
        ] {
            let now = format!("{} {} {}", order.to_text(), route.as_str(), short.as_str());
            assert_eq!(rules_of(old), Some(now));
        }
        assert_eq!(rules_of("Sorted Open Hold"), None);
    }
}
