//! The spans family: `ner`, `spans` and `pos`, and the three that are marked by hand.

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::browser_session::{BrowserSession, Trial, try_out};

const LEFT: char = '\u{e012}';
const RIGHT: char = '\u{e014}';

/// A span of whole tokens.
pub(crate) fn span(place: [usize; 2], tokens: [usize; 2], label: &str) -> Value {
    json!({
        "start": place[0], "end": place[1], "token_start": tokens[0], "token_end": tokens[1],
        "label": label,
    })
}

pub(crate) fn manual(view: &str, labels: &[&str]) -> String {
    format!("interface = \"{view}\"\nlabels = {labels:?}")
}

/// Where two suggestions lie over each other.
pub(crate) fn suggested() -> Value {
    json!([
        {"start": 0, "end": 20, "label": "ORG"}, {"start": 14, "end": 20, "label": "PLACE"},
        {"start": 25, "end": 30, "label": "PERSON"},
    ])
}

#[tokio::test]
async fn entities_are_marked_by_keyboard_and_by_mouse() {
    let settings = manual("ner_manual", &["PERSON", "PLACE"]);
    let trial = Trial {
        name: "ner_manual",
        settings: &settings,
        first: json!({"text": "👩‍🚀 Mae Jemison flew from Zürich.", "meta": {"n": 1}}),
        second: json!({"text": "Angela Merkel met Emmanuel Macron in Paris.", "meta": {"n": 2}, "spans": [
            {"start": 37, "end": 42, "label": "PERSON", "score": 0.25},
            {"start": 0, "end": 6, "label": "PERSON", "source": "model"},
        ]}),
        by_keyboard: json!({"answer": "accept", "spans": [
            span([4, 15], [1, 2], "PERSON"), span([26, 32], [5, 5], "PLACE"),
        ]}),
        by_mouse: json!({"answer": "accept", "spans": [
            span([0, 13], [0, 1], "PERSON"), span([18, 33], [3, 4], "PERSON"),
            span([37, 42], [6, 6], "PLACE"),
        ]}),
    };
    try_out(
        trial,
        async |session| {
            session.press(&[RIGHT, RIGHT]).await;
            session.press_with(Key::Shift, RIGHT).await;
            session.press(&['1', RIGHT, RIGHT, RIGHT, '2']).await;
        },
        async |session| {
            session.click("[data-label=PERSON].label-button").await;
            session.drag("word Emmanuel", "word Macron").await;
            // A click chooses what was suggested: it gets another label, or another end.
            session.click("word Paris").await;
            session.click("[data-label=PLACE].label-button").await;
            session.click("word Angela").await;
            session.drag("word Angela", "word Merkel").await;
        },
    )
    .await;
}

#[tokio::test]
async fn spans_that_overlap_are_marked_by_keyboard_and_by_mouse() {
    let settings = manual("spans_manual", &["ORG", "PLACE", "PERSON"]);
    let trial = Trial {
        name: "spans_manual",
        settings: &settings,
        first: json!({"text": "The Bank of Spain saw Ada Smith.", "meta": {"n": 1}, "spans": [
            {"start": 4, "end": 17, "label": "ORG"}, {"start": 12, "end": 17, "label": "PERSON"},
        ]}),
        second: json!({"text": "The University of Zürich met Ada Smith.", "meta": {"n": 2}}),
        by_keyboard: json!({"answer": "accept", "spans": [
            {"start": 4, "end": 17, "label": "ORG"}, span([12, 17], [3, 3], "PLACE"),
            span([22, 31], [5, 6], "PERSON"),
        ]}),
        by_mouse: json!({"answer": "accept", "spans": [
            span([4, 24], [1, 3], "ORG"), span([18, 24], [3, 3], "PLACE"),
        ]}),
    };
    try_out(
        trial,
        async |session| {
            // The second of those that lie over each other, and on to the name, twice.
            session.press(&['.', '.', '2', RIGHT, RIGHT]).await;
            session.press(&['3', '.']).await;
            session.press(&[',', '.', RIGHT]).await;
            session.press(&[LEFT]).await;
            session.press(&['.']).await;
            session.press_with(Key::Shift, RIGHT).await;
        },
        async |session| {
            session.click("[data-label=ORG].label-button").await;
            session.drag("word University", "word Zürich").await;
            // First the span, then the word alone.
            session.click("word Zürich").await;
            session.click("word Zürich").await;
            session.click("[data-label=PLACE].label-button").await;
            session.click("[data-label=PERSON].label-button").await;
            session.drag("word Ada", "word Smith").await;
            // A press on a label chooses its span.
            session.click(".tag[data-span='29-38']").await;
            session.click(".remove-button").await;
        },
    )
    .await;
}

