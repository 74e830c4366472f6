//! An annotator's seat: a project, its daemon, and a browser at the annotator's page.
//!
//! [`try_out`] is what every interface has to stand: its tests say what the hands do and what
//! should be stored, and the rest (undo, reload, both themes, the picture) is the same for all.

use std::collections::BTreeMap;
use std::path::PathBuf;

use fantoccini::actions::{InputSource, MouseActions, PointerAction, TouchActions};
use fantoccini::error::CmdError;
use fantoccini::key::Key;
use fantoccini::{Locator, elements::Element};
use serde_json::{Map, Value, json};

use crate::common::browser::Browser;
use crate::common::daemon::{Daemon, Project};

/// The page's own word for everything being stored.
const SAVED: &str = "document.querySelector('#status').dataset.saved === 'saved' && \
                     document.querySelector('#status').dataset.outbox === '0'";

/// The first place of a word in the text that is marked, as a Range of the page.
pub(crate) const WORD: &str = "(word) => { \
    const walk = document.createTreeWalker(document.querySelector('.card:not(.offscreen) .tokens') ?? document.head, NodeFilter.SHOW_TEXT); \
    for (let node = walk.nextNode(); node; node = walk.nextNode()) { \
      const at = node.parentElement.closest('.label') ? -1 : node.data.indexOf(word); \
      if (at < 0) continue; \
      const range = document.createRange(); \
      range.setStart(node, at); range.setEnd(node, at + word.length); \
      return range; \
    } \
    return null; }";

pub(crate) struct BrowserSession {
    pub(crate) project: Project,
    pub(crate) daemon: Daemon,
    pub(crate) browser: Browser,
}

impl BrowserSession {
    /// Loads tasks into a new project of `andy`'s and opens the page. `settings` is the text under
    /// `[project]` in the roster: `interface = "text"`, with `[project.config]` if need be.
    pub(crate) async fn open(settings: &str, tasks: &[Value]) -> Self {
        Self::open_project(
            Project::new("demo", settings, "demo.db", "annotations = 1", &["andy"]),
            tasks,
        )
        .await
    }

    /// The same with tasks that loading would refuse for this interface: they come from a project
    /// that had another one.
    pub(crate) async fn open_stored(settings: &str, tasks: &[Value]) -> Self {
        let project = Project::new("demo", settings, "demo.db", "annotations = 1", &["andy"]);
        let roster = project.path().join("annotators.toml");
        let whole = std::fs::read_to_string(&roster).expect("the roster");
        let view = whole.split("interface = \"").nth(1).and_then(|rest| rest.split('"').next());
        let view = format!("interface = {:?}", view.expect("an interface"));
        std::fs::write(&roster, whole.replace(&view, "interface = \"text_input\""))
            .expect("the roster");
        Self::load(&project, tasks);
        std::fs::write(&roster, whole).expect("the roster");
        Self::start(project).await
    }

    pub(crate) async fn open_project(project: Project, tasks: &[Value]) -> Self {
        Self::load(&project, tasks);
        Self::start(project).await
    }

    fn load(project: &Project, tasks: &[Value]) {
        let lines: Vec<String> = tasks.iter().map(ToString::to_string).collect();
        project.write("tasks.jsonl", &lines.join("\n"));
        project.run(&["load", "-i", "tasks.jsonl"]);
    }

    async fn start(project: Project) -> Self {
        let daemon = project.start();
        let browser = Browser::start().await;
        let session = Self { project, daemon, browser };
        session.browser.client.goto(&session.address()).await.expect("the page opens");
        session.browser.listen_for_errors().await;
        session
    }

    pub(crate) fn address(&self) -> String {
        self.daemon.addresses().of("andy")
    }

    /// The identity of the task on the page; waits for one.
    pub(crate) async fn card(&self) -> String {
        let card = "document.body.dataset.state === 'task' && \
                    document.querySelector('[data-task-id]')?.dataset.taskId";
        self.browser.wait_for("a card", card).await.as_str().expect("an id").to_owned()
    }

    /// Waits until another card than this is on the page, or none.
    pub(crate) async fn wait_for_another(&self, than: &str) {
        let expression = format!(
            "document.body.dataset.state !== 'loading' && \
             (document.body.dataset.state !== 'task' || document.querySelector('[data-task-id]')) && \
             document.querySelector('[data-task-id]')?.dataset.taskId !== {than:?}"
        );
        self.browser.wait_for("the next card", &expression).await;
    }

