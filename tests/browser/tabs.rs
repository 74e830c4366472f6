//! Several tabs of one annotator: they share the work, the outbox and what is half done.

use fantoccini::key::Key;
use fantoccini::wd::WindowHandle;

use crate::common::browser::Browser;
use crate::unreliable_line::{Place, SAVED, answer, card, gone, kept, open, press_button};

/// A second tab at the same page, which is then the one in front; and the first.
async fn another_tab(browser: &Browser, place: &Place, before: &str) -> [WindowHandle; 2] {
    let one = browser.client.window().await.expect("a window");
    let two = browser.client.new_window(true).await.expect("a tab").handle;
    go(browser, &two).await;
    browser.run_before_pages(before);
    open(browser, &place.line.page()).await;
    [one, two]
}

async fn go(browser: &Browser, tab: &WindowHandle) {
    browser.client.switch_to_window(tab.clone()).await.expect("the tab");
}

/// Two tabs side by side; `before` runs in both before anything else.
async fn two_tabs(before: &str) {
    let place = Place::new("interface = \"text\"", 9);
    let browser = Browser::start().await;
    browser.run_before_pages(before);
    open(&browser, &place.line.page()).await;
    let first = card(&browser).await;
    let tabs = another_tab(&browser, &place, before).await;
    let mut seen = vec![first];
    let mut at = 1;
    let mut ended = [false; 2];
    while ended != [true; 2] {
        let there = browser
            .wait_for(
                "a card or the end",
                "(document.body.dataset.state === 'task' && \
                 document.querySelector('[data-task-id]')?.dataset.taskId) || \
                 (['done', 'waiting'].includes(document.body.dataset.state) && 'end')",
            )
            .await;
        let there = there.as_str().expect("words").to_owned();
        if there == "end" {
            ended[at] = true;
        } else {
            ended[at] = false;
            let known = seen.iter().filter(|one| **one == there).count();
            assert!(known == 0 || (at == 0 && seen[0] == there && known == 1), "{there} twice");
            if known == 0 {
                seen.push(there.clone());
            } else {
                seen[0] = format!("{there} answered");
            }
            browser.press(&['a']).await;
            gone(&browser, &there).await;
        }
        at = 1 - at;
        go(&browser, &tabs[at]).await;
    }
    browser.wait_for("everything to be stored", SAVED).await;
    place.stored_once(9);
    browser.close().await;
}

#[tokio::test]
async fn two_tabs_share_the_work_and_double_nothing() {
    two_tabs("").await;
}

#[tokio::test]
async fn two_tabs_without_locks_do_so_too() {
    // As at a plain http address in a local network.
    two_tabs("Object.defineProperty(Navigator.prototype, 'locks', {value: undefined});").await;
}

#[tokio::test]
async fn what_is_half_done_in_a_tab_goes_on_in_another_and_is_gone_with_the_answer() {
    // The first tab takes ten tasks, the second what is left.
    let place = Place::new("interface = \"ner_manual\"\nlabels = [\"THING\"]", 11);
    let browser = Browser::start().await;
    open(&browser, &place.line.page()).await;
    let half = card(&browser).await;
    let [one, two] = another_tab(&browser, &place, "").await;
    let whole = card(&browser).await;
    assert_ne!(half, whole);
    go(&browser, &one).await;
    let there =
        "document.querySelectorAll('.card:not(.offscreen) mark[data-label=THING]').length === 1";
    browser.press(&[Key::Right.into(), '1']).await;
    browser.wait_for("the span", there).await;
    kept(&browser, "drafts", 1).await;
    browser.client.close_window().await.expect("the tab closes");

    go(&browser, &two).await;
    let mut answered = 1;
    while card(&browser).await != half {
        assert!(answered < 11, "it does not come");
        answer(&browser, 'a').await;
        answered += 1;
    }
    browser.wait_for("what the other tab has made", there).await;
    browser.press(&['.', Key::Delete.into(), 'a']).await;
    gone(&browser, &half).await;
    browser.wait_for("everything to be stored", SAVED).await;
    kept(&browser, "drafts", 0).await;
    // An annotator who comes back to it sees the answer, not the draft.
    browser.client.refresh().await.expect("the page reloads");
    let next = card(&browser).await;
    press_button(&browser, "undo").await;
    gone(&browser, &next).await;
    assert_eq!(card(&browser).await, half);
    assert_eq!(browser.eval("document.querySelectorAll('mark.span').length").await, 0);
    place.stored_once(answered);
    browser.close().await;
}

#[tokio::test]
async fn a_tab_whose_answers_another_has_sent_says_so() {
    let place = Place::new("interface = \"text\"", 30);
    let browser = Browser::start().await;
    open(&browser, &place.line.page()).await;
    card(&browser).await;
    // The second one never gets its turn to send.
    let never = "navigator.locks.request = () => new Promise(() => {});";
    let [one, two] = another_tab(&browser, &place, never).await;
    answer(&browser, 'a').await;
    kept(&browser, "outbox", 1).await;
    go(&browser, &one).await;
    answer(&browser, 'a').await;
    browser.wait_for("everything to be stored", SAVED).await;
    go(&browser, &two).await;
    browser.wait_for("it to be told", SAVED).await;
    place.stored_once(2);
    browser.close().await;
}

#[tokio::test]
async fn a_tab_that_has_nothing_because_another_has_it_says_so_and_gets_it_when_that_is_closed() {
    let place = Place::new("interface = \"text\"", 4);
    let browser = Browser::start().await;
    open(&browser, &place.line.page()).await;
    let held = card(&browser).await;
    let [one, two] = another_tab(&browser, &place, "").await;
    let said = "document.body.dataset.state === 'waiting' && \
                document.querySelector('.empty-state h2')?.textContent.includes('another tab')";
    browser.wait_for("the note", said).await;
    go(&browser, &one).await;
    browser.client.close_window().await.expect("the tab closes");
    go(&browser, &two).await;
    assert_eq!(card(&browser).await, held);
    browser.close().await;
}
