//! Twenty tasks of an interface in a row with the keyboard alone, reloads in between, one answer
//! undone, and exactly those answers in the export; and what else belongs to opening the page.

use std::collections::BTreeMap;

use crate::browser_session::BrowserSession;
use crate::common;
use crate::common::browser::Browser;
use crate::common::daemon::Project;
use annotd::task::{TOKENIZER, tokenize};
use fantoccini::key::Key;
use serde_json::{Map, Value, json};

const TASKS: usize = 20;

/// Texts that are easy to get wrong: many code points a letter, other directions, odd spaces.
const TEXTS: [&str; TASKS] = [
    "Mae Jemison flew into space in 1992.",
    "The astronaut 👩‍🚀 Mae landed in Zürich 🇨🇭 at noon.",
    "A cafe\u{301} in Orle\u{301}ans was closed.",
    "سافرت ليلى إلى القاهرة أمس",
    "דנה גרה בחיפה עם אחותה",
    "東京で会議が開かれた。",
    "Line one stands here.\nLine two stands there.",
    "Uber’s lawyers met O'Brien in l’Aquila.",
    "A very-long-compound-word-with-many-parts ends.",
    "Smile 😀😀😀 and wave 👋🏽 to Noor.",
    "Привет из Москвы, друзья!",
    "नमस्ते दुनिया, कैसे हो?",
    "Tabs\tand  double  spaces  stay.",
    "Quotes “inside” and 'outside' of it.",
    "<b>Not markup</b> & not an entity: &amp;",
    "Zoë and Łukasz share 3.5 litres.",
    "1️⃣ first, 2️⃣ second, #️⃣ last.",
    "Mixed שלום and سلام in one line.",
    "🏴󠁧󠁢󠁷󠁬󠁳󠁿 Wales played 🏴󠁧󠁢󠁳󠁣󠁴󠁿 Scotland.",
    "The end.",
];

/// What the annotator does on a card, and what should be stored for it.
struct Plan {
    keys: Vec<char>,
    /// Presses this with shift before `keys` go on.
    shifted: Option<(usize, char)>,
    verdict: &'static str,
    data: Value,
}

/// An annotator's key, as it is now.
fn key_of(session: &BrowserSession, who: &str) -> String {
    let told = session.project.run(&["link", who, "--json"]);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    told["key"].as_str().expect("a key").to_owned()
}

async fn perform(session: &BrowserSession, plan: &Plan) {
    let (before, after) = match plan.shifted {
        Some((at, _)) => plan.keys.split_at(at),
        None => (plan.keys.as_slice(), [].as_slice()),
    };
    session.press(before).await;
    if let Some((_, key)) = plan.shifted {
        session.press_with(Key::Shift, key).await;
    }
    session.press(after).await;
}

