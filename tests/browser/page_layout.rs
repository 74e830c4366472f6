//! Where things lie on the page: the text, the card that is drawn before its turn, a long text, and
//! the page in other languages.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::browser_session::{BrowserSession, WORD, texts};

#[tokio::test]
async fn nothing_that_comes_to_a_card_moves_its_text_under_the_hand() {
    let words = vec!["word"; 40].join(" ");
    let task = json!({"text": words});
    let session = BrowserSession::open(
        "interface = \"ner_manual\"\nlabels = [\"ORGANISATION\"]",
        &[task.clone(), task],
    )
    .await;
    let card = session.card().await;
    let place = |what: &str| {
        format!(
            "JSON.stringify([document.querySelector('.card:not(.offscreen) .tokens').getBoundingClientRect().{what}])"
        )
    };
    let (top, height) = (session.eval(&place("top")).await, session.eval(&place("height")).await);
    session.press(&['f']).await;
    session.wait_for("the flag", "document.querySelector('.flagged:not([hidden])') !== null").await;
    assert_eq!(session.eval(&place("top")).await, top, "a flag");
    // Labels make the text longer, by whole lines.
    for _ in 0..12 {
        session.press(&[Key::Right.into(), Key::Right.into(), '1']).await;
    }
    session.wait_for("more lines", &format!("{} !== {height:?}", place("height"))).await;
    assert_eq!(session.eval(&place("top")).await, top, "labels");
    // In another window it is placed again.
    session.browser.client.set_window_size(1280, 640).await.expect("a size");
    session.wait_for("another place", &format!("{} !== {top:?}", place("top"))).await;
    session.press(&['a']).await;
    session.wait_for_another(&card).await;
    session.close().await;
}

#[tokio::test]
async fn a_card_begins_at_the_same_height_whatever_its_length() {
    let long = vec!["Many words."; 400].join(" ");
    let lengths = ["Short.", "Some more words than that, on one line or two.", &long];
    for settings in ["interface = \"text\"", "interface = \"ner_manual\"\nlabels = [\"A\"]"] {
        let tasks: Vec<Value> = lengths.iter().map(|text| json!({"text": text})).collect();
        let session = BrowserSession::open(settings, &tasks).await;
        let first_line = "(() => { const range = document.createRange(); \
            range.selectNodeContents(document.querySelector('.card:not(.offscreen) .text')); \
            return range.getClientRects()[0].top; })()";
        let mut tops = Vec::new();
        for _ in lengths {
            let card = session.card().await;
            tops.push(session.eval(first_line).await);
            // What comes beneath it moves nothing.
            session.press(&['f']).await;
            tops.push(session.eval(first_line).await);
            session.press(&['a']).await;
            session.wait_for_another(&card).await;
        }
        assert!(tops.iter().all(|top| *top == tops[0] && top.is_number()), "{tops:?}");
        session.close().await;
    }
}

#[tokio::test]
async fn the_page_speaks_the_language_that_is_chosen_and_remembers_it() {
    let session = BrowserSession::open("interface = \"text\"", &texts(2)).await;
    session.card().await;
    session.click("#menu-button").await;
    session.click("[data-language-choice=de]").await;
    let german = "document.documentElement.lang === 'de' && \
                  document.querySelector('[data-answer=accept]')?.textContent.includes('annehmen')";
    session.wait_for("German", german).await;
    session.browser.listen_for_errors().await;
    session.reload().await;
    session.wait_for("German still", german).await;
    session.click("#menu-button").await;
    session.click("[data-density-choice=compact]").await;
    session.press(&[Key::Escape.into()]).await;
    session.reload().await;
    assert_eq!(session.eval("document.documentElement.dataset.density").await, "compact");
    session.close().await;
}

#[tokio::test]
async fn laid_out_from_right_to_left_the_page_fits_a_phone() {
    let session = BrowserSession::open("interface = \"text\"", &texts(2)).await;
    session.browser.client.set_window_size(390, 844).await.expect("a size");
    session.card().await;
    session.press(&['a']).await;
    session.eval("document.documentElement.dir = 'rtl'").await;
    let wide = "document.documentElement.scrollWidth <= innerWidth";
    session.wait_for("a page no wider than the window", wide).await;
    session.press(&['y']).await;
    session.wait_for("the answers", "document.querySelectorAll('[data-past]').length === 1").await;
    session.picture("history-rtl-phone").await;
    session.close().await;
}

/// The card that lies ready (ahead.js), laid out and shut.
const READY: &str = "document.querySelector('.card.offscreen.collapsed') !== null";

