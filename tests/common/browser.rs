//! A real Chromium, driven through chromedriver, with a profile of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

pub struct Browser {
    pub client: Client,
    driver: Child,
    session: String,
    profile: Arc<tempfile::TempDir>,
}

impl Browser {
    /// Starts a browser. Panics if there is none: a test that needs it fails without it.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with more arguments.
    pub async fn start_with(more: &[&str]) -> Self {
        Self::start_in(Arc::new(tempfile::tempdir().expect("a folder")), more).await
    }

    /// The same with a profile that is there already, as after a crash.
    pub async fn start_in(profile: Arc<tempfile::TempDir>, more: &[&str]) -> Self {
        // It takes a free port for IPv4 and ends if another program has the same one for IPv6.
        let (driver, port) =
            (0..10).find_map(|_| start_driver()).expect("chromedriver finds a port and prints it");
        let arguments: Vec<String> = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--window-size=1280,900",
        ]
        .into_iter()
        .chain(more.iter().copied())
        .map(str::to_owned)
        .chain([format!("--user-data-dir={}", profile.path().display())])
        .collect();
        let Value::Object(capabilities) = json!({
            "browserName": "chrome",
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        }) else {
            unreachable!("an object literal is an object")
        };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("Chromium starts (./tests/run installs it)");
        let id = client.session_id().await.expect("a session").expect("a session");
        let session = format!("http://127.0.0.1:{port}/session/{id}");
        Self { client, driver, session, profile }
    }

    /// `kill -9` for every process of this browser; what is left is its profile.
    pub fn kill(self) -> Arc<tempfile::TempDir> {
        let profile = Arc::clone(&self.profile);
        let mark = format!("--user-data-dir={}", profile.path().display());
        super::wait_until("the browser to be gone", || {
            let processes = std::fs::read_dir("/proc").expect("a list of processes").flatten();
            let own: Vec<String> = processes
                .filter(|one| {
                    let line = std::fs::read(one.path().join("cmdline")).unwrap_or_default();
                    String::from_utf8_lossy(&line).split('\0').any(|argument| argument == mark)
                })
                .map(|one| one.file_name().to_string_lossy().into_owned())
                .collect();
            // One that ended meanwhile cannot be killed any more.
            let _ = Command::new("kill").arg("-9").args(&own).stderr(Stdio::null()).status();
            own.is_empty()
        });
        profile
    }

    /// A command of Chromium's own protocol.
    pub fn tell(&self, command: &str, parameters: &Value) -> Value {
        let body = json!({"cmd": command, "params": parameters}).to_string();
        let mut reply = ureq::post(format!("{}/goog/cdp/execute", self.session))
            .header("content-type", "application/json")
            .send(body)
            .unwrap_or_else(|error| panic!("{command}: {error}"));
        let text = reply.body_mut().read_to_string().expect("a reply");
        serde_json::from_str::<Value>(&text).expect("JSON")["value"].clone()
    }

    /// Has this run in every page before anything of its own does.
    pub fn run_before_pages(&self, script: &str) {
        self.tell("Page.addScriptToEvaluateOnNewDocument", &json!({"source": script}));
    }

    /// Presses keys, one after the other: a character, or one of `fantoccini::key::Key`. Each waits
    /// until what the one before has brought is seen, as a hand would.
    pub async fn press(&self, keys: &[char]) {
        for key in keys {
            self.painted().await;
            let actions = KeyActions::new("keyboard".to_owned())
                .then(KeyAction::Down { value: *key })
                .then(KeyAction::Up { value: *key });
            self.client.perform_actions(actions).await.expect("a key is pressed");
        }
    }

    /// Waits until the page has been seen: Chromium drops keys that come before its first frame,
    /// which on a busy machine is long after the document is there. An annotator answers only what
    /// is visible.
    async fn painted(&self) {
        let seen = "performance.getEntriesByType('paint').length > 0 && document.body.dataset.seen !== 'false'";
        self.wait_for("the page to be painted", seen).await;
    }

    /// Presses a key while another is held.
    pub async fn press_with(&self, held: char, key: char) {
        let actions = KeyActions::new("keyboard".to_owned())
            .then(KeyAction::Down { value: held })
            .then(KeyAction::Down { value: key })
            .then(KeyAction::Up { value: key })
            .then(KeyAction::Up { value: held });
        self.client.perform_actions(actions).await.expect("keys are pressed");
    }

    /// From now on remembers what goes wrong in the page.
    pub async fn listen_for_errors(&self) {
        let script = "window.annotdErrors = []; const keep = (event) => \
            window.annotdErrors.push(String(event.message ?? event.reason)); \
            addEventListener('error', keep); addEventListener('unhandledrejection', keep);";
        self.client.execute(script, Vec::new()).await.expect("the page listens");
    }

    /// What went wrong in the page since.
    pub async fn errors(&self) -> Value {
        self.eval("window.annotdErrors").await
    }

    /// What Chromium itself has logged as an error since it was asked last, from the first byte of
    /// a page on: exceptions, what the page's policy forbids, what cannot be loaded.
    pub async fn log(&self) -> Value {
        let address = format!("{}/se/log", self.session);
        let asked = tokio::task::spawn_blocking(move || -> Option<Value> {
            let body = json!({"type": "browser"}).to_string();
            let mut reply =
                ureq::post(&address).header("content-type", "application/json").send(&body).ok()?;
            serde_json::from_str(&reply.body_mut().read_to_string().ok()?).ok()
        });
        let reply = asked.await.expect("it is asked").expect("the driver tells its log");
        let entries = reply["value"].as_array().expect("a list of entries").iter();
        entries
            .filter(|entry| entry["level"] == "SEVERE")
            .map(|entry| entry["message"].clone())
            .collect()
    }

    /// Evaluates an expression in the page.
    pub async fn eval(&self, expression: &str) -> Value {
        let script = format!("return {expression};");
        self.client.execute(&script, Vec::new()).await.unwrap_or(Value::Null)
    }

    /// Looks until an expression gives something other than null or false.
    pub async fn wait_for(&self, what: &str, expression: &str) -> Value {
        let began = std::time::Instant::now();
        loop {
            let found = self.eval(expression).await;
            if found != Value::Null && found != Value::Bool(false) {
                return found;
            }
            assert!(
                began.elapsed() < super::PATIENCE,
                "waited in vain for {what}; the page says: {}",
                self.eval("document.body.innerText").await
            );
            super::breathe().await;
        }
    }

    pub async fn close(self) {
        // The driver is killed anyway.
        let _ = self.client.clone().close().await;
    }
}

/// A driver and its port; nothing if it could not have the port.
fn start_driver() -> Option<(Child, u16)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver starts (./tests/run installs it)");
    let out = driver.stdout.take().expect("a pipe");
    let port = BufReader::new(out).lines().map_while(Result::ok).find_map(|line| {
        let port = line.split("started successfully on port ").nth(1)?;
        port.trim_end_matches('.').parse::<u16>().ok()
    });
    if port.is_none() {
        driver.wait().expect("it has ended");
    }
    port.map(|port| (driver, port))
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A driver that ends leaves the browser of a test that failed behind, so the browser is
        // ended first. Where the test has closed it already, this is refused.
        let _ = ureq::delete(&self.session).call();
        let _ = Command::new("kill").arg(self.driver.id().to_string()).status();
        let _ = self.driver.wait();
    }
}
