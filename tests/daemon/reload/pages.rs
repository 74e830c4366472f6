//! What an annotator sees in an open page while the roster changes under it: nothing but what
//! concerns them, and no answer is lost.

use serde_json::json;

use crate::common::browser::Browser;
use crate::common::wait_until;
use crate::reload::team::{Roster, Team};

/// A page that is open at a port and shows a task.
async fn open(team: &Team, port: u16) -> Browser {
    let browser = Browser::start().await;
    browser.client.goto(&team.url(port, "")).await.expect("the page opens");
    browser.wait_for("a card", "document.body.dataset.state === 'task'").await;
    // A page that still asks for tasks hears of a new roster from the reply, and turns to it before
    // an annotator has pressed a key; a key press during it is lost.
    browser.wait_for("tasks enough", "document.body.dataset.ready === 'true'").await;
    browser
}

fn answers(team: &Team) -> usize {
    team.project.run(&["export"]).lines().count()
}

#[tokio::test]
async fn new_labels_are_there_with_the_next_card() {
    let mut roster = Roster::of(&[("andy", 9010)]);
    roster.project = "name = \"demo\"\ninterface = \"ner_manual\"\nlabels = [\"OLD\"]".into();
    let mut team = Team::start(roster);
    team.load(30);
    let browser = open(&team, 9010).await;
    browser.wait_for("the label", "document.querySelector('[data-label=OLD]')").await;
    team.edit(|roster| roster.project = roster.project.replace("OLD", "NEW"));
    browser.press(&['a']).await;
    browser.wait_for("the new label", "document.querySelector('[data-label=NEW]')").await;
    assert_eq!(browser.eval("document.querySelector('[data-label=OLD]')").await, json!(null));
    wait_until("the answer is stored", || answers(&team) == 1);
    browser.close().await;
}

#[tokio::test]
async fn a_page_follows_its_annotator_to_another_port() {
    let mut team = Team::start(Roster::of(&[("andy", 9010)]));
    team.load(30);
    let browser = open(&team, 9010).await;
    team.edit(|roster| roster.person("andy").1 = 9015);
    browser.press(&['a']).await;
    browser
        .wait_for(
            "the new address",
            "location.port === '9015' && document.body.dataset.state === 'task'",
        )
        .await;
    browser.press(&['a']).await;
    wait_until("both answers are stored", || answers(&team) == 2);
    browser.close().await;
}

#[tokio::test]
async fn who_is_removed_reads_so_and_their_last_answer_is_stored() {
    let mut team = Team::start(Roster::of(&[("andy", 9010), ("zach", 9011)]));
    team.load(30);
    let browser = open(&team, 9010).await;
    team.edit(|roster| roster.people.retain(|(name, ..)| name != "andy"));
    browser.press(&['a']).await;
    let words = "document.querySelector('.empty-state')?.innerText\
                 .startsWith('You are no longer part of this project.')";
    browser.wait_for("the words", words).await;
    wait_until("the answer is stored", || answers(&team) == 1);
    browser.close().await;
}

#[tokio::test]
async fn a_page_whose_port_has_a_new_owner_sends_its_answers_and_shows_it() {
    let mut team = Team::start(Roster::of(&[("andy", 9010)]));
    team.load(30);
    let browser = open(&team, 9010).await;
    team.edit(|roster| roster.person("andy").0 = "andrea".into());
    browser.press(&['a']).await;
    let words = "document.body.innerText.includes(\"This address is andrea's now.\")";
    browser.wait_for("the words", words).await;
    wait_until("the answer is stored", || answers(&team) == 1);
    let exported = team.project.run(&["export"]);
    assert!(exported.contains("\"_annotator_id\":\"demo-andy\""), "{exported}");
    browser.close().await;
}