    pub(crate) async fn press(&self, keys: &[char]) {
        self.browser.press(keys).await;
    }

    /// Presses a key while another is held.
    pub(crate) async fn press_with(&self, held: impl Into<char>, key: impl Into<char>) {
        self.browser.press_with(held.into(), key.into()).await;
    }

    pub(crate) async fn eval(&self, expression: &str) -> Value {
        self.browser.eval(expression).await
    }

    pub(crate) async fn wait_for(&self, what: &str, expression: &str) -> Value {
        self.browser.wait_for(what, expression).await
    }

    /// The first element of a CSS selector; waits for it.
    pub(crate) async fn find(&self, css: &str) -> Element {
        let there = format!("document.querySelector({css:?}) !== null");
        self.wait_for(css, &there).await;
        self.browser.client.find(Locator::Css(css)).await.expect("it is there")
    }

    /// Where a place inside an element lies in the window, given as shares of its width and height.
    /// Scrolls there first if it has to. `word Paris` is a word of the text that is marked, which
    /// has no element.
    async fn place(&self, css: &str, x: f64, y: f64) -> (f64, f64) {
        let there = match css.strip_prefix("word ") {
            Some(word) => format!("({WORD})({word:?})"),
            None => format!("document.querySelector({css:?})"),
        };
        self.wait_for(css, &format!("{there} !== null")).await;
        let script = format!(
            "(() => {{ const one = {there}; const element = one.startContainer?.parentElement ?? one; \
             const at = () => {{ const box = one.getClientRects()[0]; \
               return [box.left + {x} * box.width, box.top + {y} * box.height]; }}; \
             const [x, y] = at(); \
             if (!element.contains(document.elementFromPoint(x, y))) element.scrollIntoView({{block: 'center'}}); \
             return at(); }})()"
        );
        let place = self.eval(&script).await;
        let at = |i: usize| place[i].as_f64().unwrap_or_else(|| panic!("{css} lies nowhere"));
        (at(0), at(1))
    }

    /// Clicks the middle of an element with a mouse.
    pub(crate) async fn click(&self, css: &str) {
        self.clicks(css, 1).await;
    }

    pub(crate) async fn double_click(&self, css: &str) {
        self.clicks(css, 2).await;
    }

    /// Clicks a place of an element, given as shares of its width and height; it may lie beside it.
    pub(crate) async fn click_at(&self, css: &str, x: f64, y: f64) {
        let at = self.place(css, x, y).await;
        self.clicks_at(at, 1).await;
    }

    async fn clicks(&self, css: &str, times: usize) {
        let at = self.place(css, 0.5, 0.5).await;
        self.clicks_at(at, times).await;
    }

    async fn clicks_at(&self, (x, y): (f64, f64), times: usize) {
        let mut mouse = MouseActions::new("mouse".to_owned()).then(move_to(x, y));
        for _ in 0..times {
            mouse = mouse
                .then(PointerAction::Down { button: fantoccini::actions::MOUSE_BUTTON_LEFT })
                .then(PointerAction::Up { button: fantoccini::actions::MOUSE_BUTTON_LEFT });
        }
        acted(self.browser.client.perform_actions(mouse).await);
    }

    /// Drags from the middle of one element to the middle of another.
    pub(crate) async fn drag(&self, from: &str, to: &str) {
        let from = self.place(from, 0.5, 0.5).await;
        let to = self.place(to, 0.5, 0.5).await;
        self.drag_along(&[from, to]).await;
    }

    /// Drags through these places of one element, given as shares of its width and height.
    pub(crate) async fn drag_within(&self, css: &str, shares: &[(f64, f64)]) {
        let mut places = Vec::with_capacity(shares.len());
        for (x, y) in shares {
            places.push(self.place(css, *x, *y).await);
        }
        self.drag_along(&places).await;
    }

    async fn drag_along(&self, places: &[(f64, f64)]) {
        let mut mouse = MouseActions::new("mouse".to_owned())
            .then(move_to(places[0].0, places[0].1))
            .then(PointerAction::Down { button: fantoccini::actions::MOUSE_BUTTON_LEFT });
        for (x, y) in &places[1..] {
            mouse = mouse.then(move_to(*x, *y));
        }
        mouse = mouse.then(PointerAction::Up { button: fantoccini::actions::MOUSE_BUTTON_LEFT });
        acted(self.browser.client.perform_actions(mouse).await);
    }

