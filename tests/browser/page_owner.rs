//! Whose page it is, and whose words: the page that was asked for, a translator, a goal that stays,
//! a rest.

use serde_json::{Value, json};

use crate::browser_session::BrowserSession;
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
    let session = BrowserSession::open_project(project, &texts(2)).await;
    session.card().await;
    for asked in ["mara", "demo-mara"] {
        let page = format!("{}?session={asked}", session.address());
        session.browser.client.goto(&page).await.expect("the page opens");
        session.wait_for(
            "its words",
            "document.querySelector('.empty-state h2')?.textContent === \"This page is andy's.\"",
        )
        .await;
        let link = "document.querySelector('.empty-state a:not([data-command])').href";
        // By the roster; the test's own sockets have other ports.
        assert_eq!(session.eval(link).await, "http://127.0.0.1:9011/", "{asked}");
        assert_eq!(session.eval("document.querySelector('[data-task-id]')").await, Value::Null);
    }
    session.accessible().await;
    session.picture("another_page").await;
    // A name that is not in the roster has no address here.
    let page = format!("{}?session=stranger", session.address());
    session.browser.client.goto(&page).await.expect("the page opens");
    session
        .wait_for(
            "its words",
            "document.querySelector('.empty-state')?.textContent.includes('Ask the project lead')",
        )
        .await;
    session.click("[data-command=stay]").await;
    session.card().await;
    // One's own name leads to one's own page.
    for asked in ["andy", "demo-andy"] {
        let page = format!("{}?session={asked}", session.address());
        session.browser.client.goto(&page).await.expect("the page opens");
        session.browser.listen_for_errors().await;
        session.card().await;
    }
    session.close().await;
}

#[tokio::test]
async fn after_a_rest_one_goes_on_from_the_same_page() {
    let session = BrowserSession::open("interface = \"text\"", &texts(4)).await;
    let card = session.card().await;
    session.press(&['a']).await;
    session.wait_for_another(&card).await;
    session.saved().await;
    session.click("#menu-button").await;
    let stop = "[...document.querySelectorAll('dialog button')].find((one) => one.textContent === 'Stop for now')";
    session.eval(&format!("{stop}.click()")).await;
    session.wait_for("the end", "document.body.dataset.state === 'done'").await;
    session.accessible().await;
    session.picture("stopped").await;
    session.click("[data-command=resume]").await;
    let next = session.card().await;
    assert_ne!(next, card);
    session.press(&['x']).await;
    session.wait_for_another(&next).await;
    session.saved().await;
    assert_eq!(session.stored().len(), 2);
    session.close().await;
}
