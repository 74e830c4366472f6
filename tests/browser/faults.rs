//! Nothing is lost and nothing is there twice, whatever fails: the line, the server, the browser,
//! its clock, its disk.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::common::browser::Browser;
use crate::common::daemon::{Daemon, Project};

/// Everything passes.
const OPEN: u8 = 0;
/// Every connection is cut.
pub(crate) const AWAY: u8 = 1;
/// Answers reach the server, its replies to them reach nobody.
const MUTE: u8 = 2;

pub(crate) const SAVED: &str = "document.querySelector('#status').dataset.saved === 'saved' && \
                     document.querySelector('#status').dataset.outbox === '0'";

/// The line between browser and server. Its own address stays, so that the browser's store does.
pub(crate) struct Line {
    address: SocketAddr,
    server: Arc<RwLock<String>>,
    state: Arc<AtomicU8>,
    cut: Arc<AtomicUsize>,
}

impl Line {
    fn to(server: &str) -> Self {
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
                let to = server.read().expect("nobody panicked").clone();
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

    fn leads_to(&self, daemon: &Daemon) {
        *self.server.write().expect("nobody panicked") = host(&daemon.addresses().of("andy"));
    }

    pub(crate) fn page(&self) -> String {
        format!("http://{}/", self.address)
    }
}

fn host(address: &str) -> String {
    address.trim_start_matches("http://").trim_end_matches('/').to_owned()
}

fn pass(
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

    /// So many answers, each once, none of them changed.
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

/// Waits until the browser's store has so many entries.
pub(crate) async fn kept(browser: &Browser, store: &str, count: usize) {
    let look = format!(
        "new Promise((done) => {{ const open = indexedDB.open('annotd'); open.onsuccess = () => {{ \
         const all = open.result.transaction({store:?}).objectStore({store:?}).count(); \
         all.onsuccess = () => {{ open.result.close(); done(all.result === {count}); }}; }}; }})"
    );
    browser.wait_for("the browser's store", &look).await;
}

#[tokio::test]
async fn ten_answers_offline_outlive_the_browsers_end() {
    let place = Place::new("interface = \"text\"", 40);
    let browser = Browser::start().await;
    open(&browser, &place.line.page()).await;
    card(&browser).await;
    place.line.is(AWAY);
    for step in 0..10 {
        answer(&browser, ['a', 'x'][step % 2]).await;
    }
    let waiting = "document.querySelector('#status').dataset.saved === 'offline' && \
                   document.querySelector('#status').dataset.outbox === '10'";
    browser.wait_for("the bar to say that they wait", waiting).await;
    let said = browser.eval("document.querySelector('#notice').textContent").await;
    assert!(said.as_str().is_some_and(|said| said.contains("Your 10 answers are kept")), "{said}");
    let asks = "!dispatchEvent(new Event('beforeunload', {cancelable: true}))";
    assert_eq!(browser.eval(asks).await, json!(true), "the page asks before it is left");
    kept(&browser, "outbox", 10).await;
    assert_eq!(place.stored(), Vec::<Value>::new());

    let profile = browser.kill();
    let browser = Browser::start_in(profile, &[]).await;
    place.line.is(OPEN);
    open(&browser, &place.line.page()).await;
    browser.wait_for("everything to be stored", SAVED).await;
    assert_eq!(browser.eval(asks).await, json!(false), "now it can be left");
    place.stored_once(10);
    answer(&browser, 'a').await;
    browser.wait_for("everything to be stored", SAVED).await;
    place.stored_once(11);
    browser.close().await;
}

#[tokio::test]
async fn a_daemon_that_is_killed_and_comes_back_gets_every_answer_once() {
    let mut place = Place::new("interface = \"text\"", 6);
    let browser = Browser::start().await;
    open(&browser, &place.line.page()).await;
    answer(&browser, 'a').await;
    browser.wait_for("it to be stored", SAVED).await;
    place.line.is(AWAY);
    for _ in 0..3 {
        answer(&browser, 'x').await;
    }
    place.daemon.kill_and_restart();
    place.line.leads_to(&place.daemon);
    place.line.is(OPEN);
    browser.wait_for("everything to be stored", SAVED).await;
    place.stored_once(4);
    browser.close().await;
}

#[tokio::test]
async fn an_answer_whose_reply_is_lost_is_stored_once() {
    let place = Place::new("interface = \"text\"", 3);
    let browser = Browser::start().await;
    open(&browser, &place.line.page()).await;
    card(&browser).await;
    place.line.is(MUTE);
    answer(&browser, 'a').await;
    let offline = "document.querySelector('#status').dataset.saved === 'offline'";
    browser.wait_for("the page to miss the reply", offline).await;
    assert!(place.line.cut.load(Ordering::SeqCst) > 0);
    place.stored_once(1);
    answer(&browser, 'x').await;
    place.line.is(OPEN);
    browser.wait_for("everything to be stored", SAVED).await;
    place.stored_once(2);
    browser.close().await;
}

#[tokio::test]
async fn a_clock_that_is_off_by_a_day_leaves_the_times_right() {
    for hours in [-24, 24] {
        let place = Place::new("interface = \"text\"", 1);
        let browser = Browser::start().await;
        browser.run_before_pages(&format!(
            "{{ const Real = Date; const off = {hours} * 3600000; \
             globalThis.Date = class extends Real {{ \
               constructor(...given) {{ super(...(given.length ? given : [Real.now() + off])); }} \
               static now() {{ return Real.now() + off; }} }}; }}"
        ));
        let before = now();
        open(&browser, &place.line.page()).await;
        answer(&browser, 'a').await;
        browser.wait_for("it to be stored", SAVED).await;
        let after = now();
        let stored = place.stored();
        let (shown, given) = (&stored[0]["time_loaded"], &stored[0]["time_returned"]);
        let (shown, given) = (shown.as_str().expect("a time"), given.as_str().expect("a time"));
        assert!(
            *before <= *shown && shown <= given && *given <= *after,
            "{before} {shown} {given} {after}"
        );
        browser.close().await;
    }
}

/// The time as the export writes it.
fn now() -> String {
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let ms = i64::try_from(now.as_millis()).expect("a time");
    annotd::task::Millis(ms).to_string()
}

/// The disk takes nothing: each answer is confirmed before the next is given, and the page says so.
/// `known`: that the page knows it before the first answer, whose card then stays.
async fn without_a_disk(before: &str, known: bool) {
    let place = Place::new("interface = \"text\"", 12);
    let browser = Browser::start().await;
    browser.run_before_pages(before);
    open(&browser, &place.line.page()).await;
    let first = card(&browser).await;
    place.line.is(AWAY);
    browser.press(&['a']).await;
    let told = "document.querySelector('#notice').textContent.includes('cannot store answers') && \
                document.querySelector('#status').dataset.saved === 'offline'";
    browser.wait_for("the page to say so", told).await;
    if known {
        assert_eq!(card(&browser).await, first, "the card stays until its answer is stored");
    } else {
        let second = card(&browser).await;
        assert_ne!(second, first);
        browser.press(&['x']).await;
        browser.wait_for("the key to be heard", "window.heard === 'x'").await;
        assert_eq!(card(&browser).await, second, "nothing is answered before the first is stored");
    }
    let asks = "!dispatchEvent(new Event('beforeunload', {cancelable: true}))";
    assert_eq!(browser.eval(asks).await, json!(true));
    place.line.is(OPEN);
    gone(&browser, &first).await;
    browser.wait_for("it to be stored", SAVED).await;
    place.stored_once(1);
    let second = card(&browser).await;
    place.line.is(AWAY);
    browser.press(&['x']).await;
    browser.wait_for("the page to say so", told).await;
    assert_eq!(card(&browser).await, second, "the card stays until its answer is stored");
    place.line.is(OPEN);
    gone(&browser, &second).await;
    place.stored_once(2);
    browser.close().await;
}

#[tokio::test]
async fn a_browser_that_has_no_store_has_each_answer_confirmed() {
    without_a_disk(
        "IDBFactory.prototype.open = () => { throw new DOMException('no room', 'QuotaExceededError'); };",
        true,
    )
    .await;
}

#[tokio::test]
async fn a_full_disk_has_each_answer_confirmed() {
    without_a_disk(
        "IDBObjectStore.prototype.put = function () { this.transaction.abort(); \
         throw new DOMException('the disk is full', 'QuotaExceededError'); }; \
         addEventListener('keydown', (event) => (window.heard = event.key));",
        false,
    )
    .await;
}

#[tokio::test]
async fn what_is_half_done_outlives_undo_reload_and_the_browsers_end() {
    let settings = "interface = \"ner_manual\"\nlabels = [\"THING\"]";
    let place = Place::new(settings, 3);
    let browser = Browser::start().await;
    open(&browser, &place.line.page()).await;
    answer(&browser, 'a').await;
    let half = card(&browser).await;
    browser.press(&[Key::Right.into(), '1', 'f', 'c']).await;
    browser.wait_for("the remark", "document.activeElement?.tagName === 'TEXTAREA'").await;
    browser.press(&['o', 'd', 'd', Key::Escape.into()]).await;
    let there = "document.querySelectorAll('mark[data-label=THING]').length === 1 && \
                 document.querySelector('.flagged:not([hidden])') !== null && \
                 document.querySelector('.remark')?.textContent.includes('odd')";
    browser.wait_for("what was made", there).await;

    press_button(&browser, "undo").await;
    gone(&browser, &half).await;
    press_button(&browser, "forward").await;
    browser.wait_for("it again after going back", there).await;
    kept(&browser, "drafts", 1).await;
    browser.client.refresh().await.expect("the page reloads");
    assert_eq!(card(&browser).await, half);
    browser.wait_for("it again after a reload", there).await;

    let browser = Browser::start_in(browser.kill(), &[]).await;
    open(&browser, &place.line.page()).await;
    assert_eq!(card(&browser).await, half);
    browser.wait_for("it again after the browser's end", there).await;
    browser.press(&['a']).await;
    gone(&browser, &half).await;
    browser.wait_for("it to be stored", SAVED).await;
    let made = place.stored().into_iter().find(|one| one["flagged"] == json!(true)).expect("it");
    assert_eq!((&made["comment"], &made["spans"][0]["label"]), (&json!("odd"), &json!("THING")));
    kept(&browser, "drafts", 0).await;
    browser.close().await;
}

#[tokio::test]
async fn what_is_half_done_on_an_answered_card_outlives_a_reload() {
    let place = Place::new("interface = \"ner_manual\"\nlabels = [\"THING\"]", 3);
    let browser = Browser::start().await;
    open(&browser, &place.line.page()).await;
    let first = card(&browser).await;
    answer(&browser, 'a').await;
    browser.wait_for("it to be stored", SAVED).await;
    let next = card(&browser).await;
    press_button(&browser, "undo").await;
    gone(&browser, &next).await;
    browser.press(&[Key::Right.into(), '1']).await;
    let there = "document.querySelectorAll('mark[data-label=THING]').length === 1";
    browser.wait_for("what was made", there).await;
    kept(&browser, "drafts", 1).await;
    browser.client.refresh().await.expect("the page reloads");
    let next = card(&browser).await;
    press_button(&browser, "undo").await;
    gone(&browser, &next).await;
    assert_eq!(card(&browser).await, first);
    browser.wait_for("it again after a reload", there).await;
    browser.close().await;
}
