//! The mouse, as hands use it: words of any script, what lies beside them, shapes, and pictures
//! that lie on their side in their file.

use annotd::task::{TOKENIZER, tokenize};
use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::browser_session::BrowserSession;
use crate::media_files::{data_uri, picture_is_there, png};

/// A text of each kind of writing, and words and signs of it that one may want to mark.
const TEXTS: [(&str, &[&str]); 5] = [
    ("Angela Merkel met (Emmanuel Macron) in Paris.", &["Merkel", "(", ")", "Paris", "."]),
    ("التقى محمد (John Smith) في القاهرة (أمس).", &["محمد", "(", ")", "Smith", "القاهرة"]),
    ("He wrote (التقى محمد) and (مرحبا), then left.", &["(", ")", "and", "مرحبا", ","]),
    ("昨天北京大学的学生在广场上（天安门）集会。", &["北京", "（", "）", "集会", "。"]),
    ("นักศึกษาชุมนุม (ที่กรุงเทพ) เมื่อวานนี้", &["(", "กรุงเทพ", ")"]),
];

fn texts() -> Vec<Value> {
    let numbered = TEXTS.iter().enumerate();
    numbered.map(|(n, (text, _))| json!({"text": text, "meta": {"n": n}})).collect()
}

const MARKED: &str = "[...document.querySelectorAll('.card:not(.offscreen) mark[data-span]')].map((mark) => mark.dataset.span)";

/// Where the first place of a word lies in a text, in code points.
fn place(text: &str, word: &str) -> (usize, usize) {
    let start = text[..text.find(word).expect("it is there")].chars().count();
    (start, start + word.chars().count())
}

/// Where the tokens begin and end that a word lies in, in code points.
fn tokens_of(text: &str, word: &str) -> (usize, usize) {
    let (start, end) = place(text, word);
    let tokens = tokenize(text, TOKENIZER);
    let mut within = tokens.iter().filter(|token| token.start < end && start < token.end);
    let first = within.next().expect("a token");
    (first.start, within.next_back().unwrap_or(first).end)
}

/// What is marked, as code points; waits for this many spans.
async fn marked(session: &BrowserSession, count: usize) -> Vec<(usize, usize)> {
    let there = format!("{MARKED}.length === {count} && {MARKED}");
    let found = session.wait_for(&format!("{count} spans"), &there).await;
    let ends = |span: &Value| {
        let (start, end) = span.as_str().expect("a place").split_once('-').expect("two ends");
        (start.parse().expect("a number"), end.parse().expect("a number"))
    };
    found.as_array().expect("a list").iter().map(ends).collect()
}

#[tokio::test]
async fn a_drag_over_one_word_of_any_script_marks_it() {
    for view in ["ner_manual", "spans_manual"] {
        let settings = format!("interface = \"{view}\"\nlabels = [\"A\", \"B\"]");
        let session = BrowserSession::open(&settings, &texts()).await;
        for (text, words) in TEXTS {
            let card = session.card().await;
            for word in words {
                let found = async || {
                    session
                        .eval(
                            "document.querySelectorAll('.card:not(.offscreen) [data-span]').length",
                        )
                        .await
                };
                assert_eq!(found().await, 0, "{view} {word}");
                // Not quite from edge to edge.
                let css = format!("word {word}");
                session.drag_within(&css, &[(0.2, 0.5), (0.5, 0.5), (0.9, 0.5)]).await;
                let span =
                    "document.querySelector('.card:not(.offscreen) [data-span]')?.dataset.span";
                let span = session.wait_for(&format!("{view}: {word:?} of {text}"), span).await;
                let (start, end) = tokens_of(text, word);
                assert_eq!(span, format!("{start}-{end}"), "{view}: {word:?} of {text}");
                let outline = "document.querySelector('.card:not(.offscreen) [data-span].on')";
                assert_eq!(
                    session.eval(outline).await,
                    Value::Null,
                    "what was just drawn has no outline"
                );
                session.press(&[Key::Backspace.into()]).await;
                let none =
                    "document.querySelectorAll('.card:not(.offscreen) [data-span]').length === 0";
                session.wait_for("it to be taken back", none).await;
            }
            session.press(&['a']).await;
            session.wait_for_another(&card).await;
        }
        session.close().await;
    }
}

