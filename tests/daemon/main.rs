//! The process: ports, calls, reloads, signals, TLS, proxies, systemd, the package.
#![allow(unreachable_pub, reason = "the modules of a test binary are its own")]

mod access_keys;
mod backup;
#[path = "../common/mod.rs"]
mod common;
mod concurrent_annotators;
mod http_calls;
mod identity;
mod media;
mod mixture_e2e;
mod moved_store;
mod nesting;
mod observability;
mod reload;
mod reverse_proxies;
mod second_round;
mod signals;
mod systemd;
mod tls;
