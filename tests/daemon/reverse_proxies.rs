//! nginx and Caddy in front of a running daemon, with the very configuration files that
//! docs/operations.md prints: a host name for each annotator, TLS at the proxy.
//!
//! `./tests/run` installs both, and openssl and curl with which this is looked at.

mod setting;

use serde_json::{Value, json};

use crate::common::browser::Browser;
use crate::common::wait_until;
use setting::{Kind, Setting, https};

/// A task with so long a text that neither it nor an answer to it goes through a proxy's first
/// limit.
const LONG: usize = 4 << 20;

fn task(text: &str) -> String {
    json!({"text": text, "label": "X"}).to_string()
}

fn with_answer(task: &Value, answer: &str) -> Value {
    let mut answered = task.clone();
    answered["answer"] = answer.into();
    answered
}

/// Everything that has to work through a proxy, in the order of an annotator's day.
fn works_behind(kind: Kind) {
    let mut setting = Setting::start(kind, &[task(&"long ".repeat(LONG / 5)), task("short")]);
    pages_arrive_whole(&setting);
    a_bookmark_opens_the_page(&setting);
    each_port_has_a_public_url(&setting);
    work_gets_through(&setting);
    only_the_own_page_may_act(&setting);
    a_daemon_that_is_away_is_passing(&mut setting);
}

fn pages_arrive_whole(setting: &Setting) {
    for (host, port) in [("andy.annotate.example.org", 9010), ("lead.annotate.example.org", 9000)] {
        let page = setting.get(host, "/");
        assert_eq!(page.status, 200);
        assert!(page.header("content-security-policy").contains("default-src 'none'"));
        assert!(page.header("content-type").starts_with("text/html"));
        let quoted = page.body.split('"');
        let assets: Vec<&str> = quoted.filter(|text| text.starts_with("assets/")).collect();
        assert!(assets.len() > 2, "{}", page.body);
        for asset in assets {
            let path = format!("/{asset}");
            let (through, straight) = (setting.get(host, &path), setting.straight(port, &path));
            assert_eq!((through.status, &through.body), (200, &straight), "{host}{path}");
        }
    }
    let plainly = setting.get_plainly("andy.annotate.example.org", "/");
    assert!([301, 308].contains(&plainly.status), "{}", plainly.status);
    assert!(plainly.header("location").starts_with("https://andy.annotate.example.org"));
}

fn a_bookmark_opens_the_page(setting: &Setting) {
    let link = setting.link("andy");
    assert!(link.starts_with(&https("andy.annotate.example.org", "/?key=")), "{link}");
    let opened = setting.get_without_key(link);
    assert_eq!((opened.status, opened.header("location")), (303, "./"));
    // The proxy has said that the browser speaks TLS.
    assert!(opened.header("set-cookie").contains("Secure"), "{}", opened.header("set-cookie"));
    let locked = setting.get_without_key(&https("andy.annotate.example.org", "/project"));
    assert_eq!(locked.status, 401);
    assert_eq!(locked.json()["error"]["code"], "no_key");
}

fn each_port_has_a_public_url(setting: &Setting) {
    for name in ["andy", "mara"] {
        let project = setting.get(&format!("{name}.annotate.example.org"), "/project").json();
        assert_eq!(project["annotator"], name);
    }
    let status = setting.get("lead.annotate.example.org", "/api/status").json();
    assert_eq!(status["annotators"][1]["name"], "mara");
    assert_eq!(setting.get("lead.annotate.example.org", "/ready").status, 200);
}

fn work_gets_through(setting: &Setting) {
    let host = "andy.annotate.example.org";
    let asked = setting.post(host, "/get_session_questions", &json!({"n": 2}));
    assert_eq!(asked.status, 200, "{}", asked.body);
    let asked = asked.json();
    let tasks = asked["tasks"].as_array().expect("tasks");
    assert_eq!(tasks.len(), 2);
    assert!(tasks[0]["text"].as_str().is_some_and(|text| text.len() > LONG - 5));
    let answers: Vec<Value> = tasks.iter().map(|task| with_answer(task, "accept")).collect();
    let given = setting.post(host, "/give_answers", &json!({"answers": answers}));
    assert_eq!(given.status, 200, "{}", given.body);
    assert_eq!(given.json()["saved"], 2);
    // Six times as much is more than the daemon takes, and that is what it says, not the proxy.
    let more: Vec<&Value> = std::iter::repeat_n(&answers, 6).flatten().collect();
    let refused = setting.post(host, "/give_answers", &json!({"answers": more}));
    assert_eq!(refused.status, 413);
    assert_eq!(refused.json()["error"]["code"], "too_large");
}

