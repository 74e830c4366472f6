//! `/metrics`, `/ready` and `/api/status` of a running daemon.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::prometheus_text::Page;
use super::{Daemon, answer, get, project};
use crate::common::annotator::Annotator;
use crate::common::mongod::{Database, server};
use crate::common::proxy::Proxy;
use crate::common::{wait_for, wait_until};

fn scrape(daemon: &Daemon) -> Page {
    let (status, text) = get(daemon, "lead", "metrics");
    assert_eq!(status, 200);
    Page::read(&text)
}

#[test]
fn the_metrics_agree_with_what_was_done() {
    let project = project("demo.db", 10);
    let daemon = project.start();
    answer(&daemon, "andy", 3);
    answer(&daemon, "zach", 1);
    Annotator::new("zach", &daemon.addresses()).ask(2);
    assert_eq!(get(&daemon, "andy", "no/such/page").0, 404);
    assert_eq!(get(&daemon, "andy", "project/demo-zach").0, 403);
    // Figures are at most a second old.
    let page = wait_for("the figures", || {
        let page = scrape(&daemon);
        let known = page.is("annotd_answers", 4.0) && page.is("annotd_tasks_in_hand", 2.0);
        known.then_some(page)
    });
    for (sample, value) in [
        ("annotd_store_up", 1.0),
        ("annotd_store_info{kind=\"sqlite\"}", 1.0),
        ("annotd_project_info{interface=\"classification\",project=\"demo\"}", 1.0),
        ("annotd_tasks", 10.0),
        ("annotd_tasks_finished", 4.0),
        ("annotd_tasks_short", 0.0),
        ("annotd_answers_wanted", 10.0),
        ("annotd_annotator_answers{annotator=\"andy\"}", 3.0),
        ("annotd_annotator_answers{annotator=\"zach\"}", 1.0),
        ("annotd_annotator_answers_late{annotator=\"zach\"}", 0.0),
        ("annotd_annotator_tasks_in_hand{annotator=\"zach\"}", 2.0),
        ("annotd_listener_up{annotator=\"andy\"}", 1.0),
        ("annotd_listener_restarts_total{annotator=\"andy\"}", 0.0),
        ("annotd_reloads_total{outcome=\"applied\"}", 0.0),
        (
            "annotd_http_requests_total{port=\"annotator\",route=\"/give_answers\",status=\"2xx\"}",
            4.0,
        ),
        (
            "annotd_http_requests_total{port=\"annotator\",route=\"/get_session_questions\",status=\"2xx\"}",
            5.0,
        ),
        ("annotd_http_requests_total{port=\"annotator\",route=\"none\",status=\"4xx\"}", 1.0),
        (
            "annotd_http_requests_total{port=\"annotator\",route=\"/project/{session}\",status=\"4xx\"}",
            1.0,
        ),
        (
            "annotd_http_request_duration_seconds_count{port=\"annotator\",route=\"/give_answers\"}",
            4.0,
        ),
        ("annotd_http_requests_in_flight{port=\"lead\"}", 1.0),
    ] {
        page.assert_is(sample, value);
    }
    let version = format!("annotd_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    page.assert_is(&version, 1.0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    let recent = |sample: &str| {
        let age = now.as_secs_f64() - page.get(sample);
        assert!((-1.0..600.0).contains(&age), "{sample} is {age} s ago");
    };
    recent("annotd_start_time_seconds");
    recent("process_start_time_seconds");
    recent("annotd_figures_timestamp_seconds");
    recent("annotd_annotator_last_seen_timestamp_seconds{annotator=\"andy\"}");
    assert!(page.get("process_resident_memory_bytes") > 1e6);
    assert!(page.get("process_open_fds") > 5.0 && page.get("process_open_fds") < 1000.0);
    assert!(page.get("process_cpu_seconds_total") > 0.0);
    let sum =
        "annotd_http_request_duration_seconds_sum{port=\"annotator\",route=\"/give_answers\"}";
    assert!(page.get(sum) > 0.0 && page.get(sum) < 60.0);
    super::guide::knows_all(page.families.keys());
}

/// A store that hangs, which is worse than one that is gone: it reports no error.
#[test]
fn while_the_store_hangs_the_last_figures_are_given_and_marked_as_such() {
    let (place, database) = {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let database = runtime.block_on(Database::fresh());
        let server = runtime.block_on(server()).to_owned();
        (server, database)
    };
    let host = place.trim_start_matches("mongodb://").split('/').next().expect("a host").to_owned();
    let proxy = Proxy::to(&host);
    let name = database.url.split('/').nth(3).and_then(|rest| rest.split('?').next());
    let url = format!(
        "mongodb://{}/{}?directConnection=true",
        proxy.address,
        name.expect("the URL names a database")
    );
    let project = project(&url, 6);
    let daemon = project.start();
    answer(&daemon, "andy", 2);
    let asked = |path: &str| -> (u16, Value) {
        let (status, text) = get(&daemon, "lead", path);
        (status, serde_json::from_str(&text).expect("JSON"))
    };
    wait_until("the figures", || asked("api/status").1["total"]["answers"] == 2);
    let (status, ready) = asked("ready");
    assert_eq!((status, &ready["store"]), (200, &"ok".into()), "{ready}");

    proxy.hold(true);
    let began = std::time::Instant::now();
    let (status, ready) = asked("ready");
    assert!(began.elapsed() < Duration::from_secs(20), "a store that hangs is not waited for");
    assert_eq!((status, &ready["ready"]), (503, &false.into()), "{ready}");
    assert!(ready["store"].as_str().expect("words").contains("does not answer"), "{ready}");
    let (status, told) = asked("api/status");
    assert_eq!((status, &told["store"]["state"]), (200, &"away".into()), "{told}");
    assert_eq!((&told["total"]["tasks"], &told["total"]["answers"]), (&6.into(), &2.into()));
    assert_eq!(told["annotators"][0]["answered"], 2, "{told}");
    assert!(told["as_of"].as_str().expect("a time").starts_with("20"), "{told}");
    let page = scrape(&daemon);
    page.assert_is("annotd_store_up", 0.0);
    page.assert_is("annotd_answers", 2.0);
    wait_until("the line", || project.log().contains("WARN the store is away"));

    proxy.hold(false);
    wait_until("the store", || asked("ready").0 == 200);
    wait_until("the line", || project.log().contains("INFO the store is back"));
    answer(&daemon, "andy", 1);
    wait_until("the figures", || asked("api/status").1["total"]["answers"] == 3);
    let log = project.log();
    assert_eq!(log.matches("the store is away").count(), 1, "once, however many asked: {log}");
    assert!(daemon.stop().success());
    tokio::runtime::Runtime::new().expect("a runtime").block_on(database.drop());
}
