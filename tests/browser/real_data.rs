//! Public files of real tasks, which are not part of the repository: every row is drawn without a
//! complaint of the browser, and comes back, accepted untouched, equal to what went in.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::browser_session::BrowserSession;
use crate::common::daemon::Project;
use crate::common::outside_data::outside_data;

/// The rows of a file, or nothing and a word about it.
fn rows(name: &str) -> Option<Vec<Value>> {
    let path = outside_data(name)?;
    let text = std::fs::read_to_string(&path).expect("the file");
    Some(text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect())
}

/// Accepts whatever comes until nothing does, and remembers what the browser complains of. Pressing
/// sooner than the page is ready does nothing, so it just goes on pressing.
const ACCEPT_ALL: &str = "
    window.complaints = [];
    const keep = (kind) => (event) => window.complaints.push(kind + ': ' +
      String(event.message ?? event.reason ?? event.violatedDirective + ' ' + event.blockedURI));
    addEventListener('error', keep('error'));
    addEventListener('unhandledrejection', keep('rejection'));
    addEventListener('securitypolicyviolation', keep('policy'));
    const said = console.error;
    console.error = (...words) => { window.complaints.push('console: ' + words.join(' ')); said(...words); };
    const ticks = new MessageChannel();
    ticks.port1.onmessage = () => {
      const { state } = document.body.dataset;
      if (state === 'task') document.querySelector('[data-answer=accept]').click();
      if (state !== 'done') requestAnimationFrame(() => ticks.port2.postMessage(null));
    };
    ticks.port2.postMessage(null);";

/// Those of these words that are about no address that stands in a row: whether a picture which the
/// row itself shows can be fetched is not the page's doing.
fn foreign(rows: &[Value], words: &Value) -> Vec<String> {
    let words = words.as_array().expect("a list").iter().filter_map(Value::as_str);
    let address =
        |words: &str| words.split(' ').find(|word| word.starts_with("https://")).map(str::to_owned);
    let stands = |address: String| rows.iter().any(|row| row.to_string().contains(&address));
    words.filter(|words| !address(words).is_some_and(stands)).map(str::to_owned).collect()
}

/// Answers a whole file and compares. `sets` are the keys that the interface sets, each with what
/// it is where the task has none.
async fn comes_back(name: &str, settings: &str, distinct: usize, sets: &[(&str, Value)]) {
    let Some(rows) = rows(name) else { return };
    let project = Project::new("demo", settings, "demo.db", "annotations = 1", &["andy"]);
    let session = BrowserSession::open_project(project, &rows).await;
    session.card().await;
    session.browser.client.execute(ACCEPT_ALL, Vec::new()).await.expect("the page takes it");
    session.wait_for("the end", "document.body.dataset.state === 'done'").await;
    session.saved().await;
    let complaints = foreign(&rows, &session.eval("window.complaints").await);
    assert!(complaints.is_empty(), "the browser complains: {complaints:?}");
    let logged = foreign(&rows, &session.browser.log().await);
    assert!(logged.is_empty(), "it logged from the beginning on: {logged:?}");
    let elsewhere = "performance.getEntriesByType('resource').map((entry) => entry.name)
        .filter((name) => !name.startsWith('data:') && new URL(name).host !== location.host)";
    let fetched = foreign(&rows, &session.eval(elsewhere).await);
    assert!(fetched.is_empty(), "fetched from elsewhere: {fetched:?}");

    let mut left: HashMap<String, usize> = HashMap::new();
    for row in &rows {
        *left.entry(row.to_string()).or_default() += 1;
    }
    let exported = session.project.run(&["export", "--format", "tasks"]);
    let mut seen = 0;
    for line in exported.lines() {
        let record: Value = serde_json::from_str(line).expect("JSON");
        let task = &record["task"];
        assert!(left.remove(&task.to_string()).is_some(), "no such row went in: {task}");
        let answers = record["answers"].as_array().expect("a list");
        assert_eq!(answers.len(), 1, "{line}");
        let mut given: Map<String, Value> = answers[0].as_object().expect("an object").clone();
        for key in ["annotator", "time_loaded", "time_returned", "history"] {
            given.shift_remove(key);
        }
        let mut expected = json!({"answer": "accept"});
        for (key, usual) in sets {
            expected[key] = task.get(*key).unwrap_or(usual).clone();
        }
        assert_eq!(Value::Object(given), expected, "{task}");
        seen += 1;
    }
    assert_eq!(seen, distinct, "of {} rows", rows.len());
    session.close().await;
}

#[tokio::test]
async fn classifications_of_42_annotators_come_back_as_they_went_in() {
    let settings = "interface = \"classification\"\nlabels = [\"new-dataset\"]";
    comes_back("pydata-ams-2023.jsonl", settings, 117, &[]).await;
}

#[tokio::test]
async fn headlines_with_spans_come_back_as_they_went_in() {
    let settings =
        "interface = \"ner_manual\"\nlabels = [\"ORG\", \"LOCATION\", \"PERSON\", \"PRODUCT\"]";
    comes_back("news-headlines-ner.jsonl", settings, 373, &[("spans", json!([]))]).await;
}

#[tokio::test]
async fn plain_headlines_come_back_as_they_went_in() {
    comes_back("news-headlines-raw.jsonl", "interface = \"text\"", 178, &[]).await;
}

#[tokio::test]
async fn news_with_duplicates_come_back_as_they_went_in() {
    // 93 texts, which come from several sources.
    comes_back("newsapi-raw-with-duplicates.jsonl", "interface = \"text\"", 939, &[]).await;
}

#[tokio::test]
async fn sentences_in_their_documents_come_back_as_they_went_in() {
    let settings = "interface = \"classification\"\nlabels = [\"BUG\"]";
    comes_back("github-issues-with-context.jsonl", settings, 1103, &[]).await;
}

#[tokio::test]
async fn relations_come_back_as_they_went_in() {
    let settings = "interface = \"relations\"\n\
        labels = [\"Pos-Reg\", \"Reg\", \"Neg-Reg\", \"Binds\", \"No-rel\"]\n\
        [project.config]\nrelations_span_labels = [\"GGP\"]";
    let sets = [("spans", json!([])), ("relations", json!([]))];
    comes_back("relations.jsonl", settings, 149, &sets).await;
}

#[tokio::test]
async fn links_to_an_encyclopaedia_come_back_as_they_went_in() {
    let settings = "interface = \"choice\"";
    comes_back("entity-linking-choice.jsonl", settings, 30, &[("accept", json!([]))]).await;
}
