//! Nothing is lost and nothing is there twice, whatever fails: the line, the server, the browser,
//! its clock, its disk.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::common::browser::Browser;
use crate::unreliable_line::{AWAY, MUTE, OPEN, Place, SAVED, answer, card, kept, open};

#[tokio::test]
async fn ten_answers_offline_outlive_the_browsers_end() {
    let place = Place::new("interface = \"text\"", 40);
    let browser = Browser::start().await;
    open(&browser, &place.line.page()).await;
    card(&browser).await;
    place.line.is(AWAY);
    for step in 0..10 {
        answer(&browser, ['a', 'x'][step % 2]).await;
    }
    let waiting = "document.querySelector('#status').dataset.saved === 'offline' && \
                   document.querySelector('#status').dataset.outbox === '10'";
    browser.wait_for("the bar to say that they wait", waiting).await;
    let said = browser.eval("document.querySelector('#notice').textContent").await;
    assert!(said.as_str().is_some_and(|said| said.contains("Your 10 answers are kept")), "{said}");
    let asks = "!dispatchEvent(new Event('beforeunload', {cancelable: true}))";
    assert_eq!(browser.eval(asks).await, json!(true), "the page asks before it is left");
    kept(&browser, "outbox", 10).await;
    assert_eq!(place.stored(), Vec::<Value>::new());

    let profile = browser.kill();
    let browser = Browser::start_in(profile, &[]).await;
    place.line.is(OPEN);
    open(&browser, &place.line.page()).await;
    browser.wait_for("everything to be stored", SAVED).await;
    assert_eq!(browser.eval(asks).await, json!(false), "now it can be left");
    place.stored_once(10);
    answer(&browser, 'a').await;
    browser.wait_for("everything to be stored", SAVED).await;
    place.stored_once(11);
    browser.close().await;
}

#[tokio::test]
async fn a_daemon_that_is_killed_and_comes_back_gets_every_answer_once() {
    let mut place = Place::new("interface = \"text\"", 6);
    let browser = Browser::start().await;
    open(&browser, &place.line.page()).await;
    answer(&browser, 'a').await;
    browser.wait_for("it to be stored", SAVED).await;
    place.line.is(AWAY);
    for _ in 0..3 {
        answer(&browser, 'x').await;
    }
    place.daemon.kill_and_restart();
    place.line.leads_to(&place.daemon);
    place.line.is(OPEN);
    browser.wait_for("everything to be stored", SAVED).await;
    place.stored_once(4);
    browser.close().await;
}

#[tokio::test]
async fn an_answer_whose_reply_is_lost_is_stored_once() {
    let place = Place::new("interface = \"text\"", 3);
    let browser = Browser::start().await;
    open(&browser, &place.line.page()).await;
    card(&browser).await;
    place.line.is(MUTE);
    answer(&browser, 'a').await;
    let offline = "document.querySelector('#status').dataset.saved === 'offline'";
    browser.wait_for("the page to miss the reply", offline).await;
    assert!(place.line.cut.load(Ordering::SeqCst) > 0);
    place.stored_once(1);
    answer(&browser, 'x').await;
    place.line.is(OPEN);
    browser.wait_for("everything to be stored", SAVED).await;
    place.stored_once(2);
    browser.close().await;
}

#[tokio::test]
async fn a_clock_that_is_off_by_a_day_leaves_the_times_right() {
    for hours in [-24, 24] {
        let place = Place::new("interface = \"text\"", 1);
        let browser = Browser::start().await;
        browser.run_before_pages(&format!(
            "{{ const Real = Date; const off = {hours} * 3600000; \
             globalThis.Date = class extends Real {{ \
               constructor(...given) {{ super(...(given.length ? given : [Real.now() + off])); }} \
               static now() {{ return Real.now() + off; }} }}; }}"
        ));
        let before = now();
        open(&browser, &place.line.page()).await;
        answer(&browser, 'a').await;
        browser.wait_for("it to be stored", SAVED).await;
        let after = now();
        let stored = place.stored();
        let (shown, given) = (&stored[0]["time_loaded"], &stored[0]["time_returned"]);
        let (shown, given) = (shown.as_str().expect("a time"), given.as_str().expect("a time"));
        assert!(
            *before <= *shown && shown <= given && *given <= *after,
            "{before} {shown} {given} {after}"
        );
        browser.close().await;
    }
}

/// The time as the export writes it.
fn now() -> String {
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let ms = i64::try_from(now.as_millis()).expect("a time");
    annotd::task::Millis(ms).to_string()
}
