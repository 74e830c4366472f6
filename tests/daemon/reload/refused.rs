//! A roster with a mistake changes nothing; log, dashboard and systemd name its place.

use std::net::TcpListener;

use serde_json::json;

use crate::reload::Kept;
use crate::reload::team::{Roster, Team};

/// Has this text refused, and holds everything against what was before: what is said, in the log,
/// in the status line and on the dashboard, has the place and the words.
fn refused(team: &Team, text: &str, place: &str, words: &str, remedy: &str) {
    let mut andy = Kept::open(team, 9010);
    let said = team.reload(text);
    assert!(said.contains("roster rejected; the previous one stays in force"), "{said}");
    for part in [place, words, remedy] {
        assert!(said.contains(part), "{part:?} is not in the log:\n{said}");
    }
    let line = team.status_line_with("The roster was rejected at");
    assert!(line.starts_with("Serving 1 annotator. "), "{line}");
    let shown = team.problems().join("\n");
    for part in [place, words, remedy] {
        assert!(line.contains(part), "{part:?} is not in the status: {line}");
        assert!(shown.contains(part), "{part:?} is not on the dashboard: {shown}");
    }
    assert!(line.contains("stays in force") && shown.contains("stays in force"));
    andy.ask();
    let status = team.status();
    assert_eq!(status["annotators"].as_array().map(Vec::len), Some(1));
    assert_eq!(team.get(9010, "project")["labels"], json!(["X"]));
    // Once the roster is corrected, the problem is gone.
    let said = team.reload(&team.roster.text());
    assert!(said.contains("roster applied"), "{said}");
    assert_eq!(team.problems(), Vec::<String>::new());
    assert_eq!(team.status_line_with("Serving"), "Serving 1 annotator");
}

fn team() -> Team {
    Team::start(Roster::of(&[("andy", 9010)]))
}

/// The roster with labels that must not take effect.
fn changed(team: &Team, change: impl FnOnce(&mut Roster)) -> String {
    let mut roster = team.roster.clone();
    roster.project = roster.project.replace("[\"X\"]", "[\"NEW\"]");
    change(&mut roster);
    roster.text()
}

/// The line and column of the first place where this stands in a text.
fn place(text: &str, what: &str) -> String {
    let at = text.find(what).expect("it is in the text");
    let line = text[..at].matches('\n').count() + 1;
    let column = at - text[..at].rfind('\n').map_or(0, |n| n + 1) + 1;
    format!("annotators.toml:{line}:{column}")
}

#[test]
fn a_mistake_in_the_roster() {
    let team = team();
    let text = changed(&team, |roster| roster.allocation = "annotation = 1".into());
    refused(
        &team,
        &text,
        &place(&text, "annotation ="),
        "has no `annotation`",
        "did you mean `annotations`?",
    );
}

#[test]
fn a_text_that_is_no_roster() {
    let team = team();
    let text = changed(&team, |roster| roster.server = "cert = ".into());
    refused(&team, &text, &place(&text, "\n[allocation]"), "value", "");
}

#[test]
fn a_port_that_another_program_has() {
    let team = team();
    let other = TcpListener::bind((team.roster.bind, 0)).expect("a port");
    let port = other.local_addr().expect("an address").port();
    let text = changed(&team, |roster| {
        roster.people.push(("li".into(), 9012, String::new()));
        roster.people.push(("mara".into(), port, String::new()));
    });
    let words = format!("mara cannot have port {port}: another program uses it");
    refused(&team, &text, &place(&text, &port.to_string()), &words, "ss -ltnp");
    assert!(!team.listens(9012), "a port that was free is closed again");
}

#[test]
fn a_port_that_is_lost_while_all_move_brings_the_old_address_back() {
    let mut roster = Roster::of(&[("andy", 0)]).at_free_ports();
    roster.allocation = "annotations = 1".into();
    let mut team = Team::start(roster);
    let andy = team.roster.people[0].1;
    // Another program on another address of this machine is in the way of all addresses at once.
    let other = TcpListener::bind(("127.63.255.1", 0)).expect("a port");
    let port = other.local_addr().expect("an address").port();
    let text = {
        let mut next = team.roster.clone();
        next.bind = std::net::Ipv4Addr::UNSPECIFIED;
        next.server = "access = \"open\"".into();
        next.people.push(("li".into(), port, String::new()));
        next.text()
    };
    let said = team.reload(&text);
    assert!(
        said.contains(&format!("li cannot have port {port}: another program uses it")),
        "{said}"
    );
    assert_eq!(team.get(andy, "project")["annotator"], "andy");
    team.edit(|_| {});
    assert_eq!(team.get(andy, "project")["annotator"], "andy");
}

