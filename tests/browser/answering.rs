//! Answering beyond a press: earlier answers, remarks, reasons for a skip, drafts and flags.

use fantoccini::key::Key;
use serde_json::json;

use crate::browser_session::{Seat, answer, texts};

#[tokio::test]
async fn an_earlier_answer_is_found_looked_at_and_changed() {
    let seat = Seat::open("interface = \"text\"", &texts(4)).await;
    answer(&seat, &['a']).await;
    answer(&seat, &['f', 'x']).await;
    seat.saved().await;
    let here = seat.card().await;
    seat.press(&['y']).await;
    let listed =
        |count: usize| format!("document.querySelectorAll('[data-past]').length === {count}");
    seat.wait_for("the answers", &listed(2)).await;
    // Given today, so the time alone.
    let when = "document.querySelector('.past time').textContent";
    let clock = format!(r"/^\d{{1,2}}:\d\d(\s[AP]M)?$/.test({when})");
    assert_eq!(seat.eval(&clock).await, json!(true), "{}", seat.eval(when).await);
    seat.accessible().await;
    seat.picture("history").await;
    seat.press(&['f', 'l', 'a', 'g', 'g', 'e', 'd']).await;
    seat.wait_for("the flagged one", &listed(1)).await;
    seat.press(&[Key::Down.into(), Key::Enter.into()]).await;
    seat.wait_for("its card", "document.querySelector('.card').textContent.includes('number 2')")
        .await;
    let was = "document.querySelector('[data-answer=reject]').classList.contains('was')";
    assert_eq!(seat.eval(was).await, json!(true));
    seat.press(&['a']).await;
    let back = format!("document.querySelector('[data-task-id]')?.dataset.taskId === {here:?}");
    seat.wait_for("the card where it began", &back).await;
    seat.saved().await;
    assert_eq!(seat.stored()[&2], json!({"answer": "accept", "flagged": true}));
    // By the mouse, and back without a change.
    seat.click("#history-button").await;
    seat.wait_for("the answers", &listed(2)).await;
    seat.click("[data-past]:last-of-type").await;
    seat.wait_for("another card", &format!("!({back})")).await;
    seat.click("[data-command=forward]").await;
    seat.wait_for("the card where it began", &back).await;
    seat.close().await;
}

#[tokio::test]
async fn a_remark_and_a_reason_for_a_skip_go_with_the_answer() {
    let settings =
        "interface = \"text\"\n[project.config]\nskip_reasons = [\"unclear\", \"not a text\"]";
    let seat = Seat::open(settings, &texts(3)).await;
    let card = seat.card().await;
    seat.press(&['c']).await;
    seat.wait_for("the field", "document.activeElement?.tagName === 'TEXTAREA'").await;
    seat.press(&['a', 'x', ' ', 'y']).await;
    seat.accessible().await;
    seat.press(&[Key::Enter.into()]).await;
    seat.wait_for("the remark", "document.querySelector('.remark').textContent === 'ax y'").await;
    assert_eq!(seat.card().await, card, "letters of a remark answer nothing");
    let asked = "document.querySelector('dialog[data-dialog=skip]') !== null";
    seat.press(&[' ']).await;
    seat.wait_for("the question", asked).await;
    seat.accessible().await;
    seat.picture("skip").await;
    seat.press(&['2']).await;
    seat.wait_for_another(&card).await;
    let card = seat.card().await;
    seat.press(&[' ']).await;
    seat.wait_for("the question", asked).await;
    seat.press(&[Key::Enter.into()]).await;
    seat.wait_for_another(&card).await;
    seat.click("[data-answer=ignore]").await;
    seat.wait_for("the question", asked).await;
    seat.click("[data-reason=unclear]").await;
    seat.wait_for("the end", "document.body.dataset.state === 'done'").await;
    seat.saved().await;
    let stored = seat.stored();
    assert_eq!(
        stored[&1],
        json!({"answer": "ignore", "comment": "ax y", "skip_reason": "not a text"})
    );
    assert_eq!(stored[&2], json!({"answer": "ignore"}));
    assert_eq!(stored[&3], json!({"answer": "ignore", "skip_reason": "unclear"}));
    seat.close().await;
}

#[tokio::test]
async fn a_change_that_is_not_answered_again_is_told_and_kept() {
    let seat = Seat::open("interface = \"ner_manual\"\nlabels = [\"THING\"]", &texts(3)).await;
    answer(&seat, &['a']).await;
    let second = seat.card().await;
    seat.press(&[Key::Backspace.into()]).await;
    seat.wait_for_another(&second).await;
    let says = |words: &str| {
        format!(
            "document.querySelector('.previous-answer:not([hidden])')?.textContent.includes({words:?})"
        )
    };
    seat.wait_for("the answer", &says("Answer again to change it")).await;
    seat.press(&[Key::Right.into(), '1']).await;
    seat.wait_for("that it is changed", &says("Changed since your answer")).await;
    seat.click("[data-command=forward]").await;
    let told =
        "document.querySelector('#notice:not([hidden])')?.textContent.includes('kept as a draft')";
    seat.wait_for("that it is not sent", told).await;
    seat.saved().await;
    assert_eq!(seat.stored()[&1]["spans"], json!([]));
    let second = seat.card().await;
    seat.press(&[Key::Backspace.into()]).await;
    seat.wait_for_another(&second).await;
    seat.wait_for("the change", &says("Changed since your answer")).await;
    answer(&seat, &['a']).await;
    seat.saved().await;
    assert_eq!(seat.stored()[&1]["spans"][0]["label"], "THING");
    seat.close().await;
}

#[tokio::test]
async fn a_task_is_flagged_without_a_keyboard() {
    let seat = Seat::open("interface = \"text\"", &texts(2)).await;
    let card = seat.card().await;
    let flagged = |yes: bool| {
        format!("(document.querySelector('.flagged:not([hidden])') !== null) === {yes}")
    };
    for _ in 0..2 {
        seat.click("#menu-button").await;
        seat.click("dialog [data-command=flag]").await;
        seat.wait_for("the flag", &flagged(true)).await;
        seat.click(".flagged").await;
        seat.wait_for("no flag", &flagged(false)).await;
    }
    seat.click("#menu-button").await;
    seat.click("dialog [data-command=flag]").await;
    seat.wait_for("the flag", &flagged(true)).await;
    seat.picture("flagged").await;
    seat.press(&['a']).await;
    seat.wait_for_another(&card).await;
    seat.saved().await;
    assert_eq!(seat.stored()[&1]["flagged"], json!(true));
    seat.close().await;
}
