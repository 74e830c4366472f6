//! What the browser keeps: answers where it keeps nothing, and drafts over a reload and its end.

use fantoccini::key::Key;
use serde_json::json;

use crate::common::browser::Browser;
use crate::unreliable_line::{
    AWAY, OPEN, Place, SAVED, answer, card, gone, kept, open, press_button,
};

/// The disk takes nothing: each answer is confirmed before the next is given, and the page tells this.
/// `known`: that the page knows it before the first answer, whose card then stays.
async fn without_a_disk(before: &str, known: bool) {
    let place = Place::new("interface = \"text\"", 12);
    let browser = Browser::start().await;
    browser.run_before_pages(before);
    open(&browser, &place.line.page()).await;
    let first = card(&browser).await;
    place.line.is(AWAY);
    browser.press(&['a']).await;
    let told = "document.querySelector('#notice').textContent.includes('cannot store answers') && \
                document.querySelector('#status').dataset.saved === 'offline'";
    browser.wait_for("the page to say so", told).await;
    if known {
        assert_eq!(card(&browser).await, first, "the card stays until its answer is stored");
    } else {
        let second = card(&browser).await;
        assert_ne!(second, first);
        browser.press(&['x']).await;
        browser.wait_for("the key to be heard", "window.heard === 'x'").await;
        assert_eq!(card(&browser).await, second, "nothing is answered before the first is stored");
    }
    let asks = "!dispatchEvent(new Event('beforeunload', {cancelable: true}))";
    assert_eq!(browser.eval(asks).await, json!(true));
    place.line.is(OPEN);
    gone(&browser, &first).await;
    browser.wait_for("it to be stored", SAVED).await;
    place.stored_once(1);
    let second = card(&browser).await;
    place.line.is(AWAY);
    browser.press(&['x']).await;
    browser.wait_for("the page to say so", told).await;
    assert_eq!(card(&browser).await, second, "the card stays until its answer is stored");
    place.line.is(OPEN);
    gone(&browser, &second).await;
    place.stored_once(2);
    browser.close().await;
}

#[tokio::test]
async fn a_browser_that_has_no_store_has_each_answer_confirmed() {
    without_a_disk(
        "IDBFactory.prototype.open = () => { throw new DOMException('no room', 'QuotaExceededError'); };",
        true,
    )
    .await;
}

#[tokio::test]
async fn a_full_disk_has_each_answer_confirmed() {
    without_a_disk(
        "IDBObjectStore.prototype.put = function () { this.transaction.abort(); \
         throw new DOMException('the disk is full', 'QuotaExceededError'); }; \
         addEventListener('keydown', (event) => (window.heard = event.key));",
        false,
    )
    .await;
}

#[tokio::test]
async fn what_is_half_done_outlives_undo_reload_and_the_browsers_end() {
    let settings = "interface = \"ner_manual\"\nlabels = [\"THING\"]";
    let place = Place::new(settings, 3);
    let browser = Browser::start().await;
    open(&browser, &place.line.page()).await;
    answer(&browser, 'a').await;
    let half = card(&browser).await;
    browser.press(&[Key::Right.into(), '1', 'f', 'c']).await;
    browser.wait_for("the remark", "document.activeElement?.tagName === 'TEXTAREA'").await;
    browser.press(&['o', 'd', 'd', Key::Escape.into()]).await;
    let there = "document.querySelectorAll('mark[data-label=THING]').length === 1 && \
                 document.querySelector('.flagged:not([hidden])') !== null && \
                 document.querySelector('.remark')?.textContent.includes('odd')";
    browser.wait_for("what was made", there).await;

    press_button(&browser, "undo").await;
    gone(&browser, &half).await;
    press_button(&browser, "forward").await;
    browser.wait_for("it again after going back", there).await;
    kept(&browser, "drafts", 1).await;
    browser.client.refresh().await.expect("the page reloads");
    assert_eq!(card(&browser).await, half);
    browser.wait_for("it again after a reload", there).await;

    let browser = Browser::start_in(browser.kill(), &[]).await;
    open(&browser, &place.line.page()).await;
    assert_eq!(card(&browser).await, half);
    browser.wait_for("it again after the browser's end", there).await;
    browser.press(&['a']).await;
    gone(&browser, &half).await;
    browser.wait_for("it to be stored", SAVED).await;
    let made = place.stored().into_iter().find(|one| one["flagged"] == json!(true)).expect("it");
    assert_eq!((&made["comment"], &made["spans"][0]["label"]), (&json!("odd"), &json!("THING")));
    kept(&browser, "drafts", 0).await;
    browser.close().await;
}

#[tokio::test]
async fn what_is_half_done_on_an_answered_card_outlives_a_reload() {
    let place = Place::new("interface = \"ner_manual\"\nlabels = [\"THING\"]", 3);
    let browser = Browser::start().await;
    open(&browser, &place.line.page()).await;
    let first = card(&browser).await;
    answer(&browser, 'a').await;
    browser.wait_for("it to be stored", SAVED).await;
    let next = card(&browser).await;
    press_button(&browser, "undo").await;
    gone(&browser, &next).await;
    browser.press(&[Key::Right.into(), '1']).await;
    let there = "document.querySelectorAll('mark[data-label=THING]').length === 1";
    browser.wait_for("what was made", there).await;
    kept(&browser, "drafts", 1).await;
    browser.client.refresh().await.expect("the page reloads");
    let next = card(&browser).await;
    press_button(&browser, "undo").await;
    gone(&browser, &next).await;
    assert_eq!(card(&browser).await, first);
    browser.wait_for("it again after a reload", there).await;
    browser.close().await;
}
