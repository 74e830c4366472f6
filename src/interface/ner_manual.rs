//! `ner_manual`: spans of a text that begin and end with its tokens and never overlap.

use super::fits;
use super::span_validation::{SpanPolicy, check};
use super::spec::{InterfaceSpec, PLAIN};

pub(super) const SPEC: InterfaceSpec = InterfaceSpec {
    name: "ner_manual",
    fits: fits::text_to_mark,
    content: &["text"],
    answer_keys: |_| vec!["spans".into()],
    tokens: |_| true,
    check: |card, _, data| check(card, data, SpanPolicy { overlapping: false, one_token: false }),
    ..PLAIN
};

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::interface::{Settings, spec};

    fn receive(task: &Value, spans: &Value) -> Result<Value, String> {
        let settings = Settings { labels: vec!["PER".into(), "LOC".into()], ..Settings::default() };
        let sent = json!({"answer": "accept", "spans": spans});
        spec::receive(&SPEC, settings, task, &sent).map(|data| data["spans"].clone())
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

    #[test]
    fn untouched_is_equal_whatever_it_is() {
        for spans in [
            json!(null),
            json!("none"),
            json!([]),
            json!([null, 3, {"label": "OLD"}]),
            json!([{"start": 4, "end": 6}, {"start": 0, "end": 6, "label": "PER"}]),
        ] {
            let task = json!({"text": "Mae in Zürich", "spans": spans});
            assert_eq!(receive(&task, &spans), Ok(spans));
        }
    }

    #[test]
    fn numbers_come_back_as_the_task_wrote_them() {
        let spans: Value =
            serde_json::from_str(r#"[{"start": 0.0, "end": 3.0, "label": "PER", "score": 1e0}]"#)
                .expect("JSON");
        let task = json!({"text": "Mae in Zürich", "spans": spans});
        let sent = json!([{"start": 0, "end": 3, "label": "PER", "score": 1}]);
        assert_eq!(receive(&task, &sent), Ok(spans.clone()));
        let more = json!([
            {"start": 0, "end": 3, "label": "PER", "score": 1},
            {"start": 7, "end": 13, "label": "LOC"},
        ]);
        assert_eq!(receive(&task, &more).expect("fits")[0], spans[0]);
    }

    #[test]
    fn a_new_span_lies_over_none_that_was_given() {
        let given = json!([
            {"start": 0, "end": 6, "label": "PER"}, {"start": 4, "end": 13, "label": "LOC"},
        ]);
        let task = json!({"text": "Mae in Zürich, in May", "spans": given});
        let with = |span: Value| receive(&task, &json!([given[0], given[1], span]));
        assert_eq!(
            with(json!({"start": 7, "end": 13, "label": "PER"})),
            Err("spans: 4 to 13 and 7 to 13 overlap".into())
        );
        assert!(with(json!({"start": 18, "end": 21, "label": "PER"})).is_ok());
    }

    #[test]
    fn a_disabled_token_is_in_no_new_span() {
        let tokens = json!([
            {"text": "Mae", "start": 0, "end": 3, "id": 0},
            {"text": "in", "start": 4, "end": 6, "id": 1, "disabled": true},
            {"text": "Zürich", "start": 7, "end": 13, "id": 2},
        ]);
        let task = json!({"text": "Mae in Zürich", "tokens": tokens});
        assert_eq!(
            receive(&task, &json!([{"start": 0, "end": 13, "label": "PER"}])),
            Err("spans[0].start: the token 4 to 6 is disabled".into())
        );
        assert!(receive(&task, &json!([{"start": 7, "end": 13, "label": "LOC"}])).is_ok());
    }

    #[test]
    fn by_character_a_span_cuts_tokens_and_carries_no_numbers() {
        let task = json!({
            "text": "Mae in Zürich", "config": {"ner_manual_highlight_chars": true},
        });
        let spans = json!([{"start": 1, "end": 5, "label": "PER"}]);
        assert_eq!(receive(&task, &spans), Ok(spans));
    }
}
