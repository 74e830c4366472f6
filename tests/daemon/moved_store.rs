//! A store of which a file is moved, removed or replaced under a daemon. Nothing more is
//! acknowledged, `/ready` and the log say why, and what was acknowledged is saved. Answers that
//! wait are stored once the file is back or the daemon is restarted.

use crate::common::annotator::Annotator;
use crate::common::daemon::{Daemon, Project};
use crate::common::{wait_for, wait_until};
use serde_json::{Value, json};

fn project() -> Project {
    let interface = "interface = \"classification\"\nlabels = [\"X\"]";
    let project = Project::new("demo", interface, "demo.db", "annotations = 1", &["andy"]);
    let lines: Vec<String> =
        (0..5).map(|n| format!("{{\"text\":\"{n}\",\"label\":\"X\"}}")).collect();
    project.write("tasks.jsonl", &lines.join("\n"));
    project.run(&["load", "-i", "tasks.jsonl"]);
    project
}

/// What a path of the lead's port replies, with its status.
fn lead(daemon: &Daemon, path: &str) -> (u16, String) {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let address = format!("{}{path}", daemon.addresses().of("lead"));
    let mut reply = agent.get(&address).call().expect("a reply");
    (reply.status().as_u16(), reply.body_mut().read_to_string().expect("a text"))
}

fn answer(asked: &Value, nth: usize) -> Value {
    json!({"_id": asked["tasks"][nth]["_id"], "answer": "accept"})
}

fn give(andy: &Annotator, answer: &Value) -> Option<Value> {
    andy.try_post("give_answers", &json!({"answers": [answer]}))
}

const FILES: [&str; 3] = ["demo.db", "demo.db-wal", "demo.db-shm"];

fn shift(project: &Project, files: &[&str], from: &str, to: &str) {
    for file in files {
        let at = |folder: &str| project.path().join(folder).join(file);
        std::fs::rename(at(from), at(to)).expect("moved");
    }
}

#[test]
fn nothing_is_acknowledged_while_the_file_is_away_and_all_goes_on_when_it_is_back() {
    let project = project();
    std::fs::create_dir(project.path().join("away")).expect("a folder");
    let daemon = project.start();
    let andy = Annotator::new("andy", &daemon.addresses());
    let asked = andy.ask(3);
    assert_eq!(andy.give(&[answer(&asked, 0)])["saved"], 1);

    shift(&project, &FILES, "", "away");
    assert!(give(&andy, &answer(&asked, 1)).is_none(), "503");
    let (status, ready) = lead(&daemon, "ready");
    assert_eq!(status, 503, "{ready}");
    assert!(ready.contains("its file was moved or removed"), "{ready}");
    let (_, told) = lead(&daemon, "api/status");
    assert!(told.contains("its file was moved or removed"), "{told}");
    wait_until("the log", || project.log().contains("its file was moved or removed"));

    shift(&project, &FILES, "away", "");
    let saved = wait_for("the store", || give(&andy, &answer(&asked, 1)));
    assert_eq!(saved["results"][0]["status"], "saved");
    assert_eq!(lead(&daemon, "ready").0, 200);
    assert!(daemon.stop().success());
    assert_eq!(project.run(&["export"]).lines().count(), 2);
    project.run(&["verify"]);
}

#[test]
fn a_restore_in_the_place_of_a_running_daemons_file_loses_no_answer() {
    let project = project();
    std::fs::create_dir(project.path().join("away")).expect("a folder");
    let daemon = project.start();
    let andy = Annotator::new("andy", &daemon.addresses());
    let asked = andy.ask(3);
    assert_eq!(andy.give(&[answer(&asked, 0)])["saved"], 1);
    project.run(&["backup", "-o", "backup.zst"]);
    let restore = ["restore", "-i", "backup.zst"];

    // As long as one of SQLite's files is left, the daemon is known.
    shift(&project, &["demo.db"], "", "away");
    let refused = project.annotd(&restore);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(73), "{said}");
    assert!(said.contains(&format!("process {} has", daemon.pid())), "{said}");
    assert!(said.contains("Nothing was restored."), "{said}");
    assert!(!project.path().join("demo.db").exists());

    shift(&project, &["demo.db-wal", "demo.db-shm"], "", "away");
    project.run(&restore);
    assert!(give(&andy, &answer(&asked, 1)).is_none(), "503");
    let (status, ready) = lead(&daemon, "ready");
    assert_eq!(status, 503, "{ready}");
    assert!(ready.contains("another file is at its path"), "{ready}");
    assert!(daemon.stop().success());

    let daemon = project.start();
    let andy = Annotator::new("andy", &daemon.addresses());
    assert_eq!(andy.give(&[answer(&asked, 1)])["saved"], 1, "it waited in the browser");
    assert!(daemon.stop().success());
    assert_eq!(project.run(&["export"]).lines().count(), 2);
    project.run(&["verify"]);
}

