//! A stop while a client is still sending.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::{get, project};
use crate::common::annotator::Annotator;
use crate::common::daemon::Daemon;
use crate::common::wait_until;

/// Sends the beginning of an answer of andy's; gives the connection and the rest.
fn half_an_answer(daemon: &Daemon) -> (TcpStream, Vec<u8>) {
    let mut task = Annotator::new("andy", &daemon.addresses()).ask(1)["tasks"][0].clone();
    task["answer"] = "accept".into();
    let body = json!({"answers": [task]}).to_string().into_bytes();
    let address = daemon.addresses().of("andy");
    let host = address.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(host).expect("a connection");
    let head = format!(
        "POST /give_answers HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    let (first, rest) = body.split_at(body.len() / 2);
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(first)).expect("it is sent");
    let under_way = "annotd_http_requests_in_flight{port=\"annotator\"} 1\n";
    wait_until("the request", || get(daemon, "lead", "metrics").1.contains(under_way));
    (stream, rest.to_vec())
}

#[test]
fn a_stop_names_whom_it_waits_for_and_what_they_send_is_stored() {
    let project = project("demo.db", 3);
    let daemon = project.start();
    let (mut stream, rest) = half_an_answer(&daemon);
    daemon.signal("TERM");
    let line = "waiting for requests in flight ports=\"andy (1 request)\"";
    wait_until("the line", || project.log().contains(line));
    stream.write_all(&rest).expect("it is sent");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("a reply, and the end of the connection");
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
    let (_, body) = reply.split_once("\r\n\r\n").expect("a body");
    let body: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(body["results"][0]["status"], "saved", "{body}");
    assert!(daemon.ended().success());
    let log = project.log();
    assert!(log.contains("stopped; everything acknowledged is stored"), "{log}");
    let lines = project.run(&["export"]);
    assert_eq!(lines.lines().count(), 1, "{lines}");
}

#[test]
fn who_never_finishes_is_cut_off_at_the_deadline_and_named() {
    let project = project("demo.db", 3);
    let daemon = project.start_with(&["--stop-within", "2"]);
    let (_stream, _rest) = half_an_answer(&daemon);
    let began = std::time::Instant::now();
    daemon.signal("TERM");
    assert!(daemon.ended().success());
    assert!(began.elapsed().as_secs() >= 2, "it waits as long as it may");
    let log = project.log();
    let line = "WARN shutdown deadline exceeded; open requests were cut off unacknowledged ports=\"andy (1 request)\" seconds=2";
    assert!(log.contains(line), "{log}");
    assert_eq!(project.run(&["export"]), "");
}

#[test]
fn a_second_stop_signal_ends_the_daemon_at_once_with_the_status_of_the_signal() {
    let project = project("demo.db", 3);
    let daemon = project.start_with(&["--stop-within", "600"]);
    let (_stream, _rest) = half_an_answer(&daemon);
    daemon.signal("TERM");
    wait_until("the first signal", || project.log().contains("stopping"));
    daemon.signal("TERM");
    assert_eq!(daemon.ended().code(), Some(143));
    let log = project.log();
    assert!(!log.contains("stopped") && !log.contains("deadline"), "it says nothing more: {log}");
}
