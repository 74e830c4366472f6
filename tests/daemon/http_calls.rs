//! What an annotator's port promises, over HTTP, on both stores.

use crate::common::annotator::Annotator;
use crate::common::daemon::{Daemon, Project};
use crate::common::stores::TestStore;
use serde_json::{Value, json};

const TASKS: &str = r#"{"text":"one","label":"X","meta":{"n":1.10,"big":123456789012345678901234567890},"odd key":{"$a":1,"b.c":[1e3,null]}}
{"text":"two","label":"X"}
{"text":"three","label":"X","meta":{"for":["zach"]}}
{"text":"four","label":"X"}
"#;

struct Fixture {
    project: Project,
    daemon: Daemon,
}

impl Fixture {
    fn new(place: &TestStore, annotations: u32) -> Self {
        let project = Project::new(
            "demo",
            "interface = \"classification\"\nlabels = [\"X\"]\ntasks = [\"tasks.jsonl\"]",
            &place.url,
            &format!("annotations = {annotations}\nassign_field = \"meta.for\""),
            &["andy", "zach"],
        );
        project.write("tasks.jsonl", TASKS);
        let daemon = project.start();
        Self { project, daemon }
    }

    fn annotator(&self, name: &str) -> Annotator {
        Annotator::new(name, &self.daemon.addresses())
    }
}

fn texts(asked: &Value) -> Vec<&str> {
    texts_of(&asked["tasks"])
}

fn texts_of(tasks: &Value) -> Vec<&str> {
    let tasks = tasks.as_array().expect("tasks");
    tasks.iter().map(|task| task["text"].as_str().expect("a text")).collect()
}

fn answered(task: &Value, answer: &str) -> Value {
    let mut task = task.clone();
    task["answer"] = answer.into();
    task
}

fn status(given: &Value) -> Vec<&str> {
    let results = given["results"].as_array().expect("results");
    results.iter().map(|result| result["status"].as_str().expect("a status")).collect()
}

