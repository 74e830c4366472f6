//! Where a command may write: never over what annotd works with, however a path names it.
//!
//! A file is known by its device and its number there, so a link to it, hard or symbolic, is the
//! file. One that is not there yet is known by its folder and its name: what is put where SQLite
//! will look for `annotd.db-wal` damages the store as surely as writing over it.
//!
//! Of the folder of media, pictures, sound and films are protected, and new ones refused: each
//! annotator could open them. Other files may lie there; task files often do.
//!
//! Rejected: a comparison of canonical paths, which two names of one file pass; and a look at the
//! file when it is opened, which comes after `--rejects` has truncated it.

use std::fs::{self, Metadata};
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use super::Failure;
use super::roster_file::Chosen;
use crate::ingest::load;
use crate::media;
use crate::store;

/// What SQLite and annotd lay beside the store's file, by the ending of the name.
const BESIDE_THE_STORE: [&str; 3] = ["-wal", "-shm", "-journal"];
/// How a file of SQLite begins.
const SQLITE: &[u8; 16] = b"SQLite format 3\0";
/// Links to links are followed this often.
const MOST_LINKS: usize = 40;

/// Something that a command writes.
pub(super) struct Output<'a> {
    /// The option that names it, as in `--rejects`.
    pub(super) option: &'static str,
    /// The file, or `-` for standard output; none if the option was not given.
    pub(super) path: Option<&'a Path>,
}

