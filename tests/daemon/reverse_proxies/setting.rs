//! A daemon at an address of its own, and a proxy in front of it that goes by what the guide
//! prints.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::common::daemon::{Daemon, Project};
use crate::common::{loopback, wait_until};

const TLS_PORT: u16 = 8443;
const PLAIN_PORT: u16 = 8080;
const PEOPLE: [&str; 3] = ["andy", "mara", "lead"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Nginx,
    Caddy,
}

/// A fenced block of the guide, after the comment `<!-- tested: NAME -->`.
fn printed(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations.md");
    let guide = fs::read_to_string(path).expect("the guide");
    let mark = format!("<!-- tested: {name} -->");
    let (_, after) = guide.split_once(&mark).unwrap_or_else(|| panic!("{mark} is not there"));
    let (_, block) = after.split_once("```").expect("a fence");
    let (_, block) = block.split_once('\n').expect("a line");
    block.split_once("\n```").expect("the end of the fence").0.to_owned() + "\n"
}

/// Puts one text for another, which has to be there.
fn put(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "{old:?} is not in the guide's file any more:\n{text}");
    text.replace(old, new)
}

pub(crate) struct Setting {
    pub(crate) bind: Ipv4Addr,
    pub(crate) project: Project,
    daemon: Option<Daemon>,
    proxy: Child,
    /// What the proxy's certificates are signed by.
    trusted: PathBuf,
    config: PathBuf,
    /// Each port's personal link.
    links: [(&'static str, String); 3],
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }
}

/// An address as a browser has it.
pub(crate) fn https(host: &str, path: &str) -> String {
    format!("https://{host}:{TLS_PORT}{path}")
}

impl Setting {
    pub(crate) fn start(kind: Kind, tasks: &[String]) -> Self {
        Self::start_with(kind, tasks, str::to_owned)
    }

    /// The same with something in the printed file that is not as it should be.
    pub(crate) fn start_with(
        kind: Kind,
        tasks: &[String],
        change: impl FnOnce(&str) -> String,
    ) -> Self {
        let bind = loopback::address();
        let server = put(&printed("server"), "\"127.0.0.1\"", &format!("\"{bind}\""));
        let server = put(&server, ".example.org/", &format!(".example.org:{TLS_PORT}/"));
        let server = format!("annotations = 1\n{server}");
        let interface = "interface = \"classification\"\nlabels = [\"X\"]";
        let project = Project::new("demo", interface, "demo.db", &server, &["andy", "mara"]);
        if !tasks.is_empty() {
            project.write("tasks.jsonl", &tasks.join("\n"));
            project.run(&["load", "-i", "tasks.jsonl"]);
        }
        let daemon = project.start_at_its_ports(&[]);
        let (proxy, config, trusted) = match kind {
            Kind::Nginx => nginx(&project, bind, change),
            Kind::Caddy => caddy(&project, bind, change),
        };
        let links = PEOPLE.map(|name| {
            let who = if name == "lead" { "--lead" } else { name };
            (name, project.run(&["link", who]).trim().to_owned())
        });
        let setting = Self { bind, project, daemon: Some(daemon), proxy, trusted, config, links };
        for (name, _) in &setting.links {
            let url = https(&format!("{name}.annotate.example.org"), "/health");
            wait_until("the proxy", || setting.try_curl(&url, &[], None).is_ok());
        }
        setting
    }

    /// What `annotd link` prints.
    pub(crate) fn link(&self, name: &str) -> &str {
        &self.links.iter().find(|(who, _)| *who == name).expect("one of them").1
    }

    /// The header with the key of whose host this is.
    fn key(&self, host: &str) -> String {
        let name = host.split('.').next().unwrap_or(host);
        let key = self.link(name).split_once("?key=").expect("a key").1;
        format!("authorization: Bearer {key}")
    }

    pub(crate) fn get(&self, host: &str, path: &str) -> Reply {
        self.try_get(host, path).unwrap_or_else(|why| panic!("{host}{path}: {why}"))
    }

    /// The same where a connection may be cut off.
    pub(crate) fn try_get(&self, host: &str, path: &str) -> Result<Reply, String> {
        self.try_curl(&https(host, path), &["--compressed", "-H", &self.key(host)], None)
    }

