//! A mixture through HTTP while annotators join and leave: every task gets exactly the answers that
//! were planned, and every share is exact.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::common::annotator::Annotator;
use crate::common::daemon::{Addresses, Daemon, Project};
use crate::common::stores::TestStore;
use serde_json::Value;

const MIXTURE: &str = "mix = [{ share = 0.7, annotations = 1 }, { share = 0.3, annotations = 3 }]";
/// Tasks that are asked for at a time.
const BATCH: usize = 50;

fn project(place: &TestStore, rules: &str, people: &[&str], tasks: usize) -> Project {
    let allocation = format!("{MIXTURE}\nlease = \"10s\"\n{rules}");
    let interface = "interface = \"classification\"\nlabels = [\"X\"]";
    let project = Project::new("mixed", interface, &place.url, &allocation, people);
    let lines: Vec<String> =
        (0..tasks).map(|n| format!("{{\"text\":\"task {n}\",\"label\":\"X\"}}")).collect();
    // In two loads: the second goes on where the first stopped.
    let (first, second) = lines.split_at(tasks * 2 / 5 + 1);
    project.write("first.jsonl", &first.join("\n"));
    project.write("all.jsonl", &lines.join("\n"));
    project.run(&["load", "-i", "first.jsonl"]);
    let said = project.run(&["load", "-i", "all.jsonl"]);
    let (new, before) = (second.len(), first.len());
    assert_eq!(said, format!("{new} new, {before} duplicates: {before} loaded before\n"));
    project
}

/// Another roster in the same folder.
fn change(project: &Project, from: &str, to: &str) {
    let path = project.path().join("annotators.toml");
    let roster = std::fs::read_to_string(&path).expect("the roster");
    assert!(roster.contains(from), "{from} stands in the roster");
    std::fs::write(&path, roster.replace(from, to)).expect("the roster");
}

fn all_work(people: &[&str], addresses: &Addresses) {
    std::thread::scope(|scope| {
        for name in people {
            scope.spawn(move || Annotator::new(name, addresses).work(BATCH, |_, _| {}));
        }
    });
}

/// Works until this many answers are given.
fn work_a_while(daemon: &Daemon, name: &str, answers: usize) {
    let annotator = Annotator::new(name, &daemon.addresses());
    let mut given = 0;
    while given < answers {
        let asked = annotator.ask(BATCH);
        let tasks = asked["tasks"].as_array().expect("tasks");
        assert!(!tasks.is_empty(), "there is enough for {name}: {asked}");
        let answers: Vec<Value> = tasks
            .iter()
            .map(|task| {
                let mut answer = task.clone();
                answer["answer"] = "accept".into();
                answer
            })
            .collect();
        given += answers.len();
        annotator.give(&answers);
    }
}

/// What must hold at the end.
fn check(project: &Project, tasks: usize, never: &[&str]) {
    let lines: Vec<Value> = project
        .run(&["export", "--format", "tasks"])
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), tasks);
    let (mut thrice, mut answers) = (0, 0);
    for (n, line) in (1..).zip(&lines) {
        let wanted = line["wanted"].as_u64().expect("a number");
        thrice += u64::from(wanted == 3);
        assert!(wanted == 1 || wanted == 3, "{line}");
        // Within one task of its due after any number of tasks, in tenths of a task.
        assert!((thrice * 10).abs_diff(n * 3) < 10, "{thrice} of the first {n}");
        let people: BTreeSet<&str> = line["answers"]
            .as_array()
            .expect("answers")
            .iter()
            .map(|answer| answer["annotator"].as_str().expect("a name"))
            .collect();
        assert_eq!((people.len() as u64, &line["finished"]), (wanted, &true.into()), "{line}");
        assert!(never.iter().all(|name| !people.contains(name)), "{line}");
        answers += wanted;
    }
    let tasks = tasks as u64;
    assert_eq!((thrice, answers), (tasks * 3 / 10, tasks * 16 / 10));
    assert_eq!(project.run(&["export"]).lines().count() as u64, answers, "nothing over");
}

fn five_annotators(place: &TestStore) {
    let people = ["ada", "ben", "cleo", "dora", "emil"];
    let project = project(place, "", &people, 10_000);
    let daemon = project.start();
    all_work(&people, &daemon.addresses());
    assert!(daemon.stop().success());
    check(&project, 10_000, &[]);
}

/// `ada` never comes, `ben` leaves half-way with leased tasks, `fay` joins half-way.
fn people_come_and_go(place: &TestStore, rules: &str, tasks: usize) {
    let people = ["ada", "ben", "cleo", "dora", "emil"];
    let project = project(place, rules, &people, tasks);
    let daemon = project.start();
    for name in ["ben", "cleo", "dora", "emil"] {
        work_a_while(&daemon, name, tasks / 10);
    }
    let asked = Annotator::new("ben", &daemon.addresses()).ask(BATCH);
    assert!(!asked["tasks"].as_array().expect("tasks").is_empty(), "he leaves with leased tasks");
    assert!(daemon.stop().success());
    change(&project, "name = \"ben\"", "name = \"fay\"");
    let daemon = project.start();
    // An annotator who is done asks now and then: a task of an absent one is theirs after a
    // time.
    let began = Instant::now();
    loop {
        all_work(&["cleo", "dora", "emil", "fay"], &daemon.addresses());
        let status: Value =
            serde_json::from_str(&project.run(&["status", "--json"])).expect("JSON");
        if status["total"]["finished"] == tasks {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(180), "unfinished for long: {status}");
        std::thread::sleep(Duration::from_millis(500));
    }
    assert!(daemon.stop().success());
    check(&project, tasks, &["ada"]);
}

#[test]
fn a_mixture_over_ten_thousand_tasks_is_exact_on_sqlite() {
    five_annotators(&TestStore::sqlite());
}

#[test]
fn a_mixture_over_ten_thousand_tasks_is_exact_on_mongodb() {
    five_annotators(&TestStore::mongo());
}

#[test]
fn everything_is_finished_although_annotators_join_and_leave_on_sqlite() {
    people_come_and_go(&TestStore::sqlite(), "", 10_000);
}

#[test]
fn everything_is_finished_although_annotators_join_and_leave_on_mongodb() {
    people_come_and_go(&TestStore::mongo(), "", 10_000);
}

/// Tasks that name an annotator who never comes go to those who have nothing else left.
#[test]
fn tasks_of_an_absent_annotator_are_finished_by_others_on_sqlite() {
    people_come_and_go(&TestStore::sqlite(), "route = \"balanced\"\nsteal_after = \"1m\"", 600);
}

#[test]
fn tasks_of_an_absent_annotator_are_finished_by_others_on_mongodb() {
    people_come_and_go(&TestStore::mongo(), "route = \"balanced\"\nsteal_after = \"1m\"", 600);
}
