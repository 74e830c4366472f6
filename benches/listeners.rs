//! What a thousand listeners cost: the time from start to the last of them listening, the memory of
//! the idle daemon, and the time until a listener that is added to the roster answers, while
//! another connection sends one request after the other and none may fail.
//!
//! `cargo bench --bench listeners`

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Listeners from the start.
const LISTENERS: u16 = 1000;
/// Reloads that add one each.
const ADDED: u16 = 20;
const FIRST_PORT: u16 = 10_000;

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        // As a test it would say nothing.
        return;
    }
    // All of 127.0.0.0/8 is this machine; the address is one that nothing else is likely to have.
    let [_, _, a, b] = std::process::id().to_be_bytes();
    let bind = Ipv4Addr::new(127, 77, a, b.max(1));
    let folder = tempfile::tempdir().expect("a folder");
    write_roster(folder.path(), bind, LISTENERS);
    let began = Instant::now();
    let daemon = start(folder.path());
    let listening = began.elapsed();
    println!("start to {LISTENERS} listeners       {:>8.0} ms", millis(listening));
    println!("memory, idle               {:>8.1} MiB", resident(daemon.id()));

    let over = AtomicBool::new(false);
    let (mut times, requests) = std::thread::scope(|scope| {
        let bystander = scope.spawn(|| {
            let mut connection = connect(bind, FIRST_PORT).expect("a listener");
            let mut requests = 0_u64;
            while !over.load(Ordering::Relaxed) {
                if let Err(error) = ask(&mut connection) {
                    panic!("request {requests} of a listener that stays has failed: {error}");
                }
                requests += 1;
            }
            requests
        });
        let times: Vec<Duration> =
            (0..ADDED).map(|nth| add(folder.path(), &daemon, bind, LISTENERS + nth)).collect();
        over.store(true, Ordering::Relaxed);
        (times, bystander.join().expect("no request failed"))
    });
    times.sort();
    let middle = times[times.len() / 2];
    println!(
        "one more by reload         {:>8.1} ms (median of {ADDED}, {:.1} at most; meanwhile {requests} \
         requests of another listener, none failed)",
        millis(middle),
        millis(times[times.len() - 1]),
    );
    println!("memory after that          {:>8.1} MiB", resident(daemon.id()));
}

/// The daemon, which ends with the benchmark, also where that fails.
struct Daemon(Child);

impl Daemon {
    fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn write_roster(folder: &Path, bind: Ipv4Addr, people: u16) {
    let mut text = format!(
        "[project]\nname = \"bench\"\ninterface = \"text\"\n[server]\nbind = \"{bind}\"\n\
         [lead]\nport = 9000\n"
    );
    for n in 0..people {
        write!(text, "[[annotator]]\nname = \"a{n}\"\nport = {}\n", FIRST_PORT + n)
            .expect("writing to a string");
    }
    std::fs::write(folder.join("annotators.toml"), text).expect("a roster");
}

/// Starts the daemon and waits until it has announced its last address.
fn start(folder: &Path) -> Daemon {
    let mut daemon = Command::new(env!("CARGO_BIN_EXE_annotd"))
        .current_dir(folder)
        .env("ANNOTD_LOG", "warn")
        .stdout(Stdio::piped())
        .spawn()
        .expect("annotd starts");
    let out = BufReader::new(daemon.stdout.take().expect("a pipe"));
    let announced = out.lines().map_while(Result::ok).any(|line| line.starts_with("lead "));
    let daemon = Daemon(daemon);
    assert!(announced, "the daemon did not announce its addresses");
    daemon
}

/// Adds one annotator; gives the time from the signal to the answer of the new listener.
fn add(folder: &Path, daemon: &Daemon, bind: Ipv4Addr, nth: u16) -> Duration {
    write_roster(folder, bind, nth + 1);
    let began = Instant::now();
    let sent = Command::new("kill").args(["-HUP", &daemon.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
    let lacks = |mut connection| ask(&mut connection).is_err();
    while connect(bind, FIRST_PORT + nth).is_none_or(lacks) {
        assert!(began.elapsed() < Duration::from_secs(20), "the new listener does not come");
        std::thread::sleep(Duration::from_micros(200));
    }
    began.elapsed()
}

fn connect(bind: Ipv4Addr, port: u16) -> Option<TcpStream> {
    let connection = TcpStream::connect((bind, port)).ok()?;
    connection.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    connection.set_nodelay(true).ok()?;
    Some(connection)
}

/// A request over this connection, and its whole reply.
fn ask(connection: &mut TcpStream) -> io::Result<()> {
    connection.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")?;
    let mut reply = Vec::new();
    let mut buffer = [0; 2048];
    while !reply.ends_with(br#"{"status":"alive"}"#) {
        match connection.read(&mut buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => reply.extend_from_slice(&buffer[..read]),
            // A read with a time limit is not restarted by the system after a signal, such as that
            // a child has ended; that is this process's own affair.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The memory of a process in MiB, as the system counts it.
#[allow(clippy::cast_precision_loss)] // kilobytes are far below 2⁵³
fn resident(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line for memory");
    let kilobytes = line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok());
    kilobytes.expect("a number") as f64 / 1024.0
}
