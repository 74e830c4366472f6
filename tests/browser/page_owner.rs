//! Whose page it is, and whose words: the page that was asked for, a translator, a goal that stays,
//! a rest.

use serde_json::{Value, json};

use crate::browser_session::Seat;
use crate::common::daemon::Project;

fn texts(count: usize) -> Vec<Value> {
    (1..=count).map(|n| json!({"text": format!("Text number {n}."), "meta": {"n": n}})).collect()
}

#[tokio::test]
async fn a_page_that_was_opened_for_somebody_else_says_so() {
    let project = Project::new(
        "demo",
        "interface = \"text\"",
        "demo.db",
        "annotations = 1",
        &["andy", "mara"],
    );
    let seat = Seat::open_project(project, &texts(2)).await;
    seat.card().await;
    for asked in ["mara", "demo-mara"] {
        let page = format!("{}?session={asked}", seat.address());
        seat.browser.client.goto(&page).await.expect("the page opens");
        seat.wait_for(
            "its words",
            "document.querySelector('.empty-state h2')?.textContent === \"This page is andy's.\"",
        )
        .await;
        let link = "document.querySelector('.empty-state a:not([data-command])').href";
        // By the roster; the test's own sockets have other ports.
        assert_eq!(seat.eval(link).await, "http://127.0.0.1:9011/", "{asked}");
        assert_eq!(seat.eval("document.querySelector('[data-task-id]')").await, Value::Null);
    }
    seat.accessible().await;
    seat.picture("another_page").await;
    // Somebody who is not known here has no address here.
    let page = format!("{}?session=nobody", seat.address());
    seat.browser.client.goto(&page).await.expect("the page opens");
    seat.wait_for(
        "its words",
        "document.querySelector('.empty-state')?.textContent.includes('Ask the project lead')",
    )
    .await;
    seat.click("[data-command=stay]").await;
    seat.card().await;
    // One's own name leads to one's own page.
    for asked in ["andy", "demo-andy"] {
        let page = format!("{}?session={asked}", seat.address());
        seat.browser.client.goto(&page).await.expect("the page opens");
        seat.browser.listen_for_errors().await;
        seat.card().await;
    }
    seat.close().await;
}

#[tokio::test]
async fn after_a_rest_one_goes_on_from_the_same_page() {
    let seat = Seat::open("interface = \"text\"", &texts(4)).await;
    let card = seat.card().await;
    seat.press(&['a']).await;
    seat.wait_for_another(&card).await;
    seat.saved().await;
    seat.click("#menu-button").await;
    let stop = "[...document.querySelectorAll('dialog button')].find((one) => one.textContent === 'Stop for now')";
    seat.eval(&format!("{stop}.click()")).await;
    seat.wait_for("the end", "document.body.dataset.state === 'done'").await;
    seat.accessible().await;
    seat.picture("stopped").await;
    seat.click("[data-command=resume]").await;
    let next = seat.card().await;
    assert_ne!(next, card);
    seat.press(&['x']).await;
    seat.wait_for_another(&next).await;
    seat.saved().await;
    assert_eq!(seat.stored().len(), 2);
    seat.close().await;
}