#[test]
fn an_address_that_is_not_this_machines() {
    let team = team();
    let text = changed(&team, |roster| {
        roster.bind = "192.0.2.1".parse().expect("an address");
        roster.server = "access = \"open\"".into();
    });
    let at = place(&text, "\"192.0.2.1\"");
    refused(&team, &text, &at, "this machine has no address 192.0.2.1", "ip address shows");
}

#[test]
fn another_store() {
    let team = team();
    let text = changed(&team, |roster| roster.store = "other.db".into());
    let at = place(&text, "\"other.db\"");
    refused(&team, &text, &at, "the store cannot change while annotd runs", "restart annotd");
}

#[test]
fn another_project() {
    let team = team();
    let text = changed(&team, |roster| {
        roster.project = roster.project.replace("\"demo\"", "\"other\"");
    });
    let at = place(&text, "\"other\"");
    refused(&team, &text, &at, "the project's name cannot change", "restart annotd");
}

#[test]
fn instructions_and_tasks_that_are_not_there() {
    let team = team();
    let text = changed(&team, |roster| roster.project.push_str("\ninstructions = \"none.md\""));
    let at = place(&text, "\"none.md\"");
    refused(&team, &text, &at, "cannot read the instructions", "relative to the roster's folder");
    let text = changed(&team, |roster| roster.project.push_str("\ntasks = [\"none.jsonl\"]"));
    refused(&team, &text, &place(&text, "\"none.jsonl\""), "none.jsonl", "");
}

#[test]
fn a_file_that_is_gone() {
    let team = team();
    std::fs::remove_file(team.project.path().join("annotators.toml")).expect("it was there");
    let said = team.hang_up();
    assert!(said.contains("cannot read the roster") && said.contains("No such file"), "{said}");
    assert!(team.problems()[0].contains("cannot read the roster"), "{:?}", team.problems());
    assert_eq!(team.get(9010, "project")["annotator"], "andy");
}

#[test]
fn a_file_that_never_ends() {
    let team = team();
    let roster = team.project.path().join("annotators.toml");
    for end in ["/dev/zero", "a pipe"] {
        std::fs::remove_file(&roster).expect("it was there");
        if end == "a pipe" {
            let made = std::process::Command::new("mkfifo").arg(&roster).status();
            assert!(made.expect("mkfifo runs").success());
        } else {
            std::os::unix::fs::symlink(end, &roster).expect("a link");
        }
        let said = team.hang_up();
        assert!(said.contains("cannot read the roster"), "{said}");
        assert!(said.contains("it is not a regular file"), "{said}");
    }
    assert_eq!(team.get(9010, "project")["annotator"], "andy");
}

#[test]
fn ports_without_a_conflict_are_bound_before_any_is_closed() {
    let mut team = team();
    let mut lead = Kept::open(&team, 9000);
    let other = TcpListener::bind((team.roster.bind, 9050)).expect("a port");
    // The lead and andy exchange their ports, for which both have to be closed; but li cannot come.
    let roster = team.roster.clone();
    let said = team.edit(|roster| {
        roster.lead = 9010;
        roster.person("andy").1 = 9000;
        roster.people.push(("li".into(), 9050, String::new()));
    });
    assert!(said.contains("li cannot have port 9050"), "{said}");
    team.roster = roster;
    lead.ask();
    drop(other);
    let said = team.edit(|roster| {
        roster.lead = 9010;
        roster.person("andy").1 = 9000;
    });
    assert!(said.contains("roster applied"), "{said}");
    assert_eq!(team.get(9000, "project")["annotator"], "andy");
    assert_eq!(team.status()["project"], "demo");
}
