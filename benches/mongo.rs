//! The shared store against what its server can do: `./tests/with-mongod cargo bench --bench mongo`
//!
//! The limit is what one client reaches that sends the same two updates a loop (hand out, take in)
//! in groups of 500 over two connections and does nothing else. The store is measured with groups
//! of 64, as 64 annotators would make them, two groups under way; beside it stand the bare updates
//! in groups of that size, for what the size of the groups alone costs. Only the ratios say
//! something about annotd; the rest is the machine's.

use std::sync::Arc;
use std::time::{Duration, Instant};

use annotd::allocation::{Lane, Plan, Position};
use annotd::store::mongo::MongoStore;
use annotd::store::{AdminStore, AnswerStore, Claim, LeaseStore, NewTask, Submission, TaskStore};
use annotd::task::{Basis, Millis, Task, TaskId, TaskJson, Verdict, Version};
use mongodb::bson::{DateTime, Document, RawArrayBuf, RawDocumentBuf, doc, rawdoc};

const TASKS: usize = 40_000;
const LIMIT_GROUP: usize = 500;
const GROUP: usize = 64;
const CONNECTIONS: usize = 2;

#[tokio::main]
async fn main() {
    if !std::env::args().any(|arg| arg == "--bench") {
        // As a test it would say nothing.
        return;
    }
    let server =
        std::env::var("ANNOTD_TEST_MONGODB_URL").expect("run it under ./tests/with-mongod");
    initiate(&server).await;
    let name = format!("bench_{}", std::process::id());
    let (hosts, options) = server.split_once('?').unwrap_or((&server, ""));
    let url = format!("{}/{name}?{options}", hosts.trim_end_matches('/'));
    let client = mongodb::Client::with_uri_str(&url).await.expect("a client");
    let database = client.database(&name);

    let loading = load(&url, "plain").await;
    let inserting = insert_plainly(&database).await;
    println!("load                 {loading:>8.0} tasks/s");
    println!("insert_many          {inserting:>8.0} tasks/s   ratio {:.2}", loading / inserting);
    for wanted in [1, 3] {
        compare(&url, &database, wanted).await;
    }
    database.drop().await.expect("it is dropped");
}

async fn compare(url: &str, database: &mongodb::Database, wanted: u32) {
    let projects = ["raw", "small", "ours"].map(|name| format!("{name}{wanted}"));
    for project in &projects {
        admit(url, project, wanted).await;
    }
    let [raw, small, ours] = &projects;
    let limit = bare(database, raw, wanted, LIMIT_GROUP).await;
    let small = bare(database, small, wanted, GROUP).await;
    let ours = grouped(url, ours, wanted).await;
    println!("answers per task: {wanted}                loops/s   claims/s  records/s");
    print("updates in groups of 500", limit, 0);
    print("updates in groups of 64", small, 0);
    print("the store, in groups of 64", ours, 0);
    print("store / groups of 500", [0, 1, 2].map(|n| ours[n] / limit[n]), 2);
    print("store / groups of 64", [0, 1, 2].map(|n| ours[n] / small[n]), 2);
}

fn print(what: &str, [loops, claims, records]: [f64; 3], digits: usize) {
    println!("{what:<28} {loops:>10.digits$} {claims:>10.digits$} {records:>10.digits$}");
}