/// Refuses outputs that name what annotd works with, an input of the same command, or one another.
///
/// # Errors
/// Which option, which file, and what it is.
pub(super) fn check(
    file: &Chosen,
    inputs: &[&Path],
    outputs: &[Output<'_>],
) -> Result<(), Failure> {
    let mut written: Vec<(&str, Place)> = Vec::new();
    for Output { option, path } in outputs {
        let Some(path) = path.filter(|path| path.as_os_str() != "-") else { continue };
        let place = Place::of(path);
        let what = inputs
            .iter()
            .find(|input| place.is_input(input))
            .map(|_| "the input itself".to_owned());
        let what = match what {
            Some(what) => Some(what),
            None => works_with(file, &place)?,
        };
        if let Some(what) = what {
            return Err(Failure::output(format!(
                "{option} names {}, which is {what}; name another file",
                path.display()
            )));
        }
        if let Some((other, _)) = written.iter().find(|(_, other)| place.is(other)) {
            let message = format!("{other} and {option} name the same file; name two");
            return Err(Failure::output(message));
        }
        written.push((option, place));
    }
    Ok(())
}

/// What a place is to annotd, in words that follow "which is"; nothing if it is free.
fn works_with(file: &Chosen, place: &Place) -> Result<Option<String>, Failure> {
    let (project, server) = (&file.roster.project, &file.roster.server);
    let in_base_dir = |named: &str| file.base_dir().join(named);
    if place.is(&Place::of(&file.path)) {
        return Ok(Some("the roster".to_owned()));
    }
    let url = file.store_url()?;
    if let Some(store) = store::file_of(&url, file.base_dir())
        && place.is_store(&store)
    {
        return Ok(Some("a file of the store".to_owned()));
    }
    if place.is_database() {
        return Ok(Some("an SQLite database".to_owned()));
    }
    let named = [
        (&project.instructions, "the codebook"),
        (&server.cert, "the certificate of the ports"),
        (&server.key, "the key of the certificate"),
    ];
    for (path, what) in named {
        if path.as_ref().is_some_and(|path| place.is(&Place::of(&in_base_dir(&path.value)))) {
            return Ok(Some(what.to_owned()));
        }
    }
    for pattern in &project.tasks {
        let files = load::find_files(&pattern.value, file.base_dir()).unwrap_or_default();
        if files.iter().any(|file| place.is(&Place::of(&file.path))) {
            return Ok(Some(format!("a task file of the roster (tasks = {:?})", pattern.value)));
        }
        if place.matches(&pattern.value, file.base_dir()) {
            let pattern = &pattern.value;
            let what = "what the daemon would load as tasks when it next starts";
            return Ok(Some(format!("{what} (tasks = {pattern:?})")));
        }
    }
    if let Some(folder) = &project.media
        && place.is_media_of(&in_base_dir(&folder.value))
    {
        return Ok(Some(format!("in the folder of media (media = {:?})", folder.value)));
    }
    Ok(None)
}

/// A file as it really is, whether it is there or not.
struct Place {
    /// Its whole path, links followed.
    path: PathBuf,
    /// What the system says of it, if it is there.
    about: Option<Metadata>,
}

impl Place {
    fn of(path: &Path) -> Self {
        let path = followed(path);
        Self { about: fs::metadata(&path).ok(), path }
    }

    /// Whether a command reads this file, also as its standard input.
    fn is_input(&self, input: &Path) -> bool {
        if input.as_os_str() != "-" {
            return self.is(&Self::of(input));
        }
        let stdin = Self::of(Path::new("/dev/stdin"));
        stdin.about.as_ref().is_some_and(Metadata::is_file) && self.is(&stdin)
    }

    /// Whether it is a file of SQLite: the store of this roster or of another.
    fn is_database(&self) -> bool {
        let mut head = [0; SQLITE.len()];
        self.about.as_ref().is_some_and(Metadata::is_file)
            && fs::File::open(&self.path).is_ok_and(|mut file| file.read_exact(&mut head).is_ok())
            && head == *SQLITE
    }

    /// Whether the two are one file.
    fn is(&self, other: &Self) -> bool {
        self.path == other.path
            || match (&self.about, &other.about) {
                (Some(one), Some(other)) => number(one).is_some_and(|id| Some(id) == number(other)),
                _ => false,
            }
    }

    /// Whether it is the store's file, one that lies beside it, or a copy that a change of the
    /// format left.
    fn is_store(&self, store: &Path) -> bool {
        let store = followed(store);
        let sibling = |end: &str| {
            let mut name = store.clone().into_os_string();
            name.push(end);
            Self::of(Path::new(&name))
        };
        if self.is(&Self::of(&store)) || BESIDE_THE_STORE.iter().any(|end| self.is(&sibling(end))) {
            return true;
        }
        let copy = sibling(".format-").path;
        let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
        self.path.parent() == copy.parent()
            && name(&self.path).zip(name(&copy)).is_some_and(|(own, copy)| own.starts_with(&copy))
    }

    /// Whether a pattern of the roster would find it. The folders before the first wildcard are
    /// followed, so that `./`, `../` and links name the same files as for the daemon.
    fn matches(&self, pattern: &str, base_dir: &Path) -> bool {
        let is_wild =
            |part: &Component<'_>| part.as_os_str().to_string_lossy().contains(['*', '?', '[']);
        let parts: Vec<Component<'_>> = Path::new(pattern).components().collect();
        let literal = parts.iter().take_while(|part| !is_wild(part)).count();
        let literal = literal.min(parts.len().saturating_sub(1));
        let folder = followed(&base_dir.join(parts[..literal].iter().collect::<PathBuf>()));
        let rest = parts[literal..].iter().collect::<PathBuf>();
        let options = glob::MatchOptions {
            require_literal_leading_dot: true,
            require_literal_separator: true,
            ..glob::MatchOptions::new()
        };
        let Ok(pattern) = glob::Pattern::new(&rest.to_string_lossy()) else { return false };
        self.path
            .strip_prefix(folder)
            .is_ok_and(|within| pattern.matches_path_with(within, options))
    }

    /// Whether it is a picture, sound or film of this folder, or would be one.
    fn is_media_of(&self, folder: &Path) -> bool {
        let folder = followed(folder);
        (self.path.starts_with(&folder) && media::is_media(&self.path))
            // Another name of one of them; nearly every file has one name.
            || self.has_more_names() && self.is_in(&folder)
    }

    /// Whether one of the media of a folder is this file.
    fn is_in(&self, folder: &Path) -> bool {
        let Ok(entries) = fs::read_dir(folder) else { return false };
        entries.flatten().any(|entry| {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => self.is_in(&path),
                Ok(_) => media::is_media(&path) && self.is(&Self::of(&path)),
                Err(_) => false,
            }
        })
    }

    #[cfg(unix)]
    fn has_more_names(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        self.about.as_ref().is_some_and(|about| about.is_file() && about.nlink() > 1)
    }

    #[cfg(not(unix))]
    fn has_more_names(&self) -> bool {
        false
    }
}

/// A path without links, also where what it leads to is not there.
fn followed(path: &Path) -> PathBuf {
    let mut path = if path.as_os_str().is_empty() { Path::new(".") } else { path }.to_owned();
    for _ in 0..MOST_LINKS {
        if let Ok(whole) = path.canonicalize() {
            return whole;
        }
        let Ok(target) = fs::read_link(&path) else { break };
        path = folder_of(&path).join(target);
    }
    let folder = folder_of(&path).canonicalize();
    match (folder, path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => std::path::absolute(&path).unwrap_or(path),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The device and the number of a file.
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems give none")]
fn number(about: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((about.dev(), about.ino()))
}

/// Elsewhere paths have to do.
#[cfg(not(unix))]
fn number(_: &Metadata) -> Option<(u64, u64)> {
    None
}
