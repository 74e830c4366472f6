//! TLS on the ports: with certificates that are right, that are renewed, and that are wrong, and
//! with clients who do not know of it or say nothing at all.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::common::daemon::{Daemon, Project};
use crate::common::{PATIENCE, wait_until};
use rcgen::{CertificateParams, KeyPair, SanType, date_time_ymd};
use serde_json::Value;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

const CLASSIFICATION: &str = "interface = \"classification\"\nlabels = [\"X\"]";

/// A certificate for this machine, signed with its own key: both as PEM.
fn certificate(how: impl FnOnce(&mut CertificateParams)) -> (String, String) {
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let mut params = CertificateParams::new(names).expect("names");
    how(&mut params);
    let key = KeyPair::generate().expect("a key");
    (params.self_signed(&key).expect("a certificate").pem(), key.serialize_pem())
}

fn project(server: &str) -> Project {
    let rules =
        format!("annotations = 1\n[server]\ncert = \"cert.pem\"\nkey = \"key.pem\"\n{server}");
    Project::new("demo", CLASSIFICATION, "demo.db", &rules, &["andy", "zach"])
}

fn write(project: &Project, (cert, key): &(String, String)) {
    project.write("cert.pem", cert);
    project.write("key.pem", key);
}

/// A browser that trusts this certificate alone.
fn agent(trusted: &str) -> ureq::Agent {
    let root = Certificate::from_pem(trusted.as_bytes()).expect("a certificate");
    let roots = RootCerts::Specific(Arc::new(vec![root]));
    ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(30)))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .build()
        .into()
}

/// Host and port of an address.
fn socket(daemon: &Daemon, name: &str) -> String {
    let address = daemon.addresses().of(name);
    let rest = address.strip_prefix("https://").expect("an https address");
    rest.trim_end_matches('/').to_owned()
}

/// What a plain request is answered.
fn plainly(socket: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(socket).expect("a connection");
    stream.write_all(request.as_bytes()).expect("it is sent");
    stream.shutdown(std::net::Shutdown::Write).expect("it is ended");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("a reply");
    reply
}

#[test]
fn a_client_that_trusts_the_certificate_is_served() {
    let project = project("access = \"key\"");
    let pair = certificate(|_| {});
    write(&project, &pair);
    project.write("tasks.jsonl", "{\"text\":\"one\",\"label\":\"X\"}\n");
    project.run(&["load", "-i", "tasks.jsonl"]);
    assert!(project.run(&["check"]).contains("https://127.0.0.1:9010/"));
    let link = project.run(&["link", "andy"]);
    let key = link.trim().strip_prefix("https://127.0.0.1:9010/?key=").expect("a bookmark");

    let daemon = project.start();
    let url = daemon.addresses().of("andy");
    let agent = agent(&pair.0);
    let opened = agent.get(format!("{url}?key={key}")).call().expect("a reply");
    assert_eq!(opened.status(), 303);
    let cookie = opened.headers()["set-cookie"].to_str().expect("text");
    assert!(cookie.ends_with("; Secure"), "{cookie}");
    let cookie = cookie.split(';').next().expect("a pair").to_owned();
    let mut asked = agent
        .post(format!("{url}get_session_questions"))
        .header("cookie", &cookie)
        .send_json(serde_json::json!({}))
        .expect("a reply");
    let asked: Value = asked.body_mut().read_json().expect("JSON");
    assert_eq!(asked["tasks"][0]["text"], "one");
    assert_eq!(
        agent
            .get(format!("{}ready", daemon.addresses().of("lead")))
            .call()
            .expect("a reply")
            .status(),
        200
    );

    let other = certificate(|_| {});
    self::agent(&other.0).get(&url).call().expect_err("it trusts another one");
    assert!(daemon.stop().success());
}

