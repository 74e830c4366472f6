//! The commands, as a person at a terminal or a script meets them: what they print, and with
//! which exit code they end.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::daemon::{Project, annotd};
use crate::common::outside_data::outside_data;
use serde_json::Value;

const CLASSIFICATION: &str = "interface = \"classification\"\nlabels = [\"X\"]";

fn project(allocation: &str) -> Project {
    Project::new("demo", CLASSIFICATION, "demo.db", allocation, &["andy", "zach", "li"])
}

fn stderr(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn load_says_how_many_were_new_and_a_second_load_adds_none() {
    let Some(file) = outside_data("newsapi-raw-with-duplicates.jsonl") else { return };
    let project = project("annotations = 3");
    let file = file.to_str().expect("UTF-8");
    let within = "61 within this file (line 2 repeats line 1)";
    let said = project.run(&["load", "-i", file]);
    assert_eq!(said, format!("939 new, 61 duplicates: {within}\n"));
    let said = project.run(&["load", "-i", file]);
    assert_eq!(said, format!("0 new, 1000 duplicates: {within}, 939 loaded before\n"));
    let status: Value = serde_json::from_str(&project.run(&["status", "--json"])).expect("JSON");
    assert_eq!(status["total"]["tasks"], 939);
    assert_eq!(status["total"]["wanted"], 939 * 3);
}

#[test]
fn a_broken_line_is_refused_with_its_place_and_loading_goes_on_after_the_mend() {
    let project = project("annotations = 1");
    let good = |n: usize| format!("{{\"text\":\"task {n}\",\"label\":\"X\"}}");
    let mut lines: Vec<String> = (1..=900).map(good).collect();
    lines[699] = "{\"text\": \"ümlaut\" \"label\": \"X\"}".into();
    project.write("tasks.jsonl", &lines.join("\n"));
    let refused = project.annotd(&["load", "-i", "tasks.jsonl"]);
    assert_eq!(refused.status.code(), Some(65));
    let said = stderr(&refused);
    assert!(said.contains("tasks.jsonl:700:19: expected `,` or `}`, found `\"label\"`"), "{said}");
    assert!(said.contains("Loaded before it: 699 new, 0 duplicates.\nhint: Fix the line and run the command again; loading resumes there\n"), "{said}");
    lines[699] = good(700);
    project.write("tasks.jsonl", &lines.join("\n"));
    let said = project.run(&["load", "-i", "tasks.jsonl"]);
    assert_eq!(said, "201 new, 699 duplicates: 699 loaded before\n");
}

#[test]
fn wrong_lines_go_to_the_rejects_and_the_rest_is_loaded() {
    let project = Project::new(
        "demo",
        CLASSIFICATION,
        "demo.db",
        "annotations = 1\nassign_field = \"meta.for\"",
        &["andy", "zach"],
    );
    project.write(
        "tasks.jsonl",
        "{\"text\":\"a\"}\n[]\n{\"text\":\"b\",\"meta\":{\"for\":\"eve\"}}\n\
         {\"text\":\"c\",\"meta\":{\"for\":\"zach\"}}\nnonsense\n{\"text\":\"d\"}\n",
    );
    let said = project.run(&["load", "-i", "tasks.jsonl", "--rejects", "wrong.jsonl"]);
    assert_eq!(said, "3 new, 0 duplicates, 3 lines rejected (see wrong.jsonl)\n");
    let rejects = std::fs::read_to_string(project.path().join("wrong.jsonl")).expect("rejects");
    let rejects: Vec<Value> =
        rejects.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(
        rejects.iter().map(|r| r["line"].as_u64()).collect::<Vec<_>>(),
        [Some(2), Some(3), Some(5)]
    );
    let reason = rejects[1]["reason"].as_str().expect("a reason");
    assert!(reason.contains("meta.for names \"eve\", who is not in the roster"), "{reason}");
}

#[test]
fn the_rejects_do_not_overwrite_the_input() {
    let project = project("annotations = 1");
    project.write("tasks.jsonl", "{\"text\":\"a\"}\n");
    let arguments = ["load", "-i", "tasks.jsonl", "--rejects", "./tasks.jsonl"];
    assert_eq!(project.annotd(&arguments).status.code(), Some(73));
    let text = std::fs::read_to_string(project.path().join("tasks.jsonl")).expect("the file");
    assert_eq!(text, "{\"text\":\"a\"}\n");
}

#[test]
fn nothing_is_written_over_a_file_that_annotd_works_with() {
    let project = project("annotations = 1");
    let roster = project.path().join("annotators.toml");
    let text = std::fs::read_to_string(&roster).expect("the roster");
    let named = "[project]\ntasks = [\"in/*.jsonl\", \"./elsewhere/../dot/*.jsonl\"]\ninstructions = \"codebook.md\"\n\
                 media = \"media\"\n";
    std::fs::write(&roster, text.replacen("[project]\n", named, 1)).expect("the roster");
    for folder in ["in", "in/deep", "dot", "media", "media/deep", "elsewhere"] {
        std::fs::create_dir(project.path().join(folder)).expect("a folder");
    }
    project.write("in/tasks.jsonl", "{\"text\":\"a\",\"label\":\"X\"}\n");
    project.write("codebook.md", "Read this.");
    project.write("media/deep/a.png", "a picture");
    project.write("other.db", "SQLite format 3\0 and more");
    project.write("more.jsonl", "{\"text\":\"b\",\"label\":\"X\"}\n");
    project.run(&["load", "-i", "more.jsonl"]);
    let at = |name: &str| project.path().join(name);
    let protected = [
        ("in/tasks.jsonl", "a task file of the roster"),
        ("codebook.md", "the codebook"),
        ("demo.db", "a file of the store"),
        ("annotators.toml", "the roster"),
        ("media/deep/a.png", "in the folder of media"),
    ];
    let mut refused = vec![
        // What is not there yet, and would be taken for what it is not.
        ("demo.db-wal".to_owned(), "a file of the store"),
        ("demo.db-journal".to_owned(), "a file of the store"),
        ("demo.db.format-2.20260301T020000Z".to_owned(), "a file of the store"),
        (
            "in/new.jsonl".to_owned(),
            "a file that the daemon would load as tasks when it next starts",
        ),
        (
            "dot/new.jsonl".to_owned(),
            "a file that the daemon would load as tasks when it next starts",
        ),
        ("other.db".to_owned(), "an SQLite database"),
        ("media/new.png".to_owned(), "in the folder of media"),
    ];
    for (index, (name, what)) in protected.into_iter().enumerate() {
        refused.push((name.to_owned(), what));
        refused.push((format!("elsewhere/../{name}"), what));
        let (hard, soft) = (format!("elsewhere/hard{index}"), format!("elsewhere/soft{index}"));
        std::fs::hard_link(at(name), at(&hard)).expect("a link");
        std::os::unix::fs::symlink(at(name), at(&soft)).expect("a link");
        refused.extend([(hard, what), (soft, what)]);
    }
    std::os::unix::fs::symlink(at("demo.db-shm"), at("elsewhere/loose")).expect("a link");
    refused.push(("elsewhere/loose".to_owned(), "a file of the store"));
    let before: Vec<Vec<u8>> =
        protected.iter().map(|(name, _)| std::fs::read(at(name)).expect("the file")).collect();
    for (name, what) in &refused {
        for arguments in [
            &["export", "-o", name][..],
            &["backup", "-o", name],
            &["load", "-i", "more.jsonl", "--rejects", name],
            &["load", "-i", "more.jsonl", "--duplicates", name],
        ] {
            let output = project.annotd(arguments);
            assert_eq!(output.status.code(), Some(73), "{arguments:?}: {}", stderr(&output));
            let option = arguments[arguments.len() - 2];
            let words = format!("{option} names {name}, which is {what}");
            assert!(stderr(&output).contains(&words), "{arguments:?}: {}", stderr(&output));
        }
    }
    let after: Vec<Vec<u8>> =
        protected.iter().map(|(name, _)| std::fs::read(at(name)).expect("the file")).collect();
    assert_eq!(before, after);
    assert!(!at("in/new.jsonl").exists() && !at("demo.db-journal").exists());
    // Other files may lie in the folder of media, as task files often do.
    project.run(&["export", "-o", "media/answers.jsonl"]);
    project.run(&["export", "-o", "in/answers.csv", "--format", "csv"]);
    project.run(&["export", "-o", "in/deep/answers.jsonl"]);
}

#[test]
fn a_load_writes_neither_over_its_input_nor_both_lists_into_one_file() {
    let project = project("annotations = 1");
    project.write("tasks.jsonl", "{\"text\":\"a\",\"label\":\"X\"}\n");
    let at = |name: &str| project.path().join(name);
    std::fs::hard_link(at("tasks.jsonl"), at("hard.jsonl")).expect("a link");
    let load = |rejects: &str, duplicates: &str| {
        let lists = ["--rejects", rejects, "--duplicates", duplicates];
        let refused = project.annotd(&[&["load", "-i", "tasks.jsonl"], &lists[..]].concat());
        assert_eq!(refused.status.code(), Some(73), "{lists:?}");
        stderr(&refused)
    };
    let said = load("hard.jsonl", "b");
    assert!(said.contains("--rejects names hard.jsonl, which is the input itself"), "{said}");
    let said = load("a", "./tasks.jsonl");
    assert!(said.contains("--duplicates names ./tasks.jsonl, which is the input itself"), "{said}");
    let said = load("a", "./a");
    assert!(
        said.contains("--rejects and --duplicates name the same file\nhint: name two files"),
        "{said}"
    );
    // Its standard input is an input, too.
    let mut command = annotd(project.path());
    command.args(["load", "-i", "-", "--rejects", "tasks.jsonl"]);
    command.stdin(std::fs::File::open(at("tasks.jsonl")).expect("the file"));
    let refused = command.output().expect("annotd runs");
    assert_eq!(refused.status.code(), Some(73), "{}", stderr(&refused));
    let text = std::fs::read_to_string(at("tasks.jsonl")).expect("the file");
    assert_eq!(text, "{\"text\":\"a\",\"label\":\"X\"}\n");
}

#[test]
fn rejects_of_before_stay_until_there_are_new_ones() {
    let project = project("annotations = 1");
    project.write("tasks.jsonl", "{\"text\":\"a\"}\n");
    project.write("wrong.jsonl", "kept from before\n");
    let read = || std::fs::read_to_string(project.path().join("wrong.jsonl")).expect("the file");
    project.run(&["load", "-i", "tasks.jsonl", "--rejects", "wrong.jsonl"]);
    assert_eq!(read(), "kept from before\n");
    project.write("tasks.jsonl", "{\"text\":\"b\"}\nno task\n");
    project.run(&["load", "-i", "tasks.jsonl", "--rejects", "wrong.jsonl"]);
    assert!(read().starts_with("{\"file\":"), "{}", read());
}

#[test]
fn tasks_with_nothing_to_show_are_refused_with_a_remedy() {
    let project = project("annotations = 1");
    project.write("semicolons.csv", "text;label,x\nhello;X,1\n");
    let refused = project.annotd(&["load", "-i", "semicolons.csv"]);
    assert_eq!(refused.status.code(), Some(65));
    let said = stderr(&refused);
    assert!(said.contains("expected a task with `text`, `html` or `image`, found"), "{said}");
    assert!(said.contains("separate the cells by commas"), "{said}");
    let dry = stderr(&project.annotd(&["load", "-i", "semicolons.csv", "--dry-run"]));
    assert!(!dry.contains("Admitted"), "{dry}");
    project.write("tasks.jsonl", "{\"text\":\"a\"}\n{\"n\":1,\"text\":5}\n");
    let refused = stderr(&project.annotd(&["load", "-i", "tasks.jsonl"]));
    let words = "tasks.jsonl:2:15: expected a text under `text`, found a number (write it in";
    assert!(refused.contains(words), "{refused}");
}

#[test]
fn a_file_without_tasks_is_refused_and_an_empty_one_is_not() {
    let project = project("annotations = 1");
    for (name, text) in
        [("a.csv", "text,label\n"), ("a.json", "[]"), ("a.jsonl", "\n\n"), ("a.txt", " \n")]
    {
        project.write(name, text);
        let refused = project.annotd(&["load", "-i", name]);
        assert_eq!(refused.status.code(), Some(65), "{name}");
        assert!(stderr(&refused).contains(&format!("{name} has no task in it")), "{name}");
    }
    project.write("empty.jsonl", "");
    project.run(&["load", "-i", "empty.jsonl"]);
}

#[test]
fn a_table_that_is_read_otherwise_than_written_is_told() {
    let project = project("annotations = 1");
    project.write("sheet.csv", "Text;Label\nHello, world;X\n");
    let loaded = project.annotd(&["load", "-i", "sheet.csv"]);
    assert!(loaded.status.success());
    let said = stderr(&loaded);
    assert!(said.contains("sheet.csv: the cells are separated by `;`."), "{said}");
    assert!(said.contains("sheet.csv: read `Text` as `text`, `Label` as `label`."), "{said}");
}

#[test]
fn more_answers_than_people_are_refused() {
    let project = project("annotations = 1");
    project.write("tasks.jsonl", "{\"text\":\"a\"}\n");
    let refused = project.annotd(&["load", "-i", "tasks.jsonl", "--annotations", "4"]);
    assert_eq!(refused.status.code(), Some(78));
    assert!(stderr(&refused).contains("has 3 active annotators"), "{}", stderr(&refused));
}

#[test]
fn an_export_of_a_stranger_is_refused() {
    let project = project("annotations = 1");
    project.write("tasks.jsonl", "{\"text\":\"a\"}\n");
    project.run(&["load", "-i", "tasks.jsonl"]);
    project.run(&["export", "--annotator", "zach"]);
    let refused = project.annotd(&["export", "--annotator", "bob"]);
    assert_eq!(refused.status.code(), Some(1));
}

#[test]
fn a_table_begins_with_a_byte_order_mark_where_people_open_it() {
    let project = project("annotations = 1");
    project.write("tasks.jsonl", "{\"text\":\"é\"}\n");
    project.run(&["load", "-i", "tasks.jsonl"]);
    let head = "\"date\",\"coder\",\"diff\",\"id\",\"answer\",";
    assert!(project.run(&["export", "--format", "csv"]).starts_with(head));
    let marked = project.run(&["export", "--format", "csv", "--bom", "--raw"]);
    assert!(marked.starts_with(&format!("\u{feff}{head}")), "{marked}");
    // Excel opens a file with a double click; what programs read has no mark.
    let in_file = |options: &[&str]| {
        let mut all = vec!["export", "--format", "csv", "-o", "answers.csv"];
        all.extend(options);
        project.run(&all);
        std::fs::read_to_string(project.path().join("answers.csv")).expect("the table")
    };
    assert!(in_file(&[]).starts_with(&format!("\u{feff}{head}")));
    assert!(in_file(&["--raw"]).starts_with(head));
    for option in ["--bom", "--raw"] {
        let refused = project.annotd(&["export", option]);
        assert_eq!(refused.status.code(), Some(2));
        assert!(stderr(&refused).contains("add --format csv"), "{}", stderr(&refused));
    }
}

#[test]
fn a_dry_run_touches_nothing() {
    let project = project("annotations = 1");
    project.write("tasks.jsonl", "{\"text\":\"a\"}\n{\"text\":\"b\"}\n");
    let said = project.run(&["load", "-i", "tasks.jsonl", "--dry-run"]);
    assert_eq!(said, "2 new, 0 duplicates (a dry run: nothing was loaded)\n");
    assert!(!project.path().join("demo.db").exists());
}

#[test]
fn check_shows_five_mistakes_at_once_with_place_and_remedy() {
    let project = project("annotations = 1");
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rosters");
    let sample = std::fs::read_dir(samples)
        .expect("samples")
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.to_string_lossy().contains("five"))
        .expect("the sample with five mistakes");
    let checked = project.annotd(&["check", "--roster", sample.to_str().expect("UTF-8")]);
    assert_eq!(checked.status.code(), Some(78));
    let said = stderr(&checked);
    assert_eq!(said.matches("error: ").count(), 5, "{said}");
    assert_eq!(said.matches("= help: ").count(), 5, "{said}");
    assert_eq!(said.matches(" --> ").count(), 5, "{said}");
    assert!(said.contains("has 5 mistakes"), "{said}");
}