/// Labels twenty tasks with the keyboard and compares what is exported.
async fn label_twenty(settings: &str, tasks: Vec<Value>, plan: impl Fn(&Value, usize) -> Plan) {
    let project = Project::new("demo", settings, "demo.db", "annotations = 1", &["andy"]);
    let session = BrowserSession::open_project(project, &tasks).await;
    let by_text: BTreeMap<&str, usize> =
        tasks.iter().enumerate().map(|(i, t)| (t["text"].as_str().expect("a text"), i)).collect();
    assert_eq!(by_text.len(), TASKS, "the texts are distinct");
    let mut expected: BTreeMap<usize, Plan> = BTreeMap::new();
    for (step, task) in tasks.iter().enumerate() {
        let card = session.card().await;
        if step == 6 || step == 13 {
            assert_eq!(session.browser.errors().await, json!([]));
            // A page that ends before the disk has an answer takes it along; its task comes again.
            session.saved().await;
            session.browser.client.refresh().await.expect("the page reloads");
            session.browser.listen_for_errors().await;
            assert_eq!(session.card().await, card, "a reload brings the same task back");
        }
        // The tasks come in the order of the file.
        let first = plan(task, step);
        perform(&session, &first).await;
        session.wait_for_another(&card).await;
        if step == 9 {
            let next = session.card().await;
            session.browser.press(&[Key::Backspace.into()]).await;
            session.wait_for_another(&next).await;
            assert_eq!(session.card().await, card, "undo goes back to the last card");
            session.browser.press(&['x']).await;
            session.wait_for_another(&card).await;
            assert_eq!(session.card().await, next, "and on again");
            expected.insert(step, Plan { verdict: "reject", ..first });
        } else {
            expected.insert(step, first);
        }
    }
    session.browser.wait_for("the end", "document.body.dataset.state === 'done'").await;
    let saved = "document.querySelector('#status').dataset.saved === 'saved' && \
                 document.querySelector('#status').dataset.outbox === '0'";
    session.browser.wait_for("everything to be stored", saved).await;
    let complaints = session.browser.eval(
        "performance.getEntriesByType('resource')
        .filter((entry) => new URL(entry.name).host !== location.host).map((entry) => entry.name)",
    );
    assert_eq!(complaints.await, json!([]), "nothing is fetched from elsewhere");

    assert_eq!(session.browser.errors().await, json!([]));

    let exported = session.project.run(&["export", "--format", "tasks"]);
    let mut seen = 0;
    for line in exported.lines() {
        let record: Value = serde_json::from_str(line).expect("JSON");
        let number = by_text[record["task"]["text"].as_str().expect("a text")];
        assert_eq!(record["task"], tasks[number], "the task is untouched");
        let answers = record["answers"].as_array().expect("answers");
        assert_eq!(answers.len(), 1, "{line}");
        let (answer, plan) = (&answers[0], &expected[&number]);
        assert_eq!(answer["answer"], plan.verdict, "{line}");
        let mut data: Map<String, Value> = answer.as_object().expect("an object").clone();
        for key in ["annotator", "answer", "time_loaded", "time_returned", "history"] {
            data.shift_remove(key).unwrap_or_else(|| panic!("{key} is missing: {line}"));
        }
        assert_eq!(Value::Object(data), plan.data, "{}", tasks[number]["text"]);
        let revisions = answer["history"].as_array().expect("history").len();
        assert!(revisions <= usize::from(number == 9), "{line}");
        seen += 1;
    }
    assert_eq!(seen, TASKS);
    session.browser.close().await;
    assert!(session.daemon.stop().success());
}

#[tokio::test]
async fn whoever_is_at_work_keeps_what_lies_ready() {
    let project = Project::new(
        "demo",
        "interface = \"text\"",
        "demo.db",
        "annotations = 1\nlease = \"10s\"",
        &["andy"],
    );
    let tasks: Vec<Value> = TEXTS.iter().map(|text| json!({"text": text})).collect();
    let session = BrowserSession::open_project(project, &tasks).await;
    session.card().await;
    // The dialog of the keys is opened now and then, and nothing is answered in it.
    let renewed = "performance.getEntriesByType('resource')
        .filter((entry) => entry.name.endsWith('/renew') && entry.responseStatus === 200).length > 1";
    let began = std::time::Instant::now();
    while session.browser.eval(renewed).await != json!(true) {
        assert!(began.elapsed() < common::PATIENCE, "the page does not renew its lease");
        session.browser.press(&['h', Key::Escape.into()]).await;
        common::breathe().await;
    }
    assert_eq!(session.browser.errors().await, json!([]));
    session.browser.close().await;
}

/// Opens a page of another site with a link on it, and presses the link.
async fn press_a_link_elsewhere(browser: &Browser, to: &str) {
    let page = format!("data:text/html,<a id='link' href='{to}'>the link in a mail</a>");
    browser.client.goto(&page).await.expect("a page of another site");
    let link = browser.client.find(fantoccini::Locator::Id("link")).await.expect("the link");
    link.click().await.expect("it is pressed");
}