#[tokio::test]
async fn tokens_are_tagged_one_after_the_other() {
    let settings = manual("pos_manual", &["DET", "NOUN", "VERB"]);
    let trial = Trial {
        name: "pos_manual",
        settings: &settings,
        first: json!({"text": "The crowd waits.", "meta": {"n": 1}}),
        second: json!({"text": "A dog barks.", "meta": {"n": 2}}),
        by_keyboard: json!({"answer": "accept", "spans": [
            span([0, 3], [0, 0], "DET"), span([4, 9], [1, 1], "NOUN"),
        ]}),
        by_mouse: json!({"answer": "accept", "spans": [
            span([0, 1], [0, 0], "NOUN"), span([2, 5], [1, 1], "NOUN"), span([6, 11], [2, 2], "VERB"),
        ]}),
    };
    try_out(
        trial,
        async |session| {
            // Backspace takes the last one back, though the cursor has moved on.
            session.press(&[RIGHT, '1', '2', '3', Key::Backspace.into()]).await;
        },
        async |session| {
            session.click("[data-label=NOUN].label-button").await;
            session.drag("word A", "word dog").await;
            session.click("[data-label=VERB].label-button").await;
            session.double_click("word barks").await;
        },
    )
    .await;
}

/// Accepts one task without touching it and gives what is stored of its spans.
async fn untouched(view: &str, task: &Value) -> Value {
    let session =
        BrowserSession::open_stored(&manual(view, &["A", "B"]), std::slice::from_ref(task)).await;
    let card = session.card().await;
    session.press(&['a']).await;
    session.wait_for_another(&card).await;
    session.saved().await;
    let stored = session.stored();
    session.close().await;
    stored[&1]["spans"].clone()
}

#[tokio::test]
async fn what_is_accepted_untouched_comes_back_equal() {
    let text = "One two three, four.";
    for spans in [
        json!([{"start": 8, "end": 13, "label": "B"}, {"start": 0, "end": 3, "label": "A", "score": 1.50}]),
        json!([{"start": 0, "end": 7, "label": "A"}, {"start": 4, "end": 13, "label": "OLD"}]),
        json!([{"start": 1, "end": 2, "label": "A"}, {"start": 0, "end": 99, "label": "A"}, null]),
    ] {
        let task = json!({"text": text, "spans": spans, "meta": {"n": 1}});
        assert_eq!(untouched("ner_manual", &task).await, spans);
    }
    let odd: Value = serde_json::from_str(
        r#"[{"start": 0.0, "end": 3, "label": "A", "id": 12345678901234567890}]"#,
    )
    .expect("JSON");
    let task = json!({"text": text, "spans": odd, "meta": {"n": 1}});
    assert_eq!(untouched("spans_manual", &task).await, odd);
}

#[tokio::test]
async fn a_chosen_span_is_resized_and_undone_by_keyboard() {
    let task = json!({"text": "The old Bank of Spain closed.", "meta": {"n": 1}, "spans": [
        span([8, 12], [2, 2], "ORG"),
    ]});
    let session = BrowserSession::open(&manual("ner_manual", &["ORG"]), &[task]).await;
    let card = session.card().await;
    session.press(&['.']).await;
    for _ in 0..3 {
        session.press_with(Key::Shift, RIGHT).await;
    }
    session.press_with(Key::Control, 'z').await;
    session
        .browser
        .client
        .perform_actions(
            KeyActions::new("keyboard".to_owned())
                .then(KeyAction::Down { value: Key::Control.into() })
                .then(KeyAction::Down { value: Key::Shift.into() })
                .then(KeyAction::Down { value: LEFT })
                .then(KeyAction::Up { value: LEFT })
                .then(KeyAction::Up { value: Key::Shift.into() })
                .then(KeyAction::Up { value: Key::Control.into() }),
        )
        .await
        .expect("keys are pressed");
    session.press(&['a']).await;
    session.wait_for_another(&card).await;
    session.saved().await;
    assert_eq!(session.stored()[&1]["spans"], json!([span([4, 21], [1, 4], "ORG")]));
    session.close().await;
}