#[test]
fn check_looks_for_the_files_that_the_roster_names() {
    let project = Project::new(
        "demo",
        &format!(
            "{CLASSIFICATION}\ninstructions = \"none.md\"\ntasks = [\"tasks/*.jsonl\"]\nmedia = \"none\""
        ),
        "demo.db",
        "annotations = 1",
        &["andy"],
    );
    let checked = project.annotd(&["check"]);
    assert_eq!(checked.status.code(), Some(78));
    let said = stderr(&checked);
    assert!(said.contains("annotators.toml:5:16"), "{said}");
    assert!(said.contains("annotators.toml:6:10"), "{said}");
    assert!(said.contains("annotators.toml:7:9"), "{said}");
    assert!(said.contains("name a folder that is there"), "{said}");
}

#[test]
fn check_shows_who_gets_which_port() {
    let project = project("annotations = 1");
    project.write("tasks.jsonl", "{\"text\":\"a\"}\n");
    project.run(&["load", "-i", "tasks.jsonl"]);
    let said = project.run(&["check", "--store"]);
    for part in ["andy", "9010", "http://127.0.0.1:9012/", "(lead)", "sqlite"] {
        assert!(said.contains(part), "{part} is missing:\n{said}");
    }
    let json: Value = serde_json::from_str(&project.run(&["check", "--json"])).expect("JSON");
    assert_eq!(json["annotators"][1]["port"], 9011);
}