#[tokio::test]
async fn a_bookmark_lets_the_browser_in_and_leaves_no_key_behind() {
    let rules = "annotations = 1\n[server]\naccess = \"key\"";
    let project = Project::new("demo", "interface = \"text\"", "demo.db", rules, &["andy", "mara"]);
    let tasks: Vec<Value> = TEXTS.iter().map(|text| json!({"text": text})).collect();
    let session = BrowserSession::open_project(project, &tasks).await;
    let heading = "document.querySelector('h1')?.textContent";
    let closed = session.browser.wait_for("the page of a closed door", heading).await;
    assert_eq!(closed, "This page needs your personal link.");

    let (key, mara) = (key_of(&session, "andy"), key_of(&session, "mara"));
    let (address, maras) =
        (session.daemon.addresses().of("andy"), session.daemon.addresses().of("mara"));
    press_a_link_elsewhere(&session.browser, &format!("{address}?key={key}")).await;
    let card = session.card().await;
    assert_eq!(session.browser.eval("location.href").await, address);
    assert_eq!(session.browser.eval("document.cookie").await, "", "no script sees the key");
    // Two people at one browser, as when a lead looks how it goes: each page stays its own.
    press_a_link_elsewhere(&session.browser, &format!("{maras}?key={mara}")).await;
    session.browser.wait_for("mara's page", "document.title.includes('mara')").await;
    press_a_link_elsewhere(&session.browser, &address).await;
    assert_eq!(session.card().await, card, "the address alone is enough now");
    let saved = "document.querySelector('#status').dataset.saved === 'saved' && \
                 document.querySelector('#status').dataset.outbox === '0'";
    session.browser.press(&['a']).await;
    session.wait_for_another(&card).await;
    session.browser.wait_for("it to be stored", saved).await;

    // The key is changed while the page is open: answers wait, and the page says for what.
    session.project.run(&["link", "andy", "--rotate"]);
    common::wait_until("the old key to be worth nothing", || {
        let with = format!("Bearer {key}");
        ureq::get(format!("{address}project")).header("authorization", with).call().is_err()
    });
    let card = session.card().await;
    session.browser.press(&['x']).await;
    session.wait_for_another(&card).await;
    let words = "document.querySelector('#notice').textContent";
    let asked_for = format!("{words}.includes('Your link no longer works')");
    session.browser.wait_for("the page to say what it needs", &asked_for).await;
    let said = session.browser.eval(words).await;
    assert!(said.as_str().is_some_and(|said| said.contains("kept in this browser")), "{said}");
    let waiting = "Number(document.querySelector('#status').dataset.outbox) > 0";
    assert_eq!(session.browser.eval(waiting).await, json!(true));

    let key = key_of(&session, "andy");
    // The page asks whether to leave while answers wait; a second tab does not.
    let tab = session.browser.client.new_window(true).await.expect("a tab");
    session.browser.client.switch_to_window(tab.handle).await.expect("the tab");
    press_a_link_elsewhere(&session.browser, &format!("{address}?key={key}")).await;
    session.browser.wait_for("the outbox to be emptied", saved).await;
    let exported = session.project.run(&["export", "--annotator", "andy"]);
    assert_eq!(exported.lines().count(), 2, "{exported}");
    session.browser.close().await;
}

fn verdict(step: usize) -> (char, &'static str) {
    [('a', "accept"), ('x', "reject"), (' ', "ignore"), ('a', "accept")][step % 4]
}

fn simple(step: usize, data: Value) -> Plan {
    let (key, verdict) = verdict(step);
    Plan { keys: vec![key], shifted: None, verdict, data }
}

#[tokio::test]
async fn twenty_texts_with_the_keyboard() {
    let tasks = TEXTS.iter().map(|text| json!({"text": text, "meta": {"n": 1}})).collect();
    label_twenty("interface = \"text\"", tasks, |_, step| simple(step, json!({}))).await;
}

#[tokio::test]
async fn twenty_classifications_in_their_documents_with_the_keyboard() {
    let tasks = TEXTS
        .iter()
        .enumerate()
        .map(|(step, text)| match step % 3 {
            0 => json!({
                "text": text, "label": "NEWS", "title": "A title",
                "body": format!("Before it. {text} After it."),
            }),
            1 => json!({
                "text": text, "label": "NEWS", "context_before": "Before it.",
                "context_after": "After it.",
            }),
            _ => json!({"text": text, "label": "NEWS", "html": "<h1>T</h1><p onclick='x()'>B</p>"}),
        })
        .collect();
    let settings = "interface = \"classification\"\nlabels = [\"NEWS\"]";
    label_twenty(settings, tasks, |_, step| simple(step, json!({}))).await;
}

