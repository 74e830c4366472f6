//! How many loops a second (the next task, then its answer) the daemon carries, over HTTP, with
//! many annotators at once: on the embedded store, and on MongoDB beside the bare driver's own
//! loop. How near the store comes to the engine's own limit is measured in `benches/mongo.rs`.
//!
//! Every figure of MongoDB is taken in one run on one server, so that their ratios hold on a noisy
//! machine. `cargo bench --bench loops`; ANNOTD_TEST_MONGODB_URL names a server (a replica set),
//! without it only the embedded store is measured: ./tests/with-mongod cargo bench --bench loops

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use mongodb::Client;
use mongodb::bson::{Document, doc};
use mongodb::options::{Acknowledgment, CollectionOptions, ReturnDocument, WriteConcern};
use serde_json::{Value, json};
use tokio::net::TcpStream;

const PEOPLE: usize = 64;
const TASKS: usize = 40_000;
const SPAN: Duration = Duration::from_secs(8);

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        // As a test it would say nothing.
        return;
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    println!("{PEOPLE} annotators, one task a request, {TASKS} tasks, {} s each", SPAN.as_secs());
    let embedded = runtime.block_on(through_http("bench.db"));
    print_row("annotd on the embedded store", &embedded);
    let Ok(server) = std::env::var("ANNOTD_TEST_MONGODB_URL") else {
        println!("ANNOTD_TEST_MONGODB_URL is not set: MongoDB was not measured");
        return;
    };
    runtime.block_on(initiate(&server));
    let url = |name: &str| match server.split_once('?') {
        Some((hosts, options)) => {
            format!("{}/{name}?{options}", hosts.trim_end_matches('/'))
        }
        None => format!("{}/{name}", server.trim_end_matches('/')),
    };
    let shared = runtime.block_on(through_http(&url("bench_annotd")));
    print_row("annotd on MongoDB", &shared);
    let bare = runtime.block_on(bare_driver(&url("bench_bare")));
    println!("{:<44} {bare:>8.0} loops/s", "the bare driver, two commands a loop");
    println!("annotd / bare driver   {:.2}", shared.loops / bare);
}

