//! The package in a booted systemd, as a sysadmin meets it: what it does when it is installed, when
//! its roster is edited, when it is killed or hangs, and when it is upgraded and removed.
//!
//! Each test boots a machine of its own and ends it. Where that cannot be done, the tests say so
//! and pass; with CI=true and as root, a tool that is missing is a failure.

mod machine;
mod packages;

use std::time::{Duration, Instant};

use machine::{Machine, PACKAGES};
use serde_json::{Value, json};

const ROSTER: &str = "/etc/annotd/annotators.toml";
const ANDY: u16 = 9010;
const MARA: u16 = 9011;
const LEAD: u16 = 9000;

/// A machine with the package installed and the service running.
fn installed() -> Option<Machine> {
    let machine = Machine::boot()?;
    install(&machine, "this");
    machine.wait_active("annotd");
    Some(machine)
}

fn install(machine: &Machine, package: &str) {
    machine.run(&format!("dpkg --install {PACKAGES}/{package}.deb"));
}

/// Gives this many answers at a port.
fn answer(machine: &Machine, port: u16, n: usize) {
    let asked =
        machine.request("POST", port, "/get_session_questions", &json!({"n": n}).to_string());
    let mut tasks = asked.expect("tasks")["tasks"].as_array().expect("tasks").clone();
    assert_eq!(tasks.len(), n);
    for task in &mut tasks {
        task["answer"] = "accept".into();
    }
    let body = json!({"answers": tasks}).to_string();
    let given = machine.request("POST", port, "/give_answers", &body).expect("a reply");
    let results = given["results"].as_array().expect("results");
    assert!(results.iter().all(|result| result["status"] == "saved"), "{given}");
}

/// How many answers are stored, as an export has them.
fn answers(machine: &Machine) -> usize {
    machine.annotd("export", "").lines().count()
}

/// Whether a port responds.
fn serves(machine: &Machine, port: u16) -> bool {
    machine.request("GET", port, "/health", "").is_some()
}

/// Appends an annotator to a roster, and gives the line that names their port.
fn add(machine: &Machine, roster: &str, name: &str, port: u16) -> usize {
    let text = format!("\n[[annotator]]\nname = \"{name}\"\nport = {port}\n");
    machine.run_with(&format!("cat >> {roster}"), &text);
    machine.run(&format!("wc --lines < {roster}")).parse().expect("a number")
}

