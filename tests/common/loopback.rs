//! An address of the test's own, so that rosters with fixed ports do not conflict: all of
//! 127.0.0.0/8 is this machine.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};

/// Bits for the addresses of one process: some tests start a hundred daemons.
const OWN: u32 = 11;
/// Bits of the process's number: those that run at the same time have numbers near each other.
const PROCESS: u32 = 12;

/// An address that no other test has: from the process's number, and a count within the process.
pub fn address() -> Ipv4Addr {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed) & ((1 << OWN) - 1);
    let process = std::process::id() & ((1 << PROCESS) - 1);
    // The upper half: 127.0.0.1 is shared by all.
    let [_, a, b, c] = ((1 << (PROCESS + OWN)) | (process << OWN) | count).to_be_bytes();
    Ipv4Addr::new(127, a, b, c)
}