/// Makes a replica set of a server that is none yet.
async fn initiate(server: &str) {
    let hosts = server.split('?').next().unwrap_or(server);
    let direct = format!("{}/?directConnection=true", hosts.trim_end_matches('/'));
    let admin = Client::with_uri_str(&direct).await.expect("a client").database("admin");
    let host = hosts.trim_start_matches("mongodb://").trim_end_matches('/');
    let set = doc! { "_id": "rs0", "members": [{ "_id": 0, "host": host }] };
    // Refused where that has been done before.
    let _ = admin.run_command(doc! { "replSetInitiate": set }).await;
    while !admin
        .run_command(doc! { "hello": 1 })
        .await
        .is_ok_and(|hello| hello.get_bool("isWritablePrimary") == Ok(true))
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

struct Figures {
    loops: f64,
    cpu_ms: f64,
    median: Duration,
    p99: Duration,
}

fn print_row(what: &str, figures: &Figures) {
    println!(
        "{what:<44} {:>8.0} loops/s, {:.3} ms of the daemon's CPU a loop, to a claim {:.1} ms (p99 {:.1} ms)",
        figures.loops,
        figures.cpu_ms,
        figures.median.as_secs_f64() * 1e3,
        figures.p99.as_secs_f64() * 1e3,
    );
}

/// The daemon, killed when this is dropped.
struct Daemon {
    child: Child,
    addresses: Vec<String>,
    _folder: tempfile::TempDir,
}

impl Daemon {
    fn start(store: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let people: Vec<String> = (0..PEOPLE)
            .map(|n| format!("[[annotator]]\nname = \"a{n}\"\nport = {}\n", 20_000 + n))
            .collect();
        let roster = format!(
            "[project]\nname = \"bench\"\ninterface = \"classification\"\ntasks = [\"t.jsonl\"]\n\
             [store]\nurl = {store:?}\n[allocation]\nannotations = 3\n{}",
            people.concat()
        );
        let tasks: Vec<String> = (0..TASKS)
            .map(|n| {
                format!("{{\"text\":\"Sentence number {n} of the benchmark.\",\"label\":\"X\"}}")
            })
            .collect();
        std::fs::write(folder.path().join("annotators.toml"), roster).expect("a roster");
        std::fs::write(folder.path().join("t.jsonl"), tasks.join("\n")).expect("tasks");
        let mut child = Command::new(env!("CARGO_BIN_EXE_annotd"))
            .args(["run", "--any-port"])
            .current_dir(folder.path())
            .env("ANNOTD_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .expect("annotd starts");
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut addresses = Vec::new();
        for line in out.lines().map_while(Result::ok) {
            let (name, address) = line.split_once(' ').expect("name and address");
            if name == "lead" {
                break;
            }
            let address = address.trim().trim_start_matches("http://").trim_end_matches('/');
            addresses.push(address.to_owned());
        }
        assert_eq!(addresses.len(), PEOPLE, "the daemon announces all ports");
        Self { child, addresses, _folder: folder }
    }

    /// Processor time so far, in seconds.
    fn cpu(&self) -> f64 {
        let path = format!("/proc/{}/stat", self.child.id());
        let stat = std::fs::read_to_string(path).expect("the daemon runs");
        let fields: Vec<&str> =
            stat.rsplit_once(')').expect("a name").1.split_whitespace().collect();
        let ticks: f64 =
            fields[11].parse::<f64>().expect("utime") + fields[12].parse::<f64>().expect("stime");
        ticks / 100.0
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

impl Connection {
    async fn open(host: &str) -> Self {
        let stream = TcpStream::connect(host).await.expect("the port is open");
        stream.set_nodelay(true).expect("a socket");
        let (sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(connection);
        Self { sender, host: host.to_owned() }
    }

    async fn post(&mut self, path: &str, body: &Value) -> Value {
        let request = Request::post(path)
            .header("host", &self.host)
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body.to_string())))
            .expect("a request");
        let reply = self.sender.send_request(request).await.expect("a reply");
        assert!(reply.status().is_success(), "{}", reply.status());
        let bytes = reply.into_body().collect().await.expect("a body").to_bytes();
        serde_json::from_slice(&bytes).expect("JSON")
    }
}

async fn through_http(store: &str) -> Figures {
    let daemon = Daemon::start(store);
    let loops = Arc::new(AtomicU64::new(0));
    let before = daemon.cpu();
    let began = Instant::now();
    let workers: Vec<_> = daemon
        .addresses
        .iter()
        .map(|host| {
            let (host, loops) = (host.clone(), Arc::clone(&loops));
            tokio::spawn(async move {
                let mut connection = Connection::open(&host).await;
                let mut claims = Vec::new();
                while began.elapsed() < SPAN {
                    let asked = Instant::now();
                    let reply = connection.post("/get_session_questions", &json!({"n": 1})).await;
                    claims.push(asked.elapsed());
                    let Some(task) = reply["tasks"].get(0) else { break };
                    let mut answer = task.clone();
                    answer["answer"] = "accept".into();
                    let given =
                        connection.post("/give_answers", &json!({"answers": [answer]})).await;
                    assert_eq!(given["results"][0]["status"], "saved");
                    loops.fetch_add(1, Ordering::Relaxed);
                }
                claims
            })
        })
        .collect();
    let mut claims = Vec::new();
    for worker in workers {
        claims.extend(worker.await.expect("a worker"));
    }
    let seconds = began.elapsed().as_secs_f64();
    let cpu = daemon.cpu() - before;
    claims.sort_unstable();
    #[allow(clippy::cast_precision_loss)] // far fewer than 2⁵³
    let count = loops.load(Ordering::Relaxed) as f64;
    Figures {
        loops: count / seconds,
        cpu_ms: cpu * 1e3 / count,
        median: claims[claims.len() / 2],
        p99: claims[claims.len() * 99 / 100],
    }
}

fn durable() -> WriteConcern {
    WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build()
}

async fn collection(url: &str) -> (Client, mongodb::Collection<Document>) {
    let client = Client::with_uri_str(url).await.expect("a client");
    let database = client.default_database().expect("a database");
    database.drop().await.expect("dropped");
    let options = CollectionOptions::builder().write_concern(durable()).build();
    let tasks = database.collection_with_options::<Document>("bench", options);
    let documents: Vec<Document> = (0..i64::try_from(TASKS).expect("few"))
        .map(|n| doc! { "_id": n, "seen": 0, "free": 3, "coders": [], "held": [], "text": format!("Sentence number {n} of the benchmark.") })
        .collect();
    tasks.insert_many(documents).await.expect("inserted");
    tasks
        .create_index(mongodb::IndexModel::builder().keys(doc! { "free": 1, "_id": 1 }).build())
        .await
        .expect("an index");
    (client, tasks)
}

/// One find-and-modify and one update a loop, for each annotator on its own.
async fn bare_driver(url: &str) -> f64 {
    let (client, tasks) = collection(url).await;
    let loops = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let workers: Vec<_> = (0..PEOPLE)
        .map(|n| {
            let (tasks, loops) = (tasks.clone(), Arc::clone(&loops));
            tokio::spawn(async move {
                let me = format!("a{n}");
                while began.elapsed() < SPAN {
                    let claimed = tasks
                        .find_one_and_update(
                            doc! { "free": { "$gt": 0 }, "coders": { "$ne": &me }, "held": { "$ne": &me } },
                            doc! { "$push": { "held": &me }, "$inc": { "free": -1 } },
                        )
                        .sort(doc! { "free": 1, "_id": 1 })
                        .return_document(ReturnDocument::After)
                        .await
                        .expect("a claim");
                    let Some(task) = claimed else { break };
                    tasks
                        .update_one(
                            doc! { "_id": task.get("_id"), "held": &me },
                            doc! { "$pull": { "held": &me }, "$push": { "coders": &me, "answers": { "annotator": &me, "answer": "accept" } }, "$inc": { "seen": 1 } },
                        )
                        .await
                        .expect("an answer");
                    loops.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.expect("a worker");
    }
    #[allow(clippy::cast_precision_loss)] // far fewer than 2⁵³
    let loops = loops.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
    client.shutdown().await;
    loops
}