fn only_the_own_page_may_act(setting: &Setting) {
    let host = "andy.annotate.example.org";
    for origin in ["https://elsewhere.example.org", "https://mara.annotate.example.org"] {
        let refused = setting.post_from(origin, host, "/get_session_questions", &json!({}));
        assert_eq!(refused.status, 403);
        assert_eq!(refused.json()["error"]["code"], "foreign_origin");
    }
}

fn a_daemon_that_is_away_is_passing(setting: &mut Setting) {
    let host = "mara.annotate.example.org";
    setting.stop_daemon();
    for path in ["/", "/project"] {
        assert_eq!(setting.get(host, path).status, 502);
    }
    // With HTTP/2 the proxy may end the stream before it has read the body, and curl then sees no
    // reply. To a page both mean that it is tried again.
    let origin = https(host, "");
    let posted = setting.try_post_from(&origin, host, "/get_session_questions", &json!({}));
    assert!(posted.is_err() || posted.is_ok_and(|reply| reply.status == 502));
    setting.start_daemon();
    // It may remember for a moment that the port was down.
    wait_until("the proxy has noticed", || setting.get(host, "/project").status == 200);
    assert_eq!(setting.post(host, "/get_session_questions", &json!({})).status, 200);
}

#[test]
fn nginx_as_the_guide_has_it() {
    works_behind(Kind::Nginx);
}

#[test]
fn caddy_as_the_guide_has_it() {
    works_behind(Kind::Caddy);
}

#[test]
fn nginx_knows_no_port_by_another_name() {
    let setting = Setting::start(Kind::Nginx, &[]);
    let url = https("zoe.annotate.example.org", "/");
    assert_eq!(setting.get_without_key(&url).status, 404);
}

#[test]
fn a_proxy_that_keeps_the_host_to_itself_is_named() {
    let setting = Setting::start_with(Kind::Nginx, &[], |printed| {
        let line = "proxy_set_header Host $http_host;";
        assert!(printed.contains(line));
        printed.replace(line, "")
    });
    let reply =
        setting.post("andy.annotate.example.org", "/get_session_questions", &json!({"n": 1}));
    assert_eq!(reply.status, 403);
    let error = &reply.json()["error"];
    assert_eq!(error["code"], "foreign_origin");
    let words = "a proxy between them does not pass the Host header on";
    assert!(error["message"].as_str().is_some_and(|said| said.contains(words)), "{error}");
}

#[tokio::test]
async fn a_page_works_through_nginx_and_outlasts_a_restart_and_a_move() {
    let tasks: Vec<String> = (0..40).map(|n| task(&format!("task {n}"))).collect();
    let mut setting = Setting::start(Kind::Nginx, &tasks);
    let rules = format!("--host-resolver-rules=MAP *.example.org {}", setting.bind);
    let browser = Browser::start_with(&[&rules, "--ignore-certificate-errors"]).await;
    let url = https("andy.annotate.example.org", "/");
    browser.client.goto(setting.link("andy")).await.expect("the page opens");
    browser.listen_for_errors().await;
    let card = "document.body.dataset.state === 'task'";
    let saved = |many: usize| {
        format!("document.querySelector('#status').dataset.saved === 'saved' && {many}")
    };
    browser.wait_for("a card", card).await;
    browser.press(&['a']).await;
    wait_until("the answer is stored", || setting.answers() == 1);

    setting.stop_daemon();
    browser.press(&['x']).await;
    let offline = "document.querySelector('#status').dataset.saved === 'offline'";
    browser.wait_for("the page to notice", offline).await;
    setting.start_daemon();
    browser.wait_for("the answer to be sent", &saved(2)).await;
    wait_until("the answer is stored", || setting.answers() == 2);

    // andy gets another port, and the proxy hears of it later.
    setting.edit("port = 9010", "port = 9015");
    browser.press(&['a']).await;
    wait_until("the answer is stored at the old port", || setting.answers() == 3);
    assert_eq!(browser.eval("location.href").await, url);
    setting.tell_nginx("9010", "9015");
    wait_until("the proxy's new port", || {
        let project = setting.try_get("andy.annotate.example.org", "/project");
        project.is_ok_and(|reply| reply.status == 200 && reply.json()["standing"] == "here")
    });
    browser.press(&['a']).await;
    wait_until("the answer is stored at the new one", || setting.answers() == 4);
    browser.wait_for("a card", card).await;
    assert_eq!(browser.eval("location.href").await, url);
    assert_eq!(browser.errors().await, json!([]));
    browser.close().await;
}
