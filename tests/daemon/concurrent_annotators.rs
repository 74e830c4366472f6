//! Eight annotators at once: every task gets exactly the answers that it wants, whatever crashes in
//! between.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::annotator::Annotator;
use crate::common::daemon::{Addresses, Project};
use crate::common::stores::TestStore;
use serde_json::Value;

const TASKS: usize = 600;
const WANTED: usize = 3;
const PEOPLE: [&str; 8] = ["ada", "ben", "cleo", "dora", "emil", "fay", "gus", "hana"];

/// The answers that were acknowledged, by annotator and task.
#[derive(Default)]
struct Acknowledged {
    answers: Mutex<BTreeMap<(String, String), String>>,
    count: AtomicUsize,
}

impl Acknowledged {
    fn add(&self, name: &str, id: &str, answer: &str) {
        let key = (name.to_owned(), id.to_owned());
        self.answers.lock().expect("no thread panicked").insert(key, answer.to_owned());
        self.count.fetch_add(1, Ordering::SeqCst);
    }
}

fn project(place: &TestStore, people: &[&str]) -> Project {
    Project::new(
        "race",
        "interface = \"classification\"\nlabels = [\"X\"]",
        &place.url,
        &format!("annotations = {WANTED}"),
        people,
    )
}

fn load(project: &Project) {
    let lines: Vec<String> =
        (0..TASKS).map(|n| format!("{{\"text\":\"task {n}\",\"label\":\"X\"}}")).collect();
    project.write("tasks.jsonl", &lines.join("\n"));
    let said = project.run(&["load", "-i", "tasks.jsonl"]);
    assert_eq!(said, format!("{TASKS} new, 0 duplicates\n"));
}

fn all_work(people: &[&str], addresses: &Addresses, acknowledged: &Acknowledged) {
    std::thread::scope(|scope| {
        for name in people {
            scope.spawn(move || {
                Annotator::new(name, addresses)
                    .work(10, |id, answer| acknowledged.add(name, id, answer));
            });
        }
    });
}

/// What must hold at the end, by the export and by the database itself.
fn check(project: &Project, place: &TestStore, acknowledged: &Acknowledged) {
    let tasks: Vec<Value> = project
        .run(&["export", "--format", "tasks"])
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(tasks.len(), TASKS);
    let mut stored = BTreeMap::new();
    for task in &tasks {
        let answers = task["answers"].as_array().expect("answers");
        assert_eq!(answers.len(), WANTED, "{task}");
        assert_eq!(task["finished"], true, "{task}");
        let people: BTreeSet<&str> =
            answers.iter().map(|answer| answer["annotator"].as_str().expect("a name")).collect();
        assert_eq!(people.len(), WANTED, "an annotator answered twice: {task}");
        for answer in answers {
            let who = answer["annotator"].as_str().expect("a name").to_owned();
            let id = task["_id"].as_str().expect("an id").to_owned();
            stored.insert((who, id), answer["answer"].as_str().expect("an answer").to_owned());
        }
    }
    assert_eq!(stored.len(), TASKS * WANTED);
    let lines = project.run(&["export"]);
    assert_eq!(lines.lines().count(), TASKS * WANTED, "one line for each answer");
    for (key, answer) in acknowledged.answers.lock().expect("no thread panicked").iter() {
        assert_eq!(stored.get(key), Some(answer), "acknowledged and not there: {key:?}");
    }
    place.check_seen_and_coders("race", TASKS, WANTED);
}

fn race(place: &TestStore) {
    let project = project(place, &PEOPLE);
    load(&project);
    let daemon = project.start();
    let acknowledged = Acknowledged::default();
    all_work(&PEOPLE, &daemon.addresses(), &acknowledged);
    assert_eq!(acknowledged.count.load(Ordering::SeqCst), TASKS * WANTED);
    assert!(daemon.stop().success());
    check(&project, place, &acknowledged);
}

fn crash(place: &TestStore) {
    let project = project(place, &PEOPLE);
    load(&project);
    let mut daemon = project.start();
    let acknowledged = Acknowledged::default();
    std::thread::scope(|scope| {
        let addresses = daemon.addresses();
        let acknowledged = &acknowledged;
        let workers = scope.spawn(move || all_work(&PEOPLE, &addresses, acknowledged));
        for part in 1..=3 {
            let enough = TASKS * WANTED * part / 4;
            crate::common::wait_until("answers before the crash", || {
                acknowledged.count.load(Ordering::SeqCst) >= enough
            });
            assert!(!workers.is_finished(), "the crash comes in the middle");
            daemon.kill_and_restart();
        }
    });
    assert!(daemon.stop().success());
    check(&project, place, &acknowledged);
}

#[test]
fn eight_annotators_give_exactly_three_answers_each_on_sqlite() {
    race(&TestStore::sqlite());
}

#[test]
fn eight_annotators_give_exactly_three_answers_each_on_mongodb() {
    race(&TestStore::mongo());
}

#[test]
fn killed_in_the_middle_of_the_race_nothing_acknowledged_is_lost_on_sqlite() {
    crash(&TestStore::sqlite());
}

#[test]
fn killed_in_the_middle_of_the_race_nothing_acknowledged_is_lost_on_mongodb() {
    crash(&TestStore::mongo());
}

#[test]
fn two_daemons_on_one_mongodb_give_exactly_three_answers_each() {
    let place = TestStore::mongo();
    let (here, there) = (project(&place, &PEOPLE[..4]), project(&place, &PEOPLE[4..]));
    load(&here);
    let (one, two) = (here.start(), there.start());
    let acknowledged = Acknowledged::default();
    std::thread::scope(|scope| {
        let (first, second) = (one.addresses(), two.addresses());
        let acknowledged = &acknowledged;
        scope.spawn(move || all_work(&PEOPLE[..4], &first, acknowledged));
        scope.spawn(move || all_work(&PEOPLE[4..], &second, acknowledged));
    });
    assert!(one.stop().success());
    assert!(two.stop().success());
    check(&here, &place, &acknowledged);
}
