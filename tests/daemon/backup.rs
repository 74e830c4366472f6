//! Back-up and restore, as a sysadmin meets them: beside a running daemon, from one engine into the
//! other, and with files and stores that are not what they should be.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::annotator::Annotator;
use crate::common::daemon::{Project, annotd};
use crate::common::stores::TestStore;
use serde_json::Value;

const TASKS: usize = 400;
const WANTED: usize = 2;
const PEOPLE: [&str; 4] = ["ada", "ben", "cleo", "dora"];

fn project(url: &str) -> Project {
    named("race", url)
}

fn named(name: &str, url: &str) -> Project {
    Project::new(
        name,
        "interface = \"classification\"\nlabels = [\"X\"]",
        url,
        &format!("annotations = {WANTED}"),
        &PEOPLE,
    )
}

fn load(project: &Project, tasks: usize) {
    let lines: Vec<String> =
        (0..tasks).map(|n| format!("{{\"text\":\"task {n}\",\"label\":\"X\"}}")).collect();
    project.write("tasks.jsonl", &lines.join("\n"));
    project.run(&["load", "-i", "tasks.jsonl"]);
}

fn stderr(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A project of three tasks with an answer, and its backup.
fn small() -> (Project, PathBuf) {
    let project = project("annotd.db");
    load(&project, 3);
    let daemon = project.start();
    let ada = Annotator::new("ada", &daemon.addresses());
    let mut answer = ada.ask(1)["tasks"][0].clone();
    answer["answer"] = "accept".into();
    ada.give(&[answer]);
    assert!(daemon.stop().success());
    let said = project.annotd(&["backup", "-o", "backup.zst"]);
    assert!(said.status.success(), "{}", stderr(&said));
    assert_eq!(stderr(&said), "3 tasks and 1 answer in backup.zst\n");
    let file = project.path().join("backup.zst");
    (project, file)
}

/// The lines of a backup, without their line breaks.
fn lines(file: &Path) -> Vec<String> {
    let text = zstd::decode_all(std::fs::File::open(file).expect("it opens")).expect("zstd");
    String::from_utf8(text).expect("UTF-8").lines().map(str::to_owned).collect()
}

fn export(project: &Project) -> BTreeSet<String> {
    project.run(&["export", "--format", "tasks"]).lines().map(str::to_owned).collect()
}

/// All annotators work while a backup is made; what had been acknowledged before
/// is restored.
fn beside_a_daemon(from: &TestStore, to: &TestStore) {
    let here = project(&from.url);
    load(&here, TASKS);
    let daemon = here.start();
    let acknowledged: Mutex<BTreeMap<(String, String), String>> = Mutex::default();
    let count = AtomicUsize::new(0);
    let before = std::thread::scope(|scope| {
        for name in PEOPLE {
            let (addresses, acknowledged, count) = (daemon.addresses(), &acknowledged, &count);
            scope.spawn(move || {
                Annotator::new(name, &addresses).work(10, |id, answer| {
                    let key = (name.to_owned(), id.to_owned());
                    acknowledged.lock().expect("no thread panicked").insert(key, answer.to_owned());
                    count.fetch_add(1, Ordering::SeqCst);
                });
            });
        }
        crate::common::wait_until("half of the answers", || {
            count.load(Ordering::SeqCst) >= TASKS * WANTED / 2
        });
        let before = acknowledged.lock().expect("no thread panicked").clone();
        here.run(&["backup", "-o", "backup.zst"]);
        before
    });
    assert!(daemon.stop().success());

    let there = project(&to.url);
    let file = here.path().join("backup.zst");
    let said = there.run(&["restore", "-i", file.to_str().expect("UTF-8")]);
    assert!(said.starts_with(&format!("{TASKS} tasks and ")), "{said}");
    let verified = there.annotd(&["verify"]);
    assert_eq!(verified.status.code(), Some(0), "{}", stderr(&verified));
    assert!(stderr(&verified).contains("no contradictions"), "{}", stderr(&verified));
    let mut stored = BTreeMap::new();
    for line in there.run(&["export", "--format", "tasks"]).lines() {
        let task: Value = serde_json::from_str(line).expect("JSON");
        let id = task["_id"].as_str().expect("an id");
        for answer in task["answers"].as_array().expect("answers") {
            let who = answer["annotator"].as_str().expect("a name").to_owned();
            let says = answer["answer"].as_str().expect("an answer").to_owned();
            assert_eq!(stored.insert((who, id.to_owned()), says), None, "twice: {line}");
        }
    }
    for (key, answer) in &before {
        assert_eq!(stored.get(key), Some(answer), "acknowledged before, and not there: {key:?}");
    }

    // And the work goes on where it was.
    let daemon = there.start();
    std::thread::scope(|scope| {
        for name in PEOPLE {
            let addresses = daemon.addresses();
            scope.spawn(move || Annotator::new(name, &addresses).work(10, |_, _| ()));
        }
    });
    assert!(daemon.stop().success());
    let status: Value = serde_json::from_str(&there.run(&["status", "--json"])).expect("JSON");
    assert_eq!(status["total"]["finished"], TASKS);
    to.check_seen_and_coders("race", TASKS, WANTED);
}

#[test]
fn a_backup_beside_the_daemon_goes_from_sqlite_to_mongodb() {
    beside_a_daemon(&TestStore::sqlite(), &TestStore::mongo());
}

#[test]
fn a_backup_beside_the_daemon_goes_from_mongodb_to_sqlite() {
    beside_a_daemon(&TestStore::mongo(), &TestStore::sqlite());
}

#[test]
fn a_backup_goes_through_a_pipe_and_can_be_looked_into() {
    let (here, file) = small();
    let text = lines(&file);
    let head: Value = serde_json::from_str(&text[0]).expect("JSON");
    assert_eq!((&head["annotd"], &head["format"]), (&"backup".into(), &2.into()));
    assert_eq!((&head["project"], &head["store"]), (&"race".into(), &"sqlite".into()));
    let task: Value = serde_json::from_str(&text[1]).expect("JSON");
    assert_eq!(task["task"]["task"]["text"], "task 0");
    let end: Value = serde_json::from_str(text.last().expect("lines")).expect("JSON");
    assert_eq!((&end["end"]["tasks"], &end["end"]["answers"]), (&3.into(), &1.into()));

    let there = project("annotd.db");
    let mut backup = annotd(here.path())
        .args(["backup", "-o", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("annotd runs");
    let restored = annotd(there.path())
        .args(["restore", "-i", "-"])
        .stdin(backup.stdout.take().expect("a pipe"))
        .output()
        .expect("annotd runs");
    assert!(backup.wait().expect("it ends").success());
    assert!(restored.status.success(), "{}", stderr(&restored));
    assert_eq!(export(&there), export(&here));

    // Unpacked it is as good.
    let plain = project("annotd.db");
    plain.write("backup.jsonl", &(text.join("\n") + "\n"));
    plain.run(&["restore", "-i", "backup.jsonl"]);
    assert_eq!(export(&plain), export(&here));
}

#[test]
fn a_file_that_is_not_whole_is_refused_before_the_store_is_touched() {
    let (_here, file) = small();
    let whole = std::fs::read(&file).expect("the backup");
    let text = lines(&file);
    let packed =
        |lines: &[String]| zstd::encode_all((lines.join("\n") + "\n").as_bytes(), 3).expect("zstd");
    let changed = |nth: usize, from: &str, to: &str| {
        let mut lines = text.clone();
        lines[nth] = lines[nth].replace(from, to);
        assert_ne!(lines, text);
        packed(&lines)
    };
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x10;
    let mut longer = text.clone();
    longer.push(text[1].clone());
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("truncated", whole[..whole.len() - 9].to_vec(), "is cut short"),
        ("empty", Vec::new(), "is cut short"),
        ("without its last line", packed(&text[..text.len() - 1]), "is cut short"),
        ("in the midst of a line", text.join("\n").as_bytes()[..900].to_vec(), "is cut short"),
        ("a flipped byte", flipped, "is damaged"),
        ("a changed task", changed(1, "task 0", "task 9"), "its checksum is not that of its lines"),
        ("a changed count", changed(text.len() - 1, "\"tasks\":3", "\"tasks\":4"), "says 4 tasks"),
        ("lines behind the end", packed(&longer), "goes on behind its last line"),
        ("nonsense in a line", changed(2, "{\"task\"", "{\"tusk\""), "is damaged"),
        ("a newer format", changed(0, "\"format\":2", "\"format\":3"), "with the newer one"),
        ("tasks", b"{\"text\":\"a\"}\n".to_vec(), "is no backup of annotd's"),
        ("something else", b"hello".to_vec(), "is no backup of annotd's"),
    ];
    let there = project("annotd.db");
    for (what, bytes, words) in cases {
        std::fs::write(there.path().join("bad.zst"), bytes).expect("written");
        let refused = there.annotd(&["restore", "-i", "bad.zst"]);
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(65), "{what}: {said}");
        assert!(said.contains(words), "{what}: {said}");
        let remedies = ["take another backup", "the newer one", "`annotd backup -o FILE`"];
        assert!(remedies.iter().any(|remedy| said.contains(remedy)), "{what}: {said}");
        assert!(!there.path().join("annotd.db").exists(), "{what}: the store was touched");
    }
    let nowhere = there.annotd(&["restore", "-i", "nowhere.zst"]);
    assert_eq!(nowhere.status.code(), Some(65));
    assert!(stderr(&nowhere).contains("cannot open nowhere.zst: "), "{}", stderr(&nowhere));
}

#[test]
fn a_store_that_holds_tasks_and_another_project_are_refused_with_a_remedy() {
    let (here, file) = small();
    let file = file.to_str().expect("UTF-8");
    let before = export(&here);
    let refused = here.annotd(&["restore", "-i", file]);
    assert_eq!(refused.status.code(), Some(73));
    let said = stderr(&refused);
    assert!(said.contains("annotd.db holds 3 tasks already"), "{said}");
    assert!(said.contains("move the file away"), "{said}");
    assert_eq!(export(&here), before);

    let other = named("other", "annotd.db");
    let refused = other.annotd(&["restore", "-i", file]);
    assert_eq!(refused.status.code(), Some(65));
    let said = stderr(&refused);
    assert!(
        said.contains("a backup of the project \"race\", and annotators.toml is the roster of"),
        "{said}"
    );
    assert!(said.contains("with --of race"), "{said}");
    assert!(!other.path().join("annotd.db").exists());
    let refused = other.annotd(&["restore", "-i", file, "--of", "third"]);
    assert_eq!(refused.status.code(), Some(65), "{}", stderr(&refused));
    other.run(&["restore", "-i", file, "--of", "race"]);
    assert_eq!(export(&other).len(), 3);

    let wrong = project("annotd.db");
    wrong.write("annotators.toml", "[project]\n");
    assert_eq!(wrong.annotd(&["restore", "-i", file]).status.code(), Some(78));
    let unreachable = project("mongodb://127.0.0.1:1/annotd?serverSelectionTimeoutMS=50");
    assert_eq!(unreachable.annotd(&["restore", "-i", file]).status.code(), Some(69));
}

#[test]
fn a_restore_that_is_killed_leaves_nothing_that_is_taken_for_whole() {
    const MANY: usize = 10_000;
    let here = project("annotd.db");
    load(&here, MANY);
    here.run(&["backup", "-o", "backup.zst"]);
    let file = here.path().join("backup.zst");
    let file = file.to_str().expect("UTF-8");
    let there = project("annotd.db");
    let mut killed = annotd(there.path())
        .args(["restore", "-i", file])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("annotd runs");
    let store = there.path().join("annotd.db");
    crate::common::wait_until("the first tasks", || {
        let tasks = rusqlite::Connection::open(&store)
            .and_then(|store| store.query_row("SELECT count(*) FROM task", [], |row| row.get(0)));
        tasks.is_ok_and(|tasks: i64| tasks > 0)
    });
    killed.kill().expect("it is ours to kill");
    let status = killed.wait().expect("it ends");
    assert!(!status.success(), "it was over before it could be killed: {status}");

    for command in [&["run", "--any-port"][..], &["status"], &["verify"], &["export"]] {
        let refused = there.annotd(command);
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(1), "{command:?}: {said}");
        assert!(said.contains("is being restored, begun at 2"), "{command:?}: {said}");
        assert!(said.contains("`annotd restore -i FILE` again"), "{command:?}: {said}");
    }
    let again = there.annotd(&["restore", "-i", file]);
    let said = stderr(&again);
    assert!(again.status.success(), "{said}");
    assert!(said.contains("A restore that began at 2") && said.contains("begins again"), "{said}");
    assert_eq!(export(&there), export(&here));
    assert_eq!(there.annotd(&["verify"]).status.code(), Some(0));
}

