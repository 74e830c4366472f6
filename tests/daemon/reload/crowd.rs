//! Two hundred listeners at work while others are added, removed and moved: no request fails.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::json;

use crate::reload::team::{Roster, Team, agent, answered, get, post};

/// Annotators who stay, and are at work all the time.
const STAYING: u16 = 200;
/// Threads that work for them.
const THREADS: u16 = 8;
/// Changes, one after the other: an annotator is added, moved, and removed.
const CHANGES: u16 = 90;

#[test]
fn no_request_of_two_hundred_who_stay_fails() {
    let people: Vec<(String, u16, String)> =
        (0..STAYING).map(|n| (format!("a{n}"), 10_000 + n, String::new())).collect();
    let mut team = Team::start(Roster { people, ..Roster::of(&[]) });
    team.load(5_000);
    let bind = team.roster.bind;
    let (over, requests) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (over, requests) = (&over, &requests);
                scope.spawn(move || work(bind, thread, over, requests))
            })
            .collect();
        for n in 0..CHANGES {
            let name = format!("new{}", n / 3);
            team.edit(|roster| match n % 3 {
                0 => roster.people.push((name, 20_000 + n, String::new())),
                1 => roster.person(&name).1 = 20_000 + n,
                _ => roster.people.retain(|(who, ..)| *who != name),
            });
        }
        over.store(true, Ordering::Relaxed);
        for worker in workers {
            worker.join().expect("no request failed");
        }
    });
    let (many, log) = (requests.into_inner(), team.project.log());
    assert!(many > 2 * u64::from(STAYING), "only {many} requests: the workers did not work");
    assert_eq!(log.matches("roster applied").count(), usize::from(CHANGES));
    assert!(!log.contains("ERROR"), "{log}");
    let restarts = team.status()["annotators"]
        .as_array()
        .map(|all| all.iter().filter_map(|one| one["restarts"].as_u64()).sum::<u64>());
    assert_eq!(restarts, Some(0));
}

/// Works for every eighth of those who stay, each over a connection that is kept, until it is over.
fn work(bind: Ipv4Addr, thread: u16, over: &AtomicBool, requests: &AtomicU64) {
    let mine: Vec<_> = (0..STAYING)
        .filter(|n| n % THREADS == thread)
        .map(|n| (format!("http://{bind}:{}", 10_000 + n), agent()))
        .collect();
    // Each annotator works at least twice, however fast the changes are.
    let mut rounds = 0;
    while rounds < 2 || !over.load(Ordering::Relaxed) {
        for (url, agent) in &mine {
            let ask = post(agent, &format!("{url}/get_session_questions"), &json!({"n": 1}));
            let (status, asked) = ask.unwrap_or_else(|why| panic!("{url}: {why}"));
            assert_eq!(status, 200, "{url}: {asked}");
            let answers: Vec<_> =
                asked["tasks"].as_array().expect("tasks").iter().map(answered).collect();
            let give = post(agent, &format!("{url}/give_answers"), &json!({"answers": answers}));
            let (status, given) = give.unwrap_or_else(|why| panic!("{url}: {why}"));
            assert_eq!(status, 200, "{url}: {given}");
            get(agent, &format!("{url}/progress")).unwrap_or_else(|why| panic!("{url}: {why}"));
            requests.fetch_add(3, Ordering::Relaxed);
        }
        rounds += 1;
    }
}
