//! When two lines are one task, as a sysadmin meets it: what `load` counts and says, what an export
//! gives back, which rule a store keeps.

use crate::common::annotator::Annotator;
use crate::common::daemon::Project;
use crate::common::stores::TestStore;
use serde_json::{Value, json};

/// Runs a case on both stores.
macro_rules! on_both_stores {
    ($($case:ident),+ $(,)?) => {
        mod sqlite { $( #[test] fn $case() { super::$case(&super::TestStore::sqlite()); } )+ }
        mod mongodb { $( #[test] fn $case() { super::$case(&super::TestStore::mongo()); } )+ }
    };
}

on_both_stores!(
    duplicates_are_counted_alike_with_and_without_a_store,
    a_store_keeps_the_rule_it_was_made_with,
    a_store_without_tasks_takes_another_rule,
    what_the_store_has_is_a_duplicate_whatever_the_roster_says_now,
    a_template_that_shows_remarks_lets_exports_come_back,
    a_claim_to_be_a_task_of_the_same_file_is_none,
    an_edited_line_under_an_old_id_is_refused_and_an_answer_is_not,
    own_hashes_come_out_to_the_letter,
    answers_to_blocks_that_show_what_another_sets_come_back,
    an_answer_after_its_task_in_one_file_adds_nothing_across_batches,
    answers_with_renamed_labels_come_back,
);

fn project(interface: &str, place: &TestStore) -> Project {
    Project::new("demo", interface, &place.url, "annotations = 1", &["andy"])
}

fn lines(values: &[Value]) -> String {
    values.iter().fold(String::new(), |text, value| text + &value.to_string() + "\n")
}

fn refused(project: &Project, arguments: &[&str], code: i32) -> String {
    let output = project.annotd(arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const LOAD: [&str; 3] = ["load", "-i", "tasks.jsonl"];
const TRY: [&str; 4] = ["load", "-i", "tasks.jsonl", "--dry-run"];

fn duplicates_are_counted_alike_with_and_without_a_store(place: &TestStore) {
    let project = project("interface = \"ner_manual\"\nlabels = [\"X\"]", place);
    let spans = |start: u64| json!([{"start": start, "end": 3, "label": "X"}]);
    let text = |text: &str| json!({"text": text});
    project.write(
        "tasks.jsonl",
        &lines(&[
            text("one"),
            json!({"text": "two", "title": "a"}),
            json!({"text": "two", "title": "b"}),
            json!({"text": "one", "meta": null}),
            json!({"text": "one", "spans": spans(0)}),
        ]),
    );
    let said = "3 new, 2 duplicates: 2 within this file (line 4 repeats line 1)";
    let other = "1 duplicate with other suggestions: the task keeps those it had first.";
    let dry = format!("{said} (a dry run: nothing was loaded)\n{other}\n");
    assert_eq!(project.run(&TRY), dry);
    assert_eq!(project.run(&TRY), dry, "a dry run makes nothing");
    assert_eq!(project.run(&LOAD), format!("{said}\n{other}\n"));
    project.write(
        "tasks.jsonl",
        &lines(&[
            text("new"),
            text("one"),
            text("new"),
            json!({"text": "two", "title": "b", "spans": spans(0)}),
        ]),
    );
    let said = "1 new, 3 duplicates: 1 within this file (line 3 repeats line 1), 2 loaded before";
    assert_eq!(project.run(&TRY), format!("{said} (a dry run: nothing was loaded)\n{other}\n"));
    let loaded = project.run(&[&LOAD[..], &["--duplicates", "same.jsonl"]].concat());
    assert_eq!(loaded, format!("{said}\n{other}\n"));
    let listed = std::fs::read_to_string(project.path().join("same.jsonl")).expect("the list");
    let mut listed: Vec<(u64, String, Value, Value)> = listed
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .map(|told| {
            assert_eq!(told["file"], "tasks.jsonl");
            assert_eq!(told["_id"].as_str().map(str::len), Some(32));
            let kind = told["kind"].as_str().expect("a kind").to_owned();
            let line = told["line"].as_u64().expect("a line");
            (line, kind, told["repeats_line"].clone(), told["other"].clone())
        })
        .collect();
    listed.sort_by_key(|(line, ..)| *line);
    let before = "loaded_before".to_owned();
    assert_eq!(
        listed,
        [
            (2, before.clone(), Value::Null, Value::Null),
            (3, "within_file".to_owned(), json!(1), Value::Null),
            (4, before, Value::Null, json!("suggestions")),
        ]
    );
    let told: Value =
        serde_json::from_str(&project.run(&[&LOAD[..], &["--json"]].concat())).expect("JSON");
    assert_eq!((&told["new"], &told["same"]), (&json!(0), &json!(4)));
    assert_eq!(told["duplicates"]["within_file"], 1);
    assert_eq!(told["duplicates"]["loaded_before"], 3);
    assert_eq!(told["duplicates"]["differing"], 1);
    assert_eq!(told["duplicates"]["first"], json!({"line": 3, "repeats_line": 1}));
    assert_eq!(told["identity"], "content");
}

#[test]
fn a_dry_run_makes_no_file() {
    let project =
        Project::new("demo", "interface = \"text\"", "demo.db", "annotations = 1", &["andy"]);
    project.write("tasks.jsonl", "{\"text\":\"one\"}\n");
    project.run(&TRY);
    assert!(!project.path().join("demo.db").exists());
}

fn a_store_keeps_the_rule_it_was_made_with(place: &TestStore) {
    let by_id = "interface = \"text\"\nidentity = \"meta.id\"";
    let project = project(by_id, place);
    let line = |text: &str, id: Value| json!({"text": text, "meta": {"id": id}});
    project.write(
        "tasks.jsonl",
        &lines(&[line("one", json!(1)), line("other", json!("1")), line("one", json!(2))]),
    );
    let said = project.run(&LOAD);
    assert!(said.starts_with("2 new, 1 duplicate: 1 within this file (line 2 repeats"), "{said}");
    assert!(said.contains("1 duplicate with other content: by identity = \"meta.id\""), "{said}");
    project.write("tasks.jsonl", "{\"text\":\"none\"}\n");
    let said = refused(&project, &LOAD, 65);
    assert!(said.contains("identity = \"meta.id\", and this line has nothing there"), "{said}");
    let roster = project.path().join("annotators.toml");
    let text = std::fs::read_to_string(&roster).expect("the roster");
    std::fs::write(&roster, text.replace("\"meta.id\"", "\"content\"")).expect("the roster");
    for arguments in
        [&LOAD[..], &TRY[..], &["check", "--store"], &["verify"], &["run", "--any-port"]]
    {
        let said = refused(&project, arguments, 78);
        assert!(said.contains("told apart by \"meta.id\""), "{arguments:?}: {said}");
        assert!(said.contains("name a new store"), "{arguments:?}: {said}");
    }
    std::fs::write(&roster, text.replace("identity = \"meta.id\"", "")).expect("the roster");
    let said = project.run(&["check", "--store"]);
    assert!(said.contains("identity = \"meta.id\""), "{said}");
    project.write("tasks.jsonl", &lines(&[line("new", json!(2)), line("new", json!(3))]));
    assert!(project.run(&LOAD).starts_with("1 new, 1 duplicate: 1 loaded before"));
    project.run(&["verify"]);
}

fn a_store_without_tasks_takes_another_rule(place: &TestStore) {
    let project = project("interface = \"text\"\nidentity = \"Meta.id\"", place);
    project.write("tasks.jsonl", "{\"text\":\"one\",\"meta\":{\"id\":1}}\n");
    assert!(refused(&project, &LOAD, 65).contains("has nothing there"));
    let roster = project.path().join("annotators.toml");
    let text = std::fs::read_to_string(&roster).expect("the roster");
    std::fs::write(&roster, text.replace("Meta.id", "meta.id")).expect("the roster");
    assert!(project.run(&TRY).starts_with("1 new"));
    assert!(project.run(&LOAD).starts_with("1 new"));
    assert!(project.run(&["check", "--store"]).contains("identity = \"meta.id\""));
    std::fs::write(&roster, text).expect("the roster");
    assert!(refused(&project, &LOAD, 78).contains("told apart by \"meta.id\""));
}

fn answer_all(project: &Project) {
    let daemon = project.start();
    let andy = Annotator::new("andy", &daemon.addresses());
    let asked = andy.ask(10);
    let answers: Vec<Value> = asked["tasks"]
        .as_array()
        .expect("tasks")
        .iter()
        .map(|task| json!({"_id": task["_id"], "answer": "accept", "accept": ["A"]}))
        .collect();
    andy.give(&answers);
}

fn what_the_store_has_is_a_duplicate_whatever_the_roster_says_now(place: &TestStore) {
    let project = project("interface = \"choice\"\nlabels = [\"A\", \"B\"]", place);
    project.write("tasks.jsonl", "{\"text\":\"one\",\"accept\":[\"B\"]}\n{\"text\":\"two\"}\n");
    project.run(&LOAD);
    answer_all(&project);
    let exported = project.run(&["export"]);
    let roster = project.path().join("annotators.toml");
    let text = std::fs::read_to_string(&roster).expect("the roster");
    let renamed = text.replace("[\"A\", \"B\"]", "[\"A\", \"C\"]\nrenamed = { B = \"C\" }");
    std::fs::write(&roster, renamed).expect("the roster");
    let more = "{\"text\":\"one\",\"accept\":[\"B\"]}\n{\"text\":\"three\"}\n";
    project.write("tasks.jsonl", more);
    for arguments in [&TRY[..], &LOAD[..]] {
        let said = project.run(arguments);
        assert!(said.starts_with("1 new, 1 duplicate: 1 loaded before"), "{said}");
    }
    project.write("tasks.jsonl", &exported);
    assert!(project.run(&LOAD).starts_with("0 new, 2 duplicates"));
    // A task that is new is refused as ever.
    project.write("tasks.jsonl", "{\"text\":\"four\",\"accept\":[\"B\"]}\n");
    refused(&project, &LOAD, 65);
}

fn a_template_that_shows_remarks_lets_exports_come_back(place: &TestStore) {
    let config = "[project.config]\nhtml_template = \"{{a}} {{comment}}\"";
    let project = project("interface = \"html\"", place);
    let roster = project.path().join("annotators.toml");
    let text = std::fs::read_to_string(&roster).expect("the roster");
    std::fs::write(&roster, text.replacen("[store]", &format!("{config}\n[store]"), 1))
        .expect("the roster");
    let lines = lines(&[json!({"a": "x", "comment": "one"}), json!({"a": "x", "comment": "two"})]);
    project.write("tasks.jsonl", &lines);
    assert!(project.run(&LOAD).starts_with("2 new, 0 duplicates"));
    answer_all(&project);
    project.write("tasks.jsonl", &project.run(&["export"]));
    assert!(project.run(&LOAD).starts_with("0 new, 2 duplicates"));
    assert!(project.run(&TRY).starts_with("0 new, 2 duplicates"));
}

fn a_claim_to_be_a_task_of_the_same_file_is_none(place: &TestStore) {
    let project = project("interface = \"text\"", place);
    project.write("tasks.jsonl", "{\"text\":\"a\"}\n");
    project.run(&LOAD);
    let exported = project.run(&["export", "--format", "tasks"]);
    let id = serde_json::from_str::<Value>(&exported).expect("a line")["_id"].clone();
    let elsewhere = TestStore::sqlite();
    let other = self::project("interface = \"text\"", &elsewhere);
    let mut file: Vec<Value> = (0..6000).map(|n| json!({"text": n.to_string()})).collect();
    file.insert(0, json!({"text": "a"}));
    file.push(json!({"text": "b", "_id": id}));
    other.write("tasks.jsonl", &lines(&file));
    assert!(other.run(&TRY).starts_with("6002 new, 0 duplicates"));
    assert!(other.run(&LOAD).starts_with("6002 new, 0 duplicates"));
    assert!(other.run(&LOAD).starts_with("0 new, 6002 duplicates"));
}

fn an_edited_line_under_an_old_id_is_refused_and_an_answer_is_not(place: &TestStore) {
    let project = project("interface = \"text\"", place);
    project.write("tasks.jsonl", &lines(&[json!({"text": "one"}), json!({"text": "two"})]));
    project.run(&LOAD);
    {
        let daemon = project.start();
        let andy = Annotator::new("andy", &daemon.addresses());
        for task in andy.ask(10)["tasks"].as_array().expect("tasks") {
            let mut answer = task.clone();
            answer["answer"] = json!("accept");
            answer["comment"] = json!("odd");
            answer["mood"] = json!("good");
            let given = andy.give(&[answer]);
            assert_eq!(given["results"][0]["status"], "saved", "{given}");
        }
    }
    let answers = project.run(&["export"]);
    project.write("tasks.jsonl", &answers);
    assert_eq!(project.run(&LOAD), "0 new, 2 duplicates: 2 loaded before\n");
    let mut edited: Vec<Value> =
        answers.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    edited[1]["text"] = json!("changed");
    project.write("tasks.jsonl", &lines(&edited));
    let said = refused(&project, &LOAD, 65);
    assert!(said.contains("tasks.jsonl:2:9:") && said.contains("another `text`"), "{said}");
    assert!(said.contains("take _id, _input_hash and _task_hash out of the line"), "{said}");
    assert!(said.contains("0 new, 1 duplicate: 1 loaded before"), "{said}");
    for key in ["_id", "_input_hash", "_task_hash"] {
        edited[1].as_object_mut().expect("an object").remove(key);
    }
    project.write("tasks.jsonl", &lines(&edited));
    assert!(project.run(&LOAD).starts_with("1 new, 1 duplicate"));
    // An _id of another project says nothing.
    edited[1]["_id"] = json!("00000000000000000000000000000000");
    project.write("tasks.jsonl", &lines(&edited[1..]));
    assert_eq!(project.run(&LOAD), "0 new, 1 duplicate: 1 loaded before\n");
}

fn own_hashes_come_out_to_the_letter(place: &TestStore) {
    let project = project("interface = \"text\"", place);
    let written = ["9007199254740993", "1.0", "\"77\"", "-5"];
    let line = |hash: &&str| format!("{{\"text\":\"a\",\"_task_hash\":{hash}}}");
    let text = written.iter().map(line).collect::<Vec<_>>().join("\n");
    project.write("tasks.jsonl", &text);
    assert_eq!(project.run(&LOAD), "4 new, 0 duplicates\n");
    {
        let daemon = project.start();
        let andy = Annotator::new("andy", &daemon.addresses());
        for task in andy.ask(10)["tasks"].as_array().expect("tasks") {
            let given = andy.give(&[json!({"_id": task["_id"], "answer": "accept"})]);
            assert_eq!(given["results"][0]["status"], "saved", "{given}");
        }
    }
    let answers = project.run(&["export"]);
    for hash in written {
        assert!(answers.contains(&format!("\"_task_hash\":{hash},")), "{hash}: {answers}");
    }
    for (hash, why) in
        [("1.5", "not whole"), ("18446744073709551616", "64 bits"), ("\"x\"", "no number")]
    {
        project.write("tasks.jsonl", &format!("{{\"text\":\"a\",\"_task_hash\":{hash}}}\n"));
        let said = refused(&project, &LOAD, 65);
        assert!(said.contains("tasks.jsonl:1:26:") && said.contains(why), "{hash}: {said}");
    }
}

fn answers_to_blocks_that_show_what_another_sets_come_back(place: &TestStore) {
    let project = project("interface = \"blocks\"\nlabels = [\"X\", \"Y\"]", place);
    let roster = project.path().join("annotators.toml");
    let text = std::fs::read_to_string(&roster).expect("the roster");
    let blocks =
        "[project.config]\nblocks = [{ view_id = \"ner\" }, { view_id = \"spans_manual\" }]";
    std::fs::write(&roster, text.replacen("[store]", &format!("{blocks}\n[store]"), 1))
        .expect("the roster");
    let span = |label: &str| json!([{"start": 0, "end": 3, "label": label}]);
    let tasks = [
        json!({"text": "one two"}),
        json!({"text": "one two", "spans": span("X")}),
        json!({"text": "one two", "spans": span("Y")}),
    ];
    project.write("tasks.jsonl", &lines(&tasks));
    assert_eq!(project.run(&LOAD), "3 new, 0 duplicates\n");
    {
        let daemon = project.start();
        let andy = Annotator::new("andy", &daemon.addresses());
        for task in andy.ask(10)["tasks"].as_array().expect("tasks") {
            let spans = json!([{"start": 4, "end": 7, "label": "X"}]);
            let given =
                andy.give(&[json!({"_id": task["_id"], "answer": "accept", "spans": spans})]);
            assert_eq!(given["results"][0]["status"], "saved", "{given}");
        }
    }
    project.write("tasks.jsonl", &project.run(&["export"]));
    for arguments in [&TRY[..], &LOAD[..]] {
        let said = project.run(arguments);
        assert!(said.starts_with("0 new, 3 duplicates: 3 loaded before"), "{said}");
    }
    project.run(&["verify"]);
}

#[test]
fn what_keys_of_meta_steer_is_said() {
    let project =
        Project::new("demo", "interface = \"text\"", "demo.db", "annotations = 1", &["andy"]);
    project.write(
        "tasks.jsonl",
        &lines(&[
            json!({"text": "one", "meta": {"gold": "reject"}}),
            json!({"text": "two", "meta": {"gold": null, "priority": 3}}),
            json!({"text": "three", "meta": {"gold": null}}),
        ]),
    );
    let said = project.run(&LOAD);
    assert!(said.starts_with("3 new, 0 duplicates\n"), "{said}");
    assert!(said.contains("1 new task has meta.gold and is a gold task (a check)"), "{said}");
    assert!(said.contains("1 new task has meta.priority"), "{said}");
    assert!(!project.run(&LOAD).contains("gold"));
    for wrong in [json!(true), json!(1)] {
        project.write("tasks.jsonl", &lines(&[json!({"text": "x", "meta": {"gold": wrong}})]));
        let said = refused(&project, &LOAD, 65);
        assert!(said.contains("tasks.jsonl:1:28: expected the right answer, such as"), "{said}");
    }
}

/// A real kind of file: what tells its lines apart is neither an input key nor a task key to
/// Prodigy.
#[test]
fn lines_that_show_different_things_are_different_tasks() {
    let five = |line: fn(usize) -> Value| lines(&(0..5).map(line).collect::<Vec<_>>());
    let template = "[project.config]\nhtml_template = \"<p>{{q}}</p><p>{{a}}</p>\"";
    let options = "[project.config]\nblocks = [{ view_id = \"audio\" }, { view_id = \"choice\", \
                   options = [{ id = \"A\", text = \"A\" }] }]";
    for (interface, text) in [
        (
            "interface = \"audio\"\nlabels = [\"SPEECH\"]".to_owned(),
            five(|n| json!({"audio": format!("{n}.wav"), "label": "SPEECH"})),
        ),
        (
            "interface = \"llm_io\"\nlabels = [\"HELPFUL\"]".to_owned(),
            five(|n| json!({"prompt": n.to_string(), "response": "r", "label": "HELPFUL"})),
        ),
        (
            format!("interface = \"html\"\n{template}"),
            five(|n| json!({"q": "Where?", "a": n.to_string(), "label": "HELPFUL"})),
        ),
        (
            format!("interface = \"blocks\"\n{options}"),
            five(|n| json!({"audio": format!("{n}.wav"), "meta": {"source": "desk"}})),
        ),
    ] {
        let project = Project::new("demo", &interface, "demo.db", "annotations = 1", &["andy"]);
        project.write("tasks.jsonl", &text);
        assert_eq!(project.run(&LOAD), "5 new, 0 duplicates\n", "{interface}");
        assert_eq!(project.run(&LOAD), "0 new, 5 duplicates: 5 loaded before\n", "{interface}");
    }
}

/// Answers the tasks that come first, each with these keys besides.
fn answer_with(project: &Project, count: usize, keys: &Value) {
    let daemon = project.start();
    let andy = Annotator::new("andy", &daemon.addresses());
    let asked = andy.ask(count);
    let answer = |task: &Value| {
        let mut answer = keys.clone();
        answer["_id"] = task["_id"].clone();
        answer["answer"] = "accept".into();
        answer
    };
    let answers: Vec<Value> =
        asked["tasks"].as_array().expect("tasks").iter().map(answer).collect();
    let given = andy.give(&answers);
    assert_eq!(given["results"][0]["status"], "saved", "{given}");
}

fn an_answer_after_its_task_in_one_file_adds_nothing_across_batches(place: &TestStore) {
    let project = project("interface = \"text\"", place);
    // More than a batch of the load holds.
    let tasks = (0..2500).fold(String::new(), |all, n| format!("{all}{{\"text\":\"t{n}\"}}\n"));
    project.write("tasks.jsonl", &tasks);
    project.run(&LOAD);
    answer_with(&project, 1, &json!({"note": "mine"}));
    let exported = project.run(&["export"]);
    project.write("tasks.jsonl", &format!("{tasks}{exported}"));
    for arguments in [&TRY[..], &LOAD[..]] {
        let said = project.run(arguments);
        assert!(said.starts_with("0 new, 2501 duplicates"), "{said}");
    }
}

fn answers_with_renamed_labels_come_back(place: &TestStore) {
    let config =
        "[project.config]\nblocks = [{ view_id = \"ner_manual\" }, { view_id = \"choice\" }]";
    let project = project("interface = \"blocks\"\nlabels = [\"OLD\"]", place);
    let roster = project.path().join("annotators.toml");
    let text = std::fs::read_to_string(&roster).expect("the roster");
    let text = text.replacen("[store]", &format!("{config}\n[store]"), 1);
    std::fs::write(&roster, &text).expect("the roster");
    project.write("tasks.jsonl", "{\"text\":\"Ada in Rome\"}\n");
    project.run(&LOAD);
    let span = json!({"start": 0, "end": 3, "token_start": 0, "token_end": 0, "label": "OLD"});
    answer_with(&project, 1, &json!({"spans": [span], "accept": []}));
    let renamed = text.replace("[\"OLD\"]", "[\"NEW\"]\nrenamed = { OLD = \"NEW\" }");
    std::fs::write(&roster, renamed).expect("the roster");
    let exported = project.run(&["export"]);
    assert!(exported.contains("NEW"), "{exported}");
    project.write("tasks.jsonl", &exported);
    let said = project.run(&LOAD);
    assert!(said.starts_with("0 new, 1 duplicate"), "{said}");
}