#[test]
fn plain_http_is_told_the_address() {
    let project = project("");
    write(&project, &certificate(|_| {}));
    let daemon = project.start();
    let socket = socket(&daemon, "andy");
    let looked = plainly(&socket, "GET /?key=abc HTTP/1.1\r\nHost: desk.example:9010\r\n\r\n");
    assert!(looked.starts_with("HTTP/1.1 307 "), "{looked}");
    assert!(looked.contains("\r\nlocation: https://desk.example:9010/\r\n"), "{looked}");
    assert!(looked.ends_with("This address needs https: https://desk.example:9010/\n"), "{looked}");
    let posted = plainly(
        &socket,
        "POST /give_answers HTTP/1.1\r\nhost: desk.example:9010\r\ncontent-length: 2\r\n\r\n{}",
    );
    assert!(posted.starts_with("HTTP/1.1 400 ") && !posted.contains("location"), "{posted}");
    assert!(posted.contains("This address needs https"), "{posted}");
    let odd = plainly(&socket, "GET / HTTP/1.1\r\nHost: evil.example/\"><script>\r\n\r\n");
    assert!(odd.starts_with("HTTP/1.1 400 ") && !odd.contains("script"), "{odd}");
    assert!(plainly(&socket, "hello").contains("This address needs https"));
}

#[test]
fn a_silent_client_delays_no_other() {
    let project = project("");
    let pair = certificate(|_| {});
    write(&project, &pair);
    let daemon = project.start();
    let socket = socket(&daemon, "andy");
    let silent: Vec<TcpStream> =
        (0..20).map(|_| TcpStream::connect(&socket).expect("a connection")).collect();
    let mut halfway = TcpStream::connect(&socket).expect("a connection");
    halfway.write_all(&[0x16, 3, 1]).expect("the beginning of a handshake");
    let agent = agent(&pair.0);
    let health = agent.get(format!("https://{socket}/health")).call().expect("a reply");
    assert_eq!(health.status(), 200);
    // After a while they are shown out.
    let began = Instant::now();
    for mut stream in silent.into_iter().chain([halfway]) {
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
        // Whether it is closed or reset is all the same.
        assert!(matches!(stream.read(&mut [0; 64]), Ok(0) | Err(_)));
    }
    assert!(began.elapsed() < PATIENCE / 2);

    let _silent = TcpStream::connect(&socket).expect("a connection");
    let health = agent.get(format!("https://{socket}/health")).call().expect("a reply");
    assert_eq!(health.status(), 200);
    let began = Instant::now();
    assert!(daemon.stop().success());
    assert!(began.elapsed() < Duration::from_secs(8), "a stop does not wait for the silent");
}

#[test]
fn a_renewed_certificate_is_served_after_a_reload() {
    let project = project("");
    let (old, new) = (certificate(|_| {}), certificate(|_| {}));
    write(&project, &old);
    let daemon = project.start();
    let url = format!("https://{}/health", socket(&daemon, "andy"));
    // Only a connection whose reply has been read is kept.
    let health = |agent: &ureq::Agent| agent.get(&url).call()?.body_mut().read_to_string();
    let kept = agent(&old.0);
    health(&kept).expect("it is trusted");

    let reload = || {
        let hangup = Command::new("kill").args(["-HUP", &daemon.pid().to_string()]).status();
        assert!(hangup.expect("kill runs").success());
    };
    // Half a renewal: the key does not belong to the certificate, so the old pair stays.
    project.write("key.pem", &new.1);
    reload();
    let log = project.path().join("daemon.log");
    wait_until("a word about it in the log", || {
        let log = std::fs::read_to_string(&log).expect("a log");
        log.contains("does not belong to the certificate") && log.contains("roster rejected")
    });
    health(&agent(&old.0)).expect("it is served as before");

    write(&project, &new);
    reload();
    wait_until("the new certificate", || health(&agent(&new.0)).is_ok());
    health(&agent(&old.0)).expect_err("the old one is served no more");
    health(&kept).expect("who was there stays");
}

/// What `check` says about these two files, and that it ends as it should.
fn checked(cert: Option<&str>, key: Option<&str>) -> String {
    let project = project("");
    for (name, text) in [("cert.pem", cert), ("key.pem", key)] {
        if let Some(text) = text {
            project.write(name, text);
        }
    }
    let told = project.annotd(&["check"]);
    let said = String::from_utf8_lossy(&told.stderr).into_owned();
    assert_eq!(told.status.code(), Some(78), "{said}");
    let ran = project.annotd(&["run", "--any-port"]);
    assert_eq!(ran.status.code(), Some(78), "a daemon does not start with it");
    assert!(!Path::new(&project.path().join("demo.db")).exists());
    said
}