#[tokio::test]
async fn a_label_among_sixty_is_found_by_typing() {
    let labels: Vec<String> = (0..60).map(|n| format!("LABEL_{n}")).collect();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let words: Vec<String> = (0..2000).map(|n| format!("word{n}")).collect();
    let task = json!({"text": words.join(" "), "meta": {"n": 1}});
    let session = BrowserSession::open(&manual("ner_manual", &labels), &[task]).await;
    let card = session.card().await;
    let top = "document.querySelector('.tokens').getBoundingClientRect().top";
    let before = session.eval(top).await;
    session.press(&[RIGHT, '/', '4', '7']).await;
    session
        .wait_for(
            "one label",
            "document.querySelectorAll('.label-button:not([hidden])').length === 1",
        )
        .await;
    assert_eq!(session.eval(top).await, before, "the text stays where it is");
    session.picture("labels_filtered").await;
    session.accessible().await;
    session.press(&[Key::Enter.into()]).await;
    session
        .wait_for("a span", "document.querySelector('mark[data-label=LABEL_47]') !== null")
        .await;
    assert_eq!(
        session
            .eval("document.querySelectorAll('.label-list > .label-button:not([hidden])').length")
            .await,
        60
    );
    // Escape leaves the box, and the keys are the card's again.
    session.press(&['/', 'x', Key::Escape.into(), RIGHT, '3']).await;
    session.wait_for("a span", "document.querySelector('mark[data-label=LABEL_2]') !== null").await;
    session.picture("labels_sixty").await;
    session.press(&['a']).await;
    session.wait_for_another(&card).await;
    session.saved().await;
    let stored = session.stored();
    let made: Vec<&str> = stored[&1]["spans"]
        .as_array()
        .expect("spans")
        .iter()
        .filter_map(|s| s["label"].as_str())
        .collect();
    assert_eq!(made, ["LABEL_47", "LABEL_2"]);
    session.close().await;
}

#[tokio::test]
async fn a_finger_marks_chooses_and_removes() {
    let tasks = [json!({"text": "Ada Smith met Noor.", "meta": {"n": 1}, "spans": [
        {"start": 14, "end": 18, "label": "PERSON"},
    ]})];
    let session = BrowserSession::open(&manual("spans_manual", &["PERSON", "ORG"]), &tasks).await;
    let card = session.card().await;
    session.tap("word Ada").await;
    session.tap("word Smith").await;
    session
        .wait_for("the new span", "document.querySelector('[data-span=\"0-9\"]') !== null")
        .await;
    session.tap("word Noor").await;
    session.tap(".remove-button").await;
    session.tap("[data-answer=accept]").await;
    session.wait_for_another(&card).await;
    session.saved().await;
    assert_eq!(session.stored()[&1]["spans"], json!([span([0, 9], [0, 1], "PERSON")]));
    session.close().await;
}

#[tokio::test]
async fn from_right_to_left_the_arrows_follow_the_eye() {
    let text = "سافرت ليلى إلى القاهرة أمس";
    let session = BrowserSession::open(
        &manual("spans_manual", &["شخص", "مكان"]),
        &[json!({"text": text, "meta": {"n": 1}})],
    )
    .await;
    let card = session.card().await;
    session.press(&[LEFT, LEFT, '1', LEFT]).await;
    session.press_with(Key::Shift, LEFT).await;
    session.press(&['2']).await;
    session.picture("spans_right_to_left").await;
    session.press(&['a']).await;
    session.wait_for_another(&card).await;
    session.saved().await;
    assert_eq!(
        session.stored()[&1]["spans"],
        json!([span([6, 10], [1, 1], "شخص"), span([11, 22], [2, 3], "مكان")])
    );
    session.close().await;
}

#[tokio::test]
async fn characters_newlines_and_disabled_tokens_go_by_the_settings() {
    let settings = "interface = \"ner_manual\"\nlabels = [\"A\"]\n[project.config]\n\
                    allow_newline_highlight = true\nkeymap_by_label = { A = \"q\" }";
    let tokens = json!([
        {"text": "one", "start": 0, "end": 3, "id": 0}, {"text": "\n", "start": 3, "end": 4, "id": 1},
        {"text": "two", "start": 4, "end": 7, "id": 2},
        {"text": "three", "start": 8, "end": 13, "id": 3, "disabled": true},
    ]);
    let tasks = [
        json!({"text": "one\ntwo three", "tokens": tokens, "meta": {"n": 1}}),
        json!({"text": "cafe\u{301} x", "meta": {"n": 2}, "config": {"ner_manual_highlight_chars": true}}),
    ];
    let session = BrowserSession::open(settings, &tasks).await;
    let card = session.card().await;
    session.press(&[RIGHT]).await;
    for _ in 0..3 {
        session.press_with(Key::Shift, RIGHT).await;
    }
    session.press(&['q', 'a']).await;
    session.wait_for_another(&card).await;
    let card = session.card().await;
    session.press(&[RIGHT, RIGHT, RIGHT]).await;
    session.press_with(Key::Shift, RIGHT).await;
    session.press(&['q', 'a']).await;
    session.wait_for_another(&card).await;
    session.saved().await;
    let stored = session.stored();
    assert_eq!(stored[&1]["spans"], json!([span([0, 7], [0, 2], "A")]));
    assert_eq!(stored[&2]["spans"], json!([{"start": 2, "end": 5, "label": "A"}]));
    session.close().await;
}

