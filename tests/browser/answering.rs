//! Answering beyond a press: earlier answers, remarks, reasons for a skip, drafts and flags.

use fantoccini::key::Key;
use serde_json::json;

use crate::browser_session::{BrowserSession, answer, texts};

#[tokio::test]
async fn an_earlier_answer_is_found_looked_at_and_changed() {
    let session = BrowserSession::open("interface = \"text\"", &texts(4)).await;
    answer(&session, &['a']).await;
    answer(&session, &['f', 'x']).await;
    session.saved().await;
    let here = session.card().await;
    session.press(&['y']).await;
    let listed =
        |count: usize| format!("document.querySelectorAll('[data-past]').length === {count}");
    session.wait_for("the answers", &listed(2)).await;
    // Given today, so the time alone.
    let when = "document.querySelector('.past time').textContent";
    let clock = format!(r"/^\d{{1,2}}:\d\d(\s[AP]M)?$/.test({when})");
    assert_eq!(session.eval(&clock).await, json!(true), "{}", session.eval(when).await);
    session.accessible().await;
    session.picture("history").await;
    session.press(&['f', 'l', 'a', 'g', 'g', 'e', 'd']).await;
    session.wait_for("the flagged one", &listed(1)).await;
    session.press(&[Key::Down.into(), Key::Enter.into()]).await;
    session
        .wait_for("its card", "document.querySelector('.card').textContent.includes('number 2')")
        .await;
    let was = "document.querySelector('[data-answer=reject]').classList.contains('was')";
    assert_eq!(session.eval(was).await, json!(true));
    session.press(&['a']).await;
    let back = format!("document.querySelector('[data-task-id]')?.dataset.taskId === {here:?}");
    session.wait_for("the card where it began", &back).await;
    session.saved().await;
    assert_eq!(session.stored()[&2], json!({"answer": "accept", "flagged": true}));
    // By the mouse, and back without a change.
    session.click("#history-button").await;
    session.wait_for("the answers", &listed(2)).await;
    session.click("[data-past]:last-of-type").await;
    session.wait_for("another card", &format!("!({back})")).await;
    session.click("[data-command=forward]").await;
    session.wait_for("the card where it began", &back).await;
    session.close().await;
}

#[tokio::test]
async fn a_remark_and_a_reason_for_a_skip_go_with_the_answer() {
    let settings =
        "interface = \"text\"\n[project.config]\nskip_reasons = [\"unclear\", \"not a text\"]";
    let session = BrowserSession::open(settings, &texts(3)).await;
    let card = session.card().await;
    session.press(&['c']).await;
    session.wait_for("the field", "document.activeElement?.tagName === 'TEXTAREA'").await;
    session.press(&['a', 'x', ' ', 'y']).await;
    session.accessible().await;
    session.press(&[Key::Enter.into()]).await;
    session
        .wait_for("the remark", "document.querySelector('.remark').textContent === 'ax y'")
        .await;
    assert_eq!(session.card().await, card, "letters of a remark answer nothing");
    let asked = "document.querySelector('dialog[data-dialog=skip]') !== null";
    session.press(&[' ']).await;
    session.wait_for("the question", asked).await;
    session.accessible().await;
    session.picture("skip").await;
    session.press(&['2']).await;
    session.wait_for_another(&card).await;
    let card = session.card().await;
    session.press(&[' ']).await;
    session.wait_for("the question", asked).await;
    session.press(&[Key::Enter.into()]).await;
    session.wait_for_another(&card).await;
    session.click("[data-answer=ignore]").await;
    session.wait_for("the question", asked).await;
    session.click("[data-reason=unclear]").await;
    session.wait_for("the end", "document.body.dataset.state === 'done'").await;
    session.saved().await;
    let stored = session.stored();
    assert_eq!(
        stored[&1],
        json!({"answer": "ignore", "comment": "ax y", "skip_reason": "not a text"})
    );
    assert_eq!(stored[&2], json!({"answer": "ignore"}));
    assert_eq!(stored[&3], json!({"answer": "ignore", "skip_reason": "unclear"}));
    session.close().await;
}

#[tokio::test]
async fn a_change_that_is_not_answered_again_is_told_and_kept() {
    let session =
        BrowserSession::open("interface = \"ner_manual\"\nlabels = [\"THING\"]", &texts(3)).await;
    answer(&session, &['a']).await;
    let second = session.card().await;
    session.press(&[Key::Backspace.into()]).await;
    session.wait_for_another(&second).await;
    let says = |words: &str| {
        format!(
            "document.querySelector('.previous-answer:not([hidden])')?.textContent.includes({words:?})"
        )
    };
    session.wait_for("the answer", &says("Answer again to change it")).await;
    session.press(&[Key::Right.into(), '1']).await;
    session.wait_for("that it is changed", &says("Changed since your answer")).await;
    session.click("[data-command=forward]").await;
    let told =
        "document.querySelector('#notice:not([hidden])')?.textContent.includes('kept as a draft')";
    session.wait_for("that it is not sent", told).await;
    session.saved().await;
    assert_eq!(session.stored()[&1]["spans"], json!([]));
    let second = session.card().await;
    session.press(&[Key::Backspace.into()]).await;
    session.wait_for_another(&second).await;
    session.wait_for("the change", &says("Changed since your answer")).await;
    answer(&session, &['a']).await;
    session.saved().await;
    assert_eq!(session.stored()[&1]["spans"][0]["label"], "THING");
    session.close().await;
}

#[tokio::test]
async fn a_task_is_flagged_without_a_keyboard() {
    let session = BrowserSession::open("interface = \"text\"", &texts(2)).await;
    let card = session.card().await;
    let flagged = |yes: bool| {
        format!("(document.querySelector('.flagged:not([hidden])') !== null) === {yes}")
    };
    for _ in 0..2 {
        session.click("#menu-button").await;
        session.click("dialog [data-command=flag]").await;
        session.wait_for("the flag", &flagged(true)).await;
        session.click(".flagged").await;
        session.wait_for("no flag", &flagged(false)).await;
    }
    session.click("#menu-button").await;
    session.click("dialog [data-command=flag]").await;
    session.wait_for("the flag", &flagged(true)).await;
    session.picture("flagged").await;
    session.press(&['a']).await;
    session.wait_for_another(&card).await;
    session.saved().await;
    assert_eq!(session.stored()[&1]["flagged"], json!(true));
    session.close().await;
}
