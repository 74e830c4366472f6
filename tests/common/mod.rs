//! What the tests share. Each test binary takes what it needs.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses its own part, in a crate of its own"
)]

pub mod annotator;
pub mod browser;
pub mod daemon;
pub mod faulty;
pub mod loopback;
pub mod mongod;
pub mod outside_data;
pub mod proxy;
pub mod stores;

use std::time::{Duration, Instant};

/// How long a test waits for something before it gives up.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A breath between two looks at a condition; never a wait for something to have happened.
pub const BREATH: Duration = Duration::from_millis(5);

/// Takes a breath, and lets others work.
pub async fn breathe() {
    tokio::time::sleep(BREATH).await;
}

/// Takes a breath.
pub fn pause() {
    std::thread::sleep(BREATH);
}

/// Looks until there is something.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
        pause();
    }
}

/// Looks until it is so.
pub fn wait_until(what: &str, mut look: impl FnMut() -> bool) {
    wait_for(what, || look().then_some(()));
}
