//! `pos_manual`: labels for single tokens of a text.

use super::span_validation::{SpanPolicy, check};
use super::spec::InterfaceSpec;

pub(super) const SPEC: InterfaceSpec = InterfaceSpec {
    name: "pos_manual",
    check: |card, _, data| check(card, data, SpanPolicy { overlapping: false, one_token: true }),
    ..super::ner_manual::SPEC
};

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::interface::{Settings, spec};

    #[test]
    fn a_span_is_one_token() {
        let settings = || Settings { labels: vec!["NOUN".into()], ..Settings::default() };
        // By character is no way to mark tokens.
        let task = json!({"text": "two words", "config": {"ner_manual_highlight_chars": true}});
        let send = |start: usize, end: usize| {
            let spans = json!([{"start": start, "end": end, "label": "NOUN"}]);
            let sent = json!({"answer": "accept", "spans": spans});
            spec::receive(&SPEC, settings(), &task, &sent).map(|data| data["spans"].clone())
        };
        assert_eq!(
            send(4, 9),
            Ok(json!([{"start": 4, "end": 9, "label": "NOUN", "token_start": 1, "token_end": 1}]))
        );
        assert_eq!(send(0, 9), Err("spans[0].end: expected a span of one token".into()));
        assert_eq!(send(0, 2), Err("spans[0].end: no token ends at 2".into()));
        // One that came along over several takes another label where it is.
        let given = json!([{"start": 0, "end": 9, "label": "OLD"}]);
        let task = json!({"text": "two words", "spans": given});
        let sent = json!({"answer": "accept", "spans": [{"start": 0, "end": 9, "label": "NOUN"}]});
        assert!(spec::receive(&SPEC, settings(), &task, &sent).is_ok());
    }
}
