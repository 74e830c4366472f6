//! The labels above a text: told apart beyond the tenth, one row on a phone, and those used last in
//! front.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::browser_session::BrowserSession;
use crate::common::wait_until;

fn labels(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("LABEL {n}")).collect()
}

fn settings(count: usize) -> String {
    format!("interface = \"ner_manual\"\nlabels = {:?}", labels(count))
}

fn texts(count: usize) -> Vec<Value> {
    (1..=count)
        .map(|n| json!({"text": format!("Ada was in Rome, and Grace in Oslo ({n})."), "meta": {"n": n}, "spans": [
            {"start": 0, "end": 3, "label": "LABEL 1"}, {"start": 11, "end": 15, "label": "LABEL 11"},
            {"start": 21, "end": 26, "label": "LABEL 21"}, {"start": 30, "end": 34, "label": "LABEL 31"},
        ]}))
        .collect()
}

fn phone(session: &BrowserSession) {
    let size = json!({"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": true});
    session.browser.tell("Emulation.setDeviceMetricsOverride", &size);
    session.browser.tell("Emulation.setTouchEmulationEnabled", &json!({"enabled": true}));
}

#[tokio::test]
async fn labels_of_the_same_hue_have_another_edge() {
    let session = BrowserSession::open(&settings(40), &texts(1)).await;
    session.card().await;
    let edges = "['mark', '.label-list > .label-button'].map((kind) => [1, 11, 21, 31].map((n) => { \
        const style = getComputedStyle(document.querySelector(`${kind}[data-label=\"LABEL ${n}\"]`)); \
        return [style.borderBottomStyle, style.getPropertyValue('--hue')]; }))";
    let look = json!([
        ["solid", "var(--hue-1)"],
        ["dashed", "var(--hue-1)"],
        ["dotted", "var(--hue-1)"],
        ["solid", "var(--hue-none)"],
    ]);
    let found = session.eval(edges).await;
    // A custom property is computed with what it refers to.
    for kind in 0..2 {
        let hue = |at: usize| found[kind][at][1].clone();
        for at in 0..4 {
            assert_eq!(found[kind][at][0], look[at][0]);
        }
        assert!(hue(0) == hue(1) && hue(1) == hue(2) && hue(2) != hue(3), "{found}");
    }
    session.accessible().await;
    session.picture("labels_many").await;
    session.close().await;
}

#[tokio::test]
async fn on_a_phone_the_labels_are_one_row_with_the_one_in_hand_in_sight() {
    let session = BrowserSession::open(&settings(60), &texts(2)).await;
    phone(&session);
    session.reload().await;
    let card = session.card().await;
    let bar = "document.querySelector('.label-toolbar').getBoundingClientRect().height";
    let row = session.eval(bar).await.as_f64().expect("a height");
    assert!(row <= 64.0, "one row of 44 px with its border: {row}");
    let wide = "document.documentElement.scrollWidth <= innerWidth";
    assert_eq!(session.eval(wide).await, json!(true), "the page itself does not scroll sideways");
    let small = "[...document.querySelectorAll('.card:not(.offscreen) .label-toolbar button')].filter((one) => one.offsetParent) \
        .map((one) => one.getBoundingClientRect()).filter(({width, height}) => width < 44 || height < 44).length";
    assert_eq!(session.eval(small).await, json!(0), "every button is large enough for a finger");
    session.accessible().await;
    // The box that filters stands behind a button.
    session.tap(".find-open").await;
    session.wait_for("the box", "document.activeElement.matches('.find-label')").await;
    session.press(&"label 47\u{e007}".chars().collect::<Vec<char>>()).await;
    session.wait_for("the row as it was", &format!("{bar} === {row}")).await;
    let in_sight = "(() => { const list = document.querySelector('.label-list').getBoundingClientRect(); \
        return [...document.querySelectorAll('.card:not(.offscreen) .label-button[aria-pressed=true]')].some((one) => { \
          const box = one.getBoundingClientRect(); \
          return one.dataset.label === 'LABEL 47' && box.left >= list.left && box.right <= list.right; }); })()";
    session.wait_for("the active label in sight", in_sight).await;
    session.picture("labels_phone").await;
    session.tap("[data-answer=accept]").await;
    session.wait_for_another(&card).await;
    session.wait_for("it in sight on the next card too", in_sight).await;
    session.close().await;
}