#[test]
fn if_nobody_can_have_a_port_all_are_named_and_nothing_starts() {
    let taken: Vec<TcpListener> =
        (0..2).map(|_| TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
    let port = |n: usize| taken[n].local_addr().expect("an address").port();
    let lead = TcpListener::bind("127.0.0.1:0").expect("a port");
    let lead_port = lead.local_addr().expect("an address").port();
    drop(lead);
    let folder = tempfile::tempdir().expect("a folder");
    let roster = format!(
        "[project]\nname = \"demo\"\ninterface = \"text\"\n[lead]\nport = {lead_port}\n\
         [[annotator]]\nname = \"andy\"\nport = {}\n[[annotator]]\nname = \"zach\"\nport = {}\n\
         [allocation]\nannotations = 1\n",
        port(0),
        port(1)
    );
    std::fs::write(folder.path().join("annotators.toml"), roster).expect("a roster");
    let output = annotd(folder.path()).output().expect("annotd runs");
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains(&format!("andy cannot have port 127.0.0.1:{}", port(0))), "{said}");
    assert!(said.contains(&format!("zach cannot have port 127.0.0.1:{}", port(1))), "{said}");
    assert_eq!(stdout(&output), "");
}

#[test]
fn an_address_that_everybody_can_reach_needs_a_key_unless_it_is_said_otherwise() {
    let project = project("annotations = 1");
    project.write("tasks.jsonl", "{\"text\":\"a\"}\n");
    project.run(&["load", "-i", "tasks.jsonl"]);
    let roster = std::fs::read_to_string(project.path().join("annotators.toml")).expect("roster");
    project.write("annotators.toml", &format!("[server]\nbind = \"0.0.0.0\"\n{roster}"));
    project.run(&["check"]);
    assert!(project.run(&["link", "andy"]).contains(":9010/?key="));
    project.write(
        "annotators.toml",
        &format!("[server]\nbind = \"0.0.0.0\"\naccess = \"open\"\n{roster}"),
    );
    project.run(&["check"]);
    assert!(project.run(&["link", "andy"]).ends_with(":9010/\n"));
}

