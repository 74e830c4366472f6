//! Public files of real tasks, which are not part of the repository.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The file of this name in the folder that `ANNOTD_TEST_DATA` names (`../shared/data` without it).
/// Without the variable, prints `NOT RUN` and returns nothing if the file does not exist. With it,
/// a missing file is a failure: a mistyped folder must not look like a test that has passed.
pub(crate) fn outside_data(name: &str) -> Option<PathBuf> {
    let named = std::env::var_os("ANNOTD_TEST_DATA");
    let is_named = named.is_some();
    let folder = named.map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    let path = folder.join(name);
    let there = path.is_file();
    assert!(there || !is_named, "ANNOTD_TEST_DATA: {} does not exist", path.display());
    if !there {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        // The test harness swallows the output of `eprintln!` when a test succeeds.
        let _ = writeln!(io::stderr(), "NOT RUN: {test}: {} does not exist", path.display());
    }
    there.then_some(path)
}
