//! The Debian package of the binary under test, in two versions.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use super::machine;

/// A version that comes after every other.
pub(crate) const LATER: &str = "99.0.0-1";

/// What the package is made of, besides the binary.
const SOURCES: [&str; 7] =
    ["Cargo.toml", "CHANGELOG.md", "README.md", "docs", "examples", "packaging", "systemd"];

/// The folder with both packages, `this.deb` and `later.deb`; they are built if anything is newer.
pub(crate) fn built() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packages");
    let sources = SOURCES.map(|source| Path::new(env!("CARGO_MANIFEST_DIR")).join(source));
    let newest = sources.iter().map(|path| changed(path)).max().expect("there are sources");
    let newest = newest.max(changed(Path::new(env!("CARGO_BIN_EXE_annotd"))));
    for (name, version) in [("this.deb", None), ("later.deb", Some(LATER))] {
        let package = folder.join(name);
        if package.exists() && changed(&package) > newest {
            continue;
        }
        build(&folder, &package, version);
    }
    folder
}

fn build(folder: &Path, package: &Path, version: Option<&str>) {
    let out = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/build"));
    command
        .args(["--fast", "--compress-system", "--quiet"])
        .env("PATH", machine::path())
        .env("ANNOTD_BINARY", env!("CARGO_BIN_EXE_annotd"))
        .env("ANNOTD_OUT", out.path());
    if let Some(version) = version {
        command.args(["--deb-version", version]);
    }
    let done = command.output().expect("packaging/build runs");
    assert!(
        done.status.success(),
        "packaging/build: {}\n{}",
        done.status,
        String::from_utf8_lossy(&done.stderr)
    );
    let mut made = fs::read_dir(out.path()).expect("a folder");
    let made = made.next().expect("a package").expect("a package").path();
    fs::create_dir_all(folder).expect("a folder");
    fs::rename(made, package).expect("it gets its name");
}

/// When a file, or anything in a folder, was changed last.
fn changed(path: &Path) -> SystemTime {
    let about = fs::metadata(path).expect("it is there");
    if !about.is_dir() {
        return about.modified().expect("files have times");
    }
    let inside = fs::read_dir(path).expect("a folder");
    let times = inside.map(|entry| changed(&entry.expect("an entry").path()));
    times.max().unwrap_or(SystemTime::UNIX_EPOCH)
}
