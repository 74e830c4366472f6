//! The second stop signal ends a process even if its runtime is stuck.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use annotd::supervisor::Commands;

/// The line that the child prints when its only runtime thread is blocked.
const STUCK: &str = "the runtime is stuck";

/// Not a test of its own: the process that `the_second_stop_signal_ends_a_stuck_process` starts.
#[test]
#[ignore = "it never ends; the test below starts it"]
fn a_process_whose_runtime_is_stuck() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let _commands = Commands::from_signals().expect("signal handlers");
        println!("{STUCK}");
        loop {
            // Blocks the only thread: no task that waits for a signal runs any more.
            std::thread::sleep(Duration::from_secs(3600));
        }
    });
}

fn send(process: u32, signal: &str) {
    let sent = Command::new("kill").args(["-s", signal, &process.to_string()]).status();
    assert!(sent.expect("kill runs").success());
}

/// Whether the process has a signal that it has not received yet: a second one of its kind would be
/// lost.
fn is_pending(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("its state");
    let masks = status
        .lines()
        .filter_map(|line| line.strip_prefix("SigPnd:").or_else(|| line.strip_prefix("ShdPnd:")));
    masks.map(str::trim).any(|mask| mask.bytes().any(|digit| digit != b'0'))
}

#[test]
fn the_second_stop_signal_ends_a_stuck_process() {
    for (signals, status) in
        [(["TERM", "TERM"], 143), (["TERM", "INT"], 130), (["INT", "TERM"], 143)]
    {
        let mut child = Command::new(std::env::current_exe().expect("this binary"))
            .args([
                "--exact",
                "signals::a_process_whose_runtime_is_stuck",
                "--ignored",
                "--nocapture",
            ])
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        assert!(lines.any(|line| line.expect("text").contains(STUCK)), "it gets stuck");
        send(child.id(), "HUP");
        send(child.id(), signals[0]);
        while is_pending(child.id()) {
            std::thread::yield_now();
        }
        assert_eq!(child.try_wait().expect("its state"), None, "the first signal ended it");
        send(child.id(), signals[1]);
        let ended = child.wait().expect("it ends");
        assert_eq!(ended.code(), Some(status), "{signals:?}");
    }
}