#[test]
fn a_backup_that_cannot_be_written_or_has_nothing_to_write_says_so() {
    let (here, _) = small();
    let refused = here.annotd(&["backup", "-o", "nowhere/backup.zst"]);
    assert_eq!(refused.status.code(), Some(73), "{}", stderr(&refused));
    let empty = project("annotd.db");
    let refused = empty.annotd(&["backup", "-o", "backup.zst"]);
    assert_eq!(refused.status.code(), Some(69), "{}", stderr(&refused));
    assert!(!empty.path().join("backup.zst").exists());
    for command in ["backup", "restore"] {
        assert!(empty.run(&[command, "--help"]).contains("Example:\n  annotd "));
    }
}

#[cfg(unix)]
#[test]
fn a_store_that_root_makes_belongs_to_the_owner_of_its_folder() {
    use std::os::unix::fs::{MetadataExt, chown};
    const OTHER_USER: (u32, u32) = (54321, 54322);
    let project = project("state/annotd.db");
    let state = project.path().join("state");
    std::fs::create_dir(&state).expect("a folder");
    if std::fs::metadata(&state).expect("it is there").uid() != 0 {
        eprintln!("NOT RUN: only root can give a file to another user");
        return;
    }
    let owner = |name: &str| {
        let metadata = std::fs::metadata(state.join(name)).expect("the file");
        (metadata.uid(), metadata.gid())
    };
    load(&project, 1);
    assert_eq!(owner("annotd.db"), (0, 0), "root's own folder");
    std::fs::remove_file(state.join("annotd.db")).expect("removed");

    if let Err(error) = chown(&state, Some(OTHER_USER.0), Some(OTHER_USER.1)) {
        eprintln!("NOT RUN: this root may not give files away: {error}");
        return;
    }
    load(&project, 1);
    assert_eq!(owner("annotd.db"), OTHER_USER);
    let mode = std::fs::metadata(state.join("annotd.db")).expect("the file").mode();
    assert_eq!(mode & 0o133, 0, "no other user may write to it");
    // While it is open, what SQLite lays beside it is theirs, too.
    let daemon = project.start();
    assert_eq!(owner("annotd.db-wal"), OTHER_USER);
    assert!(daemon.stop().success());
    // A file that is there already stays whose it is.
    chown(state.join("annotd.db"), Some(0), Some(0)).expect("given");
    load(&project, 2);
    assert_eq!(owner("annotd.db"), (0, 0));
}

