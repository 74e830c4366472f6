//! Thousands of cards in one page: each answer stays within reach, and the page stays light and fast.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::browser_session::BrowserSession;
use crate::common::annotator::Annotator;
use crate::nothing_unseen::{texts, told};

/// Answers this many of the tasks as andy by the port's own calls.
fn answer_all(session: &BrowserSession) {
    let andy = Annotator::new("andy", &session.daemon.addresses());
    loop {
        let asked = andy.ask(500);
        let tasks = asked["tasks"].as_array().expect("tasks");
        if tasks.is_empty() {
            break;
        }
        let answers: Vec<Value> = tasks
            .iter()
            .map(|task| {
                let mut answer = task.clone();
                answer["answer"] = "accept".into();
                answer
            })
            .collect();
        andy.give(&answers);
    }
}

#[tokio::test]
async fn the_first_of_many_answers_is_found_and_changed() {
    let session = BrowserSession::open("interface = \"text\"", &texts(1300)).await;
    session.browser.client.goto("about:blank").await.expect("an empty page");
    answer_all(&session);
    session.browser.client.goto(&session.address()).await.expect("the page opens");
    session.browser.listen_for_errors().await;
    session.wait_for("the end", "document.body.dataset.state === 'done'").await;
    // A search goes through all of them, and draws what it finds.
    session.press(&['y']).await;
    session.find("[data-past]").await;
    session.press(&"earliest".chars().collect::<Vec<_>>()).await;
    session.wait_for("the first", "document.querySelectorAll('[data-past]').length === 1").await;
    let count = "document.querySelector('dialog [role=status]').textContent";
    session.wait_for("all to be searched", &format!("{count} === '1 of 1300 answers'")).await;
    session.press(&[Key::Down.into(), Key::Enter.into()]).await;
    let shown = "document.querySelector('.card')?.textContent.includes('earliest')";
    session.wait_for("its card", shown).await;
    session.press(&['x']).await;
    session.wait_for("the end", "document.body.dataset.state === 'done'").await;
    session.saved().await;
    assert_eq!(session.stored()[&1]["answer"], json!("reject"));
    // Scrolled down, one page comes after the other, to the last.
    session.press(&['y']).await;
    session.find("[data-past]").await;
    let all = "(() => { document.querySelector('dialog .past').lastElementChild.scrollIntoView(); \
               return document.querySelectorAll('[data-past]').length === 1300; })()";
    session.wait_for("all answers", all).await;
    session.wait_for("no more", "document.querySelector('dialog .past + button').hidden").await;
    session.close().await;
}

#[tokio::test]
async fn going_back_goes_beyond_what_lies_on_the_page() {
    let session = BrowserSession::open("interface = \"text\"", &texts(130)).await;
    session.browser.client.goto("about:blank").await.expect("an empty page");
    answer_all(&session);
    session.browser.client.goto(&session.address()).await.expect("the page opens");
    session.browser.listen_for_errors().await;
    session.wait_for("the end", "document.body.dataset.state === 'done'").await;
    for _ in 0..130 {
        let before =
            session.eval("document.querySelector('[data-task-id]')?.dataset.taskId ?? ''").await;
        session.press(&[Key::Backspace.into()]).await;
        session.wait_for_another(before.as_str().expect("an id")).await;
        session.card().await;
    }
    let first = "document.querySelector('.card:not(.offscreen)').textContent.includes('earliest')";
    assert_eq!(session.eval(first).await, json!(true));
    session.press(&[Key::Backspace.into()]).await;
    session.wait_for("the page to tell", &told("There are no earlier tasks.")).await;
    session.press(&['x']).await;
    session.saved().await;
    assert_eq!(session.stored()[&1]["answer"], json!("reject"));
    session.close().await;
}

