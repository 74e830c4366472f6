//! Access by key, over HTTP, on both stores: which requests are served, which are refused, and what
//! the refusal explains. `access_keys/cache.rs` tests the cache of the keys.

mod cache;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::common::daemon::{Daemon, Project};
use crate::common::stores::TestStore;
use crate::common::wait_until;
use serde_json::{Value, json};

const TASKS: &str = "{\"text\":\"one\",\"label\":\"X\"}\n{\"text\":\"two\",\"label\":\"X\"}\n";
const CLASSIFICATION: &str =
    "interface = \"classification\"\nlabels = [\"X\"]\ntasks = [\"tasks.jsonl\"]";

/// A reply, looked at.
struct Reply {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Reply {
    fn code(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).expect("JSON");
        body["error"]["code"].as_str().expect("a code").to_owned()
    }
}

/// How a request carries its key.
#[derive(Clone, Copy)]
enum With<'a> {
    Nothing,
    Cookie(&'a str),
    Bearer(&'a str),
}

struct Fixture {
    project: Project,
    daemon: Daemon,
    agent: ureq::Agent,
}

impl Fixture {
    fn new(place: &TestStore) -> Self {
        let project = keyed(&place.url);
        project.write("tasks.jsonl", TASKS);
        let daemon = project.start();
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(30)))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .build()
            .into();
        Self { project, daemon, agent }
    }

    fn key(&self, who: &str) -> String {
        let who = if who == "lead" { "--lead" } else { who };
        let told: Value =
            serde_json::from_str(&self.project.run(&["link", who, "--json"])).expect("JSON");
        told["key"].as_str().expect("a key").to_owned()
    }

    fn get(&self, whose: &str, path: &str, with: With<'_>) -> Reply {
        self.send(whose, path, with, &[], None)
    }

    fn post(&self, whose: &str, path: &str, with: With<'_>, body: &Value) -> Reply {
        self.send(whose, path, with, &[], Some(body))
    }

    fn send(
        &self,
        whose: &str,
        path: &str,
        with: With<'_>,
        more: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Reply {
        let url = format!("{}{path}", self.daemon.addresses().of(whose));
        let mut headers: Vec<(&str, String)> =
            more.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        match with {
            With::Nothing => {}
            With::Cookie(cookie) => headers.push(("cookie", cookie.to_owned())),
            With::Bearer(key) => headers.push(("authorization", format!("Bearer {key}"))),
        }
        let sent = match body {
            None => headers
                .iter()
                .fold(self.agent.get(&url), |request, (name, value)| request.header(*name, value))
                .call(),
            Some(body) => headers
                .iter()
                .fold(self.agent.post(&url), |request, (name, value)| request.header(*name, value))
                .send_json(body),
        };
        let mut reply = sent.expect("the daemon answers");
        let headers = reply
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned()))
            .collect();
        let body = reply.body_mut().read_to_string().expect("UTF-8");
        Reply { status: reply.status().as_u16(), headers, body }
    }

    /// Opens a personal link. Returns the cookie that it sets.
    fn open_bookmark(&self, whose: &str) -> String {
        let reply = self.get(whose, &format!("?key={}", self.key(whose)), With::Nothing);
        assert_eq!(reply.status, 303, "{}", reply.body);
        cookie(&reply).0
    }
}

fn keyed(store: &str) -> Project {
    let rules = "annotations = 2\n[server]\naccess = \"key\"";
    Project::new("demo", CLASSIFICATION, store, rules, &["andy", "zach"])
}

/// A cookie as it is sent back, and what it was set with.
fn cookie(reply: &Reply) -> (String, String) {
    let line = reply.headers.get("set-cookie").expect("a cookie");
    let (pair, attributes) = line.split_once("; ").expect("attributes");
    (pair.to_owned(), attributes.to_owned())
}