#[tokio::test]
async fn a_text_is_marked_in_its_document() {
    let before: Vec<String> = (0..60).map(|n| format!("What came before, line {n}.")).collect();
    let tasks = [
        json!({"text": "Mara came.", "title": "News", "context_before": before, "context_after": "And after.", "meta": {"n": 1}}),
        json!({"text": "Li went.", "body": format!("{}\nLi went. It ends here.", before.join("\n")), "meta": {"n": 2}}),
        json!({"text": "Little else was there.", "meta": {"n": 3}}),
    ];
    let session = BrowserSession::open(&manual("ner_manual", &["PERSON", "PLACE"]), &tasks).await;
    for words in [["line 59.", "And after."], ["line 59.", "It ends here."]] {
        let card = session.card().await;
        let around = "[...document.querySelectorAll('.card:not(.offscreen) .dim')].map((one) => one.textContent)";
        let around = session.eval(around).await.to_string();
        for one in words {
            assert!(around.contains(one), "{one} is in {around}");
        }
        assert!(
            !around.contains("Mara") && !around.contains("Li went"),
            "the text stands there once"
        );
        let in_sight = "(({top, bottom}) => top > 100 && bottom < innerHeight - 80)(document.querySelector('.card:not(.offscreen) .tokens').getBoundingClientRect())";
        session.wait_for("the text in sight", in_sight).await;
        if words[1] == "And after." {
            session.accessible().await;
            session.picture("spans_in_document").await;
        }
        session.press(&[RIGHT, '1', 'a']).await;
        session.wait_for_another(&card).await;
    }
    let last = "document.querySelectorAll('.card:not(.offscreen) :is(.dim, .surrounded)').length";
    assert_eq!(session.eval(last).await, json!(0));
    session.saved().await;
    let stored = session.stored();
    assert_eq!(stored[&1]["spans"], json!([span([0, 4], [0, 0], "PERSON")]));
    assert_eq!(stored[&2]["spans"], json!([span([0, 2], [0, 0], "PERSON")]));
    session.close().await;
}

#[tokio::test]
async fn a_drag_that_ends_after_the_card_has_turned_marks_nothing_on_the_next() {
    let settings = "interface = \"ner_manual\"\nlabels = [\"PERSON\"]\n[project.config]\nner_manual_highlight_chars = true";
    let words = "word ".repeat(600);
    let tasks: Vec<Value> = (1..=4).map(|n| json!({"text": words, "meta": {"n": n}})).collect();
    let session = BrowserSession::open(settings, &tasks).await;
    session.card().await;
    session
        .wait_for("the next card", "document.querySelector('.card.offscreen.collapsed') !== null")
        .await;
    // The button goes down and up within the same task as the key between them: nothing can be
    // quicker.
    let quickly = "(() => { const field = document.querySelector('.card:not(.offscreen) .tokens'); \
        const text = document.createTreeWalker(field, NodeFilter.SHOW_TEXT).nextNode(); const range = document.createRange(); \
        const box = (n) => { range.setStart(text, n); range.setEnd(text, n + 1); return range.getBoundingClientRect(); }; \
        const at = (kind, n) => field.dispatchEvent(new PointerEvent(kind, {bubbles: true, pointerId: 1, \
            pointerType: 'mouse', button: 0, clientX: box(n).left + 2, clientY: box(n).top + 4})); \
        field.setPointerCapture = () => {}; \
        at('pointerdown', 3); \
        at('pointermove', 9); \
        document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'a', code: 'KeyA', bubbles: true, cancelable: true})); \
        at('pointerup', 9); return true; })()";
    session.eval(quickly).await;
    session.saved().await;
    let second = session.card().await;
    session.press(&['a']).await;
    session.wait_for_another(&second).await;
    session.saved().await;
    let stored = session.stored();
    assert_eq!(stored.len(), 2, "{stored:?}");
    for (n, answer) in stored {
        assert_eq!(answer["spans"], json!([]), "task {n}");
    }
    session.close().await;
}

#[tokio::test]
async fn a_label_key_after_a_renaming_by_mouse_is_for_the_next_stretch() {
    let tasks = [json!({"text": "Ada Smith met Noor.", "meta": {"n": 1}, "spans": [
        span([0, 9], [0, 1], "PERSON"),
    ]})];
    let session = BrowserSession::open(&manual("ner_manual", &["PERSON", "ORG"]), &tasks).await;
    let card = session.card().await;
    session.click("word Ada").await;
    session.press(&['2', '1']).await;
    session.drag("word Noor", "word Noor").await;
    session.double_click("word Noor").await;
    session.press(&['2', 'a']).await;
    session.wait_for_another(&card).await;
    session.saved().await;
    let expected = json!([span([0, 9], [0, 1], "ORG"), span([14, 18], [3, 3], "PERSON")]);
    assert_eq!(session.stored()[&1]["spans"], expected);
    session.close().await;
}