/// Answers this many cards, each as soon as it was painted, with a pause between two presses.
const WORK: &str = "
    const done = arguments[arguments.length - 1];
    const [pause, wanted] = arguments;
    let [given, pressed] = [0, 0];
    const turns = [];
    const step = () => {
      if (given === wanted || document.body.dataset.state === 'done') {
        turns.sort((one, other) => one - other);
        return done([given, pressed, turns[turns.length >> 1]]);
      }
      if (document.body.dataset.state === 'task' && document.body.dataset.seen === 'true') {
        const before = document.querySelector('.card:not(.offscreen)');
        const began = performance.now();
        pressed++;
        document.body.dispatchEvent(new KeyboardEvent('keydown', {key: given % 3 ? 'a' : 'x', bubbles: true, cancelable: true}));
        if (document.querySelector('.card:not(.offscreen)') !== before) given++;
        turns.push(performance.now() - began);
      }
      setTimeout(step, pause);
    };
    step();";

/// How many keys it took, and the median of the milliseconds from a key to the next card.
async fn work(session: &BrowserSession, pause: u32, cards: u32) -> (u64, f64) {
    let done = session.browser.client.execute_async(WORK, vec![json!(pause), json!(cards)]).await;
    let done = done.expect("they are answered");
    assert_eq!(done[0], json!(cards));
    session.saved().await;
    (done[1].as_u64().expect("a number"), done[2].as_f64().expect("a number"))
}

/// What the page takes of the browser, once what it has let go of is gone.
fn weight(session: &BrowserSession, what: &str) -> f64 {
    session.browser.tell("HeapProfiler.collectGarbage", &json!({}));
    let told = session.browser.tell("Performance.getMetrics", &json!({}));
    let metrics = told["metrics"].as_array().expect("metrics");
    let found = metrics.iter().find(|metric| metric["name"] == what).expect("it is measured");
    found["value"].as_f64().expect("a number")
}

#[tokio::test]
async fn three_thousand_cards_leave_the_page_as_light_as_it_was() {
    let session = BrowserSession::open("interface = \"text\"", &texts(3000)).await;
    session.card().await;
    let patience = Some(std::time::Duration::from_secs(600));
    let long = fantoccini::wd::TimeoutConfiguration::new(patience, None, None);
    session.browser.client.update_timeouts(long).await.expect("it waits longer");
    session.browser.tell("Performance.enable", &json!({}));
    // As many as the page keeps to go back to, and some.
    let (_, early) = work(&session, 4, 400).await;
    let before = ["Nodes", "JSEventListeners", "JSHeapUsedSize"].map(|what| weight(&session, what));
    work(&session, 4, 2200).await;
    let (_, late) = work(&session, 4, 400).await;
    let after = ["Nodes", "JSEventListeners", "JSHeapUsedSize"].map(|what| weight(&session, what));
    assert!(after[0] < before[0] + 300.0, "nodes: {before:?} {after:?}");
    assert!(after[1] < before[1] + 100.0, "listeners: {before:?} {after:?}");
    assert!(after[2] < before[2] + 3e6, "bytes: {before:?} {after:?}");
    // Generous, since others use the processor too; what grows with each card is seven times more.
    assert!(late < 3.0 * early + 5.0, "milliseconds from a key to the next card: {early} {late}");
    assert_eq!(session.stored().len(), 3000);
    // The first of them is found and changed.
    session.press(&['y']).await;
    session.find("[data-past]").await;
    session.press(&"earliest".chars().collect::<Vec<_>>()).await;
    session.wait_for("the first", "document.querySelectorAll('[data-past]').length === 1").await;
    session.press(&[Key::Down.into(), Key::Enter.into()]).await;
    let shown = "document.querySelector('.card')?.textContent.includes('earliest')";
    session.wait_for("its card", shown).await;
    session.press(&['a']).await;
    session.saved().await;
    assert_eq!(session.stored()[&1]["answer"], json!("accept"));
    session.close().await;
}

#[tokio::test]
async fn twenty_keys_a_second_answer_twenty_cards_a_second() {
    let session = BrowserSession::open("interface = \"text\"", &texts(60)).await;
    session.card().await;
    // Each press is taken by the card it was meant for: none is told, none is lost.
    assert_eq!(work(&session, 50, 60).await.0, 60);
    let stored = session.stored();
    for (n, answer) in &stored {
        let meant = if (n - 1) % 3 == 0 { "reject" } else { "accept" };
        assert_eq!(answer["answer"], json!(meant), "{n}");
    }
    assert_eq!(stored.len(), 60);
    session.close().await;
}
