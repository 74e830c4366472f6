//! A port alone, with routes of the test's own.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use annotd::http::{self, HttpMetrics, PortKind, PortSource, ServerHandle};
use axum::Router;
use axum::routing::get;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A request over this connection; gives the whole reply.
fn ask(connection: &mut TcpStream, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
    connection.write_all(request.as_bytes()).expect("the connection is open");
    let mut reply = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        let read = connection.read(&mut buffer).expect("the connection is open");
        assert!(read > 0, "the connection was closed");
        reply.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&reply);
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            length.and_then(|length| length.parse().ok()) == Some(body.len())
        });
        if whole {
            return text.into_owned();
        }
    }
}

/// The head of a reply, of a connection of its own.
fn head(address: SocketAddr, path: &str, accepts: &str) -> String {
    let mut connection = TcpStream::connect(address).expect("it listens");
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: x\r\naccept-encoding: {accepts}\r\nconnection: close\r\n\r\n"
    );
    connection.write_all(request.as_bytes()).expect("the connection is open");
    let mut reply = Vec::new();
    connection.read_to_end(&mut reply).expect("a reply");
    let text = String::from_utf8_lossy(&reply);
    text.split_once("\r\n\r\n").expect("a head").0.to_owned()
}

async fn breaks() -> &'static str {
    panic!("a mistake in a handler")
}

/// A port without a certificate, whose requests carry nothing.
#[derive(Clone)]
struct Plain;

impl PortSource for Plain {
    type State = ();

    fn certificate(&self) -> Option<Arc<ServerConfig>> {
        None
    }

    fn state(&self) {}
}

/// A port with these routes.
async fn serve(routes: Router) -> (SocketAddr, ServerHandle, JoinHandle<io::Result<()>>) {
    let listener = Arc::new(TcpListener::bind("127.0.0.1:0").await.expect("a port"));
    let address = listener.local_addr().expect("an address");
    let handle = ServerHandle::default();
    let port_metrics = HttpMetrics::new().port(PortKind::Annotator, "andy");
    let served = http::serve(listener, routes, Plain, port_metrics, handle.clone());
    (address, handle, tokio::spawn(served))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_panic_in_a_request_ends_that_request_alone() {
    let routes =
        Router::new().route("/breaks", get(breaks)).route("/works", get(async || "all is well"));
    let (address, handle, served) = serve(routes).await;
    tokio::task::spawn_blocking(move || {
        let mut one = TcpStream::connect(address).expect("it listens");
        let mut other = TcpStream::connect(address).expect("it listens");
        assert!(ask(&mut other, "/works").ends_with("all is well"));
        let reply = ask(&mut one, "/breaks");
        assert!(reply.starts_with("HTTP/1.1 500"), "{reply}");
        assert!(reply.contains("\"code\":\"internal\"") && reply.contains("request_id"), "{reply}");
        // The same connection, another one, and a new one go on.
        let mut new = TcpStream::connect(address).expect("it listens");
        for connection in [&mut one, &mut other, &mut new] {
            assert!(ask(connection, "/works").ends_with("all is well"));
        }
    })
    .await
    .expect("no request of others failed");
    handle.stop();
    served.await.expect("the listener did not panic").expect("its socket is whole");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn long_text_is_compressed_for_those_who_take_it_and_nothing_else_is() {
    let long = || "text ".repeat(10_000);
    let routes = Router::new()
        .route("/long", get(async move || long()))
        .route("/short", get(async || "all is well"))
        .route("/picture", get(async move || ([("content-type", "image/png")], long())));
    let (address, handle, served) = serve(routes).await;
    tokio::task::spawn_blocking(move || {
        let packed = head(address, "/long", "br, gzip");
        assert!(packed.contains("content-encoding: gzip"), "{packed}");
        assert!(packed.contains("vary: accept-encoding"), "{packed}");
        for (path, accepts) in [("/long", "br"), ("/short", "gzip"), ("/picture", "gzip")] {
            let plain = head(address, path, accepts);
            assert!(!plain.contains("content-encoding"), "{path}: {plain}");
            assert!(plain.contains("content-length: "), "{path}: {plain}");
        }
    })
    .await
    .expect("all is answered");
    handle.stop();
    served.await.expect("the listener did not panic").expect("its socket is whole");
}
