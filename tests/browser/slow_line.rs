//! What goes over a slow line: large tasks come one by one, and answers are small.

use serde_json::{Value, json};

use crate::common::browser::Browser;
use crate::common::daemon::Project;
use crate::media_files::{data_uri, png};
use crate::unreliable_line::{SAVED, answer, card, open};

/// A picture with as many bytes behind its end, which no compression makes smaller.
fn picture(bytes: usize, seed: u32) -> Value {
    let mut state = seed;
    let noise = (0..bytes).map(|_| {
        // George Marsaglia's generator: what is hard to compress, and the same each time.
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    });
    let bytes: Vec<u8> = png().into_iter().chain(noise).collect();
    data_uri("image/png", &bytes).into()
}

/// Remembers how much each answer's request carries.
const WEIGH: &str = "window.weighed = []; const ask = window.fetch; window.fetch = (path, request) => { \
    if (String(path).endsWith('give_answers')) window.weighed.push(request.body.length); \
    return ask(path, request); };";

#[tokio::test]
async fn the_first_of_many_large_pictures_is_there_before_the_batch_is() {
    const TASKS: usize = 24;
    let project =
        Project::new("demo", "interface = \"image\"", "demo.db", "annotations = 1", &["andy"]);
    let lines: Vec<String> = (1..=24)
        .map(|n| json!({"image": picture(2_250_000, n), "meta": {"n": n}}).to_string())
        .collect();
    project.write("tasks.jsonl", &lines.join("\n"));
    project.run(&["load", "-i", "tasks.jsonl"]);
    let daemon = project.start();
    let browser = Browser::start().await;
    browser.run_before_pages(WEIGH);
    browser.tell("Network.enable", &json!({}));
    let line = |down: i64| {
        let limits = json!({"offline": false, "latency": 30, "downloadThroughput": down, "uploadThroughput": 250_000});
        browser.tell("Network.emulateNetworkConditions", &limits);
    };
    line(1_000_000);
    open(&browser, &daemon.addresses().of("andy")).await;
    let seen = "(() => { const picture = document.querySelector('.card:not(.offscreen) img'); \
                return Boolean(picture?.complete && picture.naturalWidth) && \
                  { asked: performance.getEntriesByType('resource').filter((one) => one.name.endsWith('get_session_questions')).length }; })()";
    let found = browser.wait_for("the first picture", seen).await;
    assert_eq!(found["asked"], 0, "the reply with it is not whole yet");
    line(-1);
    for _ in 0..TASKS {
        card(&browser).await;
        browser.wait_for("its picture", seen).await;
        answer(&browser, 'a').await;
    }
    browser.wait_for("the end", "document.body.dataset.state === 'done'").await;
    browser.wait_for("everything to be stored", SAVED).await;
    let weighed = browser.eval("window.weighed").await;
    let most = weighed.as_array().expect("sizes").iter().filter_map(Value::as_u64).max();
    assert!(most.is_some_and(|most| most < 20_000), "an answer has what was added: {weighed}");
    browser.close().await;
}

/// Notes when the bytes of the first task are there, as the page's own reader gets them.
const NOTE_BYTES: &str = "const ask = window.fetch; window.fetch = async (path, request) => { \
    const reply = await ask(path, request); \
    if (!String(path).endsWith('get_session_questions') || window.arrived) return reply; \
    const note = new TransformStream({ transform(piece, to) { \
      noted += piece.length; if (noted > 1_000_000) window.arrived ??= performance.now(); to.enqueue(piece); } }); \
    let noted = 0; \
    return new Response(reply.body.pipeThrough(note), { status: reply.status, headers: reply.headers }); }; \
    const look = () => { \
      if (document.body?.dataset.seen === 'true' && window.arrived) window.seen = performance.now(); \
      else setTimeout(look, 5); }; \
    look();";

#[tokio::test]
async fn the_first_of_ten_tasks_of_a_megabyte_is_seen_within_a_second_of_its_bytes() {
    let project =
        Project::new("demo", "interface = \"text\"", "demo.db", "annotations = 1", &["andy"]);
    let lines: Vec<String> = (1..=10)
        .map(|n| json!({"text": format!("Text {n}."), "more": picture(750_000, n)}).to_string())
        .collect();
    project.write("tasks.jsonl", &lines.join("\n"));
    project.run(&["load", "-i", "tasks.jsonl"]);
    let daemon = project.start();
    let browser = Browser::start().await;
    browser.run_before_pages(NOTE_BYTES);
    browser.tell("Network.enable", &json!({}));
    let limits = json!({"offline": false, "latency": 30, "downloadThroughput": 1_000_000, "uploadThroughput": 250_000});
    browser.tell("Network.emulateNetworkConditions", &limits);
    open(&browser, &daemon.addresses().of("andy")).await;
    let waited = browser
        .wait_for("the first card", "window.seen && {ms: window.seen - window.arrived}")
        .await;
    assert!(waited["ms"].as_f64().is_some_and(|ms| ms < 1000.0), "{waited}");
    browser.close().await;
}