#[tokio::test]
async fn a_drag_from_beside_the_letters_takes_the_nearest_word() {
    for (text, _) in TEXTS {
        let settings = "interface = \"ner_manual\"\nlabels = [\"A\"]";
        let session = BrowserSession::open(settings, &[json!({"text": text})]).await;
        session.card().await;
        let rtl =
            session.eval("getComputedStyle(document.querySelector('.tokens')).direction").await
                == "rtl";
        // From the edge of the card where the line begins to the other, beside and below all
        // letters.
        let (first, last) = if rtl { (0.998, 0.002) } else { (0.002, 0.998) };
        session
            .drag_within(".card:not(.offscreen) .tokens", &[(first, 0.5), (0.5, 0.5), (last, 1.9)])
            .await;
        let spans = marked(&session, 1).await;
        assert_eq!(spans, [(0, text.chars().count())], "{text}");
        session.press(&[Key::Backspace.into()]).await;
        marked(&session, 0).await;
        session.close().await;
    }
}

#[tokio::test]
async fn a_drag_may_begin_before_the_first_letter_of_a_line() {
    for (text, _) in TEXTS {
        for view in ["ner_manual", "spans_manual"] {
            let settings = format!("interface = \"{view}\"\nlabels = [\"A\"]");
            let session = BrowserSession::open(&settings, &[json!({"text": text})]).await;
            session.card().await;
            // Ten pixels from the letters, where the text's own element once ended.
            let first = "(() => { const tokens = document.querySelector('.card:not(.offscreen) .tokens'); \
                const walk = document.createTreeWalker(tokens, NodeFilter.SHOW_TEXT); \
                const range = document.createRange(); range.selectNodeContents(walk.nextNode()); \
                const boxes = [...range.getClientRects()], field = tokens.getBoundingClientRect(); \
                const letters = { left: Math.min(...boxes.map((box) => box.left)), right: Math.max(...boxes.map((box) => box.right)) }; \
                const rtl = getComputedStyle(tokens).direction === 'rtl'; \
                const share = (x) => (x - field.left) / field.width; \
                return rtl ? [share(letters.right + 10), share(letters.right - 6)] \
                           : [share(letters.left - 10), share(letters.left + 6)]; })()";
            let shares = session.eval(first).await;
            let (beside, within) =
                (shares[0].as_f64().expect("a share"), shares[1].as_f64().expect("a share"));
            session
                .drag_within(
                    ".card:not(.offscreen) .tokens",
                    &[(beside, 0.5), (within, 0.5), (within, 0.55)],
                )
                .await;
            let span = "document.querySelector('.card:not(.offscreen) [data-span]')?.dataset.span";
            let span = session.wait_for("a span", span).await;
            assert!(span.as_str().expect("a place").starts_with("0-"), "{view}: {text}: {span}");
            session.close().await;
        }
    }
}

#[tokio::test]
async fn a_click_or_a_slip_beside_the_letters_marks_nothing() {
    let settings = "interface = \"ner_manual\"\nlabels = [\"A\"]";
    let session =
        BrowserSession::open(settings, &[json!({"text": "Ada met Noor.", "meta": {"n": 1}})]).await;
    let card = session.card().await;
    session.click("word Ada").await;
    session
        .drag_within(".card:not(.offscreen) .tokens", &[(0.9, 0.5), (0.91, 0.5), (0.93, 0.6)])
        .await;
    // The same hand, not quite still.
    session.drag_within("word Noor", &[(0.5, 0.5), (0.53, 0.5)]).await;
    assert_eq!(session.eval(&format!("{MARKED}.length")).await, 0);
    session.press(&['a']).await;
    session.wait_for_another(&card).await;
    session.saved().await;
    assert_eq!(session.stored()[&1]["spans"], json!([]));
    session.close().await;
}

#[tokio::test]
async fn an_outline_says_that_a_labels_key_is_for_this_span() {
    for view in ["ner_manual", "spans_manual"] {
        let settings = format!("interface = \"{view}\"\nlabels = [\"A\", \"B\"]");
        let session = BrowserSession::open(
            &settings,
            &[json!({"text": "Ada met Noor here.", "meta": {"n": 1}})],
        )
        .await;
        let card = session.card().await;
        let outlined = "document.querySelector('.card:not(.offscreen) [data-span].on') !== null";
        session.drag_within("word Ada", &[(0.2, 0.5), (0.5, 0.5), (0.9, 0.5)]).await;
        session.find("[data-span='0-3'][data-label=A]").await;
        assert_eq!(session.eval(outlined).await, json!(false));
        // The next label is for the next stretch.
        session.press(&['2']).await;
        session.drag_within("word Noor", &[(0.2, 0.5), (0.5, 0.5), (0.9, 0.5)]).await;
        session.find("[data-span='8-12'][data-label=B]").await;
        session.find("[data-span='0-3'][data-label=A]").await;
        // What is clicked has an outline, and is renamed.
        session.click("word Noor").await;
        session.wait_for("the outline", outlined).await;
        session.press(&['1']).await;
        session.find("[data-span='8-12'][data-label=A]").await;
        session.press(&[Key::Escape.into(), 'a']).await;
        session.wait_for_another(&card).await;
        session.close().await;
    }
}

