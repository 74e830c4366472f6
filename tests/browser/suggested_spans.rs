//! `ner`, `spans` and `pos`: suggested spans are answered.

use serde_json::{Value, json};

use crate::browser_session::{BrowserSession, Trial, try_out};
use crate::spans::{manual, suggested};

async fn try_binary(view: &str, spans: Value) {
    let settings = manual(view, &["ORG", "PLACE", "PERSON"]);
    let trial = Trial {
        name: view,
        settings: &settings,
        first: json!({"text": "University of Zürich met Smith.", "spans": spans, "meta": {"n": 1}}),
        second: json!({"text": "The Bank of Spain saw Smith.", "meta": {"n": 2}, "spans": [
            {"start": 4, "end": 17, "label": "ORG"}, {"start": 12, "end": 17, "label": "PLACE"},
        ]}),
        by_keyboard: json!({"answer": "accept"}),
        by_mouse: json!({"answer": "accept"}),
    };
    let drawn = "document.querySelectorAll('[data-span]').length >= 2";
    let see = async |session: &BrowserSession| {
        session.wait_for("the spans", drawn).await;
    };
    try_out(trial, see, see).await;
}

#[tokio::test]
async fn suggested_entities_are_answered() {
    try_binary("ner", json!([{"start": 14, "end": 20, "label": "PLACE"}, {"start": 25, "end": 30, "label": "PERSON"}])).await;
}

#[tokio::test]
async fn suggested_spans_that_overlap_are_answered() {
    try_binary("spans", suggested()).await;
}

#[tokio::test]
async fn suggested_tags_are_answered() {
    try_binary("pos", suggested()).await;
}
