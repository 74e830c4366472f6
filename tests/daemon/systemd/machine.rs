//! A machine of its own: Debian 12 in a container, booted with systemd, without a network.
//!
//! The tree is made once by `debootstrap`, under target/test-tools, and stays as it is: what a
//! machine writes goes into memory and is gone with it. Commands are run inside by entering the
//! namespaces of its first process, and ports are reached from inside, with bash, since nothing
//! else is there.
//!
//! One machine runs at a time, on the whole computer: two would share their control groups.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// What has to be installed.
const TOOLS: [&str; 6] =
    ["systemd-nspawn", "debootstrap", "nsenter", "setpriv", "dpkg-shlibdeps", "cargo-deb"];

/// The Debian that the machine is.
const RELEASE: &str = "bookworm";

/// Where the packages are inside.
pub(crate) const PACKAGES: &str = "/mnt";

pub(crate) struct Machine {
    nspawn: Child,
    /// Its first process, as seen from here.
    leader: u32,
}

/// The folder for what the tests install.
fn tools() -> PathBuf {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools");
    std::env::var_os("ANNOTD_TEST_TOOLS").map_or_else(own, PathBuf::from)
}

/// The PATH with the tools of the tests.
pub(crate) fn path() -> std::ffi::OsString {
    let usual = std::env::var_os("PATH").unwrap_or_default();
    let mut all = vec![tools().join("bin")];
    all.extend(std::env::split_paths(&usual));
    // cargo is always found by cargo, whether or not the PATH has its folder.
    all.extend(Path::new(env!("CARGO")).parent().map(Path::to_owned));
    all.push("/usr/sbin".into());
    std::env::join_paths(all).expect("paths without a colon")
}

/// Why no machine can be had here.
fn hindrance() -> Option<String> {
    let id = Command::new("id").arg("-u").output().expect("id runs");
    if id.stdout != b"0\n" {
        return Some("containers need root".to_owned());
    }
    let path = path();
    let found = |tool: &str| std::env::split_paths(&path).any(|folder| folder.join(tool).exists());
    let missing: Vec<&str> = TOOLS.into_iter().filter(|tool| !found(tool)).collect();
    if missing.is_empty() {
        return None;
    }
    let missing = format!("{} is not installed (./tests/run does it)", missing.join(", "));
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{missing}");
    Some(missing)
}

/// The tree of the machine, made if it is not there. Only the test that has the lock may call this.
fn tree() -> PathBuf {
    let tree = tools().join(RELEASE);
    if tree.exists() {
        return tree;
    }
    let part = tools().join(format!("{RELEASE}.part"));
    if part.exists() {
        fs::remove_dir_all(&part).expect("the rest of an earlier attempt can go");
    }
    fs::create_dir_all(&part).expect("a folder");
    let log = tools().join("debootstrap.log");
    let done = Command::new("debootstrap")
        .args(["--variant=minbase", "--include=systemd,systemd-sysv,dbus,procps", RELEASE])
        .arg(&part)
        .args(mirror())
        .env("PATH", path())
        .stdout(File::create(&log).expect("a log"))
        .stderr(Stdio::inherit())
        .status();
    assert!(done.expect("debootstrap runs").success(), "debootstrap failed, see {}", log.display());
    // The packages that it fetched are not needed any more.
    let _ = fs::remove_dir_all(part.join("var/cache/apt/archives"));
    fs::rename(&part, &tree).expect("the tree gets its name");
    tree
}

/// Where this computer gets its own packages from; debootstrap's own choice if it does not say.
fn mirror() -> Option<String> {
    let asked = Command::new("apt-get")
        .args(["indextargets", "--format", "$(CODENAME)$(RELEASE) $(REPO_URI)"])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&asked.stdout).into_owned();
    let sources: Vec<(&str, &str)> = text.lines().filter_map(|line| line.split_once(' ')).collect();
    let same = sources.iter().find(|(name, _)| name.ends_with(RELEASE));
    let similar = || sources.iter().find(|(_, uri)| uri.trim_end_matches('/').ends_with("/debian"));
    same.or_else(similar).map(|(_, uri)| (*uri).to_owned())
}

impl Machine {
    /// Boots a machine with the packages; names itself as not run where that cannot be done.
    pub(crate) fn boot() -> Option<Self> {
        if let Some(why) = hindrance() {
            eprintln!("NOT RUN: annotd in a booted systemd: {why}");
            return None;
        }
        let turn = File::create("/run/lock/annotd-test-machine").expect("root may lock");
        turn.lock().expect("the other machine ends some time");
        let tree = tree();
        let packages = super::packages::built();
        let log = tools().join("machine.log");
        let console = File::create(&log).expect("a log");
        let nspawn = Command::new("setpriv")
            // Should the test be killed, the machine shuts down.
            .args(["--pdeathsig", "TERM", "systemd-nspawn", "--boot", "--volatile=overlay"])
            .args(["--register=no", "--keep-unit", "--private-network", "--link-journal=no"])
            .args(["--machine=annotd-test", "--hostname=annotd-test", "--console=pipe"])
            .arg(format!("--bind-ro={}:{PACKAGES}", packages.display()))
            .arg("--directory")
            .arg(tree)
            // An empty file to read from, and the turn lasts as long as the machine.
            .stdin(turn)
            .stdout(console.try_clone().expect("another handle"))
            .stderr(console)
            .spawn()
            .expect("systemd-nspawn starts");
        let mut machine = Self { nspawn, leader: 0 };
        machine.leader = crate::common::wait_for("the machine's first process", || {
            assert!(
                machine.nspawn.try_wait().expect("it is ours").is_none(),
                "the machine did not start: {}",
                fs::read_to_string(&log).unwrap_or_default()
            );
            first_process(machine.nspawn.id())
        });
        crate::common::wait_until("the machine to be up", || {
            let state = machine.output("systemctl is-system-running", "").stdout;
            state == b"running\n" || state == b"degraded\n"
        });
        Some(machine)
    }