    /// As a browser without a key.
    pub(crate) fn get_without_key(&self, url: &str) -> Reply {
        self.curl(url, &[], None)
    }

    pub(crate) fn get_plainly(&self, host: &str, path: &str) -> Reply {
        self.curl(&format!("http://{host}:{PLAIN_PORT}{path}"), &[], None)
    }

    /// As the page at this host does it.
    pub(crate) fn post(&self, host: &str, path: &str, body: &Value) -> Reply {
        self.post_from(https(host, "").trim_end_matches('/'), host, path, body)
    }

    /// As a page from there does it.
    pub(crate) fn post_from(&self, origin: &str, host: &str, path: &str, body: &Value) -> Reply {
        let posted = self.try_post_from(origin, host, path, body);
        posted.unwrap_or_else(|why| panic!("{host}{path}: {why}"))
    }

    /// The same where a connection may be cut off.
    pub(crate) fn try_post_from(
        &self,
        origin: &str,
        host: &str,
        path: &str,
        body: &Value,
    ) -> Result<Reply, String> {
        let origin = format!("origin: {origin}");
        let key = self.key(host);
        let more = ["-H", "content-type: application/json", "-H", &origin, "-H", &key];
        let more = [&more[..], &["--data-binary", "@-"]].concat();
        self.try_curl(&https(host, path), &more, Some(&body.to_string()))
    }

    /// The same file from the daemon itself, by its port.
    pub(crate) fn straight(&self, port: u16, path: &str) -> String {
        self.curl(&format!("http://{}:{port}{path}", self.bind), &[], None).body
    }

    fn curl(&self, url: &str, more: &[&str], body: Option<&str>) -> Reply {
        self.try_curl(url, more, body).unwrap_or_else(|why| panic!("{url}: {why}"))
    }

    fn try_curl(&self, url: &str, more: &[&str], body: Option<&str>) -> Result<Reply, String> {
        let mut child = Command::new("curl")
            .args(["--silent", "--show-error", "--include", "--max-time", "60"])
            .args(["--noproxy", "*", "-H", "expect:"])
            .args(["--connect-to", &format!("::{}:", self.bind)])
            .arg("--cacert")
            .arg(&self.trusted)
            .args(more)
            .arg(url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("curl runs (./tests/run installs it)");
        let mut input = child.stdin.take().expect("a pipe");
        if let Some(body) = body {
            // What is refused by its length is not read to the end.
            let _ = input.write_all(body.as_bytes());
        }
        drop(input);
        let output = child.wait_with_output().expect("curl ends");
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let (head, body) = text.split_once("\r\n\r\n").expect("headers and a body");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(k, v)| (k.to_ascii_lowercase(), v.to_owned())).collect();
        Ok(Reply { status: status.expect("a status"), headers, body: body.to_owned() })
    }

    pub(crate) fn stop_daemon(&mut self) {
        assert!(self.daemon.take().expect("it runs").stop().success());
    }

    pub(crate) fn start_daemon(&mut self) {
        self.daemon = Some(self.project.start_at_its_ports(&[]));
    }

    /// Answers that are stored.
    pub(crate) fn answers(&self) -> usize {
        self.project.run(&["export"]).lines().count()
    }

    /// Changes the roster, and waits until that is in force.
    pub(crate) fn edit(&self, old: &str, new: &str) {
        let path = self.project.path().join("annotators.toml");
        let text = put(&fs::read_to_string(&path).expect("the roster"), old, new);
        let before = self.project.log().len();
        fs::write(&path, text).expect("the roster");
        self.daemon.as_ref().expect("it runs").signal("HUP");
        wait_until("roster applied", || self.project.log()[before..].contains("roster applied"));
    }

    /// Changes the proxy's file, and starts it again. (A reload is for nginx with its workers; as
    /// the single process that it is here, it has no connections left afterwards.)
    pub(crate) fn tell_nginx(&mut self, old: &str, new: &str) {
        let text = put(&fs::read_to_string(&self.config).expect("the file"), old, new);
        fs::write(&self.config, text).expect("the file");
        self.end_proxy();
        self.proxy = start_nginx(self.config.parent().expect("a folder"));
    }

