//! Keys that annotators change, swipes, and keys while the disk is slow.

use fantoccini::actions::{InputSource, PointerAction, TouchActions};
use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::browser_session::{BrowserSession, answer, texts};

#[tokio::test]
async fn keys_are_changed_by_the_annotator_and_stay_changed() {
    let settings = "interface = \"text\"\n[project.config]\nkeymap = { reject = \"k\" }";
    let session = BrowserSession::open(settings, &texts(4)).await;
    session.card().await;
    let on = |verdict: &str| {
        format!("document.querySelector('[data-answer={verdict}] kbd').textContent")
    };
    assert_eq!(session.eval(&on("reject")).await, "k");
    session.press(&['h']).await;
    session.click("[data-command=keys]").await;
    session.accessible().await;
    session.picture("keys").await;
    let told = "document.querySelector('.key-status').textContent";
    session.click("[data-change=accept]").await;
    session.press(&['k']).await;
    session
        .wait_for(
            "the page to say that it is taken",
            &format!("{told}.startsWith('k is already used')"),
        )
        .await;
    session.click("[data-change=accept]").await;
    session.press(&['q']).await;
    session.wait_for("the key on its button", &format!("{} === 'q'", on("accept"))).await;
    session.press(&[Key::Escape.into()]).await;
    answer(&session, &['q']).await;
    session.reload().await;
    assert_eq!(session.eval(&on("accept")).await, "q");

    // Single characters off: they work with Alt.
    session.press(&['h']).await;
    session.click("[data-command=keys]").await;
    session.click("#singles").await;
    session.wait_for("the button to say so", &format!("{} === 'alt q'", on("accept"))).await;
    session.press(&[Key::Escape.into()]).await;
    let card = session.card().await;
    session.press(&['q', 'k', ' ']).await;
    assert_eq!(session.card().await, card, "alone they do nothing");
    session.press_with(Key::Alt, 'q').await;
    session.wait_for_another(&card).await;
    session.press_with(Key::Alt, 'h').await;
    session.click("[data-command=keys]").await;
    session.click("[data-command=usual-keys]").await;
    session.wait_for("the usual keys", &format!("{} === 'a'", on("accept"))).await;
    session.press(&[Key::Escape.into()]).await;
    answer(&session, &['a']).await;
    session.close().await;
}

#[tokio::test]
async fn a_finger_answers_by_swiping() {
    let session = BrowserSession::open("interface = \"text\"", &texts(3)).await;
    let swipe = async |from: f64, to: f64| {
        let steps = 6;
        let place = |x: f64| PointerAction::MoveTo { duration: None, x: x.round(), y: 300.0 };
        let mut finger = TouchActions::new("finger".to_owned())
            .then(place(from))
            .then(PointerAction::Down { button: 0 });
        for step in 1..=steps {
            finger = finger.then(place(from + (to - from) * f64::from(step) / f64::from(steps)));
        }
        let finger = finger.then(PointerAction::Up { button: 0 });
        session.browser.client.perform_actions(finger).await.expect("a finger moves");
    };
    let card = session.card().await;
    swipe(500.0, 560.0).await;
    assert_eq!(session.card().await, card, "short of the threshold nothing happens");
    swipe(400.0, 700.0).await;
    session.wait_for_another(&card).await;
    let card = session.card().await;
    swipe(700.0, 400.0).await;
    session.wait_for_another(&card).await;
    let card = session.card().await;
    session.click("#menu-button").await;
    session.click("[data-swipe-choice=off]").await;
    session.accessible().await;
    session.picture("menu").await;
    session.press(&[Key::Escape.into()]).await;
    swipe(400.0, 700.0).await;
    assert_eq!(session.card().await, card, "it is switched off");
    session.saved().await;
    let stored = session.stored();
    assert_eq!(
        (&stored[&1]["answer"], &stored[&2]["answer"]),
        (&json!("accept"), &json!("reject"))
    );
    session.close().await;
}

#[tokio::test]
async fn a_swipe_answers_the_card_on_which_it_began_or_none() {
    let session = BrowserSession::open("interface = \"text\"", &texts(4)).await;
    let card = session.card().await;
    // The finger comes down, a key answers, the finger goes up: within one task of the browser.
    let swipe = |between: &str| {
        format!(
            "(() => {{ const at = (kind, x) => document.querySelector('.card:not(.offscreen)').dispatchEvent(new PointerEvent(kind, \
               {{bubbles: true, pointerId: 7, pointerType: 'touch', clientX: x, clientY: 300}})); \
             at('pointerdown', 300); at('pointermove', 400); {between}; at('pointermove', 600); at('pointerup', 600); \
             return true; }})()"
        )
    };
    let key = "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'x', code: 'KeyX', bubbles: true, cancelable: true}))";
    session.eval(&swipe(key)).await;
    session.wait_for_another(&card).await;
    let second = session.card().await;
    session.eval(&swipe("0")).await;
    session.wait_for_another(&second).await;
    session.saved().await;
    let answers: Vec<Value> =
        session.stored().into_values().map(|one| one["answer"].clone()).collect();
    assert_eq!(answers, ["reject", "accept"]);
    session.close().await;
}

/// Each answer takes this browser half a second to write.
const SLOW: &str = "(() => {
    const { put } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.put = function (...given) {
      const request = put.apply(this, given);
      const end = performance.now() + 500;
      const hold = () => { if (performance.now() < end) this.getKey(0).onsuccess = hold; };
      if (this.name === 'outbox') hold();
      return request;
    };
    return true;
})()";

#[tokio::test]
async fn on_a_slow_disk_every_key_counts_for_the_card_it_was_pressed_on() {
    let options = json!([{"id": "o1", "text": "One"}, {"id": "o2", "text": "Two"}, {"id": "o3", "text": "Three"}]);
    let tasks: Vec<Value> = (1..=12)
        .map(|n| json!({"text": format!("Number {n}"), "options": options, "meta": {"n": n}}))
        .collect();
    let settings = "interface = \"choice\"\n[project.config]\nchoice_style = \"multiple\"";
    let session = BrowserSession::open(settings, &tasks).await;
    session.card().await;
    assert_eq!(session.eval(SLOW).await, json!(true));
    session.press(&['1', 'a', '2', 'a', '3', 'a']).await;
    session.saved().await;
    let shown = "document.querySelector('.card').textContent.includes('Number 4')";
    session.wait_for("the fourth", shown).await;
    // Back to a card whose answer is still being written, and another answer to it.
    session.press(&['1', 'a', '2', Key::Backspace.into(), '3', 'x']).await;
    session.saved().await;
    let stored = session.stored();
    for (n, verdict, chosen) in [
        (1, "accept", json!(["o1"])),
        (2, "accept", json!(["o2"])),
        (3, "accept", json!(["o3"])),
        (4, "reject", json!(["o1", "o3"])),
    ] {
        assert_eq!(
            (&stored[&n]["answer"], &stored[&n]["accept"]),
            (&json!(verdict), &chosen),
            "{n}"
        );
    }
    assert_eq!(stored.get(&5), None);
    session.close().await;
}
