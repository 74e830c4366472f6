//! What the tests share. Each test binary takes what it needs.
#![allow(dead_code, reason = "no test binary uses all of it")]

pub mod faulty;
pub mod mongod;
