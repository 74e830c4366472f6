//! A line to a server that can be held up: nothing passes, and nothing breaks, as when a switch or
//! a server hangs.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The line. It is open for as long as the test's process lives.
pub struct Proxy {
    pub address: SocketAddr,
    held: Arc<AtomicBool>,
}

impl Proxy {
    /// A line to the server at this address.
    pub fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let held = Arc::new(AtomicBool::new(false));
        let (server, holding) = (server.to_owned(), Arc::clone(&held));
        std::thread::spawn(move || {
            for caller in listener.incoming().map_while(Result::ok) {
                let Ok(callee) = TcpStream::connect(&server) else { continue };
                for (from, to) in [(&caller, &callee), (&callee, &caller)] {
                    let (from, to) = (from.try_clone(), to.try_clone());
                    let (from, to) = (from.expect("a socket"), to.expect("a socket"));
                    let held = Arc::clone(&holding);
                    std::thread::spawn(move || pass(from, to, &held));
                }
            }
        });
        Self { address, held }
    }

    /// From now on nothing passes, or everything again.
    pub fn hold(&self, held: bool) {
        self.held.store(held, Ordering::SeqCst);
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, held: &AtomicBool) {
    let mut buffer = [0; 16 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        while held.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    // Should the other end be closed already, there is nothing to tell it.
    let _ = to.shutdown(Shutdown::Both);
}
