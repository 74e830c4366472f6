//! The lead's port over a daemon in which things have gone wrong.

use std::sync::Arc;
use std::time::Duration;

use annotd::allocation::SettlePolicy;
use annotd::allocator::{self, Allocator, AllocatorPolicy};
use annotd::http::HttpMetrics;
use annotd::http::auth::AccessKeyCache;
use annotd::lead::status::{ListenerState, ListenerStatus, Reloads};
use annotd::lead::{self, DaemonStatusSource, LeadPort, ProjectInfo};
use annotd::store::Store;
use annotd::store::sqlite::SqliteStore;
use annotd::task::Millis;
use axum::body::Body;
use http_body_util::BodyExt;
use hyper::Request;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::prometheus_text::Page;
use crate::common::daemon::Project;
use crate::common::wait_for;

struct Broken;

impl DaemonStatusSource for Broken {
    fn annotators(&self) -> Vec<ListenerStatus> {
        let member = |name: &str, state, detail: Option<&str>| ListenerStatus {
            name: name.into(),
            display: name.into(),
            port: 9010,
            url: "http://127.0.0.1:9010/".into(),
            state,
            active: matches!(state, ListenerState::Listening | ListenerState::Down),
            restarts: 3,
            detail: detail.map(str::to_owned),
        };
        vec![
            member("andy", ListenerState::Down, Some("another program uses it")),
            member("zach", ListenerState::Listening, None),
            member("li", ListenerState::Paused, None),
            member("eve", ListenerState::Removed, None),
        ]
    }

    fn problems(&self) -> Vec<String> {
        Vec::new()
    }

    fn reloads(&self) -> Reloads {
        Reloads { applied: 2, refused: 1 }
    }
}

async fn get(port: &LeadPort, path: &str) -> (u16, String) {
    let mut request = Request::get(path).body(Body::empty()).expect("a request");
    request.extensions_mut().insert(port.clone());
    let response = lead::routes().oneshot(request).await.expect("a reply");
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    (status, String::from_utf8(body.to_vec()).expect("UTF-8"))
}

#[tokio::test]
async fn a_listener_that_is_down_is_named_everywhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SqliteStore::open(&folder.path().join("demo.db"), "demo").expect("a store");
    let store: Arc<dyn Store> = Arc::new(store);
    let access = AccessKeyCache::new(Arc::<dyn Store>::clone(&store));
    let (allocator, _storing) = Allocator::start(
        store,
        allocator::system_clock(),
        AllocatorPolicy::with_lease(Duration::from_secs(60)).into_source(),
    );
    let port = LeadPort {
        project: "demo".into(),
        project_info: Arc::new(ProjectInfo { interface: "text", rule: SettlePolicy::default() }),
        place: "demo.db".into(),
        allocator,
        daemon: Arc::new(Broken),
        runtime: tokio::runtime::Handle::current(),
        quality: lead::quality::CachedQuality::default(),
        http_metrics: HttpMetrics::new(),
        started_at: Millis(1_000),
        is_open: true,
        auth: access.lead_auth("demo"),
    };
    let (status, ready) = get(&port, "/ready").await;
    assert_eq!(status, 503);
    let ready: Value = serde_json::from_str(&ready).expect("JSON");
    assert_eq!(ready, json!({"ready": false, "store": "ok", "down": ["andy"]}));

    let (_, told) = get(&port, "/api/status").await;
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["annotators"][0]["state"], "down");
    assert_eq!(told["annotators"][0]["restarts"], 3);
    assert_eq!(
        told["problems"],
        json!([
            "andy's port 9010 is down: another program uses it. It will be retried automatically."
        ])
    );

    let (_, text) = get(&port, "/metrics").await;
    let page = Page::read(&text);
    for (sample, value) in [
        ("annotd_listener_up{annotator=\"andy\"}", 0.0),
        ("annotd_listener_up{annotator=\"zach\"}", 1.0),
        ("annotd_listener_restarts_total{annotator=\"andy\"}", 3.0),
        ("annotd_reloads_total{outcome=\"applied\"}", 2.0),
        ("annotd_reloads_total{outcome=\"refused\"}", 1.0),
        ("annotd_start_time_seconds", 1.0),
    ] {
        page.assert_is(sample, value);
    }
    // Otherwise each removed annotator would raise an alert.
    for name in ["li", "eve"] {
        let absent = format!("annotd_listener_up{{annotator=\"{name}\"}}");
        assert!(!page.samples.contains_key(&absent), "{name} is to have no port");
    }
}

#[test]
fn a_store_that_answers_and_takes_nothing_is_told() {
    let project = super::project("demo.db", 4);
    let daemon = project.start();
    let url = |who: &str, path: &str| format!("{}{path}", daemon.addresses().of(who));
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let post = |path: &str, body: &Value| {
        let mut reply = agent.post(&url("andy", path)).send_json(body).expect("a reply");
        (reply.status().as_u16(), reply.body_mut().read_json::<Value>().expect("JSON"))
    };
    let ready = || {
        let mut reply = agent.get(&url("lead", "ready")).call().expect("a reply");
        (reply.status().as_u16(), reply.body_mut().read_json::<Value>().expect("JSON"))
    };
    let mut answer = post("get_session_questions", &json!({"n": 1})).1["tasks"][0].clone();
    answer["answer"] = "accept".into();
    let answers = json!({"answers": [answer]});
    let file = rusqlite::Connection::open(project.path().join("demo.db")).expect("the store");
    let full = "CREATE TRIGGER full BEFORE INSERT ON answer \
                BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END";
    file.execute_batch(full).expect("a disk that is full");
    assert_eq!(ready(), (200, json!({"ready": true, "store": "ok", "down": []})));
    assert_ne!(post("give_answers", &answers).0, 200);
    let (status, told) = ready();
    assert_eq!(status, 503);
    assert!(told["store"].as_str().is_some_and(|said| said.contains("disk is full")), "{told}");
    file.execute_batch("DROP TRIGGER full").expect("room again");
    let (_, given) = post("give_answers", &answers);
    assert_eq!(given["results"][0]["status"], "saved", "{given}");
    assert_eq!(ready().0, 200);
}

#[test]
fn a_file_without_tasks_is_reported_and_the_ports_serve() {
    let project = Project::new(
        "demo",
        "interface = \"text\"\ntasks = [\"tasks-*\", \"*.jsonl\"]",
        "demo.db",
        "annotations = 1",
        &["andy"],
    );
    project.write("tasks-a.csv", "text,label\n");
    project.write("tasks-b.jsonl", "{\"text\":\"b\"}\n");
    // What a system puts beside a file is none of tasks.
    project.write("._tasks-b.jsonl", "\u{0}\u{5}\u{16}\u{7}");
    let daemon = project.start();
    let status = format!("{}api/status", daemon.addresses().of("lead"));
    let problems = wait_for("the problem", || {
        let mut reply = ureq::get(&status).call().ok()?;
        let told: Value = reply.body_mut().read_json().ok()?;
        let loaded = told["total"]["tasks"] == 1;
        let problems = told["problems"].as_array()?.clone();
        (loaded && !problems.is_empty()).then_some(problems)
    });
    assert_eq!(problems.len(), 1, "{problems:?}");
    let said = problems[0].as_str().expect("a text");
    assert!(said.contains("tasks-a.csv has no task in it"), "{said}");
}
