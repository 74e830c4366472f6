//! An edited roster takes effect while the daemon runs, or not at all; read as a person would read
//! it: on the page, in the log, in `systemctl status` and on the dashboard.

mod access;
mod crowd;
mod editions;
mod one_roster;
mod pages;
mod random;
mod refused;
mod team;
mod trouble;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::json;

use crate::common::wait_until;
use team::{Roster, Team, answered};

/// A connection that is kept open, and shows whether the other end closes it.
struct Kept(TcpStream);

impl Kept {
    fn open(team: &Team, port: u16) -> Self {
        let address = SocketAddr::from((team.roster.bind, port));
        let mut kept = Self(TcpStream::connect(address).expect("the port listens"));
        kept.ask();
        kept
    }

    /// A request over this very connection.
    fn ask(&mut self) {
        let request = b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n";
        self.0.write_all(request).expect("the connection is open");
        let mut reply = Vec::new();
        let mut buffer = [0; 1024];
        while !reply.ends_with(br#"{"status":"alive"}"#) {
            let read = self.0.read(&mut buffer).expect("the connection is open");
            assert!(read > 0, "the connection was closed: {}", String::from_utf8_lossy(&reply));
            reply.extend_from_slice(&buffer[..read]);
        }
    }
}

#[test]
fn an_added_annotator_has_a_port_and_the_others_notice_nothing() {
    let mut team = Team::start(Roster::of(&[("andy", 9010)]));
    team.load(4);
    let mut andy = Kept::open(&team, 9010);
    let mut lead = Kept::open(&team, 9000);
    let said = team.edit(|roster| roster.people.push(("li".into(), 9012, String::new())));
    assert!(said.contains(&format!("li has {}", team.url(9012, ""))), "{said}");
    assert_eq!(team.get(9012, "project")["annotator"], "li");
    assert_eq!(team.ask(9012, 1)["tasks"].as_array().map(Vec::len), Some(1));
    andy.ask();
    lead.ask();
    let told = team.status_line_with("Serving 2 annotators");
    assert_eq!(told, "Serving 2 annotators");
    assert_eq!(team.status()["annotators"][1]["name"], "li");
}

#[test]
fn systemd_is_notified_when_a_reload_begins_and_ends() {
    let team = Team::start(Roster::of(&[("andy", 9010)]));
    let first = "READY=1\nSTATUS=Serving 1 annotator";
    wait_until("READY with a status", || team.told().iter().any(|m| m.starts_with(first)));
    team.hang_up();
    let mut all = Vec::new();
    wait_until("READY after RELOADING", || {
        all.extend(team.told());
        let began = all.iter().position(|message: &String| message.contains("RELOADING=1"));
        began.is_some_and(|at| {
            assert!(all[at].contains("MONOTONIC_USEC="), "{all:?}");
            all[at..].iter().any(|message| message.contains("READY=1"))
        })
    });
}

#[test]
fn a_removed_annotators_page_shows_it_and_its_unsent_answers_are_stored() {
    let mut team = Team::start(Roster::of(&[("andy", 9010), ("zach", 9011)]));
    team.load(3);
    let held = team.ask(9010, 2)["tasks"].clone();
    let said = team.edit(|roster| roster.people.retain(|(name, ..)| name != "andy"));
    assert!(said.contains("andy has left"), "{said}");
    assert_eq!(team.get(9010, "project")["standing"], "left");
    let asked = team.ask(9010, 5);
    assert_eq!((&asked["tasks"], &asked["reason"]), (&json!([]), &json!("left")));
    let body = json!({"session_id": "demo-andy", "answers": [answered(&held[0])]});
    let (_, given) = team.post(9010, "give_answers", &body);
    assert_eq!(given["results"][0]["status"], "saved", "{given}");
    // What andy held and did not answer is zach's.
    wait_until("what andy held is free", || {
        team.ask(9011, 5)["tasks"].as_array().map(Vec::len) == Some(2)
    });
    let status = team.status();
    let states: Vec<_> = [0, 1].map(|n| status["annotators"][n]["state"].clone()).to_vec();
    assert_eq!(states, ["listening", "left"]);
    // And if it was a mistake:
    let said = team.edit(|roster| roster.people.insert(0, ("andy".into(), 9010, String::new())));
    assert!(said.contains(&format!("andy has {}", team.url(9010, ""))), "{said}");
    assert_eq!(team.get(9010, "project")["standing"], "here");
}