#[tokio::test]
async fn labels_used_last_stand_in_front_and_nobody_elses_place_changes() {
    let session = BrowserSession::open(&settings(40), &texts(2)).await;
    let card = session.card().await;
    let places = "[...document.querySelectorAll('.card:not(.offscreen) .label-list > .label-button')].map((one) => [one.dataset.label, one.offsetLeft, one.offsetTop])";
    let before = session.eval(places).await;
    let last = "[...document.querySelectorAll('.card:not(.offscreen) [data-recent]')].map((one) => one.dataset.recent)";
    assert_eq!(session.eval(last).await, json!([]));
    for label in [30, 2, 30, 17] {
        session.press(&format!("/label {label}\u{e007}").chars().collect::<Vec<char>>()).await;
    }
    let used = json!(["LABEL 30", "LABEL 2", "LABEL 17"]);
    assert_eq!(session.eval(last).await, used);
    assert_eq!(session.eval(places).await, before);
    session.picture("labels_recent").await;
    session.press(&['a']).await;
    session.wait_for_another(&card).await;
    assert_eq!(session.eval(last).await, used, "they stay from card to card");
    // By the mouse: the pen in front is the pen further down.
    session.click("[data-recent='LABEL 2']").await;
    let pressed = "[...document.querySelectorAll('.card:not(.offscreen) .label-button[aria-pressed=true]')].map((one) => one.dataset.label)";
    assert_eq!(session.eval(pressed).await, json!(["LABEL 2", "LABEL 2"]));
    session.close().await;
}

#[tokio::test]
async fn after_a_click_on_a_label_the_keys_are_the_cards_again() {
    let session = BrowserSession::open(&settings(3), &texts(2)).await;
    let card = session.card().await;
    session.click(".label-button[data-label='LABEL 2']").await;
    let pressed = "document.querySelector('.card:not(.offscreen) .label-button[aria-pressed=true]').dataset.label";
    assert_eq!(session.eval(pressed).await, json!("LABEL 2"));
    session.press(&['1']).await;
    assert_eq!(session.eval(pressed).await, json!("LABEL 0"));
    session.press(&[' ']).await;
    session.wait_for_another(&card).await;
    assert_eq!(session.eval(pressed).await, json!("LABEL 0"), "space skipped, and pressed nothing");
    session.click("#menu-button").await;
    session.wait_for("the menu", "document.querySelector('dialog[open]') !== null").await;
    session.press(&['\u{e00c}']).await;
    let on_card = "document.activeElement.matches('.card:not(.offscreen)')";
    session.wait_for("the focus back on the card", on_card).await;
    session.close().await;
}

#[tokio::test]
async fn the_cursor_is_never_beneath_the_labels() {
    let text = (0..60).map(|n| format!("Paragraph {n} is short.")).collect::<Vec<_>>().join("\n");
    let task = json!({"text": text, "meta": {"n": 1}});
    let session = BrowserSession::open(&settings(40), &[task]).await;
    session.card().await;
    let (down, up) = ('\u{e015}', '\u{e013}');
    session.press(&['\u{e014}']).await;
    session.press(&[down; 50]).await;
    let place = "(() => { const [range] = CSS.highlights.get('picked'); const live = document.createRange(); \
        live.setStart(range.startContainer, range.startOffset); live.setEnd(range.endContainer, range.endOffset); \
        return live.getBoundingClientRect(); })()";
    for _ in 0..30 {
        session.press(&[up]).await;
        let seen = format!(
            "(({{top}}) => top >= document.querySelector('.card:not(.offscreen) .label-toolbar').getBoundingClientRect().bottom)({place})"
        );
        session.wait_for("the cursor below the labels", &seen).await;
    }
    session.close().await;
}

#[tokio::test]
async fn a_label_that_has_left_the_roster_is_taken_from_the_page_that_shows_it() {
    let tasks = [
        json!({"text": "Ada\n\nwas  in Rome", "meta": {"n": 1}}),
        json!({"text": "Grace in Oslo", "meta": {"n": 2}}),
    ];
    let settings = "interface = \"ner_manual\"\nlabels = [\"PER\", \"CITY\"]";
    let session = BrowserSession::open(settings, &tasks).await;
    let card = session.card().await;
    // Line breaks and double blanks are tokens, and nothing to stand on or to see.
    let signs = "document.querySelectorAll('.card:not(.offscreen) .newline').length";
    assert_eq!(session.eval(signs).await, json!(0));
    session.press(&[[Key::Right.into(); 4].as_slice(), &['2']].concat()).await;
    let roster = session.project.path().join("annotators.toml");
    let text = std::fs::read_to_string(&roster).expect("the roster");
    session.project.write("annotators.toml", &text.replace("\"CITY\"", "\"PLACE\""));
    session.daemon.signal("HUP");
    wait_until("the roster in force", || session.project.log().contains("roster applied"));
    session.press(&['a']).await;
    session.wait_for_another(&card).await;
    session.saved().await;
    let span = json!([{"start": 13, "end": 17, "token_start": 5, "token_end": 5, "label": "CITY"}]);
    assert_eq!(session.stored()[&1]["spans"], span);
    session.close().await;
}