/// Runs a case on both stores.
macro_rules! on_both_stores {
    ($($case:ident),+ $(,)?) => {
        mod sqlite { $( #[test] fn $case() { super::$case(&super::TestStore::sqlite()); } )+ }
        mod mongodb { $( #[test] fn $case() { super::$case(&super::TestStore::mongo()); } )+ }
    };
}

on_both_stores!(
    a_task_arrives_untouched_with_the_keys_of_the_system,
    a_reload_of_the_page_brings_the_same_tasks_back,
    leases_survive_a_restart,
    a_task_that_names_an_annotator_is_theirs_alone,
    each_answer_gets_the_status_it_deserves,
    an_answer_needs_only_its_identity_and_what_was_added,
    a_page_learns_what_it_no_longer_holds,
    a_batch_of_large_tasks_ends_early_and_goes_on_with_the_next_request,
    nothing_left_is_told_apart_from_nothing_just_now,
    leaving_gives_back_what_was_held,
    no_request_can_speak_for_another,
    a_task_brings_no_html_that_was_not_cleaned,
    a_hash_that_two_tasks_have_names_neither,
    the_right_answer_is_never_shown_and_its_tasks_are_not_counted,
    an_answer_that_is_too_large_is_refused_alone,
    the_history_is_ones_own,
    the_calls_of_prodigys_page_work,
);

fn the_right_answer_is_never_shown_and_its_tasks_are_not_counted(place: &TestStore) {
    let rules = "annotations = 1\ngold = 0.5\nrepeat = { share = 0.2, after = 1 }";
    let interface = "interface = \"classification\"\nlabels = [\"X\"]\ntasks = [\"tasks.jsonl\"]";
    let project = Project::new("demo", interface, &place.url, rules, &["andy", "zach"]);
    let mut lines: Vec<String> =
        (0..20).map(|n| format!(r#"{{"text":"task {n}","label":"X"}}"#)).collect();
    lines.extend((0..40).map(|n| {
        format!(
            r#"{{"text":"sure {n}","label":"X","meta":{{"n":{n},"gold":{{"answer":"reject"}}}}}}"#
        )
    }));
    project.write("tasks.jsonl", &lines.join("\n"));
    let daemon = project.start();
    let andy = Annotator::new("andy", &daemon.addresses());
    let (mut gold, mut seen) = (0, Vec::new());
    loop {
        let asked = andy.ask(3);
        let tasks = asked["tasks"].as_array().expect("tasks");
        if tasks.is_empty() {
            assert_eq!(asked["reason"], "done");
            break;
        }
        for task in tasks {
            assert!(!task.to_string().contains("gold"), "{task}");
            let text = task["text"].as_str().expect("a text").to_owned();
            gold += u32::from(text.starts_with("sure"));
            seen.push(text);
            // Right on gold tasks, but for the first.
            let answer = if gold == 1 { "accept" } else { "reject" };
            assert_eq!(status(&andy.give(&[answered(task, answer)])), ["saved"]);
        }
    }
    let again = andy.get("history?n=100");
    assert!(!again.to_string().contains("gold"));
    // Half of the stream is gold, and a fifth is what was there before.
    let all = u32::try_from(seen.len()).expect("a few");
    seen.sort();
    seen.dedup();
    let repeats = all - u32::try_from(seen.len()).expect("a few");
    assert!(gold.abs_diff(all / 2) <= 1, "{gold} of {all}");
    assert!(repeats.abs_diff(all / 5) <= 1 && repeats > 2, "{repeats} of {all}");

    let told: Value = serde_json::from_str(&project.run(&["status", "--json"])).expect("JSON");
    let total = &told["total"];
    assert_eq!((&total["tasks"], &total["finished"]), (&json!(20), &json!(20)));
    assert_eq!((&total["answers"], &total["wanted"]), (&json!(20), &json!(20)));
    let line = &told["annotators"][0];
    assert_eq!(line["answered"], 20);
    assert_eq!(line["checks"]["gold"]["answered"], gold);
    assert!(line["checks"]["gold"]["agreed"].as_u64().expect("a number") < u64::from(gold));
    assert_eq!(line["checks"]["repeats"]["answered"], repeats);
    let lines = project.run(&["export"]);
    let gold_lines = lines.lines().filter(|line| line.contains("\"_check\":\"gold\""));
    assert_eq!(gold_lines.clone().count(), gold as usize);
    assert!(gold_lines.clone().all(|line| line.contains(r#""gold":{"answer":"reject"}"#)));
    let repeated = lines.lines().filter(|line| line.contains("\"_check\":\"repeat\""));
    assert_eq!(repeated.count(), repeats as usize);
    assert!(daemon.stop().success());
}

fn a_task_arrives_untouched_with_the_keys_of_the_system(place: &TestStore) {
    let fixture = Fixture::new(place, 1);
    let andy = fixture.annotator("andy");
    let asked = andy.ask(1);
    let mut task = asked["tasks"][0].clone();
    let system: Vec<(String, Value)> = {
        let object = task.as_object_mut().expect("an object");
        let keys: Vec<String> = object.keys().filter(|key| key.starts_with('_')).cloned().collect();
        keys.into_iter()
            .map(|key| (key.clone(), object.remove(&key).expect("it is there")))
            .collect()
    };
    assert_eq!(task.to_string(), TASKS.lines().next().expect("a line").replace("1e3", "1e+3"));
    let names: Vec<&str> = system.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(
        names,
        [
            "_id",
            "_input_hash",
            "_task_hash",
            "_session_id",
            "_annotator_id",
            "_view_id",
            "_edition"
        ]
    );
    assert_eq!(system[0].1.as_str().expect("a text").len(), 32);
    assert_eq!(system[3].1, "demo-andy");
    assert_eq!(asked["session_id"], "demo-andy");
    andy.give(&[answered(&asked["tasks"][0], "accept")]);
    // And out again: with every key it came in with, to the letter.
    let export = fixture.project.run(&["export"]);
    assert!(export.contains(r#""n":1.10,"big":123456789012345678901234567890"#), "{export}");
    assert!(export.contains(r#""odd key":{"$a":1,"b.c":[1e3,null]}"#), "{export}");
}

fn a_task_brings_no_html_that_was_not_cleaned(place: &TestStore) {
    let fixture = Fixture::new(place, 1);
    let tasks = r#"{"text":"five","_clean":{"/html":"<form>"},"_tokens":[]}
{"ht\u006dl":"<b onclick=x>six</b>","_clean":{"/html":"<form>"}}
"#;
    fixture.project.write("more.jsonl", tasks);
    fixture.project.run(&["load", "-i", "more.jsonl", "--priority", "1"]);
    let andy = fixture.annotator("andy");
    let mut found = Vec::new();
    crate::common::wait_until("the tasks of higher priority", || {
        let asked = andy.ask(10);
        found.clone_from(asked["tasks"].as_array().expect("tasks"));
        found.len() >= 5
    });
    let five = found.iter().find(|task| task["text"] == "five").expect("five");
    assert!(five.get("_clean").is_none() && five.get("_tokens").is_none(), "{five}");
    let six = found.iter().find(|task| task.get("html").is_some()).expect("six");
    assert_eq!(six["_clean"], json!({"/html": "<b>six</b>"}));
}

fn a_hash_that_two_tasks_have_names_neither(place: &TestStore) {
    let fixture = Fixture::new(place, 1);
    let tasks = "{\"text\":\"five\",\"_task_hash\":5}\n{\"text\":\"six\",\"_task_hash\":5}\n";
    fixture.project.write("more.jsonl", tasks);
    fixture.project.run(&["load", "-i", "more.jsonl", "--to", "andy", "--priority", "1"]);
    let andy = fixture.annotator("andy");
    let mut asked = Value::Null;
    crate::common::wait_until("a task of higher priority", || {
        asked = andy.ask(1);
        let first = asked["tasks"][0].clone();
        let found = first["_task_hash"] == 5;
        if !found {
            andy.give(&[answered(&first, "accept")]);
        }
        found
    });
    let mut by_hash = answered(&asked["tasks"][0], "reject");
    by_hash.as_object_mut().expect("a task").remove("_id");
    assert_eq!(status(&andy.give(&[by_hash])), ["unknown"], "only one of the two is leased");
}

fn an_answer_that_is_too_large_is_refused_alone(place: &TestStore) {
    let fixture = Fixture::new(place, 1);
    let andy = fixture.annotator("andy");
    let asked = andy.ask(2);
    let mut large = answered(&asked["tasks"][0], "accept");
    large["comment"] = "x".repeat(2 << 20).into();
    let given = andy.give(&[large, answered(&asked["tasks"][1], "accept")]);
    assert_eq!(status(&given), ["invalid", "saved"]);
}

fn a_reload_of_the_page_brings_the_same_tasks_back(place: &TestStore) {
    let fixture = Fixture::new(place, 1);
    let andy = fixture.annotator("andy");
    let first = andy.ask(2);
    assert_eq!(texts(&first), ["one", "two"]);
    assert_eq!(texts(&andy.ask(2)), ["one", "two"]);
    let held: Vec<&Value> =
        first["tasks"].as_array().expect("tasks").iter().map(|task| &task["_id"]).collect();
    let more = andy.post("get_session_questions", &json!({"n": 2, "excludes": held}));
    assert_eq!(texts(&more), ["four"]);
    let hashes = json!([first["tasks"][0]["_task_hash"]]);
    let rest = andy.post("get_session_questions", &json!({"n": 9, "excludes": hashes}));
    assert_eq!(texts(&rest), ["two", "four"]);
}

fn leases_survive_a_restart(place: &TestStore) {
    let mut fixture = Fixture::new(place, 1);
    assert_eq!(texts(&fixture.annotator("andy").ask(2)), ["one", "two"]);
    fixture.daemon.kill_and_restart();
    assert_eq!(texts(&fixture.annotator("zach").ask(9)), ["three", "four"]);
    assert_eq!(texts(&fixture.annotator("andy").ask(9)), ["one", "two"]);
}

fn a_task_that_names_an_annotator_is_theirs_alone(place: &TestStore) {
    let fixture = Fixture::new(place, 2);
    assert_eq!(texts(&fixture.annotator("andy").ask(9)), ["one", "two", "four"]);
    let zachs = fixture.annotator("zach").ask(9);
    assert_eq!(texts(&zachs), ["one", "two", "three", "four"]);
    // By name, too, andy cannot have it.
    let stolen = fixture.annotator("andy").give(&[answered(&zachs["tasks"][2], "accept")]);
    assert_eq!(status(&stolen), ["unknown"]);
    assert_eq!(stolen["saved"], 0);
}

fn each_answer_gets_the_status_it_deserves(place: &TestStore) {
    let fixture = Fixture::new(place, 1);
    let (andy, zach) = (fixture.annotator("andy"), fixture.annotator("zach"));
    let asked = andy.ask(2);
    let (one, two) = (&asked["tasks"][0], &asked["tasks"][1]);
    let given = andy.give(&[
        answered(one, "accept"),
        answered(one, "maybe"),
        json!({"_id": "0123", "answer": "accept"}),
        json!("nonsense"),
        json!({"_task_hash": two["_task_hash"], "answer": "reject"}),
    ]);
    assert_eq!(status(&given), ["saved", "invalid", "unknown", "invalid", "saved"]);
    assert_eq!(given["saved"], 2);
    assert_eq!(
        given["results"][1]["error"],
        "answer: expected \"accept\", \"reject\" or \"ignore\""
    );
    assert_eq!(status(&andy.give(&[answered(one, "accept")])), ["unchanged"]);
    assert_eq!(
        status(&andy.give(&[answered(one, "reject"), answered(one, "ignore")])),
        ["revised", "revised"]
    );
    // Zach never held it, and it is full: kept, marked, never dropped.
    assert_eq!(status(&zach.give(&[answered(one, "accept")])), ["late"]);
    let tasks = fixture.project.run(&["export", "--format", "tasks"]);
    let task: Value = serde_json::from_str(tasks.lines().next().expect("a line")).expect("JSON");
    assert_eq!(task["answers"][0]["answer"], "ignore");
    let history = task["answers"][0]["history"].as_array().expect("history");
    let before: Vec<&Value> = history.iter().map(|version| &version["answer"]).collect();
    assert_eq!(before, ["accept", "reject"]);
    assert_eq!(task["late"][0]["annotator"], "zach");
    assert_eq!(task["coders"], json!(["andy"]));
}

fn an_answer_needs_only_its_identity_and_what_was_added(place: &TestStore) {
    let fixture = Fixture::new(place, 2);
    let (andy, zach) = (fixture.annotator("andy"), fixture.annotator("zach"));
    // Andy sends the whole task back, zach what he added.
    let whole: Vec<Value> = andy.ask(2)["tasks"]
        .as_array()
        .expect("tasks")
        .iter()
        .map(|task| {
            let mut task = answered(task, "accept");
            task["comment"] = "so".into();
            task
        })
        .collect();
    let short: Vec<Value> = zach.ask(2)["tasks"]
        .as_array()
        .expect("tasks")
        .iter()
        .map(|task| json!({"_id": task["_id"], "answer": "accept", "comment": "so"}))
        .collect();
    assert_eq!(status(&andy.give(&whole)), ["saved", "saved"]);
    assert_eq!(status(&zach.give(&short)), ["saved", "saved"]);
    let tasks = fixture.project.run(&["export", "--format", "tasks"]);
    for line in tasks.lines().take(2) {
        let task: Value = serde_json::from_str(line).expect("JSON");
        let [one, other] = task["answers"].as_array().expect("answers").as_slice() else {
            panic!("two answers: {line}");
        };
        let bare = |answer: &Value| {
            let mut bare = answer.as_object().expect("an object").clone();
            bare.retain(|key, _| !key.starts_with("time_") && key != "annotator");
            bare
        };
        assert_eq!(bare(one), bare(other));
    }
}

fn a_page_learns_what_it_no_longer_holds(place: &TestStore) {
    let fixture = Fixture::new(place, 1);
    let (andy, zach) = (fixture.annotator("andy"), fixture.annotator("zach"));
    let asked = andy.ask(9);
    let [one, two, four] = [0, 1, 2].map(|n| asked["tasks"][n]["_id"].clone());
    let view = json!({"untouched": [one, two], "touched": [four]});
    let all = json!({"held": [one, two], "moved": [], "answered": []});
    for call in ["renew", "get_session_questions"] {
        let told = andy.post(call, &view);
        assert_eq!(told["untouched"], all, "{call}");
        assert_eq!(told["touched"]["held"], json!([four]), "{call}");
    }
    // Elsewhere the same annotator answers the first; the rest is taken back, and zach gets it.
    andy.give(&[json!({"_id": one, "answer": "accept"})]);
    fixture.project.run(&["release", "--annotator", "andy"]);
    let told = andy.post("renew", &view);
    let none = json!([]);
    assert_eq!(told["untouched"], json!({"held": none, "moved": [two], "answered": [one]}));
    assert_eq!(told["touched"], json!({"held": none, "moved": [four], "answered": none}));
    zach.post("get_session_questions", &json!({"n": 1, "excludes": []}));
    let told = andy.post("get_session_questions", &json!({"n": 9, "untouched": [one, two, four]}));
    let fresh: Vec<&Value> =
        told["tasks"].as_array().expect("tasks").iter().map(|task| &task["_id"]).collect();
    assert_eq!(told["untouched"]["held"], json!(fresh), "what comes again is held again");
    assert_eq!(told["untouched"]["answered"], json!([one]));
    // Who says nothing is told nothing.
    assert!(andy.post("renew", &json!({})).get("untouched").is_none());
}

fn a_batch_of_large_tasks_ends_early_and_goes_on_with_the_next_request(place: &TestStore) {
    let project = Project::new(
        "demo",
        "interface = \"text\"\ntasks = [\"tasks.jsonl\"]",
        &place.url,
        "annotations = 1",
        &["andy"],
    );
    let lines: Vec<String> = (0..3)
        .map(|n| json!({"text": format!("{n} {}", "long ".repeat(900_000))}).to_string())
        .collect();
    project.write("tasks.jsonl", &lines.join("\n"));
    let daemon = project.start();
    let andy = Annotator::new("andy", &daemon.addresses());
    let ids = |asked: &Value| -> Vec<Value> {
        asked["tasks"].as_array().expect("tasks").iter().map(|task| task["_id"].clone()).collect()
    };
    // Two have nine megabytes. What is held already comes in the same measure as what is new.
    let first = ids(&andy.ask(9));
    assert_eq!(first.len(), 2);
    let rest = ids(&andy.post("get_session_questions", &json!({"n": 9, "excludes": first})));
    assert_eq!(rest.len(), 1);
    assert_eq!(ids(&andy.ask(9)), first);
}

fn nothing_left_is_told_apart_from_nothing_just_now(place: &TestStore) {
    let fixture = Fixture::new(place, 1);
    let (andy, zach) = (fixture.annotator("andy"), fixture.annotator("zach"));
    let asked = andy.ask(9);
    assert_eq!(texts(&asked), ["one", "two", "four"]);
    assert_eq!(asked["reason"], Value::Null);
    let zachs = zach.ask(9);
    assert_eq!(texts(&zachs), ["three"]);
    zach.give(&[answered(&zachs["tasks"][0], "accept")]);
    assert_eq!(zach.ask(9)["reason"], "waiting");
    let all: Vec<Value> =
        asked["tasks"].as_array().expect("tasks").iter().map(|t| answered(t, "accept")).collect();
    let given = andy.give(&all);
    assert_eq!(given["progress"], 1.0);
    assert_eq!(zach.ask(9)["reason"], "done");
    assert_eq!(andy.ask(9)["reason"], "done");
}

fn leaving_gives_back_what_was_held(place: &TestStore) {
    let fixture = Fixture::new(place, 1);
    let (andy, zach) = (fixture.annotator("andy"), fixture.annotator("zach"));
    assert_eq!(texts(&andy.ask(2)), ["one", "two"]);
    assert_eq!(texts(&zach.ask(9)), ["three", "four"]);
    assert_eq!(andy.post("end_session", &json!({"session_id": "demo-andy"}))["released"], 2);
    crate::common::wait_until("what andy gave back", || texts(&zach.ask(9)).len() == 4);
}

fn no_request_can_speak_for_another(place: &TestStore) {
    let fixture = Fixture::new(place, 1);
    let address = fixture.daemon.addresses().of("andy");
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let post = |path: &str, header: (&str, &str), body: &str| {
        let mut response = agent
            .post(&format!("{address}{path}"))
            .header("content-type", "application/json")
            .header(header.0, header.1)
            .send(body)
            .expect("a reply");
        let reply: Value = response.body_mut().read_json().expect("JSON");
        (response.status().as_u16(), reply["error"]["code"].as_str().unwrap_or("").to_owned())
    };
    let plain = ("accept", "*/*");
    let foreign = post("get_session_questions", plain, r#"{"session_id":"demo-zach"}"#);
    assert_eq!(foreign, (403, "foreign_session".into()));
    let foreign = post("give_answers", plain, r#"{"session_id":"demo-zach","answers":[]}"#);
    assert_eq!(foreign, (403, "foreign_session".into()));
    let elsewhere = ("origin", "http://evil.example");
    assert_eq!(post("give_answers", elsewhere, "{}"), (403, "foreign_origin".into()));
    assert_eq!(post("give_answers", plain, "{"), (400, "not_json".into()));
    assert_eq!(post("give_answers", plain, "{}"), (400, "no_answers".into()));
    assert_eq!(post("get_session_questions", plain, r#"{"n":0}"#), (400, "bad_n".into()));
    let many = json!({"untouched": vec!["x"; 1001]}).to_string();
    for odd in [r#"{"untouched":"x"}"#, r#"{"touched":[3]}"#, &many] {
        assert_eq!(post("renew", plain, odd), (400, "bad_view".into()));
        assert_eq!(post("get_session_questions", plain, odd), (400, "bad_view".into()));
    }
    let form = agent
        .post(&format!("{address}give_answers"))
        .header("content-type", "text/plain")
        .send("{}")
        .expect("a reply");
    assert_eq!(form.status().as_u16(), 415);
    let mut wrong = agent.get(&format!("{address}give_answers")).call().expect("a reply");
    assert_eq!(wrong.status().as_u16(), 405);
    let body: Value = wrong.body_mut().read_json().expect("JSON");
    assert_eq!(body["error"]["code"], "wrong_method");
    let mut odd = agent.get(&format!("{address}history?n=abc")).call().expect("a reply");
    let body: Value = odd.body_mut().read_json().expect("JSON");
    assert_eq!(body["error"]["code"], "bad_n");
    let mut missing = agent.get(&format!("{address}nothing")).call().expect("a reply");
    assert_eq!(missing.status().as_u16(), 404);
    let id = missing.headers().get("x-request-id").expect("an id").clone();
    let body: Value = missing.body_mut().read_json().expect("JSON");
    assert_eq!(body["error"]["request_id"], id.to_str().expect("text"));
    assert!(missing.headers().contains_key("content-security-policy"));
}

fn the_history_is_ones_own(place: &TestStore) {
    let fixture = Fixture::new(place, 2);
    let (andy, zach) = (fixture.annotator("andy"), fixture.annotator("zach"));
    for (who, answer) in [(&andy, "accept"), (&zach, "reject")] {
        for task in who.ask(9)["tasks"].as_array().expect("tasks") {
            who.give(&[answered(task, answer)]);
        }
    }
    let history = andy.get("history?n=2");
    let answers = history["answers"].as_array().expect("answers");
    assert_eq!(answers.len(), 2);
    assert_eq!(answers[0]["text"], "four");
    assert!(answers.iter().all(|answer| answer["answer"] == "accept"));
    // Every answer is reached, a few at a time.
    let mut read = Vec::new();
    let mut address = "history?n=2".to_owned();
    loop {
        let part = andy.get(&address);
        read.extend(texts_of(&part["answers"]).into_iter().map(str::to_owned));
        let Some(next) = part["next"].as_str() else { break };
        address = format!("history?n=2&before={next}");
    }
    assert!(read.len() > 2);
    assert_eq!(read, texts_of(&andy.get("history?n=100")["answers"]));
    assert_eq!(andy.get("history?n=2&before=yesterday")["error"]["code"], "bad_before");
}

fn the_calls_of_prodigys_page_work(place: &TestStore) {
    let fixture = Fixture::new(place, 1);
    let andy = fixture.annotator("andy");
    assert_eq!(andy.get("health"), json!({"status": "alive"}));
    assert_eq!(andy.get("version")["name"], "annotd");
    assert_eq!(andy.get("project")["view_id"], "classification");
    assert_eq!(andy.get("project/demo-andy")["session_id"], "demo-andy");
    assert_eq!(andy.get("project/demo-zach")["error"]["code"], "foreign_session");
    assert!(!texts(&andy.get("get_questions")).is_empty());
    assert_eq!(andy.get("progress")["progress"], 0.0);
    assert!(andy.post("renew", &json!({}))["lease_seconds"].as_f64() > Some(0.0));
    let lead = Annotator::new("lead", &fixture.daemon.addresses());
    assert_eq!(lead.get("health"), json!({"status": "alive"}));
    assert_eq!(lead.get("ready")["ready"], true);
    let status = lead.get("api/status");
    assert_eq!(status["annotators"][0]["state"], "listening");
    assert_eq!(status["store"]["state"], "ok");
}