#[tokio::test]
async fn the_card_that_lies_ready_is_out_of_reach_until_its_turn() {
    let tasks: Vec<Value> = (1..=12)
        .map(|n| json!({"text": format!("Ready number {n} lies here"), "meta": {"n": n}}))
        .collect();
    let settings = "interface = \"ner_manual\"\nlabels = [\"THING\", \"OTHER\"]";
    let session = BrowserSession::open(settings, &tasks).await;
    let first = session.card().await;
    session.wait_for("the next one", READY).await;
    for _ in 0..25 {
        session.press(&[Key::Tab.into()]).await;
        let reached = "document.activeElement?.closest('.offscreen') !== null";
        assert_eq!(session.eval(reached).await, json!(false), "Tab goes around it");
    }
    session.accessible().await;
    assert_eq!(session.eval("window.find('number 2')").await, json!(false), "nor does a search");
    session.eval("document.querySelector('.card').focus()").await;
    // What is made on a card is that card's, and the one ahead knows nothing of it.
    session.press(&[Key::Right.into(), '1']).await;
    session.press(&['a']).await;
    session.wait_for_another(&first).await;
    let second = session.card().await;
    let text = "document.querySelector('.card:not(.offscreen)').textContent.includes('number 2')";
    assert_eq!(session.eval(text).await, json!(true));
    assert_eq!(session.eval("document.querySelector('mark') === null").await, json!(true));
    session.wait_for("the third", READY).await;
    session.press(&[Key::Right.into(), Key::Right.into(), '2']).await;
    session.click("[data-command=undo]").await;
    session.wait_for_another(&second).await;
    session
        .wait_for("the first span", "document.querySelector('mark')?.dataset.label === 'THING'")
        .await;
    // Back to the second, which was drawn ahead again with what is half done on it.
    session.wait_for("the second", READY).await;
    session.press(&['x']).await;
    assert_eq!(session.card().await, second);
    session
        .wait_for("the second span", "document.querySelector('mark')?.dataset.label === 'OTHER'")
        .await;
    session.press(&['a']).await;
    session.wait_for_another(&second).await;
    session.saved().await;
    let stored = session.stored();
    assert_eq!(
        (&stored[&1]["answer"], &stored[&2]["answer"]),
        (&json!("reject"), &json!("accept"))
    );
    assert_eq!((&stored[&1]["spans"][0]["label"]), &json!("THING"));
    assert_eq!((&stored[&2]["spans"][0]["label"]), &json!("OTHER"));
    session.close().await;
}

#[tokio::test]
async fn a_long_text_is_whole_although_only_what_is_in_sight_is_laid_out() {
    let words: Vec<String> =
        (0..2_000).map(|n| format!("word{n}{}", if n % 100 == 99 { "\n" } else { "" })).collect();
    let task = |n: i64| {
        let text = format!("Card {n} {}", words.join(" "));
        let at = text.find("word1990").expect("it is there");
        json!({"text": text, "spans": [{"start": at, "end": at + 8, "label": "THING"}], "meta": {"n": n}})
    };
    let settings = "interface = \"spans_manual\"\nlabels = [\"THING\", \"OTHER\"]";
    let session = BrowserSession::open(settings, &[task(1), task(2), task(3)]).await;
    let first = session.card().await;
    session.press(&['.']).await;
    // The only span lies at the end: the page goes there, and there is something to see.
    let in_sight = "(() => { const tag = document.querySelector('.tag'); const box = tag.getBoundingClientRect(); \
                    return box.width > 0 && box.top > 0 && box.bottom < innerHeight && \
                    document.elementFromPoint(box.left + 2, box.top + 2)?.closest('.tag') === tag; })()";
    session.wait_for("the span", in_sight).await;
    session.picture("far-down").await;
    session.press(&['2']).await;
    session.press(&['a']).await;
    session.wait_for_another(&first).await;
    let second = session.card().await;
    let painted = format!(
        "(({{left, top}}) => document.elementFromPoint(left + 2, top + 6)?.closest('.card:not(.offscreen) .tokens') instanceof Element)\
         (({WORD})('Card').getBoundingClientRect())"
    );
    assert_eq!(session.eval(&painted).await, json!(true), "it begins at the top");
    session.press(&['a']).await;
    session.wait_for_another(&second).await;
    session.saved().await;
    assert_eq!(session.stored()[&1]["spans"][0]["label"], json!("OTHER"));
    session.close().await;
}
