//! A real MongoDB server for the tests.
//!
//! The server is the one of `ANNOTD_TEST_MONGODB_URL`, if that is set: `tests/with-mongod` starts
//! one for a whole run. Otherwise the first test of a process that asks starts one, a replica set
//! of one member, on a free port and in a directory of its own; it ends with the process, however
//! that ends. A server that is missing is a failure, never a skip.
//!
//! Each test gets a database of its own, which is dropped when its [`Database`] is.

use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use mongodb::Client;
use mongodb::bson::{Document, doc};

/// Names the server to use instead of starting one.
const URL: &str = "ANNOTD_TEST_MONGODB_URL";
/// How long a server may take to come up on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A database for one test.
pub struct Database {
    /// What a roster's `[store]` would say.
    pub url: String,
    name: String,
}

impl Database {
    /// A fresh database on the tests' server.
    pub async fn fresh() -> Self {
        let server = server().await;
        let name = format!("t{}", unique());
        let (hosts, options) = match server.split_once('?') {
            Some((hosts, options)) => (hosts, format!("?{options}")),
            None => (server, String::new()),
        };
        Self { url: format!("{}/{name}{options}", hosts.trim_end_matches('/')), name }
    }

    /// A client of one's own, to look behind the store's back.
    pub async fn client(&self) -> mongodb::Database {
        client(&self.url).await.database(&self.name)
    }

    /// Removes the database. What a failed test leaves behind goes with the server.
    pub async fn drop(self) {
        self.client().await.drop().await.expect("the database is dropped");
    }
}

/// A word that no other test has.
pub fn unique() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("it is after 1970");
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{:x}_{:x}_{count}", std::process::id(), since.as_micros())
}

/// The URL of the tests' server, which is up.
pub async fn server() -> &'static str {
    static SERVER: OnceLock<String> = OnceLock::new();
    static ONE_STARTS: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _alone = ONE_STARTS.lock().await;
    if let Some(url) = SERVER.get() {
        return url;
    }
    let address = match std::env::var(URL) {
        Ok(url) => {
            let hosts = url.strip_prefix("mongodb://").unwrap_or(&url);
            hosts.split(['/', '?']).next().unwrap_or(hosts).to_owned()
        }
        Err(_) => start(),
    };
    let url = await_primary(&address).await;
    SERVER.get_or_init(|| url)
}

/// Starts a server that ends with this process, and says at which address.
fn start() -> String {
    let mongod = find();
    // The system names a port that is free now. Should another process take it before the server
    // does, the server ends, and another is tried.
    for _ in 0..5 {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("there is a free port")
            .port();
        let directory = tempfile::tempdir().expect("a directory for the server").keep();
        let mut server = Command::new(&mongod)
            .args(["--bind_ip", "127.0.0.1", "--replSet", "rs0", "--wiredTigerCacheSizeGB", "0.25"])
            .args(["--setParameter", "enableTestCommands=1"])
            .args(["--setParameter", "ttlMonitorSleepSecs=1"])
            .args(["--setParameter", "diagnosticDataCollectionEnabled=false"])
            .arg("--dbpath")
            .arg(&directory)
            .arg("--logpath")
            .arg(directory.join("log"))
            .args(["--port", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", mongod.display()));
        end_with_this_process(&server, &directory);
        let address = format!("127.0.0.1:{port}");
        if accepts(&address, &mut server, &directory) {
            return address;
        }
    }
    panic!("{} found no free port in five tries", mongod.display());
}

/// Leaves a shell behind that waits for its input to end, which happens when this process ends,
/// killed or not; then it ends the server and removes what it stored.
fn end_with_this_process(server: &Child, directory: &Path) {
    static GUARDS: Mutex<Vec<Child>> = Mutex::new(Vec::new());
    let guard = Command::new("sh")
        .args(["-c", r#"cat >/dev/null; kill -9 "$0" 2>/dev/null; rm -rf "$1""#])
        .arg(server.id().to_string())
        .arg(directory)
        .stdin(Stdio::piped())
        .process_group(0)
        .spawn()
        .expect("a shell starts");
    GUARDS.lock().expect("no thread panics with it").push(guard);
}

/// Waits until the server listens; false if its port was taken.
fn accepts(address: &str, server: &mut Child, directory: &Path) -> bool {
    let begun = Instant::now();
    while TcpStream::connect(address).is_err() || server.try_wait().expect("a child").is_some() {
        if let Some(status) = server.try_wait().expect("a child") {
            let log = std::fs::read_to_string(directory.join("log")).unwrap_or_default();
            if log.contains("Address already in use") {
                return false;
            }
            panic!("mongod ended with {status}:\n{log}");
        }
        assert!(begun.elapsed() < PATIENCE, "mongod does not listen on {address}");
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}

/// Where a server is.
fn find() -> PathBuf {
    const INSTALLED: &str = "mongod/fiftyone/db/bin/mongod";
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools").join(INSTALLED);
    let tools =
        std::env::var_os("ANNOTD_TEST_TOOLS").map(|tools| Path::new(&tools).join(INSTALLED));
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::var_os("MONGOD_BIN")
        .map(PathBuf::from)
        .into_iter()
        .chain(std::env::split_paths(&path).map(|directory| directory.join("mongod")))
        .chain(tools)
        .chain([own])
        .find(|candidate| candidate.is_file())
        .expect("these tests need a MongoDB server, and there is none; ./tests/run installs one")
}

/// Makes the server a replica set of one if it is none yet, and waits until it takes writes.
async fn await_primary(address: &str) -> String {
    let direct = format!("mongodb://{address}/?directConnection=true");
    let client = Client::with_uri_str(&direct).await.expect("a URL");
    let admin = client.database("admin");
    let begun = Instant::now();
    loop {
        let hello = admin.run_command(doc! { "hello": 1 }).await.unwrap_or_else(|error| {
            panic!("the tests' MongoDB server at {address} does not answer: {error}")
        });
        let set = hello.get_str("setName").ok();
        if let Some(set) = set
            && hello.get_bool("isWritablePrimary").unwrap_or(false)
        {
            client.shutdown().await;
            return format!("mongodb://{address}/?replicaSet={set}&heartbeatFrequencyMS=500");
        }
        if set.is_none() {
            initiate(&admin, address).await;
        }
        assert!(begun.elapsed() < PATIENCE, "{address} does not become primary: {hello}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn initiate(admin: &mongodb::Database, address: &str) {
    let members = vec![doc! { "_id": 0, "host": address }];
    let config: Document = doc! { "_id": "rs0", "members": members };
    let initiated = admin.run_command(doc! { "replSetInitiate": config }).await;
    if let Err(error) = initiated {
        // Another test process may be faster.
        assert!(error.to_string().contains("already"), "{address} becomes no replica set: {error}");
    }
}

async fn client(url: &str) -> Client {
    Client::with_uri_str(url).await.expect("a URL")
}

/// The right to set `failCommand`, which a server has once: another test would switch it off.
pub async fn fail_point() -> tokio::sync::MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    ONE_AT_A_TIME.lock().await
}