#[test]
fn the_stores_url_may_come_from_a_systemd_credential() {
    let project = project("roster.db");
    let credentials = project.path().join("credentials");
    std::fs::create_dir(&credentials).expect("a folder");
    let give = |url: &str| std::fs::write(credentials.join("store-url"), url).expect("written");
    let run = |environment: Option<&str>| {
        let mut command = annotd(project.path());
        command.args(["load", "-i", "-"]).env("CREDENTIALS_DIRECTORY", &credentials);
        if let Some(url) = environment {
            command.env("ANNOTD_STORE_URL", url);
        }
        feed(command, "{\"text\":\"a\"}\n")
    };
    let there = |name: &str| project.path().join(name).exists();
    // No such credential among those of the unit.
    assert!(run(None).status.success());
    assert!(there("roster.db"));
    give("credential.db\n");
    assert!(run(None).status.success());
    assert!(there("credential.db"));
    assert!(run(Some("environment.db")).status.success());
    assert!(there("environment.db"));

    for (url, words) in [
        ("postgres://andy:secret@db/annotd\n", "there is no store for postgres: URLs"),
        ("mongodb:///andy:secret\n", "names no server"),
        ("\n", "is empty"),
    ] {
        give(url);
        let refused = run(None);
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(78), "{said}");
        assert!(said.contains("the credential store-url") && said.contains(words), "{said}");
        assert!(!said.contains("secret"), "{said}");
    }
    give("mongodb://andy:secret@127.0.0.1:1/annotd?serverSelectionTimeoutMS=50");
    let away = run(None);
    assert_eq!(away.status.code(), Some(69));
    assert!(!stderr(&away).contains("secret"), "{}", stderr(&away));
    std::fs::write(credentials.join("store-url"), [0xff, 0xfe]).expect("written");
    let refused = run(None);
    assert_eq!(refused.status.code(), Some(78));
    assert!(stderr(&refused).contains("cannot read the credential store-url"));
}

/// Runs a command with this on its standard input.
fn feed(mut command: Command, input: &str) -> std::process::Output {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("annotd runs");
    // A command that refuses its roster does not read.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    child.wait_with_output().expect("it ends")
}

#[test]
fn nothing_is_written_over_the_store_or_the_roster() {
    let (project, _) = small();
    let store = std::fs::read(project.path().join("annotd.db")).expect("the store");
    for target in ["annotd.db", "./annotators.toml"] {
        for command in ["backup", "export"] {
            let refused = project.annotd(&[command, "-o", target]);
            assert_eq!(refused.status.code(), Some(73), "{command} {target}");
            let said = stderr(&refused);
            let what = if target == "annotd.db" { "a file of the store" } else { "the roster" };
            let words = format!("-o names {target}, which is {what}\nhint: name another file");
            assert!(said.contains(&words), "{said}");
        }
    }
    assert_eq!(std::fs::read(project.path().join("annotd.db")).expect("the store"), store);
}
