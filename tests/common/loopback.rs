//! An address of the test's own, so that rosters with fixed ports get in nobody's way: all of
//! 127.0.0.0/8 is this machine.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};

/// An address that no other test has: from the process's number, and a count within the process.
pub fn address() -> Ipv4Addr {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let process = std::process::id();
    // 22 bits of a process's number are all that there are; 64 tests of one process follow each other.
    let [_, a, b, c] = (process.wrapping_add(count << 18) & 0x003f_ffff).to_be_bytes();
    Ipv4Addr::new(127, 64 + a, b, c)
}