/// What happens to files of a store under a daemon.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Harm {
    Removed,
    Moved,
    /// Another file is renamed over it.
    Replaced,
    /// It is linked to another name, and its own is removed.
    LinkedAway,
}

impl Harm {
    fn happen(self, project: &Project, file: &str) {
        let (path, away) = (project.path().join(file), project.path().join("away").join(file));
        match self {
            Self::Removed => std::fs::remove_file(path).expect("removed"),
            Self::Moved => std::fs::rename(path, away).expect("moved"),
            Self::Replaced => {
                std::fs::write(&away, "").expect("written");
                std::fs::rename(away, path).expect("replaced");
            }
            Self::LinkedAway => {
                std::fs::hard_link(&path, away).expect("linked");
                std::fs::remove_file(path).expect("removed");
            }
        }
    }
}

/// Does what `/ready` says, after the daemon was killed.
fn follow(project: &Project, files: &[&str], harm: Harm, ready: &str) {
    let at = |name: &str| project.path().join(name);
    let remove_all = || {
        for file in FILES {
            let _ = std::fs::remove_file(at(file));
        }
    };
    if ready.contains("demo.db.saved") {
        remove_all();
        std::fs::rename(at("demo.db.saved"), at("demo.db")).expect("renamed");
    } else if files.contains(&"demo.db") {
        assert_ne!(harm, Harm::Removed, "only a copy can help: {ready}");
        remove_all();
        std::fs::rename(at("away/demo.db"), at("demo.db")).expect("put back");
    } else {
        assert!(ready.contains("all acknowledged answers are in demo.db"), "{ready}");
    }
}

#[test]
fn whatever_becomes_of_a_file_of_the_store_nothing_that_was_acknowledged_is_lost() {
    const WITH: [&[&str]; 5] = [
        &["demo.db-wal"],
        &["demo.db-shm"],
        &["demo.db-wal", "demo.db-shm"],
        &["demo.db"],
        &["demo.db", "demo.db-wal", "demo.db-shm"],
    ];
    for files in WITH {
        for harm in [Harm::Removed, Harm::Moved, Harm::Replaced, Harm::LinkedAway] {
            for second_command in [false, true] {
                let case = format!("{files:?} {harm:?}, another command: {second_command}");
                let project = project();
                std::fs::create_dir(project.path().join("away")).expect("a folder");
                let daemon = project.start();
                let andy = Annotator::new("andy", &daemon.addresses());
                let asked = andy.ask(3);
                let two = [answer(&asked, 0), answer(&asked, 1)];
                assert_eq!(andy.give(&two)["saved"], 2, "{case}");
                for file in files {
                    harm.happen(&project, file);
                }
                if second_command {
                    // Whether it succeeds or not.
                    project.annotd(&["export", "-o", "out.jsonl"]);
                }
                assert!(give(&andy, &answer(&asked, 2)).is_none(), "{case}: 503");
                let (status, ready) = lead(&daemon, "ready");
                assert_eq!(status, 503, "{case}: {ready}");
                drop(daemon);
                follow(&project, files, harm, &ready);

                let daemon = project.start();
                let andy = Annotator::new("andy", &daemon.addresses());
                assert_eq!(andy.give(&[answer(&asked, 2)])["saved"], 1, "{case}: it waited");
                assert!(daemon.stop().success(), "{case}");
                assert_eq!(project.run(&["export"]).lines().count(), 3, "{case}");
                project.run(&["verify"]);
            }
        }
    }
}
