//! `audio_manual`: stretches of a sound or a video, each with a label, in seconds from its
//! beginning.
//!
//! They may overlap, because people talk at the same time. A stretch that the task already had is
//! taken back as it is. The length of the sound is not known here.

use serde_json::{Map, Value};

use super::heard;
use super::spec::{AnswerError, Card, InterfaceSpec, PLAIN};
use super::suggestion_index::SuggestionIndex;
use crate::task::Verdict;

pub(super) const SPEC: InterfaceSpec = InterfaceSpec {
    name: "audio_manual",
    fits: heard::fits,
    content: &heard::CONTENT,
    context: &heard::CONTEXT,
    answer_keys: |_| vec!["audio_spans".into()],
    tokens: |_| false,
    check,
    ..PLAIN
};

fn check(card: &Card<'_>, _: Verdict, data: &mut Map<String, Value>) -> Result<(), AnswerError> {
    let Some(spans) = data.get_mut("audio_spans") else {
        if !card.has("audio_spans") {
            data.insert("audio_spans".into(), Value::Array(Vec::new()));
        }
        return Ok(());
    };
    let Some(spans) = spans.as_array_mut() else {
        return Err(AnswerError::new("audio_spans", "expected a list of stretches"));
    };
    let given = card.list("audio_spans");
    let known = SuggestionIndex::of(card, &given);
    for (index, span) in spans.iter_mut().enumerate() {
        if let Some(old) = known.find(span) {
            *span = old.clone();
            continue;
        }
        let at = |key: &str| format!("audio_spans[{index}].{key}");
        let seconds = |key: &str| {
            let value = span.get(key).and_then(Value::as_f64);
            value.filter(|value| value.is_finite() && *value >= 0.0).ok_or_else(|| {
                AnswerError::new(at(key), "expected seconds from the beginning of the sound")
            })
        };
        let (start, end) = (seconds("start")?, seconds("end")?);
        if start >= end {
            let message = format!("the stretch from {start} to {end} seconds is empty");
            return Err(AnswerError::new(at("end"), message));
        }
        known.label(span).map_err(|message| AnswerError::new(at("label"), message))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::interface::{Settings, spec};

    fn receive(task: &Value, sent: &Value) -> Result<Value, String> {
        let settings = Settings { labels: vec!["SPEECH".into()], ..Settings::default() };
        let mut sent = sent.clone();
        sent["answer"] = "accept".into();
        spec::receive(&SPEC, settings, task, &sent)
    }

    #[test]
    fn stretches_may_overlap() {
        let task = json!({"audio": "a.wav"});
        let spans = json!({"audio_spans": [
            {"start": 0.4, "end": 3.25, "label": "SPEECH"}, {"start": 1, "end": 2, "label": "SPEECH"},
        ]});
        assert_eq!(receive(&task, &spans), Ok(spans));
        assert_eq!(receive(&task, &json!({})), Ok(json!({"audio_spans": []})));
    }

    #[test]
    fn what_is_no_stretch_is_refused_with_its_place() {
        let task = json!({"video": "a.mp4"});
        let refused =
            |span: Value| receive(&task, &json!({"audio_spans": [span]})).expect_err("refused");
        let label = "SPEECH";
        assert!(
            refused(json!({"start": 2, "end": 2, "label": label}))
                .starts_with("audio_spans[0].end")
        );
        assert!(
            refused(json!({"start": -1, "end": 2, "label": label}))
                .starts_with("audio_spans[0].start")
        );
        assert!(refused(json!({"start": "0", "end": 2, "label": label})).contains("seconds"));
        assert!(
            refused(json!({"start": 0, "end": 2, "label": "X"})).contains("none of the labels")
        );
        assert!(receive(&task, &json!({"audio_spans": {}})).is_err());
    }

    #[test]
    fn what_was_pre_annotated_comes_back_as_it_is() {
        let odd = json!({"start": 3.0, "end": 1.0, "label": "OLD", "id": 7});
        let task = json!({"audio": "a.wav", "audio_spans": [odd]});
        let back = json!({"start": 3, "end": 1, "label": "OLD", "id": 7});
        let kept = receive(&task, &json!({"audio_spans": [back]})).expect("fits");
        assert_eq!(kept["audio_spans"][0].to_string(), odd.to_string());
        assert_eq!(receive(&task, &json!({})), Ok(json!({})));
    }
}