#[test]
fn the_old_address_of_a_moved_annotator_names_the_new_one() {
    let mut team = Team::start(Roster::of(&[("andy", 9010), ("zach", 9011)]));
    team.load(4);
    let held = team.ask(9010, 2)["tasks"].clone();
    let mut zach = Kept::open(&team, 9011);
    team.edit(|roster| roster.person("andy").1 = 9015);
    let old = team.get(9010, "project");
    assert_eq!((&old["standing"], &old["moved_to"]), (&json!("moved"), &json!(team.url(9015, ""))));
    assert_eq!(team.ask(9010, 2)["reason"], "moved");
    let (_, given) = team.post(9010, "give_answers", &json!({"answers": [answered(&held[0])]}));
    assert_eq!(given["results"][0]["status"], "saved");
    // Leases stay, at the new address.
    assert_eq!(team.ask(9015, 1)["tasks"][0]["_id"], held[1]["_id"]);
    zach.ask();
    assert_eq!(team.status()["annotators"][0]["port"], 9015);
}

#[test]
fn a_port_with_a_new_owner_takes_the_answers_of_both() {
    let mut team = Team::start(Roster::of(&[("andy", 9010)]));
    team.load(4);
    let held = team.ask(9010, 2)["tasks"].clone();
    let said = team.edit(|roster| roster.person("andy").0 = "andrea".into());
    assert!(said.contains("andrea has http") && said.contains("andy has left"), "{said}");
    assert_eq!(team.get(9010, "project")["annotator"], "andrea");
    let answers = json!([answered(&held[0])]);
    // The page that andy has open says whose it is.
    let old_page = json!({"session_id": "demo-andy", "answers": answers});
    let (_, given) = team.post(9010, "give_answers", &old_page);
    assert_eq!(given["results"][0]["status"], "saved", "{given}");
    let (status, refused) =
        team.post(9010, "get_session_questions", &json!({"session_id": "demo-andy"}));
    assert_eq!((status, &refused["error"]["code"]), (403, &json!("foreign_session")));
    // Answers of an unknown annotator are refused.
    let (status, _) =
        team.post(9010, "give_answers", &json!({"session_id": "demo-eve", "answers": answers}));
    assert_eq!(status, 403);
    let lines = team.project.run(&["export"]);
    assert_eq!(lines.lines().count(), 1);
    assert!(lines.contains("\"_annotator_id\":\"demo-andy\""), "{lines}");
}

#[test]
fn two_people_exchange_their_ports() {
    let mut team = Team::start(Roster::of(&[("andy", 9010), ("zach", 9011), ("li", 9012)]));
    let mut li = Kept::open(&team, 9012);
    team.edit(|roster| {
        roster.person("andy").1 = 9011;
        roster.person("zach").1 = 9010;
    });
    assert_eq!(team.get(9010, "project")["annotator"], "zach");
    assert_eq!(team.get(9011, "project")["annotator"], "andy");
    li.ask();
}

#[test]
fn a_pause_ends_when_the_roster_says_so() {
    let mut team = Team::start(Roster::of(&[("andy", 9010), ("zach", 9011)]));
    team.load(2);
    team.edit(|roster| roster.person("andy").2 = "active = false".into());
    assert_eq!(team.ask(9010, 1)["reason"], "paused");
    team.edit(|roster| roster.person("andy").2 = String::new());
    assert_eq!(team.ask(9010, 1)["tasks"].as_array().map(Vec::len), Some(1));
}

#[test]
fn labels_instructions_and_names_reach_an_open_page_without_a_new_connection() {
    let mut roster = Roster::of(&[("andy", 9010)]);
    roster.project.push_str("\ninstructions = \"codebook.md\"");
    let project = team_folder();
    project.write("codebook.md", "# Once");
    let mut team = Team::start_in(project, roster);
    let mut andy = Kept::open(&team, 9010);
    let edition = |team: &Team| team.get(9010, "progress")["edition"].clone();
    let first = edition(&team);
    team.edit(|roster| {
        roster.project = roster.project.replace("[\"X\"]", "[\"Y\", \"Z\"]");
        roster.person("andy").2 = "display = \"Andy H.\"".into();
    });
    let told = team.get(9010, "project");
    assert_eq!((&told["labels"], &told["display"]), (&json!(["Y", "Z"]), &json!("Andy H.")));
    let second = edition(&team);
    assert_ne!(first, second);
    // The file alone has changed.
    team.project.write("codebook.md", "# Twice");
    let said = team.hang_up();
    assert!(said.contains("the instructions are new"), "{said}");
    assert!(team.get(9010, "project")["instructions"].to_string().contains("Twice"));
    assert_ne!(second, edition(&team));
    andy.ask();
}

