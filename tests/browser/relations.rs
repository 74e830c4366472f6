//! `relations` and `dep`: arcs over words, with the keyboard alone and with the mouse alone.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::browser_session::{BrowserSession, Trial, try_out};

const SETTINGS: &str = "interface = \"relations\"\nlabels = [\"FOUNDED\", \"LED\"]\n\
    [project.config]\nrelations_span_labels = [\"PER\", \"ORG\"]";

fn keys(named: &[Key]) -> Vec<char> {
    named.iter().map(|key| char::from(*key)).collect()
}

fn end(start: u64, end: u64, token_start: u64, token_end: u64, label: impl Into<Value>) -> Value {
    let label: Value = label.into();
    json!({
        "start": start, "end": end, "token_start": token_start, "token_end": token_end,
        "label": label,
    })
}

fn relation(head: &Value, child: &Value, label: &str) -> Value {
    json!({
        "head": head["token_end"], "child": child["token_end"], "label": label,
        "head_span": head, "child_span": child,
    })
}

#[tokio::test]
async fn relations_are_drawn_by_keyboard_and_by_mouse() {
    let angela = end(0, 13, 0, 1, "PER");
    let party = end(22, 25, 4, 4, "ORG");
    let ada = end(0, 12, 0, 1, "PER");
    let group = end(23, 28, 4, 4, Value::Null);
    let trial = Trial {
        name: "relations",
        settings: SETTINGS,
        first: json!({"text": "Angela Merkel led the CDU.", "meta": {"n": 1}}),
        second: json!({
            "text": "Ada Lovelace began the group in 1833.", "meta": {"n": 2},
            "spans": [ada], "relations": [relation(&ada, &group, "LED")],
        }),
        by_keyboard: json!({
            "answer": "accept", "spans": [angela, party],
            "relations": [relation(&angela, &party, "LED")],
        }),
        by_mouse: json!({
            "answer": "accept", "spans": [ada],
            "relations": [
                relation(&ada, &group, "FOUNDED"),
                relation(&group, &end(32, 36, 6, 6, Value::Null), "LED"),
            ],
        }),
    };
    try_out(
        trial,
        async |session| {
            // Spans first: two words for a person, and a party.
            session.press(&['m']).await;
            session.press(&keys(&[Key::Right])).await;
            session.press_with(Key::Shift, Key::Right).await;
            session.press(&['1']).await;
            session.press(&keys(&[Key::Right, Key::Right, Key::Right])).await;
            session.press(&['2', 'm']).await;
            // Then from the person to the party; a wrong label is undone.
            session
                .press(&keys(&[Key::Home, Key::Enter, Key::Right, Key::Right, Key::Right]))
                .await;
            session.press(&['1']).await;
            session.press_with(Key::Control, 'z').await;
            session
                .press(&keys(&[Key::Home, Key::Enter, Key::Right, Key::Right, Key::Right]))
                .await;
            session.press(&['2']).await;
        },
        async |session| {
            // The arrow that came with the task is given another label,
            session.click(".arc-name[data-arc='0']").await;
            session.click(".label-button[data-label=FOUNDED]").await;
            session.click(".arc-name[data-arc='0']").await;
            // one is drawn by two clicks, one by dragging and taken back.
            session.click(".label-button[data-label=LED]").await;
            session.click("[data-u='4']").await;
            session.click("[data-u='6']").await;
            session.drag("[data-u='2']", "[data-u='5']").await;
            session
                .wait_for("three of them", "document.querySelectorAll('.arc').length === 3")
                .await;
            session.click(".graph-list li:nth-child(3) .graph-cross").await;
        },
    )
    .await;
}