    /// Drags through these places of one element with a finger, given as shares of its width and
    /// height; taps it, if there is only one.
    pub(crate) async fn slide_within(&self, css: &str, shares: &[(f64, f64)]) {
        let (mut touch, mut down) = (TouchActions::new("finger".to_owned()), false);
        for (x, y) in shares {
            let (x, y) = self.place(css, *x, *y).await;
            touch = touch.then(move_to(x, y));
            if !std::mem::replace(&mut down, true) {
                touch = touch.then(PointerAction::Down { button: 0 });
            }
        }
        // It rests before it is lifted: else Chromium takes the next tap for the end of a fling.
        let rest = PointerAction::Pause { duration: std::time::Duration::from_millis(100) };
        touch = touch.then(rest).then(PointerAction::Up { button: 0 });
        acted(self.browser.client.perform_actions(touch).await);
    }

    /// Taps the middle of an element with a finger.
    pub(crate) async fn tap(&self, css: &str) {
        let (x, y) = self.place(css, 0.5, 0.5).await;
        let touch = TouchActions::new("finger".to_owned())
            .then(move_to(x, y))
            .then(PointerAction::Down { button: 0 })
            .then(PointerAction::Up { button: 0 });
        acted(self.browser.client.perform_actions(touch).await);
    }

    /// Loads the page again, as F5 does.
    pub(crate) async fn reload(&self) {
        self.no_errors().await;
        self.browser.client.refresh().await.expect("the page reloads");
        self.browser.listen_for_errors().await;
        self.card().await;
    }

    /// Waits until the server has everything.
    pub(crate) async fn saved(&self) {
        self.wait_for("everything to be stored", SAVED).await;
    }

    pub(crate) async fn no_errors(&self) {
        assert_eq!(self.browser.errors().await, json!([]), "nothing goes wrong in the page");
    }

    /// Andy's answer to each task that has one, by the task's `meta.n`: what the interface and the
    /// annotator added, with `answer`, and nothing of times and names.
    pub(crate) fn stored(&self) -> BTreeMap<i64, Value> {
        let exported = self.project.run(&["export", "--format", "tasks"]);
        let mut stored = BTreeMap::new();
        for line in exported.lines() {
            let record: Value = serde_json::from_str(line).expect("JSON");
            let n = record["task"]["meta"]["n"].as_i64().expect("the tasks are numbered");
            let Some(answer) = record["answers"].get(0) else { continue };
            let mut data: Map<String, Value> = answer.as_object().expect("an object").clone();
            for key in ["annotator", "time_loaded", "time_returned", "history"] {
                data.shift_remove(key);
            }
            stored.insert(n, Value::Object(data));
        }
        stored
    }

    /// Has axe look at the page as it is, in both themes.
    pub(crate) async fn accessible(&self) {
        let axe = std::fs::read_to_string("node_modules/axe-core/axe.min.js")
            .expect("axe is there (./tests/run installs it)");
        self.browser.client.execute(&axe, Vec::new()).await.expect("axe runs");
        for theme in ["light", "dark"] {
            let look = format!(
                "document.documentElement.dataset.theme = {theme:?}; \
                 const done = arguments[arguments.length - 1]; \
                 axe.run(document, {{resultTypes: ['violations']}}).then((found) => \
                   done(found.violations.map((one) => one.id + ': ' + one.help + ': ' + \
                     one.nodes.map((node) => node.html.slice(0, 200) + ' ' + node.failureSummary).join(' | '))), \
                   (error) => done([String(error)]));"
            );
            let found =
                self.browser.client.execute_async(&look, Vec::new()).await.expect("axe ends");
            assert_eq!(found, json!([]), "what axe finds in the {theme} theme");
        }
        self.browser
            .client
            .execute("delete document.documentElement.dataset.theme", Vec::new())
            .await
            .expect("the theme is as it was");
    }

    /// Keeps a picture of the page: `docs/img/<name>.png` where `ANNOTD_PICTURES` is set (to
    /// anything), else in the folder of build results, to be looked at.
    pub(crate) async fn picture(&self, name: &str) {
        let folder = if std::env::var_os("ANNOTD_PICTURES").is_some() {
            PathBuf::from("docs/img")
        } else {
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pictures")
        };
        std::fs::create_dir_all(&folder).expect("a folder");
        let png = self.browser.client.screenshot().await.expect("a picture");
        std::fs::write(folder.join(format!("{name}.png")), png).expect("it is kept");
    }