#[test]
fn rules_take_effect_for_what_is_handed_out_next() {
    let mut team = Team::start(Roster::of(&[("andy", 9010), ("zach", 9011)]));
    team.load(3);
    assert_eq!(team.get(9010, "project")["lease_seconds"], 1800);
    team.edit(|roster| {
        roster.allocation = "annotations = 1\nlease = \"20m\"".into();
        roster.person("andy").2 = "quota = 1".into();
    });
    assert_eq!(team.get(9010, "project")["lease_seconds"], 1200);
    assert_eq!(team.ask(9010, 3)["tasks"].as_array().map(Vec::len), Some(1));
}

#[test]
fn another_bind_address_moves_all_ports_even_if_it_covers_the_old_one() {
    let mut team = Team::start(Roster::of(&[("andy", 0), ("zach", 0)]).at_free_ports());
    let [andy, zach] = [0, 1].map(|nth: usize| team.roster.people[nth].1);
    let before = team.roster.bind;
    team.edit(|roster| {
        roster.bind = std::net::Ipv4Addr::UNSPECIFIED;
        roster.server = "access = \"open\"".into();
    });
    team.roster.bind = std::net::Ipv4Addr::LOCALHOST;
    assert_eq!(team.get(andy, "project")["annotator"], "andy");
    team.roster.bind = before;
    assert_eq!(team.get(zach, "project")["annotator"], "zach");
    team.edit(|roster| roster.server = String::new());
    assert_eq!(team.get(zach, "project")["annotator"], "zach");
    team.roster.bind = std::net::Ipv4Addr::LOCALHOST;
    assert!(!team.listens(zach), "only the one address is left");
}

#[test]
fn the_lead_moves_too() {
    let mut team = Team::start(Roster::of(&[("andy", 9010)]));
    let mut andy = Kept::open(&team, 9010);
    team.edit(|roster| roster.lead = 9001);
    assert_eq!(team.status()["project"], "demo");
    assert!(!team.listens(9000), "the old one is closed");
    andy.ask();
    // An annotator takes the port that the lead has left, at once.
    team.edit(|roster| {
        roster.lead = 9002;
        roster.people.push(("li".into(), 9001, String::new()));
    });
    assert_eq!(team.get(9001, "project")["annotator"], "li");
    assert_eq!(team.status()["annotators"][1]["name"], "li");
}

#[test]
fn a_watched_roster_takes_effect_by_itself() {
    let mut roster = Roster::of(&[("andy", 9010)]);
    roster.server = "watch = true".into();
    let mut team = Team::start(roster);
    let before = team.project.log().len();
    team.roster.people.push(("li".into(), 9012, String::new()));
    team.project.write("annotators.toml", &team.roster.text());
    team.reloaded_since(before);
    assert_eq!(team.get(9012, "project")["annotator"], "li");
    // As an editor does it: another file under the old name.
    let before = team.project.log().len();
    team.roster.people.pop();
    let new = team.project.write("new", &team.roster.text());
    std::fs::rename(new, team.project.path().join("annotators.toml")).expect("a new file");
    team.reloaded_since(before);
    assert_eq!(team.get(9012, "project")["standing"], "left");
}

#[test]
fn task_files_are_looked_at_again() {
    let mut roster = Roster::of(&[("andy", 9010)]);
    roster.project.push_str("\ntasks = [\"in/*.jsonl\"]");
    let project = team_folder();
    std::fs::create_dir(project.path().join("in")).expect("a folder");
    project.write("in/1.jsonl", "{\"text\":\"a\",\"label\":\"X\"}\n");
    let team = Team::start_in(project, roster);
    assert_eq!(team.status()["total"]["tasks"], 1);
    team.project.write("in/2.jsonl", "{\"text\":\"b\",\"label\":\"X\"}\n");
    let said = team.hang_up();
    assert!(said.contains("changes=\"none\"") || said.contains("changes=none"), "{said}");
    wait_until("the new file is loaded", || team.status()["total"]["tasks"] == 2);
}

fn team_folder() -> crate::common::daemon::Project {
    crate::common::daemon::Project::new(
        "demo",
        "interface = \"text\"",
        "demo.db",
        "",
        &["placeholder"],
    )
}
