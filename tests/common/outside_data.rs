//! Public files of real tasks, which are not part of the repository.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The file of this name in the folder that `ANNOTD_TEST_DATA` names (`../shared/data` without it).
/// Prints `NOT RUN` and returns nothing if the file does not exist.
pub(crate) fn outside_data(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("ANNOTD_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    let path = folder.join(name);
    let there = path.is_file();
    if !there {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        // The test harness swallows the output of `eprintln!` when a test succeeds.
        let _ = writeln!(io::stderr(), "NOT RUN: {test}: {} does not exist", path.display());
    }
    there.then_some(path)
}