/// The journal of a unit, an object for each line that annotd itself wrote.
fn journal(machine: &Machine, unit: &str) -> Vec<Value> {
    let lines =
        machine.run(&format!("journalctl --no-pager --output=json _SYSTEMD_UNIT={unit}.service"));
    lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn exposure(machine: &Machine, unit: &str) -> f64 {
    let told = machine.run(&format!("systemd-analyze security --no-pager {unit}"));
    let line = told.lines().find(|line| line.contains("Overall exposure")).expect("a result");
    let level = line.split(':').nth(1).and_then(|rest| rest.split_whitespace().next());
    level.expect("a level").parse().expect("a number")
}

#[test]
fn a_fresh_installation_serves_this_machine_alone_in_its_sandbox_and_logs_with_fields() {
    let Some(machine) = installed() else { return };
    assert_eq!(machine.run("systemctl is-enabled annotd"), "enabled");
    let status = machine.status("annotd");
    assert!(status.contains("Status: \"Serving 1 annotator"), "{status}");
    let listening = machine.listening();
    assert!(listening.iter().all(|address| address.starts_with("0100007F:")), "{listening:?}");
    answer(&machine, ANDY, 2);
    assert_eq!(answers(&machine), 2);
    assert!(serves(&machine, LEAD));

    // The lead's commands beside it, with a file that only the lead may read.
    let loaded = machine.annotd("load -i - ", "{\"text\": \"one more\", \"label\": \"PROTEST\"}\n");
    assert_eq!(loaded, "1 new, 0 duplicates");

    for unit in ["annotd.service", "annotd@second.service"] {
        assert_eq!(machine.run(&format!("systemd-analyze verify --man=no {unit} 2>&1")), "");
        let exposure = exposure(&machine, unit);
        assert!(exposure <= 1.5, "{unit}: {exposure}");
    }

    // What went wrong in a request says whose and which.
    let stray = json!({"answers": [{"_id": "0".repeat(32), "answer": "accept"}]}).to_string();
    let reply = machine.request("POST", ANDY, "/give_answers", &stray).expect("a reply");
    assert_eq!(reply["results"][0]["status"], "unknown", "{reply}");
    machine.wait_until("the line in the journal", |machine| {
        journal(machine, "annotd").iter().any(|line| line["PRIORITY"] == "4")
    });
    let lines = journal(&machine, "annotd");
    for line in &lines {
        assert_eq!(line["SYSLOG_IDENTIFIER"], "annotd", "{line}");
        assert!(["3", "4", "6"].map(Value::from).contains(&line["PRIORITY"]), "{line}");
    }
    let told = lines.iter().find(|line| line["PRIORITY"] == "4").expect("a warning");
    assert_eq!(told["ANNOTATOR"], "andy", "{told}");
    assert!(told["REQUEST_ID"].as_str().is_some_and(|id| !id.is_empty()), "{told}");

    let began = Instant::now();
    machine.run("systemctl stop annotd");
    assert!(began.elapsed() < Duration::from_secs(30));
    assert_eq!(machine.show("annotd", "Result"), "success");
    assert_eq!(machine.show("annotd", "ExecMainStatus"), "0");
    assert_eq!(machine.show("annotd", "ActiveState"), "inactive");
}

#[test]
fn an_edited_roster_is_in_force_after_reload_and_a_wrong_one_is_refused_in_the_status() {
    let Some(machine) = installed() else { return };
    let process = machine.show("annotd", "MainPID");
    add(&machine, ROSTER, "mara", MARA);
    machine.run("systemctl reload annotd");
    machine.wait_until("mara's port", |machine| serves(machine, MARA));
    machine.wait_until("the status", |machine| {
        machine.status("annotd").contains("Serving 2 annotators")
    });

    let line = add(&machine, ROSTER, "li", ANDY);
    machine.run("systemctl reload annotd");
    machine.wait_until("the refusal", |machine| {
        let status = machine.status("annotd");
        let place = format!("{ROSTER}:{line}:");
        let first = status.lines().find(|line| line.trim_start().starts_with("Status:"));
        first.is_some_and(|told| {
            told.contains("Serving 2 annotators")
                && told.contains("rejected")
                && told.contains(&place)
                && told.contains("9010")
        })
    });
    assert_eq!(machine.run("systemctl is-active annotd"), "active");
    for port in [ANDY, MARA, LEAD] {
        assert!(serves(&machine, port), "{port}");
    }

    machine.run(&format!("sed -i '{line}s/{ANDY}/9012/' {ROSTER}"));
    machine.run("systemctl reload annotd");
    machine.wait_until("li's port", |machine| serves(machine, 9012));
    machine.wait_until("the status", |machine| {
        let status = machine.status("annotd");
        status.contains("Status: \"Serving 3 annotators\"")
    });
    assert_eq!(machine.show("annotd", "MainPID"), process, "one process all the time");
}

#[test]
fn killed_or_hanging_it_is_started_again_with_all_answers_and_a_wrong_roster_is_not_retried() {
    let Some(machine) = Machine::boot() else { return };
    // A shorter patience than the unit's, for the test.
    machine.run("mkdir -p /etc/systemd/system/annotd.service.d");
    let drop_in = "cat > /etc/systemd/system/annotd.service.d/test.conf";
    machine.run_with(drop_in, "[Service]\nWatchdogSec=3\n");
    install(&machine, "this");
    machine.wait_active("annotd");
    answer(&machine, ANDY, 5);

    let restarted = |times: &str| {
        machine.wait_until("the next start", |machine| {
            machine.show("annotd", "NRestarts") == times
                && machine.show("annotd", "ActiveState") == "active"
        });
        assert!(serves(&machine, ANDY));
        assert_eq!(answers(&machine), 5);
    };
    machine.run("kill -KILL $(systemctl show --value -p MainPID annotd)");
    restarted("1");
    machine.run("kill -STOP $(systemctl show --value -p MainPID annotd)");
    restarted("2");
    let told = machine.run("journalctl --no-pager -u annotd");
    assert!(told.contains("Watchdog timeout"), "{told}");

    // A retry does not correct a roster: the unit fails and names the place.
    let line = add(&machine, ROSTER, "li", ANDY);
    assert!(!machine.output("systemctl restart annotd", "").status.success());
    assert_eq!(machine.show("annotd", "ActiveState"), "failed");
    assert_eq!(machine.show("annotd", "ExecMainStatus"), "78");
    let status = machine.status("annotd");
    assert!(status.contains(&format!("annotators.toml:{line}:")), "{status}");
    machine.run(&format!("sed -i '{line}s/{ANDY}/{MARA}/' {ROSTER}"));
    machine.run("systemctl start annotd");
    assert_eq!(answers(&machine), 5);

    // Ports in use may become free: the second daemon waits until the first has exited.
    machine.run(&format!("sed 's,annotd.db,second/annotd.db,' {ROSTER} > /etc/annotd/second.toml"));
    machine.run("systemctl start annotd@second || true");
    machine.run("systemctl stop annotd");
    machine.wait_active("annotd@second");
    machine.wait_until("the ports of the one that waited", |machine| {
        serves(machine, ANDY) && serves(machine, LEAD)
    });
}

#[test]
fn an_upgrade_keeps_roster_and_answers_and_neither_removal_nor_purge_loses_an_answer() {
    let Some(machine) = installed() else { return };
    let process = machine.show("annotd", "MainPID");
    add(&machine, ROSTER, "mara", MARA);
    answer(&machine, ANDY, 3);

    install(&machine, "later");
    machine.wait_active("annotd");
    let version = "dpkg-query --show --showformat '${Version}' annotd";
    assert_eq!(machine.run(version), packages::LATER);
    assert_ne!(machine.show("annotd", "MainPID"), process);
    machine.wait_until("mara's port, of the roster as it was edited", |m| serves(m, MARA));
    assert_eq!(answers(&machine), 3);

    machine.run("dpkg --remove annotd");
    assert!(!serves(&machine, ANDY));
    assert_eq!(machine.run("pgrep --exact annotd || true"), "");
    machine.run(&format!("grep --quiet mara {ROSTER}; test -s /var/lib/annotd/annotd.db"));
    install(&machine, "later");
    machine.wait_active("annotd");
    machine.wait_until("mara's port", |machine| serves(machine, MARA));
    assert_eq!(answers(&machine), 3);

    let told = machine.run("dpkg --purge annotd 2>&1");
    assert!(told.contains("/var/lib/annotd stays"), "{told}");
    machine.run(&format!("test ! -e {ROSTER}; id annotd; test -s /var/lib/annotd/annotd.db"));
    let left = "find /etc /usr /var/lib/systemd -name '*annotd*' -not -path '/etc/machine*'";
    assert_eq!(machine.run(left), "");
    install(&machine, "this");
    machine.wait_active("annotd");
    assert_eq!(answers(&machine), 3);

    // Where there are no answers, nothing stays.
    machine.run("systemctl stop annotd; rm --recursive /var/lib/annotd/*");
    machine.run("dpkg --purge annotd");
    machine.run("test ! -e /var/lib/annotd; test ! -e /etc/annotd; ! id annotd");
}

#[test]
fn a_second_roster_runs_beside_the_first_and_ports_and_the_url_can_come_from_systemd() {
    let Some(machine) = installed() else { return };
    machine.run(&format!(
        "sed 's,9000,9100,; s,9010,9110,; s,annotd.db,second/annotd.db,; s,\"andy\",\"zach\",' {ROSTER} \
         > /etc/annotd/second.toml"
    ));
    machine.run("systemctl enable --now annotd@second");
    machine.wait_active("annotd@second");
    answer(&machine, 9110, 2);
    answer(&machine, ANDY, 1);
    assert_eq!(machine.annotd("--roster /etc/annotd/second.toml export", "").lines().count(), 2);
    assert_eq!(answers(&machine), 1);
    // An upgrade restarts it, too.
    let process = machine.show("annotd@second", "MainPID");
    install(&machine, "later");
    machine.wait_active("annotd@second");
    assert_ne!(machine.show("annotd@second", "MainPID"), process);

    // A socket that is andy's by its name, at another port than the roster's.
    machine.run(
        "systemctl stop annotd
         cd /etc/systemd/system
         sed 's/:9010/:9510/' /usr/share/doc/annotd/examples/annotd-andy.socket > annotd-andy.socket
         systemctl daemon-reload
         systemctl enable --now annotd-andy.socket",
    );
    assert_eq!(machine.show("annotd", "ActiveState"), "inactive");
    let asked = machine.request("GET", 9510, "/project", "").expect("the request starts annotd");
    assert_eq!(asked["annotator"], "andy", "{asked}");
    machine.wait_active("annotd");
    assert!(!serves(&machine, ANDY), "the socket is instead of the roster's port");
    assert!(serves(&machine, LEAD));

    // The store's URL out of the roster's sight.
    machine.run_with(
        "mkdir -p /etc/credstore
         umask 077; cat > /etc/credstore/annotd.store-url",
        "/var/lib/annotd/elsewhere.db\n",
    );
    machine.run("systemctl restart annotd");
    machine.wait_active("annotd");
    answer(&machine, 9510, 4);
    machine.run("test -s /var/lib/annotd/elsewhere.db");
    assert_eq!(answers(&machine), 1, "the roster's store is as it was");
}
