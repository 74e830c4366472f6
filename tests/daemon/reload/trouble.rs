//! Listeners that fail, or cannot be bound, and take no other down.

use std::net::TcpListener;
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use annotd::config::file::RosterFile;
use annotd::supervisor::{self, Commands, Daemon, InheritedSockets};

use crate::common::daemon::Project;
use crate::common::{loopback, wait_until};
use crate::reload::team::{Roster, Team, agent, get};

#[test]
fn who_cannot_have_their_port_at_the_start_gets_it_when_it_is_free() {
    let bind = loopback::address();
    let other = TcpListener::bind((bind, 9011)).expect("a port");
    let team = Team::start(Roster { bind, ..Roster::of(&[("andy", 9010), ("zach", 9011)]) });
    assert_eq!(team.get(9010, "project")["annotator"], "andy");
    let words = "zach's port 9011 is down: another program uses it";
    assert_eq!(team.status_line_with("down"), format!("Serving 1 annotator. {words}"));
    assert!(team.project.log().contains("cannot bind port; will retry"));
    let problem = team.problems().join("\n");
    let shown =
        "zach's port 9011 is down: another program uses it. It will be retried automatically.";
    assert_eq!(problem, shown);
    let status = team.status();
    assert_eq!(status["annotators"][1]["state"], "down");
    drop(other);
    wait_until("zach's port is opened", || team.listens(9011));
    assert_eq!(team.get(9011, "project")["annotator"], "zach");
    wait_until("the dashboard shows it", || {
        let status = team.status();
        status["annotators"][1]["state"] == "listening"
            && status["problems"] == serde_json::json!([])
    });
    assert_eq!(team.status()["annotators"][1]["restarts"], 1);
}

/// Shuts a socket of another process down, as a fault would.
const BREAK: &str = r#"
import ctypes, os, socket, sys
pid, port = int(sys.argv[1]), int(sys.argv[2])
libc = ctypes.CDLL(None, use_errno=True)
pidfd = os.pidfd_open(pid)
for fd in map(int, os.listdir(f"/proc/{pid}/fd")):
    if not os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket:"):
        continue
    own = libc.syscall(438, pidfd, fd, 0)
    if own < 0:
        raise OSError(ctypes.get_errno(), "pidfd_getfd")
    found = socket.socket(fileno=own)
    if found.family == socket.AF_INET and found.getsockname()[1] == port \
            and found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        found.shutdown(socket.SHUT_RDWR)
        sys.exit(0)
sys.exit("there is no such socket")
"#;

#[test]
fn a_listener_that_breaks_is_started_again_and_counted() {
    let team = Team::start(Roster::of(&[("andy", 9010), ("zach", 9011)]));
    let mut zach = crate::reload::Kept::open(&team, 9011);
    let broken = Command::new("python3")
        .args(["-c", BREAK, &team.daemon.pid().to_string(), "9010"])
        .output()
        .expect("python3 runs");
    assert!(broken.status.success(), "{}", String::from_utf8_lossy(&broken.stderr));
    wait_until("andy's listener is there again", || {
        team.status()["annotators"][0]["restarts"] == 1 && team.listens(9010)
    });
    assert_eq!(team.get(9010, "project")["annotator"], "andy");
    assert_eq!(team.status()["annotators"][0]["state"], "listening");
    let log = team.project.log();
    assert!(log.contains("listener is down") && log.contains("its socket is broken"), "{log}");
    assert!(log.contains("listener is up again"), "{log}");
    zach.ask();
}

#[test]
fn the_leads_port_answers_while_all_others_are_stuck() {
    let project =
        Project::new("demo", "interface = \"text\"", "demo.db", "annotations = 1", &["andy"]);
    let file = RosterFile::read(&project.path().join("annotators.toml")).expect("a roster");
    let daemon = Daemon {
        file,
        store_url: None,
        any_port: true,
        stop_within: Duration::from_secs(20),
        inherited: InheritedSockets::default(),
    };
    // One thread for all annotators' ports, which is then kept busy.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let workers = runtime.handle().clone();
    let (control, commands) = Commands::new();
    let (announce, announced) = mpsc::channel();
    let running = std::thread::spawn(move || {
        let told = |addresses: &supervisor::Addresses| {
            announce.send(addresses.clone()).expect("the test waits");
        };
        runtime.block_on(supervisor::run(daemon, commands, told))
    });
    let addresses = announced.recv().expect("it starts");
    let of = |who: &str| {
        addresses.iter().find(|(name, _)| name == who).map(|(_, url)| url.clone()).expect("a port")
    };
    let andy = format!("{}health", of("andy"));
    get(&agent(), &andy).expect("andy's port answers");
    let (release, held) = mpsc::channel::<()>();
    let (stuck, is_stuck) = mpsc::channel();
    workers.spawn(async move {
        stuck.send(()).expect("the test waits");
        // Until the test lets go.
        let _ = held.recv();
    });
    is_stuck.recv().expect("the only worker is stuck");
    for path in ["health", "version", "ready", "api/status"] {
        get(&agent(), &format!("{}{path}", of("lead")))
            .unwrap_or_else(|why| panic!("{path}: {why}"));
    }
    let short = ureq::Agent::config_builder().timeout_global(Some(Duration::from_millis(300)));
    assert!(get(&short.build().into(), &andy).is_err(), "andy's port is stuck");
    drop(release);
    get(&agent(), &andy).expect("andy's port answers again");
    control.send(supervisor::Command::Stop).expect("it listens");
    running.join().expect("no panic").expect("a clean end");
}

#[test]
fn a_stop_and_an_edit_count_while_the_store_is_waited_for() {
    let mut roster = Roster::of(&[("andy", 9010)]);
    let project = Project::new(
        "demo",
        "interface = \"text\"",
        "demo.db",
        "annotations = 1",
        &["placeholder"],
    );
    project.write("annotators.toml", &roster.text());
    project.write("tasks.jsonl", "{\"text\":\"one\"}\n");
    project.run(&["load", "-i", "tasks.jsonl"]);
    let lock = |on: bool| {
        let file = rusqlite::Connection::open(project.path().join("demo.db")).expect("the store");
        file.execute_batch(if on { "BEGIN EXCLUSIVE" } else { "" }).expect("it is free");
        file
    };
    let start = |log: &str| {
        let log = std::fs::File::create(project.path().join(log)).expect("a log");
        crate::common::daemon::annotd(project.path())
            .arg("run")
            .stderr(log)
            .spawn()
            .expect("it starts")
    };
    let listens = |bind| std::net::TcpStream::connect((bind, 9010)).is_ok();
    let tell = |process: u32, signal: &str| {
        let told = Command::new("kill").args(["-s", signal, &process.to_string()]).status();
        assert!(told.expect("kill runs").success());
    };

    let held = lock(true);
    let mut stopped = start("stopped.log");
    wait_until("its ports", || listens(roster.bind));
    tell(stopped.id(), "TERM");
    assert!(stopped.wait().expect("it ends").success());
    drop(held);

    let held = lock(true);
    let mut edited = start("edited.log");
    wait_until("its ports", || listens(roster.bind));
    roster.people.push(("li".into(), 9012, String::new()));
    project.write("annotators.toml", &roster.text());
    tell(edited.id(), "HUP");
    drop(held);
    wait_until("li's port", || {
        get(&agent(), &format!("http://{}:9012/project", roster.bind))
            .is_ok_and(|told| told["annotator"] == "li")
    });
    tell(edited.id(), "TERM");
    assert!(edited.wait().expect("it ends").success());
}
