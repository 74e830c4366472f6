//! The commands, as a person at a terminal or a script meets them: what they print, and with
//! which exit code they end.

mod check;
mod errors;
mod export;
mod load;
mod simulate;
mod verify;
mod written_files;

use crate::common::daemon::Project;

const CLASSIFICATION: &str = "interface = \"classification\"\nlabels = [\"X\"]";

fn project(allocation: &str) -> Project {
    Project::new("demo", CLASSIFICATION, "demo.db", allocation, &["andy", "zach", "li"])
}

fn stderr(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
