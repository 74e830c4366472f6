//! `text`, `classification` and `choice`, with the keyboard alone and with the mouse alone.

use serde_json::json;

use crate::seat::{Trial, try_out};

#[tokio::test]
async fn text_is_answered_by_keyboard_and_by_mouse() {
    let trial = Trial {
        name: "text",
        settings: "interface = \"text\"",
        first: json!({"text": "The square was empty by noon.", "meta": {"n": 1}}),
        second: json!({"text": "By evening it was full again.", "meta": {"n": 2, "source": "AFP"}}),
        by_keyboard: json!({"answer": "accept"}),
        by_mouse: json!({"answer": "accept"}),
    };
    try_out(trial, async |_| (), async |_| ()).await;
}

#[tokio::test]
async fn a_classification_is_answered_by_keyboard_and_by_mouse() {
    let trial = Trial {
        name: "classification",
        settings: "interface = \"classification\"\nlabels = [\"ASSAULT\"]",
        first: json!({
            "text": "Two of them were taken to hospital.", "label": "ASSAULT", "meta": {"n": 1},
            "context_before": "Police used batons against the crowd.",
            "context_after": "By evening the square was empty.",
        }),
        second: json!({
            "text": "The minister spoke for an hour.", "label": "ASSAULT", "meta": {"n": 2},
            "title": "A speech", "body": "It began at nine. The minister spoke for an hour. Few stayed.",
        }),
        by_keyboard: json!({"answer": "accept"}),
        by_mouse: json!({"answer": "accept"}),
    };
    try_out(trial, async |_| (), async |_| ()).await;
}

#[tokio::test]
async fn a_choice_is_made_by_keyboard_and_by_mouse() {
    let options = json!([
        {"id": 1, "text": "sport"}, {"id": "b", "text": "politics"}, {"id": 3, "html": "<b>arts</b> 🎭"},
    ]);
    let trial = Trial {
        name: "choice",
        settings: "interface = \"choice\"\n[project.config]\nchoice_style = \"multiple\"",
        first: json!({"text": "Nobody won the final.", "options": options, "meta": {"n": 1}}),
        second: json!({"text": "The gallery reopens in May.", "options": options, "meta": {"n": 2}}),
        by_keyboard: json!({"answer": "accept", "accept": [1, 3]}),
        by_mouse: json!({"answer": "accept", "accept": ["b"]}),
    };
    try_out(
        trial,
        async |seat| seat.press(&['3', '1']).await,
        async |seat| {
            seat.click("[data-option=b]").await;
        },
    )
    .await;
}
