//! Words of a text that is marked: which one lies under the pointer or beneath the cursor, in any
//! script. They have no elements of their own.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::browser_session::{BrowserSession, WORD};

const DOWN: char = '\u{E015}';
const UP: char = '\u{E013}';

async fn open(more: &str, text: &str) -> BrowserSession {
    let settings = format!("interface = \"ner_manual\"\nlabels = [\"A\", \"B\"]\n{more}");
    BrowserSession::open(&settings, &[json!({"text": text, "meta": {"n": 1}})]).await
}

/// The stretches of the text that were marked, in words and in order.
async fn marked(session: BrowserSession, text: &str) -> Vec<String> {
    let card = session.card().await;
    session.press(&['a']).await;
    session.wait_for_another(&card).await;
    session.saved().await;
    let stored = session.stored();
    session.close().await;
    let points: Vec<char> = text.chars().collect();
    let offset = |span: &Value, key: &str| {
        usize::try_from(span[key].as_u64().expect("an offset")).expect("a small one")
    };
    let spans = stored[&1]["spans"].as_array().expect("spans").iter();
    spans.map(|span| points[offset(span, "start")..offset(span, "end")].iter().collect()).collect()
}

#[tokio::test]
async fn the_word_that_is_pressed_is_marked_in_any_script() {
    let text = "Ada, \"e\u{301}t\u{301}at\" الملك حضر 👩\u{200d}🚀 😀 end.";
    let session = open("", text).await;
    session.card().await;
    let words = ["Ada", "e\u{301}t\u{301}at", "الملك", "حضر", "👩\u{200d}🚀", "😀", "end"];
    // From the end, so that each text node is cut before and behind a word that is there already.
    for word in words.iter().rev() {
        session.double_click(&format!("word {word}")).await;
    }
    let [first, middle] = ["word ,", "word ."];
    session.click("[data-label=B].label-button").await;
    session.drag(first, first).await;
    session.double_click(first).await;
    session.double_click(middle).await;
    session
        .wait_for("the last one", "document.querySelectorAll('mark[data-label=B]').length === 2")
        .await;
    let made = marked(session, text).await;
    assert_eq!(made, ["Ada", ",", words[1], words[2], words[3], words[4], words[5], "end", "."]);
}

#[tokio::test]
async fn single_letters_and_line_breaks_can_be_marked_where_the_project_allows_it() {
    let more =
        "[project.config]\nner_manual_highlight_chars = true\nallow_newline_highlight = true";
    let text = "abcdef\nghi 😀jkl";
    let session = open(more, text).await;
    session.card().await;
    session.drag("word b", "word d").await;
    session.drag("word f", "word h").await;
    session.drag("word j", "word 😀").await;
    session.wait_for("all of them", "document.querySelectorAll('mark.span').length === 3").await;
    assert_eq!(marked(session, text).await, ["bcd", "f\ngh", "😀j"]);
}

#[tokio::test]
async fn up_and_down_lead_to_the_word_that_stands_there() {
    let words: Vec<String> = (100..160).map(|n| format!("w{n}")).collect();
    let text = words.join(" ");
    let session = open("", &text).await;
    session.card().await;
    session
        .press(&[Key::Right.into(), Key::Right.into(), Key::Right.into(), DOWN, DOWN, '1', UP, '2'])
        .await;
    session.wait_for("both", "document.querySelectorAll('mark.span').length === 2").await;
    // Each stands a line apart, over the middle of the third word or of the one that was marked.
    let lies = format!(
        "(() => {{ const box = (one) => one.getBoundingClientRect(); const middle = (b) => (b.left + b.right) / 2; \
         const third = box(({WORD})('w102')); \
         const [upper, lower] = ['B', 'A'].map((label) => box(document.querySelector(`mark[data-label=${{label}}]`))); \
         const line = upper.top - third.top; \
         return line > 20 && Math.abs(lower.top - upper.top - line) < 12 && \
           Math.abs(middle(upper) - middle(third)) < 60 && Math.abs(middle(lower) - middle(third)) < 60; }})()"
    );
    assert_eq!(session.eval(&lies).await, json!(true));
    session.close().await;
}

#[tokio::test]
async fn a_word_that_a_span_cuts_answers_on_each_of_its_letters() {
    let text = "Hello unbelievable world.";
    let task =
        json!({"text": text, "meta": {"n": 1}, "spans": [{"start": 8, "end": 14, "label": "A"}]});
    let session =
        BrowserSession::open("interface = \"ner_manual\"\nlabels = [\"A\", \"B\"]", &[task]).await;
    session.card().await;
    session.click("word believ").await;
    session.press(&[Key::Delete.into()]).await;
    session.wait_for("no span", "document.querySelector('mark.span') === null").await;
    session.drag("word able", "word world").await;
    session.find("mark.span").await;
    assert_eq!(marked(session, text).await, ["unbelievable world"]);
}

#[tokio::test]
async fn the_outermost_letters_answer_where_the_direction_changes() {
    let text = "قال إن John Smith هنا";
    let session = open("", text).await;
    session.card().await;
    for (word, share) in
        [("word John", 0.04), ("word Smith", 0.96), ("word هنا", 0.9), ("word إن", 0.1)]
    {
        session.click_at(word, share, 0.5).await;
        session.press(&['1', Key::Escape.into()]).await;
    }
    session.wait_for("all of them", "document.querySelectorAll('mark.span').length === 4").await;
    assert_eq!(marked(session, text).await, ["إن", "John", "Smith", "هنا"]);
}

#[tokio::test]
async fn a_press_on_a_stripe_beneath_a_word_is_one_on_its_span() {
    let text = "Ada Smith met Noor.";
    let task = json!({"text": text, "meta": {"n": 1}, "spans": [
        {"start": 0, "end": 9, "label": "A"}, {"start": 14, "end": 18, "label": "B"},
    ]});
    let session =
        BrowserSession::open("interface = \"spans_manual\"\nlabels = [\"A\", \"B\"]", &[task])
            .await;
    session.card().await;
    // A word is some 21 pixels high, its lane as much again.
    session.click_at("word Smith", 0.7, 1.5).await;
    session.press(&[Key::Delete.into()]).await;
    session.wait_for("one span", "document.querySelectorAll('.tag').length === 1").await;
    assert_eq!(marked(session, text).await, ["Noor"]);
}
