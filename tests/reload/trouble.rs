//! Listeners that fail, or cannot be had, and take nobody else down.

use std::net::TcpListener;
use std::process::Command;

use crate::common::{loopback, wait_until};
use crate::team::{Roster, Team};

#[test]
fn who_cannot_have_their_port_at_the_start_gets_it_when_it_is_free() {
    let bind = loopback::address();
    let other = TcpListener::bind((bind, 9011)).expect("a port");
    let team = Team::start(Roster { bind, ..Roster::of(&[("andy", 9010), ("zach", 9011)]) });
    assert_eq!(team.get(9010, "project")["annotator"], "andy");
    let words = "zach's port 9011 is down: another program has it";
    assert_eq!(team.status_line_with("down"), format!("Serving 1 annotator. {words}"));
    assert!(team.project.log().contains("a port cannot be had; the others serve"));
    let problem = team.problems().join("\n");
    assert!(
        problem.contains("zach has no port just now (9011: another program has it)"),
        "{problem}"
    );
    let status = team.status();
    assert_eq!(status["annotators"][1]["state"], "down");
    drop(other);
    wait_until("zach's port is opened", || team.listens(9011));
    assert_eq!(team.get(9011, "project")["annotator"], "zach");
    wait_until("the dashboard says so", || {
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
    let mut zach = crate::Kept::open(&team, 9011);
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
    assert!(log.contains("a listener is down") && log.contains("its socket is broken"), "{log}");
    assert!(log.contains("a listener is there again"), "{log}");
    zach.ask();
}
