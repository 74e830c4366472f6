//! A browser, a daemon and a line between them that can be cut.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};

use serde_json::{Value, json};

use crate::common::browser::Browser;
use crate::common::daemon::{Daemon, Project};

/// Everything passes.
pub(crate) const OPEN: u8 = 0;
/// Every connection is cut.
pub(crate) const AWAY: u8 = 1;
/// Answers reach the server, its replies to them are lost.
pub(crate) const MUTE: u8 = 2;

pub(crate) const SAVED: &str = "document.querySelector('#status').dataset.saved === 'saved' && \
                     document.querySelector('#status').dataset.outbox === '0'";

/// The line between browser and server. Its own address stays, so that the browser's store does.
pub(crate) struct Line {
    address: SocketAddr,
    server: Arc<RwLock<String>>,
    state: Arc<AtomicU8>,
    pub(crate) cut: Arc<AtomicUsize>,
}

impl Line {
    pub(crate) fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let line = Self {
            address: listener.local_addr().expect("an address"),
            server: Arc::new(RwLock::new(host(server))),
            state: Arc::default(),
            cut: Arc::default(),
        };
        let (server, state, cut) =
            (Arc::clone(&line.server), Arc::clone(&line.state), Arc::clone(&line.cut));
        std::thread::spawn(move || {
            for caller in listener.incoming().map_while(Result::ok) {
                let to = server.read().expect("no panic while it was locked").clone();
                if state.load(Ordering::SeqCst) == AWAY {
                    continue;
                }
                let Ok(callee) = TcpStream::connect(to) else { continue };
                let answers = Arc::new(AtomicBool::new(false));
                for (from, to, up) in [(&caller, &callee, true), (&callee, &caller, false)] {
                    let (from, to) = (from.try_clone(), to.try_clone());
                    let (from, to) = (from.expect("a socket"), to.expect("a socket"));
                    let (state, cut) = (Arc::clone(&state), Arc::clone(&cut));
                    let answers = Arc::clone(&answers);
                    std::thread::spawn(move || pass(from, to, up, &answers, &state, &cut));
                }
            }
        });
        line
    }

    pub(crate) fn is(&self, state: u8) {
        self.state.store(state, Ordering::SeqCst);
    }

    pub(crate) fn leads_to(&self, daemon: &Daemon) {
        *self.server.write().expect("no panic while it was locked") =
            host(&daemon.addresses().of("andy"));
    }

    pub(crate) fn page(&self) -> String {
        format!("http://{}/", self.address)
    }
}

pub(crate) fn host(address: &str) -> String {
    address.trim_start_matches("http://").trim_end_matches('/').to_owned()
}

pub(crate) fn pass(
    mut from: TcpStream,
    mut to: TcpStream,
    up: bool,
    answers: &AtomicBool,
    state: &AtomicU8,
    cut: &AtomicUsize,
) {
    let mut buffer = [0; 16 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let part = &buffer[..length];
        if up && part.starts_with(b"POST ") || part.starts_with(b"GET ") {
            answers.store(part.starts_with(b"POST /give_answers"), Ordering::SeqCst);
        }
        let now = state.load(Ordering::SeqCst);
        if now == MUTE && !up && answers.load(Ordering::SeqCst) {
            cut.fetch_add(1, Ordering::SeqCst);
            break;
        }
        if now == AWAY || to.write_all(part).is_err() {
            break;
        }
    }
    // Should either end be closed already, there is nothing to tell it.
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

/// A project of texts, its daemon, and a line to it.
pub(crate) struct Place {
    pub(crate) project: Project,
    pub(crate) daemon: Daemon,
    pub(crate) line: Line,
}

impl Place {
    pub(crate) fn new(settings: &str, tasks: usize) -> Self {
        let project = Project::new("demo", settings, "demo.db", "annotations = 1", &["andy"]);
        let lines: Vec<String> = (0..tasks)
            .map(|n| json!({"text": format!("Text number {n}."), "meta": {"n": n}}).to_string())
            .collect();
        project.write("tasks.jsonl", &lines.join("\n"));
        project.run(&["load", "-i", "tasks.jsonl"]);
        let daemon = project.start();
        let line = Line::to(&daemon.addresses().of("andy"));
        Self { project, daemon, line }
    }

    /// Every answer as the export has it.
    pub(crate) fn stored(&self) -> Vec<Value> {
        let exported = self.project.run(&["export", "--format", "tasks"]);
        let records =
            exported.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        records
            .flat_map(|record| {
                let late = record["late"].as_array().cloned().unwrap_or_default();
                assert!(late.is_empty(), "nothing comes late: {record}");
                record["answers"].as_array().cloned().unwrap_or_default()
            })
            .collect()
    }

    /// This many answers, each once, none of them changed.
    pub(crate) fn stored_once(&self, count: usize) {
        let stored = self.stored();
        assert_eq!(stored.len(), count, "{stored:?}");
        for answer in &stored {
            assert_eq!(answer["history"], json!([]), "{answer}");
        }
    }
}

pub(crate) async fn card(browser: &Browser) -> String {
    let card = "document.body.dataset.state === 'task' && \
                document.querySelector('[data-task-id]')?.dataset.taskId";
    browser.wait_for("a card", card).await.as_str().expect("an id").to_owned()
}

/// Presses a key and waits until the card has gone.
pub(crate) async fn answer(browser: &Browser, key: char) {
    let before = card(browser).await;
    browser.press(&[key]).await;
    gone(browser, &before).await;
}

pub(crate) async fn gone(browser: &Browser, card: &str) {
    let another = format!("document.querySelector('[data-task-id]')?.dataset.taskId !== {card:?}");
    browser.wait_for("the card to go", &another).await;
}

pub(crate) async fn open(browser: &Browser, address: &str) {
    browser.client.goto(address).await.expect("the page opens");
}

pub(crate) async fn press_button(browser: &Browser, command: &str) {
    browser.eval(&format!("document.querySelector('[data-command={command}]').click()")).await;
}

/// Waits until the browser's store has this many entries.
pub(crate) async fn kept(browser: &Browser, store: &str, count: usize) {
    let look = format!(
        "new Promise((done) => {{ const open = indexedDB.open('annotd'); open.onsuccess = () => {{ \
         const all = open.result.transaction({store:?}).objectStore({store:?}).count(); \
         all.onsuccess = () => {{ open.result.close(); done(all.result === {count}); }}; }}; }})"
    );
    browser.wait_for("the browser's store", &look).await;
}
