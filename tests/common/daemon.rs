//! A daemon in a process of its own, as a sysadmin would run it, in a folder of its own.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, RwLock};

use tempfile::TempDir;

/// A folder with a roster and what else a project needs.
pub struct Project {
    pub dir: TempDir,
}

impl Project {
    /// A project of these annotators, with the text of `[project]`, `[store]` and `[allocation]`.
    pub fn new(name: &str, project: &str, store: &str, allocation: &str, people: &[&str]) -> Self {
        use std::fmt::Write;
        let dir = tempfile::tempdir().expect("a folder");
        let mut roster = format!(
            "[project]\nname = {name:?}\n{project}\n[store]\nurl = {store:?}\n[allocation]\n\
             {allocation}\n[lead]\nport = 9000\n"
        );
        for (index, person) in people.iter().enumerate() {
            write!(roster, "[[annotator]]\nname = {person:?}\nport = {}\n", 9010 + index)
                .expect("writing to a string");
        }
        std::fs::write(dir.path().join("annotators.toml"), roster).expect("the roster");
        Self { dir }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path
    }

    /// Runs a command to its end.
    pub fn annotd(&self, arguments: &[&str]) -> Output {
        annotd(self.path()).args(arguments).output().expect("annotd runs")
    }

    /// Runs a command that has to succeed, and gives what it printed.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.annotd(arguments);
        assert!(
            output.status.success(),
            "annotd {arguments:?}: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Starts the daemon and waits until it has announced its addresses.
    pub fn start(&self) -> Daemon {
        self.start_with(&[])
    }

    /// The same, with more options of `annotd run`.
    pub fn start_with(&self, options: &[&str]) -> Daemon {
        let all: Vec<&str> = ["--any-port"].iter().chain(options).copied().collect();
        Daemon::start(self.path(), &all, &[])
    }

    /// Starts the daemon at the roster's own ports, with these variables.
    pub fn start_at_its_ports(&self, variables: &[(&str, &OsStr)]) -> Daemon {
        Daemon::start(self.path(), &[], variables)
    }

    /// What the daemon has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path().join("daemon.log")).unwrap_or_default()
    }
}

pub fn annotd(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_annotd"));
    command.current_dir(folder).env("ANNOTD_LOG", "info");
    command.env_remove("ANNOTD_STORE_URL").env_remove("CREDENTIALS_DIRECTORY");
    command
}

/// A running daemon. It is killed when this is dropped.
pub struct Daemon {
    child: Child,
    folder: PathBuf,
    options: Vec<String>,
    addresses: Addresses,
}

/// The address of each port; they change with a restart.
#[derive(Clone, Default)]
pub struct Addresses(Arc<RwLock<Vec<(String, String)>>>);

impl Addresses {
    pub fn of(&self, name: &str) -> String {
        let all = self.0.read().expect("no thread panicked");
        let found = all.iter().find(|(who, _)| who == name);
        found.unwrap_or_else(|| panic!("{name} has no port")).1.clone()
    }
}

impl Daemon {
    fn start(folder: &Path, options: &[&str], variables: &[(&str, &OsStr)]) -> Self {
        let mut daemon = Self {
            child: spawn(folder, options, variables),
            folder: folder.to_owned(),
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            addresses: Addresses::default(),
        };
        daemon.read_addresses();
        daemon
    }

    fn read_addresses(&mut self) {
        let out = self.child.stdout.take().expect("standard output is a pipe");
        let mut addresses = Vec::new();
        for line in BufReader::new(out).lines() {
            let line = line.expect("UTF-8");
            let (name, address) = line.split_once(char::is_whitespace).expect("name and address");
            addresses.push((name.to_owned(), address.trim().to_owned()));
            if name == "lead" {
                *self.addresses.0.write().expect("no thread panicked") = addresses;
                return;
            }
        }
        panic!("the daemon ended without announcing the lead's address: {:?}", self.child.wait());
    }

    pub fn addresses(&self) -> Addresses {
        self.addresses.clone()
    }

    /// `kill -9`, and a new one in its place, at other ports.
    pub fn kill_and_restart(&mut self) {
        self.child.kill().expect("it is ours to kill");
        self.child.wait().expect("it ends");
        let options: Vec<&str> = self.options.iter().map(String::as_str).collect();
        self.child = spawn(&self.folder, &options, &[]);
        self.read_addresses();
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, such as "HUP".
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// SIGTERM; gives the exit status.
    pub fn stop(self) -> std::process::ExitStatus {
        self.signal("TERM");
        self.ended()
    }

    /// Waits for its end.
    pub fn ended(mut self) -> std::process::ExitStatus {
        self.child.wait().expect("it ends")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(folder: &Path, arguments: &[&str], variables: &[(&str, &OsStr)]) -> Child {
    let log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("daemon.log"))
        .expect("a log");
    annotd(folder)
        .arg("run")
        .args(arguments)
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .expect("annotd starts")
}
