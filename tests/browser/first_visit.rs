//! `text`, `classification` and `choice`, with the keyboard alone and with the mouse alone.

use serde_json::json;

use crate::browser_session::{BrowserSession, Trial, try_out};

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
        first: json!({"text": "Sweden won the final.", "options": options, "meta": {"n": 1}}),
        second: json!({"text": "The gallery reopens in May.", "options": options, "meta": {"n": 2}}),
        by_keyboard: json!({"answer": "accept", "accept": [1, 3]}),
        by_mouse: json!({"answer": "accept", "accept": ["b"]}),
    };
    try_out(
        trial,
        async |session| session.press(&['3', '1']).await,
        async |session| {
            session.click("[data-option=b]").await;
        },
    )
    .await;
}

#[tokio::test]
async fn an_option_stands_beside_its_box_whichever_way_it_is_read() {
    let options = json!([{"id": 1, "text": "politics"}, {"id": 2, "text": "سياسة"}]);
    let task = json!({"text": "a", "options": options, "meta": {"n": 1}});
    let session = BrowserSession::open("interface = \"choice\"", &[task]).await;
    session.card().await;
    // How far the words begin from the box, to the one side or to the other.
    let gaps = "[...document.querySelectorAll('.option')].map((row) => { \
        const box = row.querySelector('input').getBoundingClientRect(); \
        const range = document.createRange(); range.selectNodeContents(row.querySelector('.words')); \
        const words = range.getBoundingClientRect(); \
        return [Math.round(words.left - box.right), Math.round(box.left - words.right)]; })";
    let found = session.eval(gaps).await;
    assert_eq!(found[0][0], 12, "{found}");
    assert_eq!(found[1][1], 12, "{found}");
    // On a page in Arabic too, and there the keys are still written as they are pressed.
    session.eval("localStorage.setItem('annotd.language', 'ar')").await;
    session.reload().await;
    assert_eq!(session.eval("document.documentElement.dir").await, "rtl");
    let found = session.eval(gaps).await;
    assert_eq!(found[0][0], 12, "{found}");
    assert_eq!(found[1][1], 12, "{found}");
    let keys = "[...document.querySelectorAll('kbd')].every((one) => getComputedStyle(one).direction === 'ltr')";
    assert_eq!(session.eval(keys).await, json!(true));
    session.picture("choice_arabic").await;
    session.close().await;
}

#[tokio::test]
async fn what_is_known_of_a_task_is_shown_unless_the_project_hides_it() {
    let meta = "document.querySelector('.card:not(.offscreen) .meta') !== null";
    for (hides, shown) in [("", true), ("\n[project.config]\nhide_meta = true", false)] {
        let task = json!({"text": "The square was empty.", "meta": {"n": 1, "source": "AFP"}});
        let session = BrowserSession::open(&format!("interface = \"text\"{hides}"), &[task]).await;
        let card = session.card().await;
        assert_eq!(session.eval(meta).await, json!(shown), "{hides}");
        session.press(&['a']).await;
        session.wait_for_another(&card).await;
        session.saved().await;
        let exported = session.project.run(&["export"]);
        assert!(exported.contains("\"source\":\"AFP\""), "{exported}");
        session.close().await;
    }
}