#[tokio::test]
async fn arcs_of_a_parse_are_judged_by_keyboard_and_by_mouse() {
    let tokens = json!([
        {"text": "They", "start": 0, "end": 4, "id": 0, "ws": true, "pos": "PRON"},
        {"text": "ate", "start": 5, "end": 8, "id": 1, "ws": true, "pos": "VERB"},
        {"text": "the", "start": 9, "end": 12, "id": 2, "ws": true, "pos": "DET"},
        {"text": "pizza", "start": 13, "end": 18, "id": 3, "ws": true, "pos": "NOUN"},
        {"text": "with", "start": 19, "end": 23, "id": 4, "ws": true, "pos": "ADP"},
        {"text": "anchovies", "start": 24, "end": 33, "id": 5, "ws": false, "pos": "NOUN"},
    ]);
    let arcs = json!([
        {"head": 1, "child": 1, "label": "ROOT"}, {"head": 1, "child": 0, "label": "nsubj"},
        {"head": 3, "child": 2, "label": "det"}, {"head": 1, "child": 3, "label": "dobj"},
        {"head": 3, "child": 4, "label": "prep"}, {"head": 4, "child": 5, "label": "pobj"},
    ]);
    let task = |n: u64| json!({"text": "They ate the pizza with anchovies", "tokens": tokens, "arcs": arcs, "meta": {"n": n}, "n": n, "_task_hash": n});
    let trial = Trial {
        name: "dep",
        settings: "interface = \"dep\"\nlabels = [\"nsubj\"]",
        first: task(1),
        second: task(2),
        by_keyboard: json!({"answer": "accept"}),
        by_mouse: json!({"answer": "accept"}),
    };
    let drawn = async |session: &BrowserSession| {
        session.wait_for("the arcs", "document.querySelectorAll('.arc').length === 6").await;
    };
    try_out(trial, drawn, async |session| {
        session.click("details.graph-words summary").await;
        let words = "document.querySelector('.graph-list')?.innerText.includes('ate —dobj→ pizza')";
        session.wait_for("the arcs in words", words).await;
    })
    .await;
}

#[tokio::test]
async fn a_disabled_token_cannot_be_picked_and_a_removed_span_takes_its_relations_along() {
    let span = end(0, 3, 0, 0, "PER");
    let task = json!({
        "text": "Ada met Eve", "meta": {"n": 1}, "spans": [span],
        "tokens": [
            {"text": "Ada", "start": 0, "end": 3, "id": 0, "ws": true},
            {"text": "met", "start": 4, "end": 7, "id": 1, "ws": true, "disabled": true},
            {"text": "Eve", "start": 8, "end": 11, "id": 2, "ws": false},
        ],
        "relations": [relation(&span, &end(8, 11, 2, 2, Value::Null), "LED")],
    });
    let session = BrowserSession::open(SETTINGS, &[task]).await;
    let card = session.card().await;
    session.click("[data-u='1']").await;
    assert_eq!(session.eval("document.querySelectorAll('.head').length").await, json!(0));
    // By keyboard it is passed over.
    session.press(&keys(&[Key::Right, Key::Right])).await;
    assert_eq!(session.eval("document.querySelector('.picked').dataset.u").await, json!("2"));
    session.press(&['m']).await;
    session.press(&keys(&[Key::Home, Key::Backspace])).await;
    session.wait_for("no arc", "document.querySelectorAll('.arc').length === 0").await;
    session.press_with(Key::Control, 'z').await;
    session.wait_for("it again", "document.querySelectorAll('.arc').length === 1").await;
    session.press(&keys(&[Key::Backspace])).await;
    session.press(&['a']).await;
    session.wait_for_another(&card).await;
    session.saved().await;
    assert_eq!(session.stored()[&1], json!({"answer": "accept", "spans": [], "relations": []}));
    session.close().await;
}

#[tokio::test]
async fn words_from_right_to_left_and_long_texts_are_connected() {
    let long: Vec<String> = (0..2000).map(|n| format!("word{n}")).collect();
    let tasks = [
        json!({"text": "سافرت ليلى إلى القاهرة أمس", "meta": {"n": 1}}),
        json!({"text": long.join(" "), "meta": {"n": 2}}),
    ];
    let session = BrowserSession::open(SETTINGS, &tasks).await;
    let first = session.card().await;
    session
        .press(&keys(&[Key::Left, Key::Left, Key::Enter, Key::Left, Key::Left, Key::Enter]))
        .await;
    session.wait_for("an arc", "document.querySelectorAll('.arc').length === 1").await;
    session.picture("relations-arabic").await;
    session.press(&['a']).await;
    session.wait_for_another(&first).await;
    let second = session.card().await;
    session.press(&keys(&[Key::Home, Key::Enter, Key::Down, Key::Down, Key::Enter])).await;
    session.wait_for("an arc", "document.querySelectorAll('.arc').length === 1").await;
    session.picture("relations-long").await;
    let wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth";
    assert_eq!(session.eval(wide).await, json!(false), "the page does not scroll sideways");
    session.press(&keys(&[Key::Backspace])).await;
    session.wait_for("none", "document.querySelectorAll('.arc').length === 0").await;
    session.press(&['a']).await;
    session.wait_for_another(&second).await;
    session.saved().await;
    let stored = session.stored();
    let ends = [&stored[&1]["relations"][0]["head"], &stored[&1]["relations"][0]["child"]];
    assert_eq!(ends, [&json!(1), &json!(3)]);
    assert_eq!(stored[&2]["relations"], json!([]));
    session.close().await;
}