macro_rules! on_both_stores {
    ($($case:ident),+ $(,)?) => {
        mod sqlite { $( #[test] fn $case() { super::$case(&super::TestStore::sqlite()); } )+ }
        mod mongodb { $( #[test] fn $case() { super::$case(&super::TestStore::mongo()); } )+ }
    };
}

on_both_stores!(
    without_a_key_there_are_a_page_and_an_error_that_say_what_to_do,
    a_bookmark_becomes_a_cookie_and_everything_works_with_it,
    a_port_refuses_the_key_and_the_cookie_of_another,
    a_key_in_a_header_works_everywhere,
    a_new_key_takes_effect_while_daemons_run,
    keys_survive_a_restart,
);

fn without_a_key_there_are_a_page_and_an_error_that_say_what_to_do(place: &TestStore) {
    let fixture = Fixture::new(place);
    for whose in ["andy", "lead"] {
        let page = fixture.get(whose, "", With::Nothing);
        assert_eq!(page.status, 401);
        assert!(page.headers["content-type"].starts_with("text/html"));
        assert!(page.body.contains("This page needs your personal link."), "{}", page.body);
        assert!(page.body.contains("annotd link NAME"));
        assert!(!page.body.contains("<script"), "it needs none");
        let policy = &page.headers["content-security-policy"];
        assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{policy}");
        assert_eq!(page.headers["www-authenticate"], "Bearer realm=\"annotd\"");
        assert!(!page.headers.contains_key("set-cookie"));
        for open in
            ["health", "version", "assets/shared/theme.css", "assets/no_access/no_access.css"]
        {
            assert_eq!(fixture.get(whose, open, With::Nothing).status, 200, "{open} of {whose}");
        }
    }
    assert_eq!(fixture.get("lead", "ready", With::Nothing).status, 200);
    for (whose, path) in [
        ("andy", "project"),
        ("andy", "project/demo-andy"),
        ("andy", "get_questions"),
        ("andy", "history"),
        ("andy", "nowhere"),
        ("lead", "api/status"),
        ("lead", "nowhere"),
    ] {
        let reply = fixture.get(whose, path, With::Nothing);
        assert_eq!((reply.status, reply.code().as_str()), (401, "no_key"), "{path} of {whose}");
    }
    for path in ["get_session_questions", "give_answers", "renew", "end_session"] {
        let reply = fixture.post("andy", path, With::Nothing, &json!({}));
        assert_eq!((reply.status, reply.code().as_str()), (401, "no_key"), "{path}");
    }
}

fn a_bookmark_becomes_a_cookie_and_everything_works_with_it(place: &TestStore) {
    let fixture = Fixture::new(place);
    let key = fixture.key("andy");
    assert!(key.len() >= 32 && key.chars().all(|c| c.is_ascii_alphanumeric()), "{key}");
    let link = fixture.project.run(&["link", "andy"]);
    assert_eq!(link, format!("http://127.0.0.1:9010/?key={key}\n"));

    let sent_on = fixture.get("andy", &format!("?a=1&key={key}"), With::Nothing);
    assert_eq!((sent_on.status, sent_on.headers["location"].as_str()), (303, "./?a=1"));
    assert_eq!(sent_on.headers["cache-control"], "no-store");
    assert!(!sent_on.body.contains(&key));
    let (pair, attributes) = cookie(&sent_on);
    assert_eq!(pair, format!("annotd.demo.andy={key}"));
    assert_eq!(attributes, "Max-Age=34560000; Path=/; HttpOnly; SameSite=Lax");
    let behind_tls = fixture.send(
        "andy",
        &format!("?key={key}"),
        With::Nothing,
        &[("x-forwarded-proto", "https")],
        None,
    );
    assert!(cookie(&behind_tls).1.ends_with("; Secure"));

    let with = With::Cookie(&pair);
    let page = fixture.get("andy", "", with);
    assert_eq!(page.status, 200);
    assert!(page.body.contains("annotate/app/main.js"));
    assert_eq!(cookie(&page).0, pair, "it is renewed");
    assert!(!fixture.get("andy", "project", with).headers.contains_key("set-cookie"));
    let asked = fixture.post("andy", "get_session_questions", with, &json!({"n": 2}));
    let asked: Value = serde_json::from_str(&asked.body).expect("JSON");
    let mut answer = asked["tasks"][0].clone();
    answer["answer"] = "accept".into();
    let given = fixture.post("andy", "give_answers", with, &json!({"answers": [answer]}));
    let given: Value = serde_json::from_str(&given.body).expect("JSON");
    assert_eq!(given["saved"], 1);

    let lead = fixture.open_bookmark("lead");
    assert!(lead.starts_with("annotd.demo="), "{lead}");
    let status = fixture.get("lead", "api/status", With::Cookie(&lead));
    let status: Value = serde_json::from_str(&status.body).expect("JSON");
    assert_eq!(status["total"]["answers"], 1);
}

fn a_port_refuses_the_key_and_the_cookie_of_another(place: &TestStore) {
    let fixture = Fixture::new(place);
    let (andy, zach, lead) = (fixture.key("andy"), fixture.key("zach"), fixture.key("lead"));
    let strangers = [("andy", &zach), ("andy", &lead), ("zach", &andy), ("lead", &andy)];
    // An unknown key has its answer when the store has been asked again, so all come at once.
    std::thread::scope(|scope| {
        for (whose, key) in strangers {
            let fixture = &fixture;
            scope.spawn(move || {
                let page = fixture.get(whose, &format!("?key={key}"), With::Nothing);
                assert_eq!(page.status, 401, "{whose}");
                assert!(page.body.contains("This link does not work any more."), "{}", page.body);
                assert!(!page.headers.contains_key("set-cookie"));
            });
            scope.spawn(move || {
                assert_eq!(fixture.get(whose, "nowhere", With::Bearer(key)).code(), "no_key");
            });
            scope.spawn(move || {
                let name = if whose == "lead" { String::new() } else { format!(".{whose}") };
                let cookie = format!("annotd.demo{name}={key}");
                assert_eq!(fixture.get(whose, "", With::Cookie(&cookie)).status, 401, "{whose}");
            });
        }
    });
    for nonsense in ["?key=", "?key", "?key=%00", "?key=a&key=b"] {
        assert_eq!(fixture.get("andy", nonsense, With::Nothing).status, 401, "{nonsense}");
    }
    // Cookies know no ports: the browser of both sends both, and each page is its own.
    let both = format!("annotd.demo.zach={zach}; annotd.demo.andy={andy}; annotd.demo={lead}");
    for whose in ["andy", "zach"] {
        let project = fixture.get(whose, "project", With::Cookie(&both));
        let project: Value = serde_json::from_str(&project.body).expect("JSON");
        assert_eq!(project["annotator"], whose);
    }
    let log = std::fs::read_to_string(fixture.project.path().join("daemon.log")).expect("a log");
    let told = log.lines().filter(|line| line.contains("wrong key for this port"));
    let told: Vec<&str> = told.collect();
    assert!(told.iter().any(|line| line.contains("andy") && line.contains("peer=127.0.0.1:")));
    assert!(told.len() < 10, "not at every attempt: {}", told.len());
    for key in [andy, zach, lead] {
        assert!(!log.contains(&key), "no key is in the log");
    }
}

fn a_key_in_a_header_works_everywhere(place: &TestStore) {
    let fixture = Fixture::new(place);
    let (andy, lead) = (fixture.key("andy"), fixture.key("lead"));
    let with = With::Bearer(&andy);
    assert_eq!(fixture.get("andy", "", with).status, 200);
    assert_eq!(fixture.get("andy", "project", with).status, 200);
    assert_eq!(fixture.post("andy", "renew", with, &json!({})).status, 200);
    assert_eq!(fixture.get("andy", "nowhere", with).status, 404);
    assert_eq!(fixture.get("lead", "api/status", With::Bearer(&lead)).status, 200);
    // A proxy may have put its own sign-in there; then the cookie counts.
    let (cookie, basic) = (format!("annotd.demo.andy={andy}"), [("authorization", "Basic eDp5")]);
    assert_eq!(fixture.send("andy", "project", With::Cookie(&cookie), &basic, None).status, 200);
}

fn a_new_key_takes_effect_while_daemons_run(place: &TestStore) {
    let fixture = Fixture::new(place);
    let second = Fixture {
        project: keyed(&place.url),
        daemon: fixture.project.start(),
        agent: fixture.agent.clone(),
    };
    let (andy, zach) = (fixture.open_bookmark("andy"), fixture.open_bookmark("zach"));
    assert_eq!(fixture.get("andy", "project", With::Cookie(&andy)).status, 200);
    assert_eq!(second.get("andy", "project", With::Cookie(&andy)).status, 200);

    let link = fixture.project.run(&["link", "andy", "--rotate"]);
    let key = link.trim().rsplit_once("?key=").expect("a key").1;
    assert!(!andy.ends_with(key));
    // The new link works at the first attempt.
    for daemon in [&fixture, &second] {
        let opened = daemon.get("andy", &format!("?key={key}"), With::Nothing);
        assert_eq!(opened.status, 303);
        assert_eq!(cookie(&opened).0, format!("annotd.demo.andy={key}"));
        wait_until("the old key to be worth nothing", || {
            daemon.get("andy", "project", With::Cookie(&andy)).status == 401
        });
        let late =
            daemon.post("andy", "give_answers", With::Cookie(&andy), &json!({"answers": []}));
        assert_eq!((late.status, late.code().as_str()), (401, "no_key"));
        assert_eq!(daemon.get("zach", "project", With::Cookie(&zach)).status, 200);
    }
    // An old link in a browser that has opened the new one.
    let old = andy.rsplit_once('=').expect("a key").1;
    let with = format!("annotd.demo.andy={key}");
    let again = fixture.get("andy", &format!("?key={old}"), With::Cookie(&with));
    assert_eq!((again.status, again.headers["location"].as_str()), (303, "./"));
}

fn keys_survive_a_restart(place: &TestStore) {
    let mut fixture = Fixture::new(place);
    let (andy, key) = (fixture.open_bookmark("andy"), fixture.key("andy"));
    fixture.daemon.kill_and_restart();
    assert_eq!(fixture.get("andy", "project", With::Cookie(&andy)).status, 200);
    assert_eq!(fixture.key("andy"), key);
}

#[test]
fn link_prints_bookmarks_for_people_and_for_scripts() {
    let project = keyed("demo.db");
    let early = project.annotd(&["link", "andy"]);
    assert_eq!(early.status.code(), Some(69), "there is no store yet");
    assert!(!project.path().join("demo.db").exists(), "looking makes none");
    project.write("tasks.jsonl", TASKS);
    project.run(&["load", "-i", "tasks.jsonl"]);

    let andy = project.run(&["link", "andy"]);
    assert!(andy.starts_with("http://127.0.0.1:9010/?key="), "{andy}");
    assert_eq!(andy.lines().count(), 1);
    assert_eq!(project.run(&["link", "andy"]), andy, "it stays the same");
    let lead = project.run(&["link", "--lead"]);
    assert!(lead.starts_with("http://127.0.0.1:9000/?key="), "{lead}");

    let table = project.run(&["link"]);
    for link in [&andy, &lead] {
        assert!(table.contains(link.trim()), "{table}");
    }
    assert_eq!(table.lines().count(), 4, "{table}");
    let told: Value = serde_json::from_str(&project.run(&["link", "--json"])).expect("JSON");
    assert_eq!(told[0]["name"], "andy");
    assert_eq!(told[0]["url"], "http://127.0.0.1:9010/");
    assert_eq!(told[0]["bookmark"], andy.trim());
    assert_eq!(told[2]["name"], "(lead)");
    assert_eq!(told.as_array().map(Vec::len), Some(3));

    let unknown = project.annotd(&["link", "li"]);
    assert_eq!(unknown.status.code(), Some(1));
    let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(said.contains("no annotator \"li\"\nhint: there are andy, zach"), "{said}");
    assert_eq!(project.annotd(&["link", "--rotate"]).status.code(), Some(2));
    assert_eq!(project.annotd(&["link", "andy", "--lead"]).status.code(), Some(2));
    assert_ne!(project.run(&["link", "andy", "--rotate"]), andy);
    assert_eq!(project.run(&["link", "--lead"]), lead, "the others' stay");
}

#[test]
fn where_access_is_open_a_bookmark_is_an_address() {
    let project = Project::new("demo", CLASSIFICATION, "demo.db", "annotations = 1", &["andy"]);
    assert_eq!(project.run(&["link", "andy"]), "http://127.0.0.1:9010/\n");
    let refused = project.annotd(&["link", "andy", "--rotate"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("access = \"key\""), "{said}");
}

#[test]
fn addresses_are_those_that_people_can_open() {
    let at = |server: &str| {
        let rules = format!("annotations = 1\n[server]\n{server}");
        Project::new("demo", CLASSIFICATION, "demo.db", &rules, &["andy"])
    };
    let project = at("url = \"https://{name}.example.org/annotate/{port}\"");
    project.write("tasks.jsonl", TASKS);
    assert_eq!(project.run(&["link", "andy"]), "https://andy.example.org/annotate/9010/\n");
    assert_eq!(project.run(&["link", "--lead"]), "https://lead.example.org/annotate/9000/\n");
    assert!(project.run(&["check"]).contains("https://andy.example.org/annotate/9010/"));
    project.run(&["load", "-i", "tasks.jsonl"]);
    let told: Value = serde_json::from_str(&project.run(&["status", "--json"])).expect("JSON");
    assert_eq!(told["annotators"][0]["url"], "https://andy.example.org/annotate/9010/");

    let project = at("bind = \"0.0.0.0\"");
    project.write("tasks.jsonl", TASKS);
    let checked = project.annotd(&["check"]);
    let table = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(table.contains(":9010/") && !table.contains("0.0.0.0"), "{table}");
    let said = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert!(said.contains("keys and answers go over the network unencrypted"), "{said}");
}