#[tokio::test]
async fn enter_closes_a_polygon_that_the_mouse_has_set() {
    let image = data_uri("image/png", &png());
    let settings = "interface = \"image_manual\"\nlabels = [\"CAT\"]";
    let task = json!({"image": image, "width": 400, "height": 300, "meta": {"n": 1}});
    let session = BrowserSession::open(settings, &[task]).await;
    let card = session.card().await;
    picture_is_there(&session).await;
    session.press(&['p']).await;
    for (x, y) in [(0.25, 0.25), (0.5, 0.25)] {
        session.click_at(".picture-box", x, y).await;
    }
    // Two corners are no polygon; they stay.
    session.press(&[Key::Enter.into()]).await;
    session.wait_for("two corners", "document.querySelectorAll('.corner-dot').length === 2").await;
    session.click_at(".picture-box", 0.5, 0.5).await;
    // The mouse goes on, and where it is now is no corner.
    session.drag_within(".picture-box", &[(0.9, 0.9)]).await;
    session.press(&[Key::Backspace.into()]).await;
    session.press(&[Key::Enter.into()]).await;
    session.find("[data-shape='0'][data-label=CAT]:not(.on)").await;
    session.press(&['a']).await;
    session.wait_for_another(&card).await;
    session.saved().await;
    let points = json!([[100, 75], [200, 75], [200, 150]]);
    assert_eq!(session.stored()[&1]["spans"][0]["points"], points);
    session.close().await;
}

/// A photograph of 80 by 60 pixels that says of itself that it is shown turned, 60 by 80.
const TURNED: &str = "/9j/4AAQSkZJRgABAQAAAQABAAD/4QAiRXhpZgAATU0AKgAAAAgAAQESAAMAAAABAAYAAAAAAAD/2wBDABsSFBcUERsX\
    FhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqmx5moq6T/2wBDARweHigjKE4r\
    K06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKT/wAARCAA8AFADASIA\
    AhEBAxEB/8QAFwABAQEBAAAAAAAAAAAAAAAAAAUEBv/EACUQAQAAAgoCAwAAAAAAAAAAAAABBAIDBRESExVTotEhUUOC\
    wf/EABkBAQADAQEAAAAAAAAAAAAAAAACAwQBBf/EABoRAQEBAQEBAQAAAAAAAAAAAAABAgMRBBL/2gAMAwEAAhEDEQA/\
    AKoAAwWrM10vlZVPDivv8Qj6T9Sm93jDpC7kvjRj59bz+oviBqU3u8YdL7udSodeOufnoAkqAAAAS7c+D7fiUtWrLV0x\
    lZVDFhvv8wh6T9Nm9rlDtTuX16fDeZzktZXUoGmze1yh2vpc5Yp+vWdeeUAWMQAAAAAAAAAAAAAAAAAAAAAD/9k=";

#[tokio::test]
async fn boxes_lie_on_the_picture_as_it_is_shown() {
    let image = format!("data:image/jpeg;base64,{TURNED}");
    let settings = "interface = \"image_manual\"\nlabels = [\"SIGN\"]";
    let tasks = [
        json!({"image": image, "meta": {"n": 1}}),
        json!({"image": image, "width": 80, "height": 60, "meta": {"n": 2}}),
    ];
    let session = BrowserSession::open(settings, &tasks).await;
    for _ in 0..2 {
        let card = session.card().await;
        let there = "document.querySelector('.card:not(.offscreen) img')?.naturalWidth === 60";
        session.wait_for("the picture", there).await;
        let shown = "(({width, height}) => Math.round(100 * width / height))\
                     (document.querySelector('.card:not(.offscreen) .picture-box').getBoundingClientRect())";
        assert_eq!(session.eval(shown).await, 75, "it stands upright");
        session
            .drag_within(
                ".card:not(.offscreen) .picture-box",
                &[(0.25, 0.25), (0.5, 0.4), (0.75, 0.5)],
            )
            .await;
        session.find(".card:not(.offscreen) [data-shape='0']").await;
        session.press(&['a']).await;
        session.wait_for_another(&card).await;
    }
    session.saved().await;
    let stored = session.stored();
    let near = |point: &Value, x: f64, y: f64| {
        let at = |i: usize| point[i].as_f64().expect("a number");
        (at(0) - x).abs() <= 1.0 && (at(1) - y).abs() <= 1.0
    };
    for n in [1, 2] {
        let points = &stored[&n]["spans"][0]["points"];
        assert!(near(&points[0], 15.0, 20.0) && near(&points[2], 45.0, 40.0), "{n}: {points}");
    }
    assert_eq!((&stored[&1]["width"], &stored[&1]["height"]), (&json!(60), &json!(80)));
    session.close().await;
}
