//! `spans_manual`: spans of a text that begin and end with its tokens and may lie over each other.

use super::span_validation::{SpanPolicy, check};
use super::spec::InterfaceSpec;

pub(super) const SPEC: InterfaceSpec = InterfaceSpec {
    name: "spans_manual",
    check: |card, _, data| check(card, data, SpanPolicy { overlapping: true, one_token: false }),
    ..super::ner_manual::SPEC
};

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::interface::{Settings, spec};

    #[test]
    fn spans_may_lie_over_each_other_but_not_be_there_twice() {
        let settings =
            || Settings { labels: vec!["PER".into(), "LOC".into()], ..Settings::default() };
        let task = json!({"text": "Mae in Zürich"});
        let a = json!({"start": 0, "end": 6, "label": "PER", "token_start": 0, "token_end": 1});
        let b = json!({"start": 4, "end": 13, "label": "LOC", "token_start": 1, "token_end": 2});
        let c = json!({"start": 4, "end": 13, "label": "PER", "token_start": 1, "token_end": 2});
        let send = |spans| {
            let sent = json!({"answer": "accept", "spans": spans});
            spec::receive(&SPEC, settings(), &task, &sent)
        };
        assert!(send(json!([a, b, c])).is_ok());
        assert_eq!(send(json!([b, b])), Err("spans[1]: 4 to 13 as \"LOC\" is there twice".into()));
    }
}
