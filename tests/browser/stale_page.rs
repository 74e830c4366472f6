//! A page that was away, and one whose annotator was elsewhere, know what they no longer hold:
//! nothing is answered twice unawares.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::common::annotator::Annotator;
use crate::common::browser::Browser;
use crate::common::daemon::{Daemon, Project};
use crate::common::wait_until;
use crate::unreliable_line::{AWAY, Place, SAVED, answer, card, gone, kept, open};

/// Andy's and zach's project of numbered texts, and its daemon.
struct Shared {
    project: Project,
    daemon: Daemon,
}

impl Shared {
    fn new(settings: &str, lease: &str, tasks: usize) -> Self {
        let allocation = format!("annotations = 1\nlease = {lease:?}");
        let project = Project::new("demo", settings, "demo.db", &allocation, &["andy", "zach"]);
        let lines: Vec<String> = (0..tasks)
            .map(|n| json!({"text": format!("Text number {n}."), "meta": {"n": n}}).to_string())
            .collect();
        project.write("tasks.jsonl", &lines.join("\n"));
        project.run(&["load", "-i", "tasks.jsonl"]);
        let daemon = project.start();
        Self { project, daemon }
    }

    fn andys(&self) -> String {
        self.daemon.addresses().of("andy")
    }

    /// Zach answers this many tasks, waiting for what others hold until their leases end.
    fn zach_answers(&self, tasks: usize) {
        let zach = Annotator::new("zach", &self.daemon.addresses());
        let mut answered = 0;
        wait_until("zach to have answered", || {
            zach.work(10, |_, _| answered += 1);
            answered == tasks
        });
    }

    /// Every answer and every late one, as the export has them.
    fn stored(&self) -> (Vec<Value>, Vec<Value>) {
        let exported = self.project.run(&["export", "--format", "tasks"]);
        let records: Vec<Value> =
            exported.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let all = |key: &str| {
            records
                .iter()
                .flat_map(|one| one[key].as_array().cloned().unwrap_or_default())
                .collect()
        };
        (all("answers"), all("late"))
    }
}

fn freeze(browser: &Browser, state: &str) {
    browser.tell("Page.setWebLifecycleState", &json!({"state": state}));
}

#[tokio::test]
async fn a_sleep_past_the_lease_leaves_nothing_that_others_have() {
    let shared = Shared::new("interface = \"text\"", "10s", 10);
    let browser = Browser::start().await;
    open(&browser, &shared.andys()).await;
    card(&browser).await;
    freeze(&browser, "frozen");
    shared.zach_answers(10);
    freeze(&browser, "active");
    browser.wait_for("the end", "document.body.dataset.state === 'done'").await;
    let said = browser.eval("document.querySelector('#notice').textContent").await;
    assert!(
        said.as_str().is_some_and(|said| said.contains("was given to another annotator")),
        "{said}"
    );
    let (answers, late) = shared.stored();
    assert_eq!((answers.len(), late.len()), (10, 0));
    browser.close().await;
}

#[tokio::test]
async fn what_is_half_done_says_that_others_have_it_and_is_kept_as_late() {
    let settings = "interface = \"ner_manual\"\nlabels = [\"THING\"]";
    let shared = Shared::new(settings, "10s", 6);
    let browser = Browser::start().await;
    open(&browser, &shared.andys()).await;
    let half = card(&browser).await;
    browser.press(&[Key::Right.into(), '1']).await;
    kept(&browser, "drafts", 1).await;
    freeze(&browser, "frozen");
    shared.zach_answers(6);
    freeze(&browser, "active");
    let told = "document.querySelector('.fate:not([hidden])')?.textContent.includes('was given to another annotator')";
    browser.wait_for("the card to say so", told).await;
    assert_eq!(card(&browser).await, half);
    browser.press(&['a']).await;
    browser.wait_for("the end", "document.body.dataset.state === 'done'").await;
    browser.wait_for("it to be stored", SAVED).await;
    let late = "document.querySelector('#notice').textContent.includes('came late')";
    browser.wait_for("the page to say so", late).await;
    let (answers, late) = shared.stored();
    assert_eq!(answers.len(), 6);
    assert_eq!(late.len(), 1, "{late:?}");
    assert_eq!(late[0]["spans"][0]["label"], "THING");
    browser.close().await;
}

/// What a waking page hears, and a key in the same moment.
const WAKE_AND_PRESS: &str = "(() => { dispatchEvent(new Event('focus')); \
    document.body.dispatchEvent(new KeyboardEvent('keydown', \
      { key: 'x', code: 'KeyX', bubbles: true, cancelable: true })); return true; })()";

#[tokio::test]
async fn two_devices_answer_nothing_twice() {
    let shared = Shared::new("interface = \"text\"", "30m", 9);
    let (laptop, phone) = (Browser::start().await, Browser::start().await);
    for device in [&laptop, &phone] {
        open(device, &shared.andys()).await;
    }
    let first = card(&laptop).await;
    assert_eq!(card(&phone).await, first, "both show what andy holds");
    for _ in 0..2 {
        answer(&laptop, 'a').await;
    }
    laptop.wait_for("everything to be stored", SAVED).await;
    let third = card(&laptop).await;
    // The first and the second are answered; the key was meant for the first.
    phone.eval(WAKE_AND_PRESS).await;
    gone(&phone, &first).await;
    assert_eq!(card(&phone).await, third);
    let said = phone.eval("document.querySelector('#notice').textContent").await;
    assert!(said.as_str().is_some_and(|said| said.contains("you did so elsewhere")), "{said}");
    answer(&phone, 'x').await;
    phone.wait_for("everything to be stored", SAVED).await;
    let (answers, _) = shared.stored();
    let verdicts: Vec<&Value> = answers.iter().map(|one| &one["answer"]).collect();
    assert_eq!(verdicts, ["accept", "accept", "reject"]);
    assert!(answers.iter().all(|one| one["history"] == json!([])), "{answers:?}");
    for device in [laptop, phone] {
        device.close().await;
    }
}

#[tokio::test]
async fn what_is_half_done_here_and_answered_elsewhere_says_so() {
    let settings = "interface = \"ner_manual\"\nlabels = [\"THING\"]";
    let shared = Shared::new(settings, "30m", 3);
    let browser = Browser::start().await;
    open(&browser, &shared.andys()).await;
    let half = card(&browser).await;
    browser.press(&[Key::Right.into(), '1']).await;
    kept(&browser, "drafts", 1).await;
    let andy = Annotator::new("andy", &shared.daemon.addresses());
    andy.give(&[json!({"_id": half, "answer": "reject", "spans": []})]);
    browser.eval("dispatchEvent(new Event('focus'))").await;
    let told = "document.querySelector('.fate:not([hidden])')?.textContent.includes('changes your answer')";
    browser.wait_for("the card to say so", told).await;
    answer(&browser, 'a').await;
    browser.wait_for("it to be stored", SAVED).await;
    let (answers, _) = shared.stored();
    assert_eq!(answers[0]["answer"], "accept");
    assert_eq!(answers[0]["history"][0]["answer"], "reject");
    browser.close().await;
}

#[tokio::test]
async fn a_server_that_is_away_keeps_nobody_from_answering() {
    let place = Place::new("interface = \"text\"", 12);
    let browser = Browser::start().await;
    open(&browser, &place.line.page()).await;
    let first = card(&browser).await;
    place.line.is(AWAY);
    browser.eval(WAKE_AND_PRESS).await;
    gone(&browser, &first).await;
    kept(&browser, "outbox", 1).await;
    browser.close().await;
}
