//! Pictures and sound from the roster's folder: behind the same door as all else, in ranges, and
//! nothing beside them; and where else a page may take them from, which an edited roster changes.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;
use ureq::http::Response;

use crate::common::daemon::{Daemon, Project};

fn project(rules: &str) -> Project {
    let settings = "interface = \"text\"\nmedia = \"media\"\nmedia_from = [\"https://a.example\"]";
    let project = Project::new("demo", settings, "demo.db", rules, &["andy"]);
    std::fs::create_dir_all(project.path().join("media/in ner")).expect("a folder");
    project.write("media/sound.wav", &"0123456789".repeat(100));
    project.write("media/in ner/bär.png", "a picture");
    project.write(
        "media/drawing.svg",
        "<svg xmlns='http://www.w3.org/2000/svg'><script>x()</script></svg>",
    );
    project.write("media/page.html", "<script>x()</script>");
    project.write("media/tasks.jsonl", "{}");
    project.write("media/.hidden.png", "x");
    project.write("secret.png", "x");
    std::os::unix::fs::symlink("../secret.png", project.path().join("media/out.png"))
        .expect("a link");
    project
}

fn get(daemon: &Daemon, path: &str, headers: &[(&str, &str)]) -> Response<ureq::Body> {
    let address = daemon.addresses().of("andy");
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut request = agent.get(format!("{address}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.call().expect("a reply")
}

fn header<'a>(reply: &'a Response<ureq::Body>, name: &str) -> &'a str {
    reply.headers().get(name).map_or("", |value| value.to_str().expect("text"))
}

#[test]
fn media_are_sent_whole_and_in_ranges_and_nothing_runs_in_them() {
    let project = project("annotations = 1");
    let daemon = project.start();
    let mut whole = get(&daemon, "media/sound.wav", &[]);
    assert_eq!(whole.status(), 200);
    assert!(header(&whole, "content-type").starts_with("audio/"), "{whole:?}");
    assert_eq!(header(&whole, "accept-ranges"), "bytes");
    assert_eq!(header(&whole, "x-content-type-options"), "nosniff");
    assert_eq!(whole.body_mut().read_to_string().expect("a body").len(), 1000);

    let mut part = get(&daemon, "media/sound.wav", &[("range", "bytes=10-13")]);
    assert_eq!(part.status(), 206);
    assert_eq!(header(&part, "content-range"), "bytes 10-13/1000");
    assert_eq!(part.body_mut().read_to_string().expect("a body"), "0123");

    for nonsense in ["bytes=13-10", "bytes=x", "seconds=1-2", "bytes=0-1,4-5", "10-13"] {
        let mut whole = get(&daemon, "media/sound.wav", &[("range", nonsense)]);
        assert_eq!(whole.status(), 200, "{nonsense}");
        assert_eq!(whole.body_mut().read_to_string().expect("a body").len(), 1000, "{nonsense}");
    }
    let beyond = get(&daemon, "media/sound.wav", &[("range", "bytes=5000-")]);
    assert_eq!(beyond.status(), 416);
    assert_eq!(header(&beyond, "content-range"), "bytes */1000");
    let longer = get(&daemon, "media/sound.wav", &[("range", "bytes=-5000")]);
    assert_eq!(
        (longer.status().as_u16(), header(&longer, "content-range")),
        (206, "bytes 0-999/1000")
    );

    assert_eq!(get(&daemon, "media/in%20ner/b%C3%A4r.png", &[]).status(), 200);
    let drawing = get(&daemon, "media/drawing.svg", &[]);
    assert_eq!(header(&drawing, "content-type"), "image/svg+xml");
    let policy = header(&drawing, "content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"), "{policy}");
    assert!(!policy.contains("script-src"), "{policy}");
    assert!(daemon.stop().success());
}

#[test]
fn nothing_else_is_sent_from_the_folder() {
    let project = project("annotations = 1");
    let daemon = project.start();
    for path in [
        "media/page.html",
        "media/tasks.jsonl",
        "media/.hidden.png",
        "media/out.png",
        "media/in%20ner",
        "media/in%20ner/",
        "media/",
        "media/none.png",
        "media/%2e%2e/secret.png",
        "media/%2Fetc/passwd",
        "media/..%2Fsecret.png",
        "media/sound.wav%00.png",
    ] {
        let mut reply = get(&daemon, path, &[]);
        assert_eq!(reply.status(), 404, "{path}");
        let error: Value = reply.body_mut().read_json().expect("JSON");
        assert_eq!(error["error"]["code"], "not_found", "{path}");
    }
    for path in ["media/%ff.png", "project/%ff", "assets/%ff.js"] {
        let mut reply = get(&daemon, path, &[]);
        assert_eq!(reply.status(), 400, "{path}");
        let error: Value = reply.body_mut().read_json().expect("JSON");
        assert_eq!(error["error"]["code"], "bad_path", "{path}");
        assert_eq!(error["error"]["request_id"], header(&reply, "x-request-id"), "{path}");
    }
    // As no client of the web would send it.
    let address = daemon.addresses().of("andy");
    let host = address.trim_start_matches("http://").trim_end_matches('/');
    let mut connection = TcpStream::connect(host).expect("the port is open");
    let request = "GET /media/../secret.png HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    connection.write_all(request.as_bytes()).expect("it is sent");
    let mut reply = String::new();
    connection.read_to_string(&mut reply).expect("a reply");
    assert!(reply.starts_with("HTTP/1.1 404"), "{reply}");
    assert!(daemon.stop().success());
}