#[test]
fn files_that_are_wrong_are_told_with_their_place_in_the_roster() {
    let (cert, key) = certificate(|_| {});
    let (_, other) = certificate(|_| {});
    let (at_cert, at_key) = ("annotators.toml:10:8", "annotators.toml:11:7");
    let cut = &key[..key.len() / 2];
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (cert, key, place, words, remedy) in [
        (None, Some(&*key), at_cert, "cannot read the certificate", "relative to the roster"),
        (Some(&*cert), None, at_key, "cannot read the key", "relative to the roster"),
        (Some(&*key), Some(&*key), at_cert, "there is no certificate in", "the whole chain"),
        (Some(broken), Some(&*key), at_cert, "the certificate in", "a new one"),
        (Some(&*cert), Some(&*cert), at_key, "there is no private key in", "BEGIN PRIVATE KEY"),
        (Some(&*cert), Some(cut), at_key, "its last line is missing", "BEGIN PRIVATE KEY"),
        (Some(&*cert), Some(encrypted), at_key, "needs a passphrase", "openssl pkey"),
        (Some(&*cert), Some(&*other), at_key, "does not belong to the certificate", "made with"),
    ] {
        let said = checked(cert, key);
        for part in [place, words, remedy, "^^^^"] {
            assert!(said.contains(part), "{part:?} is missing: {said}");
        }
        assert!(!said.contains("BEGIN PRIVATE KEY-----\nM"), "nothing of a key is shown: {said}");
    }
    let both = checked(None, None);
    assert!(both.contains("annotators.toml has one mistake"), "{both}");
}

#[test]
fn a_certificate_out_of_time_is_served_with_a_warning() {
    let days = |days: i64| {
        let day = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days);
        let day = day.to_zoned(jiff::tz::TimeZone::UTC).date();
        let unsigned = |n: i8| u8::try_from(n).expect("a date");
        date_time_ymd(day.year().into(), unsigned(day.month()), unsigned(day.day()))
    };
    for (from, until, words) in [
        (-20, -10, Some("expired at 20")),
        (-20, 4, Some("expires at 20")),
        (10, 20, Some("is not valid before 20")),
        (-20, 60, None),
    ] {
        let project = project("");
        write(
            &project,
            &certificate(|params| {
                params.not_before = days(from);
                params.not_after = days(until);
            }),
        );
        let told = project.annotd(&["check"]);
        let said = String::from_utf8_lossy(&told.stderr).into_owned();
        assert!(told.status.success(), "{said}");
        match words {
            Some(words) => assert!(said.contains(&format!("the certificate {words}")), "{said}"),
            None => assert!(!said.contains("Warning"), "{said}"),
        }
    }
}

#[test]
fn status_comes_from_the_daemon_over_tls_with_the_leads_key() {
    let project = project("access = \"key\"");
    // A certificate that no authority signed and that is for another name: the roster names it,
    // which is enough.
    let elsewhere = certificate(|params| {
        params.subject_alt_names =
            vec![SanType::DnsName("annotate.example.org".try_into().expect("a name"))];
    });
    write(&project, &elsewhere);
    let daemon = project.start();
    let roster = std::fs::read_to_string(project.path().join("annotators.toml")).expect("it");
    let port = socket(&daemon, "lead").rsplit(':').next().expect("a port").to_owned();
    project.write("there.toml", &roster.replace("port = 9000", &format!("port = {port}")));
    let told = project.annotd(&["status", "--roster", "there.toml", "--json"]);
    assert_eq!(String::from_utf8_lossy(&told.stderr), "");
    let told: Value = serde_json::from_slice(&told.stdout).expect("JSON");
    assert_eq!(told["annotators"][0]["state"], "listening");
    // A server with another certificate is not the daemon.
    project.write("cert.pem", &certificate(|_| {}).0);
    let told = project.annotd(&["status", "--roster", "there.toml"]);
    let said = String::from_utf8_lossy(&told.stderr);
    assert!(said.contains(&format!("does not answer at https://127.0.0.1:{port}/")), "{said}");
    assert!(said.contains("these numbers are from the store"), "{said}");
}
