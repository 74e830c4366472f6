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
async fn no_translator_may_change_the_text_under_its_offsets() {
    let seat = Seat::open("interface = \"ner_manual\"\nlabels = [\"A\"]", &texts(1)).await;
    seat.card().await;
    assert_eq!(seat.eval("document.documentElement.translate").await, json!(false));
    assert_eq!(seat.eval("document.querySelector('.tokens').translate").await, json!(false));
    seat.close().await;
}

#[tokio::test]
async fn the_goal_stays_while_a_card_is_open() {
    let project = Project::new(
        "demo",
        "interface = \"text\"",
        "demo.db",
        "annotations = 1",
        &["andy", "mara"],
    );
    let seat = Seat::open_project(project, &texts(40)).await;
    let card = seat.card().await;
    let goal = "document.querySelector('#progress-words').textContent";
    let shown = seat.wait_for("a goal", &format!("{goal}.includes('of') && {goal}")).await;
    // Mara works meanwhile, so less is left for andy; their page hears of it.
    let mara = crate::common::annotator::Annotator::new("mara", &seat.daemon.addresses());
    for task in mara.ask(20)["tasks"].as_array().expect("tasks") {
        let mut answer = task.clone();
        answer["answer"] = "accept".into();
        mara.give(&[answer]);
    }
    let due = |shown: &Value| shown.as_str().expect("words").split(' ').nth(2).map(str::to_owned);
    let asked = "fetch('progress').then((reply) => reply.json()).then((news) => (window.due = news.due)); true";
    let ask = format!("(() => {{ {asked}; return true; }})()").replace("; true;", ";");
    seat.eval(&ask).await;
    let less = format!("window.due < {}", due(&shown).expect("a number"));
    seat.wait_for("less to be due", &less).await;
    assert_eq!(seat.eval(goal).await, shown);
    // Even when the page asks for itself, as it does when it is shown again.
    seat.eval("document.dispatchEvent(new Event('visibilitychange'))").await;
    seat.press(&['f']).await;
    assert_eq!(due(&seat.eval(goal).await), due(&shown));
    seat.press(&['a']).await;
    seat.wait_for_another(&card).await;
    seat.saved().await;
    let second = seat.card().await;
    seat.press(&['a']).await;
    seat.wait_for_another(&second).await;
    let moved = format!("!{goal}.includes(' {} ')", due(&shown).expect("a number"));
    seat.wait_for("the goal of the next card", &moved).await;
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