    /// Runs a script of bash inside, with something to read.
    pub(crate) fn output(&self, script: &str, input: &str) -> Output {
        let mut child = Command::new("nsenter")
            .arg(format!("--target={}", self.leader))
            .args(["--all", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"])
            .args(["HOME=/root", "DEBIAN_FRONTEND=noninteractive", "SYSTEMD_PAGER="])
            .args(["bash", "-euo", "pipefail", "-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("nsenter starts");
        // A script that does not read is none the worse for it.
        let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
        child.wait_with_output().expect("it ends")
    }

    /// Runs a script that has to succeed, and gives what it printed, trimmed.
    pub(crate) fn run(&self, script: &str) -> String {
        self.run_with(script, "")
    }

    /// Runs a script that has something to read.
    pub(crate) fn run_with(&self, script: &str, input: &str) -> String {
        let output = self.output(script, input);
        assert!(
            output.status.success(),
            "{script}\n{}\n{}\n{}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
            self.log(),
        );
        String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
    }

    /// The end of the journal, for a message.
    fn log(&self) -> String {
        let output = self.output("journalctl --no-pager -n 30 -u 'annotd*'", "");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Looks until it is so; shows the journal if it does not come.
    pub(crate) fn wait_until(&self, what: &str, mut look: impl FnMut(&Self) -> bool) {
        let began = std::time::Instant::now();
        while !look(self) {
            assert!(began.elapsed() < crate::common::PATIENCE, "waited for {what}\n{}", self.log());
            crate::common::pause();
        }
    }

    /// A property of a unit.
    pub(crate) fn show(&self, unit: &str, property: &str) -> String {
        self.run(&format!("systemctl show --value -p {property} {unit}"))
    }

    /// Waits until a unit is active.
    pub(crate) fn wait_active(&self, unit: &str) {
        self.wait_until(&format!("{unit} to be active"), |machine| {
            machine.show(unit, "ActiveState") == "active"
        });
    }

    /// What `systemctl status` prints.
    pub(crate) fn status(&self, unit: &str) -> String {
        // Its exit code is the unit's state.
        let output = self.output(&format!("systemctl status --full --no-pager {unit}"), "");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// A command of annotd, as its user, as the lead runs it.
    pub(crate) fn annotd(&self, arguments: &str, input: &str) -> String {
        self.run_with(&format!("runuser -u annotd -- annotd {arguments}"), input)
    }

    /// A request at a port; `None` if it does not respond, or with an error.
    pub(crate) fn request(&self, method: &str, port: u16, path: &str, body: &str) -> Option<Value> {
        let mut request = String::new();
        write!(
            request,
            "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\
             \r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .expect("writing to a string");
        let script =
            format!("timeout 20 bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port} && cat >&3 && cat <&3'");
        let output = self.output(&script, &request);
        let reply = String::from_utf8(output.stdout).ok()?;
        let (head, body) = reply.split_once("\r\n\r\n")?;
        head.lines().next()?.contains(" 200 ").then_some(())?;
        serde_json::from_str(body).ok()
    }

    /// The processes' addresses that listen for TCP, as the kernel has them: hexadecimal.
    pub(crate) fn listening(&self) -> Vec<String> {
        let table = fs::read_to_string(format!("/proc/{}/net/tcp", self.leader)).expect("a table");
        let rows = table.lines().skip(1).map(|row| row.split_whitespace().collect::<Vec<_>>());
        // 0A: listening.
        rows.filter(|row| row.get(3) == Some(&"0A")).map(|row| row[1].to_owned()).collect()
    }
}

/// The process that is number 1 inside.
fn first_process(nspawn: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{nspawn}/task/{nspawn}/children")).ok()?;
    children.split_whitespace().filter_map(|pid| pid.parse().ok()).find(|pid: &u32| {
        let name = fs::read_to_string(format!("/proc/{pid}/comm"));
        name.is_ok_and(|name| name.trim() == "systemd")
    })
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Its first process takes all others with it, and systemd-nspawn tidies up after it.
        let target = if self.leader == 0 { self.nspawn.id() } else { self.leader };
        let _ = Command::new("kill").args(["-KILL", &target.to_string()]).status();
        let _ = self.nspawn.wait();
    }
}