    fn end_proxy(&mut self) {
        let sent = Command::new("kill").arg(self.proxy.id().to_string()).status();
        assert!(sent.is_ok(), "kill runs");
        // It has ended, whatever it says.
        let _ = self.proxy.wait();
    }
}

impl Drop for Setting {
    fn drop(&mut self) {
        self.end_proxy();
    }
}

/// What a started proxy is known by: itself, its file, and what signs for it.
type Started = (Child, PathBuf, PathBuf);

/// The guide's file with the test's addresses: every port at one address of its own.
fn moved(text: &str, bind: Ipv4Addr) -> String {
    put(text, "127.0.0.1:", &format!("{bind}:"))
}

fn nginx(project: &Project, bind: Ipv4Addr, change: impl FnOnce(&str) -> String) -> Started {
    let folder = project.path().join("nginx");
    fs::create_dir(&folder).expect("a folder");
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-nodes", "-days", "2", "-subj", "/CN=annotate.example.org", "-addext"])
        .arg("subjectAltName=DNS:annotate.example.org,DNS:*.annotate.example.org")
        .args(["-keyout", "privkey.pem", "-out", "fullchain.pem"])
        .current_dir(&folder)
        .output()
        .expect("openssl runs (./tests/run installs it)");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));

    let mut text = change(&moved(&printed("nginx"), bind));
    let certificates = format!("{}/", folder.display());
    for (old, new) in [
        ("listen 443 ", format!("listen {bind}:{TLS_PORT} ")),
        ("listen 80;", format!("listen {bind}:{PLAIN_PORT};")),
        ("/etc/ssl/annotate/", certificates),
    ] {
        text = put(&text, old, &new);
    }
    let config = folder.join("annotd.conf");
    fs::write(&config, text).expect("a file");
    // What Debian's /etc/nginx/nginx.conf has around it, with nothing outside of the folder.
    let around = "pid nginx.pid;\nerror_log stderr;\ndaemon off;\nmaster_process off;\n\
        events { worker_connections 768; }\nhttp {\naccess_log off;\ngzip on;\n\
        client_body_temp_path body;\nproxy_temp_path proxy;\nfastcgi_temp_path fastcgi;\n\
        uwsgi_temp_path uwsgi;\nscgi_temp_path scgi;\ninclude annotd.conf;\n}\n";
    fs::write(folder.join("nginx.conf"), around).expect("a file");
    (start_nginx(&folder), config, folder.join("fullchain.pem"))
}

fn start_nginx(folder: &Path) -> Child {
    let nginx = Path::new("/usr/sbin/nginx");
    let log = fs::OpenOptions::new().create(true).append(true).open(folder.join("log"));
    Command::new(if nginx.exists() { nginx } else { Path::new("nginx") })
        .arg("-p")
        .arg(format!("{}/", folder.display()))
        .args(["-e", "stderr", "-c", "nginx.conf"])
        .stderr(log.expect("a log"))
        .spawn()
        .expect("nginx starts (./tests/run installs it)")
}

fn caddy(project: &Project, bind: Ipv4Addr, change: impl FnOnce(&str) -> String) -> Started {
    let folder = project.path().join("caddy");
    fs::create_dir(&folder).expect("a folder");
    // No network, nothing outside of the folder: its own authority signs, and contacts no server.
    let around = format!(
        "{{\n\tadmin off\n\thttp_port {PLAIN_PORT}\n\thttps_port {TLS_PORT}\n\tdefault_bind {bind}\n\
         \tlocal_certs\n\tskip_install_trust\n\tstorage file_system {}\n}}\n",
        folder.display()
    );
    let config = folder.join("Caddyfile");
    let text = change(&moved(&printed("caddy"), bind));
    fs::write(&config, around + &text).expect("a file");
    let child = Command::new("caddy")
        .args(["run", "--adapter", "caddyfile", "--config"])
        .arg(&config)
        .envs(["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"].map(|name| (name, &folder)))
        .current_dir(&folder)
        .stdout(Stdio::null())
        .stderr(fs::File::create(folder.join("log")).expect("a log"))
        .spawn()
        .expect("caddy starts (./tests/run installs it)");
    (child, config, folder.join("pki/authorities/local/root.crt"))
}