/// Makes the server a replica set if it is none yet.
async fn initiate(server: &str) {
    let hosts = server.strip_prefix("mongodb://").unwrap_or(server);
    let host = hosts.split(['/', '?']).next().unwrap_or(hosts);
    let direct = format!("mongodb://{host}/?directConnection=true");
    let admin = mongodb::Client::with_uri_str(&direct).await.expect("a client").database("admin");
    let members = vec![doc! { "_id": 0, "host": host }];
    // An error if it is one already, which is fine.
    let _ =
        admin.run_command(doc! { "replSetInitiate": { "_id": "rs0", "members": members } }).await;
    while !admin
        .run_command(doc! { "hello": 1 })
        .await
        .is_ok_and(|hello| hello.get_bool("isWritablePrimary").unwrap_or(false))
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn task(nth: usize) -> Task {
    let words = "A sentence of a newspaper, as long as most of those that people label. ".repeat(3);
    let text = format!(r#"{{"text":"{nth} {words}","meta":{{"source":"bench","n":{nth}}}}}"#);
    Task::new(TaskJson::parse(&text).expect("a task"))
}

fn row(tasks: usize, wanted: u32) -> Vec<NewTask> {
    let plan = Plan::new(wanted, vec![Lane::Anyone]);
    (0..tasks).map(|nth| NewTask { task: task(nth), plan: plan.clone() }).collect()
}

async fn admit(url: &str, project: &str, wanted: u32) {
    let store = MongoStore::open(url, project).await.expect("a store");
    store.insert_tasks(row(TASKS / wanted as usize, wanted)).await.expect("they are admitted");
    store.close().await;
}

async fn load(url: &str, project: &str) -> f64 {
    let store = MongoStore::open(url, project).await.expect("a store");
    let row = row(TASKS, 1);
    let begun = Instant::now();
    store.insert_tasks(row).await.expect("they are admitted");
    let rate = per_second(TASKS, begun.elapsed());
    store.close().await;
    rate
}

async fn insert_plainly(database: &mongodb::Database) -> f64 {
    let documents: Vec<Document> = (0..TASKS)
        .map(|nth| {
            let task = task(nth);
            let body: Document = serde_json::from_str(task.body.as_str()).expect("a document");
            doc! { "_id": task.id.as_str(), "task": body }
        })
        .collect();
    let begun = Instant::now();
    for batch in documents.chunks(1000) {
        database
            .collection::<Document>("inserted")
            .insert_many(batch)
            .write_concern(
                mongodb::options::WriteConcern::builder()
                    .w(mongodb::options::Acknowledgment::Majority)
                    .journal(true)
                    .build(),
            )
            .await
            .expect("they are inserted");
    }
    per_second(TASKS, begun.elapsed())
}

#[expect(clippy::cast_precision_loss, reason = "far from 2^52")]
fn per_second(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// The `nth` claim or answer is about which task, and by whom: neighbours in a group are different
/// people who work on the same stretch of the queue, as in life.
fn slots(wanted: u32) -> Vec<(TaskId, String)> {
    let tasks: Vec<TaskId> = (0..TASKS / wanted as usize).map(|nth| task(nth).id).collect();
    tasks
        .into_iter()
        .enumerate()
        .flat_map(|(nth, id)| {
            (0..wanted as usize).map(move |slot| {
                (id.clone(), format!("annotator{}", (nth * wanted as usize + slot) % GROUP))
            })
        })
        .collect()
}

/// Sends updates in groups, and nothing else.
async fn bare(database: &mongodb::Database, project: &str, wanted: u32, size: usize) -> [f64; 3] {
    let claims = |slots: &[(TaskId, String)]| {
        statements(slots, |id, annotator| {
            rawdoc! {
                "q": { "_id": id, "free": { "$gt": 0 } },
                "u": {
                    "$push": { "held": {
                        "annotator": annotator,
                        "since": DateTime::from_millis(0),
                        "until": DateTime::from_millis(1000),
                    } },
                    "$inc": { "free": -1 },
                },
            }
        })
    };
    let answers = |slots: &[(TaskId, String)]| {
        statements(slots, |id, annotator| {
            rawdoc! {
                "q": { "_id": id, "held.annotator": annotator },
                "u": {
                    "$pull": { "held": { "annotator": annotator } },
                    "$push": {
                        "answers": {
                            "annotator": annotator,
                            "answer": "accept",
                            "accept": ["A"],
                            "time_loaded": DateTime::from_millis(0),
                            "time_returned": DateTime::from_millis(1000),
                        },
                        "coders": annotator,
                    },
                    "$inc": { "seen": 1 },
                },
            }
        })
    };
    let (claiming, recording) =
        (tokio::sync::Mutex::new(Duration::ZERO), tokio::sync::Mutex::new(Duration::ZERO));
    let slots = slots(wanted);
    let begun = Instant::now();
    let halves = slots.chunks(slots.len().div_ceil(CONNECTIONS)).map(|half| async {
        for group in half.chunks(size) {
            let begun = Instant::now();
            send(database, project, claims(group)).await;
            *claiming.lock().await += begun.elapsed();
            let begun = Instant::now();
            send(database, project, answers(group)).await;
            *recording.lock().await += begun.elapsed();
        }
    });
    futures_util::future::join_all(halves).await;
    rates(slots.len(), begun.elapsed(), *claiming.lock().await, *recording.lock().await)
}

/// Loops a second, and what claims alone and answers alone would come to.
fn rates(loops: usize, all: Duration, claiming: Duration, recording: Duration) -> [f64; 3] {
    let connections = u32::try_from(CONNECTIONS).expect("two");
    [
        per_second(loops, all),
        per_second(loops, claiming / connections),
        per_second(loops, recording / connections),
    ]
}

fn statements(
    slots: &[(TaskId, String)],
    statement: impl Fn(&str, &str) -> RawDocumentBuf,
) -> RawArrayBuf {
    let mut statements = RawArrayBuf::new();
    for (id, annotator) in slots {
        statements.push(statement(id.as_str(), annotator));
    }
    statements
}

async fn send(database: &mongodb::Database, project: &str, updates: RawArrayBuf) {
    let reply = database
        .run_raw_command(rawdoc! {
            "update": project,
            "updates": updates,
            "ordered": false,
            "writeConcern": { "w": "majority", "j": true },
        })
        .await
        .expect("an answer");
    assert!(reply.get("writeErrors").is_none(), "{reply}");
}

/// The store, with groups as annotators make them.
async fn grouped(url: &str, project: &str, wanted: u32) -> [f64; 3] {
    let store = Arc::new(MongoStore::open(url, project).await.expect("a store"));
    let slots = slots(wanted);
    let (claiming, recording) =
        (tokio::sync::Mutex::new(Duration::ZERO), tokio::sync::Mutex::new(Duration::ZERO));
    // The allocator reads the queue ahead of its claims.
    let mut after = Position::START;
    loop {
        let open = store.queued_tasks(&Lane::Anyone, after, 1000).await.expect("tasks");
        let Some(last) = open.last() else { break };
        after = last.position;
    }
    let begun = Instant::now();
    let halves = slots.chunks(slots.len().div_ceil(CONNECTIONS)).map(|half| async {
        for group in half.chunks(GROUP) {
            let begun = Instant::now();
            let claims = group
                .iter()
                .map(|(id, annotator)| Claim {
                    task: id.clone(),
                    annotator: annotator.clone(),
                    since: Millis(0),
                    until: Millis(1000),
                    basis: Basis::default(),
                })
                .collect();
            let granted = store.claim(claims).await.expect("an answer");
            assert!(granted.iter().all(|granted| *granted));
            *claiming.lock().await += begun.elapsed();
            let begun = Instant::now();
            let answers = group
                .iter()
                .map(|(id, annotator)| Submission {
                    task: id.clone(),
                    annotator: annotator.clone(),
                    version: Version {
                        verdict: Verdict::Accept,
                        data: [("accept".to_owned(), serde_json::json!(["A"]))]
                            .into_iter()
                            .collect(),
                        time_loaded: Millis(0),
                        time_returned: Millis(1000),
                        basis: Basis::default(),
                    },
                })
                .collect();
            store.record(answers).await.expect("an answer");
            *recording.lock().await += begun.elapsed();
        }
    });
    futures_util::future::join_all(halves).await;
    let rates =
        rates(slots.len(), begun.elapsed(), *claiming.lock().await, *recording.lock().await);
    store.close().await;
    rates
}
