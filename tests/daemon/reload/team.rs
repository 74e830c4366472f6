//! A daemon at fixed ports of an address of its own, whose roster is edited while it runs.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::common::daemon::{Daemon, Project};
use crate::common::{loopback, wait_for, wait_until};

/// What a roster of these tests says.
#[derive(Clone, Debug)]
pub(crate) struct Roster {
    pub(crate) bind: Ipv4Addr,
    /// Name, port, and more lines.
    pub(crate) people: Vec<(String, u16, String)>,
    pub(crate) lead: u16,
    pub(crate) project: String,
    pub(crate) store: String,
    pub(crate) server: String,
    pub(crate) allocation: String,
}

impl Roster {
    pub(crate) fn of(people: &[(&str, u16)]) -> Self {
        Self {
            bind: loopback::address(),
            people: people.iter().map(|(n, p)| ((*n).to_owned(), *p, String::new())).collect(),
            lead: 9000,
            project: "name = \"demo\"\ninterface = \"classification\"\nlabels = [\"X\"]".into(),
            store: "demo.db".into(),
            server: String::new(),
            allocation: "annotations = 1".into(),
        }
    }

    /// With ports that are free on this machine, for tests that listen at all of its addresses.
    pub(crate) fn at_free_ports(mut self) -> Self {
        let free = || std::net::TcpListener::bind("0.0.0.0:0").expect("a port");
        let held: Vec<_> = (0..=self.people.len()).map(|_| free()).collect();
        let mut ports = held.iter().map(|one| one.local_addr().expect("an address").port());
        self.lead = ports.next().expect("a port for each");
        for ((_, port, _), free) in self.people.iter_mut().zip(ports) {
            *port = free;
        }
        self
    }

    pub(crate) fn person(&mut self, name: &str) -> &mut (String, u16, String) {
        self.people.iter_mut().find(|(who, ..)| who == name).expect("an annotator of the roster")
    }

    pub(crate) fn text(&self) -> String {
        let Self { bind, lead, project, store, server, allocation, .. } = self;
        let mut text = format!(
            "[project]\n{project}\n[store]\nurl = {store:?}\n[server]\nbind = \"{bind}\"\n\
             {server}\n[allocation]\n{allocation}\n[lead]\nport = {lead}\n"
        );
        for (name, port, more) in &self.people {
            write!(text, "[[annotator]]\nname = \"{name}\"\nport = {port}\n{more}\n")
                .expect("writing to a string");
        }
        text
    }
}

/// The daemon, its roster, and a stand-in for systemd.
pub(crate) struct Team {
    pub(crate) project: Project,
    pub(crate) roster: Roster,
    pub(crate) daemon: Daemon,
    told: Arc<Mutex<Vec<String>>>,
    agent: ureq::Agent,
}

impl Team {
    pub(crate) fn start(roster: Roster) -> Self {
        let project = Project::new("demo", "interface = \"text\"", "demo.db", "", &["placeholder"]);
        Self::start_in(project, roster)
    }