#[test]
fn media_are_behind_the_same_door_as_all_else() {
    let project = project("annotations = 1\n[server]\naccess = \"key\"");
    let daemon = project.start();
    assert_eq!(get(&daemon, "media/sound.wav", &[]).status(), 401);
    let told: Value =
        serde_json::from_str(&project.run(&["link", "andy", "--json"])).expect("JSON");
    let key = format!("Bearer {}", told["key"].as_str().expect("a key"));
    assert_eq!(get(&daemon, "media/sound.wav", &[("authorization", &key)]).status(), 200);
    assert!(daemon.stop().success());
}

#[test]
fn an_edited_roster_says_where_media_come_from() {
    let project = project("annotations = 1");
    let daemon = project.start();
    let policy =
        |daemon: &Daemon| header(&get(daemon, "", &[]), "content-security-policy").to_owned();
    let edition = |daemon: &Daemon| {
        let told: Value = get(daemon, "project", &[]).body_mut().read_json().expect("JSON");
        (told["edition"].clone(), told["media"].clone(), told["media_from"].clone())
    };
    let before = policy(&daemon);
    assert!(before.contains("img-src 'self' data: blob: https://a.example;"), "{before}");
    assert!(before.contains("media-src 'self' data: blob: https://a.example;"), "{before}");
    assert!(before.contains("script-src 'self'; style-src 'self';"), "{before}");
    let told = edition(&daemon);
    assert_eq!((told.1, told.2), (true.into(), serde_json::json!(["https://a.example"])));

    let path = project.path().join("annotators.toml");
    let roster = std::fs::read_to_string(&path).expect("the roster");
    let edited = roster
        .replace("media = \"media\"\n", "")
        .replace("https://a.example", "http://b.example:81");
    std::fs::write(&path, edited).expect("it is edited");
    daemon.signal("HUP");
    crate::common::wait_until("the roster to be in force", || {
        policy(&daemon).contains(" http://b.example:81;")
    });
    assert!(!policy(&daemon).contains("a.example"));
    assert_ne!(edition(&daemon).0, told.0);
    let mut reply = get(&daemon, "media/sound.wav", &[]);
    assert_eq!(reply.status(), 404);
    let said = reply.body_mut().read_to_string().expect("a body");
    assert!(said.contains("media = "), "{said}");
    assert!(daemon.stop().success());
}

/// A GIF of these sides: its header is all that is read.
fn gif(width: u16, height: u16) -> Vec<u8> {
    [&b"GIF89a"[..], &width.to_le_bytes(), &height.to_le_bytes(), &[0; 8]].concat()
}

#[test]
fn pages_get_the_sizes_of_pictures_with_tasks_and_in_the_history_and_missing_ones_are_told() {
    let settings = "interface = \"pages\"\nmedia = \"media\"\ntasks = [\"tasks.jsonl\"]";
    let project = Project::new("demo", settings, "demo.db", "annotations = 1", &["andy"]);
    std::fs::create_dir_all(project.path().join("media")).expect("a folder");
    std::fs::write(project.path().join("media/a.gif"), gif(40, 30)).expect("a picture");
    let picture = |name: &str| serde_json::json!({"view_id": "image", "image": name});
    let pages = serde_json::json!({"pages": [picture("gone.gif"), picture("a.gif")]});
    project.write("tasks.jsonl", &format!("{pages}\n"));
    let daemon = project.start();
    let andy = crate::common::annotator::Annotator::new("andy", &daemon.addresses());
    let task = crate::common::wait_for("the task", || andy.ask(1)["tasks"].get(0).cloned());
    let parts = serde_json::json!([{}, {"_size": {"width": 40, "height": 30}}]);
    assert_eq!(task["_parts"], parts, "{task}");
    let added = serde_json::json!([{}, {}]);
    let answer = serde_json::json!({"_id": task["_id"], "answer": "accept", "pages": added});
    let given = andy.give(&[answer]);
    assert_eq!(given["results"][0]["status"], "saved", "{given}");
    assert_eq!(andy.get("history")["answers"][0]["_parts"], parts);
    let log = project.log();
    let told = "tasks name files that are not in the media folder";
    assert!(log.contains(told) && log.contains("missing=1 first=gone.gif"), "{log}");
    assert!(daemon.stop().success());
}

#[test]
fn what_the_roster_does_not_allow_is_told_in_the_log_once_with_the_line_that_would() {
    let settings = "interface = \"image\"\nmedia_from = [\"https://a.example\"]";
    let project = Project::new("demo", settings, "demo.db", "annotations = 1", &["andy"]);
    let tasks =
        ["https://a.example/1.png", "https://b.example/2.png", "https://b.example/3.png", "4.png"];
    let lines = tasks.map(|source| serde_json::json!({"image": source}).to_string());
    project.write("tasks.jsonl", &lines.join("\n"));
    project.run(&["load", "-i", "tasks.jsonl"]);
    let daemon = project.start();
    for _ in 0..3 {
        let address = format!("{}get_session_questions", daemon.addresses().of("andy"));
        let mut reply =
            ureq::post(address).send_json(serde_json::json!({"n": 10})).expect("a reply");
        let given: Value = reply.body_mut().read_json().expect("JSON");
        assert_eq!(given["tasks"].as_array().map(Vec::len), Some(4), "{given}");
    }
    let said = |what: &str| project.log().matches(what).count();
    crate::common::wait_until("both to be told", || {
        said("media_from = [\\\"https://b.example\\\"]") + said("media = \\\"media\\\"") == 2
    });
    assert_eq!(said("names a file that the roster does not allow"), 2, "{}", project.log());
    assert!(daemon.stop().success());
}