    /// Nothing was fetched from another host.
    pub(crate) async fn stayed_here(&self) {
        let elsewhere = self.eval(
            "performance.getEntriesByType('resource')
            .filter((entry) => !entry.name.startsWith('data:') && new URL(entry.name).host !== location.host)
            .map((entry) => entry.name)",
        );
        assert_eq!(elsewhere.await, json!([]), "nothing is fetched from elsewhere");
    }

    pub(crate) async fn close(self) {
        self.no_errors().await;
        self.browser.close().await;
        assert!(self.daemon.stop().success());
    }
}

fn acted(result: Result<(), CmdError>) {
    result.expect("the browser moves its pointer");
}

fn move_to(x: f64, y: f64) -> PointerAction {
    PointerAction::MoveTo { duration: None, x: x.round(), y: y.round() }
}

/// What is asked of an interface.
pub(crate) struct Trial<'a> {
    /// The `view_id`, which names the picture.
    pub(crate) name: &'a str,
    /// The text under `[project]` in the roster.
    pub(crate) settings: &'a str,
    /// A task for the keyboard, with `"meta": {"n": 1}`.
    pub(crate) first: Value,
    /// A task for the mouse, with `"meta": {"n": 2}`.
    pub(crate) second: Value,
    /// What should be stored for the first, with `"answer": "accept"`.
    pub(crate) by_keyboard: Value,
    /// What should be stored for the second.
    pub(crate) by_mouse: Value,
}

/// Has an interface tried out: the first task with the keyboard alone, with a reload half-way, the
/// second with the mouse alone, undone and given once more; axe and a picture on the way. The two
/// functions do what there is to do on the card, without giving the answer.
pub(crate) async fn try_out(
    trial: Trial<'_>,
    keyboard: impl AsyncFn(&BrowserSession),
    mouse: impl AsyncFn(&BrowserSession),
) {
    let session =
        BrowserSession::open(trial.settings, &[trial.first.clone(), trial.second.clone()]).await;
    let first = session.card().await;
    keyboard(&session).await;
    session.accessible().await;
    session.reload().await;
    assert_eq!(session.card().await, first, "a reload brings the same card back");
    if session.eval("document.activeElement.matches('.field')").await == json!(true) {
        session.press(&[Key::Escape.into()]).await;
    }
    session.press(&['a']).await;
    session.wait_for_another(&first).await;

    let second = session.card().await;
    // From the first press on the card stays where it lies, whatever comes beneath it.
    let moved = "(() => { const lies = () => [...document.querySelectorAll('.card:not(.offscreen) *')].map((one) => one.getBoundingClientRect().top).join();
        const before = lies();
        document.body.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true }));
        const pressed = lies();
        document.querySelector('.flagged').hidden = false;
        const after = lies();
        document.querySelector('.flagged').hidden = true;
        return [before === pressed, before === after, before !== '']; })()";
    assert_eq!(session.eval(moved).await, json!([true, true, true]), "what a card shows stays");
    mouse(&session).await;
    session.picture(trial.name).await;
    session.click("[data-answer=accept]").await;
    session.wait_for("the end", "document.body.dataset.state === 'done'").await;
    session.click("[data-command=undo]").await;
    assert_eq!(session.card().await, second, "undo goes back to the last card");
    let given = "document.querySelector('[data-answer=accept]').classList.contains('was')";
    assert_eq!(session.eval(given).await, json!(true), "the answer that was given is shown");
    let line = session.eval("document.querySelector('.previous-answer').textContent").await;
    assert!(!line.as_str().is_some_and(|line| line.contains("Changed")), "nothing is: {line}");
    session.click("[data-answer=accept]").await;
    session.wait_for("the end", "document.body.dataset.state === 'done'").await;
    session.saved().await;
    session.stayed_here().await;
    let stored = session.stored();
    assert_eq!(stored.get(&1), Some(&trial.by_keyboard), "the answer by keyboard");
    assert_eq!(stored.get(&2), Some(&trial.by_mouse), "the answer by mouse");
    session.close().await;
}

/// Tasks of one line each.
pub(crate) fn texts(count: usize) -> Vec<Value> {
    (1..=count).map(|n| json!({"text": format!("Text number {n}."), "meta": {"n": n}})).collect()
}

/// Answers the card by these keys, and waits for the next one.
pub(crate) async fn answer(session: &BrowserSession, keys: &[char]) {
    let card = session.card().await;
    session.press(keys).await;
    session.wait_for_another(&card).await;
}