    pub(crate) fn start_in(project: Project, roster: Roster) -> Self {
        project.write("annotators.toml", &roster.text());
        let socket = project.path().join("manager.socket");
        let manager = UnixDatagram::bind(&socket).expect("a socket");
        let told = Arc::new(Mutex::new(Vec::new()));
        let hears = Arc::clone(&told);
        // Ends with the test's process: no process sends to it after the daemon is gone.
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length) = manager.recv(&mut buffer) {
                let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
                hears.lock().expect("no thread panicked").push(message);
            }
        });
        let variables: [(&str, &OsStr); 1] = [("NOTIFY_SOCKET", socket.as_os_str())];
        let daemon = project.start_at_its_ports(&variables);
        Self { project, roster, daemon, told, agent: agent() }
    }

    /// Loads this many tasks.
    pub(crate) fn load(&self, many: usize) {
        let tasks: Vec<String> =
            (0..many).map(|n| format!("{{\"text\":\"task {n}\",\"label\":\"X\"}}")).collect();
        self.project.write("tasks.jsonl", &tasks.join("\n"));
        self.project.run(&["load", "-i", "tasks.jsonl"]);
    }

    /// Writes this roster, has it read, and waits until that is done; gives what was logged about
    /// it.
    pub(crate) fn edit(&mut self, change: impl FnOnce(&mut Roster)) -> String {
        change(&mut self.roster);
        let text = self.roster.text();
        self.reload(&text)
    }

    /// The same for a text that may be no roster at all.
    pub(crate) fn reload(&self, text: &str) -> String {
        self.project.write("annotators.toml", text);
        self.hang_up()
    }

    /// Has the roster read again as it is.
    pub(crate) fn hang_up(&self) -> String {
        let before = self.project.log().len();
        self.daemon.signal("HUP");
        self.reloaded_since(before)
    }

    /// Waits until the roster has been read again since the log was so long.
    pub(crate) fn reloaded_since(&self, before: usize) -> String {
        wait_for("the end of a reload", || {
            let log = self.project.log();
            let new = log.get(before..)?;
            let ended = new.contains("roster applied") || new.contains("roster rejected");
            (ended && new.ends_with('\n')).then(|| new.to_owned())
        })
    }

    pub(crate) fn url(&self, port: u16, path: &str) -> String {
        format!("http://{}:{port}/{path}", self.roster.bind)
    }

    pub(crate) fn get(&self, port: u16, path: &str) -> Value {
        get(&self.agent, &self.url(port, path)).unwrap_or_else(|why| panic!("{port}/{path}: {why}"))
    }

    /// A POST, with the status that it was answered with.
    pub(crate) fn post(&self, port: u16, path: &str, body: &Value) -> (u16, Value) {
        post(&self.agent, &self.url(port, path), body)
            .unwrap_or_else(|why| panic!("{port}/{path}: {why}"))
    }

    pub(crate) fn ask(&self, port: u16, n: usize) -> Value {
        let (status, reply) = self.post(port, "get_session_questions", &json!({"n": n}));
        assert_eq!(status, 200, "{reply}");
        reply
    }

    /// Whether anything listens there.
    pub(crate) fn listens(&self, port: u16) -> bool {
        TcpStream::connect(SocketAddr::from((self.roster.bind, port))).is_ok()
    }

    /// The lead's figures.
    pub(crate) fn status(&self) -> Value {
        self.get(self.roster.lead, "api/status")
    }

    /// What the dashboard shows as problems.
    pub(crate) fn problems(&self) -> Vec<String> {
        let problems = self.status()["problems"].clone();
        serde_json::from_value(problems).expect("a list of texts")
    }

    /// The messages that the service manager has got since the last look.
    pub(crate) fn told(&self) -> Vec<String> {
        std::mem::take(&mut *self.told.lock().expect("no thread panicked"))
    }

    /// What `systemctl status` would show, once it says this.
    pub(crate) fn status_line_with(&self, words: &str) -> String {
        let mut last = String::new();
        wait_until(&format!("a status line with {words:?}"), || {
            for message in self.told() {
                let line = message.lines().find_map(|line| line.strip_prefix("STATUS="));
                last = line.map_or(std::mem::take(&mut last), str::to_owned);
            }
            last.contains(words)
        });
        last
    }
}

pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(std::time::Duration::from_secs(30)))
        .http_status_as_error(false)
        .build()
        .into()
}

pub(crate) fn get(agent: &ureq::Agent, url: &str) -> Result<Value, String> {
    let mut response = agent.get(url).call().map_err(|error| error.to_string())?;
    response.body_mut().read_json().map_err(|error| error.to_string())
}

pub(crate) fn post(agent: &ureq::Agent, url: &str, body: &Value) -> Result<(u16, Value), String> {
    let mut response = agent.post(url).send_json(body).map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let reply = response.body_mut().read_json().map_err(|error| error.to_string())?;
    Ok((status, reply))
}

/// A task with an answer to it.
pub(crate) fn answered(task: &Value) -> Value {
    let mut answer = task.clone();
    answer["answer"] = "accept".into();
    answer
}