fn choices() -> Vec<Value> {
    let options = json!([
        {"id": 1, "text": "sport"}, {"id": "b", "text": "سياسة"}, {"id": 3, "html": "<b>arts</b> 🎭"},
    ]);
    TEXTS.iter().map(|text| json!({"text": text, "options": options})).collect()
}

#[tokio::test]
async fn twenty_single_choices_with_the_keyboard() {
    let ids = [json!(1), json!("b"), json!(3)];
    label_twenty("interface = \"choice\"", choices(), |_, step| {
        let chosen = step % 3;
        let key = char::from_digit(u32::try_from(chosen + 1).expect("small"), 10).expect("a digit");
        let data = json!({"accept": [ids[chosen]]});
        Plan { keys: vec![key, 'a'], shifted: None, verdict: "accept", data }
    })
    .await;
}

#[tokio::test]
async fn twenty_multiple_choices_with_the_keyboard() {
    let settings = "interface = \"choice\"\n[project.config]\nchoice_style = \"multiple\"";
    label_twenty(settings, choices(), |_, step| {
        let (keys, accept) = match step % 4 {
            0 => (vec!['3', '1', 'a'], json!([1, 3])),
            1 => (vec!['2', 'a'], json!(["b"])),
            2 => (vec!['1', '2', '1', 'a'], json!(["b"])),
            _ => (vec!['1', '2', '3', 'a'], json!([1, "b", 3])),
        };
        Plan { keys, shifted: None, verdict: "accept", data: json!({"accept": accept}) }
    })
    .await;
}

/// Which tokens are marked in each text, from and to, and what the span should cover.
const MARKS: [(usize, usize, &str); TASKS] = [
    (0, 1, "Mae Jemison"),
    (3, 3, "Mae"),
    (3, 3, "Orle\u{301}ans"),
    (1, 1, "ليلى"),
    (2, 2, "בחיפה"),
    (0, 0, "東京"),
    (5, 6, "Line two"),
    (0, 0, "Uber"),
    (3, 3, "long"),
    (1, 2, "😀😀"),
    (2, 2, "Москвы"),
    (1, 1, "दुनिया"),
    (2, 3, "double  spaces"),
    (2, 2, "inside"),
    (1, 1, "b"),
    (0, 0, "Zoë"),
    (1, 1, "first"),
    (1, 1, "שלום"),
    (1, 1, "Wales"),
    (0, 2, "The end."),
];

#[tokio::test]
async fn twenty_texts_with_spans_with_the_keyboard() {
    let tasks = TEXTS.iter().map(|text| json!({"text": text})).collect();
    let settings = "interface = \"ner_manual\"\nlabels = [\"PERSON\", \"PLACE\"]";
    label_twenty(settings, tasks, |task, step| {
        let text = task["text"].as_str().expect("a text");
        let (first, last, covered) = MARKS[step];
        let mut tokens = tokenize(text, TOKENIZER);
        tokens.retain(|token| !token.is_blank());
        let (start, end) = (tokens[first].start, tokens[last].end);
        let points: String = text.chars().skip(start).take(end - start).collect();
        assert_eq!(points, covered, "the plan itself is right: {tokens:?}");
        // Arrows follow the eye: in a text from right to left, the next word is to the left.
        let from_right = matches!(step, 3 | 4);
        let next: char = if from_right { Key::Left.into() } else { Key::Right.into() };
        let mut keys = vec![next; first + 1];
        let shifted = (last > first).then_some((keys.len(), next));
        assert!(last <= first + 2);
        if last == first + 2 {
            // A third token: the cursor goes to the end, so this is the whole short text.
            keys = vec![Key::Home.into(); 1];
        }
        let label = step % 2;
        let name = ["PERSON", "PLACE"][label];
        keys.push(if label == 0 { '1' } else { '2' });
        keys.push('a');
        let shifted = if last == first + 2 { Some((1, Key::End.into())) } else { shifted };
        let data = json!({"spans": [{
            "start": start, "end": end, "label": name,
            "token_start": tokens[first].id, "token_end": tokens[last].id,
        }]});
        Plan { keys, shifted, verdict: "accept", data }
    })
    .await;
}
