//! Doors are shut and opened by an edited roster, and ports change hands with their keys.

use serde_json::{Value, json};

use crate::reload::team::{Roster, Team, answered};

/// Sends a request with this person's key, or none: status and JSON.
fn request(
    team: &Team,
    port: u16,
    path: &str,
    who: Option<&str>,
    body: Option<&Value>,
) -> (u16, Value) {
    let key = who.map(|who| {
        let told = team.project.run(&["link", who, "--json"]);
        let told: Value = serde_json::from_str(&told).expect("JSON");
        told["key"].as_str().unwrap_or("none").to_owned()
    });
    with_key(team, port, path, key.as_deref(), body)
}

fn with_key(
    team: &Team,
    port: u16,
    path: &str,
    key: Option<&str>,
    body: Option<&Value>,
) -> (u16, Value) {
    let (agent, url) = (crate::reload::team::agent(), team.url(port, path));
    let header = key.map(|key| ("authorization", format!("Bearer {key}")));
    let reply = match body {
        None => header
            .into_iter()
            .fold(agent.get(&url), |request, (name, value)| request.header(name, value))
            .call(),
        Some(body) => header
            .into_iter()
            .fold(agent.post(&url), |request, (name, value)| request.header(name, value))
            .send_json(body),
    };
    let mut reply = reply.expect("the daemon answers");
    (reply.status().as_u16(), reply.body_mut().read_json().expect("JSON"))
}

#[test]
fn doors_are_shut_and_opened_again_while_the_daemon_runs() {
    let mut team = Team::start(Roster::of(&[("andy", 9010)]));
    let status = |team: &Team, who| request(team, 9010, "project", who, None).0;
    assert_eq!(status(&team, None), 200);
    let said = team.edit(|roster| roster.server = "access = \"key\"".into());
    assert!(said.contains("changed: server.access"), "{said}");
    assert_eq!(status(&team, None), 401);
    assert_eq!(status(&team, Some("andy")), 200);
    assert_eq!(request(&team, 9000, "api/status", None, None).0, 401);
    // An added annotator has a key at once.
    team.edit(|roster| roster.people.push(("li".into(), 9012, String::new())));
    assert_eq!(request(&team, 9012, "project", Some("li"), None).0, 200);
    assert_eq!(request(&team, 9012, "project", Some("andy"), None).0, 401);
    team.edit(|roster| roster.server = String::new());
    assert_eq!(status(&team, None), 200);
}

#[test]
fn a_previous_owner_sends_their_last_answers_with_their_own_key_and_does_nothing_else() {
    let mut roster = Roster::of(&[("andy", 9010), ("zach", 9011)]);
    roster.server = "access = \"key\"".into();
    let mut team = Team::start(roster);
    team.load(4);
    let asked = json!({"n": 2});
    let held = request(&team, 9010, "get_session_questions", Some("andy"), Some(&asked)).1;
    let key = team.project.run(&["link", "andy", "--json"]);
    let key: Value = serde_json::from_str(&key).expect("JSON");
    let andys = key["key"].as_str().expect("a key");
    team.edit(|roster| {
        roster.people.remove(0);
        roster.people.push(("mara".into(), 9010, String::new()));
    });
    let task = &held["tasks"][0];
    let answers = json!({"session_id": "demo-andy", "answers": [answered(task)]});
    let send =
        |key: Option<&str>, path: &str, body: &Value| with_key(&team, 9010, path, key, Some(body));
    assert_eq!(send(None, "give_answers", &answers).0, 401);
    let mara = request(&team, 9010, "give_answers", Some("mara"), Some(&answers));
    assert_eq!((mara.0, &mara.1["error"]["code"]), (403, &json!("foreign_session")));
    let given = send(Some(andys), "give_answers", &answers);
    assert_eq!((given.0, &given.1["results"][0]["status"]), (200, &json!("saved")));

    // But andy neither answers for mara, nor gets her tasks, nor reads what she has answered.
    for session in [json!({"session_id": "demo-mara"}), json!({})] {
        let mut as_mara = answers.clone();
        as_mara["session_id"] = session["session_id"].clone();
        for (path, body) in [("give_answers", &as_mara), ("get_session_questions", &session)] {
            let refused = send(Some(andys), path, body);
            assert_eq!(refused.1["error"]["code"], "foreign_session", "{path}: {}", refused.1);
        }
    }
    assert_eq!(with_key(&team, 9010, "history", Some(andys), None).0, 401);
    assert_eq!(with_key(&team, 9010, "project", Some(andys), None).1["annotator"], "mara");
    assert_eq!(request(&team, 9010, "get_session_questions", Some("mara"), Some(&asked)).0, 200);
}

#[test]
fn a_certificate_comes_and_goes_with_the_roster() {
    let mut team = Team::start(Roster::of(&[("andy", 9010)]));
    let names = vec![team.roster.bind.to_string()];
    let pair = rcgen::generate_simple_self_signed(names).expect("a certificate");
    team.project.write("cert.pem", &pair.cert.pem());
    team.project.write("key.pem", "not a key");
    let tls = "cert = \"cert.pem\"\nkey = \"key.pem\"";
    let said = team.edit(|roster| roster.server = tls.into());
    assert!(said.contains("roster rejected"), "{said}");
    assert!(said.contains("there is no private key in"), "{said}");
    assert_eq!(team.get(9010, "project")["annotator"], "andy", "everything is as before");
    team.project.write("key.pem", &pair.signing_key.serialize_pem());
    let said = team.hang_up();
    assert!(said.contains("changed: server.cert and server.key"), "{said}");
    let agent = ureq::Agent::config_builder()
        .max_redirects(0)
        .max_redirects_will_error(false)
        .build()
        .new_agent();
    let plain = agent.get(team.url(9010, "project")).call().expect("a reply");
    assert_eq!(plain.status(), 307);
    let https = format!("https://{}:9010/", team.roster.bind);
    assert_eq!(plain.headers()["location"], https.as_str());
    team.edit(|roster| roster.server = String::new());
    assert_eq!(team.get(9010, "project")["annotator"], "andy");
}