#[test]
fn exit_codes_tell_scripts_what_went_wrong() {
    let project = project("annotations = 1");
    let code = |arguments: &[&str]| project.annotd(arguments).status.code();
    assert_eq!(code(&["nonsense"]), Some(2));
    assert_eq!(code(&["load"]), Some(2));
    assert_eq!(code(&["status", "--roster", "none.toml"]), Some(78));
    assert_eq!(code(&["load", "-i", "none.jsonl"]), Some(65));
    assert_eq!(code(&["export"]), Some(69), "there is no store yet");
    assert!(!project.path().join("demo.db").exists(), "looking makes no store");
    project.write("tasks.jsonl", "{\"text\":\"a\"}\n");
    assert_eq!(code(&["load", "-i", "tasks.jsonl"]), Some(0));
    assert_eq!(code(&["export", "-o", "no/such/folder/answers.jsonl"]), Some(73));
    let away = annotd(project.path())
        .env("ANNOTD_STORE_URL", "mongodb://127.0.0.1:9/x?serverSelectionTimeoutMS=300")
        .arg("status")
        .output()
        .expect("annotd runs");
    assert_eq!(away.status.code(), Some(69), "{}", stderr(&away));
}

#[test]
fn a_store_of_another_project_is_refused_with_a_remedy() {
    let project = project("annotations = 1");
    project.write("tasks.jsonl", "{\"text\":\"a\"}\n");
    project.run(&["load", "-i", "tasks.jsonl"]);
    let refused = project.annotd(&["load", "-i", "-", "-c", "other"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("holds the project \"demo\""), "{}", stderr(&refused));
}

#[test]
fn verify_names_what_is_wrong_and_repairs_what_can_be_derived() {
    let project = project("annotations = 2");
    let tasks: Vec<String> = (0..30).map(|n| format!("{{\"text\":\"task {n}\"}}")).collect();
    project.write("tasks.jsonl", &tasks.join("\n"));
    assert_eq!(project.annotd(&["verify"]).status.code(), Some(69), "there is no store yet");
    project.run(&["load", "-i", "tasks.jsonl"]);
    let clean = project.annotd(&["verify"]);
    assert_eq!((clean.status.code(), stdout(&clean)), (Some(0), String::new()));
    assert_eq!(stderr(&clean), "30 tasks checked; no contradictions.\n");

    let store = rusqlite::Connection::open(project.path().join("demo.db")).expect("the store");
    let sql = "UPDATE task SET free = 1 WHERE seq > 5; UPDATE totals SET wanted = 7";
    store.execute_batch(sql).expect("damage");
    let id: String =
        store.query_row("SELECT id FROM task WHERE seq = 6", [], |row| row.get(0)).expect("a task");
    let damaged = project.annotd(&["verify"]);
    assert_eq!(damaged.status.code(), Some(1));
    let said = stdout(&damaged);
    assert!(said.contains(&format!("task {id} breaks free: 1 is kept, and 2 follows")), "{said}");
    assert!(said.contains("the project breaks figures: wanted is kept as 7"), "{said}");
    assert_eq!((said.lines().count(), said.contains("… and 5 more of free")), (22, true), "{said}");
    let said = stderr(&damaged);
    assert!(said.contains("All of it can be repaired: run `annotd verify --repair`."), "{said}");
    let json = project.annotd(&["verify", "--json"]);
    assert_eq!(json.status.code(), Some(1));
    let json: Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!((&json["found"], &json["repairable"]), (&26.into(), &26.into()));
    assert_eq!(json["findings"].as_array().map(Vec::len), Some(26));

    let repaired = project.annotd(&["verify", "--repair"]);
    assert_eq!(repaired.status.code(), Some(0), "{}", stdout(&repaired));
    assert!(
        stderr(&repaired).contains("26 contradictions found, all repaired."),
        "{}",
        stderr(&repaired)
    );
    assert_eq!(project.annotd(&["verify"]).status.code(), Some(0));

    // What cannot be derived stays.
    store.execute("UPDATE task SET body = '{\"text\":\"x\"}' WHERE seq = 6", []).expect("damage");
    let left = project.annotd(&["verify", "--repair"]);
    assert_eq!(left.status.code(), Some(1));
    assert!(stdout(&left).contains(&format!("task {id} breaks identity: ")), "{}", stdout(&left));
}

#[test]
fn help_has_an_example_for_every_command() {
    let project = project("annotations = 1");
    for command in ["run", "check", "load", "status", "export", "verify"] {
        let said = project.run(&[command, "--help"]);
        assert!(said.contains("Example:\n  annotd "), "{said}");
    }
}

#[test]
fn a_stop_does_not_wait_for_the_task_files() {
    const TASKS: usize = 200_000;
    let project = Project::new(
        "demo",
        "interface = \"text\"\nlabels = [\"X\"]\ntasks = [\"tasks.jsonl\"]",
        "annotd.db",
        "",
        &["andy", "zach", "li"],
    );
    let mut tasks = String::new();
    for number in 0..TASKS {
        writeln!(tasks, "{{\"text\":\"task {number}\"}}").expect("writing to a string");
    }
    project.write("tasks.jsonl", &tasks);
    let mut daemon = annotd(project.path())
        .args(["run", "--any-port"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("annotd starts");
    let loaded = || -> usize {
        let status = project.annotd(&["status", "--json"]);
        let status: Value = serde_json::from_slice(&status.stdout).unwrap_or_default();
        status["total"]["tasks"].as_u64().and_then(|n| n.try_into().ok()).unwrap_or(0)
    };
    crate::common::wait_until("the first tasks", || loaded() > 0);
    let killed = Command::new("kill").arg(daemon.id().to_string()).status().expect("kill runs");
    assert!(killed.success() && daemon.wait().expect("it ends").success());
    assert!(loaded() < TASKS, "everything was loaded before it stopped");
}

#[test]
fn a_simulation_forecasts_answers_pairs_and_the_end_and_touches_nothing() {
    let project = project("annotations = 2\nroute = \"balanced\"");
    let text = project.run(&["simulate", "--tasks", "300"]);
    assert!(
        text.contains("demo: 600 answers, 300 of 300 tasks finished; the last comes on day"),
        "{text}"
    );
    assert!(text.contains("tasks in common"), "{text}");
    let json = project.run(&["simulate", "--tasks", "300", "--json"]);
    let forecast: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(forecast["project"], "demo");
    assert_eq!(forecast["answers"], 600);
    let people = forecast["annotators"].as_array().expect("annotators");
    assert!(people.iter().all(|person| person["answers"] == 200), "{json}");
    let pairs = forecast["pairs"].as_array().expect("pairs");
    assert!(pairs.len() == 3 && pairs.iter().all(|pair| pair["tasks"] == 100), "{json}");
    assert_eq!(forecast["tasks"]["by_answers"]["2"], 300);
    assert_eq!(forecast["end"]["day"], 1);
    let here = std::fs::read_dir(project.path()).expect("the folder");
    let names: Vec<_> = here.map(|entry| entry.expect("an entry").file_name()).collect();
    assert_eq!(names, ["annotators.toml"], "nothing was written");
}

#[test]
fn a_simulation_reads_tasks_as_a_load_does() {
    let project = Project::new(
        "demo",
        "interface = \"classification\"\nlabels = [\"X\"]\ntasks = [\"*.jsonl\"]",
        "demo.db",
        "annotations = 2\nassign_field = \"meta.for\"\nsteal_after = \"never\"",
        &["andy", "zach", "li"],
    );
    project.write(
        "tasks.jsonl",
        "{\"text\":\"a\"}\n{\"text\":\"a\"}\n{\"text\":\"b\",\"meta\":{\"for\":\"zach\"}}\n",
    );
    let text = project.run(&["simulate", "--absent", "zach", "--seconds", "30,li=5"]);
    assert!(text.contains("demo: 2 answers, 1 of 2 tasks finished"), "{text}");
    assert!(text.contains("1 task stays unfinished: waiting for zach"), "{text}");
    project.write("more.jsonl", "{\"text\":\"c\",\"meta\":{\"for\":\"eve\"}}\n");
    let refused = project.annotd(&["simulate"]);
    assert_eq!(refused.status.code(), Some(65));
    assert!(stderr(&refused).contains("more.jsonl:1:1"), "{}", stderr(&refused));
    assert!(!project.path().join("demo.db").exists());
}

#[test]
fn what_cannot_be_simulated_is_refused_with_a_remedy() {
    let project = project("annotations = 1");
    let cases: [(&[&str], i32, &str); 6] = [
        (&["--tasks", "5", "--absent", "eve"], 78, "--absent names \"eve\", who is not in"),
        (&["--tasks", "5", "--joins", "li"], 2, "such as li@3"),
        (&["--tasks", "5", "--agreement", "0.3"], 2, "a share from 0.5 to 1"),
        (&["--tasks", "5", "--hours", "25"], 2, "24 at most"),
        (&["--tasks", "5", "--seconds", "li=7200", "--hours", "1"], 2, "more --hours"),
        (&[], 2, "--tasks N"),
    ];
    for (options, code, words) in cases {
        let arguments: Vec<&str> =
            ["simulate"].into_iter().chain(options.iter().copied()).collect();
        let refused = project.annotd(&arguments);
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(code), "{options:?}: {said}");
        assert!(said.contains(words), "{options:?}: {said}");
    }
}

#[test]
fn a_table_without_a_text_is_told_its_columns_and_what_to_name_one() {
    let project =
        Project::new("demo", "interface = \"text\"", "demo.db", "annotations = 1", &["andy"]);
    project.write("tasks.csv", "satz,meta.source\nEin Satz,desk\n");
    let output = project.annotd(&["load", "-i", "tasks.csv"]);
    assert_eq!(output.status.code(), Some(65));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("a table with the columns `satz`, `meta.source`"), "{said}");
    assert!(said.contains("name the column that holds it `text`, in the first row"), "{said}");
    project.write("tasks.csv", "text,n\nEin Satz,1\n,2\n");
    let output = project.annotd(&["load", "-i", "tasks.csv"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("tasks.csv:3:1:"), "{said}");
    assert!(said.contains("found an empty cell under `text` (fill it in"), "{said}");
}

#[test]
fn an_export_takes_its_format_from_the_name_of_its_file() {
    let project = project("annotations = 1");
    project.write("tasks.jsonl", "{\"text\":\"a\",\"label\":\"X\"}\n");
    project.run(&["load", "-i", "tasks.jsonl"]);
    let export = |arguments: &[&str]| project.annotd(&[&["export"], arguments].concat());
    for (arguments, said) in [
        (&["-o", "a.csv"][..], "0 answers in a.csv (format csv)"),
        (&["-o", "A.CSV"], "0 answers in A.CSV (format csv)"),
        (&["-o", "a.jsonl"], "0 answers in a.jsonl (format jsonl)"),
        (&["-o", "a"], "0 answers in a (format jsonl)"),
        (&["-o", "a.jsonl", "--format", "tasks"], "1 task in a.jsonl (format tasks)"),
        (&["-o", "a.txt", "--format", "csv"], "0 answers in a.txt (format csv)"),
        (&["-o", "b.csv", "--raw"], "0 answers in b.csv (format csv)"),
    ] {
        let output = export(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stderr(&output), format!("{said}\n"), "{arguments:?}");
    }
    for arguments in [
        &["-o", "c.csv", "--format", "jsonl"][..],
        &["-o", "c.csv", "--format", "tasks"],
        &["-o", "c.jsonl", "--format", "csv"],
        &["-o", "c.xlsx"],
        &["-o", "c.tsv"],
        &["-o", "c.jsonl.gz"],
        &["-o", "c.csv.zst", "--format", "csv"],
    ] {
        let output = export(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!project.path().join(arguments[1]).exists(), "{arguments:?}");
    }
}

#[test]
fn a_load_says_whom_its_options_do_not_reach_and_that_answers_are_not_loaded() {
    let project = project("annotations = 1");
    let line = |text: &str| format!("{{\"text\":\"{text}\",\"label\":\"X\"}}\n");
    project.write("tasks.jsonl", &(line("a") + &line("b")));
    project.run(&["load", "-i", "tasks.jsonl"]);
    project.write("more.jsonl", &(line("a") + &line("b") + &line("c")));
    let load = ["load", "-i", "more.jsonl", "--to", "andy", "--priority", "5"];
    let said = project.run(&load);
    let kept = "2 of these tasks were loaded before and keep their settings: --to and --priority apply \
                to new tasks only.\n";
    assert_eq!(said, format!("1 new, 2 duplicates: 2 loaded before\n{kept}"));
    project.write("more.jsonl", &(line("a") + &line("d")));
    let said = project.run(&load[..5]);
    let kept = "1 of these tasks was loaded before and keeps its settings: --to applies to new tasks \
                only.\n";
    assert_eq!(said, format!("1 new, 1 duplicate: 1 loaded before\n{kept}"));
    // Without such an option, or without such tasks, there is nothing to say.
    assert_eq!(project.run(&load[..3]), "0 new, 2 duplicates: 2 loaded before\n");

    let answer = "\"answer\":\"accept\",\"_session_id\":\"demo-andy\"";
    project.write(
        "answers.jsonl",
        &format!("{{\"text\":\"e\",\"label\":\"X\",{answer}}}\n{}", line("f")),
    );
    let said = project.run(&["load", "-i", "answers.jsonl"]);
    let words = "2 new, 0 duplicates\n1 new task is an exported answer: the task is loaded, and the \
                 answer is not.";
    assert!(said.starts_with(words), "{said}");
    assert!(said.contains("use `annotd backup` and `annotd restore`"), "{said}");
}

#[test]
fn places_are_those_of_the_line_in_the_file() {
    let project = Project::new(
        "demo",
        "interface = \"spans_manual\"\nlabels = [\"X\"]",
        "demo.db",
        "annotations = 1",
        &["andy"],
    );
    let load = |text: &str, name: &str| {
        project.write(name, text);
        let refused = project.annotd(&["load", "-i", name]);
        assert_eq!(refused.status.code(), Some(65));
        stderr(&refused)
    };
    let spans = "[{\"start\":0,\"end\":99,\"label\":\"X\"}]";
    let compact = format!("{{\"text\":\"é a\",\"spans\":{spans}}}\n");
    let said = load(&compact, "tasks.jsonl");
    let at = |said: &str, name: &str| -> (usize, usize) {
        let place = said.split(&format!("{name}:")).nth(1).expect("a place");
        let mut numbers = place.split(':').map(|number| number.parse::<usize>().expect("a number"));
        (numbers.next().expect("a line"), numbers.next().expect("a column"))
    };
    let (_, column) = at(&said, "tasks.jsonl");
    let pointed = |text: &str, column: usize| text.chars().skip(column - 1).collect::<String>();
    let target = pointed(&compact, column);
    for (before, colon, comma) in [("", ": ", ", "), ("  ", " :\t", "\t, "), ("\t", " : ", " ,  ")]
    {
        let spans = spans.replace(':', colon).replace(',', comma);
        let spaced =
            format!("{before}{{\"text\"{colon}\"é a\"{comma}\"spans\"{colon}{spans} }} \n");
        let said = load(&spaced, "tasks.jsonl");
        let (line, column) = at(&said, "tasks.jsonl");
        assert_eq!(line, 1);
        assert_eq!(
            pointed(&spaced, column).split_whitespace().next().map(|word| word.chars().next()),
            target.split_whitespace().next().map(|word| word.chars().next()),
            "{said}\n{spaced}"
        );
        let excerpt = said.lines().nth(1).expect("an excerpt").replace(' ', "");
        assert!(excerpt.contains("\"label\""), "the line is shown as it is: {said}");
    }
    // In a file of JSON the line counts as well.
    let pretty = "[\n  {\n    \"text\": \"a\",\n    \"spans\": [\n      {\"start\": 0, \"end\": 99, \
                  \"label\": \"X\"}\n    ]\n  }\n]\n";
    let (line, column) = at(&load(pretty, "tasks.json"), "tasks.json");
    assert!((4..=5).contains(&line) && column > 1, "{line}:{column}");
}

#[test]
fn a_store_whose_folder_is_missing_is_told_with_a_remedy() {
    let project =
        Project::new("demo", CLASSIFICATION, "data/demo.db", "annotations = 1", &["andy"]);
    project.write("tasks.jsonl", "{\"text\":\"a\",\"label\":\"X\"}\n");
    let refused = project.annotd(&["load", "-i", "tasks.jsonl"]);
    assert_eq!(refused.status.code(), Some(69));
    let said = stderr(&refused);
    assert!(said.contains("there is no folder data; make it (mkdir -p data)"), "{said}");
}
